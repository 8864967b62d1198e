import Kafka
import Testing

@Suite("Broker: producer", .timeLimit(.minutes(1)))
struct ProducerTests {
    @Test("A record comes back whole: key, body, headers in order with repeats and empty ones")
    func roundTrip() async throws {
        let broker = try await Broker()
        let producer = try broker.producer()
        let headers: [(name: String, value: [UInt8])] = [
            ("ce_id", Array("一".utf8)), ("twice", [1]), ("twice", [2]), ("empty", []),
        ]
        let delivery = try await producer.send(broker.record("正文", key: "钥", headers: headers))
        #expect(delivery.partition == 0 && delivery.offset == 0)
        await producer.close()

        let reader = try await broker.reader()
        let message = try await reader.next()
        #expect(message.topic == broker.topic)
        #expect(message.partition == 0 && message.offset == 0)
        #expect(message.keyText == "钥" && message.text == "正文")
        #expect(message.headers == headers.map { KafkaHeader(name: $0.name, value: $0.value) })
        #expect(message.header("twice") == [2])
        #expect(message.header("none") == nil)
        #expect(message.timestamp != nil)
        await reader.close()
    }

    @Test("A tombstone and an empty body are two things, and so are no key and an empty one")
    func tombstone() async throws {
        let broker = try await Broker()
        let producer = try broker.producer()
        let records = [
            KafkaRecord(topic: broker.topic, key: [1], value: nil),
            KafkaRecord(topic: broker.topic, key: [], value: []),
            KafkaRecord(topic: broker.topic, key: nil, value: [0]),
        ]
        for result in await producer.send(records) { _ = try result.get() }
        await producer.close()
        let reader = try await broker.reader()
        let messages = try await reader.readToEnd()
        #expect(messages.map(\.key) == [[1], [], nil])
        #expect(messages.map(\.value) == [nil, [], [0]])
        await reader.close()
    }

    @Test("A key decides the partition as Java's producers do, and its records keep their order")
    func order() async throws {
        let broker = try await Broker(partitions: 4)
        let producer = try broker.producer()
        let records = (0..<2000).map { broker.record("\($0)", key: "k\($0 % 37)") }
        let deliveries = try await producer.send(records).map { try $0.get() }
        for (record, delivery) in zip(records, deliveries) {
            #expect(delivery.partition == murmur2Partition(key: record.key ?? [], partitions: 4))
        }
        await producer.close()
        let reader = try await broker.reader()
        let messages = try await reader.readToEnd()
        #expect(messages.count == 2000)
        for (_, ofKey) in Dictionary(grouping: messages, by: \.keyText) {
            let numbers = ofKey.compactMap { $0.text.flatMap { Int($0) } }
            #expect(numbers == numbers.sorted())
        }
        await reader.close()
    }

    @Test("More records than the client's queue holds are all delivered, in order")
    func fullQueue() async throws {
        let broker = try await Broker()
        var settings = broker.settings
        settings.properties["queue.buffering.max.messages"] = "100"
        let producer = try KafkaProducer(settings: settings, logger: quiet)
        let deliveries = try await producer.send((0..<1000).map { broker.record("\($0)") }).map { try $0.get() }
        #expect(deliveries.map(\.offset) == Array(0..<1000))
        await producer.close()
    }

