import Kafka
import Testing

@Suite("Broker: reader", .timeLimit(.minutes(1)))
struct ReaderTests {
    @Test("From the end it sees exactly what is sent after it has opened")
    func end() async throws {
        let broker = try await Broker(partitions: 3)
        try await broker.send(0..<30)
        let reader = try await broker.reader(from: .end)
        try await broker.send(30..<40)
        let messages = try await reader.readToEnd()
        #expect(Set(messages.compactMap(\.text)) == Set((30..<40).map { "\($0)" }))
        await reader.close()
    }

    @Test("From an offset it begins there; reading to the end again gives nothing twice")
    func offset() async throws {
        let broker = try await Broker()
        try await broker.send(0..<10)
        let reader = try await broker.reader(from: .offset(7))
        #expect(try await reader.readToEnd().map(\.offset) == [7, 8, 9])
        #expect(try await reader.readToEnd() == [])
        try await broker.send(10..<12)
        #expect(try await reader.readToEnd().map(\.offset) == [10, 11])
        await reader.close()
    }

    @Test("Only the partitions asked for are read")
    func partitions() async throws {
        let broker = try await Broker(partitions: 3)
        for partition: Int32 in 0..<3 { try await broker.send(0..<5, partition: partition) }
        let reader = try await broker.reader(partitions: [1])
        let messages = try await reader.readToEnd()
        #expect(messages.count == 5 && messages.allSatisfy { $0.partition == 1 })
        await reader.close()
    }

    @Test("As a sequence it waits for more, and ends when closed")
    func sequence() async throws {
        let broker = try await Broker()
        let reader = try await broker.reader()
        let seen = Collected<String?>()
        let reading = Task {
            for try await message in reader { seen.append(message.text) }
        }
        try await broker.send(0..<3)
        #expect(await seen.atLeast(3) == ["0", "1", "2"])
        await reader.close()
        try await reading.value
        let error = await #expect(throws: KafkaError.self) { try await reader.next() }
        #expect(error?.code == .closed)
    }

    @Test("Cancelling ends the wait")
    func cancelled() async throws {
        let broker = try await Broker()
        let reader = try await broker.reader()
        let waiting = Task { () throws(KafkaError) in try await reader.next() }
        waiting.cancel()
        let error = await #expect(throws: KafkaError.self) { try await waiting.value }
        #expect(error?.code == .cancelled)
        await reader.close()
    }

    @Test("An offset beyond the log is an error, not silence")
    func outOfRange() async throws {
        let broker = try await Broker()
        try await broker.send(0..<3)
        let reader = try await broker.reader(from: .offset(1000))
        let error = await #expect(throws: KafkaError.self) { try await reader.next() }
        #expect(error?.code == .noStartOffset)
        await reader.close()
    }

    @Test("A topic that doesn't exist is an error that names it")
    func noTopic() async throws {
        let broker = try await Broker(partitions: 0)
        let error = await #expect(throws: KafkaError.self) { try await broker.reader() }
        #expect(error?.code == .unknownTopicOrPartition)
        #expect(error?.message.contains(broker.topic) == true)
    }

    @Test("Without a broker it says so in its time")
    func unreachable() async throws {
        let error = await #expect(throws: KafkaError.self) {
            try await KafkaReader.open(
                settings: KafkaSettings(bootstrapServers: "127.0.0.1:1"), topic: "t", timeout: .milliseconds(300),
                logger: quiet)
        }
        #expect(error?.isRetriable == true)
    }
}

@Suite("Broker: admin", .timeLimit(.minutes(1)))
struct AdminTests {
    @Test("Topics are made once; those that exist are no error and stay as they are")
    func create() async throws {
        let broker = try await Broker(partitions: 0)
        let admin = try KafkaAdmin(settings: broker.settings, logger: quiet)
        let first = TopicSpec(name: broker.topic, partitions: 3)
        let second = TopicSpec(name: broker.topic + "-compacted", partitions: 2, isCompacted: true)
        #expect(try await admin.createTopics([first]) == [first.name])
        #expect(try await admin.createTopics([first, second]) == [second.name])
        #expect(try await admin.partitionCount(of: first.name) == 3)
        #expect(try await admin.topics()[second.name] == 2)
        try await admin.deleteTopics([first.name, second.name, broker.topic + "-none"])
        let error = await #expect(throws: KafkaError.self) { try await admin.partitionCount(of: first.name) }
        #expect(error?.code == .unknownTopicOrPartition)
        await admin.close()
    }

    @Test("A compacted topic refuses records without a key, which could never be retired")
    func compacted() async throws {
        let broker = try await Broker(isCompacted: true)
        let producer = try broker.producer()
        try await producer.send(broker.record("kept", key: "a"))
        await #expect(throws: KafkaError.self) { try await producer.send(broker.record("lost")) }
        await producer.close()
    }

    @Test("A bad wish is refused, and says for which topic")
    func invalid() async throws {
        let broker = try await Broker(partitions: 0)
        let admin = try KafkaAdmin(settings: broker.settings, logger: quiet)
        let error = await #expect(throws: KafkaError.self) {
            try await admin.createTopics([TopicSpec(name: broker.topic, partitions: 0)])
        }
        #expect(error?.message.contains(broker.topic) == true)
        await admin.close()
        let late = await #expect(throws: KafkaError.self) { try await admin.topics() }
        #expect(late?.code == .closed)
    }
}
