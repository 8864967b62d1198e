public import Cluster
import JSON
import Postgres

/// What somebody entitled says about the registers beside feeds (库外申报), such as a rule or an absence.
///
/// Each statement has an id within its kind. Saying it again under the same id replaces what was said; what was said
/// stays readable.
protocol Statement: Sendable {
    /// The kind, as `registers.statements` names it.
    static var kind: String { get }
    /// The CloudEvents type.
    static var eventType: String { get }
    /// Who may say it.
    static var role: Role { get }
    /// Whether only the department that said it first may say something else about it.
    static var belongsToItsDepartment: Bool { get }

    /// Reads the body strictly.
    ///
    /// - Throws: `JSONError`, `Rejection`.
    init(_ reader: inout JSONReader) throws

    /// Its id.
    var id: String { get }
    /// Whether it ends what was said before under its id.
    var isWithdrawn: Bool { get }

    /// What speaks against it, as far as the registers tell.
    func objections(from signer: String, _ database: some PostgresQueryable) async throws -> [Reason]
}

extension Statement {
    static var belongsToItsDepartment: Bool { true }

    func objections(from signer: String, _ database: some PostgresQueryable) async throws -> [Reason] { [] }

    /// Takes submissions of this type.
    static var handler: SubmissionHandler {
        SubmissionHandler(type: eventType, role: role) { submission, transaction in
            guard !submission.data.holdsEscapedNUL else {
                throw Rejection(code: "text.control", message: "含有 \\u0000，请删去 / holds \\u0000; remove it")
            }
            var reader = try JSONReader(parsing: submission.data)
            let statement = try Self(&reader)
            try reader.finish()
            try await statement.store(submission, transaction)
            return Effects(details: ["kind": .string(kind), "id": .string(statement.id)])
        }
    }

    private func store(_ submission: Submission, _ transaction: PostgresTransaction) async throws {
        // Statements of one id are ordered by their instants, also when two come at once or the clock is set back.
        _ = try await transaction.query(
            "SELECT pg_advisory_xact_lock(hashtext(\("yaohao.registers." + Self.kind + "/" + id)))")
        let before = try await transaction.query(
            """
            SELECT department, body IS NULL AS withdrawn FROM registers.statements
            WHERE kind = \(Self.kind) AND id = \(id) ORDER BY valid_from DESC LIMIT 1
            """
        ).first
        var reasons: [Reason] = []
        if let owner = try before?.decode("department", as: String.self), owner != submission.department,
            Self.belongsToItsDepartment
        {
            reasons.append(
                Reason(
                    field: "id", code: "statement.other",
                    message:
                        "\(id) 由部门 \(owner) 申报，请由其更改或换一个编号 / belongs to \(owner); let it change that, or use another id"
                ))
        }
        if isWithdrawn, try before?.decode("withdrawn", as: Bool.self) ?? true {
            reasons.append(
                Reason(
                    field: "id", code: "statement.unknown",
                    message: "没有可撤回的 \(id) / there is no such statement to withdraw"))
        }
        if !isWithdrawn { reasons += try await objections(from: submission.department, transaction) }
        guard reasons.isEmpty else { throw Rejection(reasons) }
        let body = isWithdrawn ? nil : String(decoding: submission.data, as: UTF8.self)
        try await transaction.execute(
            """
            INSERT INTO registers.statements (kind, id, valid_from, body, source, submission, department, key_id)
            SELECT \(Self.kind), \(id), greatest(clock_timestamp(), max(valid_from) + interval '1 microsecond'),
                \(optional: body)::text::jsonb, \(submission.source), \(submission.id), \(submission.department),
                \(optional: submission.keyID)
            FROM registers.statements WHERE kind = \(Self.kind) AND id = \(id)
            """)
    }
}

/// What the slice takes from the topic of register submissions.
public enum RegisterSubmissions {
    /// The handlers, one for each kind of statement.
    public static let handlers: [SubmissionHandler] = [RuleSetting.handler]
}

extension [UInt8] {
    /// Whether text of this JSON has a NUL, which PostgreSQL cannot keep.
    fileprivate var holdsEscapedNUL: Bool {
        String(decoding: self, as: UTF8.self).contains("\\u0000")
    }
}
