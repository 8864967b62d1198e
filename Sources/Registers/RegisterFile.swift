public import JSON
public import Tables

/// One row of a register's file, not judged yet.
public struct FileRow: Sendable, Hashable {
    /// The line on which it begins, or the row of its sheet, from 1.
    public let line: Int
    /// What it says, as it will be sent.
    let content: RowContent
    /// What a mapping could not make sense of.
    public let findings: [Finding]

    init(line: Int, content: RowContent, findings: [Finding] = []) {
        self.line = line
        self.content = content
        self.findings = findings
    }

    init(line: Int, body: JSONValue, findings: [Finding] = []) {
        self.init(line: line, content: .object(body), findings: findings)
    }

    /// Its id as it stands there; empty when it has none.
    public var id: String { content["id"]?.text ?? "" }

    /// The row as JSON.
    public var body: JSONValue { content.body }
}

/// A file that a department keeps its register in: CSV, TSV, JSON Lines, a workbook, or a table of a document.
///
/// It is read row by row as often as is wanted; only workbooks and documents are held in memory.
public struct RegisterFile: Sendable {
    enum Content {
        case records(TextSource, RecordReader.Format)
        case lines(TextSource)
        case table(Table)
    }

    /// The file's name, for messages.
    public let name: String
    /// Which of its tables is read; nothing where there is only one.
    public let sheet: String
    let register: Register
    let mapping: Mapping?
    let content: Content

    /// Opens a file.
    ///
    /// - Parameters:
    ///   - register: whose rows it has.
    ///   - path: the file; by its extension, the format.
    ///   - sheet: which sheet or table; the first that has the columns when it is left out.
    ///   - mapping: how to read the department's own columns; without one the columns are the register's.
    /// - Throws: `TableError`, naming file, sheet, line and column.
    public init(
        of register: Register, path: String, sheet: String? = nil, mapping: Mapping? = nil
    ) throws(TableError) {
        try self.init(of: register, source: TextFile(path: path), sheet: sheet, mapping: mapping)
    }

    /// Opens a file whose bytes are at hand.
    ///
    /// - Throws: as ``init(of:path:sheet:mapping:)`` does.
    public init(
        of register: Register, file name: String, bytes: [UInt8], sheet: String? = nil, mapping: Mapping? = nil
    ) throws(TableError) {
        try self.init(of: register, source: TextFile(name: name, bytes: bytes), sheet: sheet, mapping: mapping)
    }

    private init(
        of register: Register, source: TextFile, sheet: String?, mapping: Mapping?
    ) throws(TableError) {
        name = source.name
        self.register = register
        self.mapping = mapping
        let isLines = source.name.lowercased().hasSuffix(".jsonl")
        guard let format = TableFile.Format(fileName: source.name), !isLines, !format.isText else {
            guard isLines || TableFile.Format(fileName: source.name) != nil else {
                throw TableError(
                    source.name,
                    "请另存为 .csv .tsv .jsonl .xlsx .xls .docx 之一 / is none of .csv .tsv .jsonl .xlsx .xls .docx; save it as one of them"
                )
            }
            if let sheet {
                throw TableError(
                    source.name, sheet: sheet,
                    "不是工作簿，没有工作表，请去掉 --sheet / is not there: the file is no workbook; leave --sheet out")
            }
            self.sheet = ""
            let isComma = TableFile.Format(fileName: source.name) == .csv
            content = isLines ? .lines(try source.text()) : .records(try source.text(), isComma ? .csv : .tsv)
            return
        }
        let tables = try TableFile.tables(name: source.name, bytes: source.bytes())
        let table = try Self.choose(from: tables, source.name, sheet: sheet ?? mapping?.sheet) { table in
            Heading.find(in: table.rows) { Self.isKnown($0, register, mapping) } != nil
        }
        self.sheet = table.name
        content = .table(table)
    }

    private static func choose(
        from tables: [Table], _ file: String, sheet: String?, hasColumns: (Table) -> Bool
    ) throws(TableError) -> Table {
        let visible = tables.filter { !$0.isHidden }
        let names = visible.map { "“\($0.name)”" }.joined(separator: ", ")
        if let sheet {
            guard
                let table = tables.first(where: { $0.name == sheet })
                    ?? tables.first(where: { $0.name.hasPrefix(sheet) })
            else {
                throw TableError(
                    file, sheet: sheet, "没有这个工作表，有：\(names) / is not there; choose one of these by --sheet")
            }
            return table
        }
        guard let table = visible.first(where: hasColumns) ?? visible.first else {
            throw TableError(
                file, "工作表都隐藏了，请取消隐藏或用 --sheet 指明 / has no sheet that is shown; show one, or name one by --sheet")
        }
        return table
    }

    /// Whether a heading's name is one that the reader looks for.
    static func isKnown(_ name: String, _ register: Register, _ mapping: Mapping?) -> Bool {
        mapping?.names.contains(name) ?? register.columns.contains { $0.name == name }
    }

    /// The rows from the first.
    ///
    /// - Throws: `TableError` when the heading is not one of the register or the mapping.
    public func rows() throws(TableError) -> RegisterRows { try RegisterRows(self) }

    /// All rows of a small file.
    ///
    /// - Throws: `TableError`.
    public static func rows(
        of register: Register, file name: String, bytes: [UInt8], mapping: Mapping? = nil
    ) throws(TableError) -> [FileRow] {
        var rows = try RegisterFile(of: register, file: name, bytes: bytes, mapping: mapping).rows()
        var all: [FileRow] = []
        while let row = try rows.next() { all.append(row) }
        return all
    }
}
