import Foundation
import Testing

@testable import Postgres

extension ServerTests {
    @Suite("Pool", .timeLimit(.minutes(1)))
    struct PoolTests {
        private func pool(maximum: Int, acquireTimeout: Duration = .seconds(50), setup: String? = nil) throws
            -> PostgresPool
        {
            PostgresPool(conninfo: try Server.conninfo, maximum: maximum, acquireTimeout: acquireTimeout, setup: setup)
        }

        @Test("Fifty tasks share five connections")
        func sharing() async throws {
            let pool = try pool(maximum: 5)
            let processes = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<50 {
                    group.addTask {
                        try await pool.transaction { transaction in
                            let row = try await transaction.query(
                                "SELECT \(number) AS n, pg_backend_pid() AS pid, pg_sleep(0.002)")[0]
                            #expect(try row("n", as: Int.self) == number)
                            return try row("pid", as: Int.self)
                        }
                    }
                }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
            #expect(processes.count <= 5)
            // A connection may have come about when nobody needed it any more.
            #expect((processes.count...5).contains(pool.statistics.opened) && pool.statistics.lent == 0)
            await pool.close()
        }

        @Test("Those who wait are served in the order in which they came")
        func fifo() async throws {
            let pool = try pool(maximum: 1)
            actor Order {
                var numbers: [Int] = []
                func append(_ number: Int) { numbers.append(number) }
            }
            let order = Order()
            try await withThrowingTaskGroup(of: Void.self) { group in
                try await pool.withConnection { _ in
                    for number in 0..<10 {
                        group.addTask { try await pool.withConnection { _ in await order.append(number) } }
                        try await Server.waitUntil { pool.statistics.waiting == number + 1 }
                    }
                }
                try await group.waitForAll()
            }
            #expect(await order.numbers == Array(0..<10))
            await pool.close()
        }

        @Test("Who waits too long is told so, and isn't served later")
        func acquireTimeout() async throws {
            let pool = try pool(maximum: 1, acquireTimeout: .seconds(1))
            let error = try await pool.withConnection { _ in
                try await postgresError { try await pool.query("SELECT 1") }
            }
            #expect(error.code == .timeout && error.isRetriable)
            #expect(pool.statistics.waiting == 0 && pool.statistics.lent == 0)
            #expect(try await pool.query("SELECT 1").count == 1)
            await pool.close()
        }

        @Test("A task that is cancelled while it waits, before or after, loses no connection")
        func cancelledWaiters() async throws {
            let pool = try pool(maximum: 2)
            await withTaskGroup(of: Void.self) { group in
                for number in 0..<200 {
                    group.addTask {
                        let task = Task { try await pool.query("SELECT pg_sleep(0.001)") }
                        for _ in 0..<number % 10 { await Task.yield() }
                        task.cancel()
                        _ = try? await task.value
                    }
                }
            }
            #expect(pool.statistics.lent == 0 && pool.statistics.waiting == 0)
            #expect(try await pool.query("SELECT 1").count == 1)
            await pool.close()
        }

        @Test("It recovers from connections that were ended, on loan or idle, without anybody else noticing")
        func recovery() async throws {
            let pool = try pool(maximum: 3)
            let observer = try await Server.connect()
            let error = try await postgresError {
                try await pool.withConnection { connection in
                    async let sleeping = connection.query("SELECT pg_sleep(600)")
                    try await Server.waitUntilBusy(connection.processID, from: observer)
                    _ = try await observer.query("SELECT pg_terminate_backend(\(connection.processID))")
                    return try await sleeping
                }
            }
            #expect(error.isConnectionLost)
            #expect(pool.statistics.idle == 0)

            let process = try await pool.withConnection { $0.processID }
            _ = try await observer.query("SELECT pg_terminate_backend(\(process), 10000)")
            #expect(try await pool.query("SELECT 1").count == 1)
            #expect(pool.statistics.opened == 3)
            await pool.close()
        }

