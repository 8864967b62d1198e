import Draw
import JSON
import Postgres
import Registers

/// The registers as plans are worked out with.
enum PlanRegisters {
    /// Every entity as a line of `roster.tsv`, with the class in force. Visits of the year count as none: a plan is of
    /// the whole year.
    ///
    /// What is computed between statements may take longer than an idle transaction is given otherwise; no lease is at
    /// stake here.
    static func roster(_ database: some PostgresQueryable) async throws -> [UInt8] {
        _ = try await database.query("SELECT set_config('idle_in_transaction_session_timeout', '5min', true)")
        let today = try await Day.today(in: database)
        let classes = try await CountyRules.load(from: database).classesInForce(at: "infinity", on: today.description)
        var bytes: [UInt8] = []
        for row in try await database.query(
            """
            SELECT concat_ws(E'\\t', e.id, c.class, e.region, e.industry, e.kind, array_to_string(e.permits, ','),
                array_to_string(e.regulators, ','), 0) AS line
            FROM registers.entities e JOIN \(classes) c ON c.entity = e.id
            WHERE e.valid_to IS NULL ORDER BY e.id
            """)
        {
            bytes += try row.decode("line", as: String.self).utf8
            bytes.append(UInt8(ascii: "\n"))
        }
        return bytes
    }

    /// The inspectors of departments with a certificate, as `inspectors.tsv`; not those who are absent throughout all of
    /// the windows.
    static func inspectors(
        of departments: [String], windows: [DayWindow], _ database: some PostgresQueryable
    ) async throws -> [UInt8] {
        let ranges = windows.map { "[\($0.first),\($0.last)]" }
        var bytes: [UInt8] = []
        for row in try await database.query(
            """
            SELECT concat_ws(E'\\t', i.id, i.department, array_to_string(i.regions, ','),
                array_to_string(i.specialties, ','), i.certificate_until::text, 0,
                array_to_string(ARRAY(
                    SELECT unnest(i.recused) COLLATE "C" UNION SELECT r.entity FROM registers.recusals_at('infinity') r
                    WHERE r.inspector = i.id
                        AND EXISTS (SELECT FROM unnest(\(ranges)::text[]) AS w WHERE r.days && w::daterange)
                    ORDER BY 1), ',')) AS line
            FROM registers.inspectors i
            LEFT JOIN (
                SELECT inspector, range_agg(daterange(first_day, last_day, '[]')) AS days
                FROM registers.absences_at('infinity') GROUP BY inspector
            ) a ON a.inspector = i.id
            WHERE i.valid_to IS NULL AND i.certificate_until IS NOT NULL AND i.department = ANY(\(departments)::text[])
                AND (a.days IS NULL
                    OR EXISTS (SELECT FROM unnest(\(ranges)::text[]) AS w WHERE NOT a.days @> w::daterange))
            ORDER BY i.id
            """)
        {
            bytes += try row.decode("line", as: String.self).utf8
            bytes.append(UInt8(ascii: "\n"))
        }
        return bytes
    }

    /// Items of the catalogue by id.
    static func items(_ ids: [String], _ database: some PostgresQueryable) async throws -> [String: PlanFacts.Item] {
        var items: [String: PlanFacts.Item] = [:]
        for row in try await database.query(
            """
            SELECT id, name, legal_basis, department, methods, cap_ppm, in_force_from::text AS first,
                in_force_until::text AS last
            FROM registers.items WHERE valid_to IS NULL AND id = ANY(\(ids)::text[])
            """)
        {
            let id = try row.decode("id", as: String.self)
            items[id] = try PlanFacts.Item(
                id: id, name: row.decode("name", as: String.self),
                legalBasis: row.decode("legal_basis", as: String.self),
                department: row.decode("department", as: String.self),
                methods: row.decode("methods", as: [String].self),
                capPPM: row.decode("cap_ppm", as: Int?.self), inForceFrom: row.decode("first", as: String?.self),
                inForceUntil: row.decode("last", as: String?.self))
        }
        for row in try await database.query(
            """
            SELECT body ->> 'item' AS item, body ->> 'title' AS title, body ->> 'in_force_from' AS first,
                body ->> 'in_force_until' AS last
            FROM registers.statements_at('checklist', 'infinity') WHERE body ->> 'item' = ANY(\(ids)::text[])
            """)
        {
            items[try row.decode("item", as: String.self)]?.checklists.append(
                PlanFacts.Checklist(
                    title: try row.decode("title", as: String.self), first: try row.decode("first", as: String?.self),
                    last: try row.decode("last", as: String?.self)))
        }
        return items
    }

