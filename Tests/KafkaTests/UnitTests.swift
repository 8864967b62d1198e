import Dispatch
import Testing

@testable import Kafka

@Suite("Unit: watermark of processed offsets")
struct OffsetWatermarkUnitTests {
    private func begins(_ offset: Int64, _ watermark: inout OffsetWatermark) -> Bool { watermark.begin(offset) }

    @Test("It moves only over what is finished without a gap")
    func contiguous() {
        var watermark = OffsetWatermark()
        #expect(watermark.next == nil)
        for offset: Int64 in 10...14 { #expect(begins(offset, &watermark)) }
        #expect(watermark.next == 10)
        watermark.finish(12)
        watermark.finish(11)
        #expect(watermark.next == 10)
        watermark.finish(10)
        #expect(watermark.next == 13)
        watermark.finish(14)
        #expect(watermark.next == 13)
        watermark.finish(13)
        #expect(watermark.next == 15)
        #expect(watermark.pending == 0)
    }

    @Test("Offsets that the broker leaves out hold nothing up")
    func gaps() {
        var watermark = OffsetWatermark(next: 3)
        #expect(begins(5, &watermark))
        #expect(begins(9, &watermark))
        watermark.finish(5)
        #expect(watermark.next == 9)
        watermark.finish(9)
        #expect(watermark.next == 10)
    }

    @Test("An offset handed out before is refused, finished or not")
    func repeats() {
        var watermark = OffsetWatermark(next: 7)
        #expect(!begins(6, &watermark))
        #expect(begins(7, &watermark))
        #expect(!begins(7, &watermark))
        watermark.finish(7)
        #expect(!begins(7, &watermark))
        #expect(begins(8, &watermark))
        watermark.finish(7)
        watermark.finish(100)
        #expect(watermark.next == 8)
    }

    @Test("Any order of finishing ends at the same place, and no step passes an unfinished offset", arguments: 0..<20)
    func anyOrder(seed: UInt64) {
        var random = Seeded(seed)
        var watermark = OffsetWatermark()
        var next: Int64 = 0
        var open: [Int64] = []
        for _ in 0..<5000 {
            if open.isEmpty || Int.random(in: 0..<100, using: &random) < 55, next < 20_000 {
                next += Int64.random(in: 1...3, using: &random)
                #expect(begins(next, &watermark))
                open.append(next)
            } else {
                watermark.finish(open.remove(at: Int.random(in: 0..<min(open.count, 50), using: &random)))
            }
            if let first = open.min() { #expect(watermark.next == first) }
        }
        for offset in open.shuffled(using: &random) { watermark.finish(offset) }
        #expect(watermark.next == next + 1)
        #expect(watermark.pending == 0)
    }
}

@Suite("Unit: back pressure")
struct FlowControlUnitTests {
    @Test("It pauses at the limit of messages and goes on at half of it")
    func messages() {
        var flow = FlowControl(maxMessages: 4, maxBytes: 1000)
        for _ in 0..<3 { flow.began(1) }
        #expect(!flow.shouldPause)
        flow.began(1)
        #expect(flow.shouldPause)
        flow.finished(1)
        #expect(flow.shouldPause)
        flow.finished(1)
        #expect(!flow.shouldPause)
    }

    @Test("It pauses at the limit of bytes, even by a single message")
    func bytes() {
        var flow = FlowControl(maxMessages: 100, maxBytes: 1000)
        flow.began(5000)
        #expect(flow.shouldPause)
        flow.finished(5000)
        #expect(!flow.shouldPause)
    }

    @Test("While any handler of it is failing it stays paused")
    func failing() {
        var flow = FlowControl(maxMessages: 100, maxBytes: 1000)
        flow.beganFailing()
        flow.beganFailing()
        flow.stoppedFailing()
        #expect(flow.shouldPause)
        flow.stoppedFailing()
        #expect(!flow.shouldPause)
    }
}

@Suite("Unit: a partition's lanes")
struct LaneUnitTests {
    private func message(_ offset: Int64, key: String = "k") -> KafkaMessage {
        KafkaMessage(topic: "t", partition: 0, offset: offset, key: Array(key.utf8), value: [])
    }

    private func work(lanes: Int = 1) -> PartitionWork {
        var options = KafkaConsumer.Options(group: "g", topics: ["t"])
        options.lanesPerPartition = lanes
        return PartitionWork(TopicPartition(topic: "t", partition: 0), committed: nil, options: options) {}
    }

    @Test("Messages come out in order, in batches no larger than asked for")
    func batches() async {
        let work = work()
        #expect(work.lanes[0].startServing())
        for offset: Int64 in 0..<5 { work.accept(message(offset)) }
        #expect(await work.lanes[0].next(3)?.map(\.offset) == [0, 1, 2])
        #expect(await work.lanes[0].next(3)?.map(\.offset) == [3, 4])
        work.lanes[0].end()
    }

    @Test("A waiting task gets a message as it comes, and nil when the lane stops")
    func waiting() async {
        let work = work()
        #expect(work.lanes[0].startServing())
        async let first = work.lanes[0].next(1)
        work.accept(message(7))
        #expect(await first?.map(\.offset) == [7])
        async let second = work.lanes[0].next(1)
        work.stop()
        #expect(await second == nil)
        #expect(await work.lanes[0].sleep(.seconds(3600)) == false)
        work.lanes[0].end()
        #expect(work.waitUntilIdle(deadline: .now()))
    }

    @Test("What wasn't handed out when it stopped isn't counted as processed")
    func stopped() async {
        let work = work()
        #expect(work.lanes[0].startServing())
        for offset: Int64 in 0..<4 { work.accept(message(offset)) }
        let first = await work.lanes[0].next(2)
        work.stop()
        work.processed(first ?? [])
        #expect(work.takeCommit() == 2)
        #expect(work.takeCommit() == nil)
        // Nothing was heard of it for long: it is sent again, until it is confirmed.
        #expect(work.takeCommit(now: .now + PartitionWork.patience) == 2)
        work.commitEnded(2, isConfirmed: false)
        #expect(work.takeCommit() == 2)
        #expect(work.unconfirmed == 2)
        work.commitEnded(2, isConfirmed: true)
        #expect(work.unconfirmed == nil)
        work.lanes[0].end()
    }

    @Test("A lane that nobody serves yet holds nobody up")
    func unserved() {
        let work = work(lanes: 3)
        work.stop()
        #expect(work.waitUntilIdle(deadline: .now()))
        #expect(!work.lanes[0].startServing())
    }

    @Test("Messages of one key share a lane and stay in order; several lanes are used")
    func keys() async {
        let work = work(lanes: 4)
        for offset: Int64 in 0..<40 { work.accept(message(offset, key: "k\(offset % 10)")) }
        var lanesOfKey: [[UInt8]?: Set<Int>] = [:]
        var used: Set<Int> = []
        var seen = 0
        for (number, lane) in work.lanes.enumerated() where lane.startServing() {
            lane.push(message(1000, key: "last"))  // so that the lane isn't empty
            let messages = await lane.next(100) ?? []
            for message in messages.dropLast() {
                lanesOfKey[message.key, default: []].insert(number)
                used.insert(number)
                seen += 1
            }
            #expect(messages.map(\.offset) == messages.map(\.offset).sorted())
            lane.end()
        }
        #expect(seen == 40)
        #expect(lanesOfKey.count == 10)
        #expect(lanesOfKey.values.allSatisfy { $0.count == 1 })
        #expect(used.count > 1)
    }
}

@Suite("Unit: partition of a key")
struct Murmur2UnitTests {
    @Test(
        "The hash is that of Java's clients",
        arguments: [
            // The values of Apache Kafka's own test of Utils.murmur2.
            ("21", -973_932_308), ("foobar", -790_332_482), ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971), ("abc", 479_470_107),
        ] as [(String, Int32)])
    func vectors(text: String, hash: Int32) {
        #expect(Int32(bitPattern: murmur2(Array(text.utf8))) == hash)
        #expect(murmur2Partition(key: text.utf8, partitions: 7) == (hash & 0x7fff_ffff) % 7)
    }
}

@Suite("Unit: settings from the environment")
struct KafkaSettingsUnitTests {
    @Test("Variables become librdkafka's properties")
    func properties() throws {
        let settings = try KafkaSettings(environment: [
            "YAOHAO_KAFKA": "a:1,b:2", "YAOHAO_KAFKA_SECURITY_PROTOCOL": "ssl", "PATH": "/bin",
        ])
        #expect(settings.bootstrapServers == "a:1,b:2")
        #expect(settings.properties == ["security.protocol": "ssl"])
        #expect(settings.producer(transactionalID: nil)["security.protocol"] == "ssl")
        #expect(settings.consumer(group: "g", instanceID: "i")["security.protocol"] == "ssl")
    }

