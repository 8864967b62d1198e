import Cluster
import Crypto
import JSON

/// What a page carries, ready for `COPY`.
struct PageContents {
    /// Where each column but the id stands, and its kind.
    private let columns: [(place: Int, kind: Register.Column.Kind)]
    private var goodRows = BinaryCopy()
    private var otherRows = BinaryCopy()

    /// Rows that break no rule by themselves: of each the length of its fields (4 bytes), and its fields `id`, `version`,
    /// `position` and the register's other columns in their order.
    var good: [UInt8] { goodRows.bytes }
    /// Whole rows of the table `fed` of ``FeedStatements/makePlaces``: those that break one, and ids that are retired.
    var rest: [UInt8] { otherRows.bytes }

    /// How many fields stand before the register's own columns.
    static let leading = 3
    /// The fields that follow a good row in that table: it says something, has no bytes of its own, no findings.
    static let said: [UInt8] = {
        var copy = BinaryCopy()
        copy.append(boolean: true)
        copy.appendNull()
        copy.appendNull()
        return copy.bytes
    }()
    /// How many they are.
    static let trailing = 3

    /// - Parameter size: of the message that the rows are read from, in bytes.
    init(_ columns: [Register.Column], size: Int = 0) {
        self.columns = columns.enumerated().filter { $0.element.name != "id" }.map { ($0.offset, $0.element.kind) }
        goodRows.reserve(size * 3 / 2)
    }

    /// Adds a row.
    mutating func append(_ row: StagedRow, _ version: Int) {
        guard case .good(let cells) = row.content else {
            otherRows.append(row, version, columns: columns.count)
            return
        }
        let start = goodRows.beginLength()
        goodRows.append(row, version)
        for (place, kind) in columns { goodRows.append(cells[place], kind) }
        goodRows.setLength(from: start)
    }
}

extension BinaryCopy {
    fileprivate mutating func append(_ row: StagedRow, _ version: Int) {
        append(text: row.id)
        append(bigint: version)
        append(bigint: row.position)
    }

    /// A row that says nothing that could stand under the register's columns.
    fileprivate mutating func append(_ row: StagedRow, _ version: Int, columns: Int) {
        begin(fields: PageContents.leading + columns + PageContents.trailing)
        append(row, version)
        for _ in 0..<columns { appendNull() }
        append(boolean: false)
        if case .bad(let bytes) = row.content { append(raw: bytes) } else { appendNull() }
        if row.findings.isEmpty {
            appendNull()
        } else {
            // A NUL can be no part of PostgreSQL's JSON; the row's own bytes have it.
            let findings = row.findings.map { finding in
                Finding(
                    field: finding.field.withoutNUL, code: finding.code.withoutNUL,
                    message: finding.message.withoutNUL
                ).json
            }
            append(json: JSONValue.array(findings).canonical)
        }
    }

    /// A cell as its column holds it: what was left out says nothing.
    fileprivate mutating func append(_ cell: JSONValue, _ kind: Register.Column.Kind) {
        switch kind {
        case .text: append(text: cell.text ?? "")
        case .list: append(list: cell.elements ?? [])
        case .flag: append(boolean: cell == true)
        case .number: if let number = cell.number { append(integer: number) } else { appendNull() }
        case .day: if let day = cell.text.flatMap({ Day($0) }) { append(day: day) } else { appendNull() }
        }
    }
}

extension String {
    fileprivate var withoutNUL: String { utf8.contains(0) ? replacing("\0", with: "") : self }
}

extension FeedName {
    /// What tells the feed apart in the tables of feeds under way: 16 bytes of SHA-256.
    var digest: [UInt8] {
        var hash = SHA256()
        for part in [register.rawValue, source, id] {
            hash.update(data: SHA256.hash(data: Array(part.utf8)).map { $0 })
        }
        return Array(hash.finalize().prefix(16))
    }

    /// The number of the advisory lock that those who store its rows share, and whoever applies it has alone.
    var lock: Int64 { digest.prefix(8).reduce(0) { $0 << 8 | Int64($1) } }

    /// The same as PostgreSQL's `uuid`.
    var uuid: String { hexText(digest) }
}
