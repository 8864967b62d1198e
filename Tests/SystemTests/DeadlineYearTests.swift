import Cluster
import Logging
import Postgres
import Registers
import Testing

@testable import Notices

@Suite("A simulated year of 33 departments, with PostgreSQL")
struct DeadlineYearTests {
    /// Days on which the notifier is stopped: nobody sweeps from the first to before the second.
    static let stops = [40..<47, 120..<121, 200..<229, 310..<318]

    @Test("keeps or escalates every deadline exactly once on the right working day, as counted by brute force")
    func year() async throws {
        try await InspectedCounty.run { county in
            let first: Day = try #require(Day("2025-03-03"))
            let model = YearModel(first: first, days: 390, seed: 20_250_303)
            let calendar = try WorkingCalendar.embedded()
            // The days off of 2026 are known from 10 November 2025 on, as they are in life.
            let known = WorkingCalendar(calendar.exceptions.filter { $0.day.year <= 2025 })
            let announced = try #require(Day("2025-11-10")).number - first.number
            try await Self.load(known, county)
            try await Self.prepare(model, county)

            let clock = HandClock(first, minute: 15 * 60)
            let notifiers = try [county.notifier(clock), county.notifier(clock)]
            var sweeps: [(day: Int, calendar: WorkingCalendar)] = []
            for index in 0..<model.days {
                if index == announced { try await Self.load(calendar, county) }
                try await Self.happen(model, on: index, county)
                guard !Self.stops.contains(where: { $0.contains(index) }) else { continue }
                clock.move(to: first.adding(days: index), minute: 15 * 60)
                sweeps.append((index, index < announced ? known : calendar))
                if index % 17 == 0 {
                    try await Self.sweepUnderFire(notifiers[0], county)
                } else if index % 5 == 0 {
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for notifier in notifiers { group.addTask { try await notifier.sweep() } }
                        try await group.waitForAll()
                    }
                } else {
                    try await notifiers[0].sweep()
                }
                if index % 29 == 0 {
                    // The clock is set back and put right again.
                    clock.move(to: first.adding(days: max(0, index - 30)), minute: 15 * 60)
                    try await notifiers[1].sweep()
                }
            }

            let expected = model.ledger(sweeps: sweeps, rules: try .embedded())
            let kinds = [
                "visit", "entry", "publication", "correction", "reinspection", "certificate", "joint",
                "plan-submission",
            ]
            let found = try await county.ledger("kind = ANY(\(kinds))").sorted()
            #expect(expected.count > 3_000)
            #expect(Set(found).subtracting(expected).sorted().prefix(10) == [], "reminded, and should not have been")
            #expect(Set(expected).subtracting(found).sorted().prefix(10) == [], "not reminded")
            #expect(found == expected)
            for kind in kinds {
                #expect(found.contains { $0.contains(" \(kind) ") }, "\(kind)")
            }
            let early: SQL = """
                SELECT count(*) FROM notices.reminders WHERE (sent_at AT TIME ZONE 'Asia/Shanghai')::date < fire_on
                """
            #expect(try await county.count(early) == 0)
            // One digest for each recipient at a time, and on the topic exactly what the ledger says.
            let floods: SQL = """
                SELECT count(*) FROM (SELECT FROM notices.notices GROUP BY recipient, sent_at HAVING count(*) > 1) AS twice
                """
            #expect(try await county.count(floods) == 0)
            let sent: SQL = """
                SELECT (SELECT count(*) FROM notices.notices) - count(*) FROM cluster.outbox WHERE topic = 't.notices'
                """
            #expect(try await county.count(sent) == 0)
            // Published once each, all that was approved.
            let approved = model.parts.count { ($0.approved ?? .max) < model.days && $0.drawn < model.days }
            #expect(try await county.count("SELECT count(*) FROM open.publications") == approved)
        }
    }

    /// Sweeps while connections are ended at random, until a sweep has gone through.
    static func sweepUnderFire(_ notifier: Notifier, _ county: InspectedCounty) async throws {
        let killer = Task {
            for _ in 0..<20 where !Task.isCancelled {
                _ = try? await county.owner.query(
                    """
                    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
                        AND query LIKE '%notices.%' AND random() < 0.5
                    """)
                try? await Task.sleep(for: .milliseconds(15))
            }
        }
        for _ in 0..<5 { try? await notifier.sweep() }
        killer.cancel()
        _ = await killer.value
        // A sweep leaves the deadlines to whoever holds the lock, and an ended session holds it until it is gone.
        try await eventually("the lock of the ended sessions is free") {
            try await county.count(
                """
                SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
                WHERE d.datname = current_database() AND l.locktype = 'advisory'
                """) == 0
        }
        try await eventually("a sweep goes through") { (try? await notifier.sweep()) != nil }
    }

    static func load(_ calendar: WorkingCalendar, _ county: InspectedCounty) async throws {
        try await county.owner.execute(
            """
            INSERT INTO registers.calendar (day, kind, holiday)
            SELECT * FROM unnest(\(calendar.exceptions.map(\.day.description))::date[],
                \(calendar.exceptions.map(\.kind.rawValue))::text[], \(calendar.exceptions.map(\.holiday))::text[])
            ON CONFLICT DO NOTHING
            """)
    }

    /// Registers, and the rounds as they will be drawn; a round is drawn on its day.
    static func prepare(_ model: YearModel, _ county: InspectedCounty) async throws {
        try await county.owner.execute(
            """
            INSERT INTO registers.departments (id, source, version, valid_from, name, lead)
            SELECT id, 'test', 1, '2025-01-01', '部门' || id, id = \(YearModel.lead)::text
            FROM unnest(\(YearModel.departments)::text[]) AS id
            """)
        try await county.owner.execute(
            """
            INSERT INTO registers.items
                (id, source, version, valid_from, name, legal_basis, department, object_kind, methods, category)
            SELECT 'I-' || id, 'test', 1, '2025-01-01', '事项', '依据', id, 'enterprise', '{onsite}', 'key'
            FROM unnest(\(YearModel.departments)::text[]) AS id
            """)
        try await county.owner.execute(
            """
            INSERT INTO registers.inspectors (id, source, version, valid_from, name, department, regions, specialties,
                certificate, certificate_until, recused)
            SELECT id, 'test', 1, '2025-01-01', '样例' || id, department, '{}', '{}', 'Z' || id, until, '{}'
            FROM unnest(\(model.certificates.map(\.inspector))::text[], \(model.certificates.map(\.department))::text[],
                \(model.certificates.map(\.until.description))::date[]) AS c (id, department, until)
            """)
        try await county.register(entities: model.parts.map(\.entity))
        try await county.owner.execute("INSERT INTO rounds.counties (county) VALUES ('150222')")
        try await county.owner.execute(
            """
            INSERT INTO plans.plans (id, department, year, kind)
            SELECT 'P-' || id, id, 2025, 'annual' FROM unnest(\(YearModel.departments)::text[]) AS id
            """)
        try await county.owner.execute(
            """
            INSERT INTO plans.versions (plan, version, state, title, body)
            SELECT 'P-' || id, 1, 'drafted', '计划', '{}' FROM unnest(\(YearModel.departments)::text[]) AS id
            """)
    }

    /// What is said on a day, before anybody sweeps.
    static func happen(_ model: YearModel, on index: Int, _ county: InspectedCounty) async throws {
        let noon = "\(model.first.adding(days: index)) 12:00:00+08"
        func day(_ index: Int) -> String { model.first.adding(days: index).description }
        var statements: [SQL] = []
        let drawn = model.parts.filter { $0.drawn == index }
        if !drawn.isEmpty {
            statements.append(
                """
                INSERT INTO rounds.rounds (id, county, state, opened_by, drawn_at)
                SELECT id, '150222', 'drawn', 'test', \(noon)::text::timestamptz
                FROM unnest(\(drawn.map(\.round))::text[]) AS id
                """)
            statements.append(
                """
                INSERT INTO rounds.requests (round, id, department, body)
                SELECT id, 'Q', department, '{"items":["I-1"]}'
                FROM unnest(\(drawn.map(\.round))::text[], \(drawn.map(\.department))::text[]) AS p (id, department)
                """)
            statements.append(
                """
                INSERT INTO rounds.visits
                    (round, id, entity, region, method, requests, departments, window_first, window_last)
                SELECT round, id, entity, '150222', 'onsite', '{Q}', ARRAY[department], first, last
                FROM unnest(\(drawn.map(\.round))::text[], \(drawn.map(\.visit))::text[], \(drawn.map(\.entity))::text[],
                    \(drawn.map(\.department))::text[], \(drawn.map { day($0.windowFirst) })::date[],
                    \(drawn.map { day($0.windowLast) })::date[]) AS p (round, id, entity, department, first, last)
                """)
            statements.append(
                """
                INSERT INTO rounds.teams (round, visit, department, inspectors, missing)
                SELECT round, visit, department, ARRAY[department || '-A', department || '-B'], '{}'
                FROM unnest(\(drawn.map(\.round))::text[], \(drawn.map(\.visit))::text[],
                    \(drawn.map(\.department))::text[]) AS p (round, visit, department)
                """)
        }
        let ended = model.parts.filter { $0.ended == index }
        if !ended.isEmpty {
            statements.append(
                """
                INSERT INTO inspections.visit_events (visit, department, kind, on_day, source, submission)
                SELECT visit, department, 'ended', \(day(index))::text::date, 'test', visit
                FROM unnest(\(ended.map(\.visit))::text[], \(ended.map(\.department))::text[]) AS p (visit, department)
                """)
        }
        let recorded = model.parts.filter { $0.recorded == index }
        if !recorded.isEmpty {
            statements.append(
                """
                WITH made AS (
                    INSERT INTO inspections.results
                        (visit, department, entity, round, ended_on, recorded_at, source, submission)
                    SELECT visit, department, entity, round, ended_on, \(noon)::text::timestamptz, 'test', visit
                    FROM unnest(\(recorded.map(\.visit))::text[], \(recorded.map(\.department))::text[],
                        \(recorded.map(\.entity))::text[], \(recorded.map(\.round))::text[],
                        \(recorded.map { day($0.ended ?? 0) })::date[]) AS p (visit, department, entity, round, ended_on)
                    RETURNING visit, department, version)
                INSERT INTO inspections.result_items (visit, department, version, item, categories)
                SELECT visit, department, version, 'I-1', '{未发现问题}' FROM made
                """)
        }
        let orders = recorded.compactMap { part in part.order.map { (part, $0) } }
        if !orders.isEmpty {
            statements.append(
                """
                INSERT INTO inspections.consequences (id, kind, department, visit, version, entity, items, ordered_on,
                    demand, due_on, reinspect_by, source, submission)
                SELECT id, 'correction', department, visit, 1, entity, '{I-1}', \(day(index))::text::date, '改正', due, by,
                    'test', id
                FROM unnest(\(orders.map { "C\($0.0.id)" })::text[], \(orders.map(\.0.department))::text[],
                    \(orders.map(\.0.visit))::text[], \(orders.map(\.0.entity))::text[],
                    \(orders.map { day($0.1.due) })::date[], \(orders.map { day($0.1.reinspectBy) })::date[])
                    AS p (id, department, visit, entity, due, by)
                """)
        }
        let done = model.parts.filter { $0.order?.done == index }.map { "C\($0.id)" }
        let reinspected = model.parts.filter { $0.order?.reinspected == index }.map { "C\($0.id)" }
        if !done.isEmpty || !reinspected.isEmpty {
            statements.append(
                """
                INSERT INTO inspections.consequence_events (consequence, kind, on_day, outcome, source, submission)
                SELECT id, 'done', \(day(index))::text::date, NULL, 'test', id FROM unnest(\(done)::text[]) AS id
                UNION ALL
                SELECT id, 'reinspected', \(day(index))::text::date, 'corrected', 'test', id
                FROM unnest(\(reinspected)::text[]) AS id
                """)
        }
        let approved = model.parts.filter { $0.approved == index }
        if !approved.isEmpty {
            statements.append(
                """
                INSERT INTO inspections.reviews (visit, department, version, decision, source, submission)
                SELECT visit, department, 1, 'approved', 'test', visit
                FROM unnest(\(approved.map(\.visit))::text[], \(approved.map(\.department))::text[])
                    AS p (visit, department)
                """)
        }
        let reported = model.reported.filter { $0.value == index }.map(\.key)
        if !reported.isEmpty {
            statements.append(
                """
                INSERT INTO plans.steps (plan, version, step, department, source, submission, at)
                SELECT 'P-' || id, 1, 'reported', id, 'test', id, \(noon)::text::timestamptz
                FROM unnest(\(reported)::text[]) AS id
                """)
        }
        for statement in statements { try await county.owner.execute(statement) }
    }
}
