import Postgres
import Testing

/// A county with a database of its own, in which visits have been drawn; each process has the pool of its role.
struct InspectedCounty {
    /// Everything is allowed: for preparing and looking.
    let owner: PostgresPool
    /// As `yaohao worker` runs.
    let worker: PostgresPool
    /// As `yaohao notifier` runs.
    let notifier: PostgresPool

    /// Runs a test in a new county, and removes it afterwards. No broker is needed.
    static func run(_ test: (InspectedCounty) async throws -> Void) async throws {
        try await TestStack.with(partitions: nil) { stack in
            let county = InspectedCounty(
                owner: stack.pool,
                worker: PostgresPool(
                    conninfo: stack.conninfo, setup: "SET ROLE yaohao_worker", logger: stack.logger),
                notifier: PostgresPool(
                    conninfo: stack.conninfo, setup: "SET ROLE yaohao_notifier", logger: stack.logger))
            let outcome: Result<Void, any Error>
            do {
                try await test(county)
                outcome = .success(())
            } catch {
                outcome = .failure(error)
            }
            await county.worker.close()
            await county.notifier.close()
            try outcome.get()
        }
    }

    // MARK: Looking

    /// One number.
    func count(_ sql: SQL) async throws -> Int {
        try #require(try await owner.query(sql).first).decode(0, as: Int.self)
    }

    /// One column of text.
    func texts(_ sql: SQL) async throws -> [String] {
        try await owner.query(sql).map { try $0.decode(0, as: String.self) }
    }

    // MARK: Preparing

    /// A drawn round with one visit of each entity by two departments: `SCJG`, which leads and checks `SCJG-1` and
    /// `SCJG-2` with `I1` and `I2`, and `YJGL`, which checks `YJGL-1` with `I9`.
    func drawRound(_ round: String = "R-1", state: String = "drawn", entities: [String]) async throws {
        try await owner.execute(
            "INSERT INTO rounds.counties (county) VALUES ('150222') ON CONFLICT DO NOTHING")
        try await owner.execute(
            """
            INSERT INTO rounds.rounds (id, county, state, opened_by, void_reason)
            VALUES (\(round), '150222', \(state), 'dept:SCJG', \(optional: state == "void" ? "test" : nil))
            """)
        for (request, department, items) in [
            ("Q1", "SCJG", #""SCJG-1","SCJG-2""#), ("Q2", "YJGL", #""YJGL-1""#),
        ] {
            let body = """
                {"coordination":"joint","department":"\(department)","id":"\(request)","items":[\(items)],"joint":true,\
                "method":"onsite","pool":{},"sample":{"count":2},"specialties":[],"team":2,\
                "window":["2026-03-02","2026-03-31"]}
                """
            try await owner.execute(
                """
                INSERT INTO rounds.requests (round, id, department, body)
                VALUES (\(round), \(request), \(department), \(body))
                """)
        }
        try await owner.execute(
            """
            INSERT INTO rounds.visits (round, id, entity, region, method, requests, departments, window_first,
                window_last)
            SELECT \(round), \(round) || '-' || entity, entity, '150222', 'onsite', '{Q1,Q2}', '{SCJG,YJGL}',
                '2026-03-02', '2026-03-31'
            FROM unnest(\(entities)::text[]) AS entity
            """)
        try await owner.execute(
            """
            INSERT INTO rounds.teams (round, visit, department, inspectors, missing)
            SELECT \(round), \(round) || '-' || entity, department, inspectors::text[], '{}'
            FROM unnest(\(entities)::text[]) AS entity,
                (VALUES ('SCJG', '{I1,I2}'), ('YJGL', '{I9}')) AS teams (department, inspectors)
            """)
    }

    /// Entities in the register, each called `企业` and its id.
    func register(entities: [String]) async throws {
        try await owner.execute(
            """
            INSERT INTO registers.entities
                (id, source, version, valid_from, name, credit, region, industry, kind, permits, regulators)
            SELECT id, 'test', 1, now(), '企业' || id, 'D', '150222', 'C13', 'enterprise', '{}', '{SCJG,YJGL}'
            FROM unnest(\(entities)::text[]) AS id
            """)
    }

    /// The two departments; `SCJG` leads.
    func registerDepartments() async throws {
        try await owner.execute(
            """
            INSERT INTO registers.departments (id, source, version, valid_from, name, lead)
            VALUES ('SCJG', 'test', 1, now(), '市场监督管理局', true), ('YJGL', 'test', 1, now(), '应急管理局', false)
            """)
    }

    /// The days off of a year, as far as tests count on them: New Year's Day only.
    func registerCalendar(year: Int) async throws {
        try await owner.execute(
            """
            INSERT INTO registers.calendar (day, kind, holiday) VALUES (make_date(\(year)::int4, 1, 1), 'rest', '元旦')
            ON CONFLICT DO NOTHING
            """)
    }
}
