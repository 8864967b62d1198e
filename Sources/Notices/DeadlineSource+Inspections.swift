import Postgres
import Registers

extension DeadlineSource {
    /// Visits, their results, and publication.
    static func inspecting(_ rules: CountyRules) -> [DeadlineSource] {
        [
            DeadlineSource(
                kind: "visit", basis: "抽查工作方案确定的检查时限（固政办发〔2021〕32号 四（三））",
                needs: ["inspections.visit_states", "notices.teams"],
                query: """
                    SELECT v.visit || '/' || v.department AS subject, v.department AS recipient, v.entity,
                        t.inspectors AS people, '检查任务 ' || v.visit || ' 应在检查期内实施' AS title,
                        v.window_first AS starts_on, v.window_last AS due_on,
                        notices.noon(coalesce(v.ended_on, v.failed_on, v.result_ended_on)) AS met_at
                    FROM inspections.visit_states v
                    LEFT JOIN notices.teams t ON t.visit = v.visit AND t.department = v.department
                    """),
            DeadlineSource(
                kind: "entry", basis: rules.basis("deadline_result_entry"),
                needs: ["inspections.visit_states", "notices.teams"],
                query: """
                    SELECT v.visit || '/' || v.department AS subject, v.department AS recipient, v.entity,
                        t.inspectors AS people, '检查任务 ' || v.visit || ' 的检查结果应录入' AS title, e.ended_on AS starts_on,
                        coalesce(r.entry_due_on, notices.working_day_after(e.ended_on,
                            \(rules.resultEntryWorkingDays)::int4)) AS due_on,
                        r.recorded_at AS met_at
                    FROM inspections.visit_states v
                    LEFT JOIN inspections.results r
                        ON r.visit = v.visit AND r.department = v.department AND r.version = 1
                    CROSS JOIN LATERAL (SELECT coalesce(v.ended_on, v.failed_on, r.ended_on) AS ended_on) AS e
                    LEFT JOIN notices.teams t ON t.visit = v.visit AND t.department = v.department
                    WHERE e.ended_on IS NOT NULL
                    """),
            DeadlineSource(
                kind: "publication", basis: rules.basis("publication_working_days"),
                needs: ["inspections.visit_states", "notices.teams"], query: publication(rules)),
            DeadlineSource(
                kind: "correction-request", basis: rules.basis("deadline_correction_request"),
                needs: ["notices.correction_requests"],
                query: """
                    SELECT q.id AS subject, q.department AS recipient, q.entity, '{}'::text[] AS people,
                        '企业对公示信息 ' || q.publication || ' 的更正申请应答复' AS title, q.requested_on AS starts_on,
                        notices.working_day_after(q.requested_on,
                            \(rules.deadlines.correctionRequest.workingDays)::int4) AS due_on,
                        notices.noon(q.answered_on) AS met_at
                    FROM notices.correction_requests q
                    """),
        ]
    }

    /// A version is published when it is, or a later one; each corrected version's time runs from its entry.
    private static func publication(_ rules: CountyRules) -> SQL {
        let byRound = rules.deadlines.publicationCountsFrom == .round
        let end: SQL = byRound ? "CASE WHEN r.all_ended THEN r.ended_on ELSE r.window_last END" : "v.ended_on"
        return """
            WITH versions AS (
                SELECT s.visit, s.department, s.entity, s.round, 1 AS version,
                    coalesce(r.ended_on, s.ended_on, s.failed_on) AS ended_on
                FROM inspections.visit_states s
                LEFT JOIN inspections.results r
                    ON r.visit = s.visit AND r.department = s.department AND r.version = 1
            ), rounds AS (
                SELECT s.round, bool_and(v.ended_on IS NOT NULL) AS all_ended, max(v.ended_on) AS ended_on,
                    max(s.window_last) AS window_last
                FROM inspections.visit_states s
                JOIN versions v ON v.visit = s.visit AND v.department = s.department
                GROUP BY s.round
            ), starts AS (
                SELECT v.visit, v.department, v.entity, v.version, \(end) AS starts_on
                FROM versions v JOIN rounds r ON r.round = v.round
                WHERE v.ended_on IS NOT NULL
                UNION ALL
                SELECT visit, department, entity, version, (recorded_at AT TIME ZONE 'Asia/Shanghai')::date
                FROM inspections.results WHERE version > 1
            )
            SELECT notices.publication_id(s.visit, s.department, s.version) AS subject, s.department AS recipient, s.entity,
                t.inspectors AS people,
                '检查任务 ' || s.visit || CASE WHEN s.version = 1 THEN ' 的检查结果应公示'
                    ELSE ' 更正后的检查结果（第' || s.version || '版）应公示' END AS title,
                s.starts_on, notices.working_day_after(s.starts_on, \(rules.publicationWorkingDays)::int4) AS due_on,
                (SELECT min(a.acknowledged_at) FROM notices.acknowledged(
                    \(optional: rules.deadlines.publicationAcknowledgedBy)::text) a
                    WHERE a.visit = s.visit AND a.department = s.department AND a.version >= s.version) AS met_at
            FROM starts s
            LEFT JOIN notices.teams t ON t.visit = s.visit AND t.department = s.department
            """
    }

