import Cluster
import JSON
import Postgres

/// An inspector is away (缺勤), such as on leave or lent to another place, so that nobody counts on the person.
struct Absence: Statement {
    static let kind = "absence"
    static let eventType = "cn.yaohao.registers.absence-reported.v1"
    static let role = Role.feed

    let inspector: String

    init(id: String, _ reader: inout JSONReader) throws {
        inspector = try reader.required("inspector").identifier()
        let first = try reader.required("from").day()
        let last = try reader.required("to")
        guard first <= (try last.day()) else { throw last.error("早于开始日期 / is before the first day") }
        _ = try reader.required("reason").wording()
    }

    func objections(from signer: String, _ database: some PostgresQueryable) async throws -> [Reason] {
        try await StaffRule.objections(to: inspector, from: signer, database)
    }
}

/// An inspector stays away from an entity (回避), by the person's own wish, the department's, or the enterprise's.
struct Recusal: Statement {
    static let kind = "recusal"
    static let eventType = "cn.yaohao.registers.recusal-reported.v1"
    static let role = Role.feed

    /// Who asked for it.
    enum RequestedBy: String, CaseIterable {
        case inspector, department, entity
    }

    let inspector: String
    let entity: String

    init(id: String, _ reader: inout JSONReader) throws {
        inspector = try reader.required("inspector").identifier()
        entity = try reader.required("entity").identifier()
        _ = try reader.required("reason").wording()
        _ = try reader.required("requested_by").choice(of: RequestedBy.self)
        let first = try reader.optional("from")?.nullable()?.day()
        if let field = reader.optional("until")?.nullable() {
            let last = try field.day()
            if let first, last < first { throw field.error("早于开始日期 / is before the first day") }
        }
    }

    func objections(from signer: String, _ database: some PostgresQueryable) async throws -> [Reason] {
        var reasons = try await StaffRule.objections(to: inspector, from: signer, database)
        if try await database.query(
            "SELECT FROM registers.entities WHERE id = \(entity) AND valid_to IS NULL"
        ).isEmpty {
            reasons.append(
                Reason(
                    field: "entity", code: "entity.unknown",
                    message: "检查对象库中没有 \(entity) / no such entity is registered"))
        }
        return reasons
    }
}

/// Who may speak about an inspector.
enum StaffRule {
    static func objections(
        to inspector: String, from signer: String, _ database: some PostgresQueryable
    ) async throws -> [Reason] {
        let row = try await database.query(
            "SELECT department FROM registers.inspectors WHERE id = \(inspector) AND valid_to IS NULL"
        ).first
        guard let department = try row?.decode("department", as: String.self) else {
            return [
                Reason(
                    field: "inspector", code: "inspector.unknown",
                    message: "执法检查人员名录库中没有 \(inspector) / no such inspector is registered")
            ]
        }
        guard department == signer else {
            return [
                Reason(
                    field: "inspector", code: "inspector.other",
                    message: "\(inspector) 是部门 \(department) 的人员，请由其申报 / belongs to \(department); let it report this")
            ]
        }
        return []
    }
}
