import Cluster
import JSON
import Postgres
import Registers
import Testing

@testable import Notices

@Suite("Deadlines from what other slices say, with PostgreSQL")
struct DeadlineSourceTests {
    /// `SUBJECT DUE STATE` of a kind.
    static func deadlines(_ county: InspectedCounty, _ kind: String) async throws -> [String] {
        try await county.texts(
            """
            SELECT concat_ws(' ', subject, due_on, CASE WHEN withdrawn_at IS NOT NULL THEN 'withdrawn'
                WHEN met_at IS NOT NULL THEN 'met' ELSE 'open' END)
            FROM notices.deadlines WHERE kind = \(kind) ORDER BY 1
            """)
    }

    @Test("of participants run until they confirm, and end with the version that they were asked about")
    func participation() async throws {
        try await InspectedCounty.run { county in
            try await county.registerCalendar(year: 2026)
            try await county.registerDepartments()
            try await county.owner.execute(
                "INSERT INTO plans.plans (id, department, year, kind) VALUES ('P1', 'SCJG', 2026, 'joint')")
            try await county.owner.execute(
                """
                INSERT INTO plans.versions (plan, version, state, title, body, drafted_at)
                VALUES ('P1', 1, 'checked', '联合抽查计划', '{}', '2026-03-02 09:00+08')
                """)
            try await county.owner.execute(
                """
                INSERT INTO plans.participants (plan, version, department, due_on)
                VALUES ('P1', 1, 'YJGL', '2026-03-04'), ('P1', 1, 'WJW', '2026-03-04')
                """)
            let clock = try HandClock("2026-03-03")
            let notifier = try county.notifier(clock)
            try await notifier.sweep()
            #expect(
                try await Self.deadlines(county, "participation")
                    == ["P1/1/WJW 2026-03-04 open", "P1/1/YJGL 2026-03-04 open"])
            try await county.owner.execute(
                """
                UPDATE plans.participants SET confirmed_at = '2026-03-03 10:00+08', late = false
                WHERE department = 'YJGL'
                """)
            try await county.owner.execute("UPDATE plans.versions SET state = 'withdrawn'")
            try await notifier.sweep()
            #expect(
                try await Self.deadlines(county, "participation")
                    == ["P1/1/WJW 2026-03-04 withdrawn", "P1/1/YJGL 2026-03-04 met"])
            try clock.move(to: "2026-03-20")
            try await notifier.sweep()
            #expect(try await county.ledger("kind = 'participation' AND rung <> 'ahead'").isEmpty)
        }
    }

    @Test("of certificates end when one that lasts longer comes in; of feeds with the next feed")
    func registers() async throws {
        try await InspectedCounty.run { county in
            try await county.registerCalendar(year: 2026)
            try await county.registerDepartments()
            try await county.owner.execute(
                """
                INSERT INTO registers.inspectors (id, source, version, valid_from, name, department, regions,
                    specialties, certificate, certificate_until, recused)
                VALUES ('I1', 'test', 1, '2026-01-01', '样例', 'YJGL', '{}', '{}', 'Z1', '2026-05-01', '{}')
                """)
            try await county.owner.execute(
                """
                INSERT INTO registers.feeds (register, source, id, mode, version, partitions, allow_shrink, applied_at,
                    accepted, receipt)
                VALUES ('entities', 'dept:YJGL', 'F1', 'snapshot', 1, 1, false, '2026-02-01 12:00+08', true, '{}'),
                    ('entities', 'other', 'F2', 'snapshot', 1, 1, false, '2026-02-01 12:00+08', false, '{}')
                """)
            let clock = try HandClock("2026-03-02")
            let notifier = try county.notifier(clock)
            try await notifier.sweep()
            #expect(try await Self.deadlines(county, "certificate") == ["I1/2026-05-01 2026-05-01 open"])
            // 840 hours are 35 days.
            #expect(try await Self.deadlines(county, "feed") == ["entities/dept:YJGL/F1 2026-03-08 open"])
            try clock.move(to: "2026-03-09")
            try await notifier.sweep()
            #expect(
                try await county.ledger() == [
                    "2026-03-02 certificate I1/2026-05-01 ahead-60 YJGL",
                    "2026-03-02 certificate I1/2026-05-01 ahead-60 YJGL/inspectors/I1",
                    "2026-03-09 feed entities/dept:YJGL/F1 due YJGL",
                ])
            try await county.owner.execute("UPDATE registers.inspectors SET valid_to = now() WHERE id = 'I1'")
            try await county.owner.execute(
                """
                INSERT INTO registers.inspectors (id, source, version, valid_from, name, department, regions,
                    specialties, certificate, certificate_until, recused)
                VALUES ('I1', 'test', 2, now(), '样例', 'YJGL', '{}', '{}', 'Z2', '2029-05-01', '{}')
                """)
            try await county.owner.execute(
                """
                INSERT INTO registers.feeds (register, source, id, mode, version, partitions, allow_shrink, applied_at,
                    accepted, receipt)
                VALUES ('entities', 'dept:YJGL', 'F3', 'snapshot', 2, 1, false, '2026-03-09 16:00+08', true, '{}')
                """)
            try await notifier.sweep()
            #expect(try await Self.deadlines(county, "certificate") == ["I1/2026-05-01 2026-05-01 met"])
            #expect(try await Self.deadlines(county, "feed") == ["entities/dept:YJGL/F1 2026-03-08 met"])
        }
    }

    @Test("of a department with items: a plan each year, and a joint inspection that it leads itself")
    func yearly() async throws {
        try await InspectedCounty.run { county in
            try await county.registerCalendar(year: 2026)
            try await county.registerDepartments()
            try await county.owner.execute(
                "UPDATE registers.departments SET valid_from = '2026-01-05', exempt = (id = 'X')")
            try await county.owner.execute(
                """
                INSERT INTO registers.items
                    (id, source, version, valid_from, name, legal_basis, department, object_kind, methods, category)
                VALUES ('SCJG-1', 'test', 1, '2026-01-05', '事项', '依据', 'SCJG', 'enterprise', '{onsite}', 'key')
                """)
            let clock = try HandClock("2026-01-10")
            let notifier = try county.notifier(clock)
            try await notifier.sweep()
            #expect(try await Self.deadlines(county, "plan-submission") == ["SCJG/2026 2026-03-31 open"])
            #expect(try await Self.deadlines(county, "joint") == ["SCJG/2026 2026-12-31 open"])
            try await county.owner.execute(
                "INSERT INTO plans.plans (id, department, year, kind) VALUES ('J', 'SCJG', 2026, 'joint')")
            try await county.drawRound(entities: ["E1"])
            try await county.owner.execute("UPDATE rounds.rounds SET drawn_at = '2026-01-09 10:00+08'")
            try await county.owner.execute(
                """
                INSERT INTO rounds.plan_draws (round, request, plan, line, department, item, draw)
                VALUES ('R-1', 'Q1', 'J', 'L1', 'SCJG', 'SCJG-1', 1)
                """)
            try await notifier.sweep()
            #expect(try await Self.deadlines(county, "joint") == ["SCJG/2026 2026-12-31 met"])
        }
    }

    @Test("of leads, corrections and referrals run as their papers say, and end with what was done")
    func consequences() async throws {
        try await InspectedCounty.run { county in
            try await county.registerCalendar(year: 2026)
            try await county.registerDepartments()
            try await county.owner.execute(
                """
                INSERT INTO inspections.leads (id, department, origin, received_on, subject, address, region, industry,
                    items, unlicensed, summary, act_by, decide_by, source, submission)
                VALUES ('L1', 'SCJG', 'complaint', '2026-03-02', '样例商户', '样例街', '150222', 'F5212', '{SCJG-1}', true,
                    '无照经营', '2026-03-03', '2026-03-20', 'dept:SCJG', 'S1')
                """)
            try await county.owner.execute(
                """
                INSERT INTO inspections.consequences (id, kind, department, lead, items, ordered_on, demand, due_on,
                    reinspect_by, approve_by, hand_over_hours, addressee, source, submission)
                VALUES ('C1', 'correction', 'SCJG', 'L1', '{SCJG-1}', '2026-03-02', '补办', '2026-03-10', '2026-03-13',
                        NULL, NULL, NULL, 'dept:SCJG', 'S2'),
                    ('C2', 'judiciary', 'SCJG', 'L1', '{SCJG-1}', '2026-03-02', '移送', NULL, NULL, '2026-03-05', 24,
                        '样例公安局', 'dept:SCJG', 'S3')
                """)
            let clock = try HandClock("2026-03-02")
            let notifier = try county.notifier(clock)
            func all() async throws -> [String] {
                var lines: [String] = []
                for kind in [
                    "lead-action", "lead-decision", "correction", "reinspection", "referral-approval",
                    "referral-hand-over",
                ] {
                    lines += try await Self.deadlines(county, kind).map { "\(kind) \($0)" }
                }
                return lines
            }
            try await notifier.sweep()
            #expect(
                try await all() == [
                    "lead-action L1 2026-03-03 open", "lead-decision L1 2026-03-20 open",
                    "correction C1 2026-03-10 open", "reinspection C1 2026-03-13 open",
                    "referral-approval C2 2026-03-05 open",
                ])
            try await county.owner.execute(
                """
                INSERT INTO inspections.consequence_events
                    (consequence, kind, on_day, instant, outcome, source, submission)
                VALUES ('C2', 'approved', '2026-03-04', '2026-03-04 10:00+08', NULL, 'dept:SCJG', 'S4'),
                    ('C1', 'reinspected', '2026-03-11', NULL, 'not-corrected', 'dept:SCJG', 'S5')
                """)
            try await county.owner.execute(
                """
                INSERT INTO inspections.lead_events (lead, kind, on_day, inspectors, outcome, source, submission)
                VALUES ('L1', 'inspected', '2026-03-02', '{I1,I2}', NULL, 'dept:SCJG', 'S6'),
                    ('L1', 'filed', '2026-03-12', '{}', 'A-1', 'dept:SCJG', 'S7')
                """)
            try await notifier.sweep()
            #expect(
                try await all() == [
                    "lead-action L1 2026-03-03 met", "lead-decision L1 2026-03-20 met",
                    "correction C1 2026-03-10 open", "reinspection C1 2026-03-13 met",
                    "referral-approval C2 2026-03-05 met", "referral-hand-over C2 2026-03-05 open",
                ], "a re-inspection that found nothing corrected was made all the same; the correction is still due")
            try await county.owner.execute(
                """
                INSERT INTO inspections.consequence_events (consequence, kind, on_day, outcome, source, submission)
                VALUES ('C2', 'handed-over', '2026-03-05', NULL, 'dept:SCJG', 'S8'),
                    ('C1', 'reinspected', '2026-03-13', 'corrected', 'dept:SCJG', 'S9')
                """)
            try clock.move(to: "2026-03-30")
            try await notifier.sweep()
            let open = try await all().filter { !$0.hasSuffix(" met") }
            #expect(open.isEmpty, "\(open)")
        }
    }

    @Test("of returns end with the version that stands; one that was given back is due again")
    func returns() async throws {
        try await InspectedCounty.run { county in
            try await county.registerCalendar(year: 2026)
            try await county.registerDepartments()
            try await county.owner.execute("UPDATE registers.departments SET valid_from = '2026-08-03'")
            try await county.owner.execute(
                """
                INSERT INTO registers.items
                    (id, source, version, valid_from, name, legal_basis, department, object_kind, methods, category)
                VALUES ('SCJG-1', 'test', 1, '2026-08-03', '事项', '依据', 'SCJG', 'enterprise', '{onsite}', 'key')
                """)
            let clock = try HandClock("2026-08-10")
            let notifier = try county.notifier(clock)
            try await notifier.sweep()
            #expect(try await Self.deadlines(county, "monthly-return") == ["SCJG/2026-08 2026-08-26 open"])
            #expect(try await Self.deadlines(county, "half-year-summary") == ["SCJG/2026 2026-09-06 open"])
            #expect(try await Self.deadlines(county, "annual-summary") == ["SCJG/2026 2026-11-30 open"])
            try await county.owner.execute(
                """
                INSERT INTO returns.returns (kind, department, period, version, body, digest, zero, filled_by, as_of,
                    submitted_at, source, submission)
                SELECT kind, 'SCJG', period, 1, '{}', 'd', true, '样例', now(), '2026-08-20 10:00+08', 'dept:SCJG', kind
                FROM (VALUES ('monthly', '2026-08'), ('half-year', '2026-H1'), ('annual', '2026')) AS v (kind, period)
                """)
            try await county.owner.execute(
                """
                INSERT INTO returns.decisions (kind, department, period, version, decision, by_name, reason, source,
                    submission)
                VALUES ('half-year', 'SCJG', '2026-H1', 1, 'returned', '样例负责人', '补充数据', 'dept:SCJG', 'D1')
                """)
            try await notifier.sweep()
            #expect(try await Self.deadlines(county, "monthly-return") == ["SCJG/2026-08 2026-08-26 met"])
            #expect(try await Self.deadlines(county, "half-year-summary") == ["SCJG/2026 2026-09-06 open"])
            #expect(try await Self.deadlines(county, "annual-summary") == ["SCJG/2026 2026-11-30 met"])
        }
    }

    @Test("say what they rest on, each kind in Chinese")
    func bases() throws {
        let moment = Moment(day: try #require(Day("2026-03-02")), minute: 0)
        let sources = try DeadlineSource.all(rules: .embedded(), now: moment, since: moment.day)
        #expect(Set(sources.map(\.kind)).count == sources.count)
        #expect(Set(sources.map(\.kind)) == Set(DeadlineSource.names.keys))
        for source in sources { #expect(!source.basis.isEmpty, "\(source.kind)") }
    }

    @Test("leave a ledger that says what came of each reminder")
    func effect() async throws {
        try await LadderTests.stuck { county in
            let clock = try HandClock("2026-03-20")
            let notifier = try county.notifier(clock)
            try await notifier.sweep()
            try clock.move(to: "2026-03-24")
            try await notifier.sweep()
            try await county.register(entities: ["E1"])
            try clock.move(to: "2026-03-27")
            try await notifier.sweep()
            let entries = try await LedgerEntry.list(
                LedgerFilter(department: "YJGL", kind: "publication"), from: county.owner)
            let effects = entries.map { "\($0.json["rung"]?.text ?? "") \($0.json["effect"]?.text ?? "")" }
            #expect(effects == ["ahead-5 met-late", "ahead-2 met-late", "due met-late-after"])
            let from = try #require(Day("2026-03-21"))
            #expect(
                try await LedgerEntry.list(
                    LedgerFilter(department: "YJGL", kind: "publication", from: from), from: county.owner
                ).count == 1)
            let line = try #require(entries.first).line
            #expect(line.hasPrefix("2026-03-20\tYJGL/inspectors/I9\t检查任务 R-1-E1 的检查结果应公示\tahead-5\t2026-03-24"))
        }
    }
}
