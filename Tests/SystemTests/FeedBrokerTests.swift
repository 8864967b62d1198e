import Cluster
import Foundation
import JSON
import Kafka
import Postgres
import Registers
import ServiceLifecycle
import Testing

/// A worker's part in feeds: it takes their messages and sends what stands in the outbox.
private func withWorker(_ stack: TestStack, _ body: () async throws -> Void) async throws {
    let letters = DeadLetters(pool: stack.pool, topics: stack.topics)
    let intake = FeedIntake(
        pool: stack.pool, topics: stack.topics, directory: KeyDirectory(pool: stack.pool), deadLetters: letters,
        logger: stack.logger)
    let services: [any Service] = [
        OutboxRelay(
            pool: stack.pool, conninfo: stack.conninfo, kafka: stack.kafka, topics: stack.topics, owner: "w1",
            logger: stack.logger),
        try Intake(
            settings: stack.kafka, group: stack.topics.prefix + "feeds", instance: "w1",
            topics: Topics.registers.map(stack.topics.feed), batch: FeedIntake.batch, deadLetters: letters,
            logger: stack.logger, work: intake.take),
    ]
    try await stack.running(services, body)
}

@Suite("Feeds over the broker", .serialized)
struct FeedBrokerTests {
    /// Sends so many departments as a snapshot.
    private func send(
        _ client: FeedClient, _ key: SigningKey, version: Int, _ count: Int, timeout: Duration
    ) async throws -> Receipt? {
        try await client.send(
            to: .departments, time: "2026-03-02T08:00:00Z", timeout: timeout,
            rows: (1...count).map { number in
                FeedRow(
                    position: number, id: "D\(number)",
                    body: ["id": .string("D\(number)"), "name": "局", "lead": false, "exempt": false])
            }
        ) { partitions in
            #expect(partitions == 3)
            return FeedHeading(
                register: .departments, source: key.sources[0], id: "f\(version)", mode: .snapshot, version: version,
                partitions: partitions, allowShrink: false)
        }
    }

    @Test("a feed goes over the broker into the register, and its report comes back")
    func report() async throws {
        try await TestStack.with { stack in
            let key = try await stack.key("SCJG", [.feed])
            let client = FeedClient(kafka: stack.kafka, topics: stack.topics, key: key, logger: stack.logger)
            try await withWorker(stack) {
                for (version, inserted) in [(1, 2_500), (2, 0)] {
                    let receipt = try #require(
                        try await send(client, key, version: version, 2_500, timeout: .seconds(60)))
                    #expect(receipt.status == .accepted && receipt.id == "f\(version)")
                    let report = try FeedReport(json: receipt.details)
                    #expect(report.inserted == inserted && report.read == 2_500 && report.addsUp)
                }
                #expect(try await stack.count("SELECT count(*) FROM registers.departments") == 2_500)
            }
        }
    }

    @Test("without a worker no report comes, and the feed is taken over by a worker that starts later")
    func noWorker() async throws {
        try await TestStack.with { stack in
            let key = try await stack.key("SCJG", [.feed])
            let client = FeedClient(kafka: stack.kafka, topics: stack.topics, key: key, logger: stack.logger)
            #expect(try await send(client, key, version: 1, 20, timeout: .seconds(1)) == nil)
            try await withWorker(stack) {
                try await eventually("the rows are in") {
                    try await stack.count("SELECT count(*) FROM registers.departments") == 20
                }
                // The same feed once more: the same report.
                let receipt = try #require(try await send(client, key, version: 1, 20, timeout: .seconds(60)))
                #expect(try FeedReport(json: receipt.details).inserted == 20)
            }
        }
    }
}
