import CRdKafka
import Foundation
import Kafka
import Logging
import Synchronization
import Testing

/// librdkafka's own mock of a cluster, which can be told to fail: not a broker.
final class MockCluster: Sendable {
    /// Numbers of the protocol's requests.
    enum Request: Int16 {
        case produce = 0
        case fetch = 1
        case offsetCommit = 8
        case findCoordinator = 10
        case joinGroup = 11
        case heartbeat = 12
        case syncGroup = 14
        case initProducerID = 22
    }

    /// `@unchecked` because librdkafka documents the mock's calls as usable from any thread.
    private struct Shared: @unchecked Sendable {
        let pointer: OpaquePointer
    }

    private let owner: Shared
    private let cluster: Shared
    let settings: KafkaSettings
    let topic = "topic"

    init(partitions: Int32 = 1, properties: [String: String] = [:]) throws {
        let owner = try #require(rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), nil, 0))
        let cluster = try #require(rd_kafka_mock_cluster_new(owner, 1))
        self.owner = Shared(pointer: owner)
        self.cluster = Shared(pointer: cluster)
        settings = KafkaSettings(
            bootstrapServers: String(cString: rd_kafka_mock_cluster_bootstraps(cluster)),
            properties: properties.merging(["reconnect.backoff.max.ms": "100", "retry.backoff.ms": "20"]) { a, _ in a })
        try #require(rd_kafka_mock_topic_create(cluster, topic, partitions, 1) == RD_KAFKA_RESP_ERR_NO_ERROR)
    }

    deinit {
        rd_kafka_mock_cluster_destroy(cluster.pointer)
        rd_kafka_destroy(owner.pointer)
    }

    /// The next requests of that kind fail with these, one each.
    func fail(_ request: Request, _ errors: [rd_kafka_resp_err_t]) {
        rd_kafka_mock_push_request_errors_array(cluster.pointer, request.rawValue, errors.count, errors)
    }

    func setDown(_ isDown: Bool) {
        if isDown {
            rd_kafka_mock_broker_set_down(cluster.pointer, 1)
        } else {
            rd_kafka_mock_broker_set_up(cluster.pointer, 1)
        }
    }

    func record(_ value: String, key: String = "k", partition: Int32? = nil) -> KafkaRecord {
        KafkaRecord(topic: topic, partition: partition, key: Array(key.utf8), value: Array(value.utf8))
    }

    func send(_ range: Range<Int>, partition: Int32? = nil) async throws {
        let producer = try KafkaProducer(settings: settings, logger: quiet)
        let results = await producer.send(range.map { record("\($0)", partition: partition) })
        for result in results { _ = try result.get() }
        await producer.close()
    }

    func options(instance: String? = nil) -> KafkaConsumer.Options {
        var options = KafkaConsumer.Options(group: "group", instanceID: instance, topics: [topic])
        options.commitInterval = .milliseconds(50)
        return options
    }

    func readAll() async throws -> [KafkaMessage] {
        let reader = try await KafkaReader.open(settings: settings, topic: topic, logger: quiet)
        let messages = try await reader.readToEnd()
        await reader.close()
        return messages
    }
}

@Suite("Mock cluster of librdkafka: producer", .timeLimit(.minutes(1)))
struct MockProducerTests {
    @Test("Errors that pass are tried again until the record is written, once")
    func retriable() async throws {
        let mock = try MockCluster()
        mock.fail(
            .produce,
            [
                RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
                RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
            ])
        let producer = try KafkaProducer(settings: mock.settings, logger: quiet)
        #expect(try await producer.send(mock.record("a")).offset == 0)
        await producer.close()
        #expect(try await mock.readAll().map(\.text) == ["a"])
    }

    @Test("An error that doesn't pass reaches the sender of that record; the next record goes through")
    func permanent() async throws {
        let mock = try MockCluster()
        mock.fail(.produce, [RD_KAFKA_RESP_ERR_INVALID_RECORD])
        let producer = try KafkaProducer(settings: mock.settings, logger: quiet)
        let error = await #expect(throws: KafkaError.self) { try await producer.send(mock.record("a")) }
        #expect(error?.name == "INVALID_RECORD")
        #expect(error?.isRetriable == false)
        #expect(error?.isFatal == false)
        try await producer.send(mock.record("b"))
        await producer.close()
        #expect(try await mock.readAll().map(\.text) == ["b"])
    }

    @Test("After a fatal error every call throws its first cause, and closing doesn't hang")
    func fatal() async throws {
        let mock = try MockCluster()
        mock.fail(.initProducerID, [RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED])
        let producer = try KafkaProducer(settings: mock.settings, logger: quiet)
        for _ in 0..<2 {
            let error = await #expect(throws: KafkaError.self) { try await producer.send(mock.record("a")) }
            #expect(error?.name == "CLUSTER_AUTHORIZATION_FAILED")
            #expect(error?.isFatal == true)
        }
        await producer.close()
    }

