import Cluster
import Draw
import JSON
import Postgres
import Registers

/// What the county's rules and its plans say of a round's requests that only the registers and the other requests of the
/// moment can tell (抽取申请规则检查). It is asked when a request comes, when the collecting ends, and once more in the
/// snapshot of the freeze.
enum RequestRules {
    /// Something that speaks against a request.
    struct Finding: Sendable, Equatable {
        /// The county's rule; `nil` for what no county can soften.
        var rule: CountyRules.PlanRule?
        /// The request's id.
        var request: String
        /// The field within the request; empty for the whole.
        var field: String
        var code: String
        /// Chinese first, without the request's name.
        var message: String

        /// - Parameter isNamed: whether the reader must be told which of many requests is meant.
        func reason(isNamed: Bool) -> Reason {
            let place = isNamed ? "requests[\(request)]" : "request"
            return Reason(
                field: field.isEmpty ? place : "\(place).\(field)", code: code,
                message: isNamed ? "申请 \(request)：\(message)" : message)
        }
    }

    /// Findings parted by what the county makes of them.
    struct Outcome: Sendable {
        var refused: [Finding] = []
        var warnings: [Finding] = []

        init(_ findings: [Finding], severities: [CountyRules.PlanRule: CountyRules.Severity]) {
            for finding in findings {
                switch finding.rule.flatMap({ severities[$0] }) ?? .error {
                case .error: refused.append(finding)
                case .warning: warnings.append(finding)
                }
            }
        }
    }

    /// When the rules are asked.
    enum Moment: Equatable {
        /// One request has come, and its row is stored.
        case requested(String)
        /// The collecting is to end.
        case closing
        /// The registers are frozen.
        case freezing
    }

    static func outcome(
        round: String, _ moment: Moment, _ transaction: PostgresTransaction
    ) async throws -> Outcome {
        let rules = try await CountyRules.load(from: transaction)
        var only: String?
        if case .requested(let id) = moment { only = id }
        let facts = try await RequestFacts.load(
            round: round, only: only, mostPerYear: rules.sameItemPerYear, transaction)
        var findings = facts.repeatedItems(mostPerYear: rules.sameItemPerYear) + facts.cappedCounts()
        if moment != .freezing {
            findings += try await DrawnTogether.load(round: round, transaction)
                .findings(round: round, only: only, isClosing: moment == .closing)
        }
        return Outcome(findings, severities: rules.severities)
    }
}

/// The registers, and the requests that are not drawn yet, as far as a round's requests have to do with them.
struct RequestFacts: Sendable {
    /// A request of a round that is neither drawn nor void.
    struct Undrawn: Sendable {
        var round: String
        var request: DrawRequest
        /// Whether it is one that is asked about.
        var isExamined: Bool
    }

    /// Entities that were drawn for an item so many times this year.
    struct Drawn: Sendable {
        var item: String
        var times: Int
        /// How they lie in the pools of ``RequestFacts/undrawn``.
        var survey: PoolSurvey
    }

    /// The requests that are asked about, and all others that have an item of theirs.
    var undrawn: [Undrawn]
    /// How the entities lie in the pools of ``undrawn``, and after these in the pools of all of them without regard to
    /// this year's visits, which caps are on. Empty where nothing depends on it.
    var survey = PoolSurvey(entities: 0, groups: [])
    var drawn: [Drawn] = []
    /// Caps of general items, in parts per million.
    var caps: [String: Int] = [:]
    /// By request and item: what other draws of the same line of the plan took, or are to take, this year.
    var earlier: [String: [String: Int]] = [:]

