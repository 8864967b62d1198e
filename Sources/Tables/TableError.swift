/// Why a file cannot be read as tables, and where.
public struct TableError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The message in one line: file, sheet, line or cell, what is wrong and the remedy.
    public let description: String

    /// An error at a place.
    ///
    /// - Parameters:
    ///   - file: the file's name.
    ///   - sheet: the sheet or table in it.
    ///   - line: the line, or the row of the sheet, from 1.
    ///   - cell: a cell, such as `C7`.
    ///   - column: a column by its heading.
    ///   - message: what is wrong and how to mend it.
    public init(
        _ file: String, sheet: String? = nil, line: Int? = nil, cell: String? = nil, column: String? = nil,
        _ message: String
    ) {
        let place = [
            file, sheet.flatMap { $0.isEmpty ? nil : "sheet \($0)" }, line.map { "line \($0)" },
            cell.map { "cell \($0)" }, column.map { "column \($0)" },
        ].compactMap { $0 }
        description = place.joined(separator: ": ") + ": " + message
    }
}
