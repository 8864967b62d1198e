/// A table (表格) of text as somebody wrote it: of a CSV or TSV file, a sheet of a workbook, or a document.
public struct Table: Sendable, Hashable {
    /// One row with the line (or row of the sheet) on which it begins, from 1.
    public struct Row: Sendable, Hashable {
        /// The line of its first character, or the row's number in its sheet.
        public let line: Int
        /// Its cells as text; a merged cell stands in every place that it covers.
        public let cells: Cells
        /// Whether its quotation marks stand where none can: its cells are as written, and may not be meant so.
        public let isMisquoted: Bool

        /// A row of the given cells.
        public init(line: Int, cells: [String], isMisquoted: Bool = false) {
            self.init(line: line, cells: Cells(cells), isMisquoted: isMisquoted)
        }

        init(line: Int, cells: Cells, isMisquoted: Bool) {
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

extension Table.Row {
    /// The cells of a row: one text, and where in it each of them ends, so that many small cells cost little.
    public struct Cells: RandomAccessCollection, Sendable, Hashable, ExpressibleByArrayLiteral {
        /// UTF-8.
        private var text: [UInt8] = []
        private var ends: [Int] = []

        /// Cells of the given texts.
        public init(_ texts: some Sequence<String>) {
            for text in texts {
                self.text += text.utf8
                end()
            }
        }

        /// Cells of the given texts.
        public init(arrayLiteral texts: String...) { self.init(texts) }

        /// No cells yet, with room for so many of so many bytes.
        init(room: (cells: Int, bytes: Int)) {
            text.reserveCapacity(room.bytes)
            ends.reserveCapacity(room.cells)
        }

        /// The bytes of all.
        var size: Int { text.count }

        /// Adds bytes to the cell behind the last.
        mutating func append(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) {
            text.append(contentsOf: UnsafeBufferPointer(rebasing: bytes))
        }

        /// Ends the cell behind the last.
        mutating func end() { ends.append(text.count) }

        /// The same with U+FFFD for what is not UTF-8.
        var repaired: Cells { Cells(Array(self)) }

        /// The place of the first cell.
        public var startIndex: Int { 0 }
        /// The place behind the last cell.
        public var endIndex: Int { ends.count }
        /// The text of a cell.
        public subscript(place: Int) -> String { String(decoding: self[utf8: place], as: UTF8.self) }

        /// The UTF-8 of a cell.
        public subscript(utf8 place: Int) -> ArraySlice<UInt8> {
            text[(place == 0 ? 0 : ends[place - 1])..<ends[place]]
        }

        /// Lends the UTF-8 of each cell in turn.
        public func forEachUTF8(_ body: (_ place: Int, _ text: UnsafeBufferPointer<UInt8>) -> Void) {
            text.withUnsafeBufferPointer { text in
                var start = 0
                for (place, end) in ends.enumerated() {
                    body(place, UnsafeBufferPointer(rebasing: text[start..<end]))
                    start = end
                }
            }
        }
    }
}
