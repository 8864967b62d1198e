public import Cluster
import Crypto
import JSON
import Postgres
import Registers

/// Returns and summaries (报表、总结): submitted by departments, frozen as they were counted, approved, answered.
///
/// Source: 固政办发〔2021〕32号 五（一）、（三）、（五）.
public enum Returns {
    /// The handlers for the topic `result-submissions`.
    public static let handlers: [SubmissionHandler] = [
        SubmissionHandler(type: ReturnMessage.Kind.submitted, role: .result) { submission, transaction in
            let message = try ReturnMessage.Submitted(submission.data)
            try ownOnly(message.department, submission)
            return try await freeze(message, submission, transaction)
        },
        SubmissionHandler(type: ReturnMessage.Kind.decided, role: .approve) { submission, transaction in
            let message = try ReturnMessage.Decided(submission.data)
            try ownOnly(message.department, submission)
            return try await decide(message, submission, transaction)
        },
        SubmissionHandler(type: ReturnMessage.Kind.answered, role: .office) { submission, transaction in
            try await answer(ReturnMessage.Answered(submission.data), submission, transaction)
        },
        SubmissionHandler(type: ReturnMessage.Kind.activity, role: .result) { submission, transaction in
            let message = try ReturnMessage.Activity(submission.data)
            try ownOnly(message.department, submission)
            return try await record(message, submission, transaction)
        },
    ]

    private static func ownOnly(_ department: String, _ submission: Submission) throws {
        guard department == submission.department else {
            throw Rejection(
                field: "department", code: "department.other",
                message: "签名部门是 \(submission.department)，不能替 \(department) 报送；sign with the key of \(department)")
        }
    }

    /// The latest version of a return with what was decided of it; two who ask at once come one after another.
    private static func latest(
        _ period: ReturnPeriod, _ department: String, _ transaction: PostgresTransaction
    ) async throws -> (version: Int, decision: String?)? {
        _ = try await transaction.query(
            """
            SELECT pg_advisory_xact_lock(hashtextextended(
                \(period.kind.rawValue + "/" + department + "/" + period.name)::text, 500))
            """)
        return try await transaction.query(
            """
            SELECT r.version::bigint AS version, d.decision
            FROM returns.returns r LEFT JOIN returns.decisions d USING (kind, department, period, version)
            WHERE r.kind = \(period.kind.rawValue) AND r.department = \(department) AND r.period = \(period.name)
            ORDER BY r.version DESC LIMIT 1
            """
        ).first.map { (try $0.decode("version", as: Int.self), try $0.decode("decision", as: String?.self)) }
    }

    /// Counts the figures and keeps them as they are now.
    private static func freeze(
        _ message: ReturnMessage.Submitted, _ submission: Submission, _ transaction: PostgresTransaction
    ) async throws -> Effects {
        let period = message.period
        let latest = try await latest(period, message.department, transaction)
        if let latest, latest.decision != "returned" {
            throw Rejection(
                field: "period", code: "return.exists",
                message: "\(period.chinese)\(period.kind.chinese)第 \(latest.version) 版已报送，数字已冻结；确需更正的请由审批人退回后重报 / "
                    + "it is frozen; only a version that was given back is followed by another")
        }
        let begun = try await transaction.query(
            """
            SELECT (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date >= \(period.first.description)::text::date AS begun
            """
        ).first?.decode("begun", as: Bool.self)
        guard begun == true else {
            throw Rejection(
                field: "period", code: "period.future", message: "\(period.chinese)尚未开始，不能报送 / the period has not begun"
            )
        }
        let instant = try await ReturnStore.instant(.periodEnd, of: period, transaction)
        let report: ReturnReport
        do {
            report = try await ReturnStore.report(period, department: message.department, at: instant, transaction)
        } catch let problem as ReturnProblem {
            throw Rejection(field: "department", code: "department.unknown", message: problem.description)
        }
        guard report.section.isZero == message.isZero else {
            let all = report.section.all
            throw Rejection(
                field: "zero", code: message.isZero ? "zero.not" : "zero.unsaid",
                message: message.isZero
                    ? "本期应抽 \(all.due) 户次、已查 \(all.inspected) 户次，\(ReturnReport.leadsText(report.section.leads))，"
                        + "不能零报告 / there is something to report"
                    : "本期没有任何数据，请明确零报告（zero: true）/ there is nothing to report; say so")
        }
        let body = report.json.canonicalText
        let digest = SHA256.hash(data: Array(body.utf8)).map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
        if let seen = message.digest, seen != digest {
            throw Rejection(
                field: "digest", code: "figures.changed",
                message: "您核对之后数据有变化，请重新核对后报送（现为 \(digest)）/ the figures have changed since you looked")
        }
        let version = (latest?.version ?? 0) + 1
        try await transaction.execute(
            """
            INSERT INTO returns.returns
                (kind, department, period, version, body, digest, zero, filled_by, as_of, source, submission, key_id)
            VALUES (\(period.kind.rawValue), \(message.department), \(period.name), \(version)::int4, \(body),
                \(digest), \(message.isZero), \(message.filledBy), \(instant)::text::timestamptz, \(submission.source),
                \(submission.id), \(optional: submission.keyID))
            """)
        for (what, texts) in [("problem", message.problems), ("suggestion", message.suggestions)] {
            try await transaction.execute(
                """
                INSERT INTO returns.remarks (kind, department, period, version, what, number, text)
                SELECT \(period.kind.rawValue)::text, \(message.department)::text, \(period.name)::text,
                    \(version)::int4, \(what)::text, r.number::int4, r.text
                FROM unnest(\(texts)::text[]) WITH ORDINALITY AS r (text, number)
                """)
        }
        return Effects(details: ["version": .integer(version), "digest": .string(digest)])
    }

