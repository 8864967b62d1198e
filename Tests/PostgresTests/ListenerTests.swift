import Testing

@testable import Postgres

extension ServerTests {
    @Suite("Notifications", .timeLimit(.minutes(1)))
    struct ListenerTests {
        @Test("Everything notified after connecting comes, in order, with payload and sender")
        func order() async throws {
            let sender = try await Server.connect()
            let channels = ["发件箱 \(sender.processID)", "tasks_\(sender.processID)"]
            let listener = try await PostgresListener.connect(Server.conninfo, channels: channels)
            for number in 0..<1000 {
                try await sender.execute("SELECT pg_notify(\(channels[number % 2]), \("第\(number)"))")
            }
            var number = 0
            for try await notification in listener {
                let expected = PostgresNotification(
                    channel: channels[number % 2], payload: "第\(number)", processID: sender.processID)
                #expect(notification == expected)
                number += 1
                if number == 1000 { break }
            }
            await listener.close()
        }

        @Test("A waiting listener is woken by a notification, and by nothing of a transaction that is rolled back")
        func waking() async throws {
            let sender = try await Server.connect()
            let channel = "waking_\(sender.processID)"
            let listener = try await PostgresListener.connect(Server.conninfo, channels: [channel])
            async let first = listener.first { _ in true }
            struct Stop: Error {}
            _ = try? await sender.transaction { transaction in
                try await transaction.execute("SELECT pg_notify(\(channel), 'undone')")
                throw Stop()
            }
            try await sender.execute("SELECT pg_notify(\(channel), 'done')")
            #expect(try await first?.payload == "done")
            await listener.close()
        }

        @Test("When the server goes away every waiter gets the error")
        func serverGoesAway() async throws {
            let observer = try await Server.connect()
            let listener = try await PostgresListener.connect(Server.conninfo, channels: ["gone_\(observer.processID)"])
            try await withThrowingTaskGroup(of: PostgresError.self) { group in
                for _ in 0..<3 {
                    group.addTask { try await postgresError { for try await _ in listener {} } }
                }
                await Task.yield()
                _ = try await observer.query("SELECT pg_terminate_backend(\(listener.processID))")
                for try await error in group { #expect(error.isConnectionLost) }
            }
            #expect(try await postgresError { for try await _ in listener {} }.isConnectionLost)
        }

        @Test("Closing ends the sequence, cancelling throws")
        func ends() async throws {
            let listener = try await PostgresListener.connect(Server.conninfo, channels: ["quiet"])
            let cancelled = Task { for try await _ in listener {} }
            await Task.yield()
            cancelled.cancel()
            await #expect(throws: CancellationError.self) { try await cancelled.value }
            let closed = Task { for try await _ in listener {} }
            await Task.yield()
            await listener.close()
            try await closed.value
            for try await _ in listener { Issue.record("a closed listener gave a notification") }
        }
    }
}
