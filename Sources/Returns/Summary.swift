import JSON
public import Postgres
import Registers

/// A half-year or annual summary (工作总结) of a department or the county: tables and charts from the data.
///
/// Source: 固政办发〔2021〕32号 五（三）、（五）.
public struct Summary: Sendable {
    /// Publicity or training that was held (宣传培训).
    struct Activity: Sendable, Hashable {
        let heldOn: String
        let department: String
        let isTraining: Bool
        let title: String
        let form: String
        let participants: Int
    }

    /// A problem or suggestion of a monthly return of the period.
    struct Remark: Sendable, Hashable {
        let period: String
        let department: String
        let isProblem: Bool
        let text: String
        let answer: String?
    }

    /// The figures.
    public let report: ReturnReport
    /// Inspected visits of each month, by one department and by several.
    let months: [(name: String, alone: Int, joint: Int)]
    /// Each department's own sums, in the county's summary.
    let departments: [(id: String, figures: Figures)]
    let activities: [Activity]
    let remarks: [Remark]
    /// The day as of which it was counted.
    let today: Day

    /// Counts a summary.
    ///
    /// - Throws: `ReturnProblem`, `PostgresError`.
    public static func read(
        _ period: ReturnPeriod, department: String?, at instant: String, _ pool: PostgresPool
    ) async throws -> Summary {
        let report = try await ReturnStore.report(period, department: department, at: instant, pool)
        let day = try await pool.query(
            "SELECT (\(instant)::text::timestamptz AT TIME ZONE 'Asia/Shanghai' - interval '1 microsecond')::date::text AS day"
        ).first?.decode("day", as: String.self)
        guard let today = day.flatMap({ Day($0) }) else { throw PostgresError(.decoding, "the database gave no day") }
        var months: [(name: String, alone: Int, joint: Int)] = []
        for number in 1...period.last.parts.month {
            let digits = number < 10 ? "0\(number)" : "\(number)"
            guard let month = ReturnPeriod(.monthly, "\(period.first.year)-\(digits)"), month.first <= today
            else { continue }
            let row = try await pool.query(
                """
                SELECT count(DISTINCT (t.visit, t.department)) FILTER (WHERE NOT t.joint) AS internal,
                    count(DISTINCT (t.visit, t.department)) FILTER (WHERE t.joint) AS joint
                FROM returns.tasks(\(month.first.description)::text::date, \(month.last.description)::text::date,
                    \(instant)::text::timestamptz) t
                WHERE t.inspected AND (\(optional: department)::text IS NULL OR t.department = \(optional: department))
                """
            ).first
            months.append(
                (
                    "\(number)月", try row?.decode("internal", as: Int.self) ?? 0,
                    try row?.decode("joint", as: Int.self) ?? 0
                ))
        }
        let departments = try await pool.query(
            """
            SELECT department, figures::text AS figures
            FROM returns.figures(\(period.first.description)::text::date, \(period.last.description)::text::date,
                \(instant)::text::timestamptz)
            WHERE item IS NULL AND joint IS NULL ORDER BY department
            """
        ).map { row in
            (
                id: try row.decode("department", as: String.self),
                figures: try Figures(json: JSONValue(parsing: row.decode("figures", as: String.self)))
            )
        }
        let activities = try await pool.query(
            """
            SELECT held_on::text AS held_on, department, kind, title, form, participants::bigint AS participants
            FROM returns.activities
            WHERE held_on BETWEEN \(period.first.description)::text::date AND \(period.last.description)::text::date
                AND (\(optional: department)::text IS NULL OR department = \(optional: department))
            ORDER BY held_on, department, id
            """
        ).map { row in
            Activity(
                heldOn: try row.decode("held_on", as: String.self),
                department: try row.decode("department", as: String.self),
                isTraining: try row.decode("kind", as: String.self) == "training",
                title: try row.decode("title", as: String.self), form: try row.decode("form", as: String.self),
                participants: try row.decode("participants", as: Int.self))
        }
        let remarks = try await pool.query(
            """
            SELECT m.period, m.department, m.what, m.text, a.answer
            FROM returns.remarks m LEFT JOIN returns.answers a USING (kind, department, period, version, what, number)
            WHERE m.kind = 'monthly' AND m.period BETWEEN \(String(period.first.description.prefix(7))) AND \(String(period.last.description.prefix(7)))
                AND (\(optional: department)::text IS NULL OR m.department = \(optional: department))
                AND NOT EXISTS (SELECT FROM returns.returns n WHERE n.kind = m.kind AND n.department = m.department
                    AND n.period = m.period AND n.version > m.version)
            ORDER BY m.period, m.department, m.what, m.number
            """
        ).map { row in
            Remark(
                period: try row.decode("period", as: String.self),
                department: try row.decode("department", as: String.self),
                isProblem: try row.decode("what", as: String.self) == "problem",
                text: try row.decode("text", as: String.self), answer: try row.decode("answer", as: String?.self))
        }
        return Summary(
            report: report, months: months, departments: departments, activities: activities, remarks: remarks,
            today: today)
    }

