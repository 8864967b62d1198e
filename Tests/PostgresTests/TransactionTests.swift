import Testing

@testable import Postgres

private struct Stop: Error {}

extension ServerTests {
    @Suite("Transaction", .timeLimit(.minutes(1)))
    struct TransactionTests {
        private func connection() async throws -> PostgresConnection {
            let connection = try await Server.connect()
            try await connection.script("CREATE TEMP TABLE t (n int PRIMARY KEY)")
            return connection
        }

        private func numbers(_ database: some PostgresQueryable) async throws -> [Int] {
            try await database.query("SELECT n FROM t ORDER BY n").map { try $0("n") }
        }

        @Test("What it did stands when its body returns, and is undone when it throws")
        func commitAndRollback() async throws {
            let connection = try await connection()
            let sum = try await connection.transaction { transaction in
                try await transaction.execute("INSERT INTO t VALUES (1), (2)")
                return try await transaction.query("SELECT sum(n) FROM t")[0].decode(0, as: Int.self)
            }
            #expect(sum == 3)
            await #expect(throws: Stop.self) {
                try await connection.transaction { transaction in
                    try await transaction.execute("DELETE FROM t")
                    throw Stop()
                }
            }
            let error = try await postgresError {
                try await connection.transaction { transaction in
                    try await transaction.execute("INSERT INTO t VALUES (3)")
                    try await transaction.execute("INSERT INTO t VALUES (1)")
                }
            }
            #expect(error.sqlState == "23505")
            #expect(try await numbers(connection) == [1, 2])
        }

        @Test("A failure that the body swallowed isn't taken for a commit")
        func swallowedFailure() async throws {
            let connection = try await connection()
            let error = try await postgresError {
                try await connection.transaction { transaction in
                    try await transaction.execute("INSERT INTO t VALUES (1)")
                    _ = try? await transaction.execute("INSERT INTO t VALUES (1)")
                }
            }
            #expect(error.code == .rolledBack)
            #expect(try await numbers(connection).isEmpty)
        }