    static func load(
        round: String, only: String?, mostPerYear: Int, _ transaction: PostgresTransaction
    ) async throws -> RequestFacts {
        // What is computed between statements may take longer than an idle transaction is given otherwise; a task's lease is
        // renewed meanwhile.
        _ = try await transaction.query("SELECT set_config('idle_in_transaction_session_timeout', '5min', true)")
        // Requests before what was drawn: a round that is sealed in between counts twice rather than not at all.
        var facts = RequestFacts(undrawn: try await undrawn(round: round, only: only, transaction))
        let items = Set(facts.undrawn.filter(\.isExamined).flatMap(\.request.items)).sorted(by: Grammar.precedes)
        for row in try await transaction.query(
            """
            SELECT id, cap_ppm FROM registers.items
            WHERE valid_to IS NULL AND id = ANY(\(items)::text[]) AND cap_ppm IS NOT NULL
            """)
        {
            facts.caps[try row.decode("id", as: String.self)] = try row.decode("cap_ppm", as: Int.self)
        }
        let current = try await RegisterReading(at: nil, from: transaction)
        func lines(_ entities: SQL) async throws -> [String] {
            try await Snapshot.roster(
                classes: current.classesInForce, year: current.day.year, of: entities, transaction)
        }
        let pools = facts.undrawn.map(\.request.pool)
        let counts = facts.counted
        if !counts.isEmpty || facts.mayOverlap(mostPerYear: mostPerYear) {
            facts.survey = try await PoolSurvey(
                lines: lines("e.valid_to IS NULL"), pools: pools + pools.map(\.regardlessOfVisits))
        }
        if !counts.isEmpty { facts.earlier = try await earlier(round: round, transaction) }
        var drawn: [String: [Int: Set<String>]] = [:]
        for row in try await transaction.query(
            """
            SELECT item, draws_this_year AS times, entity FROM rounds.entity_items
            WHERE item = ANY(\(items)::text[]) AND draws_this_year > 0
            """)
        {
            drawn[try row.decode("item", as: String.self), default: [:]][
                try row.decode("times", as: Int.self), default: []
            ].insert(try row.decode("entity", as: String.self))
        }
        guard !drawn.isEmpty else { return facts }
        let entities = Set(drawn.values.flatMap { $0.values.joined() }).sorted()
        let roster = try await lines("e.valid_to IS NULL AND e.id = ANY(\(entities)::text[])")
        for (item, byTimes) in drawn.sorted(by: { $0.key < $1.key }) {
            for (times, entities) in byTimes.sorted(by: { $0.key < $1.key }) {
                let own = roster.filter { entities.contains(String($0.prefix { $0 != "\t" })) }
                facts.drawn.append(Drawn(item: item, times: times, survey: try PoolSurvey(lines: own, pools: pools)))
            }
        }
        return facts
    }

    private static func undrawn(
        round: String, only: String?, _ transaction: PostgresTransaction
    ) async throws -> [Undrawn] {
        try await transaction.query(
            """
            WITH own AS (
                SELECT DISTINCT jsonb_array_elements_text(body::jsonb -> 'items') AS item FROM rounds.requests
                WHERE round = \(round) AND (\(optional: only)::text IS NULL OR id = \(optional: only)::text))
            SELECT q.round, q.id, q.body,
                q.round = \(round) AND (\(optional: only)::text IS NULL OR q.id = \(optional: only)::text) AS examined
            FROM rounds.requests q JOIN rounds.rounds r ON r.id = q.round
            WHERE r.state NOT IN ('void', 'drawn', 'closed')
                AND EXISTS (SELECT FROM own WHERE q.body::jsonb -> 'items' ? own.item)
            ORDER BY q.round, q.id
            """
        ).map { row in
            try Undrawn(
                round: row.decode("round", as: String.self),
                request: DrawRequest(
                    json: JSONValue(parsing: row.decode("body", as: String.self)),
                    path: row.decode("id", as: String.self)),
                isExamined: row.decode("examined", as: Bool.self))
        }
    }

    private static func earlier(
        round: String, _ transaction: PostgresTransaction
    ) async throws -> [String: [String: Int]] {
        var earlier: [String: [String: Int]] = [:]
        for row in try await transaction.query(
            """
            SELECT o.request, o.item,
                sum(COALESCE(cardinality(s.entities), (q.body::jsonb #>> '{sample,count}')::integer, 0))::bigint AS drawn
            FROM (
                SELECT DISTINCT d.request, d.item, e.round AS other_round, e.request AS other
                FROM rounds.plan_draws d
                JOIN rounds.plan_draws e ON e.plan = d.plan AND e.line = d.line AND e.department = d.department
                    AND e.item = d.item AND (e.round, e.request) <> (d.round, d.request)
                JOIN rounds.rounds r ON r.id = e.round AND r.state <> 'void'
                WHERE d.round = \(round)
            ) o
            JOIN rounds.requests q ON q.round = o.other_round AND q.id = o.other
            LEFT JOIN rounds.selections s ON s.round = o.other_round AND s.request = o.other
            GROUP BY o.request, o.item
            """)
        {
            earlier[try row.decode("request", as: String.self), default: [:]][try row.decode("item", as: String.self)] =
                try row.decode("drawn", as: Int.self)
        }
        return earlier
    }
}

extension Pool {
    /// The same pool before any of the year's visits.
    var regardlessOfVisits: Pool {
        var pool = self
        pool.maxVisits = nil
        return pool
    }
}