    /// The document.
    public func html() throws -> String {
        let training = activities.filter(\.isTraining)
        let publicity = activities.filter { !$0.isTraining }
        func people(_ list: [Activity]) -> Int { list.map(\.participants).reduce(0, +) }
        return try ReturnDocument.render(
            PackageResources.summary_mustache,
            [
                "title": "\(report.name)\(report.period.chinese)“双随机、一公开”监管\(report.period.kind.chinese)",
                "name": report.name, "as_of": chinese(today),
                "date": chinese(today),
                "mechanisms": report.mechanisms.map { ["question": $0.question, "answer": $0.answer] },
                "overview": overview, "charts": charts,
                "table_title": report.department == nil ? "各部门随机抽查情况" : "各事项随机抽查情况",
                "first_heading": report.department == nil ? "部门" : "抽查事项", "rows": tableRows,
                "leads": ReturnReport.leadsText(report.section.leads),
                "activities_overview": activities.isEmpty
                    ? "本期没有报送宣传培训。"
                    : "开展培训\(training.count)次、\(people(training))人次，宣传活动\(publicity.count)次、\(people(publicity))人次。",
                "has_activities": !activities.isEmpty,
                "activities": activities.map { activity -> [String: Any] in
                    [
                        "held_on": activity.heldOn,
                        "department": report.names[activity.department] ?? activity.department,
                        "kind": activity.isTraining ? "培训" : "宣传", "title": activity.title, "form": activity.form,
                        "participants": activity.participants,
                    ]
                },
                "has_remarks": !remarks.isEmpty,
                "remarks": remarks.map { remark -> [String: Any] in
                    [
                        "period": remark.period, "department": report.names[remark.department] ?? remark.department,
                        "what": remark.isProblem ? "存在问题" : "工作建议", "text": remark.text,
                        "answer": remark.answer ?? "待答复",
                    ]
                },
            ])
    }

    private var overview: String {
        let section = report.section
        let all = section.all
        if section.rows.isEmpty { return "\(report.period.chinese)没有随机抽查任务。" }
        return "\(report.period.chinese)应抽\(all.due)户次，已查\(all.inspected)户次"
            + "（部门内部\(section.alone.inspected)户次，部门联合\(section.joint.inspected)户次），"
            + "无法检查\(all.failed)户次；已公示\(all.published)户次，公示率\(percent(all.publishedPPM))；"
            + "后续处置\(all.followUps)件，办结\(all.closed)件，办结率\(percent(all.closedPPM))；"
            + "检查人员\(all.inspectorVisits)人次。"
    }

    private var charts: [String] {
        var charts = [
            Chart.bars(
                "各月已查户次", labels: months.map(\.name),
                [
                    Chart.Series(name: "部门内部", values: months.map(\.alone)),
                    Chart.Series(name: "部门联合", values: months.map(\.joint)),
                ])
        ]
        var total = 0
        charts.append(
            Chart.lines(
                "累计已查户次", labels: months.map(\.name),
                [
                    Chart.Series(
                        name: "累计",
                        values: months.map { month in
                            total += month.alone + month.joint
                            return total
                        })
                ]))
        let found = report.categories.compactMap { name in
            report.section.all.categories[name].map { (label: name, value: $0, words: "\($0)") }
        }
        if !found.isEmpty { charts.append(Chart.rows("检查结果（按事项计）", found)) }
        if report.department == nil, !departments.isEmpty {
            charts.append(
                Chart.rows(
                    "各部门公示率",
                    departments.map { department, figures in
                        (
                            label: report.names[department] ?? department, value: figures.publishedPPM ?? 0,
                            words: percent(figures.publishedPPM.map { $0 / 100 * 100 })
                        )
                    }))
        }
        return charts
    }

    private var tableRows: [[String: Any]] {
        func row(_ name: String, _ kind: String, _ figures: Figures, isSum: Bool = false) -> [String: Any] {
            [
                "name": name, "kind": kind, "pool": figures.pool, "drawn": figures.drawn,
                "rate": percent(figures.ratePPM), "due": figures.due, "inspected": figures.inspected,
                "published": figures.published, "published_rate": percent(figures.publishedPPM),
                "follow_ups": figures.followUps, "closed_rate": percent(figures.closedPPM),
                "people": figures.inspectorVisits, "sum": isSum,
            ]
        }
        let section = report.section
        let rows = section.rows.map { line in
            row(
                report.department == nil
                    ? "\(report.names[line.department] ?? line.department)：\(line.name)" : line.name,
                line.joint ? "联合" : "内部", line.figures)
        }
        return rows
            + zip(["内部", "联合", ""], section.sums).map { kind, sum in row(sum.name, kind, sum.figures, isSum: true) }
    }
}
