public import JSON
import Tables

/// A row's members in the order of columns that many rows share, so that none of them needs a dictionary of its own.
public struct RowCells: Sendable {
    /// The names of its members, each once.
    public let columns: [String]
    private let content: Content

    private enum Content {
        case values([JSONValue])
        /// As they stand in a file: most are only written out again.
        case texts(Table.Row.Cells, of: [Register.Column])
    }

    /// Cells under their columns; nothing when there are not as many of the one as of the other.
    public init?(columns: [String], values: [JSONValue]) {
        guard columns.count == values.count else { return nil }
        self.columns = columns
        content = .values(values)
    }

    /// Cells of a file under the columns of those names; nothing when there are not as many of the one as of the other.
    init?(names: [String], columns: [Register.Column], texts: Table.Row.Cells) {
        guard columns.count == texts.count else { return nil }
        self.columns = names
        content = .texts(texts, of: columns)
    }

    /// What stands there, as many as there are columns.
    public var values: [JSONValue] {
        switch content {
        case .values(let values): values
        case .texts(let texts, let columns): zip(columns, texts).map { $0.value(of: $1) }
        }
    }

    /// The row as an object.
    public var object: JSONValue { .object(Dictionary(zip(columns, values)) { first, _ in first }) }

    /// What stands under a column.
    subscript(column: String) -> JSONValue? {
        guard let place = columns.firstIndex(of: column) else { return nil }
        return switch content {
        case .values(let values): values[place]
        case .texts(let texts, let columns): columns[place].value(of: texts[place])
        }
    }

    /// Appends the values' canonical JSON, a comma before each.
    func appendCanonical(to output: inout [UInt8]) {
        switch content {
        case .values(let values):
            for value in values {
                output.append(UInt8(ascii: ","))
                value.appendCanonical(to: &output)
            }
        case .texts(let texts, let columns):
            texts.forEachUTF8 { place, text in
                output.append(UInt8(ascii: ","))
                columns[place].appendValue(of: text, to: &output)
            }
        }
    }
}

extension RowCells: Hashable {
    /// Whether the same values stand under the same columns.
    public static func == (left: RowCells, right: RowCells) -> Bool {
        left.columns == right.columns && left.values == right.values
    }

    /// Hashes columns and values.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(columns)
        hasher.combine(values)
    }
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