    @Test("A record of 1 MB goes through; one larger than a broker takes is refused at once")
    func sizes() async throws {
        let broker = try await Broker()
        let producer = try broker.producer()
        let largest = [UInt8](repeating: 0x61, count: 1_000_000)
        try await producer.send(KafkaRecord(topic: broker.topic, key: [1], value: largest))
        let error = await #expect(throws: KafkaError.self) {
            try await producer.send(
                KafkaRecord(topic: broker.topic, key: [1], value: [UInt8](repeating: 0, count: 2_000_000)))
        }
        #expect(error?.code == .messageTooLarge)
        await producer.close()
        let reader = try await broker.reader()
        #expect(try await reader.next().value == largest)
        await reader.close()
    }

    @Test("An unreachable broker: the record is given up in its time, and closing doesn't hang")
    func unreachable() async throws {
        let producer = try KafkaProducer(
            settings: KafkaSettings(bootstrapServers: "127.0.0.1:1", properties: ["message.timeout.ms": "300"]),
            logger: quiet)
        let error = await #expect(throws: KafkaError.self) {
            try await producer.send(KafkaRecord(topic: "t", key: nil, value: [1]))
        }
        #expect(error?.code == .messageTimedOut)
        #expect(error?.isRetriable == true)
        await producer.close()
    }

    @Test("Cancelling ends the wait for a delivery; closing gives up what is left")
    func cancelled() async throws {
        let producer = try KafkaProducer(settings: KafkaSettings(bootstrapServers: "127.0.0.1:1"), logger: quiet)
        let sending = Task { () throws(KafkaError) in
            try await producer.send(KafkaRecord(topic: "t", key: nil, value: [1]))
        }
        sending.cancel()
        let error = await #expect(throws: KafkaError.self) { try await sending.value }
        #expect(error?.code == .cancelled)

        let left = Task { await producer.send([KafkaRecord(topic: "t", key: nil, value: [2])]) }
        await producer.close(timeout: .milliseconds(100))
        let result = try #require(await left.value.first)
        #expect(throws: KafkaError.self) { try result.get() }
    }

    @Test("Calls after closing throw, and closing twice is fine")
    func late() async throws {
        let broker = try await Broker()
        let producer = try broker.producer(transactionalID: broker.group)
        await producer.close()
        await producer.close()
        for call in [
            { _ = try await producer.send(broker.record("late")) }, { try await producer.initTransactions() },
            { try await producer.beginTransaction() }, { try await producer.flush() },
            { _ = try await producer.watermarks(topic: broker.topic, partition: 0) },
        ] as [() async throws -> Void] {
            let error = await #expect(throws: KafkaError.self) { try await call() }
            #expect(error?.code == .closed)
        }
    }

    @Test("A producer that is forgotten without closing is freed")
    func forgotten() async throws {
        let broker = try await Broker()
        var producer: KafkaProducer? = try broker.producer()
        try await producer?.send(broker.record("1"))
        weak let gone = producer
        producer = nil
        #expect(gone == nil)
    }
}

@Suite("Broker: transactions", .timeLimit(.minutes(1)))
struct TransactionTests {
    @Test("Committed records are seen, aborted ones aren't; the high watermark counts the markers too")
    func visibility() async throws {
        let broker = try await Broker()
        let producer = try broker.producer(transactionalID: broker.group)
        try await producer.initTransactions()
        try await producer.beginTransaction()
        try await producer.send(broker.record("committed", key: "a"))
        try await producer.commitTransaction()
        try await producer.beginTransaction()
        try await producer.send(broker.record("aborted", key: "a"))
        try await producer.abortTransaction()
        try await producer.beginTransaction()
        try await producer.send(broker.record("open", key: "a"))

        let first = try await broker.reader(isolation: .readCommitted)
        #expect(try await first.readToEnd().map(\.text) == ["committed"])
        await first.close()
        let all = try await broker.reader(isolation: .readUncommitted)
        #expect(try await all.readToEnd().map(\.text) == ["committed", "aborted", "open"])
        let watermarks = try await all.watermarks(partition: 0)
        #expect(watermarks.low == 0 && watermarks.high == 5)

        try await producer.commitTransaction()
        #expect(try await producer.watermarks(topic: broker.topic, partition: 0).high == 6)
        let second = try await broker.reader(isolation: .readCommitted)
        #expect(try await second.readToEnd().map(\.text) == ["committed", "open"])
        try await producer.beginTransaction()
        try await producer.send(broker.record("later", key: "a"))
        try await producer.commitTransaction()
        #expect(try await all.next().text == "later")
        await second.close()
        await all.close()
        await producer.close()
    }

    @Test("A newer producer with the same id fences the older one off, whose open transaction is undone")
    func fencing() async throws {
        let broker = try await Broker()
        let older = try broker.producer(transactionalID: broker.group)
        try await older.initTransactions()
        try await older.beginTransaction()
        try await older.send(broker.record("older", key: "a"))

        let newer = try broker.producer(transactionalID: broker.group)
        try await newer.initTransactions()
        let error = await #expect(throws: KafkaError.self) {
            _ = try? await older.send(broker.record("too late", key: "a"))
            try await older.commitTransaction()
        }
        #expect(error?.isFatal == true)
        try await newer.beginTransaction()
        try await newer.send(broker.record("newer", key: "a"))
        try await newer.commitTransaction()

        let reader = try await broker.reader(isolation: .readCommitted)
        #expect(try await reader.readToEnd().map(\.text) == ["newer"])
        await reader.close()
        await older.close()
        await newer.close()
    }

    @Test("Out of order calls throw and say so")
    func states() async throws {
        let broker = try await Broker()
        let producer = try broker.producer(transactionalID: broker.group)
        let early = await #expect(throws: KafkaError.self) { try await producer.beginTransaction() }
        #expect(early?.code == .state)
        try await producer.initTransactions()
        let outside = await #expect(throws: KafkaError.self) { try await producer.send(broker.record("x")) }
        #expect(outside?.code == .state)
        await producer.close()
    }
}
