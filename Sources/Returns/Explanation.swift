public import JSON
public import Postgres
import Registers

/// What a figure of a return was counted from.
public struct Explanation: Sendable {
    /// What the figure counts, in Chinese.
    public let meaning: String
    /// One object for each thing counted: a visit, a follow-up, an inspector at a visit, or a draw.
    public let traces: [JSONValue]
    /// The figure: for pools and samples the sum over the draws, else how many there are. For rates the whole.
    public let figure: Int

    /// Traces a figure.
    ///
    /// - Parameters:
    ///   - report: the return.
    ///   - line: `DEPARTMENT/ITEM/internal`, `DEPARTMENT/ITEM/joint`, `internal`, `joint` or `all`.
    ///   - column: such as `inspected`, `category:未发现问题`, `follow-up:correction`.
    ///   - instant: as of when the return was counted.
    /// - Throws: `ReturnProblem` where there is no such line or column.
    public static func trace(
        _ report: ReturnReport, line: String, column: String, at instant: String, _ database: some PostgresQueryable
    ) async throws -> Explanation {
        let parts = line.split(separator: "/").map(String.init)
        let isSum = ["internal", "joint", "all"].contains(line)
        guard isSum || parts.count == 3 && ["internal", "joint"].contains(parts[2]) else {
            throw ReturnProblem(
                description: "没有行 \(line)；写 部门/事项/internal、部门/事项/joint、internal、joint 或 all / there is no such line")
        }
        let department = isSum ? report.department : parts[0]
        let item: String? = isSum ? nil : parts[1]
        let joint: Bool? = line == "all" ? nil : parts.last == "joint"
        let scope: SQL = """
            (\(optional: department)::text IS NULL OR t.department = \(optional: department)::text)
            AND (\(optional: item)::text IS NULL OR t.item = \(optional: item)::text)
            AND (\(optional: joint)::boolean IS NULL OR t.joint = \(optional: joint)::boolean)
            """
        let period: SQL = """
            \(report.period.first.description)::text::date, \(report.period.last.description)::text::date,
                \(instant)::text::timestamptz
            """
        let (meaning, query): (String, SQL)
        if let kind = followUpKind(column) {
            (meaning, query) = (
                "本期已查任务的后续处置" + (kind.isClosedOnly ? "，已办结的" : ""), followUps(kind, scope, period)
            )
        } else if ["pool", "drawn", "rate"].contains(column) {
            (meaning, query) = ("本期任务来自的抽取，及其基数、抽取户数", draws(column, scope, period))
        } else if let counted = condition(column) {
            (meaning, query) = (counted.meaning, tasks(column, counted.sql, scope, period))
        } else {
            let known = ReturnColumn.all(of: report).map(\.key).filter(isExplained).joined(separator: " ")
            throw ReturnProblem(description: "栏目 \(column) 不能追溯；可用 / use one of: \(known)")
        }
        let rows = try await database.query(query)
        return Explanation(
            meaning: meaning, traces: try rows.map { try JSONValue(parsing: $0.decode("trace", as: String.self)) },
            figure: try rows.map { try $0.decode("weight", as: Int.self) }.reduce(0, +))
    }

    /// What a column counts, as conditions on `returns.tasks` t.
    private static func condition(_ column: String) -> (meaning: String, sql: SQL)? {
        if column.hasPrefix("category:") {
            let name = String(column.dropFirst("category:".count))
            return ("检查结果为“\(name)”的事项", "\(name)::text = ANY(t.categories)")
        }
        switch column {
        case "due": return ("本期应查的任务", "true")
        case "inspected": return ("本期已查的任务", "t.inspected")
        case "failed": return ("本期无法检查的任务", "t.failed")
        case "published": return ("已查并已公示的任务", "t.published_at IS NOT NULL")
        case "unpublished": return ("已查未公示的任务", "t.inspected AND t.published_at IS NULL")
        case "published_ppm": return ("公示率的分母：已查的任务，其中 published_at 为空的未公示", "t.inspected")
        case "departments": return ("有多个部门参加的任务", "t.joint")
        case "inspector_visits": return ("已查任务的检查人员", "t.inspected")
        default: return nil
        }
    }

