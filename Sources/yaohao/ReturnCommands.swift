import ArgumentParser
import Foundation
import JSON
import Postgres
import Registers
import Returns
import Sheets

/// `yaohao return`: monthly returns, summaries and circulars, counted from the data.
struct ReturnCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "return", abstract: "Monthly returns, summaries and circulars · 月报、总结与通报",
        subcommands: [Monthly.self, HalfYear.self, Annual.self, Circular.self, Assessment.self, Filing.self])

    static func period(_ kind: ReturnKind, _ name: String, option: String) throws -> ReturnPeriod {
        guard let period = ReturnPeriod(kind, name) else {
            complain("\(option): “\(name)”无效 / is not valid; write \(kind == .monthly ? "YYYY-MM" : "YYYY")")
            throw ExitStatus.wrongInput
        }
        return period
    }

    /// Runs work that may find that a return can't be made.
    static func reading<Result: Sendable>(_ work: (PostgresPool) async throws -> Result) async throws -> Result {
        do {
            return try await withPool(settings(needsKafka: false), work)
        } catch let problem as ReturnProblem {
            complain(problem.description)
            throw ExitStatus.wrongInput
        }
    }

    static func write(_ text: String, to file: String) throws {
        do {
            try Data(text.utf8).write(to: URL(filePath: file), options: .atomic)
        } catch {
            complain("\(file): 无法写入 / cannot be written: \(error.localizedDescription)")
            throw ExitStatus.wrongInput
        }
        say("已写入 written \(file)")
    }

    struct Monthly: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "monthly",
            abstract: "The monthly return of a department or the county · 月报表",
            discussion: """
                As submitted, where it was submitted; else as the data stand, by the month's end at the latest.
                Exit status 1 with --changes when something has changed since.
                """)

        @Option(help: "The department's id · 部门") var department: String?
        @Flag(help: "The county's, which is the sum of the departments' · 全县汇总") var county = false
        @Option(help: "YYYY-MM · 月份") var month: String
        @Option(help: "Write the form as a workbook · 写成 XLSX 表格") var xlsx: String?
        @Flag(help: "As JSON · 以 JSON 输出") var json = false
        @Flag(help: "Counted anew although it was submitted · 不用已报送的数字") var live = false
        @Flag(help: "What has changed since it was submitted · 报送以来的变化") var changes = false
        @Option(
            help: """
                Trace a figure: a cell of the workbook (F12), or LINE:COLUMN such as all:inspected or \
                SCJG/SCJG-1/joint:published · 追溯数字
                """)
        var explain: String?

        func validate() throws {
            guard county != (department != nil) else {
                throw ValidationError("请写 --department 部门 或 --county 之一 / name --department or --county, one of them")
            }
        }

        func run() async throws {
            let period = try ReturnCommand.period(.monthly, month, option: "--month")
            let frozen: FrozenReturn? =
                if let department, !live {
                    try await ReturnCommand.reading { try await FrozenReturn.read(period, department: department, $0) }
                } else { nil }
            if changes { return try await show(changesSince: frozen, period) }
            let (report, instant) = try await ReturnCommand.reading { pool in
                if let frozen { return (frozen.report, frozen.asOf) }
                let instant = try await ReturnStore.instant(.periodEnd, of: period, pool)
                return (try await ReturnStore.report(period, department: department, at: instant, pool), instant)
            }
            if let explain { return try await show(explain, report, frozen, at: instant) }
            if let xlsx {
                let workbook = Workbook(
                    ReturnSheet(report, frozen: frozen).sheets, title: report.name + period.chinese + "月报表",
                    created: Int(Date().timeIntervalSince1970))
                do {
                    try workbook.write(to: xlsx)
                } catch {
                    complain("\(error)")
                    throw ExitStatus.wrongInput
                }
                say("已写入 written \(xlsx)")
            } else if json {
                say((frozen?.json ?? ["as_of": .string(instant), "report": report.json]).canonicalText)
            } else {
                ReturnText.lines(report, frozen: frozen).forEach(say)
            }
        }

        private func show(changesSince frozen: FrozenReturn?, _ period: ReturnPeriod) async throws {
            guard let frozen, let department else {
                complain("\(department ?? "全县") 没有报送 \(month) 月报 / nothing was submitted to compare with")
                throw ExitStatus.wrongInput
            }
            let now = try await ReturnCommand.reading { pool in
                let instant = try await ReturnStore.instant(.now, of: period, pool)
                return try await ReturnStore.report(period, department: department, at: instant, pool)
            }
            let changes = ReturnChange.list(from: frozen.report.section, to: now.section)
            (json ? changes.map(\.json.canonicalText) : ReturnText.lines(changes)).forEach(say)
            if !changes.isEmpty { throw ExitStatus.answerIsNo }
        }

        private func show(
            _ figure: String, _ report: ReturnReport, _ frozen: FrozenReturn?, at instant: String
        ) async throws {
            var place = (line: "all", column: figure)
            if let cell = ReturnSheet(report, frozen: frozen).figures[figure.uppercased()] {
                place = cell
            } else if let colon = figure.firstIndex(of: ":"), !figure.hasPrefix("category:"),
                !figure.hasPrefix("follow-up:")
            {
                place = (String(figure[..<colon]), String(figure[figure.index(after: colon)...]))
            }
            let (line, column) = place
            let explanation = try await ReturnCommand.reading {
                try await Explanation.trace(report, line: line, column: column, at: instant, $0)
            }
            if !json { say("\(line):\(column)\t\(explanation.meaning)\t\(explanation.figure)") }
            explanation.traces.map(\.canonicalText).forEach(say)
        }
    }

    /// What half-year and annual summaries have in common.
    struct SummaryOptions: ParsableArguments {
        @Option(help: "The department's id; the county's without one · 部门，缺省为全县") var department: String?
        @Option(help: "YYYY · 年度") var year: String
        @Option(help: "The document, printable HTML · 输出文件（可打印 HTML）") var out: String
        @Flag(help: "The figures as JSON too, on standard output · 同时输出 JSON") var json = false

        func run(_ kind: ReturnKind) async throws {
            let period = try ReturnCommand.period(kind, kind == .halfYear ? year + "-H1" : year, option: "--year")
            let summary = try await ReturnCommand.reading { pool in
                let instant = try await ReturnStore.instant(.periodEnd, of: period, pool)
                return try await Summary.read(period, department: department, at: instant, pool)
            }
            if json { say(summary.report.json.canonicalText) }
            try ReturnCommand.write(summary.html(), to: out)
        }
    }

    struct HalfYear: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "half-year", abstract: "The half-year summary, due by 6 September · 半年工作总结")
        @OptionGroup var options: SummaryOptions
        func run() async throws { try await options.run(.halfYear) }
    }

    struct Annual: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "annual", abstract: "The annual summary, due by 30 November · 年度工作总结")
        @OptionGroup var options: SummaryOptions
        func run() async throws { try await options.run(.annual) }
    }

    struct Circular: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "circular",
            abstract: "Draft a circular: praise, laggards, talks · 起草通报")

        @Option(help: "The first day, YYYY-MM-DD · 起始日") var from: String
        @Option(help: "The last day, YYYY-MM-DD · 截止日") var to: String
        @Option(help: "The document, printable HTML · 输出文件（可打印 HTML）") var out: String
        @Flag(help: "The draft as JSON too, on standard output · 同时输出 JSON") var json = false

        func run() async throws {
            guard let first = Day(from), let last = Day(to), first <= last else {
                complain("--from --to: “\(from)”“\(to)”应为先后两个 YYYY-MM-DD 日期 / write two days, the earlier first")
                throw ExitStatus.wrongInput
            }
            let draft = try await ReturnCommand.reading { try await CircularDraft.draft(from: first, to: last, $0) }
            if json { say(draft.json.canonicalText) }
            try ReturnCommand.write(draft.html(), to: out)
        }
    }

    struct Assessment: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "assessment",
            abstract: "Figures for the assessment of the business environment · 营商环境考核数据")

        @Option(help: "YYYY · 年度") var year: String
        @Flag(help: "As JSON, one line a department; CSV without · 以 JSON 输出") var json = false

        func run() async throws {
            let period = try ReturnCommand.period(.annual, year, option: "--year")
            let lines = try await ReturnCommand.reading { pool in
                let instant = try await ReturnStore.instant(.periodEnd, of: period, pool)
                return try await AssessmentLine.lines(period, at: instant, pool)
            }
            (json ? lines.map(\.json.canonicalText) : AssessmentLine.csv(lines)).forEach(say)
        }
    }

    struct Filing: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "filing", abstract: "Who has submitted the month's return · 报送情况")

        @Option(help: "YYYY-MM · 月份") var month: String

        func run() async throws {
            let period = try ReturnCommand.period(.monthly, month, option: "--month")
            let rows = try await ReturnCommand.reading { pool in
                try await pool.query(
                    """
                    SELECT d.id, d.name, coalesce(to_char(s.submitted_at AT TIME ZONE 'Asia/Shanghai',
                        'YYYY-MM-DD HH24:MI'), '未报送') AS at
                    FROM registers.departments d
                    LEFT JOIN returns.submitted s ON s.kind = 'monthly' AND s.department = d.id
                        AND s.period = \(period.name)
                    WHERE d.valid_to IS NULL ORDER BY s.submitted_at NULLS LAST, d.id
                    """
                ).map { row in
                    try ["id", "name", "at"].map { try row.decode($0, as: String.self) }.joined(separator: "\t")
                }
            }
            rows.forEach(say)
        }
    }
}
