/// A table (表格) of text as somebody wrote it: of a CSV or TSV file, a sheet of a workbook, or a document.
public struct Table: Sendable, Hashable {
    /// One row with the line (or row of the sheet) on which it begins, from 1.
    public struct Row: Sendable, Hashable {
        /// The line of its first character, or the row's number in its sheet.
        public let line: Int
        /// Its cells as text; a merged cell stands in every place that it covers.
        public let cells: [String]
        /// Whether its quotation marks stand where none can: its cells are as written, and may not be meant so.
        public let isMisquoted: Bool

        /// A row of the given cells.
        public init(line: Int, cells: [String], isMisquoted: Bool = false) {
            self.line = line
            self.cells = cells
            self.isMisquoted = isMisquoted
        }
    }

    /// The sheet's name, or nothing where a file holds one table.
    public let name: String
    /// The rows that are not empty, from the top.
    public let rows: [Row]
    /// Whether it is a sheet that its workbook hides.
    public let isHidden: Bool

    /// A table of the given rows.
    public init(name: String = "", rows: [Row], isHidden: Bool = false) {
        self.name = name
        self.rows = rows
        self.isHidden = isHidden
    }
}
