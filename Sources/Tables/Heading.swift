import Foundation

/// The heading (表头) of a table: the names of its columns, over one row or several.
public struct Heading: Sendable, Hashable {
    /// A column as people would call it.
    public struct Column: Sendable, Hashable {
        /// Its names, normalised, the fullest first: `抽查对象/名称`, then `名称`.
        public let names: [String]

        /// What messages call it.
        public var name: String { names.first ?? "" }
    }

    /// The columns in their order.
    public let columns: [Column]
    /// The row of the table on which it ends, from 0.
    public let lastRow: Int
    /// The line on which it ends.
    public let line: Int

    /// A name as names are compared: half width, without spaces.
    public static func normalised(_ name: String) -> String {
        let name = name.hasPrefix("\u{FEFF}") ? String(name.dropFirst()) : name
        if name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) { return name }
        return String(name.precomposedStringWithCompatibilityMapping.filter { !$0.isWhitespace })
    }

    /// How many rows from the top are searched for a heading.
    public static let searched = 30
    /// How many rows a heading has at most.
    private static let deepest = 4

    /// Finds the heading among the first rows: where the most columns have names that are known.
    ///
    /// - Parameters:
    ///   - rows: of a table, from the top.
    ///   - isKnown: whether a normalised name is one that is looked for.
    /// - Returns: `nil` when no name is known.
    public static func find(in rows: some Collection<Table.Row>, isKnown: (String) -> Bool) -> Heading? {
        let rows = rows.prefix(searched).map { (line: $0.line, cells: $0.cells.map(normalised)) }
        var best: (score: Int, heading: Heading)?
        for depth in 1...deepest {
            for last in rows.indices where last - depth + 1 >= 0 {
                let columns = columns(of: rows[(last - depth + 1)...last].map(\.cells))
                // Names that say the same of many columns are no better than one.
                let known = Set(columns.compactMap { column in column.names.first(where: isKnown) })
                // Fewer rows and higher ones come first, so only a better one counts.
                if known.count > best?.score ?? 0 {
                    best = (known.count, Heading(columns: columns, lastRow: last, line: rows[last].line))
                }
            }
        }
        return best?.heading
    }

    /// The heading that one row is, whatever it says.
    public init(row: Table.Row) {
        self.init(columns: Self.columns(of: [row.cells.map(Self.normalised)]), lastRow: 0, line: row.line)
    }

    private init(columns: [Column], lastRow: Int, line: Int) {
        self.columns = columns
        self.lastRow = lastRow
        self.line = line
    }

    private static func columns(of rows: [[String]]) -> [Column] {
        let width = rows.map(\.count).max() ?? 0
        return (0..<width).map { column in
            var parts: [String] = []
            for row in rows {
                let part = row.indices.contains(column) ? row[column] : ""
                // A cell merged over rows stands in each of them.
                if !part.isEmpty, part != parts.last { parts.append(part) }
            }
            return Column(names: parts.indices.map { parts[$0...].joined(separator: "/") })
        }
    }
}
