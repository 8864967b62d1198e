public import JSON
public import Postgres

/// What can be seen of rounds by those who run them.
public enum RoundReport {
    /// One line of the list.
    public struct Line: Sendable {
        /// The round's id.
        public let id: String
        /// Its state.
        public let state: String
        /// When it was opened, in UTC.
        public let openedAt: String
        /// Its commitment, once it has one.
        public let commitment: String?
    }

    /// All rounds, the newest first.
    public static func list(_ pool: PostgresPool) async throws -> [Line] {
        try await pool.query(
            """
            SELECT id, state, to_char(opened_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS opened_at,
                commitment
            FROM rounds.rounds r ORDER BY r.opened_at DESC, id
            """
        ).map {
            Line(
                id: try $0.decode("id", as: String.self), state: try $0.decode("state", as: String.self),
                openedAt: try $0.decode("opened_at", as: String.self),
                commitment: try $0.decode("commitment", as: String?.self))
        }
    }

    /// One round with its requests, witnesses, public values and the progress of its stages; `nil` if there is none.
    ///
    /// Nothing in it names who was drawn; but the seed tells it to whoever has a list of enterprises.
    ///
    /// - Parameter withSeed: whether the seed is in it.
    public static func show(_ id: String, withSeed: Bool = true, _ pool: PostgresPool) async throws -> JSONValue? {
        let seed: SQL = withSeed ? "r.seed" : "NULL::text"
        let text = try await pool.query(
            """
            SELECT jsonb_build_object(
                'id', r.id, 'county', r.county, 'state', r.state, 'successor_of', r.successor_of,
                'reveal_by', to_char(r.reveal_by AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                'as_of', to_char(r.as_of AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                'sequence', r.sequence, 'commitment', r.commitment, 'seed', \(seed), 'result', r.result_digest,
                'void_reason', r.void_reason,
                'milliseconds', jsonb_build_object(
                    'collecting', floor(extract(epoch FROM r.closed_at - r.opened_at) * 1000)::bigint,
                    'freezing_and_committing', floor(extract(epoch FROM r.committed_at - r.closed_at) * 1000)::bigint,
                    'revealing', floor(extract(epoch FROM r.seeded_at - r.committed_at) * 1000)::bigint,
                    'drawing', floor(extract(epoch FROM r.drawn_at - r.seeded_at) * 1000)::bigint),
                'requests', (SELECT count(*) FROM rounds.requests q WHERE q.round = r.id),
                'departments', (SELECT count(DISTINCT department) FROM rounds.requests q WHERE q.round = r.id),
                'withdrawn', COALESCE((SELECT jsonb_agg(jsonb_build_object('request', w.id, 'department', w.department,
                        'plan_lines', w.plan_lines, 'reason', w.reason,
                        'at', to_char(w.withdrawn_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')) ORDER BY w.number)
                    FROM rounds.withdrawn_requests w WHERE w.round = r.id), '[]'),
                'visits', (SELECT count(*) FROM rounds.visits v WHERE v.round = r.id),
                'reveals', COALESCE((SELECT jsonb_agg(jsonb_build_object('source', w.source,
                        'committed', w.commitment IS NOT NULL, 'revealed', w.revealed_at IS NOT NULL) ORDER BY w.source)
                    FROM rounds.witnesses w WHERE w.round = r.id), '[]'),
                'public', COALESCE((SELECT jsonb_agg(jsonb_build_object('source', p.source, 'pattern', p.pattern,
                        'statements', (SELECT count(*) FROM rounds.public_statements s
                            WHERE s.round = r.id AND s.source = p.source),
                        'disputed', (SELECT count(DISTINCT s.value) > 1 FROM rounds.public_statements s
                            WHERE s.round = r.id AND s.source = p.source)) ORDER BY p.source)
                    FROM rounds.public_sources p WHERE p.round = r.id), '[]'),
                'progress', COALESCE((SELECT jsonb_agg(jsonb_build_object('stage', t.kind, 'done', t.done,
                        'failed', t.failed, 'total', t.total) ORDER BY t.kind)
                    FROM (SELECT split_part(kind, '.', 2) AS kind, count(*) FILTER (WHERE state = 'done') AS done,
                            count(*) FILTER (WHERE state = 'failed') AS failed, count(*) AS total
                        FROM cluster.tasks WHERE subject = r.id AND kind LIKE 'rounds.%' GROUP BY 1) t), '[]')
            )::text AS report
            FROM rounds.rounds r WHERE r.id = \(id)
            """
        ).first?.decode("report", as: String.self)
        return try text.map { try JSONValue(parsing: $0) }
    }

    /// The report as lines for people.
    public static func text(_ report: JSONValue) -> [String] {
        func field(_ name: String) -> String {
            switch report[name] {
            case .string(let text): text
            case .integer(let number): String(number)
            default: "-"
            }
        }
        var lines = [
            "轮次 round        \(field("id"))", "状态 state        \(field("state"))",
            "申请 requests     \(field("requests"))（\(field("departments")) 个部门 departments）",
            "冻结 as of        \(field("as_of"))", "承诺 commitment   \(field("commitment"))",
            "揭示截止 reveal by \(field("reveal_by"))", "种子 seed         \(field("seed"))",
            "结果 result       \(field("result"))", "检查 visits       \(field("visits"))",
        ]
        if report["void_reason"]?.text != nil { lines.append("作废 void         \(field("void_reason"))") }
        for withdrawn in report["withdrawn"]?.elements ?? [] {
            lines.append(
                "撤回 withdrawn    \(withdrawn["request"]?.text ?? "")  \(withdrawn["department"]?.text ?? "")  "
                    + (withdrawn["reason"]?.text ?? ""))
        }
        for witness in report["reveals"]?.elements ?? [] {
            let state =
                witness["revealed"] == .bool(true)
                ? "已揭示 revealed" : witness["committed"] == .bool(true) ? "已承诺 committed" : "未承诺 not committed"
            lines.append("见证 witness      \(witness["source"]?.text ?? "")  \(state)")
        }
        for value in report["public"]?.elements ?? [] {
            let disputed = value["disputed"] == .bool(true) ? "  各说不一 disputed" : ""
            lines.append(
                "公共值 public     \(value["source"]?.text ?? "")  \(value["statements"]?.number ?? 0) 次陈述\(disputed)")
        }
        for stage in report["progress"]?.elements ?? [] {
            lines.append(
                "阶段 stage        \(stage["stage"]?.text ?? "")  \(stage["done"]?.number ?? 0)/\(stage["total"]?.number ?? 0)"
            )
        }
        return lines
    }
}
