import Cluster
import JSON
import Kafka
import Postgres
import Testing

@Suite("Relay of the outbox, over the broker")
struct RelayTests {
    static func store(_ stack: TestStack, _ range: Range<Int>, key: String) async throws {
        for number in range {
            try await stack.pool.transaction { transaction in
                try await Outbox(topics: stack.topics).store(
                    Effects(messages: [
                        Outgoing(
                            topic: stack.topics.events, key: key, type: "test", subject: "\(number)",
                            data: ["number": .integer(number)])
                    ]), in: transaction)
            }
        }
    }

    static func relay(_ stack: TestStack, owner: String) -> OutboxRelay {
        OutboxRelay(
            pool: stack.pool, conninfo: stack.conninfo, kafka: stack.kafka, topics: stack.topics, owner: owner,
            leaseMilliseconds: 2_000, logger: stack.logger)
    }

    static func sent(_ stack: TestStack) async throws -> Bool {
        try await stack.count("SELECT count(*) FROM cluster.outbox WHERE sent_at IS NULL") == 0
    }

    /// The numbers of the messages on the topic of events, key by key, in the order of the log.
    static func numbers(_ stack: TestStack) async throws -> [String: [Int]] {
        let reader = try await KafkaReader.open(settings: stack.kafka, topic: stack.topics.events, logger: stack.logger)
        let messages = try await reader.readToEnd()
        await reader.close()
        var numbers: [String: [Int]] = [:]
        for message in messages {
            let value = try JSONValue(parsing: message.value ?? [])
            numbers[String(decoding: message.key ?? [], as: UTF8.self), default: []].append(
                value["number"]?.number ?? -1)
        }
        return numbers
    }

    @Test("Everything is sent once and in the order of its key, by whichever of two relays has the lease")
    func order() async throws {
        try await TestStack.with { stack in
            try await Self.store(stack, 0..<40, key: "a")
            try await stack.running([Self.relay(stack, owner: "one"), Self.relay(stack, owner: "two")]) {
                try await Self.store(stack, 0..<40, key: "b")
                try await Self.store(stack, 40..<60, key: "a")
                try await eventually("all is sent") { try await Self.sent(stack) }
            }
            #expect(try await Self.numbers(stack) == ["a": Array(0..<60), "b": Array(0..<40)])
            // Each carries its place in its key's sequence, by which consumers drop repeats.
            #expect(
                try await stack.count(
                    "SELECT count(*) FROM cluster.outbox WHERE (headers ->> 'ce_sequence')::bigint = sequence") == 100)
        }
    }

    @Test("What the broker acknowledged and then lost is sent again, with the same bytes")
    func lost() async throws {
        try await TestStack.with(partitions: 1) { stack in
            try await Self.store(stack, 0..<10, key: "a")
            try await stack.running([Self.relay(stack, owner: "one")]) {
                try await eventually("all is sent") { try await Self.sent(stack) }
            }
            // As after a broker's crash: the log ends before what was delivered.
            let admin = try KafkaAdmin(settings: stack.kafka, logger: stack.logger)
            try await admin.deleteTopics([stack.topics.events])
            try await admin.createTopics([TopicSpec(name: stack.topics.events, partitions: 1)])
            await admin.close()
            try await stack.running([Self.relay(stack, owner: "one")]) {
                try await eventually("the lost ones are on the topic again") {
                    try await Set(Self.numbers(stack)["a"] ?? []) == Set(0..<10)
                }
                try await Self.store(stack, 10..<12, key: "a")
                try await eventually("all is sent") { try await Self.sent(stack) }
            }
            let numbers = try await Self.numbers(stack)["a"] ?? []
            #expect(Set(numbers) == Set(0..<12))
        }
    }

    @Test(
        "When a new message shows that older ones were lost, the newest of the key is the last on the topic all the same"
    )
    func lostBeforeNew() async throws {
        try await TestStack.with(partitions: 1) { stack in
            try await Self.store(stack, 0..<10, key: "a")
            try await stack.running([Self.relay(stack, owner: "one")]) {
                try await eventually("all is sent") { try await Self.sent(stack) }
            }
            let admin = try KafkaAdmin(settings: stack.kafka, logger: stack.logger)
            try await admin.deleteTopics([stack.topics.events])
            try await admin.createTopics([TopicSpec(name: stack.topics.events, partitions: 1)])
            await admin.close()
            // It is sent before anything else, and is given an offset that had been given out.
            try await Self.store(stack, 10..<11, key: "a")
            try await stack.running([Self.relay(stack, owner: "one")]) {
                try await eventually("the lost ones are on the topic again, and all is sent") {
                    guard try await Self.sent(stack) else { return false }
                    return try await Set(Self.numbers(stack)["a"] ?? []) == Set(0..<11)
                }
            }
            let numbers = try await Self.numbers(stack)["a"] ?? []
            #expect(numbers.last == 10, "\(numbers)")
        }
    }

    @Test(
        "An older message that a paused process puts behind newer ones is followed by the newest once more",
        arguments: [true, false])
    func misplaced(atWork: Bool) async throws {
        try await TestStack.with(partitions: 1) { stack in
            func misplace() async throws {
                let reader = try await KafkaReader.open(
                    settings: stack.kafka, topic: stack.topics.events, logger: stack.logger)
                let older = try await reader.readToEnd()[3]
                await reader.close()
                let producer = try KafkaProducer(settings: stack.kafka, logger: stack.logger)
                try await producer.send(
                    KafkaRecord(
                        topic: older.topic, key: older.key, value: older.value,
                        headers: older.headers.map { ($0.name, $0.value) }))
                await producer.close()
            }
            try await Self.store(stack, 0..<10, key: "a")
            try await stack.running([Self.relay(stack, owner: "one")]) {
                try await eventually("all is sent") { try await Self.sent(stack) }
                if atWork { try await misplace() }
                if atWork {
                    try await eventually("the newest is the last") { try await Self.numbers(stack)["a"]?.last == 9 }
                }
            }
            if !atWork {
                try await misplace()
                try await stack.running([Self.relay(stack, owner: "one")]) {
                    try await eventually("the newest is the last") { try await Self.numbers(stack)["a"]?.last == 9 }
                }
            }
            #expect(try await Self.numbers(stack)["a"] == Array(0..<10) + [3, 9])
        }
    }
}
