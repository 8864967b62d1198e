import Foundation
public import JSON
public import Sheets
import YAML

/// How the rows of an export become an import sheet of the mandated platform (导入表映射): which columns, under which
/// headers, in which codes and forms. A county changes it by a YAML file; see `docs/notices.md`.
public struct ExportMapping: Sendable, Hashable {
    /// One column.
    struct Column: Sendable, Hashable {
        /// The header as the platform wants it.
        let header: String
        /// The field of the rows; `nil` where every row has ``value``.
        let field: String?
        /// The same text in every row.
        let value: String?
        /// The platform's code of each of our values; a value that is not listed is an error.
        let codes: [String: String]
        /// What stands between several values.
        let separator: String
        /// The form of a date, of `YYYY`, `MM` and `DD`.
        let date: String?
    }

    /// The sheet's name.
    public let sheet: String
    let columns: [Column]

    /// What is wrong with a mapping, or with a value that it has no code for.
    public struct Problem: Error, Sendable, Hashable, CustomStringConvertible {
        /// The message, in one line.
        public let description: String
    }

    /// Reads a mapping from YAML.
    ///
    /// - Parameters:
    ///   - fields: the fields that the rows have.
    ///   - name: of the file, for messages.
    /// - Throws: `Problem`.
    public init(yaml: String, fields: [String], name: String) throws {
        do {
            guard let document = try YAMLDocument.all(in: yaml).first else {
                throw Problem(description: "\(name): 空文件 / is empty")
            }
            var reader = try JSONReader(document)
            sheet = try reader.optional("sheet")?.string() ?? "Sheet1"
            columns = try reader.required("columns").array { field in
                try field.object { column in
                    let source = try column.optional("field")?.string("one of \(fields.joined(separator: " "))") {
                        fields.contains($0)
                    }
                    let value = try column.optional("value")?.string()
                    guard (source == nil) != (value == nil) else {
                        throw field.error("field 与 value 只写其一 / give field or value")
                    }
                    let codes = try column.optional("codes")?.members().map { ($0.name, try $0.field.string()) } ?? []
                    return Column(
                        header: try column.string("header"), field: source, value: value,
                        codes: Dictionary(codes, uniquingKeysWith: { first, _ in first }),
                        separator: try column.optional("separator")?.string() ?? "；",
                        date: try column.optional("date")?.string())
                }
            }
            try reader.finish()
        } catch let problem as Problem {
            throw problem
        } catch {
            throw Problem(description: "\(name): \(error)")
        }
    }

    /// Reads a mapping from a file.
    ///
    /// - Throws: `Problem`.
    public init(file: String, fields: [String]) throws {
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
            throw Problem(description: "\(file): 无法读取 / cannot be read")
        }
        try self.init(yaml: text, fields: fields, name: file)
    }

    /// The sheet: the headers, and a line for each row.
    ///
    /// - Throws: `Problem` for a value without a code, naming row, column and value.
    public func table(_ rows: [JSONValue]) throws -> [[String]] {
        var table = [columns.map(\.header)]
        for (number, row) in rows.enumerated() {
            table.append(
                try columns.map { column in
                    guard let field = column.field else { return column.value ?? "" }
                    let values = Self.texts(row[field] ?? .null)
                    return try values.map { text in
                        if !column.codes.isEmpty {
                            guard let code = column.codes[text] else {
                                throw Problem(
                                    description: "第\(number + 1)行 \(column.header)：“\(text)”没有对应代码，请在映射文件的 "
                                        + "codes 中补上 / row \(number + 1): no code for this value; add it to codes")
                            }
                            return code
                        }
                        return column.date.map { Self.date(text, $0) } ?? text
                    }.joined(separator: column.separator)
                })
        }
        return table
    }

    private static func texts(_ value: JSONValue) -> [String] {
        switch value {
        case .null: []
        case .array(let elements): elements.flatMap(texts)
        case .string(let text): [text]
        case .bool(let truth): [truth ? "是" : "否"]
        default: [value.canonicalText]
        }
    }

    private static func date(_ text: String, _ form: String) -> String {
        let parts = text.prefix(10).split(separator: "-")
        guard parts.count == 3 else { return text }
        return form.replacing("YYYY", with: parts[0]).replacing("MM", with: parts[1]).replacing("DD", with: parts[2])
    }

    /// A table as a workbook of one sheet: every cell is text, so that codes keep their zeros.
    ///
    /// - Parameter created: seconds since 1970.
    public func workbook(_ table: [[String]], created: Int) -> Workbook {
        let heading = Style(isBold: true, alignment: .centre, wraps: true, hasBorder: true)
        let plain = Style(alignment: .left, hasBorder: true)
        var page = Sheet(name: sheet)
        page.isLandscape = true
        page.headingRows = 0...0
        for (row, line) in table.enumerated() {
            for (column, text) in line.enumerated() {
                page[row, column] = Cell(.text(text), row == 0 ? heading : plain)
            }
        }
        for (column, definition) in columns.enumerated() {
            let longest = table.map { $0[column].unicodeScalars.reduce(0) { $0 + ($1.isASCII ? 1 : 2) } }.max() ?? 0
            page.columnWidths[column] = Double(min(max(longest, definition.header.count * 2) + 2, 60))
        }
        return Workbook([page], title: sheet, created: created)
    }

    /// A table as CSV (RFC 4180), with the mark by which Excel knows UTF-8.
    public static func csv(_ table: [[String]]) -> String {
        "\u{FEFF}"
            + table.map { line in
                line.map { cell in
                    cell.contains(where: { ",\"\n\r".contains($0) })
                        ? "\"" + cell.replacing("\"", with: "\"\"") + "\"" : cell
                }.joined(separator: ",") + "\r\n"
            }.joined()
    }
}
