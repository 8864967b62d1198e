import Cluster
import JSON
public import Tables

/// The rows of a register's file, one after the other.
public struct RegisterRows {
    /// Rows that the mapping says to leave out.
    public private(set) var skipped = 0

    private let file: RegisterFile
    private var records = Records()
    /// Tells data from other rows; lines of JSON are all data.
    private var data: DataRows?
    private var columns: [BoundColumn] = []
    /// The columns where each has a name, and these names.
    private var named: (columns: [Register.Column], names: [String])?
    private var binding: MappingBinding?

    /// The rows of the file as they stand there.
    private struct Records {
        /// Those at hand: a sheet's, or those that were searched for the heading.
        var ahead: ArraySlice<Table.Row> = []
        /// The text behind them.
        var text: RecordReader?

        mutating func next() throws(TableError) -> Table.Row? {
            if let row = ahead.popFirst() { return row }
            return try text?.next()
        }
    }

    /// What a column of the file is to the register.
    private enum BoundColumn {
        case column(Register.Column)
        case nameless
    }

    init(_ file: RegisterFile) throws(TableError) {
        self.file = file
        switch file.content {
        case .records(let source, let format):
            records.text = RecordReader(source, format: format)
            var first: [Table.Row] = []
            while first.count < Heading.searched, let row = try records.next() { first.append(row) }
            records.ahead = first[...]
        case .lines(let source):
            records.text = RecordReader(source, format: .lines)
            return
        case .table(let table): records.ahead = table.rows[...]
        }
        let found = Heading.find(in: records.ahead) { RegisterFile.isKnown($0, file.register, file.mapping) }
        guard let heading = found ?? records.ahead.first.map({ Heading(row: $0) }) else {
            let names = file.register.columns.map(\.name).joined(separator: ",")
            throw TableError(
                file.name, sheet: file.sheet, "文件为空，第一行应为列名：\(names) / is empty; its first line names the columns")
        }
        if let mapping = file.mapping {
            binding = try MappingBinding(mapping, heading: heading, file: file.name, sheet: file.sheet)
        } else {
            columns = try Self.bind(heading, file)
            let found = columns.compactMap { column in if case .column(let column) = column { column } else { nil } }
            named = found.count == columns.count ? (found, found.map(\.name)) : nil
        }
        records.ahead.removeFirst(heading.lastRow + 1)
        data = DataRows(below: heading)
    }

    /// Rows that are no data.
    public var omitted: OmittedRows { data?.omitted ?? OmittedRows() }

    private static func bind(_ heading: Heading, _ file: RegisterFile) throws(TableError) -> [BoundColumn] {
        let wanted = file.register.columns
        let listed = wanted.map(\.name).joined(separator: ",")
        func error(_ name: String, _ message: String) -> TableError {
            TableError(file.name, sheet: file.sheet, line: heading.line, column: name, message)
        }
        var seen: Set<String> = []
        var bound: [BoundColumn] = []
        for column in heading.columns {
            guard !column.names.isEmpty else {
                bound.append(.nameless)
                continue
            }
            guard let known = wanted.first(where: { column.names.contains($0.name) }) else {
                throw error(
                    column.name,
                    "不是 \(file.register.rawValue) 的列（\(listed)）；部门自己的列名请用 --mapping / is not a column of "
                        + "\(file.register.rawValue); name one of these, or read it with --mapping"
                )
            }
            guard seen.insert(known.name).inserted else {
                throw error(known.name, "有两列，请只留一列 / is there twice; keep one")
            }
            bound.append(.column(known))
        }
        if let missing = wanted.first(where: { $0.isRequired && !seen.contains($0.name) }) {
            throw error(missing.name, "缺少这一列，请补上，不知道的可以空着 / is missing; add it (it may be empty where unknown)")
        }
        return bound
    }

    /// The next row of the register; `nil` at the end.
    ///
    /// - Throws: `TableError` when the file cannot be read any further.
    public mutating func next() throws(TableError) -> FileRow? {
        while let record = try nextRecord() {
            if let row = data == nil ? line(record) : row(record) { return row }
            skipped += 1
        }
        return nil
    }

    private mutating func nextRecord() throws(TableError) -> Table.Row? {
        if data == nil { return try records.next() }
        return try data?.next { () throws(TableError) in try records.next() }
    }

    private func row(_ record: Table.Row) -> FileRow? {
        guard record.isMisquoted else { return read(record) }
        return read(record).map { row in
            let finding = Finding(
                field: "", code: "row.quotes",
                message: "引号位置不对，各列可能错位；含引号的内容请整格加引号并把其中的引号双写 / a quotation mark stands inside a field; "
                    + "quote the field and double the mark")
            return FileRow(line: row.line, content: row.content, findings: row.findings + [finding])
        }
    }

    private func read(_ record: Table.Row) -> FileRow? {
        if let binding { return binding.row(record) }
        if let named, let cells = RowCells(names: named.names, columns: named.columns, texts: record.cells) {
            var findings: [Finding] = []
            record.cells.forEachUTF8 { place, text in
                guard text.first == UInt8(ascii: "#") else { return }
                if let finding = Self.cellError(record.cells[place], named.names[place]) { findings.append(finding) }
            }
            return FileRow(line: record.line, content: .cells(cells), findings: findings)
        }
        let isText = records.text != nil
        var body: [String: JSONValue] = [:]
        var findings: [Finding] = []
        for (index, column) in columns.enumerated() {
            switch column {
            case .column(let column):
                // A short line of text lost cells; a short row of a sheet ends with empty ones.
                guard index < record.cells.count || !isText else { continue }
                let cell = index < record.cells.count ? record.cells[index] : ""
                body[column.name] = column.value(of: cell)
                if let finding = Self.cellError(cell, column.name) { findings.append(finding) }
            case .nameless:
                if index < record.cells.count, !record.cells[index].isEmpty {
                    body["#\(index + 1)"] = .string(record.cells[index])
                }
            }
        }
        for index in record.cells.indices.dropFirst(columns.count) where !record.cells[index].isEmpty || isText {
            body["#\(index + 1)"] = .string(record.cells[index])
        }
        return FileRow(line: record.line, body: .object(body), findings: findings)
    }

    /// What a workbook shows where a formula failed.
    private static let errors: Set<String> = [
        "#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!",
    ]

    static func cellError(_ cell: String, _ field: String) -> Finding? {
        guard cell.utf8.first == UInt8(ascii: "#"), errors.contains(cell) else { return nil }
        return Finding(
            field: field, code: "cell.error",
            message: "单元格是公式错误 \(cell)，请更正 / the cell's formula failed: \(cell); correct it")
    }

    /// A line of JSON.
    private func line(_ record: Table.Row) -> FileRow? {
        let text = record.cells.joined()
        let parsed = (try? JSONValue(parsing: text)) ?? (try? JSONValue(parsing: LooseNumbers.mended(text)))
        guard let value = parsed, case .object(var members) = value else {
            return FileRow(line: record.line, body: .string(text))
        }
        if let mapping = file.mapping {
            return MappingBinding.row(mapping, members, line: record.line)
        }
        for column in file.register.columns {
            switch (members[column.name], column.kind) {
            case (.string(let text)?, _): members[column.name] = column.value(of: text)
            case (.array(let elements)?, .list) where elements.allSatisfy({ $0.text != nil }):
                members[column.name] = Register.Column.list(elements.compactMap(\.text))
            default: break
            }
        }
        return FileRow(line: record.line, body: .object(members))
    }
}
