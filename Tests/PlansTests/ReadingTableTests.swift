import JSON
import Plans
import Tables
import Testing

@Suite("A plan table")
struct ReadingTableTests {
    private func table(_ rows: [[String]], name: String = "") -> Table {
        Table(name: name, rows: rows.enumerated().map { Table.Row(line: $0.offset + 1, cells: $0.element) })
    }

    @Test("with the headings that departments use is read below its title, without totals and notes")
    func headings() throws {
        let table = table([
            ["某县2026年度部门联合“双随机、一公开”抽查工作计划", "", "", "", "", "", "", ""],
            ["序号", "抽查任务名称", "抽查对象范围", "抽查比例", "抽查频次", "信用风险分类监管要求", "抽查时间", "发起部门"],
            ["1", "汽车销售企业抽查", "汽车销售企业", "10%", "1次/年", "不涉及", "3月-11月", "市场监管局"],
            ["2", "旅行社抽查", "旅行社", "不低于5%", "2次/年", "", "10月底前", "文旅局"],
            ["合计", "", "", "", "", "", "", ""],
            ["备注：以实际为准", "", "", "", "", "", "", ""],
        ])
        let plan = try PlanTable([table], file: "plan.xlsx")
        #expect(plan.lines.map(\.number) == [1, 2] && plan.lines.map(\.place) == ["第3行", "第4行"])
        let first = PlanLineReader.read(plan.lines[0].cells)
        #expect(first.certain && first.rate?.exact == 100_000 && first.timesPerYear == 1)
        #expect(first.window.first?.text == "2026-03-01" && first.window.last?.text == "2026-11-30")
        #expect(first.leads == ["市场监管局"])
        let second = PlanLineReader.read(plan.lines[1].cells)
        #expect(second.certain && second.rate == Bounds(least: 50_000, most: nil) && second.timesPerYear == 2)
        #expect(second.window == PlanWindow(last: PlanDay(year: 2026, month: 10, day: 31)))
        #expect(plan.omitted.totals == 1 && plan.omitted.notes == 1)
    }

    @Test("loses no line whose cells sound like headings")
    func linesLikeHeadings() throws {
        let table = table([
            ["序号", "抽查事项", "依据", "备查", "抽查比例", "2026年抽查时间"],
            ["1", "抽查任务和抽查对象范围", "检查事项清单", "牵头部门", "5%", "3月"], ["2", "配合部门", "抽查方式", "抽查对象", "10%", "4月"],
        ])
        let plan = try PlanTable([table], file: "plan.csv")
        #expect(plan.lines.map { PlanLineReader.read($0.cells).rate?.exact } == [50_000, 100_000])
        #expect(plan.lines.allSatisfy { !$0.cells[.window].isEmpty })
    }

    @Test("gives a bare number the unit of its heading, and only that")
    func units() throws {
        let table = table([
            ["抽查事项", "抽查比例(%)", "抽查频次（次/年）", "开始时间", "结束时间"], ["甲", "5", "2", "2026年3月1日", "2026年9月30日"],
            ["乙", "不低于5%", "", "2026年3月1日", "2026年9月30日"], ["丙", "不低于5", "", "", ""], ["丁", "5-10", "", "", ""],
            ["戊", "约5", "", "", ""],
        ])
        let readings = try PlanTable([table], file: "plan.csv").lines.map { PlanLineReader.read($0.cells) }
        #expect(readings[0].certain && readings[0].rate?.exact == 50_000 && readings[0].timesPerYear == 2)
        #expect(readings[0].window.last?.text == "2026-09-30")
        #expect(readings[1].certain && readings[1].rate == Bounds(least: 50_000, most: nil))
        #expect(readings[2].certain && readings[2].rate == Bounds(least: 50_000, most: nil))
        #expect(readings[3].certain && readings[3].rate == Bounds(least: 50_000, most: 100_000))
        #expect(!readings[4].certain && readings[4].rate == nil)
    }

    @Test("gives a bare number below 频次 or 数量 what it counts, but none below 比例 or 大约")
    func counted() throws {
        let table = table([
            ["联查对象", "抽查比例", "抽查频次", "抽查数量", "大约抽取的检查对象数量", "实施日期"],
            ["旅行社", "5%", "=1", "7", "", "3月"], ["旅行社", "5%", "≥2", "7户", "", "3月"], ["旅行社", "5", "1", "", "", "3月"],
            ["旅行社", "5%", "", "", "2家", "3月"],
        ])
        let lines = try PlanTable([table], file: "plan.csv").lines
        let readings = lines.map { PlanLineReader.read($0.cells) }
        #expect(lines[0].cells[.objectScope] == "旅行社" && lines[0].cells[.window] == "3月")
        #expect(readings.map(\.certain) == [true, true, false, false])
        #expect(readings.map(\.timesPerYear) == [1, 2, 1, nil])
        #expect(readings.map { $0.count?.exact } == [7, 7, nil, nil])
        #expect(readings.map { $0.rate?.exact } == [50_000, 50_000, nil, 50_000])
    }

    @Test("with other headings is read by a mapping")
    func mapping() throws {
        let columns = try PlanColumns(
            mapping: [
                "columns": ["ratio_and_frequency": ["占比", "每年"], "window": "安排"], "title": "某县2025年度抽查工作计划",
            ])
        let table = table([["对什么", "占比", "每年", "安排"], ["加油站", "20%", "1次", "二季度"]])
        let plan = try PlanTable([table], file: "plan.csv", columns: columns)
        let reading = PlanLineReader.read(plan.lines[0].cells)
        #expect(reading.certain && reading.rate?.exact == 200_000 && reading.timesPerYear == 1)
        #expect(reading.window.first?.text == "2025-04-01" && reading.window.last?.text == "2025-06-30")
        let error = #expect(throws: TableError.self) {
            try PlanTable([self.table([["占比"], ["20%"]])], file: "plan.csv", columns: columns)
        }
        #expect(error?.description.contains("安排、每年") == true)
    }

    @Test(
        "a mapping that names what there is not is refused by name",
        arguments: [
            (["columns": ["rate": "比例"]], "rate"), (["columns": ["window": "时间"]], "columns.ratio_and_frequency"),
            (["columns": ["ratio_and_frequency": "比例"], "titel": "某县"], "titel"),
        ] as [(JSONValue, String)])
    func badMapping(mapping: JSONValue, word: String) {
        let error = #expect(throws: JSONError.self) { try PlanColumns(mapping: mapping) }
        #expect(error.map { "\($0)".contains(word) } == true)
    }

    @Test("without a heading or without a column of rates is no plan, and the message names the file")
    func noPlan() {
        for rows in [[["序号", "抽查事项", "抽查时间"], ["1", "甲", "3月"]], [["甲", "乙"], ["1", "2"]], []] {
            let error = #expect(throws: TableError.self) { try PlanTable([self.table(rows)], file: "计划.xlsx") }
            #expect(error?.description.hasPrefix("计划.xlsx") == true)
        }
    }

    @Test("in several sheets is one plan; hidden sheets and sheets without rates are none")
    func sheets() throws {
        let rows = [["抽查事项", "抽查比例"], ["甲", "5%"]]
        let plan = try PlanTable(
            [
                table([["说明"], ["见附件"]], name: "封面"), table(rows, name: "市级"),
                Table(name: "旧", rows: table(rows).rows, isHidden: true), table(rows, name: "县级"),
            ], file: "plan.xlsx")
        #expect(plan.lines.map(\.number) == [1, 2] && plan.lines.map(\.place) == ["市级 第2行", "县级 第2行"])
    }
}
