import CRdKafka
import Kafka
import Testing

/// Scripts of a broker's errors that pass, made by their number: which requests fail, with what, in which order.
@Suite("Mock cluster of librdkafka: scripts of errors", .timeLimit(.minutes(3)))
struct MockScriptTests {
    /// What Apache Kafka's protocol calls retriable, for the requests that may be answered so.
    static let passing: [(request: MockCluster.Request, errors: [rd_kafka_resp_err_t])] = [
        (
            .produce,
            [
                RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
                RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
                RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
            ]
        ),
        (
            .fetch,
            [
                RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
                RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE,
            ]
        ),
        (
            .offsetCommit,
            [
                RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
                RD_KAFKA_RESP_ERR_NOT_COORDINATOR, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
            ]
        ),
        (.initProducerID, [RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, RD_KAFKA_RESP_ERR_NOT_COORDINATOR]),
    ]

    /// What keeps a member out of its group for a while, or throws it out.
    static let membership: [(request: MockCluster.Request, errors: [rd_kafka_resp_err_t])] = [
        (.findCoordinator, [RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE]),
        (
            .joinGroup,
            [
                RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, RD_KAFKA_RESP_ERR_NOT_COORDINATOR,
                RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID,
            ]
        ),
        (
            .heartbeat,
            [
                RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, RD_KAFKA_RESP_ERR_NOT_COORDINATOR,
                RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION,
            ]
        ),
    ]

    @Test(
        "Whatever passes: every record is written once and in its order, handled at least once and in its order, and progress is committed",
        arguments: 0..<50)
    func script(_ number: Int) async throws { try await run(number, Self.passing) }

    @Test("The same when the member is kept out of its group, or thrown out", arguments: 50..<58)
    func membership(_ number: Int) async throws { try await run(number, Self.membership) }

    private func run(
        _ number: Int, _ passing: [(request: MockCluster.Request, errors: [rd_kafka_resp_err_t])]
    ) async throws {
        var dice = Seeded(UInt64(number))
        let mock = try MockCluster(
            partitions: 3, properties: ["heartbeat.interval.ms": "100", "session.timeout.ms": "6000"])
        func fail() {
            for _ in 0..<Int.random(in: 1...3, using: &dice) {
                let (request, errors) = passing[Int.random(in: 0..<passing.count, using: &dice)]
                let count = Int.random(in: 1...3, using: &dice)
                mock.fail(request, (0..<count).map { _ in errors[Int.random(in: 0..<errors.count, using: &dice)] })
            }
        }
        fail()
        let seen = Collected<KafkaMessage>()
        let consumer = try KafkaConsumer(settings: mock.settings, options: mock.options(), logger: quiet)
        let run = Task { try await consumer.run { messages in for message in messages { seen.append(message) } } }
        let producer = try KafkaProducer(settings: mock.settings, logger: quiet)
        for batch in 0..<3 {
            fail()
            let records = (batch * 10..<batch * 10 + 10).map { mock.record("\($0)", key: "k\($0 % 7)") }
            for result in await producer.send(records) { _ = try result.get() }
        }
        await producer.close()
        while Set(seen.elements.compactMap(\.text)).count < 30 { try await Task.sleep(for: .milliseconds(20)) }
        // Errors that are left may meet the last commit; progress is committed while it runs.
        let admin = try KafkaAdmin(settings: mock.settings, logger: quiet)
        let ends = seen.elements.reduce(into: [TopicPartition: Int64]()) { ends, message in
            ends[message.topicPartition] = max(ends[message.topicPartition] ?? 0, message.offset + 1)
        }
        while try await admin.committedOffsets(group: "group", topics: [mock.topic]) != ends {
            try await Task.sleep(for: .milliseconds(50))
        }
        await admin.close()
        await consumer.close()
        try await run.value

        let written = try await mock.readAll()
        #expect(written.count == 30)
        for key in 0..<7 {
            let values = written.filter { $0.keyText == "k\(key)" }.compactMap { $0.text.flatMap { Int($0) } }
            #expect(values == Array(stride(from: key, to: 30, by: 7)))
        }
        // What comes again after a rebalance comes in order too: a partition never goes on behind a gap.
        var reached: [Int32: Int64] = [:]
        for message in seen.elements {
            #expect(message.offset <= reached[message.partition] ?? 0)
            reached[message.partition] = max(reached[message.partition] ?? 0, message.offset + 1)
        }
    }
}
