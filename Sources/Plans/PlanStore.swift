import Cluster
import Draw
import JSON
import Postgres
import Registers

/// Reads and writes of a plan's rows that several handlers share.
enum PlanStore {
    /// The plan under its row's lock, which orders everything that happens to it; `nil` if nobody has heard of it.
    static func locked(_ id: String, _ transaction: PostgresTransaction) async throws -> PlanState? {
        let rows = try await transaction.query("SELECT department, kind FROM plans.plans WHERE id = \(id) FOR UPDATE")
        guard let row = rows.first else { return nil }
        guard let kind = Plan.Kind(rawValue: try row.decode("kind", as: String.self)) else {
            throw PlanFault(description: "plan \(id) is of no kind")
        }
        var state = PlanState(
            id: id, department: try row.decode("department", as: String.self), kind: kind,
            versions: try await transaction.query(
                "SELECT version, state, drafted_by FROM plans.versions WHERE plan = \(id) ORDER BY version"
            ).map { row in
                guard let phase = PlanState.Phase(rawValue: try row.decode("state", as: String.self)) else {
                    throw PlanFault(description: "plan \(id) is in no state")
                }
                return PlanState.Version(
                    number: try row.decode("version", as: Int.self), phase: phase,
                    draftedBy: try row.decode("drafted_by", as: String?.self))
            })
        if let number = state.underWay?.number {
            state.unconfirmed = try await transaction.query(
                """
                SELECT department FROM plans.participants
                WHERE plan = \(id) AND version = \(number) AND confirmed_at IS NULL ORDER BY department
                """
            ).map { try $0.decode("department", as: String.self) }
        }
        return state
    }

    /// - Throws: `Rejection` when there is no such plan.
    static func existing(_ id: String, _ transaction: PostgresTransaction) async throws -> PlanState {
        guard let state = try await locked(id, transaction) else {
            throw Rejection(field: "plan", code: "plan.unknown", message: "没有计划 \(id)；请核对编号")
        }
        return state
    }

    /// The document of a version.
    static func plan(_ id: String, version: Int, _ database: some PostgresQueryable) async throws -> Plan? {
        let row = try await database.query(
            "SELECT body FROM plans.versions WHERE plan = \(id) AND version = \(version)"
        ).first
        return try row.map { try Plan(json: JSONValue(parsing: $0.decode("body", as: String.self))) }
    }

    /// Stores a text as a version in draft; a version under way is withdrawn for it.
    static func insert(
        _ plan: Plan, draftedBy: String?, what: String?, why: String?, county: [CreditClass: Int],
        _ transaction: PostgresTransaction
    ) async throws {
        try await transaction.execute(
            """
            INSERT INTO plans.plans (id, department, year, kind)
            VALUES (\(plan.id), \(plan.department), \(plan.year)::int4, \(plan.kind.rawValue)) ON CONFLICT DO NOTHING
            """)
        try await transaction.execute(
            """
            UPDATE plans.versions SET state = 'withdrawn', replaced_at = clock_timestamp()
            WHERE plan = \(plan.id) AND state NOT IN ('published', 'superseded', 'withdrawn')
            """)
        try await transaction.execute(
            """
            INSERT INTO plans.versions (plan, version, state, title, body, drafted_by, what, why)
            VALUES (\(plan.id), \(plan.version)::int4, 'drafted', \(plan.title), \(plan.json.canonicalText),
                \(optional: draftedBy), \(optional: what), \(optional: why))
            """)
        let rows = plan.lines.enumerated().map { ordinal, line -> JSONValue in
            let sample = line.sample.resolved(county: county)
            let rates = sample.ratesByClass.map { rates in
                JSONValue.object(
                    Dictionary(uniqueKeysWithValues: rates.map { ($0.rawValue, ends($1)) }))
            }
            var counts: JSONValue?
            if case .count(let bounds) = sample { counts = ends(bounds) }
            return [
                "line": .string(line.id), "ordinal": .integer(ordinal), "body": line.json, "rates": rates ?? .null,
                "counts": counts ?? .null,
            ]
        }
        try await transaction.execute(
            """
            INSERT INTO plans.lines (plan, version, line, ordinal, body, rates, counts)
            SELECT \(plan.id), \(plan.version)::int4, line, ordinal, body, NULLIF(rates, 'null'), NULLIF(counts, 'null')
            FROM jsonb_to_recordset(\(JSONText(.array(rows)))::jsonb)
                AS l (line text, ordinal integer, body jsonb, rates jsonb, counts jsonb)
            """)
    }

    /// `{"min", "max"}`, an end that is open left out.
    private static func ends(_ bounds: Bounds) -> JSONValue {
        var members: [String: JSONValue] = [:]
        members["min"] = bounds.least.map { .integer($0) }
        members["max"] = bounds.most.map { .integer($0) }
        return .object(members)
    }

    static func move(_ id: String, version: Int, to phase: PlanState.Phase, _ transaction: PostgresTransaction)
        async throws
    {
        if phase == .published {
            try await transaction.execute(
                """
                UPDATE plans.versions SET state = 'superseded', replaced_at = clock_timestamp()
                WHERE plan = \(id) AND state = 'published'
                """)
        }
        try await transaction.execute(
            """
            UPDATE plans.versions SET state = \(phase.rawValue),
                published_at = CASE WHEN \(phase == .published) THEN clock_timestamp() END
            WHERE plan = \(id) AND version = \(version)
            """)
    }

    /// Keeps on record who did what.
    static func record(
        _ step: String, plan: String, version: Int, by submission: Submission, note: String? = nil,
        details: JSONValue = [:], _ transaction: PostgresTransaction
    ) async throws {
        try await transaction.execute(
            """
            INSERT INTO plans.steps (plan, version, step, department, source, key_id, submission, note, details)
            VALUES (\(plan), \(version)::int4, \(step), \(submission.department), \(submission.source),
                \(optional: submission.keyID), \(submission.id), \(optional: note), \(JSONText(details)))
            """)
    }
}

/// Something that cannot be while the guarantees hold.
struct PlanFault: Error, CustomStringConvertible {
    let description: String
}