    private static func tasks(_ column: String, _ condition: SQL, _ scope: SQL, _ period: SQL) -> SQL {
        let byItem = column.hasPrefix("category:")
        let byInspector = column == "inspector_visits"
        return """
            SELECT (jsonb_build_object('visit', t.visit, 'entity', t.entity, 'department', t.department,
                'items', jsonb_agg(DISTINCT t.item), 'window', jsonb_build_array(t.window_first, t.window_last),
                'ended_on', t.ended_on, 'failed_on', t.failed_on, 'published_at',
                registers.instant_text(t.published_at), 'round', t.round, 'departments', to_jsonb(t.departments))
                || CASE WHEN \(byInspector) THEN jsonb_build_object('inspector', i.inspector)
                    ELSE '{}'::jsonb END)::text AS trace, 1::bigint AS weight
            FROM returns.tasks(\(period)) t
            LEFT JOIN LATERAL unnest(t.inspectors) AS i (inspector) ON \(byInspector)
            WHERE \(scope) AND \(condition) AND (NOT \(byInspector) OR i.inspector IS NOT NULL)
            GROUP BY t.visit, t.entity, t.department, t.window_first, t.window_last, t.ended_on, t.failed_on,
                t.published_at, t.round, t.departments, i.inspector, CASE WHEN \(byItem) THEN t.item END
            ORDER BY t.visit, t.department, i.inspector
            """
    }

    private static func followUps(
        _ kind: (kind: String?, isClosedOnly: Bool), _ scope: SQL, _ period: SQL
    ) -> SQL {
        """
        SELECT jsonb_build_object('follow_up', t.id, 'kind', t.kind, 'visit', t.visit, 'department', t.department,
            'items', jsonb_agg(t.item ORDER BY t.item), 'ordered_on', t.ordered_on, 'due_on', t.due_on,
            'done_on', t.done_on)::text AS trace, 1::bigint AS weight
        FROM returns.follow_ups(\(period)) t
        WHERE \(scope) AND (\(optional: kind.kind)::text IS NULL AND t.kind <> 'none'
                OR t.kind = \(optional: kind.kind)::text)
            AND (t.done_on IS NOT NULL OR NOT \(kind.isClosedOnly))
        GROUP BY t.id, t.kind, t.visit, t.department, t.ordered_on, t.due_on, t.done_on ORDER BY t.id
        """
    }

    private static func draws(_ column: String, _ scope: SQL, _ period: SQL) -> SQL {
        """
        SELECT to_jsonb(g)::text AS trace,
            coalesce(CASE \(column)::text WHEN 'drawn' THEN g.drawn ELSE g.pool END, 0)::bigint AS weight
        FROM (
            SELECT DISTINCT t.round, q.id AS request, t.department,
                (SELECT sum(s.value::bigint) FROM rounds.rounds r,
                    jsonb_array_elements(r.commitment_json::jsonb -> 'requests') AS c,
                    jsonb_each_text(c -> 'pool_sizes') AS s
                    WHERE r.id = t.round AND c ->> 'id' = q.id) AS pool,
                (SELECT cardinality(s.entities) FROM rounds.selections s
                    WHERE s.round = t.round AND s.request = q.id) AS drawn
            FROM returns.tasks(\(period)) t
            JOIN rounds.requests q ON q.round = t.round AND q.id = ANY(t.requests) AND q.department = t.department
                AND q.body::jsonb -> 'items' ? t.item
            WHERE \(scope)) AS g
        ORDER BY g.round, g.request
        """
    }

    private static func followUpKind(_ column: String) -> (kind: String?, isClosedOnly: Bool)? {
        switch column {
        case "follow-ups", "closed_ppm": (nil, false)
        case "closed": (nil, true)
        case _ where column.hasPrefix("follow-up:"): (String(column.dropFirst("follow-up:".count)), false)
        default: nil
        }
    }

    /// Whether a column counts something that can be listed.
    static func isExplained(_ column: String) -> Bool {
        followUpKind(column) != nil || ["pool", "drawn", "rate"].contains(column) || condition(column) != nil
    }
}