    @Test("Only committed records are read unless a property or the caller says otherwise")
    func isolation() {
        var settings = KafkaSettings(bootstrapServers: "a:1")
        #expect(settings.reader(isolation: nil)["isolation.level"] == "read_committed")
        settings.properties["isolation.level"] = "read_uncommitted"
        #expect(settings.reader(isolation: nil)["isolation.level"] == "read_uncommitted")
        #expect(settings.consumer(group: "g", instanceID: nil)["isolation.level"] == "read_uncommitted")
        #expect(settings.reader(isolation: .readCommitted)["isolation.level"] == "read_committed")
    }

    @Test("What compresses compresses, unless a property says how")
    func compressing() {
        var settings = KafkaSettings(bootstrapServers: "a:1")
        #expect(settings.producer(transactionalID: nil)["compression.type"] == nil)
        #expect(settings.compressing.producer(transactionalID: nil)["compression.type"] == "lz4")
        settings.properties["compression.type"] = "none"
        #expect(settings.compressing.producer(transactionalID: nil)["compression.type"] == "none")
    }

    @Test("Without servers it says which variable is missing")
    func missing() {
        let error = #expect(throws: KafkaError.self) { try KafkaSettings(environment: [:]) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains("YAOHAO_KAFKA") == true)
    }

    @Test("What the guarantees rest on can't be set", arguments: ["ACKS", "ENABLE_AUTO_COMMIT", "TRANSACTIONAL_ID"])
    func reserved(name: String) {
        let error = #expect(throws: KafkaError.self) {
            try KafkaSettings(environment: ["YAOHAO_KAFKA": "a:1", "YAOHAO_KAFKA_\(name)": "1"])
        }
        #expect(error?.message.contains("YAOHAO_KAFKA_\(name)") == true)
    }

    @Test("A property that librdkafka doesn't know is refused, with its variable")
    func unknown() {
        let error = #expect(throws: KafkaError.self) {
            try KafkaProducer(
                settings: KafkaSettings(bootstrapServers: "a:1", properties: ["no.such.thing": "1"]), logger: quiet)
        }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains("YAOHAO_KAFKA_NO_SUCH_THING") == true)
    }

    @Test("A property's bad value is refused")
    func badValue() {
        let error = #expect(throws: KafkaError.self) {
            try KafkaConsumer(
                settings: KafkaSettings(bootstrapServers: "a:1", properties: ["session.timeout.ms": "soon"]),
                options: .init(group: "g", topics: ["t"]), logger: quiet)
        }
        #expect(error?.code == .invalidArgument)
    }
}
