import Cluster
import Foundation
import JSON
import Postgres
import Registers
import Testing

@testable import Returns

@Suite("Returns, with PostgreSQL")
struct ReturnTests {
    /// A county at work, by a seed.
    static func with(
        seed: UInt64, departments: Int = 4, _ body: (inout ReturnCounty, inout SeededNumbers) async throws -> Void
    ) async throws {
        try await TestStack.with(partitions: nil) { stack in
            var numbers = SeededNumbers(state: seed)
            var county = try await ReturnCounty(stack, departments: departments)
            do {
                try await county.draw("R1", visits: 22, &numbers)
                try await county.draw("R2", visits: 18, &numbers)
                try await county.work(&numbers)
                try await body(&county, &numbers)
            } catch {
                await county.close()
                throw error
            }
            await county.close()
        }
    }

    static func month(of day: Day) throws -> ReturnPeriod {
        try #require(ReturnPeriod(.monthly, String(day.description.prefix(7))))
    }

    static func report(
        _ county: ReturnCounty, _ period: ReturnPeriod, _ department: String?
    ) async throws -> (report: ReturnReport, instant: String) {
        let instant = try await ReturnStore.instant(.now, of: period, county.stack.pool)
        return (
            try await ReturnStore.report(period, department: department, at: instant, county.stack.pool), instant
        )
    }

    /// What the recount does not know: the plan's rates.
    static func expect(_ figures: Figures, _ recounted: Figures, _ line: String) {
        #expect(figures == recounted, "\(line)")
    }

    static func periods(_ today: Day) throws -> [ReturnPeriod] {
        let thisMonth = try month(of: today)
        return [
            thisMonth, try month(of: thisMonth.first.adding(days: -1)),
            try #require(ReturnPeriod(.annual, "\(today.year)")),
            try #require(ReturnPeriod(.halfYear, "\(today.year)-H1")),
        ]
    }

    @Test("Every figure is what is counted a second time from what was submitted", arguments: [1, 2, 3] as [UInt64])
    func recount(seed: UInt64) async throws {
        try await Self.with(seed: seed) { county, numbers in
            #expect(try await county.correct(&numbers) > 0)
            var lines = 0
            for period in try Self.periods(county.today) {
                var sum = ReturnSection()
                for department in county.departments {
                    let section = try await Self.report(county, period, department).report.section
                    var keys: Set<String> = []
                    for row in section.rows {
                        keys.insert(row.key)
                        let recounted = try county.recount(
                            first: period.first, last: period.last, department: department, item: row.item,
                            joint: row.joint)
                        Self.expect(row.figures, recounted, "\(period.name) \(row.key)")
                        lines += 1
                    }
                    for number in 1...3 {
                        for joint in [false, true] {
                            let item = "\(department)-\(number)"
                            let due = try county.recount(
                                first: period.first, last: period.last, department: department, item: item, joint: joint
                            ).due
                            #expect((due > 0) == keys.contains("\(department)/\(item)/\(joint ? "joint" : "internal")"))
                        }
                    }
                    for (figures, joint) in [(section.alone, false), (section.joint, true), (section.all, nil)]
                        as [(Figures, Bool?)]
                    {
                        let recounted = try county.recount(
                            first: period.first, last: period.last, department: department, item: nil, joint: joint)
                        Self.expect(figures, recounted, "\(period.name) \(department) \(String(describing: joint))")
                    }
                    sum = sum + section
                }
                let whole = try await Self.report(county, period, nil).report.section
                #expect(whole == sum, "the county's return is the sum of the departments'")
                Self.expect(
                    whole.all,
                    try county.recount(first: period.first, last: period.last, department: nil, item: nil, joint: nil),
                    "\(period.name) county")
            }
            #expect(lines > 20, "the county has something to count")
        }
    }

