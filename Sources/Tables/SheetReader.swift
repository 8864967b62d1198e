/// Reads the cells of one sheet.
final class SheetReader: XMLPart.Reader {
    private let file: String
    private let sheet: String
    private let strings: [String]
    private let formats: [CellFormat]
    private let startsIn1904: Bool

    /// Rows by number, each with its cells by column, both from 0.
    private var cells: [Int: [Int: String]] = [:]
    private var merged: [(rows: ClosedRange<Int>, columns: ClosedRange<Int>)] = []
    private var count = 0

    private var row = -1
    private var column = -1
    private var type = ""
    private var style = 0
    private var value = ""
    private var inline = ""
    private var isValue = false
    private var isInline = false
    private var isPhonetic = false

    init(file: String, sheet: String, strings: [String], formats: [CellFormat], startsIn1904: Bool) {
        self.file = file
        self.sheet = sheet
        self.strings = strings
        self.formats = formats
        self.startsIn1904 = startsIn1904
    }

    func begin(_ name: String, _ attributes: [String: String]) throws(TableError) {
        switch name {
        case "row":
            row = attributes["r"].flatMap { Int($0) }.map { $0 - 1 } ?? row + 1
            column = -1
            guard (0..<TableBounds.rows).contains(row) else { throw error("has a row beyond \(TableBounds.rows)") }
        case "c":
            if let reference = attributes["r"] {
                guard let place = Self.place(reference) else {
                    throw error("has a cell '\(reference)' that is nowhere")
                }
                (row, column) = place
            } else {
                column += 1
            }
            guard (0..<TableBounds.columns).contains(column) else {
                throw error("has a column beyond \(TableBounds.columns)")
            }
            type = attributes["t"] ?? "n"
            style = attributes["s"].flatMap { Int($0) } ?? 0
            (value, inline) = ("", "")
        case "v": isValue = true
        case "rPh": isPhonetic = true
        case "t": isInline = !isPhonetic
        case "mergeCell":
            let ends = (attributes["ref"] ?? "").split(separator: ":").map { Self.place(String($0)) }
            if ends.count == 2, let first = ends[0], let last = ends[1], first.row <= last.row,
                first.column <= last.column
            {
                merged.append((first.row...last.row, first.column...last.column))
            }
        default: break
        }
    }

    func text(_ text: String) {
        if isValue { value += text } else if isInline { inline += text }
    }

    func end(_ name: String) throws(TableError) {
        switch name {
        case "v": isValue = false
        case "rPh": isPhonetic = false
        case "t": isInline = false
        case "c": try keep(shown())
        default: break
        }
    }

    private func keep(_ text: String) throws(TableError) {
        guard !text.isEmpty else { return }
        count += 1
        guard count <= TableBounds.cells else {
            throw error("has more than \(TableBounds.cells) cells; split it, or save it as CSV")
        }
        cells[row, default: [:]][column] = text
    }

    /// What people see in the cell.
    private func shown() throws(TableError) -> String {
        switch type {
        case "s":
            guard let index = Int(value), strings.indices.contains(index) else {
                guard value.isEmpty else { throw error("names a text that the file does not have; save it again") }
                return ""
            }
            return strings[index]
        case "inlineStr": return inline
        case "b": return value == "1" ? "TRUE" : value.isEmpty ? "" : "FALSE"
        case "str", "e": return value
        case "d":
            // ISO 8601; of an instant at midnight only the day was meant.
            return value.hasSuffix("T00:00:00") ? String(value.prefix(10)) : value
        default:
            guard !value.isEmpty else { return "" }
            guard let number = Double(value), number.isFinite else {
                throw error("holds '\(value)', which is no number")
            }
            let format = formats.indices.contains(style) ? formats[style] : .general
            guard let text = format.text(of: number, startsIn1904: startsIn1904) else {
                throw error(
                    "数字超过15位，后几位已被 Excel 丢失，请把该列设为文本后重新填写 / holds a number of more than 15 digits, of which a workbook keeps the first 15 only; set the "
                        + "column's format to text and enter it again")
            }
            return text
        }
    }

    private func error(_ message: String) -> TableError {
        TableError(file, sheet: sheet, cell: row >= 0 && column >= 0 ? Self.reference(row, column) : nil, message)
    }

    /// The rows that are not empty; a merged cell stands in every place that it covers.
    func rows() throws(TableError) -> [Table.Row] {
        let last = cells.keys.max() ?? -1
        let width = (cells.values.compactMap { $0.keys.max() }.max() ?? -1)
        for (rows, columns) in merged {
            guard let text = cells[rows.lowerBound]?[columns.lowerBound] else { continue }
            // Merged beyond the last cell is a matter of looks.
            for row in rows where row <= max(last, rows.lowerBound) {
                for column in columns where column <= max(width, columns.lowerBound) {
                    (self.row, self.column) = (row, column)
                    if cells[row]?[column] == nil { try keep(text) }
                }
            }
        }
        return cells.keys.sorted().compactMap { row in
            guard let found = cells[row], let width = found.keys.max() else { return nil }
            var texts = [String](repeating: "", count: width + 1)
            for (column, text) in found { texts[column] = text }
            return Table.Row(line: row + 1, cells: texts)
        }
    }

    /// Row and column, from 0, of a reference such as `C7`.
    static func place(_ reference: String) -> (row: Int, column: Int)? {
        var column = 0
        var row = 0
        for byte in reference.utf8 where byte != UInt8(ascii: "$") {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z") where row == 0 && column < 100_000:
                column = column * 26 + Int(byte - UInt8(ascii: "A")) + 1
            case UInt8(ascii: "0")...UInt8(ascii: "9") where column > 0 && row < 100_000_000:
                row = row * 10 + Int(byte - UInt8(ascii: "0"))
            default: return nil
            }
        }
        return row > 0 && column > 0 ? (row - 1, column - 1) : nil
    }

    /// A reference such as `C7`.
    static func reference(_ row: Int, _ column: Int) -> String {
        var letters = ""
        var rest = column + 1
        while rest > 0 {
            rest -= 1
            letters = String(UnicodeScalar(UInt8(ascii: "A") + UInt8(rest % 26))) + letters
            rest /= 26
        }
        return letters + String(row + 1)
    }
}
