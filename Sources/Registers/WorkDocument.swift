import Cluster
import JSON
import Postgres

/// A registered document: rules of work (工作细则) or a guide (工作指引), internal or for joint inspections.
///
/// Source: 固政办发〔2021〕32号 四（三）.
struct WorkDocument: Statement {
    static let kind = "document"
    static let eventType = "cn.yaohao.registers.document-registered.v1"
    static let role = Role.plan

    /// What kind of document it is.
    enum Form: String, CaseIterable {
        /// 工作细则.
        case rules
        /// 工作指引.
        case guide
    }

    /// What it is for.
    enum Scope: String, CaseIterable {
        /// 部门内部抽查.
        case `internal`
        /// 跨部门联合抽查.
        case joint
    }

    init(id: String, _ reader: inout JSONReader) throws {
        _ = try reader.required("title").wording()
        _ = try reader.required("number").wording()
        _ = try reader.required("form").choice(of: Form.self)
        _ = try reader.required("scope").choice(of: Scope.self)
        let first = try reader.required("in_force_from").day()
        if let field = reader.optional("in_force_until")?.nullable(), try field.day() < first {
            throw field.error("早于生效日期 / is before in_force_from")
        }
        try reader.required("file").object { file in
            _ = try file.required("name").wording()
            _ = try file.required("sha256").string("64 位小写十六进制数 lower-case hexadecimal digits") { text in
                text.utf8.count == 64 && text.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) }
            }
        }
    }
}

/// The checklist of an item (检查表): the steps of its inspection, what is looked at in each, and how.
///
/// Source: 固政办发〔2021〕32号 四（三）: 对抽查工作程序、项目、方法等作出明确规定.
struct Checklist: Statement {
    static let kind = "checklist"
    static let eventType = "cn.yaohao.registers.checklist-defined.v1"
    static let role = Role.plan

    let item: String

    init(id: String, _ reader: inout JSONReader) throws {
        item = try reader.required("item").identifier()
        _ = try reader.required("title").wording()
        let field = try reader.required("steps")
        guard !(try field.elements()).isEmpty else { throw field.error("至少一个步骤 / is empty; name at least one step") }
        for step in try field.elements() {
            try step.object { reader in
                _ = try reader.required("step").wording()
                for part in ["matters", "methods"] {
                    let field = try reader.required(part)
                    guard try !field.array({ try $0.wording() }).isEmpty else {
                        throw field.error("至少一项 / is empty; name at least one")
                    }
                }
            }
        }
        if let first = reader.optional("in_force_from")?.nullable(),
            let last = reader.optional("in_force_until")?.nullable(), try last.day() < first.day()
        {
            throw last.error("早于生效日期 / is before in_force_from")
        }
    }

    func objections(from signer: String, _ database: some PostgresQueryable) async throws -> [Reason] {
        let row = try await database.query(
            "SELECT department FROM registers.items WHERE id = \(item) AND valid_to IS NULL"
        ).first
        guard let department = try row?.decode("department", as: String.self) else {
            return [
                Reason(
                    field: "item", code: "item.unknown", message: "抽查事项清单中没有 \(item) / no such item is registered")
            ]
        }
        guard department == signer else {
            return [
                Reason(
                    field: "item", code: "item.other",
                    message: "\(item) 是部门 \(department) 的事项，请由其申报 / belongs to \(department)")
            ]
        }
        return []
    }
}
