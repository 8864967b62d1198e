import Cluster
import Foundation
import JSON
import Kafka
import Postgres
import Synchronization
import Testing

@Suite("Intake of submissions, over the broker")
struct IntakeTests {
    struct Broken: Error {}

    @Test("What cannot be decoded or believed becomes a dead letter, whole, and the worker goes on")
    func deadLetters() async throws {
        try await TestStack.with(partitions: 1) { stack in
            let inbox = try await InboxTests.inbox(stack)
            let key = try await stack.key("SCJG", [.request])
            let good = try InboxTests.message(key)
            let bad: [KafkaRecord] = [
                KafkaRecord(topic: stack.topics.drawRequests, key: [0x6B], value: [0xFF, 0x00, 0x7B]),
                KafkaRecord(
                    topic: stack.topics.drawRequests, key: nil, value: good.value + [0x20], headers: good.headers),
                KafkaRecord(topic: stack.topics.drawRequests, key: [0x6B], value: nil, headers: good.headers),
            ]
            let producer = try KafkaProducer(settings: stack.kafka, logger: stack.logger)
            let records =
                bad + [
                    KafkaRecord(topic: stack.topics.drawRequests, key: [0x6B], value: good.value, headers: good.headers)
                ]
            for result in await producer.send(records) { _ = try result.get() }
            await producer.close()
            let letters = DeadLetters(pool: stack.pool, topics: stack.topics)
            let intake = try Intake.submissions(
                of: inbox, settings: stack.kafka, group: stack.topics.prefix + "g", instance: "one",
                topics: [stack.topics.drawRequests], deadLetters: letters, logger: stack.logger)
            try await stack.running([intake]) {
                try await eventually("the good one after the bad ones is taken") {
                    try await stack.count("SELECT count(*) FROM effects") == 1
                }
            }
            let kept = try await letters.letters()
            #expect(kept.map(\.code) == ["envelope", "signature", "signature"])
            #expect(kept.map(\.message.value) == bad.map(\.value))
            #expect(kept.map(\.message.key) == bad.map(\.key))
            #expect(kept.map(\.message.offset) == [0, 1, 2])
            #expect(kept[1].message.headers.map(\.name) == good.headers.map(\.name))
            #expect(
                try await stack.count(
                    """
                    SELECT count(*) FROM cluster.outbox WHERE topic = \(stack.topics.deadLetters)
                        AND headers ? 'kafka_dlt-original-topic' AND headers ? 'kafka_dlt-exception-message'
                    """) == 3)
        }
    }

    @Test("A message that keeps failing is set aside after some tries; those after it are taken, in order")
    func poison() async throws {
        try await TestStack.with(partitions: 1) { stack in
            let producer = try KafkaProducer(settings: stack.kafka, logger: stack.logger)
            let records = (0..<6).map {
                KafkaRecord(topic: stack.topics.drawRequests, key: [0x6B], value: [UInt8($0)])
            }
            for result in await producer.send(records) { _ = try result.get() }
            await producer.close()
            let done = Mutex<[UInt8]>([])
            let letters = DeadLetters(pool: stack.pool, topics: stack.topics)
            let intake = try Intake(
                settings: stack.kafka, group: stack.topics.prefix + "g", instance: "one",
                topics: [stack.topics.drawRequests], deadLetters: letters, logger: stack.logger
            ) { messages in
                for message in messages {
                    if message.value == [2] { throw Broken() }
                    done.withLock { $0 += message.value ?? [] }
                }
            }
            try await stack.running([intake]) {
                try await eventually("all but the poison are done", seconds: 60) {
                    done.withLock { Set($0) == [0, 1, 3, 4, 5] }
                }
            }
            let kept = try await letters.letters()
            #expect(kept.map(\.code) == ["failures"])
            #expect(kept.first?.message.value == [2])
            let order = done.withLock { $0 }
            #expect(Array(order.suffix(3)) == [3, 4, 5])
        }
    }
}
