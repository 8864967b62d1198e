import Cluster
import JSON
import Postgres

/// A department gives an entity a class by hand, with its reason and until when (人工调整等级), as when serious trouble
/// must not wait for the month's classes.
struct ClassOverride: Statement {
    static let kind = "class-override"
    static let eventType = "cn.yaohao.registers.class-overridden.v1"
    /// Who answers for the department.
    static let role = Role.approve
    static let idMember = "entity"
    /// The newest counts, whichever of its regulators says it.
    static let belongsToItsDepartment = false

    let entity: String
    let until: Day

    init(id: String, _ reader: inout JSONReader) throws {
        entity = id
        _ = try reader.required("class").string("A, B, C or D") { ["A", "B", "C", "D"].contains($0) }
        _ = try reader.required("reason").wording()
        until = try reader.required("until").day()
    }

    func objections(from signer: String, _ database: some PostgresQueryable) async throws -> [Reason] {
        let row = try await database.query(
            """
            SELECT e.id IS NOT NULL AS is_known,
                coalesce(\(signer) = ANY(e.regulators), false) OR EXISTS (
                    SELECT FROM registers.departments d WHERE d.id = \(signer) AND d.lead AND d.valid_to IS NULL)
                    AS may_say,
                (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date <= \(until.description)::text::date AS is_ahead
            FROM (SELECT) one LEFT JOIN registers.entities e ON e.id = \(entity) AND e.valid_to IS NULL
            """
        ).first
        guard let row else { return [] }
        var reasons: [Reason] = []
        if try !row.decode("is_known", as: Bool.self) {
            reasons.append(
                Reason(
                    field: "entity", code: "entity.unknown",
                    message: "检查对象库中没有 \(entity) / no such entity is registered"))
        } else if try !row.decode("may_say", as: Bool.self) {
            reasons.append(
                Reason(
                    field: "entity", code: "entity.other",
                    message: "\(signer) 不是 \(entity) 的监管部门，也不是牵头部门 / is neither a regulator of the entity nor a lead"))
        }
        if try !row.decode("is_ahead", as: Bool.self) {
            reasons.append(
                Reason(field: "until", code: "date.past", message: "截止日期已过 / has passed; name a day from today on"))
        }
        return reasons
    }
}