    @Test("Published is only what the mandated platform has acknowledged, where the county says so")
    func acknowledged() async throws {
        try await Self.with(seed: 5) { county, _ in
            let year = try #require(ReturnPeriod(.annual, "\(county.today.year)"))
            let own = try await Self.report(county, year, nil).report.section.all
            try #require(own.published > 1)
            let body: JSONValue = ["key": "publication_acknowledged_by", "value": "platform", "basis": "测试"]
            try await county.stack.pool.execute(
                """
                INSERT INTO registers.statements (kind, id, valid_from, body, source, submission, department)
                VALUES ('rule', 'publication_acknowledged_by', clock_timestamp(), \(body.canonicalText)::text::jsonb,
                    'dept:LXHY', 'S1', 'LXHY')
                """)
            let none = try await Self.report(county, year, nil).report.section.all
            #expect(none.published == 0 && none.inspected == own.inspected)
            // The platform's number for one of the results that count.
            try await county.stack.pool.execute(
                """
                INSERT INTO notices.platform_records
                    (kind, subject, department, task_number, entered_on, source, submission)
                SELECT 'result', p.id, p.department, 'T-1', current_date, 'dept:' || p.department, 'S2'
                FROM open.publications p
                WHERE EXISTS (SELECT FROM returns.tasks(\(year.first.description)::text::date,
                    \(year.last.description)::text::date, clock_timestamp()) t
                    WHERE t.inspected AND t.visit = p.visit AND t.department = p.department)
                ORDER BY p.id LIMIT 1
                """)
            let one = try await Self.report(county, year, nil).report.section.all
            #expect(one.published == 1)
        }
    }

