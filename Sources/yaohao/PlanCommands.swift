import ArgumentParser
import Foundation
import JSON
import Plans

/// `yaohao plan`: annual and joint plans, and what can be seen and computed of them.
struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Check, list and show plans · 抽查计划",
        subcommands: [PlanCheck.self, List.self, Show.self, Propose.self, Forecast.self, SchemeDocument.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "list", abstract: "List the plans · 列表")

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
            commandName: "show",
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

    struct Propose: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "propose",
            abstract: "Which lines are better drawn together, within a department and across · 合并与联合建议",
            discussion: """
                Answer internal ones with cn.yaohao.plans.merge-decided.v1; draft a joint plan for joint ones.
                """)

        @Option(help: "The year · 年度") var year: Int
        @Option(help: "Of this department only · 部门") var department: String?
        @Flag(help: "As JSON · 以 JSON 输出") var json = false

        func run() async throws {
            let proposals = try await withPool(settings(needsKafka: false)) {
                try await PlanProposals.year(year, department: department, $0)
            }
            (json ? [proposals.canonicalText] : PlanProposals.text(proposals)).forEach(say)
        }
    }

    struct Forecast: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "forecast",
            abstract: "What the year's plans will ask of enterprises and inspectors · 负担预测")

        @Option(help: "The year · 年度") var year: Int
        @Option(help: "Only plans of this department · 部门") var department: String?
        @Flag(help: "As JSON · 以 JSON 输出") var json = false

        func run() async throws {
            let forecast = try await withPool(settings(needsKafka: false)) {
                try await PlanForecast.year(year, department: department, $0)
            }
            (json ? [forecast.canonicalText] : PlanForecast.text(forecast)).forEach(say)
        }
    }

    struct SchemeDocument: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "scheme",
            abstract: "Write the scheme of a draw as HTML to be printed on A4: as approved, or a draft · 工作方案")

        @Argument(help: "The plan's id · 计划编号") var plan: String
        @Argument(help: "The line's id · 行编号") var line: String
        @Option(help: "Which draw of the year · 第几次抽取") var draw = 1
        @Option(help: "A version; by default the one in force, else the latest · 版本") var version: Int?
        @Option(help: "The file to write · 输出文件") var out: String

        func run() async throws {
            let document = try await withPool(settings(needsKafka: false)) {
                try await Scheme.document(plan: plan, version: version, line: line, draw: draw, $0)
            }
            guard let document else {
                complain("没有计划行 \(plan)/\(line) 的第 \(draw) 次抽取 / there is no such draw; see `yaohao plan show \(plan)`")
                throw ExitStatus.answerIsNo
            }
            do {
                try Data(document.html.utf8).write(to: URL(fileURLWithPath: out))
            } catch {
                complain("\(out): 无法写入 / cannot be written: \(error.localizedDescription)")
                throw ExitStatus.wrongInput
            }
            say("\(out)\t\(document.isApproved ? "已批准 approved" : "草案 draft")")
        }
    }
}