    private static func decide(
        _ message: ReturnMessage.Decided, _ submission: Submission, _ transaction: PostgresTransaction
    ) async throws -> Effects {
        let period = message.period
        guard let latest = try await latest(period, message.department, transaction) else {
            throw Rejection(
                field: "period", code: "return.unknown",
                message: "\(message.department) 没有报送\(period.chinese)\(period.kind.chinese) / nothing was submitted")
        }
        guard latest.version == message.version else {
            throw Rejection(
                field: "version", code: "version.other",
                message: "最新的是第 \(latest.version) 版 / the latest version is \(latest.version)")
        }
        guard latest.decision == nil else {
            throw Rejection(
                field: "version", code: "return.decided",
                message: "第 \(message.version) 版已审批或退回 / it is decided already")
        }
        try await transaction.execute(
            """
            INSERT INTO returns.decisions
                (kind, department, period, version, decision, by_name, reason, source, submission, key_id)
            VALUES (\(period.kind.rawValue), \(message.department), \(period.name), \(message.version)::int4,
                \(message.decision.rawValue), \(message.byName), \(optional: message.reason), \(submission.source),
                \(submission.id), \(optional: submission.keyID))
            """)
        return Effects(details: ["version": .integer(message.version)])
    }

    private static func answer(
        _ message: ReturnMessage.Answered, _ submission: Submission, _ transaction: PostgresTransaction
    ) async throws -> Effects {
        let period = message.period
        var reasons: [Reason] = []
        for (index, answer) in message.answers.enumerated() {
            let inserted = try await transaction.execute(
                """
                INSERT INTO returns.answers
                    (kind, department, period, version, what, number, answer, source, submission, key_id)
                SELECT kind, department, period, version, what, number, \(answer.answer)::text,
                    \(submission.source)::text, \(submission.id)::text, \(optional: submission.keyID)::text
                FROM returns.remarks
                WHERE kind = \(period.kind.rawValue) AND department = \(message.department) AND period = \(period.name)
                    AND version = \(message.version)::int4 AND what = \(answer.what)
                    AND number = \(answer.number)::int4
                ON CONFLICT DO NOTHING
                """)
            if inserted != 1 {
                reasons.append(
                    Reason(
                        field: "answers[\(index)]", code: "remark.none",
                        message: "没有这一条，或已答复 / there is no such problem or suggestion, or it is answered"))
            }
        }
        guard reasons.isEmpty else { throw Rejection(reasons) }
        return Effects(details: ["answers": .integer(message.answers.count)])
    }

    private static func record(
        _ message: ReturnMessage.Activity, _ submission: Submission, _ transaction: PostgresTransaction
    ) async throws -> Effects {
        let isFuture = try await transaction.query(
            """
            SELECT \(message.heldOn.description)::text::date > (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date
                AS future
            """
        ).first?.decode("future", as: Bool.self)
        guard isFuture == false else {
            throw Rejection(
                field: "held_on", code: "held-on.future", message: "活动日期晚于今天，请在活动后报送 / record it after it was held")
        }
        let inserted = try await transaction.execute(
            """
            INSERT INTO returns.activities
                (id, department, kind, held_on, title, form, participants, note, source, submission, key_id)
            VALUES (\(message.id), \(message.department), \(message.sort.rawValue),
                \(message.heldOn.description)::text::date, \(message.title), \(message.form),
                \(message.participants)::int4, \(optional: message.note), \(submission.source), \(submission.id),
                \(optional: submission.keyID))
            ON CONFLICT DO NOTHING
            """)
        guard inserted == 1 else {
            throw Rejection(field: "id", code: "activity.exists", message: "编号 \(message.id) 已用过 / the id is taken")
        }
        return Effects(details: ["id": .string(message.id)])
    }
}
