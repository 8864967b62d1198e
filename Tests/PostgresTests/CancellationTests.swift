import Testing

@testable import Postgres

extension ServerTests {
    @Suite("Cancellation", .timeLimit(.minutes(1)))
    struct CancellationTests {
        @Test("Cancelling a task stops its query on the server, and the connection goes on")
        func cancelQuery() async throws {
            let connection = try await Server.connect()
            let observer = try await Server.connect()
            for _ in 0..<5 {
                let task = Task { try await connection.query("SELECT pg_sleep(600)") }
                try await Server.waitUntilBusy(connection.processID, from: observer)
                task.cancel()
                await #expect(throws: CancellationError.self) { try await task.value }
                let state = try await observer.query(
                    "SELECT state FROM pg_stat_activity WHERE pid = \(connection.processID)")
                #expect(try state[0]("state", as: String.self) == "idle")
                #expect(try await connection.query("SELECT 1").count == 1)
            }
        }

        @Test("A cancelled task in a transaction rolls it back")
        func cancelTransaction() async throws {
            let connection = try await Server.connect()
            let observer = try await Server.connect()
            try await connection.script("CREATE TEMP TABLE t (n int)")
            let task = Task {
                try await connection.transaction { transaction in
                    try await transaction.execute("INSERT INTO t VALUES (1)")
                    _ = try await transaction.query("SELECT pg_sleep(600)")
                }
            }
            try await Server.waitUntilBusy(connection.processID, from: observer)
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(try await connection.query("SELECT * FROM t").isEmpty)
            #expect(await connection.isOutsideTransaction)
        }

        @Test("A task that is cancelled while it waits for its turn leaves the queue; those behind it don't notice")
        func cancelWaiting() async throws {
            let connection = try await Server.connect()
            let observer = try await Server.connect()
            let first = Task { try await connection.query("SELECT pg_sleep(600)") }
            try await Server.waitUntilBusy(connection.processID, from: observer)
            let second = Task { try await connection.query("SELECT 2") }
            let third = Task { try await connection.query("SELECT 3")[0].decode(0, as: Int.self) }
            second.cancel()
            await #expect(throws: CancellationError.self) { try await second.value }
            await connection.cancel()
            let error = try await postgresError { try await first.value }
            #expect(error.sqlState == "57014")
            #expect(try await third.value == 3)
        }

        @Test("Tasks cancelled at any moment leave a connection that answers each call with its own rows")
        func cancelAtAnyMoment() async throws {
            let connection = try await Server.connect()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<300 {
                    let task = Task {
                        try await connection.transaction { transaction in
                            try await transaction.query("SELECT \(number) AS n, pg_sleep(0.001)")[0].decode(
                                "n", as: Int.self)
                        }
                    }
                    group.addTask {
                        for _ in 0..<(number % 7) * 20 { await Task.yield() }
                        if number % 3 != 0 { task.cancel() }
                        do {
                            let value = try await task.value
                            #expect(value == number)
                        } catch is CancellationError {
                            #expect(number % 3 != 0)
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await connection.query("SELECT 1").count == 1)
            #expect(await connection.isOutsideTransaction)
        }

        @Test("A task that was cancelled before sends nothing")
        func cancelledBefore() async throws {
            let connection = try await Server.connect()
            try await connection.script("CREATE TEMP TABLE t (n int)")
            let task = Task {
                try? await Task.sleep(for: .seconds(3600))
                try await connection.execute("INSERT INTO t VALUES (1)")
            }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(try await connection.query("SELECT * FROM t").isEmpty)
        }
    }
}
