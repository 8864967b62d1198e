/// One line of the frozen `roster.tsv` (检查对象名录): draw-v1 §1.
public struct RosterLine: Sendable, Hashable {
    /// The 统一社会信用代码, or the directory's own id.
    public var id: String
    /// The credit class.
    public var credit: CreditClass
    /// The region's code.
    public var region: String
    /// The industry's code.
    public var industry: String
    /// The kind of entity.
    public var kind: String
    /// The permits that it holds, ascending.
    public var permits: [String]
    /// The departments that regulate it, ascending.
    public var regulators: [String]
    /// The visits that it has had this year.
    public var visits: Int

    /// The file's name in a bundle.
    public static let fileName = "roster.tsv"

    static let columns = ["id", "credit", "region", "industry", "kind", "permits", "regulators", "visits"]

    /// Makes a line from its columns.
    public init(
        id: String, credit: CreditClass, region: String, industry: String, kind: String, permits: [String],
        regulators: [String], visits: Int
    ) {
        self.id = id
        self.credit = credit
        self.region = region
        self.industry = industry
        self.kind = kind
        self.permits = permits
        self.regulators = regulators
        self.visits = visits
    }

    /// The line, without an LF.
    public var text: String {
        [
            id, credit.rawValue, region, industry, kind, permits.joined(separator: ","),
            regulators.joined(separator: ","), String(visits),
        ].joined(separator: "\t")
    }

    /// Reads a whole file, or one page of it.
    /// - Parameter firstLine: the number of the first line, from 1.
    /// - Throws: ``DrawError`` with line and column.
    public static func lines(of bytes: [UInt8], firstLine: Int = 1) throws -> [RosterLine] {
        try bytes.withUnsafeBytes { bytes in
            var cursor = LineCursor(bytes, firstLine: firstLine, file: fileName, columns: columns)
            var lines: [RosterLine] = []
            while try cursor.advance() { lines.append(try RosterLine(cursor)) }
            return lines
        }
    }

    init(_ cursor: LineCursor) throws {
        self = try cursor.reading {
            try RosterLine(
                id: String(decoding: cursor[0], as: UTF8.self), credit: Columns.creditClass(cursor[1], "credit"),
                region: Columns.text(cursor[2], "region"), industry: Columns.text(cursor[3], "industry"),
                kind: Columns.text(cursor[4], "kind"), permits: Columns.list(cursor[5], "permits"),
                regulators: Columns.ids(cursor[6], "regulators"), visits: Columns.integer(cursor[7], "visits"))
        }
    }
}
