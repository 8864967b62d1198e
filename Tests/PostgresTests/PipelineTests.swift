import Testing

@testable import Postgres

extension ServerTests {
    @Suite("Pipeline", .timeLimit(.minutes(1)))
    struct PipelineTests {
        @Test("Results come in the order of the statements, whatever they return")
        func order() async throws {
            let connection = try await Server.connect()
            try await connection.script("CREATE TEMP TABLE t (n int)")
            let inserts: [SQL] = (0..<500).map { "INSERT INTO t VALUES (\($0))" }
            let results = try await connection.pipeline(
                inserts + ["SELECT n FROM t ORDER BY n", "DELETE FROM t WHERE n < \(100)"])
            #expect(results.count == 502)
            #expect(results[0...499].allSatisfy { $0.affected == 1 && $0.rows.isEmpty && $0.tag == "INSERT 0 1" })
            #expect(try results[500].rows.map { try $0("n", as: Int.self) } == Array(0..<500))
            #expect(results[501].affected == 100)
            #expect(try await connection.pipeline([]).isEmpty)
        }

        @Test("The first failure is named, nothing takes effect, and the connection goes on")
        func failure() async throws {
            let connection = try await Server.connect()
            try await connection.script("CREATE TEMP TABLE t (n int CHECK (n < 50))")
            for _ in 0..<2 {
                let error = try await postgresError {
                    try await connection.pipeline((0..<100).map { "INSERT INTO t VALUES (\($0))" })
                }
                #expect(error.statement == 50 && error.sqlState == "23514")
            }
            // Some of these have never been prepared: the failure comes before they are.
            let error = try await postgresError {
                try await connection.pipeline(["SELECT 1 AS one", "SELECT nonsense", "SELECT 3 AS three"])
            }
            #expect(error.statement == 1 && error.sqlState == "42703")
            let rows = try await connection.pipeline(["SELECT count(*) FROM t", "SELECT 3 AS three"])
            #expect(try rows[0].rows[0].decode(0, as: Int.self) == 0)
            #expect(try rows[1].rows[0].decode(0, as: Int.self) == 3)
        }

        @Test("More different statements than the cache holds pass, again and again")
        func moreThanTheCache() async throws {
            let connection = try await PostgresConnection.connect(Server.conninfo, preparedStatements: 3)
            for _ in 0..<3 {
                let results = try await connection.pipeline((0..<10).map { SQL(raw: "SELECT \($0)") })
                #expect(try results.map { try $0.rows[0].decode(0, as: Int.self) } == Array(0..<10))
            }
            _ = try? await connection.pipeline((0..<10).map { SQL(raw: "SELECT \($0), \($0 == 4 ? "nonsense" : "0")") })
            let held = try await connection.query("SELECT count(*) FROM pg_prepared_statements")[0].decode(
                0, as: Int.self)
            #expect(held <= 4)
            // A failed transaction can't give names back: that waits until it is over.
            await #expect(throws: PostgresError.self) {
                try await connection.transaction { transaction in
                    _ = try? await transaction.pipeline(
                        (0..<9).map { SQL(raw: "SELECT \($0), \($0 == 8 ? "nonsense" : "1")") })
                    try await transaction.execute("SELECT 1")
                }
            }
            #expect(try await connection.query("SELECT 5")[0].decode(0, as: Int.self) == 5)
        }
    }
}
