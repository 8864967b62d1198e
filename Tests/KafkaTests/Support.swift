import Foundation
import Kafka
import Logging
import Synchronization
import Testing

/// A logger that writes nothing.
let quiet = Logger(label: "kafka-tests") { _ in SwiftLogNoOpLogHandler() }

/// Reproducible random numbers (SplitMix64).
struct Seeded: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

/// A fresh topic, and a fresh group's name, on the broker of the environment.
struct Broker {
    let settings: KafkaSettings
    let topic: String
    let group: String

    struct Missing: Error, CustomStringConvertible {
        let description = "YAOHAO_KAFKA is not set: run these tests by scripts/test"
    }

    /// - Parameter partitions: 0 makes no topic.
    init(partitions: Int32 = 1, isCompacted: Bool = false) async throws {
        guard ProcessInfo.processInfo.environment["YAOHAO_KAFKA"] != nil else { throw Missing() }
        settings = try KafkaSettings(environment: ProcessInfo.processInfo.environment)
        let name = UUID().uuidString.lowercased()
        topic = "test-\(name)"
        group = "group-\(name)"
        guard partitions > 0 else { return }
        let admin = try KafkaAdmin(settings: settings, logger: quiet)
        try await admin.createTopics([TopicSpec(name: topic, partitions: partitions, isCompacted: isCompacted)])
        await admin.close()
    }

    func producer(transactionalID: String? = nil) throws -> KafkaProducer {
        try KafkaProducer(settings: settings, transactionalID: transactionalID, logger: quiet)
    }

    func record(
        _ value: String?, key: String? = nil, partition: Int32? = nil, headers: [(name: String, value: [UInt8])] = []
    ) -> KafkaRecord {
        KafkaRecord(
            topic: topic, partition: partition, key: key.map { Array($0.utf8) }, value: value.map { Array($0.utf8) },
            headers: headers)
    }

    /// Sends values `0..<count`, all with keys, and returns when they are delivered.
    func send(_ range: Range<Int>, keys: Int = 10, partition: Int32? = nil) async throws {
        let producer = try producer()
        let records = range.map { record("\($0)", key: "k\($0 % keys)", partition: partition) }
        for result in await producer.send(records) { _ = try result.get() }
        await producer.close()
    }

    func options(instance: String? = nil) -> KafkaConsumer.Options {
        var options = KafkaConsumer.Options(group: group, instanceID: instance, topics: [topic])
        options.commitInterval = .milliseconds(100)
        return options
    }

    func consumer(
        _ options: KafkaConsumer.Options, alarm: @escaping @Sendable (KafkaConsumer.Alarm) -> Void = { _ in }
    ) throws -> KafkaConsumer {
        try KafkaConsumer(settings: settings, options: options, logger: quiet, alarm: alarm)
    }

    func reader(
        partitions: [Int32]? = nil, from start: KafkaReader.Start = .earliest, isolation: Isolation? = nil
    ) async throws -> KafkaReader {
        try await KafkaReader.open(
            settings: settings, topic: topic, partitions: partitions, from: start, isolation: isolation, logger: quiet)
    }
}

/// Collects things and lets a test wait for them.
final class Collected<Element: Sendable>: Sendable {
    private struct State {
        var elements: [Element] = []
        var waiters: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    var elements: [Element] { state.withLock { $0.elements } }

    func append(_ element: Element) {
        let ready = state.withLock { state in
            state.elements.append(element)
            let count = state.elements.count
            defer { state.waiters.removeAll { $0.count <= count } }
            return state.waiters.filter { $0.count <= count }
        }
        for waiter in ready { waiter.continuation.resume() }
    }

    /// Waits until there are at least `count`.
    @discardableResult
    func atLeast(_ count: Int) async -> [Element] {
        await withCheckedContinuation { continuation in
            let isReady = state.withLock { state in
                if state.elements.count >= count { return true }
                state.waiters.append((count, continuation))
                return false
            }
            if isReady { continuation.resume() }
        }
        return elements
    }
}

extension KafkaMessage {
    var text: String? { value.map { String(decoding: $0, as: UTF8.self) } }
    var keyText: String? { key.map { String(decoding: $0, as: UTF8.self) } }
}
