public import ArgumentParser
import Cluster
import Foundation
import JSON
import Kafka
import Registers
import Tables

/// `yaohao feed`: a file's rows into a register, over the feed topic, and the report of what became of them.
struct Feed: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Feed a register from a file and wait for the report · 报送登记库并等待入库报告",
        discussion: """
            FILE is CSV (RFC 4180), TSV, JSON Lines, .xlsx, .xls or a table of .docx, in UTF-8, UTF-16 or GB 18030; titles,
            totals and notes around the table are left out. Without --mapping its columns are
            \(Register.allCases.map { "  \($0.rawValue): " + $0.columns.map(\.name).joined(separator: ",") }.joined(separator: "\n"))
            and lists are parted by ';'. With it they are the department's own; see docs/feeds.md. Rows that break a rule are kept in quarantine, and the others go in.
            The report: read = inserted + updated + unchanged + retired + quarantined; a snapshot also retires the rows
            of this source that are absent from it, which then stand beside the rows read.
            Exit status: 0 done, 1 refused, 2 wrong input, 3 no report in time.
            """)

    @Argument(help: "\(Register.allCases.map(\.rawValue).joined(separator: ", ")) · 登记库")
    var register: Register

    @Argument(help: "The file; may be left out for a delta that only retires · 文件")
    var file: String?

    @Flag(help: "The whole register of this source: what is not in the file is retired · 全量")
    var snapshot = false

    @Flag(help: "Changes only: what is not in the file stays · 增量")
    var delta = false

    @Option(help: "In a delta, an id that is no longer valid; may be repeated · 停用的编号")
    var retire: [String] = []

    @Option(help: "Who sends it, one of the key's sources · 来源")
    var source: String?

    @Option(help: "How to read the department's own columns, codes and dates, a YAML file · 映射文件")
    var mapping: String?

    @Option(help: "Which sheet of a workbook or table of a document; the first with the columns · 工作表")
    var sheet: String?

    @Flag(help: "Let the feed retire more than a tenth of the source's rows · 允许停用超过十分之一")
    var allowShrink = false

    @Flag(help: "Print the report as JSON · 以 JSON 输出报告")
    var json = false

    @OptionGroup var signing: SigningOptions

    func run() async throws {
        let key = try signing.signingKey()
        let (mode, rows) = try input()
        guard let source = source ?? key.sources.first, key.sources.contains(source) else {
            complain(
                "--source: \(source ?? "none") is not among the key's sources: \(key.sources.joined(separator: ", "))")
            throw ExitStatus.wrongInput
        }
        let settings = try settings(needsPostgres: false)
        let now = Date()
        let receipt: Receipt?
        do {
            let client = FeedClient(
                kafka: settings.kafka, topics: settings.topics, key: key, logger: logger(settings))
            let version = Int((now.timeIntervalSince1970 * 1_000).rounded(.down))
            let heading = FeedHeading(
                register: register, source: source,
                // Two feeds that one source begins in the same millisecond are still two.
                id: "\(register.rawValue)-\(version)-\(hexText((0..<4).map { _ in UInt8.random(in: .min ... .max) }))",
                mode: mode, version: version, partitions: try await client.partitions(of: register),
                allowShrink: allowShrink)
            receipt = try await client.send(
                FeedBatch(heading, rows: rows, topics: settings.topics, time: now.instantText),
                timeout: .milliseconds(Int(signing.timeout * 1_000)))
        } catch let error as KafkaError {
            complain("the broker: \(error)")
            throw ExitStatus.unreachable
        }
        guard let receipt else {
            complain(
                "no report within \(signing.timeout) s; see that a worker runs (yaohao status) and feed the same file again"
            )
            throw ExitStatus.unreachable
        }
        try show(receipt)
    }

    /// What kind of feed it is to be, and its rows.
    private func input() throws -> (FeedMode, [FeedRow]) {
        func refuse(_ message: String) -> ExitCode {
            complain(message)
            return ExitStatus.wrongInput
        }
        guard snapshot != delta else { throw refuse("--snapshot, --delta: give exactly one of them") }
        guard delta || retire.isEmpty else {
            throw refuse("--retire: goes with --delta; a snapshot retires what is not in it")
        }
        guard file != nil || !retire.isEmpty else { throw refuse("FILE: is missing; name the file to feed") }
        if let bad = retire.first(where: { $0.isEmpty || $0.utf8.count > 1_000 }) {
            throw refuse("--retire: '\(bad)' is no id")
        }
        var rows: [FeedRow] = []
        if let file {
            do {
                let content = try RegisterFile(of: register, path: file, sheet: sheet, mapping: readMapping())
                var reader = try content.rows()
                while let row = try reader.next() {
                    rows.append(FeedRow(position: row.line, id: row.id, body: row.body))
                }
            } catch let error as TableError {
                throw refuse("\(error)")
            }
        }
        if let long = rows.first(where: { $0.id.utf8.count > 1_000 }) {
            throw refuse("\(file ?? ""): line \(long.position): column id: is longer than 1,000 bytes; shorten it")
        }
        let last = rows.last?.position ?? 0
        rows += retire.enumerated().map { FeedRow(position: last + 1 + $0.offset, id: $0.element, body: nil) }
        return (delta ? .delta : .snapshot, rows)
    }

    private func readMapping() throws -> Mapping? {
        guard let mapping else { return nil }
        guard let content = FileManager.default.contents(atPath: mapping) else {
            throw TableError(mapping, "cannot be read; name a mapping file that exists")
        }
        let read = try Mapping(name: mapping, text: String(decoding: content, as: UTF8.self))
        guard read.register == register else {
            throw TableError(mapping, "register: is for \(read.register.rawValue), not for \(register.rawValue)")
        }
        return read
    }

    private func show(_ receipt: Receipt) throws {
        for reason in receipt.reasons { complain("\(reason.message) [\(reason.code)]") }
        let report: FeedReport
        do {
            report = try FeedReport(json: receipt.details)
        } catch {
            complain("the report cannot be read: \(error); use the version of yaohao that the workers have")
            throw ExitStatus.answerIsNo
        }
        for example in report.examples {
            // Ids to retire come behind the file's last line.
            let place =
                retire.contains(example.id) ? "--retire \(example.id)" : "\(file ?? ""): line \(example.position)"
            let field = example.field.isEmpty ? "" : "\(example.field): "
            complain("已隔离 quarantined: \(place): \(field)\(example.message) [\(example.code)]")
        }
        if json {
            say(String(decoding: receipt.json.canonical, as: UTF8.self))
        } else {
            say("\(receipt.status == .accepted ? "已入库 taken" : "未入库 refused") \(register.rawValue): \(report.line)")
        }
        if receipt.status == .rejected { throw ExitStatus.answerIsNo }
    }
}

extension Register: ExpressibleByArgument {}
