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
    /// The cells of a row: one text and where in it each of them stands, so that many small cells cost little.
    public struct Cells: RandomAccessCollection, Sendable, ExpressibleByArrayLiteral {
        /// UTF-8, perhaps with something between the cells.
        private var text: [UInt8] = []
        private var bounds: [Range<Int>] = []

        /// Cells of the given texts.
        public init(_ texts: some Sequence<String>) {
            for text in texts {
                let start = self.text.count
                self.text += text.utf8
                bounds.append(start..<self.text.count)
            }
        }

        /// Cells of the given texts.
        public init(arrayLiteral texts: String...) { self.init(texts) }

        /// No cells yet, with room for so many of so many bytes.
        init(room: (cells: Int, bytes: Int)) {
            text.reserveCapacity(room.bytes)
            bounds.reserveCapacity(room.cells)
        }

        /// The bytes of the text so far.
        var size: Int { text.count }

        /// Adds to the text.
        mutating func append(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) {
            text.append(contentsOf: UnsafeBufferPointer(rebasing: bytes))
        }

        /// Adds a cell that stands there in the text as it will be.
        mutating func add(at bounds: Range<Int>) { self.bounds.append(bounds) }

        /// The same with U+FFFD for what is not UTF-8.
        var repaired: Cells { Cells(Array(self)) }

        /// The place of the first cell.
        public var startIndex: Int { 0 }
        /// The place behind the last cell.
        public var endIndex: Int { bounds.count }
        /// The text of a cell.
        public subscript(place: Int) -> String { String(decoding: self[utf8: place], as: UTF8.self) }

        /// The UTF-8 of a cell.
        public subscript(utf8 place: Int) -> ArraySlice<UInt8> { text[bounds[place]] }

        /// Lends the UTF-8 of each cell in turn.
        public func forEachUTF8(_ body: (_ place: Int, _ text: UnsafeBufferPointer<UInt8>) -> Void) {
            text.withUnsafeBufferPointer { text in
                for (place, bounds) in bounds.enumerated() { body(place, UnsafeBufferPointer(rebasing: text[bounds])) }
            }
        }
    }
}

extension Table.Row.Cells: Hashable {
    /// Whether they are the same texts, byte for byte.
    public static func == (left: Self, right: Self) -> Bool {
        left.count == right.count && left.indices.allSatisfy { left[utf8: $0] == right[utf8: $0] }
    }

    /// Hashes the texts.
    public func hash(into hasher: inout Hasher) { for place in indices { hasher.combine(self[utf8: place]) } }
}
