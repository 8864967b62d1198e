import Cluster
import Draw
import JSON
import Postgres
import Registers

/// What a successor may no longer draw (后继轮次检查): a void round gives its draws back, so others may have asked for the
/// same since then. Its files are frozen, so that what was drawn meanwhile is not left out of its pools.
enum Succession {
    /// - Parameter round: the successor, with the void round's requests.
    /// - Returns: what the county only points out.
    /// - Throws: `Rejection` when the successor would draw again what is taken.
    static func warnings(of round: String, _ transaction: PostgresTransaction) async throws -> [Reason] {
        let taken = try await transaction.query(
            """
            SELECT DISTINCT d.request, d.plan || '/' || d.line AS line, d.draw, o.round
            FROM rounds.plan_draws d
            JOIN rounds.plan_draws o ON o.plan = d.plan AND o.line = d.line AND o.department = d.department
                AND o.item = d.item AND o.draw = d.draw AND o.round <> d.round
            JOIN rounds.rounds r ON r.id = o.round AND r.state <> 'void'
            WHERE d.round = \(round) ORDER BY 1, 2
            """
        ).map { row in
            Reason(
                field: "replaces", code: "plan-line.used",
                message:
                    "申请 \(try row.decode("request", as: String.self))：计划行 \(try row.decode("line", as: String.self)) 第 "
                    + "\(try row.decode("draw", as: Int.self)) 次抽取已在轮次 \(try row.decode("round", as: String.self))；"
                    + "不能再开后继，请另开新轮次 / that draw is in another round by now; open a new round")
        }
        if !taken.isEmpty { throw Rejection(taken) }
        let rules = try await CountyRules.load(from: transaction)
        let overlaps = try await overlaps(round, transaction)
        guard rules.severities[.sameItem] == .warning else {
            if !overlaps.isEmpty { throw Rejection(overlaps) }
            return []
        }
        return overlaps
    }

    /// Requests of other rounds since the void one's freeze that share item and objects with the successor's.
    private static func overlaps(_ round: String, _ transaction: PostgresTransaction) async throws -> [Reason] {
        let rows = try await transaction.query(
            """
            SELECT own.id, own.body, other.round AS other_round, other.id AS other, other.body AS other_body, i.item
            FROM rounds.rounds s JOIN rounds.rounds v ON v.id = s.successor_of
            JOIN rounds.requests own ON own.round = s.id
            CROSS JOIN LATERAL jsonb_array_elements_text(own.body::jsonb -> 'items') AS i (item)
            JOIN rounds.requests other ON other.round NOT IN (s.id, v.id) AND other.body::jsonb -> 'items' ? i.item
            JOIN rounds.rounds r ON r.id = other.round AND r.state <> 'void'
                AND (r.as_of IS NULL OR r.as_of >= v.as_of)
            WHERE s.id = \(round) ORDER BY own.id, other.round, other.id, i.item
            """)
        guard !rows.isEmpty else { return [] }
        func request(_ row: Row, _ body: String) throws -> DrawRequest {
            try DrawRequest(json: JSONValue(parsing: row.decode(body, as: String.self)), path: "request")
        }
        let pools = try rows.flatMap { row in
            [try request(row, "body").pool.regardlessOfVisits, try request(row, "other_body").pool.regardlessOfVisits]
        }
        let current = try await RegisterReading(at: nil, from: transaction)
        let survey = try await PoolSurvey(
            lines: Snapshot.roster(
                classes: current.classesInForce, year: current.day.year, of: "e.valid_to IS NULL", transaction),
            pools: pools)
        return try rows.enumerated().compactMap { index, row in
            let shared = survey.groups.reduce(0) { sum, group in
                group.pools.contains(2 * index) && group.pools.contains(2 * index + 1) ? sum + group.count : sum
            }
            guard shared > 0 else { return nil }
            return Reason(
                field: "replaces", code: "item.repeated",
                message:
                    "申请 \(try row.decode("id", as: String.self)) 的事项 \(try row.decode("item", as: String.self)) 已由轮次 "
                    + "\(try row.decode("other_round", as: String.self)) 的 \(try row.decode("other", as: String.self)) "
                    + "另行抽取，对象有 \(shared) 户重叠；不能再开后继，请另开新轮次 / "
                    + "another round has asked for the item and \(shared) of the objects since; open a new round")
        }
    }
}
