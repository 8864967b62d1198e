import Foundation
import JSON
import Registers
import Sheets
import Testing

@testable import Returns

@Suite("Periods, rates and figures of returns")
struct FigureTests {
    @Test(
        "Periods have the days of the calendar",
        arguments: [
            (ReturnKind.monthly, "2026-02", "2026-02-01", "2026-02-28"),
            (.monthly, "2024-02", "2024-02-01", "2024-02-29"),
            (.monthly, "2026-12", "2026-12-01", "2026-12-31"), (.halfYear, "2026-H1", "2026-01-01", "2026-06-30"),
            (.annual, "2026", "2026-01-01", "2026-12-31"),
        ])
    func periods(_ kind: ReturnKind, _ name: String, first: String, last: String) throws {
        let period = try #require(ReturnPeriod(kind, name))
        #expect("\(period.first)" == first && "\(period.last)" == last)
    }

    @Test(
        "What is no period of its kind is none",
        arguments: [
            (ReturnKind.monthly, "2026-13"), (.monthly, "2026-00"), (.monthly, "2026-3"), (.monthly, "2026"),
            (.monthly, "2026-H1"), (.halfYear, "2026-H2"), (.halfYear, "2026"), (.annual, "2026-01"), (.annual, "26"),
            (.annual, "1999"), (.annual, "二〇二六"),
        ])
    func noPeriods(_ kind: ReturnKind, _ name: String) {
        #expect(ReturnPeriod(kind, name) == nil)
    }

    @Test("Rates are rounded down, so that only the whole is a whole")
    func rates() {
        #expect(partsPerMillion(1, of: 3) == 333_333)
        #expect(partsPerMillion(2, of: 3) == 666_666)
        #expect(partsPerMillion(2_999_999, of: 3_000_000) == 999_999)
        #expect(partsPerMillion(7, of: 7) == 1_000_000)
        #expect(partsPerMillion(0, of: 0) == nil)
        #expect(percent(333_333) == "33.3333%")
        #expect(percent(50_000) == "5%")
        #expect(percent(1) == "0.0001%")
        #expect(percent(1_000_000) == "100%")
        #expect(percent(nil) == "—")
    }

    static func figures(_ seed: Int) -> Figures {
        var figures = Figures()
        figures.pool = seed * 100
        figures.drawn = seed * 7
        figures.due = seed * 5
        figures.inspected = seed * 3
        figures.published = seed * 2
        figures.categories = ["未发现问题": seed * 2, "发现问题已责令改正": seed]
        figures.followUpsByKind = ["correction": seed]
        figures.followUps = seed
        figures.closed = seed / 2
        figures.departments = ["A", "D\(seed)"]
        figures.inspectorVisits = seed * 6
        figures.planned = [
            ["rates": ["A": ["min": 10_000, "max": 10_000], "D": ["min": 1_000_000]], "counts": .null]
        ]
        return figures
    }

    @Test("Figures come back from their JSON, and are added part by part")
    func json() throws {
        let (a, b) = (Self.figures(3), Self.figures(4))
        #expect(try Figures(json: a.json) == a)
        let sum = a + b
        #expect(sum.inspected == 21 && sum.published == 14 && sum.unpublished == 7)
        #expect(sum.publishedPPM == 666_666)
        #expect(sum.categories == ["未发现问题": 14, "发现问题已责令改正": 7])
        #expect(sum.departments == ["A", "D3", "D4"])
        #expect(a.plannedText == "A 1%、D 不低于100%")
    }

    static func report(_ department: String?, _ section: ReturnSection) throws -> ReturnReport {
        ReturnReport(
            department: department, name: "市场监督管理局", period: try #require(ReturnPeriod(.monthly, "2026-03")),
            mechanisms: Mechanism.questions.map { Mechanism(question: $0, answer: "是") }, section: section,
            year: section,
            categories: ["未发现问题", "发现问题已责令改正"],
            followUpKinds: [ReturnReport.FollowUpKind(kind: "correction", name: "责令改正")], names: ["SCJG": "市场监督管理局"])
    }

    static func section() -> ReturnSection {
        var section = ReturnSection()
        section.rows = [
            ReturnRow(
                department: "SCJG", item: "SCJG-1", name: "登记事项检查", joint: false, objectKind: "企业", figures: figures(3)),
            ReturnRow(
                department: "SCJG", item: "SCJG-1", name: "登记事项检查", joint: true, objectKind: "企业", figures: figures(4)),
        ]
        section.alone = figures(3)
        section.joint = figures(4)
        section.all = figures(3) + figures(4)
        return section
    }

    @Test("A report comes back from its JSON")
    func report() throws {
        let report = try Self.report("SCJG", Self.section())
        #expect(try ReturnReport(json: JSONValue(parsing: report.json.canonicalText)) == report)
    }

