import ArgumentParser
import Cluster
import Foundation
import JSON
import Rounds

/// `yaohao audit`: who said what, and whether the record of it is whole.
struct Audit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Verify and show the audit log · 审计日志", subcommands: [Verify.self, Show.self])

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "verify",
            abstract: "Find any gap, change, reorder or deletion; exit status 1 if there is one · 核验")

        @Option(help: "A head that you have kept, NUMBER:HASH, as it was published; repeat it · 自己留存的链头")
        var head: [String] = []
        @Flag(help: "Only the log, without drawing every round anew · 不重算各轮抽取") var logOnly = false
        @Flag(help: "As JSON · 以 JSON 输出") var json = false

        func run() async throws {
            let kept = try head.map { text in
                let parts = text.split(separator: ":")
                guard parts.count == 2, let number = Int(parts[0]), number > 0, parts[1].utf8.count == 64 else {
                    complain("--head: \(text) 不是 序号:哈希 / is not NUMBER:HASH, as in the events and in open.audit_heads")
                    throw ExitStatus.wrongInput
                }
                return AuditVerification.Head(number: number, hash: parts[1].lowercased())
            }
            let report = try await withPool(settings(needsKafka: false)) {
                var report = try await AuditVerification(pool: $0).run(kept: kept)
                guard !logOnly else { return report }
                report.problems += try await RoundVerification.problems(
                    threads: ProcessInfo.processInfo.activeProcessorCount, $0)
                return report
            }
            if json {
                say(report.json.canonicalText)
            } else {
                say("条目 entries       \(report.entries)")
                say("链头 head          \(report.head ?? "-")")
                say("待入链 waiting      \(report.waiting)")
                say("签名 signatures    \(report.signatures)，无签名 unsigned \(report.unsigned)")
                say("已公布链头 heads    \(report.heads)")
                if report.problems.isEmpty { say("完整 whole") }
            }
            for problem in report.problems { complain("audit: \(problem.code): \(problem.message)") }
            if !report.problems.isEmpty { throw ExitStatus.answerIsNo }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Show what was said, and what came of it · 查看")

        @Option(help: "What was said of this round · 轮次") var round: String?
        @Option(help: "What this source said, such as dept:SCJG · 来源") var source: String?
        @Option(help: "What was signed with this key, and what became of it · 密钥编号") var key: String?
        @Option(help: "The earliest instant, YYYY-MM-DDThh:mm:ssZ · 起始时间") var since: String?
        @Flag(help: "Each line as JSON, as it was hashed · 以 JSON 输出") var json = false

        func run() async throws {
            let lines = try await withPool(settings(needsKafka: false)) {
                try await AuditLog.lines(subject: round, source: source, key: key, since: since, $0)
            }
            for line in lines {
                if json {
                    say(line.canonicalText)
                } else {
                    let codes = (line["codes"]?.elements ?? []).compactMap(\.text).joined(separator: ",")
                    say(
                        [
                            line["number"]?.number.map(String.init) ?? "-", line["time"]?.text ?? "",
                            line["source"]?.text ?? "", line["type"]?.text ?? "", line["subject"]?.text ?? "-",
                            line["outcome"]?.text ?? "", codes.isEmpty ? "-" : codes, line["key"]?.text ?? "-",
                        ].joined(separator: "\t"))
                }
            }
        }
    }
}
