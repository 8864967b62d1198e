public import JSON

/// A row's members in the order of columns that many rows share, so that none of them needs a dictionary of its own.
public struct RowCells: Sendable, Hashable {
    /// The names of its members, each once.
    public let columns: [String]
    /// What stands there, as many as there are columns.
    public let values: [JSONValue]

    /// Cells under their columns; nothing when there are not as many of the one as of the other.
    public init?(columns: [String], values: [JSONValue]) {
        guard columns.count == values.count else { return nil }
        self.columns = columns
        self.values = values
    }

    /// The row as an object.
    public var object: JSONValue { .object(Dictionary(zip(columns, values)) { first, _ in first }) }

    /// What stands under a column.
    subscript(column: String) -> JSONValue? { columns.firstIndex(of: column).map { values[$0] } }
}

/// What a row says, in either of its forms.
enum RowContent: Sendable, Hashable {
    case cells(RowCells)
    case object(JSONValue)

    var body: JSONValue {
        switch self {
        case .cells(let cells): cells.object
        case .object(let body): body
        }
    }

    /// What it says under a column.
    subscript(column: String) -> JSONValue? {
        switch self {
        case .cells(let cells): cells[column]
        case .object(let body): body[column]
        }
    }
}