        @Test("A savepoint undoes only its own part, at any depth")
        func savepoints() async throws {
            let connection = try await connection()
            try await connection.transaction { transaction in
                try await transaction.execute("INSERT INTO t VALUES (1)")
                await #expect(throws: PostgresError.self) {
                    try await transaction.savepoint { inner in
                        try await inner.execute("INSERT INTO t VALUES (2)")
                        try await inner.execute("INSERT INTO t VALUES (1)")
                    }
                }
                try await transaction.savepoint { inner in
                    try await inner.execute("INSERT INTO t VALUES (3)")
                    await #expect(throws: Stop.self) {
                        try await inner.savepoint { innermost in
                            try await innermost.execute("INSERT INTO t VALUES (4)")
                            throw Stop()
                        }
                    }
                }
                try await transaction.execute("INSERT INTO t VALUES (5)")
            }
            #expect(try await numbers(connection) == [1, 3, 5])
        }

        @Test("It has the isolation asked for, and a serialization failure may be done again")
        func isolation() async throws {
            let connection = try await Server.connect()
            let other = try await Server.connect()
            for level in [PostgresIsolation.readCommitted, .repeatableRead, .serializable] {
                let shown = try await connection.transaction(isolation: level, readOnly: true) {
                    try await $0.query("SHOW transaction_isolation")[0].decode(0, as: String.self)
                }
                #expect(shown.uppercased() == level.rawValue)
            }
            let readOnly = try await postgresError {
                try await connection.transaction(readOnly: true) { try await $0.execute("CREATE TABLE x ()") }
            }
            #expect(readOnly.sqlState == "25006")

            let table = "isolation_\(connection.processID)"
            try await connection.script("CREATE TABLE \(table) (n int); INSERT INTO \(table) VALUES (0)")
            let error = try await postgresError {
                try await connection.transaction(isolation: .repeatableRead) { transaction in
                    _ = try await transaction.query("SELECT n FROM \(raw: table)")
                    try await other.execute("UPDATE \(raw: table) SET n = 1")
                    try await transaction.execute("UPDATE \(raw: table) SET n = 2")
                }
            }
            #expect(error.sqlState == "40001" && error.isRetriable)
            try await connection.script("DROP TABLE \(table)")
        }

        @Test("Other tasks' calls wait until it is over; they never get into it")
        func othersWait() async throws {
            let connection = try await connection()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<20 {
                    group.addTask {
                        _ = try? await connection.transaction { transaction in
                            try await transaction.execute("INSERT INTO t VALUES (\(number))")
                            await Task.yield()
                            #expect(try await transaction.query("SELECT pg_current_xact_id()").count == 1)
                            if number.isMultiple(of: 2) { throw Stop() }
                        }
                    }
                    group.addTask {
                        let rolledBack = try await connection.query("SELECT n FROM t WHERE n % 2 = 0")
                        #expect(rolledBack.isEmpty)
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await numbers(connection) == Array(stride(from: 1, to: 20, by: 2)))
        }

        @Test("Waiting for one's own transaction is an error, not a dead end")
        func waitingForOneself() async throws {
            let connection = try await connection()
            let query = try await postgresError {
                try await connection.transaction { _ in try await connection.query("SELECT 1") }
            }
            let nested = try await postgresError {
                try await connection.transaction { _ in try await connection.transaction { _ in } }
            }
            let copy = try await postgresError {
                try await connection.transaction { _ in try await connection.copyOut("COPY t TO STDOUT") { _ in } }
            }
            #expect([query, nested, copy].allSatisfy { $0.code == .misuse })
            #expect(try await numbers(connection).isEmpty)
        }

        @Test("A transaction that is over can't be used")
        func over() async throws {
            let connection = try await connection()
            let kept = try await connection.transaction { $0 }
            #expect(try await postgresError { try await kept.execute("INSERT INTO t VALUES (1)") }.code == .closed)
            #expect(try await postgresError { try await kept.savepoint { _ in } }.code == .closed)
            let other = try await connection.transaction { _ in
                try await postgresError { try await kept.execute("INSERT INTO t VALUES (1)") }
            }
            #expect(other.code == .closed)
            #expect(try await numbers(connection).isEmpty)
        }

        @Test("When the server goes away during COMMIT, nobody says whether it took effect")
        func commitUnknown() async throws {
            let connection = try await connection()
            let observer = try await Server.connect()
            let channel = "SELECT pg_advisory_xact_lock(\(connection.processID), 1)"
            // A deferred trigger runs within COMMIT, and waits there for a lock that the observer holds.
            try await connection.script(
                """
                CREATE FUNCTION pg_temp.wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM \
                \(channel.dropFirst(7)); RETURN NULL; END $$;
                CREATE CONSTRAINT TRIGGER wait AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION pg_temp.wait();
                """)
            let error = try await observer.transaction { holder in
                _ = try await holder.query(SQL(raw: channel))
                async let committing = postgresError {
                    try await connection.transaction { try await $0.execute("INSERT INTO t VALUES (1)") }
                }
                let third = try await Server.connect()
                try await Server.waitUntilBusy(connection.processID, from: third)
                _ = try await third.query("SELECT pg_terminate_backend(\(connection.processID))")
                return try await committing
            }
            #expect(error.code == .commitUnknown)
            #expect(error.isConnectionLost && !error.isRetriable)
        }

        @Test("A transaction that an actor runs stays on the actor")
        func isolatedCaller() async throws {
            actor Counter {
                var count = 0
                func run(_ connection: PostgresConnection) async throws -> Int {
                    try await connection.transaction { transaction in
                        for row in try await transaction.query("SELECT generate_series(1, 3) AS n") {
                            count += try row("n", as: Int.self)
                        }
                    }
                    return count
                }
            }
            #expect(try await Counter().run(connection()) == 6)
        }
    }
}