    /// What follows from results and leads.
    static func consequences(_ rules: CountyRules) -> [DeadlineSource] {
        func source(_ kind: String, _ what: String, _ columns: SQL, _ condition: SQL) -> DeadlineSource {
            DeadlineSource(
                kind: kind, basis: "文书载明的期限（固政办发〔2021〕32号 四（四））",
                needs: ["inspections.consequence_states"],
                query: """
                    SELECT c.id AS subject, c.department AS recipient, c.entity, '{}'::text[] AS people,
                        c.name || ' ' || c.id || \(what)::text AS title, \(columns)
                    FROM inspections.consequence_states c WHERE \(condition)
                    """)
        }
        return [
            source(
                "correction", " 应改正到位",
                "c.ordered_on AS starts_on, c.due_on, notices.noon(c.done_on) AS met_at",
                "c.kind = 'correction'"),
            source(
                "reinspection", " 到期后应复查",
                """
                c.due_on AS starts_on, c.reinspect_by AS due_on,
                    notices.noon(coalesce(c.reinspected_on, c.done_on)) AS met_at
                """, "c.kind = 'correction' AND c.reinspect_by IS NOT NULL"),
            source(
                "follow-up", " 应办结",
                "c.ordered_on AS starts_on, c.due_on, notices.noon(c.done_on) AS met_at",
                "c.kind <> 'correction' AND c.due_on IS NOT NULL"),
            source(
                "referral-approval", " 应作出移送决定",
                """
                c.ordered_on AS starts_on, c.approve_by AS due_on,
                    coalesce(c.approved_at, notices.noon(c.refused_on)) AS met_at
                """, "c.approve_by IS NOT NULL"),
            source(
                "referral-hand-over", " 批准后应移交",
                """
                (c.approved_at AT TIME ZONE 'Asia/Shanghai')::date AS starts_on,
                    (c.hand_over_by AT TIME ZONE 'Asia/Shanghai')::date AS due_on,
                    notices.noon(c.handed_over_on) AS met_at
                """, "c.hand_over_by IS NOT NULL"),
            lead(
                "lead-action", "应立即检查处置", due: "l.act_by",
                met: "coalesce(l.inspected_on, l.filed_on, l.concluded_on)"),
            lead(
                "lead-decision", "应决定是否立案", due: "l.decide_by", met: "coalesce(l.filed_on, l.concluded_on)"),
        ]
    }

    private static func lead(
        _ kind: String, _ what: String, due: SQL, met: SQL
    ) -> DeadlineSource {
        DeadlineSource(
            kind: kind, basis: "固政办发〔2021〕32号 四（五）：对违法违规行为个案线索立即实施检查、处置",
            needs: ["inspections.lead_states"],
            query: """
                SELECT l.id AS subject, l.department AS recipient, l.entity, '{}'::text[] AS people,
                    '线索 ' || l.id || ' ' || \(what)::text AS title, l.received_on AS starts_on, \(due) AS due_on,
                    notices.noon(\(met)) AS met_at
                FROM inspections.lead_states l WHERE \(due) IS NOT NULL
                """)
    }
}
