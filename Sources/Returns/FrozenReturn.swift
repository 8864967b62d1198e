public import JSON
public import Postgres

/// A submitted return as it was frozen, with all that was said of it.
public struct FrozenReturn: Sendable {
    /// A problem (存在问题) or suggestion (工作建议) with the office's answer.
    public struct Remark: Sendable, Hashable {
        /// `problem` or `suggestion`.
        public let what: String
        /// From 1 in its kind.
        public let number: Int
        /// As the department wrote it.
        public let text: String
        /// The office's answer.
        public let answer: String?
    }

    /// From 1.
    public let version: Int
    /// The figures.
    public let report: ReturnReport
    /// SHA-256 of the canonical body, in hex.
    public let digest: String
    /// Who filled it in (填报人).
    public let filledBy: String
    /// As of when it was counted, UTC.
    public let asOf: String
    /// 填报时间, in Asia/Shanghai: `YYYY-MM-DD hh:mm`.
    public let submittedAt: String
    /// `approved` or `returned`; `nil` while undecided.
    public let decision: String?
    /// Who decided (审批人).
    public let decidedBy: String?
    /// When, in Asia/Shanghai.
    public let decidedAt: String?
    /// Why it was given back.
    public let reason: String?
    /// Problems, then suggestions.
    public let remarks: [Remark]

    /// Reads the latest version, or another.
    public static func read(
        _ period: ReturnPeriod, department: String, version: Int? = nil, _ database: some PostgresQueryable
    ) async throws -> FrozenReturn? {
        let row = try await database.query(
            """
            SELECT r.version::bigint AS version, r.body, r.digest, r.filled_by, registers.instant_text(r.as_of) AS as_of,
                to_char(r.submitted_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI') AS submitted_at, d.decision,
                d.by_name, to_char(d.at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI') AS decided_at, d.reason,
                (SELECT coalesce(jsonb_agg(jsonb_build_object('what', m.what, 'number', m.number, 'text', m.text,
                        'answer', a.answer) ORDER BY m.what, m.number), '[]')
                    FROM returns.remarks m
                    LEFT JOIN returns.answers a USING (kind, department, period, version, what, number)
                    WHERE m.kind = r.kind AND m.department = r.department AND m.period = r.period
                        AND m.version = r.version)::text AS remarks
            FROM returns.returns r
            LEFT JOIN returns.decisions d USING (kind, department, period, version)
            WHERE r.kind = \(period.kind.rawValue) AND r.department = \(department) AND r.period = \(period.name)
                AND (\(optional: version)::bigint IS NULL OR r.version = \(optional: version)::bigint)
            ORDER BY r.version DESC LIMIT 1
            """
        ).first
        guard let row else { return nil }
        return FrozenReturn(
            version: try row.decode("version", as: Int.self),
            report: try ReturnReport(json: JSONValue(parsing: row.decode("body", as: String.self))),
            digest: try row.decode("digest", as: String.self), filledBy: try row.decode("filled_by", as: String.self),
            asOf: try row.decode("as_of", as: String.self),
            submittedAt: try row.decode("submitted_at", as: String.self),
            decision: try row.decode("decision", as: String?.self),
            decidedBy: try row.decode("by_name", as: String?.self),
            decidedAt: try row.decode("decided_at", as: String?.self),
            reason: try row.decode("reason", as: String?.self),
            remarks: try JSONField(JSONValue(parsing: row.decode("remarks", as: String.self))).array { field in
                var remark = try JSONReader(field)
                return Remark(
                    what: try remark.string("what"), number: try remark.integer("number"),
                    text: try remark.string("text"), answer: try remark.optionalString("answer"))
            })
    }

    /// How the approval stands, in Chinese.
    public var approval: String {
        switch decision {
        case "approved": "已审批：\(decidedBy ?? "") \(decidedAt ?? "")"
        case "returned": "已退回：\(decidedBy ?? "") \(decidedAt ?? "")，理由：\(reason ?? "")"
        default: "待审批"
        }
    }

    /// With the figures, for programs.
    public var json: JSONValue {
        func text(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }
        let remarks = remarks.map { remark -> JSONValue in
            [
                "what": .string(remark.what), "number": .integer(remark.number), "text": .string(remark.text),
                "answer": text(remark.answer),
            ]
        }
        return [
            "version": .integer(version), "digest": .string(digest), "filled_by": .string(filledBy),
            "as_of": .string(asOf), "submitted_at": .string(submittedAt), "decision": text(decision),
            "decided_by": text(decidedBy), "decided_at": text(decidedAt), "reason": text(reason),
            "remarks": .array(remarks), "report": report.json,
        ]
    }
}
