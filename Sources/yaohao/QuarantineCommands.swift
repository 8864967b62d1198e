import ArgumentParser
import Cluster
import Foundation
import JSON
import Kafka
import Registers

/// `yaohao quarantine`: rows of feeds that broke a rule.
struct QuarantineCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quarantine", abstract: "List, show, correct and replay rows that broke a rule · 隔离的数据行",
        subcommands: [List.self, Show.self, Correct.self, Replay.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "Rows that nothing newer has replaced · 列表",
            discussion: "Exit status 0, also when there are none.")

        @Option(help: "Only of this register · 登记库") var register: Register?
        @Option(help: "Only of this source · 来源") var source: String?
        @Flag(help: "One JSON object a line · 每行一个 JSON") var json = false

        func run() async throws {
            let rows = try await withPool(settings(needsKafka: false)) {
                try await Quarantine(pool: $0).rows(register: register, source: source)
            }
            for row in rows {
                if json {
                    say(row.json.canonicalText)
                } else {
                    let place = [row.register.rawValue, row.source, row.feed, "line \(row.position)", row.id]
                    say("\(row.number)\t" + place.joined(separator: "\t"))
                    for finding in row.findings { say("    \(finding.field): \(finding.message) [\(finding.code)]") }
                }
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "show", abstract: "Show one whole · 详情")

        @Argument(help: "Its number · 编号") var number: Int

        func run() async throws {
            let row = try await withPool(settings(needsKafka: false)) { try await find(number, Quarantine(pool: $0)) }
            say("\(row.register.rawValue)\t\(row.source)\t\(row.feed)\tline \(row.position)\t\(row.receivedAt)")
            if let instant = row.supersededAt { say("已被取代 superseded\t\(instant)") }
            for finding in row.findings { say("\(finding.field): \(finding.message) [\(finding.code)]") }
            say("")
            say(row.content?.canonicalText ?? "(停用 retirement of \(row.id))")
        }
    }

    struct Correct: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "correct",
            abstract: "Send a row again with some fields changed · 更正后重新报送",
            discussion: "Exit status: 0 taken, 1 still against the rules, 2 wrong input, 3 no report in time.")

        @Argument(help: "Its number · 编号") var number: Int
        @Option(help: "FIELD=VALUE; lists are parted by ';'; may be repeated · 更正的项") var set: [String] = []
        @Option(help: "A member to leave out; may be repeated · 删去的项") var unset: [String] = []
        @OptionGroup var signing: SigningOptions
        @Flag(help: "Print the report as JSON · 以 JSON 输出报告") var json = false

        func run() async throws {
            let key = try signing.signingKey()
            let changes = try set.map { text in
                guard let sign = text.firstIndex(of: "=") else {
                    complain("--set \(text): write FIELD=VALUE")
                    throw ExitStatus.wrongInput
                }
                return (field: String(text[..<sign]), value: String(text[text.index(after: sign)...]))
            }
            guard !(changes.isEmpty && unset.isEmpty) else {
                complain("--set: is missing; say what is to be corrected, or use yaohao quarantine replay")
                throw ExitStatus.wrongInput
            }
            try await withPool(settings()) { pool in
                let quarantine = Quarantine(pool: pool)
                let row = try await find(number, quarantine)
                try refuseSuperseded(row)
                let body: JSONValue
                do { body = try row.corrected(setting: changes, removing: unset) } catch {
                    complain("\(error)")
                    throw ExitStatus.wrongInput
                }
                let findings = row.register.findings(in: body)
                for finding in findings {
                    complain("\(number): \(finding.field): \(finding.message) [\(finding.code)]")
                }
                guard findings.isEmpty else { throw ExitStatus.answerIsNo }
                try await resend([(row, body, [])], key, signing, quarantine, json: json)
            }
        }
    }

    struct Replay: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "replay",
            abstract: "Send rows again as they are, such as after a department was added · 原样重新报送",
            discussion: "Exit status: 0 all taken, 1 some still against the rules, 2 wrong input, 3 no report in time.")

        @Argument(help: "Its number · 编号") var number: Int?
        @Flag(help: "All rows, of --register and --source if given · 全部") var all = false
        @Option(help: "Only of this register · 登记库") var register: Register?
        @Option(help: "Only of this source · 来源") var source: String?
        @OptionGroup var signing: SigningOptions
        @Flag(help: "Print each report as JSON · 以 JSON 输出报告") var json = false

        func run() async throws {
            guard (number != nil) != all else {
                complain("NUMBER, --all: give exactly one of them")
                throw ExitStatus.wrongInput
            }
            let key = try signing.signingKey()
            try await withPool(settings()) { pool in
                let quarantine = Quarantine(pool: pool)
                let rows: [QuarantinedRow]
                if let number {
                    rows = [try await find(number, quarantine)]
                    try refuseSuperseded(rows[0])
                } else {
                    rows = try await quarantine.rows(register: register, source: source)
                        .filter { source != nil || key.sources.contains($0.source) }
                }
                try await resend(
                    rows.map { ($0, $0.content, $0.findingsOfSender) }, key, signing, quarantine, json: json)
            }
        }
    }

    private static func find(_ number: Int, _ quarantine: Quarantine) async throws -> QuarantinedRow {
        guard let row = try await quarantine.rows(number: number).first else {
            complain("\(number): there is no such row in quarantine; see yaohao quarantine list")
            throw ExitStatus.wrongInput
        }
        return row
    }

    private static func refuseSuperseded(_ row: QuarantinedRow) throws {
        guard let instant = row.supersededAt else { return }
        complain("\(row.number): 已于 \(instant) 被更新的数据取代 / something newer took its place; nothing was sent")
        throw ExitStatus.wrongInput
    }

    /// Sends rows as deltas, one for each register and source, and waits for the reports.
    private static func resend(
        _ rows: [(row: QuarantinedRow, body: JSONValue?, findings: [Finding])], _ key: SigningKey,
        _ signing: SigningOptions,
        _ quarantine: Quarantine, json: Bool
    ) async throws {
        let settings = try settings()
        var isWhole = true
        let groups = Dictionary(grouping: rows) { [$0.row.register.rawValue, $0.row.source] }
        for (_, rows) in groups.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            guard let first = rows.first?.row else { continue }
            guard key.sources.contains(first.source), key.roles.contains(.feed) else {
                complain(
                    "\(signing.key): may not feed as \(first.source); use the key of that source, with the role feed")
                throw ExitStatus.wrongInput
            }
            let receipt: Receipt?
            do {
                let client = FeedClient(
                    kafka: settings.kafka, topics: settings.topics, key: key, logger: logger(settings))
                let now = Date()
                receipt = try await client.send(
                    to: first.register, time: now.instantText, timeout: .milliseconds(Int(signing.timeout * 1_000)),
                    rows: rows.enumerated().map { index, item in
                        FeedRow(
                            position: index + 1, id: item.body?["id"]?.text ?? item.row.id, body: item.body,
                            findings: item.findings)
                    }
                ) { partitions in
                    FeedHeading(
                        register: first.register, source: first.source, mode: .delta, now: now, partitions: partitions,
                        isCorrection: true)
                }
            } catch let error as KafkaError {
                complain("the broker: \(error)")
                throw ExitStatus.unreachable
            }
            guard let receipt else {
                complain(
                    "no report within \(signing.timeout) s; see that a worker runs (yaohao status) and believes the key "
                        + "(yaohao dead-letters list)")
                throw ExitStatus.unreachable
            }
            isWhole = try await settle(receipt, rows.map(\.row), quarantine, json: json) && isWhole
        }
        if rows.isEmpty { say("隔离区没有符合条件的行 · no such rows in quarantine") }
        if !isWhole { throw ExitStatus.answerIsNo }
    }

    /// Shows a report, and lets go of the rows that were taken or quarantined anew.
    private static func settle(
        _ receipt: Receipt, _ rows: [QuarantinedRow], _ quarantine: Quarantine, json: Bool
    ) async throws -> Bool {
        for reason in receipt.reasons { complain("\(reason.message) [\(reason.code)]") }
        let report = try FeedReport(json: receipt.details)
        for example in report.examples where rows.indices.contains(example.position - 1) {
            let number = rows[example.position - 1].number
            complain("仍被隔离 still quarantined: \(number): \(example.field): \(example.message) [\(example.code)]")
        }
        say(
            json
                ? String(decoding: receipt.json.canonical, as: UTF8.self)
                : "\(rows.first?.register.rawValue ?? ""): \(report.line)")
        guard receipt.status == .accepted else { return false }
        for row in rows { try await quarantine.supersede(row) }
        return report.quarantined == 0
    }
}
