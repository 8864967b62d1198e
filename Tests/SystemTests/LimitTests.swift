import Cluster
import Foundation
import JSON
import Kafka
import Postgres
import Testing

@Suite("Limits")
struct LimitTests {
    /// Sends so many valid submissions of one department, then one of another, and takes them by one worker.
    ///
    /// - Returns: how long the other one waited for its effect.
    static func flood(_ count: Int, rate: DepartmentRate?, _ stack: TestStack) async throws -> Duration {
        let plain = try await InboxTests.inbox(stack)
        let loud = try await stack.key("LOUD", [.request])
        let quiet = try await stack.key("QUIET", [.request])
        func record(_ key: SigningKey, _ id: String) throws -> KafkaRecord {
            let message = try InboxTests.message(key, id: id)
            return KafkaRecord(
                topic: stack.topics.drawRequests, key: Array(id.utf8), value: message.value, headers: message.headers)
        }
        let producer = try KafkaProducer(settings: stack.kafka, logger: stack.logger)
        let records = try (0..<count).map { try record(loud, "loud-\($0)") } + [record(quiet, "quiet")]
        for result in await producer.send(records) { _ = try result.get() }
        await producer.close()
        let intake = try Intake.submissions(
            of: plain.limited(to: rate), settings: stack.kafka, group: stack.topics.prefix + "g", instance: "one",
            topics: [stack.topics.drawRequests], deadLetters: DeadLetters(pool: stack.pool, topics: stack.topics),
            logger: stack.logger)
        let start = ContinuousClock.now
        try await stack.running([intake]) {
            try await eventually("the quiet department is heard", seconds: 600) {
                try await stack.count("SELECT count(*) FROM effects WHERE id = 'quiet'") == 1
            }
        }
        return ContinuousClock.now - start
    }

    @Test("A department above its rate is deferred without a receipt; the others are heard, and nothing is lost")
    func deferred() async throws {
        try await TestStack.with(partitions: 1) { stack in
            _ = try await Self.flood(300, rate: DepartmentRate(perSecond: 1, burst: 20), stack)
            let taken = try await stack.count("SELECT count(*) FROM effects WHERE id LIKE 'loud-%'")
            #expect((20..<300).contains(taken))
            #expect(try await stack.count("SELECT count(*) FROM cluster.inbox") == taken + 1)
            #expect(try await stack.count("SELECT count(*) FROM cluster.dead_letters") == 0)
            // What was let go can be sent again, and then has its one effect.
            let inbox = try await InboxTests.inbox(stack)
            let key = try await stack.key("LOUD", [.request])
            for number in 0..<300 {
                let message = try InboxTests.message(key, id: "loud-\(number)")
                let receipt = try await inbox.take(headers: message.headers, value: message.value)
                #expect(receipt.status == .accepted)
            }
            #expect(try await stack.count("SELECT count(*) FROM effects WHERE id LIKE 'loud-%'") == 300)
            #expect(try await AuditVerification(pool: stack.pool).run().problems == [])
        }
    }

    /// `YAOHAO_MEASURE_FLOOD=20000 swift test --filter LimitTests/measured` prints what `docs/reliability.md` holds.
    @Test(
        "How long another department waits behind a flood, with the standard rate and without",
        .enabled(if: ProcessInfo.processInfo.environment["YAOHAO_MEASURE_FLOOD"] != nil))
    func measured() async throws {
        let count = ProcessInfo.processInfo.environment["YAOHAO_MEASURE_FLOOD"].flatMap { Int($0) } ?? 20_000
        for rate in [nil, DepartmentRate(perSecond: 100, burst: 1_000)] {
            try await TestStack.with(partitions: 1) { stack in
                let waited = try await Self.flood(count, rate: rate, stack)
                let taken = try await stack.count("SELECT count(*) FROM effects WHERE id LIKE 'loud-%'")
                print(
                    "flood of \(count), \(rate == nil ? "no rate" : "standard rate"): waited \(waited), \(taken) taken")
            }
        }
    }
}
