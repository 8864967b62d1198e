import Cluster
import Draw
import Foundation
import JSON
import Kafka
import Logging
import Notices
import Postgres
import ServiceLifecycle
import Synchronization
import Testing
import WebTesting

@testable import Rounds

/// Everything that was logged, metadata and all.
final class LogCapture: Sendable {
    private let lines = Mutex<[String]>([])

    struct Handler: LogHandler {
        let capture: LogCapture
        var metadata: Logger.Metadata = [:]
        var logLevel: Logger.Level = .trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        // swift-format-ignore
        func log(
            level: Logger.Level, message: Logger.Message, metadata: Logger.Metadata?, source: String, file: String,
            function: String, line: UInt
        ) {
            let all = self.metadata.merging(metadata ?? [:]) { $1 }
            capture.lines.withLock { $0.append("\(level) \(message) \(all)") }
        }
    }

    var logger: Logger {
        var logger = Logger(label: "capture") { _ in Handler(capture: self) }
        logger.logLevel = .trace
        return logger
    }

    var text: String { lines.withLock { $0.joined(separator: "\n") } }
}

@Suite("Confidential until due")
struct SecrecyTests {
    @Test("No topic, open table, log line, receipt or error tells who was drawn, or by whom, before it is due")
    func undisclosed() async throws {
        try await TestStack.with(partitions: 1) { stack in
            let county = try await RoundTests.County(stack, window: ["2090-03-01", "2090-06-30"])
            try await stack.pool.execute("UPDATE registers.entities SET name = '某某企业第' || id || '号'")
            try await stack.pool.execute("UPDATE registers.inspectors SET name = '某某检查员第' || id || '号'")
            let capture = LogCapture()
            let services: [any Service] = [
                OutboxRelay(
                    pool: stack.pool, conninfo: stack.conninfo, kafka: stack.kafka, topics: stack.topics, owner: "one",
                    logger: capture.logger),
                TaskRunner(
                    store: TaskStore(pool: stack.pool, topics: stack.topics), owner: "one",
                    handlers: county.rounds.tasks, logger: capture.logger),
                AuditChainer(pool: stack.pool, topics: stack.topics, logger: capture.logger),
                Notifier(
                    pool: stack.pool, topics: stack.topics, configuration: try NotifierConfiguration(),
                    logger: capture.logger),
            ]
            var said: [String] = []
            try await stack.running(services) {
                try await county.collect("R-1", within: 3_600)
                try await eventually("committed", seconds: 120) { try await county.state("R-1") == "committed" }
                for witness in county.witnesses { _ = try await county.reveal("R-1", witness) }
                try await county.endReveals("R-1")
                for witness in county.witnesses {
                    let receipt = try await county.submit(
                        RoundMessage.Kind.publicValueStated,
                        ["round": "R-1", "source": "public:p", "value": "12345678"], source: witness)
                    said.append(receipt.json.canonicalText)
                }
                try await eventually("drawn", seconds: 120) { try await county.state("R-1") == "drawn" }
                try await eventually("all is sent", seconds: 60) {
                    try await stack.count(
                        """
                        SELECT (SELECT count(*) FROM cluster.outbox WHERE sent_at IS NULL)
                            + (SELECT count(*) FROM cluster.acts_waiting)
                        """) == 0
                }
            }
            let entities = Set(
                try await stack.pool.query("SELECT DISTINCT entity FROM rounds.visits").map {
                    try $0.decode(0, as: String.self)
                })
            #expect(entities.count > 100)
            let seed = try #require(
                try await stack.pool.query("SELECT seed FROM rounds.rounds").first?.decode(0, as: String?.self))

            var seen: [(place: String, text: String)] = [("receipts", said.joined()), ("logs", capture.text)]
            for (topic, _) in stack.topics.all {
                let reader = try await KafkaReader.open(settings: stack.kafka, topic: topic, logger: stack.logger)
                for message in try await reader.readToEnd() {
                    let headers = message.headers.map { "\($0.name)=\(String(decoding: $0.value, as: UTF8.self))" }
                    seen.append(
                        (
                            topic,
                            [message.key ?? [], message.value ?? []].map { String(decoding: $0, as: UTF8.self) }
                                .joined(separator: " ") + headers.joined(separator: " ")
                        ))
                }
                await reader.close()
            }
            #expect(seen.contains { $0.place == stack.topics.events && $0.text.contains("round-drawn") })
            let open = try await stack.pool.query(
                """
                SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'open'::regnamespace AND c.relkind IN ('r', 'v')
                """
            ).map { try $0.decode(0, as: String.self) }
            #expect(open.contains("rounds") && open.contains("audit_heads") && open.contains("publications"))
            for table in open {
                for row in try await stack.pool.query(SQL(raw: "SELECT to_jsonb(t)::text FROM open.\"\(table)\" t")) {
                    seen.append(("open.\(table)", try row.decode(0, as: String.self)))
                }
            }
            #expect(seen.contains { $0.place == "open.rounds" && $0.text.contains("R-1") })
            try await OpenSite.of(stack) { site in
                for path in [
                    "/", "/index.json", "/draws", "/draws.atom", "/draws/R-1", "/draws/R-1.json",
                    "/draws/R-1/visits.json",
                    "/draws/R-1/check", "/draws/R-1/bundle.zip", "/draws/R-1/files/seed.json",
                    "/draws/R-1/files/result.json",
                    "/draws/R-1/files/roster.tsv", "/search.json?q=E0", "/results.json", "/rates.json",
                    "/calendar.json",
                    "/sitemap.xml", "/sitemaps/pages.xml",
                ] {
                    seen.append((path, try await site.client(path).text))
                }
                try await ownLine(of: entities.sorted()[0], stack, site)
            }
            // What operators are shown, and why tasks have failed.
            seen.append(("round show", try #require(try await RoundReport.show("R-1", stack.pool)).canonicalText))
            for line in try await AuditLog.lines(stack.pool) { seen.append(("audit show", line.canonicalText)) }
            for row in try await stack.pool.query("SELECT COALESCE(failure, '') FROM cluster.tasks") {
                seen.append(("failures", try row.decode(0, as: String.self)))
            }
            // Everybody's id is of one of these forms; nobody's may be anywhere, drawn or not. Words as a whole: a random UUID
            // may have the like within.
            let entity = /\bE\d{6}\b/.wordBoundaryKind(.simple)
            let inspector = /\bP0\d\d\b/.wordBoundaryKind(.simple)
            for (place, text) in seen {
                #expect(text.firstMatch(of: entity) == nil, "an entity in \(place): \(text.prefix(200))")
                #expect(text.firstMatch(of: inspector) == nil, "an inspector in \(place): \(text.prefix(200))")
                #expect(!text.contains("某某"), "a name in \(place): \(text.prefix(200))")
                // Who runs rounds is shown the seed, and can read more than that.
                if place == "round show" { continue }
                #expect(!text.contains(seed), "the seed in \(place): \(text.prefix(200))")
                #expect(!text.contains(county.nonce), "a nonce in \(place): \(text.prefix(200))")
            }
        }
    }

    /// An enterprise with its word learns its own line of the roster, with a proof that leads to the published root, and not
    /// yet whether it was drawn; nobody else learns anything.
    private func ownLine(of entity: String, _ stack: TestStack, _ site: OpenSite) async throws {
        let word = try #require(
            try await stack.pool.query("SELECT site.word_of(\(entity))").first?.decode(0, as: String.self))
        let (status, answer) = try await site.ask(entity, word.lowercased().replacing("-", with: " "))
        #expect(status == 200)
        let round = try #require(answer["rounds"]?[0])
        #expect(round["in_roster"] == true)
        let proof = try EntityProof(JSONField(try #require(round["proof"])))
        #expect(proof.line.hasPrefix(entity + "\t"))
        let root = try #require(try await site.json("/draws/R-1.json")["roster"]?["root"])
        #expect(proof.root.map(JSONValue.string) == root)
        let pool = try #require(round["pools"]?[0])
        #expect(pool["chance_ppm"] != nil)
        for hidden in ["ticket", "threshold", "drawn"] { #expect(pool[hidden] == nil) }
        let wrong = try await site.ask(entity, "0000-0000-0000")
        let unknown = try await site.ask("91150222MA00000001", word)
        #expect(wrong.status == 422)
        #expect(wrong.status == unknown.status && wrong.answer == unknown.answer)
    }
}
