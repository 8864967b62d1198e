import Postgres
import Registers

extension DeadlineSource {
    /// Plans: their submission, and who confirms a joint one.
    static func planning(_ rules: CountyRules, now: Moment, since: Day) -> [DeadlineSource] {
        [
            DeadlineSource(
                kind: "participation", basis: rules.basis("participants_confirm_working_days"),
                needs: ["plans.participants", "plans.versions"],
                query: """
                    SELECT p.plan || '/' || p.version || '/' || p.department AS subject, p.department AS recipient,
                        NULL::text AS entity, '{}'::text[] AS people, '联合抽查计划《' || v.title || '》应确认参与' AS title,
                        (v.drafted_at AT TIME ZONE 'Asia/Shanghai')::date AS starts_on, p.due_on,
                        p.confirmed_at AS met_at
                    FROM plans.participants p
                    JOIN plans.versions v ON v.plan = p.plan AND v.version = p.version
                    WHERE p.confirmed_at IS NOT NULL
                        OR v.state IN ('drafted', 'checked', 'approved', 'reported', 'received')
                    """),
            yearly(
                "plan-submission", rules.basis("deadline_plan_submission"),
                rules.deadlines.planSubmission, now: now, since: since, needs: ["plans.plans", "plans.steps"],
                title: " 年度抽查工作计划应上报",
                met: """
                    (SELECT min(t.at) FROM plans.plans p JOIN plans.steps t ON t.plan = p.id AND t.step = 'reported'
                        WHERE p.department = d.id AND p.year = y.year AND p.kind = 'annual')
                    """),
            yearly(
                "joint", rules.basis("deadline_joint_duty"), rules.deadlines.jointDuty, now: now,
                since: since, needs: ["notices.joint_inspections"], title: " 年内应组织部门联合抽查",
                met: """
                    (SELECT max(j.drawn_at) FROM (
                        SELECT i.drawn_at FROM notices.joint_inspections i
                        WHERE i.department = d.id
                            AND extract(year FROM i.drawn_at AT TIME ZONE 'Asia/Shanghai') = y.year
                        ORDER BY i.drawn_at LIMIT \(rules.jointInspectionsPerYear)) AS j
                        HAVING count(*) >= \(rules.jointInspectionsPerYear))
                    """),
        ]
    }

    /// Returns and summaries, once the slice that keeps them says what has been submitted.
    static func reporting(_ rules: CountyRules, now: Moment, since: Day) -> [DeadlineSource] {
        [
            DeadlineSource(
                kind: "monthly-return", basis: rules.basis("deadline_monthly_return"),
                needs: ["returns.submitted"],
                query: """
                    SELECT d.id || '/' || to_char(m.first, 'YYYY-MM') AS subject, d.id AS recipient,
                        NULL::text AS entity, '{}'::text[] AS people, to_char(m.first, 'YYYY-MM') || ' 月报表应报送' AS title,
                        m.first AS starts_on, m.due_on,
                        (SELECT min(r.submitted_at) FROM returns.submitted r WHERE r.kind = 'monthly'
                            AND r.department = d.id AND r.period = to_char(m.first, 'YYYY-MM')) AS met_at
                    FROM (\(duty(since: since))) AS d
                    CROSS JOIN LATERAL (
                        SELECT f::date AS first, (f + interval '1 month')::date - 1
                            - \(rules.deadlines.monthlyReturn.daysBeforeMonthEnd)::int4 AS due_on
                        FROM generate_series(date_trunc('month', greatest(d.since, \(since.description)::text::date)),
                            \(now.day.description)::text::date::timestamp, interval '1 month') AS f) AS m
                    WHERE m.due_on >= greatest(d.since, \(since.description)::text::date)
                    """),
            yearly(
                "half-year-summary", rules.basis("deadline_half_year_summary"),
                rules.deadlines.halfYearSummary, now: now, since: since, needs: ["returns.submitted"],
                title: " 半年工作总结应报送", met: submitted("half-year", "y.year::text || '-H1'")),
            yearly(
                "annual-summary", rules.basis("deadline_annual_summary"), rules.deadlines.annualSummary,
                now: now, since: since, needs: ["returns.submitted"], title: " 年度工作总结应报送",
                met: submitted("annual", "y.year::text")),
        ]
    }

