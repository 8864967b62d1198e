public import JSON

/// One row of a register's file, not judged yet.
public struct FileRow: Sendable, Hashable {
    /// The line on which it begins, from 1.
    public let line: Int
    /// Its id as it stands there; empty when it has none.
    public let id: String
    /// The row as JSON, as it will be sent.
    public let body: JSONValue
}

/// What is wrong with a register's file as a whole, so that nothing of it is sent.
public struct FileError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The message in one line: file, line, column and remedy.
    public let description: String

    init(_ file: String, line: Int? = nil, column: String? = nil, _ message: String) {
        let place = [file, line.map { "line \($0)" }, column.map { "column \($0)" }].compactMap { $0 }
        description = place.joined(separator: ": ") + ": " + message
    }
}

/// Reads the files that departments keep their registers in: CSV (RFC 4180), TSV and JSON Lines, in UTF-8.
public enum RegisterFile {
    /// How a file is written.
    public enum Format: String, Sendable {
        /// Comma-separated values.
        case csv
        /// Tab-separated values.
        case tsv
        /// One JSON object a line.
        case jsonl
    }

    /// The rows of a file.
    ///
    /// - Parameters:
    ///   - register: whose columns it must have.
    ///   - name: the file's name, for messages and, by its extension, the format.
    ///   - bytes: its content.
    /// - Throws: `FileError`, naming file, line and column.
    public static func rows(of register: Register, file name: String, bytes: [UInt8]) throws(FileError) -> [FileRow] {
        guard let dot = name.lastIndex(of: "."),
            let format = Format(rawValue: name[name.index(after: dot)...].lowercased())
        else { throw FileError(name, "is neither .csv, .tsv nor .jsonl; save it as one of them") }
        let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let content = bytes.starts(with: byteOrderMark) ? bytes.dropFirst(3) : bytes[...]
        for (line, text) in DelimitedText.lines(content) {
            guard String(validating: text, as: UTF8.self) != nil else {
                throw FileError(name, line: line, "is not UTF-8 (perhaps GBK); save the file as UTF-8")
            }
            guard !text.contains(0) else { throw FileError(name, line: line, "holds a NUL character; remove it") }
        }
        switch format {
        case .jsonl: return try jsonLines(register, name, content)
        case .tsv: return try delimited(register, name, DelimitedText.tsv(content))
        case .csv:
            let records: [DelimitedText.Record]
            do { records = try DelimitedText.csv(content) } catch {
                throw FileError(name, line: error.line, error.message)
            }
            return try delimited(register, name, records)
        }
    }

    private static func delimited(
        _ register: Register, _ name: String, _ records: [DelimitedText.Record]
    ) throws(FileError) -> [FileRow] {
        let columns = register.columns
        guard let header = records.first else {
            throw FileError(
                name, "is empty; its first line names the columns: \(columns.map(\.name).joined(separator: ","))")
        }
        let names = header.fields.map { String(decoding: $0, as: UTF8.self) }
        try check(names, register, name, header.line)
        let byName = Dictionary(uniqueKeysWithValues: columns.map { ($0.name, $0) })
        let ordered = names.compactMap { byName[$0] }
        var rows: [FileRow] = []
        rows.reserveCapacity(records.count - 1)
        for record in records.dropFirst() {
            guard record.fields.count == ordered.count else {
                throw FileError(
                    name, line: record.line,
                    "has \(record.fields.count) fields where the header has \(ordered.count); quote a field with commas"
                )
            }
            var body: [String: JSONValue] = [:]
            for (column, field) in zip(ordered, record.fields) {
                body[column.name] = column.value(of: String(decoding: field, as: UTF8.self))
            }
            rows.append(FileRow(line: record.line, id: body["id"]?.text ?? "", body: .object(body)))
        }
        return rows
    }

    private static func jsonLines(
        _ register: Register, _ name: String, _ content: ArraySlice<UInt8>
    ) throws(FileError) -> [FileRow] {
        var rows: [FileRow] = []
        for (line, text) in DelimitedText.lines(content) {
            let value: JSONValue
            do { value = try JSONValue(parsing: Array(text)) } catch {
                throw FileError(name, line: line, "is not one JSON object: \(error)")
            }
            guard case .object(var members) = value else {
                throw FileError(name, line: line, "is not a JSON object; write {…}")
            }
            try check(members.keys.sorted(), register, name, line)
            for column in register.columns {
                switch (members[column.name], column.kind) {
                case (.string(let text)?, _): members[column.name] = column.value(of: text)
                case (.array(let elements)?, .list) where elements.allSatisfy({ $0.text != nil }):
                    members[column.name] = Register.Column.list(elements.compactMap(\.text))
                default: break
                }
            }
            rows.append(FileRow(line: line, id: members["id"]?.text ?? "", body: .object(members)))
        }
        return rows
    }

    private static func check(
        _ names: [String], _ register: Register, _ file: String, _ line: Int
    ) throws(FileError) {
        let wanted = register.columns.map(\.name)
        var seen: Set<String> = []
        for name in names {
            guard wanted.contains(name) else {
                throw FileError(
                    file, line: line, column: name,
                    "is not a column of \(register.rawValue); its columns are \(wanted.joined(separator: ","))")
            }
            guard seen.insert(name).inserted else {
                throw FileError(file, line: line, column: name, "is there twice; keep one")
            }
        }
        if let missing = register.columns.filter(\.isRequired).map(\.name).first(where: { !seen.contains($0) }) {
            throw FileError(file, line: line, column: missing, "is missing; add it (it may be empty where unknown)")
        }
    }
}