    @Test("Records sent while the broker is down are delivered in order when it is back")
    func down() async throws {
        let mock = try MockCluster()
        let producer = try KafkaProducer(settings: mock.settings, logger: quiet)
        try await producer.send(mock.record("0"))
        mock.setDown(true)
        async let results = producer.send((1..<50).map { mock.record("\($0)") })
        try await Task.sleep(for: .milliseconds(200))
        mock.setDown(false)
        for result in await results { _ = try result.get() }
        await producer.close()
        #expect(try await mock.readAll().compactMap(\.text) == (0..<50).map { "\($0)" })
    }
}

@Suite("Mock cluster of librdkafka: consumer group", .timeLimit(.minutes(1)))
struct MockConsumerTests {
    @Test("When fetching and committing fail for a while, every message is handled and progress is committed")
    func passing() async throws {
        let mock = try MockCluster()
        try await mock.send(0..<20)
        mock.fail(
            .fetch,
            [RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE])
        mock.fail(
            .offsetCommit, [RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT])
        let seen = Collected<KafkaMessage>()
        let consumer = try KafkaConsumer(settings: mock.settings, options: mock.options(), logger: quiet)
        let run = Task { try await consumer.run { seen.append($0[0]) } }
        await seen.atLeast(20)
        await consumer.close()
        try await run.value
        #expect(seen.elements.map(\.offset) == Array(0..<20))
        let admin = try KafkaAdmin(settings: mock.settings, logger: quiet)
        let offsets = try await admin.committedOffsets(group: "group", topics: [mock.topic])
        #expect(offsets == [TopicPartition(topic: mock.topic, partition: 0): 20])
        await admin.close()
    }

    @Test("An offset that goes out of range while running: it begins at the earliest and raises an alarm")
    func outOfRange() async throws {
        let mock = try MockCluster()
        try await mock.send(0..<10)
        let seen = Collected<KafkaMessage>()
        let alarms = Collected<Int64?>()
        let consumer = try KafkaConsumer(settings: mock.settings, options: mock.options(), logger: quiet) { alarm in
            if case .offsetOutOfRange(_, let offset) = alarm { alarms.append(offset) }
        }
        let run = Task { try await consumer.run { seen.append($0[0]) } }
        await seen.atLeast(10)
        // The mock forgets an error that comes while it handles a fetch, which is answered within half a second.
        while alarms.elements.isEmpty {
            mock.fail(.fetch, [RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE])
            try await Task.sleep(for: .milliseconds(800))
        }
        await seen.atLeast(20)
        await consumer.close()
        try await run.value
        #expect(alarms.elements.allSatisfy { $0 == 10 })
        #expect(seen.elements.prefix(20).map(\.offset) == Array(0..<10) + Array(0..<10))
    }

    @Test("The partitions of a member that died are taken over when its session has timed out")
    func takeOver() async throws {
        let mock = try MockCluster(partitions: 2, properties: ["session.timeout.ms": "3000"])
        for partition: Int32 in 0..<2 { try await mock.send(0..<5, partition: partition) }
        try dieWithPartitions(mock)
        let seen = Collected<KafkaMessage>()
        let consumer = try KafkaConsumer(settings: mock.settings, options: mock.options(instance: "b"), logger: quiet)
        let run = Task { try await consumer.run { seen.append($0[0]) } }
        await seen.atLeast(10)
        #expect(consumer.assignment.count == 2)
        await consumer.close()
        try await run.value
    }

    /// Joins the group as member `a`, and is gone without a word once it has partitions.
    private func dieWithPartitions(_ mock: MockCluster) throws {
        let conf = try #require(rd_kafka_conf_new())
        let properties = [
            "bootstrap.servers": mock.settings.bootstrapServers, "group.id": "group", "group.instance.id": "a",
            "session.timeout.ms": "3000", "partition.assignment.strategy": "cooperative-sticky",
            "enable.auto.commit": "false",
        ]
        for (name, value) in properties { rd_kafka_conf_set(conf, name, value, nil, 0) }
        let member = try #require(rd_kafka_new(RD_KAFKA_CONSUMER, conf, nil, 0))
        rd_kafka_poll_set_consumer(member)
        let topics = rd_kafka_topic_partition_list_new(1)
        rd_kafka_topic_partition_list_add(topics, mock.topic, -1)
        rd_kafka_subscribe(member, topics)
        rd_kafka_topic_partition_list_destroy(topics)
        while true {
            if let message = rd_kafka_consumer_poll(member, 100) { rd_kafka_message_destroy(message) }
            var assigned: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?
            rd_kafka_assignment(member, &assigned)
            defer { rd_kafka_topic_partition_list_destroy(assigned) }
            if assigned?.pointee.cnt == 2 { break }
        }
        rd_kafka_destroy_flags(member, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE)
    }
}
