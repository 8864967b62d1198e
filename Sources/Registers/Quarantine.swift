public import Cluster
public import JSON
public import Postgres

/// A row that broke a rule, kept whole (隔离) until it is corrected, taken after all, or superseded by a newer feed.
public struct QuarantinedRow: Sendable, Hashable {
    /// Its number, that of its first finding.
    public let number: Int
    /// The register it was meant for.
    public let register: Register
    /// Who sent it.
    public let source: String
    /// The feed that it came with.
    public let feed: String
    /// Its place there: the line of a file.
    public let position: Int
    /// Its id as it was sent; empty when it had none.
    public let id: String
    /// Its bytes; `nil` for a retirement.
    public let body: [UInt8]?
    /// The rules that it broke.
    public let findings: [Finding]
    /// When it was put here, as PostgreSQL writes it.
    public let receivedAt: String
    /// When something newer took its place, if it has.
    public let supersededAt: String?

    /// What it says, if that is JSON; else its bytes as text.
    public var content: JSONValue? {
        body.map { (try? JSONValue(parsing: $0)) ?? .string(String(decoding: $0, as: UTF8.self)) }
    }

    /// What only its sender's mapping could find: it stays true of the row as it is.
    public var findingsOfSender: [Finding] { findings.filter { Self.codesOfSender.contains($0.code) } }

    private static let codesOfSender: Set<String> = ["code.unknown", "date.format", "cell.error"]

    /// As `yaohao quarantine --json` prints it.
    public var json: JSONValue {
        [
            "number": .integer(number), "register": .string(register.rawValue), "source": .string(source),
            "feed": .string(feed), "position": .integer(position), "id": .string(id), "row": content ?? .null,
            "findings": .array(findings.map(\.json)), "received_at": .string(receivedAt),
            "superseded_at": .nullable(supersededAt),
        ]
    }

    /// What is wrong with a correction.
    public struct CorrectionProblem: Error, Sendable, Hashable, CustomStringConvertible {
        /// The message in one line.
        public let description: String
    }

    /// The row with some of its fields changed.
    ///
    /// - Parameters:
    ///   - changes: fields with their values as a file would have them: lists parted by `;`, `true` or 是.
    ///   - removed: members to leave out.
    /// - Throws: `CorrectionProblem` when there is no such field.
    public func corrected(
        setting changes: [(field: String, value: String)], removing removed: [String] = []
    ) throws(CorrectionProblem) -> JSONValue {
        guard body != nil else {
            throw CorrectionProblem(description: "\(number): is a retirement, which has nothing to correct; replay it")
        }
        var members: [String: JSONValue] = [:]
        if case .object(let found)? = content { members = found }
        for name in removed {
            guard members.removeValue(forKey: name) != nil else {
                throw CorrectionProblem(description: "--unset \(name): the row has no such member")
            }
        }
        for (field, value) in changes {
            guard let column = register.columns.first(where: { $0.name == field }) else {
                let names = register.columns.map(\.name).joined(separator: ",")
                throw CorrectionProblem(
                    description: "--set \(field): is no column of \(register.rawValue); its columns are \(names)")
            }
            members[field] = column.value(of: value)
        }
        return .object(members)
    }
}

/// The rows in quarantine.
public struct Quarantine: Sendable {
    let pool: PostgresPool

    /// The quarantine of a county.
    public init(pool: PostgresPool) { self.pool = pool }

    /// Rows that are still there, or one of them (by the number of any of its findings) whatever became of it; oldest
    /// first.
    public func rows(
        register: Register? = nil, source: String? = nil, number: Int? = nil, limit: Int = 10_000
    ) async throws -> [QuarantinedRow] {
        try await pool.query(
            """
            SELECT min(q.number) AS number, q.register, q.source, q.feed, q.position, min(q.id) AS id,
                (array_agg(q.body))[1] AS body, min(q.received_at)::text AS received_at,
                max(q.superseded_at)::text AS superseded_at,
                jsonb_agg(jsonb_build_object('field', q.field, 'code', q.code, 'message', q.message)
                    ORDER BY q.number)::text AS findings
            FROM registers.quarantine q
            WHERE (\(optional: register?.rawValue)::text IS NULL OR q.register = \(optional: register?.rawValue))
                AND (\(optional: source)::text IS NULL OR q.source = \(optional: source))
                AND CASE WHEN \(optional: number)::bigint IS NULL THEN q.superseded_at IS NULL
                    ELSE (q.register, q.source, q.feed, q.position) IN (
                        SELECT p.register, p.source, p.feed, p.position FROM registers.quarantine p
                        WHERE p.number = \(optional: number)) END
            GROUP BY q.register, q.source, q.feed, q.position ORDER BY min(q.number) LIMIT \(limit)
            """
        ).compactMap { row in
            guard let register = Register(rawValue: try row.decode("register", as: String.self)) else { return nil }
            let findings = try JSONValue(parsing: row.decode("findings", as: String.self)).elements ?? []
            return QuarantinedRow(
                number: try row.decode("number", as: Int.self), register: register,
                source: try row.decode("source", as: String.self), feed: try row.decode("feed", as: String.self),
                position: try row.decode("position", as: Int.self), id: try row.decode("id", as: String.self),
                body: try row.decode("body", as: [UInt8]?.self),
                findings: findings.map {
                    Finding(
                        field: $0["field"]?.text ?? "", code: $0["code"]?.text ?? "",
                        message: $0["message"]?.text ?? "")
                },
                receivedAt: try row.decode("received_at", as: String.self),
                supersededAt: try row.decode("superseded_at", as: String?.self))
        }
    }

    /// Notes that something newer has taken a row's place. A feed that names its id does so by itself.
    public func supersede(_ row: QuarantinedRow) async throws {
        try await pool.execute(
            """
            UPDATE registers.quarantine SET superseded_at = clock_timestamp()
            WHERE register = \(row.register.rawValue) AND source = \(row.source) AND feed = \(row.feed)
                AND position = \(row.position) AND superseded_at IS NULL
            """)
    }
}
