import ArgumentParser
import Foundation
import Inspections
import JSON

/// `yaohao visits`: the tasks of drawn rounds, for those who inspect.
struct Visits: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "visits",
        abstract: "List and show visits, and print their papers · 检查任务",
        subcommands: [List.self, Show.self, Papers.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "list", abstract: "List departments' tasks · 列表")

        @Option(help: "Of this department only · 部门") var department: String?
        @Option(help: "Of this round only · 轮次") var round: String?
        @Option(
            help: "In this state only: assigned confirmed begun ended failed recorded returned reviewed published · 状态")
        var state: String?
        @Flag(help: "As JSON, one line a task · 以 JSON 输出") var json = false

        func run() async throws {
            if let state, !VisitReport.states.contains(where: { $0.name == state }) {
                let names = VisitReport.states.map(\.name).joined(separator: " ")
                complain("--state: 没有状态 \(state)，可选：\(names) / is none of these")
                throw ExitStatus.wrongInput
            }
            let visits = try await withPool(settings(needsKafka: false)) {
                try await VisitReport.list(department: department, round: round, state: state, $0)
            }
            (json ? visits.map(\.canonicalText) : VisitReport.text(list: visits)).forEach(say)
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show",
            abstract: "Show a visit: team, checklists, what each department checks, results · 详情")

        @Argument(help: "The visit's id · 任务编号") var visit: String
        @Flag(help: "As JSON · 以 JSON 输出") var json = false

        func run() async throws {
            let report = try await withPool(settings(needsKafka: false)) { try await VisitReport.show(visit, $0) }
            guard let report else { throw Visits.unknown(visit) }
            (json ? [report.canonicalText] : VisitReport.text(report)).forEach(say)
        }
    }

    struct Papers: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "papers",
            abstract: "Write a visit's papers as HTML that prints on A4 · 检查文书")

        @Argument(help: "The visit's id · 任务编号") var visit: String
        @Option(help: "Whose papers · 部门") var department: String
        @Option(help: "A folder; papers of the same name are replaced · 输出目录") var out: String
        @Option(help: "What the QR code says, {visit} for the id; by default YAOHAO_VISIT_CODE · 二维码内容")
        var code: String?

        func run() async throws {
            let code =
                code ?? ProcessInfo.processInfo.environment["YAOHAO_VISIT_CODE"].flatMap { $0.isEmpty ? nil : $0 }
                ?? VisitPapers.standardCode
            let papers: [VisitPapers.Paper]?
            do {
                papers = try await withPool(settings(needsKafka: false)) {
                    try await VisitPapers().papers(of: visit, department: department, code: code, $0)
                }
            } catch let error as VisitPapers.Problem {
                complain("\(error)")
                throw ExitStatus.answerIsNo
            } catch let error as QRCode.Problem {
                complain("--code: \(error)")
                throw ExitStatus.wrongInput
            }
            guard let papers else { throw Visits.unknown(visit) }
            do {
                try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
                for paper in papers {
                    // Papers name inspectors and entities that may not be public yet.
                    let path = out + "/" + paper.name
                    try Data(paper.html.utf8).write(to: URL(filePath: path), options: .atomic)
                    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
                }
            } catch {
                complain("\(out): cannot be written: \(error); choose a writable folder")
                throw ExitStatus.wrongInput
            }
            for paper in papers { say(out + "/" + paper.name) }
        }
    }

    fileprivate static func unknown(_ visit: String) -> ExitCode {
        complain("没有已抽取的检查任务 \(visit) / no drawn round has this visit; see `yaohao visits list`")
        return ExitStatus.answerIsNo
    }
}

/// `yaohao leads`: leads outside the draw, and what has become common.
struct Leads: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "leads",
        abstract: "List leads, and what has become common · 个案线索", subcommands: [List.self, Common.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "list", abstract: "List the leads · 列表")

        @Option(help: "Of this department only · 部门") var department: String?
        @Flag(help: "As JSON, one line a lead · 以 JSON 输出") var json = false

        func run() async throws {
            let leads = try await withPool(settings(needsKafka: false)) {
                try await LeadReport.list(department: department, $0)
            }
            (json ? leads.map(\.canonicalText) : LeadReport.text(list: leads)).forEach(say)
        }
    }

    struct Common: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "common",
            abstract: "What has become common, with the special inspection that is proposed · 普遍性问题与专项检查建议")

        @Flag(help: "Also what stays below the thresholds · 含未达阈值的") var all = false
        @Flag(help: "As JSON, one line a group · 以 JSON 输出") var json = false

        func run() async throws {
            let groups = try await withPool(settings(needsKafka: false)) { try await LeadReport.common(all: all, $0) }
            (json ? groups.map(\.canonicalText) : LeadReport.text(common: groups)).forEach(say)
        }
    }
}
