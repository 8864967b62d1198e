public import Tables

/// The rows of a file and behind them the ids to retire, as a feed.
public struct FeedFile: FeedRowReader {
    /// The file's rows; `nil` for a feed that only retires.
    public private(set) var rows: RegisterRows?
    private var retired: ArraySlice<String>
    private var last = 0

    /// A feed of a file, at its first row.
    ///
    /// - Throws: `TableError`.
    public init(_ file: RegisterFile?, retiring ids: [String]) throws(TableError) {
        rows = try file?.rows()
        retired = ids[...]
    }

    /// The next row; what is retired stands behind the last line.
    public mutating func next() throws(TableError) -> FeedRow? {
        if let row = try rows?.next() {
            last = row.line
            return FeedRow(row)
        }
        guard let id = retired.popFirst() else { return nil }
        last += 1
        return FeedRow(position: last, id: id, body: nil)
    }
}
