import Cluster
import JSON
import Postgres

/// What somebody entitled says about the registers beside feeds (库外申报), such as a rule or an absence.
///
/// Each statement has an id within its kind. Saying it again under the same id replaces what was said, `withdrawn` with a
/// reason ends it; what was said stays readable.
protocol Statement: Sendable {
    /// The kind, as `registers.statements` names it.
    static var kind: String { get }
    /// The CloudEvents type.
    static var eventType: String { get }
    /// Who may say it.
    static var role: Role { get }
    /// The member of the body that holds the id.
    static var idMember: String { get }
    /// Whether only the department that said it first may say something else under its id.
    static var belongsToItsDepartment: Bool { get }

    /// Reads what is said about an id, strictly.
    ///
    /// - Throws: `JSONError`.
    init(id: String, _ reader: inout JSONReader) throws

    /// What speaks against it, as far as the registers tell.
    func objections(from signer: String, _ database: some PostgresQueryable) async throws -> [Reason]
}

extension Statement {
    static var idMember: String { "id" }
    static var belongsToItsDepartment: Bool { true }

    func objections(from signer: String, _ database: some PostgresQueryable) async throws -> [Reason] { [] }

    /// Takes submissions of this type.
    static var handler: SubmissionHandler {
        SubmissionHandler(type: eventType, role: role) { submission, transaction in
            // PostgreSQL keeps no NUL in text.
            guard !String(decoding: submission.data, as: UTF8.self).contains(#"\u0000"#) else {
                throw Rejection(code: "text.control", message: #"含有 \u0000，请删去 / holds \u0000; remove it"#)
            }
            var reader = try JSONReader(parsing: submission.data)
            let id = try reader.required(idMember).string("an id 编号", where: RowReader.isIdentifier)
            let withdrawal = try reader.optional("withdrawn")?.nullable()?.wording()
            let statement = try withdrawal == nil ? Self(id: id, &reader) : nil
            try reader.finish()
            try await store(id, statement, withdrawal: withdrawal, submission, transaction)
            return Effects(details: ["kind": .string(kind), "id": .string(id)])
        }
    }

    private static func store(
        _ id: String, _ statement: Self?, withdrawal: String?, _ submission: Submission,
        _ transaction: PostgresTransaction
    ) async throws {
        // Statements of one id are ordered by their instants, also when two come at once or the clock is set back.
        _ = try await transaction.query(
            "SELECT pg_advisory_xact_lock(hashtext(\("yaohao.registers." + kind + "/" + id)))")
        let before = try await transaction.query(
            """
            SELECT department, body IS NOT NULL AS stands FROM registers.statements
            WHERE kind = \(kind) AND id = \(id) ORDER BY valid_from DESC LIMIT 1
            """
        ).first
        let stands = try before?.decode("stands", as: Bool.self) ?? false
        var reasons: [Reason] = []
        if let owner = try before?.decode("department", as: String.self), owner != submission.department,
            belongsToItsDepartment
        {
            reasons.append(
                Reason(
                    field: idMember, code: "statement.other",
                    message: "\(id) 由部门 \(owner) 申报，请由其更改或换一个编号 / belongs to \(owner); "
                        + "let it change that, or use another id"))
        }
        if withdrawal != nil, !stands {
            reasons.append(
                Reason(
                    field: idMember, code: "statement.unknown",
                    message: "没有可撤回的 \(id) / there is no such statement to withdraw"))
        }
        if let statement { reasons += try await statement.objections(from: submission.department, transaction) }
        guard reasons.isEmpty else { throw Rejection(reasons) }
        let body = statement == nil ? nil : String(decoding: submission.data, as: UTF8.self)
        try await transaction.execute(
            """
            INSERT INTO registers.statements
                (kind, id, valid_from, body, withdrawn, source, submission, department, key_id)
            SELECT \(kind), \(id), greatest(clock_timestamp(), max(valid_from) + interval '1 microsecond'),
                \(optional: body)::text::jsonb, \(optional: withdrawal), \(submission.source), \(submission.id),
                \(submission.department), \(optional: submission.keyID)
            FROM registers.statements WHERE kind = \(kind) AND id = \(id)
            """)
    }
}

extension JSONField {
    /// Text for people to read: not blank.
    func wording() throws -> String {
        try string("some text 文字说明") { text in text.contains { !$0.isWhitespace } }
    }

    /// An id of the draw's pattern.
    func identifier() throws -> String { try string("an id 编号", where: RowReader.isIdentifier) }
}
