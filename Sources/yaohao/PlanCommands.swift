import ArgumentParser
import Foundation
import JSON
import Plans

/// `yaohao plan`: annual and joint plans, and what can be seen and computed of them.
struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "List and show plans · 抽查计划", subcommands: [List.self, Show.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the plans · 列表")

        @Option(help: "Of this year only · 年度") var year: Int?
        @Option(help: "Of this department only · 部门") var department: String?
        @Flag(help: "As JSON, one line a plan · 以 JSON 输出") var json = false

        func run() async throws {
            let plans = try await withPool(settings(needsKafka: false)) {
                try await PlanReport.list(year: year, department: department, $0)
            }
            (json ? plans.map(\.canonicalText) : PlanReport.text(list: plans)).forEach(say)
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a plan: the version in force, or another, and all that was said of it · 详情")

        @Argument(help: "The plan's id · 计划编号") var id: String
        @Option(help: "A version; by default the one in force, else the latest · 版本") var version: Int?
        @Flag(help: "As JSON · 以 JSON 输出") var json = false

        func run() async throws {
            let report = try await withPool(settings(needsKafka: false)) {
                try await PlanReport.show(id, version: version, $0)
            }
            guard let report else {
                complain(
                    "没有计划 \(id)\(version.map { " 第 \($0) 版" } ?? "") / there is no such plan; see `yaohao plan list`")
                throw ExitStatus.answerIsNo
            }
            (json ? [report.canonicalText] : PlanReport.text(report)).forEach(say)
        }
    }
}