    @Test("Nothing has changed between equal sections; each changed figure is named once")
    func changes() {
        let before = Self.section()
        #expect(ReturnChange.list(from: before, to: before) == [])
        var after = before
        after.all.inspected += 1
        after.all.categories["未按规定公示应当公示的信息"] = 1
        after.rows.removeLast()
        let changes = ReturnChange.list(from: before, to: after)
        #expect(
            changes.filter { $0.line == "all" }.map(\.figure) == [
                "categories.未按规定公示应当公示的信息", "inspected", "published_ppm", "unpublished",
            ])
        #expect(
            changes.contains {
                $0.line == "SCJG/SCJG-1/joint" && $0.figure == "due" && $0.then == 20 && $0.now == .null
            })
    }

    @Test("The workbook has the form first: its title, three rows, and two columns, and every figure in its cell")
    func sheet() throws {
        let report = try Self.report("SCJG", Self.section())
        let laid = ReturnSheet(report)
        let sheet = try #require(laid.sheets.first)
        #expect(laid.sheets.map(\.name) == ["月报表", "本年累计"])
        #expect(sheet[0, 0]?.value == .text("市场监管领域部门联合“双随机、一公开”抽查工作月报表（ 3月 ）"))
        #expect(sheet[2, 0]?.value == .text("一、“双随机、一公开”制度机制建设情况"))
        #expect((3...5).map { sheet[$0, 1]?.value } == Mechanism.questions.map { .text($0) })
        #expect(sheet[6, 0]?.value == .text("二、随机抽查工作开展情况"))
        #expect(sheet[8, 0]?.value == .text("抽查事项名称") && sheet[8, 1]?.value == .text("抽查比例"))
        let columns = ReturnColumn.all(of: report)
        #expect(columns.filter(\.isOfForm).map(\.title) == ["抽查事项名称", "抽查比例"])
        for (offset, row) in report.section.rows.enumerated() {
            for (index, column) in columns.enumerated() {
                let cell = try #require(sheet[9 + offset, index])
                #expect(laid.figures["\(Sheet.Position(9 + offset, index))"]?.line == row.key)
                #expect(laid.figures["\(Sheet.Position(9 + offset, index))"]?.column == column.key)
                switch column.value(row, row.figures) {
                case .text(let text): #expect(cell.value == .text(text))
                case .number(let number): #expect(cell.value == .integer(number))
                case .ppm(let ppm): #expect(cell.value == ppm.map { .ppm($0) } ?? .text("—"))
                }
            }
        }
        #expect(sheet[13, 0]?.value == .text("合计"))
        let file = FileManager.default.temporaryDirectory.appending(path: "return-\(UUID().uuidString).xlsx").path
        defer { try? FileManager.default.removeItem(atPath: file) }
        try Workbook(laid.sheets, created: 1).write(to: file)
    }

    @Test("The text has every column's heading and every line")
    func text() throws {
        let report = try Self.report(nil, Self.section())
        let lines = ReturnText.lines(report)
        #expect(lines.contains { $0.hasPrefix("抽查事项名称\t抽查比例\t抽查类型\t抽查部门") })
        #expect(lines.filter { $0.hasPrefix("登记事项检查\t") }.count == 4)
        #expect(ReturnText.lines(try Self.report("SCJG", ReturnSection())).contains { $0.hasPrefix("零报告") })
    }

    @Test("Part one answers from the registers")
    func mechanisms() {
        func state(_ documents: [Bool], items: Int, objects: Int, isExempt: Bool = false) -> MechanismState {
            MechanismState(
                name: "甲局", isExempt: isExempt,
                documents: documents.map { .init(title: $0 ? "工作细则" : "工作指引", number: "甲发〔2026〕1号", isRules: $0) },
                general: items, key: 0, objects: objects, inspectors: objects, certified: objects)
        }
        #expect(
            state([true, false], items: 2, objects: 5).answers.map(\.answer) == [
                "是：《工作细则》（甲发〔2026〕1号）；《工作指引》（甲发〔2026〕1号）", "是：2项，其中重点检查事项0项、一般检查事项2项",
                "是：检查对象5户，执法人员5人（证件在有效期内5人）",
            ])
        #expect(
            state([true], items: 0, objects: 0).answers.map(\.answer) == [
                "工作细则已出台，工作指引未出台：《工作细则》（甲发〔2026〕1号）", "否", "否",
            ])
        #expect(
            state([], items: 0, objects: 0, isExempt: true).answers.map(\.answer)
                == Array(repeating: "无抽查事项，不适用", count: 3))
        let county = MechanismState.county([
            state([true, false], items: 1, objects: 1), state([], items: 0, objects: 0),
            state([], items: 0, objects: 0, isExempt: true),
        ])
        #expect(county[0].answer == "2个有抽查任务的部门中1个已完成；未完成：甲局")
    }

    @Test("Charts hold a bar for each number, and scales that reach it", arguments: [0, 1, 4, 5, 39, 41, 399, 12_345])
    func charts(_ largest: Int) {
        let scale = Chart.scale(largest)
        #expect(scale >= largest && scale % 4 == 0 && scale <= max(4, largest * 5 / 2 + 4))
        let svg = Chart.bars("标题<&>", labels: ["1月", "2月"], [Chart.Series(name: "内部", values: [largest, 1])])
        #expect(svg.split(separator: "<rect").count == 3)
        #expect(svg.contains("标题&lt;&amp;&gt;"))
    }
}
