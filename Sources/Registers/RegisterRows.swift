import Cluster
import JSON
public import Tables

/// The rows of a register's file, one after the other.
public struct RegisterRows {
    private enum Reader {
        case records(RecordReader)
        case table(Table, next: Int)
        case lines(RecordReader)
    }

    /// Rows that are no data.
    public private(set) var omitted = OmittedRows()
    /// Rows that the mapping says to leave out.
    public private(set) var skipped = 0

    private let file: RegisterFile
    private var reader: Reader
    private var ahead: [Table.Row] = []
    private var data: DataRows?
    private var ready: [Table.Row] = []
    private var columns: [BoundColumn] = []
    /// The names of the columns, where each has one.
    private var names: [String]?
    private var binding: MappingBinding?
    /// Whether rows of text may be shorter or longer than the heading.
    private let isText: Bool
    private var ended = false

    /// What a column of the file is to the register.
    private enum BoundColumn {
        case column(Register.Column)
        case nameless
    }

    init(_ file: RegisterFile) throws(TableError) {
        self.file = file
        switch file.content {
        case .records(let source, let format):
            reader = .records(RecordReader(source, format: format))
            isText = true
        case .lines(let source):
            reader = .lines(RecordReader(source, format: .lines))
            isText = true
            return
        case .table(let table):
            reader = .table(table, next: 0)
            isText = false
        }
        while ahead.count < Heading.searched, let row = try record() { ahead.append(row) }
        let found = Heading.find(in: ahead) { RegisterFile.isKnown($0, file.register, file.mapping) }
        guard let heading = found ?? ahead.first.map({ Heading(row: $0) }) else {
            let names = file.register.columns.map(\.name).joined(separator: ",")
            throw TableError(
                file.name, sheet: file.sheet, "文件为空，第一行应为列名：\(names) / is empty; its first line names the columns")
        }
        if let mapping = file.mapping {
            binding = try MappingBinding(mapping, heading: heading, file: file.name, sheet: file.sheet)
        } else {
            columns = try Self.bind(heading, file)
            let names = columns.compactMap { column in if case .column(let column) = column { column.name } else { nil }
            }
            self.names = names.count == columns.count ? names : nil
        }
        ahead.removeFirst(heading.lastRow + 1)
        data = DataRows(below: heading)
        omitted = data?.omitted ?? omitted
    }

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

    /// The next record as it stands in the file.
    private mutating func record() throws(TableError) -> Table.Row? {
        switch reader {
        case .records(var records):
            let row = try records.next()
            reader = .records(records)
            return row
        case .lines(var records):
            let row = try records.next()
            reader = .lines(records)
            return row
        case .table(let table, let next):
            guard next < table.rows.count else { return nil }
            reader = .table(table, next: next + 1)
            return table.rows[next]
        }
    }

    /// The next row of the register; `nil` at the end.
    ///
    /// - Throws: `TableError` when the file cannot be read any further.
    public mutating func next() throws(TableError) -> FileRow? {
        if case .lines = reader {
            while let record = try record() {
                if let row = line(record) { return row }
            }
            return nil
        }
        while true {
            if !ready.isEmpty {
                if let row = row(ready.removeFirst()) { return row }
            } else if ended {
                return nil
            } else if let record = ahead.isEmpty ? try record() : ahead.removeFirst() {
                ready = data?.push(record) ?? []
                omitted = data?.omitted ?? omitted
            } else {
                data?.finish()
                omitted = data?.omitted ?? omitted
                ended = true
            }
        }
    }

    private mutating func row(_ record: Table.Row) -> FileRow? {
        guard record.isMisquoted else { return read(record) }
        return read(record).map { row in
            let finding = Finding(
                field: "", code: "row.quotes",
                message: "引号位置不对，各列可能错位；含引号的内容请整格加引号并把其中的引号双写 / a quotation mark stands inside a field; "
                    + "quote the field and double the mark")
            return FileRow(line: row.line, content: row.content, findings: row.findings + [finding])
        }
    }

    private mutating func read(_ record: Table.Row) -> FileRow? {
        if let binding {
            let row = binding.row(record)
            if row == nil { skipped += 1 }
            return row
        }
        if let names, record.cells.count == columns.count {
            var values: [JSONValue] = []
            var findings: [Finding] = []
            values.reserveCapacity(columns.count)
            for (column, cell) in zip(columns, record.cells) {
                guard case .column(let column) = column else { continue }
                values.append(column.value(of: cell))
                if let finding = Self.cellError(cell, column.name) { findings.append(finding) }
            }
            if let cells = RowCells(columns: names, values: values) {
                return FileRow(line: record.line, content: .cells(cells), findings: findings)
            }
        }
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
    private mutating func line(_ record: Table.Row) -> FileRow? {
        let text = record.cells.joined()
        let parsed = (try? JSONValue(parsing: text)) ?? (try? JSONValue(parsing: LooseNumbers.mended(text)))
        guard let value = parsed, case .object(var members) = value else {
            return FileRow(line: record.line, body: .string(text))
        }
        if let mapping = file.mapping {
            let row = MappingBinding.row(mapping, members, line: record.line)
            if row == nil { skipped += 1 }
            return row
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