    @Test("What is inspected in the months of a year adds up to the year")
    func months() async throws {
        try await Self.with(seed: 11) { county, _ in
            let year = try #require(ReturnPeriod(.annual, "\(county.today.year)"))
            let whole = try await Self.report(county, year, nil).report.section.all
            var inspected = 0
            var published = 0
            var people = 0
            for number in 1...12 {
                let name = "\(county.today.year)-" + (number < 10 ? "0" : "") + "\(number)"
                let (report, _) = try await Self.report(county, try #require(ReturnPeriod(.monthly, name)), nil)
                inspected += report.section.all.inspected
                published += report.section.all.published
                people += report.section.all.inspectorVisits
            }
            #expect(inspected == whole.inspected && published == whole.published && people == whole.inspectorVisits)
        }
    }

    @Test("Each figure is traced to as many visits as it counts")
    func explain() async throws {
        try await Self.with(seed: 5) { county, _ in
            let period = try #require(ReturnPeriod(.annual, "\(county.today.year)"))
            for department in [nil, "D1"] as [String?] {
                let (report, instant) = try await Self.report(county, period, department)
                let lines =
                    report.section.rows.prefix(4).map { ($0.key, Optional($0), $0.figures) }
                    + report.section.sums.map { ($0.key, nil, $0.figures) }
                for (line, row, figures) in lines {
                    for column in ReturnColumn.all(of: report) where Explanation.isExplained(column.key) {
                        guard case .number(let number) = column.value(row, figures) else { continue }
                        let trace = try await Explanation.trace(
                            report, line: line, column: column.key, at: instant, county.stack.pool)
                        #expect(trace.figure == number, "\(line):\(column.key)")
                        #expect(Set(trace.traces).count == trace.traces.count, "nothing is named twice")
                    }
                }
            }
            let (report, instant) = try await Self.report(county, period, "D1")
            await #expect(throws: ReturnProblem.self) {
                _ = try await Explanation.trace(report, line: "all", column: "name", at: instant, county.stack.pool)
            }
            await #expect(throws: ReturnProblem.self) {
                _ = try await Explanation.trace(report, line: "X/Y", column: "due", at: instant, county.stack.pool)
            }
        }
    }

    static func submission(
        _ period: ReturnPeriod, _ department: String, zero: Bool = false, digest: String? = nil
    ) -> JSONValue {
        [
            "kind": .string(period.kind.rawValue), "period": .string(period.name), "department": .string(department),
            "filled_by": "试验员甲", "zero": .bool(zero), "problems": ["人手不足", "平台登录缓慢"], "suggestions": ["增加培训"],
            "digest": digest.map { .string($0) } ?? .null,
        ]
    }

    static let submitted = "cn.yaohao.returns.return-submitted.v1"

    @Test("A submitted return never changes; what changed since is listed; only one that was given back is followed")
    func frozen() async throws {
        try await Self.with(seed: 7) { county, numbers in
            let pool = county.stack.pool
            let period = try Self.month(of: county.today)
            let first = try await county.say(
                Self.submitted, "D1", Self.submission(period, "D1"), by: "D1")
            #expect(first.status == .accepted, "\(first.reasons)")
            let before = try #require(try await FrozenReturn.read(period, department: "D1", pool))
            #expect(before.version == 1 && before.filledBy == "试验员甲" && before.decision == nil)
            #expect(before.remarks.map(\.text) == ["人手不足", "平台登录缓慢", "增加培训"])
            #expect(try await county.stack.count("SELECT count(*) FROM returns.submitted") == 1)

            try await county.work(&numbers)
            let after = try #require(try await FrozenReturn.read(period, department: "D1", pool))
            #expect(after.digest == before.digest && after.report == before.report)
            let now = try await Self.report(county, period, "D1").report.section
            let changes = ReturnChange.list(from: after.report.section, to: now)
            #expect(
                changes.contains { $0.line == "all" && $0.figure == "inspected" }
                    == (after.report.section.all.inspected != now.all.inspected))
            #expect(!changes.isEmpty)
            for table in ["returns", "remarks"] {
                await #expect(throws: PostgresError.self) {
                    try await pool.execute(SQL(raw: "UPDATE returns.\(table) SET version = 9"))
                }
                await #expect(throws: PostgresError.self) {
                    try await pool.execute(SQL(raw: "DELETE FROM returns.\(table)"))
                }
            }

            let again = try await county.say(Self.submitted, "D1", Self.submission(period, "D1"), by: "D1")
            #expect(again.reasons.map(\.code) == ["return.exists"])
            func decide(_ version: Int, _ decision: String, _ reason: String? = nil) async throws -> Receipt {
                try await county.say(
                    "cn.yaohao.returns.return-decided.v1", "D1",
                    [
                        "kind": "monthly", "period": .string(period.name), "department": "D1",
                        "version": .integer(version), "decision": .string(decision), "by_name": "试验局长",
                        "reason": reason.map { .string($0) } ?? .null,
                    ], by: "D1")
            }
            #expect(try await decide(2, "approved").reasons.map(\.code) == ["version.other"])
            #expect(try await decide(1, "returned").reasons.map(\.field) == ["reason"])
            #expect(try await decide(1, "returned", "漏报").status == .accepted)
            #expect(try await county.stack.count("SELECT count(*) FROM returns.submitted") == 0)
            let stale = try await county.say(
                Self.submitted, "D1", Self.submission(period, "D1", digest: before.digest), by: "D1")
            #expect(stale.reasons.map(\.code) == ["figures.changed"])
            let second = try await county.say(Self.submitted, "D1", Self.submission(period, "D1"), by: "D1")
            #expect(second.status == .accepted)
            #expect(try await decide(2, "approved").status == .accepted)
            #expect(try await decide(2, "approved").reasons.map(\.code) == ["return.decided"])
            let latest = try #require(try await FrozenReturn.read(period, department: "D1", pool))
            #expect(latest.version == 2 && latest.decision == "approved" && latest.decidedBy == "试验局长")
            #expect(latest.report.section == now)
            #expect(try await FrozenReturn.read(period, department: "D1", version: 1, pool)?.digest == before.digest)

            func answer(_ what: String, _ number: Int) async throws -> Receipt {
                try await county.say(
                    "cn.yaohao.returns.return-answered.v1", "D1",
                    [
                        "kind": "monthly", "period": .string(period.name), "department": "D1", "version": 2,
                        "answers": [["what": .string(what), "number": .integer(number), "answer": "已协调"]],
                    ], by: "LXHY")
            }
            #expect(try await answer("problem", 2).status == .accepted)
            #expect(try await answer("problem", 2).reasons.map(\.code) == ["remark.none"])
            #expect(try await answer("suggestion", 2).reasons.map(\.code) == ["remark.none"])
            let answered = try #require(try await FrozenReturn.read(period, department: "D1", pool))
            #expect(answered.remarks.map(\.answer) == [nil, "已协调", nil])
        }
    }

    @Test("Nothing is reported as nothing, in words; and what is something is not")
    func zero() async throws {
        try await Self.with(seed: 9) { county, _ in
            let period = try Self.month(of: county.today)
            let something = try await county.say(
                Self.submitted, "D1", Self.submission(period, "D1", zero: true), by: "D1")
            #expect(something.reasons.map(\.code) == ["zero.not"])
            let past = try #require(ReturnPeriod(.monthly, "2020-01"))
            let unknown = try await county.say(
                Self.submitted, "D1", Self.submission(past, "D1", zero: true), by: "D1")
            #expect(unknown.reasons.map(\.code) == ["department.unknown"], "it was not registered then")
            let empty = try Self.month(of: county.today.adding(days: -200))
            let unsaid = try await county.say(Self.submitted, "D1", Self.submission(empty, "D1"), by: "D1")
            #expect(unsaid.reasons.map(\.code) == ["zero.unsaid"])
            let future = try #require(ReturnPeriod(.annual, "\(county.today.year + 1)"))
            let early = try await county.say(Self.submitted, "D1", Self.submission(future, "D1"), by: "D1")
            #expect(early.reasons.map(\.code) == ["period.future"])
            let other = try await county.say(Self.submitted, "D2", Self.submission(period, "D2"), by: "D1")
            #expect(other.reasons.map(\.code) == ["department.other"])
            let zero = try await county.say(Self.submitted, "D1", Self.submission(empty, "D1", zero: true), by: "D1")
            #expect(zero.status == .accepted, "\(zero.reasons)")
        }
    }

    @Test("Summary, circular and assessment are documents of the same figures")
    func documents() async throws {
        try await Self.with(seed: 13, departments: 5) { county, _ in
            let pool = county.stack.pool
            let activity = try await county.say(
                "cn.yaohao.returns.activity-recorded.v1", "A-1",
                [
                    "id": "A-1", "department": "D2", "kind": "training", "held_on": .string("\(county.today)"),
                    "title": "执法业务<培训>", "form": "培训班", "participants": 23,
                ], by: "D2")
            #expect(activity.status == .accepted, "\(activity.reasons)")
            let period = try #require(ReturnPeriod(.annual, "\(county.today.year)"))
            let instant = try await ReturnStore.instant(.periodEnd, of: period, pool)
            let summary = try await Summary.read(period, department: nil, at: instant, pool)
            let html = try summary.html()
            let all = summary.report.section.all
            #expect(html.contains("应抽\(all.due)户次，已查\(all.inspected)户次"))
            #expect(html.contains("执法业务&lt;培训&gt;"))
            #expect(html.contains("开展培训1次、23人次"))
            #expect(!html.contains("{{") && html.contains("<svg"))
            #expect(summary.months.map { $0.alone + $0.joint }.reduce(0, +) == all.inspected)

            let lines = try await AssessmentLine.lines(period, at: instant, pool)
            #expect(lines.map { $0.json["inspected"]?.number ?? -1 }.reduce(0, +) == all.inspected)
            let csv = AssessmentLine.csv(lines)
            #expect(csv.count == 6 && csv[1].hasPrefix("D1,试验部门D1,"))

            try await pool.execute(
                """
                INSERT INTO notices.deadlines (kind, subject, recipient, due_on, met_at)
                VALUES ('publication', 'V1/D1', 'D1', current_date - 5, now() - interval '9 days'),
                    ('publication', 'V2/D2', 'D2', current_date - 20, NULL),
                    ('publication', 'V3/D3', 'D3', current_date + 9, NULL)
                """)
            let draft = try await CircularDraft.draft(
                from: county.today.adding(days: -60), to: county.today.adding(days: 30), pool)
            #expect(draft.records.map(\.department) == ["D2", "D1"], "what is not due yet is not judged")
            #expect(draft.records.map(\.level) == ["talk", nil])
            let circular = try draft.html()
            #expect(circular.contains("拟约谈试验部门D2负责人") && circular.contains("试验部门D1各项任务全部按期完成"))
            if let folder = ProcessInfo.processInfo.environment["YAOHAO_KEEP_DOCUMENTS"] {
                try Data(html.utf8).write(to: URL(filePath: folder).appending(path: "summary.html"))
                try Data(circular.utf8).write(to: URL(filePath: folder).appending(path: "circular.html"))
            }
        }
    }
}
