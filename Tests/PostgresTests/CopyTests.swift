import Testing

@testable import Postgres

private struct Stop: Error {}

extension ServerTests {
    @Suite("COPY", .timeLimit(.minutes(1)))
    struct CopyTests {
        private func connection() async throws -> PostgresConnection {
            let connection = try await Server.connect()
            try await connection.script("CREATE TEMP TABLE t (n int PRIMARY KEY, name text, mark bytea)")
            return connection
        }

        @Test("A hundred thousand rows go in and come out as they were")
        func manyRows() async throws {
            let connection = try await connection()
            let sent = try await connection.copyIn("COPY t FROM STDIN") { writer in
                for number in 0..<100_000 {
                    let name = number.isMultiple(of: 10) ? nil : "第\(number)户\t\\N\n"
                    try await writer.write(row: [number, name, [UInt8(truncatingIfNeeded: number), 0]])
                }
            }
            #expect(sent == 100_000)
            #expect(
                try await connection.query("SELECT count(*) FROM t WHERE name IS NULL")[0].decode(0, as: Int.self)
                    == 10_000
            )
            #expect(
                try await connection.query("SELECT mark FROM t WHERE n = 513")[0].decode(0, as: [UInt8].self) == [1, 0])
            var next = 0
            let received = try await connection.copyOut("COPY (SELECT n, name FROM t ORDER BY n) TO STDOUT") { chunk in
                for row in try CopyText.rows(chunk) {
                    let name = next.isMultiple(of: 10) ? nil : "第\(next)户\t\\N\n"
                    guard row == [String(next), name] else { throw Stop() }
                    next += 1
                }
            }
            #expect(received == 100_000 && next == 100_000)
        }

        @Test("A bad row in the middle leaves no row behind, and the connection goes on")
        func badRow() async throws {
            let connection = try await connection()
            let error = try await postgresError {
                try await connection.copyIn("COPY t (n) FROM STDIN") { writer in
                    for number in 0..<100_000 {
                        try await writer.write(Array((number == 50_000 ? "secret\n" : "\(number)\n").utf8))
                    }
                }
            }
            #expect(error.sqlState == "22P02" && !error.message.contains("secret"))
            #expect(try await connection.query("SELECT * FROM t").isEmpty)
        }

        @Test("A producer that fails takes its rows back; one that is cancelled too")
        func producerFails() async throws {
            let connection = try await connection()
            await #expect(throws: Stop.self) {
                try await connection.copyIn("COPY t (n) FROM STDIN") { writer in
                    for number in 0..<50_000 { try await writer.write(row: [number]) }
                    throw Stop()
                }
            }
            let task = Task {
                try await connection.copyIn("COPY t (n) FROM STDIN") { writer in
                    for number in 0... { try await writer.write(row: [number]) }
                }
            }
            await Task.yield()
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(try await connection.query("SELECT * FROM t").isEmpty)
        }

        @Test("A consumer that fails stops the server, and the connection goes on")
        func consumerFails() async throws {
            let connection = try await connection()
            for _ in 0..<3 {
                await #expect(throws: Stop.self) {
                    try await connection.copyOut("COPY (SELECT generate_series(1, 100000000000)) TO STDOUT") { _ in
                        throw Stop()
                    }
                }
                #expect(try await connection.query("SELECT 1").count == 1)
            }
        }

        @Test("The server's error in the middle of its rows is passed on")
        func errorWhileReceiving() async throws {
            let connection = try await connection()
            var bytes = 0
            let error = try await postgresError {
                try await connection.copyOut(
                    "COPY (SELECT 1 / (200000 - n) FROM generate_series(1, 300000) n) TO STDOUT"
                ) {
                    bytes += $0.count
                }
            }
            #expect(error.sqlState == "22012" && bytes > 100_000)
            #expect(try await connection.query("SELECT 1").count == 1)
        }

        @Test("It is part of a transaction when called on one")
        func inTransaction() async throws {
            let connection = try await connection()
            await #expect(throws: Stop.self) {
                try await connection.transaction { transaction in
                    #expect(try await transaction.copyIn("COPY t (n) FROM STDIN") { try await $0.write(row: [1]) } == 1)
                    var text = ""
                    try await transaction.copyOut("COPY t TO STDOUT") { text += String(decoding: $0, as: UTF8.self) }
                    #expect(text == "1\t\\N\t\\N\n")
                    throw Stop()
                }
            }
            #expect(try await connection.query("SELECT * FROM t").isEmpty)
        }

        @Test("Calling the connection from within its own COPY is an error, not a dead end")
        func callsWithin() async throws {
            let connection = try await connection()
            let session = try await postgresError {
                try await connection.copyIn("COPY t FROM STDIN") { _ in try await connection.execute("SELECT 1") }
            }
            let transaction = try await postgresError {
                try await connection.transaction { transaction in
                    try await transaction.copyOut("COPY (SELECT 1) TO STDOUT") { _ in
                        try await transaction.execute("SELECT 1")
                    }
                }
            }
            #expect(session.code == .misuse && transaction.code == .misuse)
            #expect(try await connection.query("SELECT 1").count == 1)
        }

        @Test("What isn't a COPY in that direction is refused")
        func misuse() async throws {
            let connection = try await connection()
            let select = try await postgresError { try await connection.copyIn("SELECT 1") { _ in } }
            #expect(select.code == .misuse)
            let unknown = try await postgresError { try await connection.copyOut("COPY nowhere TO STDOUT") { _ in } }
            #expect(unknown.sqlState == "42P01")
            #expect(try await connection.copyIn("COPY t FROM STDIN") { _ in } == 0)
            let wrong = try await postgresError { try await connection.copyIn("COPY t TO STDOUT") { _ in } }
            #expect(wrong.code == .protocol)
            #expect(try await postgresError { try await connection.query("SELECT 1") }.code == .protocol)
        }
    }
}
