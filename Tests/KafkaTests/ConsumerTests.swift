import Kafka
import Synchronization
import Testing

@Suite("Broker: consumer group", .timeLimit(.minutes(1)))
struct ConsumerTests {
    /// Runs a consumer beside the test and closes it at the end.
    private func running(
        _ consumer: KafkaConsumer, _ handler: @escaping KafkaConsumer.Handler, while body: () async throws -> Void
    ) async throws {
        let run = Task { try await consumer.run(handler) }
        do {
            try await body()
        } catch {
            await consumer.close()
            throw error
        }
        await consumer.close()
        try await run.value
    }

    private func committed(_ broker: Broker) async throws -> [Int32: Int64] {
        let admin = try KafkaAdmin(settings: broker.settings, logger: quiet)
        let offsets = try await admin.committedOffsets(group: broker.group, topics: [broker.topic])
        await admin.close()
        return Dictionary(uniqueKeysWithValues: offsets.map { ($0.key.partition, $0.value) })
    }

    @Test("A new group begins at the earliest message, keeps the order of keys, and commits all on closing")
    func earliest() async throws {
        let broker = try await Broker(partitions: 3)
        try await broker.send(0..<300)
        let seen = Collected<KafkaMessage>()
        let consumer = try broker.consumer(broker.options())
        try await running(consumer) { messages in
            for message in messages { seen.append(message) }
        } while: {
            await seen.atLeast(300)
            #expect(consumer.assignment.count == 3)
        }
        for (_, ofKey) in Dictionary(grouping: seen.elements, by: \.keyText) {
            let numbers = ofKey.compactMap { $0.text.flatMap { Int($0) } }
            #expect(numbers == numbers.sorted())
        }
        #expect(seen.elements.count == 300)
        let admin = try KafkaAdmin(settings: broker.settings, logger: quiet)
        #expect(try await admin.lag(group: broker.group, topics: [broker.topic]).values.reduce(0, +) == 0)
        await admin.close()
    }

    @Test("A static member that restarts goes on where it was, and sees nothing twice")
    func restart() async throws {
        let broker = try await Broker(partitions: 2)
        try await broker.send(0..<50)
        let first = Collected<KafkaMessage>()
        try await running(try broker.consumer(broker.options(instance: "a"))) {
            first.append($0[0])
        } while: {
            await first.atLeast(50)
        }
        try await broker.send(50..<60)
        let second = Collected<KafkaMessage>()
        try await running(try broker.consumer(broker.options(instance: "a"))) {
            second.append($0[0])
        } while: {
            await second.atLeast(10)
        }
        #expect(Set(second.elements.compactMap(\.text)) == Set((50..<60).map { "\($0)" }))
    }

    @Test("A second member with the same instance id fences the first, whose run throws")
    func fencedInstance() async throws {
        let broker = try await Broker(partitions: 2)
        let options = broker.options(instance: "a")
        let older = try broker.consumer(options)
        try await broker.send(0..<10)
        let seen = Collected<KafkaMessage>()
        let run = Task { try await older.run { seen.append($0[0]) } }
        await seen.atLeast(10)
        let newer = Collected<KafkaMessage>()
        try await running(try broker.consumer(options)) {
            newer.append($0[0])
        } while: {
            try await broker.send(10..<20)
            await newer.atLeast(10)
            let error = await #expect(throws: KafkaError.self) { try await run.value }
            #expect(error?.code == .fencedInstance)
            #expect(error?.isFatal == true)
        }
        await older.close()
    }

    @Test("A second member takes over some partitions; together they miss nothing")
    func rebalance() async throws {
        let broker = try await Broker(partitions: 4)
        for partition: Int32 in 0..<4 { try await broker.send(0..<25, partition: partition) }
        // At least once: a broker may refuse what a member commits while another joins, which then comes again.
        let seen = Mutex<Set<String>>([])
        let handler: KafkaConsumer.Handler = { messages in
            for message in messages { seen.withLock { _ = $0.insert("\(message.partition)/\(message.offset)") } }
        }
        func saw(_ count: Int) async throws {
            while seen.withLock({ $0.count }) < count { try await Task.sleep(for: .milliseconds(20)) }
        }
        let first = try broker.consumer(broker.options(instance: "a"))
        try await running(first, handler) {
            try await saw(100)
            let second = try broker.consumer(broker.options(instance: "b"))
            try await running(second, handler) {
                while second.assignment.count != 2 || first.assignment.count != 2 {
                    try await Task.sleep(for: .milliseconds(20))
                }
                #expect(Set(first.assignment).isDisjoint(with: second.assignment))
                for partition: Int32 in 0..<4 { try await broker.send(25..<30, partition: partition) }
                try await saw(120)
            }
        }
        #expect(try await committed(broker) == [0: 30, 1: 30, 2: 30, 3: 30])
    }

