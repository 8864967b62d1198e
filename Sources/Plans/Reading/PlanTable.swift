import Foundation
public import Tables

/// The lines of a plan in a table as a department wrote it.
public struct PlanTable: Sendable {
    /// One line of data.
    public struct Line: Sendable {
        /// Its number among the lines of data, from 1.
        public let number: Int
        /// Where it stands: sheet and row, or the file's line.
        public let place: String
        /// Its cells.
        public let cells: PlanLineCells
    }

    /// The lines, in order; those of several sheets one after the other.
    public let lines: [Line]
    /// Titles, totals, notes and the like, which are no lines.
    public let omitted: OmittedRows

    /// Finds the heading of each table and reads what stands below it.
    ///
    /// - Parameters:
    ///   - tables: of one file.
    ///   - file: its name, for messages.
    ///   - columns: which headings say what.
    /// - Throws: `TableError` when no table has a heading with a rate.
    public init(_ tables: [Table], file: String, columns: PlanColumns = PlanColumns()) throws(TableError) {
        var lines: [Line] = []
        var omitted = OmittedRows()
        var reasons: [TableError] = []
        for table in tables where !table.isHidden && (columns.sheet == nil || columns.sheet == table.name) {
            guard let heading = Heading.find(in: table.rows, isKnown: { columns.column(of: $0) != nil }) else {
                continue
            }
            let missing = columns.missing(in: heading)
            guard missing.isEmpty else {
                reasons.append(
                    TableError(
                        file, sheet: table.name, line: heading.line, column: missing.joined(separator: "、"),
                        "映射里写的这一列没有找到，请核对表头 / is not in the table; correct the mapping"))
                continue
            }
            let places = Self.places(heading, columns)
            guard places[.ratioAndFrequency] != nil else {
                let found = heading.columns.map(\.name).filter { !$0.isEmpty }.joined(separator: "、")
                reasons.append(
                    TableError(
                        file, sheet: table.name, line: heading.line,
                        "没有抽查比例一列，请补上或用 --mapping 指明；表头有：\(found) / "
                            + "has no column of rates; add one, or name it by --mapping"))
                continue
            }
            let title = columns.title ?? Self.title(above: heading, in: table) ?? table.name
            let data = DataRows.all(of: table, below: heading)
            for row in data.rows {
                var cells = Self.cells(row, places, heading)
                if cells[.source].isEmpty { cells[.source] = title }
                let place = (table.name.isEmpty ? "" : "\(table.name) ") + "第\(row.line)行"
                lines.append(Line(number: lines.count + 1, place: place, cells: cells))
            }
            omitted = omitted + data.omitted
            reasons = lines.isEmpty ? reasons : []
        }
        guard !lines.isEmpty else {
            throw reasons.first
                ?? TableError(
                    file,
                    "没有找到表头或数据行，请在第一行写明列名，如“抽查比例及频次、抽查时间”，或用 --mapping 指明 / "
                        + "has no heading that is known, or no line below it; name the columns, or give --mapping")
        }
        (self.lines, self.omitted) = (lines, omitted)
    }

    /// The places of each column; several that say the same, such as 抽查比例 and 抽查频次, are read as one.
    private static func places(_ heading: Heading, _ columns: PlanColumns) -> [PlanLineCells.Column: [Int]] {
        var places: [PlanLineCells.Column: [Int]] = [:]
        for (index, column) in heading.columns.enumerated() {
            guard let known = column.names.lazy.compactMap({ columns.column(of: $0) }).first else { continue }
            places[known, default: []].append(index)
        }
        return places
    }

    private static func cells(
        _ row: Table.Row, _ places: [PlanLineCells.Column: [Int]], _ heading: Heading
    ) -> PlanLineCells {
        var cells = PlanLineCells()
        for (column, indices) in places {
            var parts: [String] = []
            for index in indices where row.cells.indices.contains(index) {
                var text = row.cells[index]
                if text.allSatisfy(\.isWhitespace) { continue }
                if column == .ratioAndFrequency { text = withUnit(text, of: heading.columns[index].names.last ?? "") }
                // A cell merged over columns stands in each of them.
                if !parts.contains(text) { parts.append(text) }
            }
            // A beginning and an end in columns of their own make one window.
            let isSpan = column == .window && parts.count == 2
            cells[column] = parts.joined(separator: isSpan ? "至" : column == .ratioAndFrequency ? "；" : "、")
        }
        return cells
    }

    /// A bare number with the unit that its heading gives it: 抽查比例(%), 抽查数量(户), 抽查频次. Under 大约抽取数量 it is not certain.
    private static func withUnit(_ text: String, of heading: String) -> String {
        if heading.contains("大约") { return "约" + text }
        let bare = #/(=|≥|>=|≤|<=|不低于|不少于|不超过|不高于|至少|最低|最高)?(?<number>[0-9.]+)([-—–~～至][0-9.]+)?/#
        guard let number = text.trimmingCharacters(in: .whitespaces).wholeMatch(of: bare)?.number else { return text }
        if heading.hasSuffix(")"), let open = heading.lastIndex(of: "(") {
            return text + heading[heading.index(after: open)...].dropLast()
        }
        func names(_ words: [String]) -> Bool { words.contains { heading.contains($0) } }
        guard !names(["比例", "比率"]), !number.contains(".") else { return text }
        if names(["频次", "频率", "次数"]) { return text + "次" }
        return names(["户数", "家数", "数量", "对象数", "抽查数", "检查数", "抽取数"]) ? text + "户" : text
    }

    /// The title above the heading: the longest of the texts there.
    private static func title(above heading: Heading, in table: Table) -> String? {
        table.rows.prefix { $0.line < heading.line }.prefix(heading.lastRow).flatMap(\.cells)
            .filter { $0.contains("计划") || $0.contains("清单") || $0.contains("抽查") }.max { $0.count < $1.count }
    }
}

extension OmittedRows {
    static func + (a: OmittedRows, b: OmittedRows) -> OmittedRows {
        var sum = a
        sum.titles += b.titles
        sum.empty += b.empty
        sum.headings += b.headings
        sum.totals += b.totals
        sum.notes += b.notes
        return sum
    }
}
