import Cluster
import JSON
import Postgres
import Testing

@Suite("Tasks on PostgreSQL")
struct TaskTests {
    static func add(_ stack: TestStack, _ tasks: [NewTask]) async throws {
        try await stack.pool.transaction { transaction in
            try await Outbox(topics: stack.topics).store(Effects(tasks: tasks), in: transaction)
        }
    }

    @Test("A task is one worker's until its lease runs out, and a paused worker that comes back changes zero rows")
    func fencing() async throws {
        try await TestStack.with(partitions: nil) { stack in
            try await stack.pool.execute("CREATE TABLE effects (who text)")
            let store = TaskStore(pool: stack.pool, topics: stack.topics, leaseMilliseconds: 300)
            try await Self.add(stack, [NewTask(kind: "k", subject: "s")])
            let first = try #require(try await store.take(owner: "a", kinds: ["k"]))
            #expect(try await store.take(owner: "b", kinds: ["k"]) == nil)
            try await store.renew(first)
            try await eventually("the lease runs out") {
                try await stack.count("SELECT count(*) FROM cluster.tasks WHERE lease_until <= clock_timestamp()") == 1
            }
            let second = try #require(try await store.take(owner: "b", kinds: ["k"]))
            #expect(second.token > first.token)
            await #expect(throws: Fenced.self) { try await store.renew(first) }
            await #expect(throws: Fenced.self) {
                try await store.finish(first) { transaction in
                    try await transaction.execute("INSERT INTO effects VALUES ('a')")
                    return Effects()
                }
            }
            try await store.finish(second) { transaction in
                try await transaction.execute("INSERT INTO effects VALUES ('b')")
                return Effects(details: ["done": true])
            }
            #expect(try await stack.count("SELECT count(*) FROM effects WHERE who = 'b'") == 1)
            #expect(try await stack.count("SELECT count(*) FROM effects") == 1)
            #expect(try await store.take(owner: "a", kinds: ["k"]) == nil)
        }
    }

    @Test("The same task stored twice is one; tasks wait for their instant; many takers never share one")
    func taking() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let store = TaskStore(pool: stack.pool, topics: stack.topics)
            let tasks = (0..<30).map { NewTask(kind: "k", subject: "s", ordinal: $0) }
            try await Self.add(stack, tasks + [NewTask(kind: "k", subject: "later", runAt: "2999-01-01T00:00:00Z")])
            try await Self.add(stack, tasks)
            let taken = try await withThrowingTaskGroup(of: [Int64].self) { group in
                for owner in 0..<6 {
                    group.addTask {
                        var ids: [Int64] = []
                        while let task = try await store.take(owner: "w\(owner)", kinds: ["k"]) { ids.append(task.id) }
                        return ids
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(taken.count == 30)
            #expect(Set(taken).count == 30)
        }
    }

    @Test("A task that keeps failing is set aside; a fault that passes does not count")
    func failing() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let store = TaskStore(pool: stack.pool, topics: stack.topics, maximumAttempts: 2)
            try await Self.add(stack, [NewTask(kind: "k", subject: "s")])
            for (passing, state) in [(false, "ready"), (true, "ready"), (false, "failed")] {
                try await stack.pool.execute("UPDATE cluster.tasks SET run_at = clock_timestamp()")
                let task = try #require(try await store.take(owner: "a", kinds: ["k"]))
                try await store.giveBack(task, failure: "broken", countsAsTry: !passing)
                #expect(try await stack.count("SELECT count(*) FROM cluster.tasks WHERE state = \(state)") == 1)
            }
            #expect(try await store.take(owner: "a", kinds: ["k"]) == nil)
        }
    }
}