    @Test("Only what is processed without a gap is committed; the rest comes again after a restart")
    func watermark() async throws {
        let broker = try await Broker()
        try await broker.send(0..<20, keys: 20)
        var options = broker.options(instance: "a")
        options.lanesPerPartition = 8
        options.drainTimeout = .milliseconds(200)
        let seen = Collected<KafkaMessage>()
        let consumer = try broker.consumer(options)
        let gate = Collected<Bool>()
        try await running(consumer) { messages in
            // One message never ends, those of other lanes pass it.
            if messages[0].offset == 5 { await gate.atLeast(1) }
            seen.append(messages[0])
        } while: {
            await seen.atLeast(10)
            async let closing: Void = consumer.close()
            // The drain gives up on the stuck handler; only then may it go on, too late to count.
            while try await committed(broker)[0] != 5 { try await Task.sleep(for: .milliseconds(50)) }
            gate.append(true)
            await closing
        }
        #expect(try await committed(broker)[0] == 5)

        let again = Collected<KafkaMessage>()
        try await running(try broker.consumer(broker.options(instance: "a"))) {
            again.append($0[0])
        } while: {
            await again.atLeast(15)
        }
        #expect(again.elements.map(\.offset) == Array(5..<20))
    }

    @Test("Back pressure: no more than the limit is ever in flight, and nothing is lost, doubled or out of order")
    func backPressure() async throws {
        let broker = try await Broker(partitions: 2)
        for partition: Int32 in 0..<2 { try await broker.send(0..<600, partition: partition) }
        var options = broker.options()
        options.maxMessagesInFlight = 16
        options.maxBatch = 4
        let seen = Collected<KafkaMessage>()
        try await running(try broker.consumer(options)) { messages in
            #expect(messages.count <= 4)
            await Task.yield()
            for message in messages { seen.append(message) }
        } while: {
            await seen.atLeast(1200)
        }
        for partition: Int32 in 0..<2 {
            #expect(seen.elements.filter { $0.partition == partition }.map(\.offset) == Array(0..<600))
        }
    }

    @Test("A handler that fails gets the same message again; its partition waits, others go on, nothing is skipped")
    func failing() async throws {
        let broker = try await Broker(partitions: 2)
        for partition: Int32 in 0..<2 { try await broker.send(0..<10, partition: partition) }
        var options = broker.options()
        options.retryDelay = { _ in .milliseconds(20) }
        struct Broken: Error {}
        let seen = Collected<KafkaMessage>()
        let alarms = Collected<Int>()
        let isMended = Mutex(false)
        let consumer = try broker.consumer(options) { alarm in
            if case .handlerFailed(let partition, 3, let failures, is Broken) = alarm, partition.partition == 0 {
                alarms.append(failures)
            }
        }
        try await running(consumer) { messages in
            if messages[0].partition == 0, messages[0].offset == 3, !isMended.withLock({ $0 }) { throw Broken() }
            seen.append(messages[0])
        } while: {
            await alarms.atLeast(3)
            await seen.atLeast(13)
            #expect(seen.elements.filter { $0.partition == 0 }.map(\.offset) == [0, 1, 2])
            isMended.withLock { $0 = true }
            await seen.atLeast(20)
        }
        #expect(alarms.elements.prefix(3) == [1, 2, 3])
        #expect(seen.elements.filter { $0.partition == 0 }.map(\.offset) == Array(0..<10))
    }

    @Test("When the committed offset is gone from the broker, it begins at the earliest and raises an alarm")
    func outOfRange() async throws {
        let broker = try await Broker()
        try await broker.send(0..<30)
        let first = Collected<KafkaMessage>()
        try await running(try broker.consumer(broker.options(instance: "a"))) {
            first.append($0[0])
        } while: {
            await first.atLeast(30)
        }
        // A broker that has lost its log gives offsets out again.
        let admin = try KafkaAdmin(settings: broker.settings, logger: quiet)
        try await admin.deleteTopics([broker.topic])
        try await admin.createTopics([TopicSpec(name: broker.topic, partitions: 1)])
        await admin.close()
        try await broker.send(100..<103)

        let alarms = Collected<Int64?>()
        let second = Collected<KafkaMessage>()
        let consumer = try broker.consumer(broker.options(instance: "a")) { alarm in
            if case .offsetOutOfRange(_, let offset) = alarm { alarms.append(offset) }
        }
        try await running(consumer) {
            second.append($0[0])
        } while: {
            await second.atLeast(3)
        }
        #expect(alarms.elements == [30])
        #expect(second.elements.compactMap(\.text) == ["100", "101", "102"])
        #expect(try await committed(broker)[0] == 3)
    }

    @Test("Cancelling the run cancels handlers, drains and leaves; what was not done comes again")
    func cancelled() async throws {
        let broker = try await Broker()
        try await broker.send(0..<5)
        let started = Collected<KafkaMessage>()
        let consumer = try broker.consumer(broker.options(instance: "a"))
        let run = Task {
            try await consumer.run { messages in
                started.append(messages[0])
                if messages[0].offset == 2 { try await Task.sleep(for: .seconds(3600)) }
            }
        }
        await started.atLeast(3)
        run.cancel()
        try await run.value
        #expect(try await committed(broker)[0] == 2)
    }

    @Test("A consumer runs once; a closed one doesn't; one never run closes at once")
    func once() async throws {
        let broker = try await Broker()
        let consumer = try broker.consumer(broker.options())
        try await running(consumer) { _ in
        } while: {
            while consumer.assignment.isEmpty { try await Task.sleep(for: .milliseconds(20)) }
        }
        let again = await #expect(throws: KafkaError.self) { try await consumer.run { _ in } }
        #expect(again?.code == .closed)
        await consumer.close()

        let never = try broker.consumer(broker.options())
        await never.close()
        let late = await #expect(throws: KafkaError.self) { try await never.run { _ in } }
        #expect(late?.code == .closed)
    }
}