        @Test("A connection that comes back in a transaction or with a call under way isn't lent again")
        func uncleanConnections() async throws {
            let pool = try pool(maximum: 1)
            let first = try await pool.withConnection { connection in
                try await connection.execute("BEGIN")
                return connection.processID
            }
            let second = try await pool.withConnection { $0.processID }
            #expect(first != second)
            let observer = try await Server.connect()
            let straggler = try await pool.withConnection { connection in
                let task = Task { try await connection.query("SELECT pg_sleep(600)") }
                try await Server.waitUntilBusy(connection.processID, from: observer)
                return task
            }
            await #expect(throws: PostgresError.self) { try await straggler.value }
            #expect(try await pool.withConnection { $0.processID } != second)
            await pool.close()
        }

        @Test("Each connection gets its settings; what keeps them from being made is said")
        func setup() async throws {
            let pool = try pool(maximum: 2, setup: "SET statement_timeout = '50ms'; SET application_name = '摇号'")
            let error = try await postgresError { try await pool.query("SELECT pg_sleep(600)") }
            #expect(error.sqlState == "57014" && error.code == .server)
            #expect(try await pool.query("SHOW statement_timeout")[0].decode(0, as: String.self) == "50ms")
            await pool.close()

            let broken = try self.pool(maximum: 2, setup: "SET nonsense")
            #expect(try await postgresError { try await broken.query("SELECT 1") }.sqlState == "42601")
            await broken.close()

            let unreachable = PostgresPool(conninfo: "host=127.0.0.1 port=1 user=x")
            for _ in 0..<3 {
                #expect(try await postgresError { try await unreachable.query("SELECT 1") }.code == .connection)
            }
            #expect(unreachable.statistics.failures == 3)
            await unreachable.close()
        }

        @Test("Closing waits for loans, fails those who wait, and late calls throw")
        func closing() async throws {
            let pool = try pool(maximum: 1)
            try await withThrowingTaskGroup(of: Void.self) { group in
                try await pool.withConnection { connection in
                    group.addTask {
                        let error = try await postgresError { try await pool.query("SELECT 1") }
                        #expect(error.code == .closed)
                    }
                    try await Server.waitUntil { pool.statistics.waiting == 1 }
                    group.addTask { await pool.close() }
                    try await group.next()
                    #expect(try await connection.query("SELECT 1").count == 1)
                }
                try await group.waitForAll()
            }
            #expect(try await postgresError { try await pool.query("SELECT 1") }.code == .closed)
            #expect(try await postgresError { try await pool.transaction { _ in } }.code == .closed)
            await pool.close()
        }

        @Test("A server that is killed and started again is found again", .enabled(if: PrivateServer.isInstalled))
        func serverRestart() async throws {
            let server = try PrivateServer()
            defer { server.remove() }
            try server.start()
            let pool = PostgresPool(conninfo: server.conninfo, maximum: 4, acquireTimeout: .seconds(50))
            let listener = try await PostgresListener.connect(server.conninfo, channels: ["x"])
            try await pool.withConnection { try await $0.script("CREATE TABLE t (n int)") }
            let sleeping = Task { try await pool.query("SELECT pg_sleep(600)") }
            let waiting = Task { for try await _ in listener {} }
            let observer = try await PostgresConnection.connect(server.conninfo)
            try await Server.waitUntil {
                try await observer.query("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'").count == 1
            }
            try server.kill()
            #expect(try await postgresError { try await sleeping.value }.isConnectionLost)
            #expect(try await postgresError { try await waiting.value }.isConnectionLost)
            #expect(try await postgresError { try await observer.query("SELECT 1") }.isConnectionLost)
            #expect(try await postgresError { try await pool.query("SELECT 1") }.isConnectionLost)
            try server.start()
            #expect(try await pool.execute("INSERT INTO t VALUES (1)") == 1)
            await pool.close()
        }
    }
}
