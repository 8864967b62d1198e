import Cluster
import Draw
import Postgres
import Registers

/// Not the same item at the same object more often in a year than the county allows (同一事项对同一对象一年不重复抽查).
///
/// The plan's rule says what is expected before anything is drawn. Here it is certain: a request is refused while objects
/// that were drawn for one of its items this year are in its pool. With `max_visits: 0` they are in none.
enum RepeatedItem {
    static func reasons(_ request: DrawRequest, _ transaction: PostgresTransaction) async throws -> [Reason] {
        guard request.pool.maxVisits != 0 else { return [] }
        let rules = try await CountyRules.load(from: transaction)
        guard rules.severities[.sameItem] == .error else { return [] }
        let current = try await RegisterReading(at: nil, from: transaction)
        let lines = try await transaction.query(
            Snapshot.rosterLines(
                classes: current.classesInForce, year: current.day.year,
                of: """
                    e.valid_to IS NULL AND e.id IN (
                        SELECT d.entity FROM rounds.entity_items d
                        WHERE d.item = ANY(\(request.items)) AND d.draws_this_year >= \(rules.sameItemPerYear))
                    """)
        ).map { try $0.decode("line", as: String.self) + "\n" }
        guard !lines.isEmpty else { return [] }
        let survey = try PoolSurvey(roster: Array(lines.joined().utf8), pools: [request.pool])
        let count = survey.groups.reduce(0) { $0 + $1.count }
        guard count > 0 else { return [] }
        let times = rules.sameItemPerYear
        return [
            Reason(
                field: "request.pool", code: "item.repeated",
                message: "抽查对象中有 \(count) 户今年已因所列事项被抽中 \(times) 次，同一事项一年不再抽；请调整计划，在抽查对象范围中写 max_visits: 0 排除已查对象 / "
                    + "\(count) objects of the pool were drawn for one of the items \(times) times this year already; "
                    + "change the plan to max_visits: 0, which leaves out what was visited")
        ]
    }
}
