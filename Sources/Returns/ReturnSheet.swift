import Registers
public import Sheets

/// A return as a workbook: the annexed form first, as far as its copy goes, this project's own columns beside it.
public struct ReturnSheet: Sendable {
    /// The workbook's sheets.
    public let sheets: [Sheet]
    /// Which figure each cell of the first sheet shows: the line's key and the column's.
    public let figures: [String: (line: String, column: String)]

    private static let plain = Style(alignment: .centre, wraps: true, hasBorder: true)
    private static let left = Style(alignment: .left, wraps: true, hasBorder: true)
    private static let heading = Style(isBold: true, alignment: .centre, wraps: true, hasBorder: true)
    private static let added = Style(isBold: true, alignment: .centre, wraps: true, hasBorder: true, fill: 0xEAF1FB)
    private static let part = Style(isBold: true, fontSize: 12, alignment: .left, hasBorder: true)

    /// Lays the return out.
    public init(_ report: ReturnReport, frozen: FrozenReturn? = nil) {
        let columns = ReturnColumn.all(of: report)
        let end = columns.count - 1
        var sheet = Sheet(name: report.period.kind == .monthly ? "月报表" : "统计表")
        sheet.isLandscape = true
        sheet.isA3 = true
        sheet.footer = "&C第 &P 页 共 &N 页"
        for (index, column) in columns.enumerated() { sheet.columnWidths[index] = Self.width(column) }
        var row = 0
        func across(_ text: String, _ style: Style, _ range: ClosedRange<Int>? = nil) {
            sheet.merge(rows: row...row, columns: range ?? 0...end, Cell(.text(text), style))
        }
        sheet.rowHeights[0] = 30
        across(report.title, Style(isBold: true, fontSize: 18, alignment: .centre))
        row += 1
        across("填报单位（地区）：\(report.name)", Style(fontSize: 12, alignment: .left), 0...end / 2)
        across("填报时间：\(frozen?.submittedAt ?? "")", Style(fontSize: 12, alignment: .left), (end / 2 + 1)...end)
        row += 1
        across("一、“双随机、一公开”制度机制建设情况", Self.part)
        row += 1
        for (index, mechanism) in report.mechanisms.enumerated() {
            sheet[row, 0] = Cell(.integer(index + 1), Self.plain)
            across(mechanism.question, Self.left, 1...6)
            across(mechanism.answer, Self.left, 7...end)
            sheet.rowHeights[row] = mechanism.answer.count > 60 ? 48 : 24
            row += 1
        }
        across("二、随机抽查工作开展情况", Self.part)
        row += 1
        sheet[row, 0] = Cell(.blank, Self.heading)
        sheet[row, 1] = Cell(.blank, Self.heading)
        across("以下各栏为本系统增列（附件文本至“抽查比例”止）", Self.added, 2...end)
        row += 1
        var figures: [String: (line: String, column: String)] = [:]
        Self.table(report.section, columns, into: &sheet, at: &row) { position, line, column in
            figures["\(position)"] = (line, column)
        }
        if report.section.isZero {
            across("零报告：本期没有应抽、已查的任务，也没有线索", Self.left)
            row += 1
        }
        across("三、个案线索处置情况（增列）：" + ReturnReport.leadsText(report.section.leads), Self.part)
        row += 1
        for remark in frozen?.remarks ?? [] {
            across(
                "\(remark.what == "problem" ? "存在问题" : "工作建议")\(remark.number)：\(remark.text)"
                    + (remark.answer.map { "　办公室答复：\($0)" } ?? ""), Self.left)
            sheet.rowHeights[row] = 32
            row += 1
        }
        across(
            "填报人：\(frozen?.filledBy ?? "")　　审批：\(frozen?.approval ?? "")　　（盖章）",
            Style(fontSize: 12, alignment: .left))
        row += 1
        across("注：户数按检查任务计（户次）；各比率按百万分比计算，不足一个百万分点的舍去；无基数的记“—”。", Style(fontSize: 10, alignment: .left))
        self.figures = figures
        var sheets = [sheet]
        if let year = report.year {
            var sheet = Sheet(name: "本年累计")
            sheet.isLandscape = true
            sheet.isA3 = true
            sheet.columnWidths = sheets[0].columnWidths
            sheet.merge(
                rows: 0...0, columns: 0...end,
                Cell(
                    .text("\(report.period.first.year)年1月至\(report.period.first.parts.month)月累计（增列）　\(report.name)"),
                    Style(isBold: true, fontSize: 14, alignment: .centre)))
            var row = 1
            Self.table(year, columns, into: &sheet, at: &row) { _, _, _ in }
            sheets.append(sheet)
        }
        self.sheets = sheets
    }

    private static func table(
        _ section: ReturnSection, _ columns: [ReturnColumn], into sheet: inout Sheet, at row: inout Int,
        _ remember: (Sheet.Position, String, String) -> Void
    ) {
        for (index, column) in columns.enumerated() {
            sheet[row, index] = Cell(.text(column.title), column.isOfForm ? heading : added)
        }
        sheet.rowHeights[row] = 64
        sheet.headingRows = row...row
        row += 1
        func put(_ key: String, _ line: ReturnRow?, _ name: String, _ figures: Figures) {
            for (index, column) in columns.enumerated() {
                let value = line == nil && column.key == "item" ? .text(name) : column.value(line, figures)
                var style = column.key == "item" || column.key == "departments" ? left : plain
                style.isBold = line == nil
                switch value {
                case .text(let text): sheet[row, index] = Cell(.text(text), style)
                case .number(let number): sheet[row, index] = Cell(.integer(number), style)
                case .ppm(let ppm?):
                    style.numberFormat = "0.00##%"
                    sheet[row, index] = Cell(.ppm(ppm), style)
                case .ppm(nil): sheet[row, index] = Cell(.text("—"), style)
                }
                remember(Sheet.Position(row, index), key, column.key)
            }
            row += 1
        }
        for line in section.rows { put(line.key, line, line.name, line.figures) }
        for sum in section.sums { put(sum.key, nil, sum.name, sum.figures) }
    }

    private static func width(_ column: ReturnColumn) -> Double {
        switch column.key {
        case "item": 28
        case "departments": 24
        case "planned", "object", "department": 14
        case "rate", "published_ppm", "closed_ppm": 10
        default: 8
        }
    }
}
