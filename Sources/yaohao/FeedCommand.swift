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
        commandName: "feed",
        abstract: "Feed a register from a file and wait for the report · 报送登记库并等待入库报告",
        discussion: """
            FILE is CSV (RFC 4180), TSV, JSON Lines, .xlsx, .xls or a table of .docx, in UTF-8, UTF-16 or GB 18030; titles,
            totals and notes around the table are left out. Without --mapping its columns are
            \(Register.allCases.map { "  \($0.rawValue): " + $0.columns.map(\.name).joined(separator: ",") }.joined(separator: "\n"))
            and lists are parted by ';'. With it they are the department's own; see docs/feeds.md. Rows that break a rule are kept in quarantine, and the others go in.
            The report: read = inserted + updated + unchanged + retired + quarantined; a snapshot also retires the rows
            of this source that are absent from it, which then stand beside the rows read.
            Exit status: 0 done, 1 refused (or, with --check, rows would be quarantined), 2 wrong input, 3 no report in time.
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

    @Flag(help: "Only read the file and apply the rules; nothing is sent, no server or key is needed · 只试读，不报送")
    var check = false

    @Flag(
        help:
            "With --check: also say what the feed would change in the database as it is; nothing is changed · 与库中现有数据比对"
    )
    var compare = false

    @Flag(help: "Print the report as JSON · 以 JSON 输出报告")
    var json = false

    @Option(help: "The private key's file, as `yaohao keys generate` wrote it · 私钥文件")
    var key: String?

    @Option(help: "How many seconds to wait for the report before giving up · 等待报告的秒数")
    var timeout: Double = 60

    func run() async throws {
        let content: RegisterFile?
        do { content = try open() } catch let error as TableError { throw refuse("\(error)") }
        if check, compare { return try await compare(content) }
        if check { return try show(check: content) }
        guard let keyFile = key else { throw refuse("--key: is missing; name the file of a key with the role feed") }
        let key: SigningKey
        do { key = try SigningKey(file: keyFile) } catch { throw refuse("\(error)") }
        guard let source = source ?? key.sources.first, key.sources.contains(source) else {
            throw refuse(
                "--source: \(source ?? "none") is not among the key's sources: \(key.sources.joined(separator: ", "))")
        }
        guard key.roles.contains(.feed) else {
            throw refuse("--key: \(keyFile): 密钥没有 feed 权限 / has not the role feed; use a key with that role")
        }
        let settings = try settings(needsPostgres: false)
        let receipt: Receipt?
        do {
            let client = FeedClient(
                kafka: settings.kafka, topics: settings.topics, key: key, logger: logger(settings))
            let now = Date()
            let retired = retire
            receipt = try await client.send(
                to: register, time: now.instantText, timeout: .milliseconds(Int(timeout * 1_000)),
                sent: { tell(($0 as? FeedFile)?.rows) }
            ) { partitions in
                FeedHeading(
                    register: register, source: source, mode: delta ? .delta : .snapshot, now: now,
                    partitions: partitions, allowShrink: allowShrink)
            } rows: {
                try FeedFile(content, retiring: retired)
            }
        } catch let error as KafkaError {
            complain("the broker: \(error)")
            throw ExitStatus.unreachable
        } catch let error as TableError {
            throw refuse("\(error)")
        } catch let error as FeedWriter.Unsendable {
            throw refuse("\(file ?? ""): line \(error.position): \(error)")
        }
        guard let receipt else {
            complain(
                "no report within \(timeout) s; see that a worker runs (yaohao status) and believes the key (yaohao "
                    + "dead-letters list), and feed the same file again")
            throw ExitStatus.unreachable
        }
        try show(receipt)
    }

    private func refuse(_ message: String) -> ExitCode {
        complain(message)
        return ExitStatus.wrongInput
    }

    /// The file, once the options fit together.
    private func open() throws -> RegisterFile? {
        guard check || !compare else { throw refuse("--compare: goes with --check; add it") }
        if !check || compare {
            guard snapshot != delta else { throw refuse("--snapshot, --delta: give exactly one of them") }
        }
        guard delta || retire.isEmpty else {
            throw refuse("--retire: goes with --delta; a snapshot retires what is not in it")
        }
        guard file != nil || (!retire.isEmpty && !check) else {
            throw refuse("FILE: is missing; name the file to feed")
        }
        if let bad = retire.first(where: { $0.isEmpty || $0.utf8.count > 1_000 }) {
            throw refuse("--retire: '\(bad)' is no id")
        }
        guard let file else { return nil }
        return try RegisterFile(of: register, path: file, sheet: sheet, mapping: readMapping())
    }

    /// Says what of the file is no data.
    private func tell(_ rows: RegisterRows?) {
        guard let rows, rows.omitted.count + rows.skipped > 0 else { return }
        let left = [rows.omitted.description, rows.skipped > 0 ? "按映射跳过 skipped \(rows.skipped)" : ""]
        complain("\(file ?? ""): 未计入 left out: \(left.filter { !$0.isEmpty }.joined(separator: ", "))")
    }

    private func show(check content: RegisterFile?) throws {
        guard let content else { return }
        let result: FeedCheck
        do { result = try FeedCheck(content, codes: CodeLists(.embedded())) } catch { throw refuse("\(error)") }
        for problem in result.problems {
            let field = problem.finding.field.isEmpty ? "" : "\(problem.finding.field): "
            complain(
                "将隔离 would be quarantined: \(content.name): line \(problem.position): \(field)\(problem.finding.message) "
                    + "[\(problem.finding.code)]")
        }
        say(json ? result.json.canonicalText : "试读 checked \(register.rawValue): \(result.line)")
        if result.quarantined > 0 { throw ExitStatus.answerIsNo }
    }

    /// What the feed would change in the database.
    private func compare(_ content: RegisterFile?) async throws {
        guard let source else { throw refuse("--source: is missing; name the source that would send the file") }
        let heading = FeedHeading(
            register: register, source: source, mode: delta ? .delta : .snapshot, now: Date(), partitions: 1,
            allowShrink: allowShrink)
        let preview: FeedPreview
        do {
            preview = try await withPool(settings(needsKafka: false)) { pool in
                try await FeedPreview(content, retiring: retire, as: heading, in: pool)
            }
        } catch let error as TableError { throw refuse("\(error)") }
        for reason in preview.reasons { complain("将不予入库 would be refused: \(reason.message) [\(reason.code)]") }
        for example in preview.report.examples { tell(example, "将隔离 would be quarantined") }
        say(json ? preview.report.json.canonicalText : "试比对 would change \(register.rawValue): \(preview.report.line)")
        if !preview.reasons.isEmpty || preview.report.quarantined > 0 { throw ExitStatus.answerIsNo }
    }

    private func tell(_ example: FeedReport.Example, _ what: String) {
        // Ids to retire come behind the file's last line.
        let place = retire.contains(example.id) ? "--retire \(example.id)" : "\(file ?? ""): line \(example.position)"
        let field = example.field.isEmpty ? "" : "\(example.field): "
        complain("\(what): \(place): \(field)\(example.message) [\(example.code)]")
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
        for example in report.examples { tell(example, "已隔离 quarantined") }
        if json {
            say(String(decoding: receipt.json.canonical, as: UTF8.self))
        } else {
            say("\(receipt.status == .accepted ? "已入库 taken" : "未入库 refused") \(register.rawValue): \(report.line)")
        }
        if receipt.status == .rejected { throw ExitStatus.answerIsNo }
    }
}

extension Register: ExpressibleByArgument {}
