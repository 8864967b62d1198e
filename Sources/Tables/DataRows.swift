import Foundation

/// How many rows of a table are no data, and were left out.
public struct OmittedRows: Sendable, Hashable {
    /// Titles above the heading.
    public var titles = 0
    /// Rows without any text.
    public var empty = 0
    /// Headings that are repeated, as on each printed page.
    public var headings = 0
    /// Totals (合计).
    public var totals = 0
    /// Notes behind the last row of data (备注).
    public var notes = 0

    /// Nothing left out.
    public init() {}

    /// All together.
    public var count: Int { titles + empty + headings + totals + notes }

    /// The counts in words; nothing when nothing was left out.
    public var description: String {
        [
            (titles, "标题行 titles"), (empty, "空行 empty"), (headings, "重复表头 repeated headings"), (totals, "合计行 totals"),
            (notes, "附注行 notes"),
        ].filter { $0.0 > 0 }.map { "\($0.1) \($0.0)" }.joined(separator: ", ")
    }
}

/// Tells rows of data from totals, notes, repeated headings and empty rows, one row after the other.
public struct DataRows: Sendable {
    /// What was left out so far.
    public private(set) var omitted = OmittedRows()
    private let heading: Heading
    /// Notes, or what looks like them, until it shows whether data comes behind.
    private var held: [Table.Row] = []
    /// Rows that turned out to be data.
    private var certain: ArraySlice<Table.Row> = []

    /// Below this heading.
    public init(below heading: Heading) {
        self.heading = heading
        omitted.titles = heading.lastRow
    }

    /// The next row of data; `nil` when the table has ended.
    ///
    /// - Parameter read: gives the next row below the heading, `nil` at the end; what is still held then are notes.
    public mutating func next<Failure>(_ read: () throws(Failure) -> Table.Row?) throws(Failure) -> Table.Row? {
        if let row = certain.popFirst() { return row }
        while let row = try read() {
            if isPlain(row) { return data(row) }
            guard let first = row.cells.first(where: { !$0.allSatisfy(\.isWhitespace) }) else {
                omitted.empty += 1
                continue
            }
            let word = Heading.normalised(first)
            if Self.isTotal(word) {
                omitted.totals += 1
            } else if isHeading(row) {
                omitted.headings += 1
            } else if Self.isNote(word) {
                held.append(row)
            } else {
                return data(row)
            }
        }
        omitted.notes += held.count
        held = []
        return nil
    }

    /// The first of the rows that a row of data makes certain.
    private mutating func data(_ row: Table.Row) -> Table.Row? {
        if held.isEmpty { return row }
        certain = held[...] + [row]
        held = []
        return certain.popFirst()
    }

    /// All rows of data of a table.
    public static func all(of table: Table, below heading: Heading) -> (rows: [Table.Row], omitted: OmittedRows) {
        var data = DataRows(below: heading)
        var rest = table.rows.dropFirst(heading.lastRow + 1)
        var rows: [Table.Row] = []
        while let row = data.next({ rest.popFirst() }) { rows.append(row) }
        return (rows, data.omitted)
    }

    private func isHeading(_ row: Table.Row) -> Bool {
        var named = 0
        for (column, cell) in zip(heading.columns, row.cells) {
            guard let name = column.names.last else { continue }
            guard name == Heading.normalised(cell) else { return false }
            named += 1
        }
        return named > 1
    }

    /// Whether bytes alone tell that a row is data: its first cell is not what stands there in the heading, and neither a
    /// total nor a note, but letters, digits and hyphens, no `Total`.
    private func isPlain(_ row: Table.Row) -> Bool {
        guard !row.cells.isEmpty, let name = heading.columns.first?.names.last else { return false }
        let cell = row.cells[utf8: 0]
        guard let first = cell.first, first != UInt8(ascii: "T") else { return false }
        return !cell.elementsEqual(name.utf8)
            && cell.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"): true
                default: false
                }
            }
    }

    private static let totals = ["合计", "总计", "小计", "共计", "累计", "本页小计", "本页合计", "Total", "TOTAL"]

    /// `合计`, `合计：`, `合计（户）`
    private static func isTotal(_ word: String) -> Bool {
        totals.contains { total in
            guard word.hasPrefix(total) else { return false }
            let rest = word.dropFirst(total.count)
            return rest.isEmpty || ":(".contains(rest.first ?? " ")
        }
    }

    private static let notes = [
        "备注", "注", "说明", "附注", "附件", "填表人", "填报人", "填表", "制表人", "制表", "审核人", "审核", "负责人", "单位负责人",
        "主要负责人", "分管领导", "联系人", "联系电话", "电话", "填报单位", "填表单位", "单位", "填报日期", "填表日期", "填报时间", "制表日期",
        "日期",
    ]

    /// `备注：…`, `注1：…`, `填表人：`, `单位（盖章）：`
    private static func isNote(_ word: String) -> Bool {
        guard let colon = word.firstIndex(of: ":") else { return false }
        var label = word[..<colon]
        while let last = label.last, last.isNumber { label.removeLast() }
        if label.hasSuffix(")"), let open = label.firstIndex(of: "(") { label = label[..<open] }
        return notes.contains(String(label))
    }
}
