/// One sheet (工作表) of a workbook: cells, what is merged, and how it prints.
///
/// Rows and columns count from 0.
public struct Sheet: Sendable, Hashable {
    /// A place in a sheet.
    public struct Position: Sendable, Hashable, Comparable, CustomStringConvertible {
        /// The row, from 0.
        public let row: Int
        /// The column, from 0.
        public let column: Int

        /// The place in that row and column.
        public init(_ row: Int, _ column: Int) {
            self.row = row
            self.column = column
        }

        /// As spreadsheets name it: `B3`.
        public var description: String {
            var letters: [Character] = []
            var rest = column + 1
            while rest > 0 {
                letters.append(Character(Unicode.Scalar(UInt8(65 + (rest - 1) % 26))))
                rest = (rest - 1) / 26
            }
            return String(letters.reversed()) + String(row + 1)
        }

        /// Row by row.
        public static func < (left: Position, right: Position) -> Bool {
            (left.row, left.column) < (right.row, right.column)
        }
    }

    /// A rectangle of cells that are shown as one.
    public struct Merge: Sendable, Hashable {
        /// Its corner at the top left, whose cell is shown.
        public let first: Position
        /// Its corner at the bottom right.
        public let last: Position

        func overlaps(_ other: Merge) -> Bool {
            first.row <= other.last.row && other.first.row <= last.row
                && first.column <= other.last.column && other.first.column <= last.column
        }

        func contains(_ position: Position) -> Bool {
            (first.row...last.row).contains(position.row) && (first.column...last.column).contains(position.column)
        }
    }

    /// Its name, at most 31 characters without `[]:*?/\`.
    public let name: String
    /// The cells that hold something or have a style.
    public private(set) var cells: [Position: Cell] = [:]
    /// The merged rectangles.
    public private(set) var merges: [Merge] = []
    /// Widths of columns in characters of Latin letters; a Chinese character takes two.
    public var columnWidths: [Int: Double] = [:]
    /// Heights of rows in points.
    public var rowHeights: [Int: Double] = [:]
    /// Rows from the top that stay in sight, and are printed on every page.
    public var headingRows: ClosedRange<Int>?
    /// Printed broadside.
    public var isLandscape = false
    /// Printed on A3, which many columns need to be read; else on A4.
    public var isA3 = false
    /// The line at the foot of every printed page, in the codes of spreadsheets (`&P` is the page's number).
    public var footer = ""

    /// An empty sheet.
    public init(name: String) { self.name = name }

    /// The cell in a place; setting `nil` empties it.
    public subscript(row: Int, column: Int) -> Cell? {
        get { cells[Position(row, column)] }
        set { cells[Position(row, column)] = newValue }
    }

    /// Puts a cell into a rectangle that is shown as one.
    public mutating func merge(rows: ClosedRange<Int>, columns: ClosedRange<Int>, _ cell: Cell) {
        let merge = Merge(
            first: Position(rows.lowerBound, columns.lowerBound), last: Position(rows.upperBound, columns.upperBound))
        self[rows.lowerBound, columns.lowerBound] = cell
        if merge.first != merge.last { merges.append(merge) }
    }
}

/// What one cell holds, and how it looks.
public struct Cell: Sendable, Hashable {
    /// What a cell can hold.
    public enum Value: Sendable, Hashable {
        /// Nothing, but a style.
        case blank
        /// Text, at most 32,767 UTF-16 units.
        case text(String)
        /// A whole number within ±2⁵³.
        case integer(Int)
        /// A share in parts per million; the cell holds the number as a fraction, shown in percent.
        case ppm(Int)
    }

    /// What it holds.
    public let value: Value
    /// How it looks.
    public let style: Style

    /// A cell of value and style.
    public init(_ value: Value, _ style: Style = Style()) {
        self.value = value
        self.style = style
    }
}

/// How a cell looks.
public struct Style: Sendable, Hashable {
    /// Where the content stands from left to right.
    public enum Alignment: Sendable, Hashable {
        /// Text left, numbers right.
        case general
        /// Left.
        case left
        /// In the middle.
        case centre
        /// Right.
        case right
    }

    /// In bold.
    public var isBold: Bool
    /// In points.
    public var fontSize: Double
    /// The font's name.
    public var font: String
    /// From left to right.
    public var alignment: Alignment
    /// Whether long text goes on in a next line of the cell.
    public var wraps: Bool
    /// Whether there is a thin line around.
    public var hasBorder: Bool
    /// The ground's colour as `0xRRGGBB`; `nil` for none.
    public var fill: UInt32?
    /// The format of numbers in the codes of spreadsheets, such as `#,##0`; empty for what fits the value.
    public var numberFormat: String

    /// A style of the given parts.
    public init(
        isBold: Bool = false, fontSize: Double = 11, font: String = "宋体", alignment: Alignment = .general,
        wraps: Bool = false, hasBorder: Bool = false, fill: UInt32? = nil, numberFormat: String = ""
    ) {
        self.isBold = isBold
        self.fontSize = fontSize
        self.font = font
        self.alignment = alignment
        self.wraps = wraps
        self.hasBorder = hasBorder
        self.fill = fill
        self.numberFormat = numberFormat
    }
}