    private static func submitted(_ kind: String, _ period: SQL) -> SQL {
        """
        (SELECT min(r.submitted_at) FROM returns.submitted r
            WHERE r.kind = \(kind) AND r.department = d.id AND r.period = \(period))
        """
    }

    /// Certificates that end, and registers that no feed has come for.
    static func registers(_ rules: CountyRules, now: Moment, since: Day) -> [DeadlineSource] {
        let limits = rules.freshness.sorted { $0.key < $1.key }
        return [
            DeadlineSource(
                kind: "certificate", basis: rules.basis("certificate_warning_days"),
                needs: ["notices.certificates"],
                query: """
                    SELECT c.inspector || '/' || c.certificate_until AS subject, c.department AS recipient,
                        NULL::text AS entity, ARRAY[c.inspector] AS people,
                        '检查人员 ' || c.inspector || ' 的执法证到期，应换证；到期后不再参加抽取' AS title,
                        NULL::date AS starts_on, c.certificate_until AS due_on, c.renewed_at AS met_at
                    FROM notices.certificates c
                    WHERE c.certificate_until >= \(since.description)::text::date
                        AND c.certificate_until <= \(now.day.description)::text::date + 366
                    """),
            DeadlineSource(
                kind: "feed", basis: rules.basis("freshness_hours"), needs: ["notices.feeds"],
                query: """
                    SELECT f.register || '/' || f.source || '/' || f.feed AS subject, o.department AS recipient,
                        NULL::text AS entity, '{}'::text[] AS people,
                        '数据源 ' || f.source || ' 的 ' || f.register || ' 库应更新' AS title,
                        (f.applied_at AT TIME ZONE 'Asia/Shanghai')::date AS starts_on, t.due_on, f.next_at AS met_at
                    FROM notices.feeds f
                    JOIN unnest(\(limits.map(\.key))::text[], \(limits.map(\.value.warning))::bigint[])
                        AS l (register, hours) ON l.register = f.register
                    CROSS JOIN LATERAL (
                        SELECT ((f.applied_at + l.hours * interval '1 hour') AT TIME ZONE 'Asia/Shanghai')::date
                            AS due_on) AS t
                    CROSS JOIN LATERAL (
                        SELECT id AS department FROM registers.departments
                        WHERE valid_to IS NULL AND (lead OR 'dept:' || id = f.source)
                        ORDER BY 'dept:' || id = f.source DESC, id LIMIT 1) AS o
                    WHERE least(f.next_at, notices.noon(\(now.day.description)::text::date)) >= notices.noon(t.due_on - 7)
                        AND t.due_on >= \(since.description)::text::date
                    """),
        ]
    }

    /// Something that each department with items does once a year.
    private static func yearly(
        _ kind: String, _ basis: String, _ term: DeadlineRules.Term, now: Moment, since: Day,
        needs: [String], title: String, met: SQL
    ) -> DeadlineSource {
        let years = Array(since.year...max(since.year, now.day.year))
        let days = years.map { term.day(in: $0)?.description }
        return DeadlineSource(
            kind: kind, basis: basis, needs: needs,
            query: """
                SELECT d.id || '/' || y.year AS subject, d.id AS recipient, NULL::text AS entity, '{}'::text[] AS people,
                    y.year || \(title)::text AS title, make_date(y.year::integer, 1, 1) AS starts_on, y.due_on,
                    \(met) AS met_at
                FROM (\(duty(since: since))) AS d
                JOIN unnest(\(years)::bigint[], \(days)::date[]) AS y (year, due_on)
                    ON y.due_on >= greatest(d.since, \(since.description)::text::date)
                """)
    }

    /// The departments that inspect: with items, and not exempt; `since` is the day on which they came in.
    private static func duty(since: Day) -> SQL {
        """
        SELECT d.id, (SELECT min(valid_from AT TIME ZONE 'Asia/Shanghai')::date FROM registers.departments f
                WHERE f.id = d.id) AS since
        FROM registers.departments d
        WHERE d.valid_to IS NULL AND NOT d.exempt
            AND EXISTS (SELECT FROM registers.items i WHERE i.department = d.id AND i.valid_to IS NULL)
        """
    }
}