    /// Names of departments by id.
    static func departmentNames(_ database: some PostgresQueryable) async throws -> [String: String] {
        try await database.query("SELECT id, name FROM registers.departments WHERE valid_to IS NULL")
            .reduce(into: [:]) { $0[try $1.decode("id", as: String.self)] = try $1.decode("name", as: String.self) }
    }

    /// The plans of a year that are in force, and those under way with `underWay`, each in one version.
    static func plans(
        year: Int, underWay: Bool, department: String? = nil, _ database: some PostgresQueryable
    ) async throws -> [Plan] {
        try await database.query(
            """
            SELECT DISTINCT ON (v.plan) v.body FROM plans.versions v JOIN plans.plans p ON p.id = v.plan
            WHERE p.year = \(year) AND (\(optional: department)::text IS NULL OR p.department = \(optional: department))
                AND (v.state = 'published'
                    OR \(underWay) AND v.state IN ('drafted', 'checked', 'approved', 'reported', 'received'))
            ORDER BY v.plan, (v.state = 'published') = \(underWay), v.version DESC
            """
        ).map { try Plan(json: JSONValue(parsing: $0.decode("body", as: String.self))) }
    }

    /// How many joint inspections each department of a plan leads and takes part in, in the plans of the year.
    static func joint(of plan: Plan, among others: [Plan], _ database: some PostgresQueryable) async throws
        -> [String: PlanFacts.Joint]
    {
        var joint = Dictionary(uniqueKeysWithValues: plan.departments.map { ($0, PlanFacts.Joint(isBound: false)) })
        for row in try await database.query(
            """
            SELECT id FROM registers.departments d
            WHERE valid_to IS NULL AND NOT exempt AND id = ANY(\(plan.departments)::text[])
                AND EXISTS (SELECT FROM registers.items i WHERE i.valid_to IS NULL AND i.department = d.id)
            """)
        {
            joint[try row.decode("id", as: String.self)]?.isBound = true
        }
        for other in others.filter({ $0.id != plan.id }) + [plan] where other.kind == .joint {
            for line in other.lines {
                joint[other.department]?.led += line.draws
                for part in line.parts where part.department != other.department {
                    joint[part.department]?.joined += line.draws
                }
            }
        }
        return joint
    }
}

extension PlanFacts {
    /// Everything that the rules need to know of a plan.
    static func load(_ plan: Plan, rules: CountyRules, _ database: some PostgresQueryable) async throws -> PlanFacts {
        let roster = try await PlanRegisters.roster(database)
        let inForce = try await PlanRegisters.plans(year: plan.year, underWay: false, database)
        let year = try PlannedYear(
            lines: PlannedYear.lines(of: [plan] + inForce.filter { $0.id != plan.id }, rules: rules), roster: roster)
        let inspectors = try await PlanRegisters.inspectors(
            of: plan.departments, windows: plan.lines.flatMap(\.windows), database)
        return try await PlanFacts(
            year: year,
            items: PlanRegisters.items(
                Set(plan.lines.flatMap { $0.parts.flatMap(\.items) }).sorted(), database),
            joint: PlanRegisters.joint(
                of: plan, among: PlanRegisters.plans(year: plan.year, underWay: true, database), database),
            shortages: DryMatching.shortages(
                year, lines: Array(plan.lines.indices), roster: roster, inspectors: inspectors))
    }
}

extension PlannedYear {
    /// The lines of plans, in their order, samples with the county's rates written out.
    static func lines(of plans: [Plan], rules: CountyRules) -> [Line] {
        plans.flatMap { plan in
            plan.lines.map { Line(plan: plan.id, lead: plan.department, line: $0.resolved(county: rules.defaultRates)) }
        }
    }
}
