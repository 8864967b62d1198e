public import JSON
public import Postgres

extension AuditLog {
    /// The lines of the log that are about something, or somebody's, in the order in which they were stored.
    ///
    /// - Parameters:
    ///   - subject: what they are about, such as a round.
    ///   - source: whose they are.
    ///   - key: signed with which key, or about which key.
    ///   - since: the earliest instant, in any form that PostgreSQL reads.
    /// - Returns: at most `limit` lines, each as it was hashed; `number` is null for what is not linked yet.
    public static func lines(
        subject: String? = nil, source: String? = nil, key: String? = nil, since: String? = nil, limit: Int = 10_000,
        _ pool: PostgresPool
    ) async throws -> [JSONValue] {
        try await pool.query(
            """
            SELECT c.number, \(columns) FROM cluster.acts a LEFT JOIN cluster.audit_chain c ON c.act = a.act
            WHERE (\(optional: subject)::text IS NULL OR a.subject = \(optional: subject)::text)
                AND (\(optional: source)::text IS NULL OR a.source = \(optional: source)::text)
                AND (\(optional: key)::text IS NULL OR a.key_id = \(optional: key)::text
                    OR a.kind = 'key' AND a.subject = \(optional: key)::text)
                AND (\(optional: since)::text IS NULL OR a.at >= \(optional: since)::text::timestamptz)
            ORDER BY a.act LIMIT \(limit)
            """
        ).map { try AuditEntry($0).line(number: $0.decode("number", as: Int?.self)) }
    }
}
