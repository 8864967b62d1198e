import Cluster
import HTTPTypes
import Hummingbird
import JSON
import Postgres
import Registers
import Web

extension Console {
    /// The catalogue's own form: an item goes in as a feed of one row, signed as every feed is.
    func addItem(to router: Router<ConsoleContext>) {
        router.get("items/edit") { request, context in
            let account = try context.account()
            let form = try await itemForm(account, try FormFields(parsing: request.uri.query ?? "").text("id"))
            return try formPage(form, for: request, context)
        }
        router.post("items/edit") { request, context in
            let sent = try await sent(request, context)
            let account = try context.account()
            let id = try FormFields(parsing: request.uri.query ?? "").text("id")
            let form = try await itemForm(account, id)
            let (body, problems) = FormReading.read(form, sent)
            guard problems.isEmpty else {
                return try formPage(form, FormState(sent: sent, problems: problems), for: request, context)
            }
            let findings = Register.items.findings(in: body)
            guard findings.isEmpty else {
                let problems = findings.map { ($0.field, Words(same: $0.message)) }
                return try formPage(form, FormState(sent: sent, problems: problems), for: request, context)
            }
            let source = "dept:\(account.department)"
            let receipt: Receipt?
            do {
                let row = FeedRow(position: 1, id: body["id"]?.text ?? "", body: body)
                receipt = try await desk.feed(.items, source: source, rows: [row], by: account)
            } catch let missing as SubmissionDesk.NoKey {
                return try formPage(
                    form, FormState(sent: sent, problems: [("", missing.words)]), for: request, context)
            }
            try await sessions.record(
                "item-fed", address: address(of: request, context), subject: body["id"]?.text ?? "", by: account,
                accepted: receipt?.status == .accepted)
            guard let receipt else {
                return try formPage(form, FormState(sent: sent, isWaiting: true), for: request, context)
            }
            let report = try? FeedReport(json: receipt.details)
            let against =
                receipt.reasons.map { ($0.field, Words(same: $0.message)) }
                + (report?.examples ?? []).map { ($0.field, Words(same: $0.message)) }
            guard receipt.status == .accepted, against.isEmpty else {
                return try formPage(form, FormState(sent: sent, problems: against), for: request, context)
            }
            return seeOther("/items")
        }
    }

    private func itemForm(_ account: Account, _ id: String?) async throws -> Form {
        guard account.roles.contains(.feed) else {
            throw HTTPError(.forbidden, message: looks.texts.text("no_duty", .chinese))
        }
        var old: JSONValue?
        if let id {
            let text = try await pool.query(
                """
                SELECT to_jsonb(i)::text AS row FROM registers.items i
                WHERE id = \(id) AND department = \(account.department) AND valid_to IS NULL
                """
            ).first?.decode("row", as: String.self)
            guard let text else { throw HTTPError(.notFound) }
            old = try JSONValue(parsing: text)
        }
        func field(
            _ name: String, _ chinese: String, _ english: String, _ kind: Field.Kind, needed: Bool = true,
            hint: Words? = nil
        ) -> Field {
            Field(name, Words(chinese, english), kind, hint: hint, isRequired: needed, initial: old?[name])
        }
        var fixed: [String: JSONValue] = ["department": .string(account.department), "cap_ppm": .null]
        if let id {
            // What the form does not show stays as it is.
            for column in Register.items.columns { fixed[column.name] = old?[column.name] ?? fixed[column.name] }
            fixed["id"] = .string(id)
        }
        let number = id == nil ? [field("id", "事项编号", "Item’s id", .text(most: 128))] : []
        var form = Form(
            title: id == nil ? Words("新增抽查事项", "Add an item") : Words("修改抽查事项", "Change an item"),
            facts: id.map { [(Words("编号", "Id"), $0)] } ?? [],
            hint: Words("清单的每一版都保留；修改即成为新的一版。", "Every version stays; a change is a new one."), fixed: fixed,
            fields: number + [
                field("name", "事项名称", "Name", .text(most: 255)),
                field("legal_basis", "检查依据", "Legal basis", .paragraph(most: 2_000)),
                field(
                    "object_kind", "检查对象种类", "Kind of object", .text(most: 64),
                    hint: Words("名录库中的种类代码，如 enterprise", "As in the register, such as enterprise")),
                field(
                    "methods", "检查方式", "Methods",
                    .choices([
                        // Rows hold lists ascending.
                        Field.Choice("online", Words("网络检查", "Online")),
                        Field.Choice("onsite", Words("现场检查", "On site")),
                        Field.Choice("written", Words("书面检查", "Written")),
                    ])),
                field(
                    "category", "事项类别", "Category",
                    .choice([
                        Field.Choice("general", Words("一般（比例有上限）", "General: its rate has a cap")),
                        Field.Choice("key", Words("重点（不设上限）", "Key: no cap")),
                    ])),
                field(
                    "cap_ppm", "抽查比例上限（%）", "Cap of the rate (%)", .percent, needed: false,
                    hint: Words("一般事项须填写", "Needed for a general item")),
                field("in_force_from", "施行日期", "In force from", .day, needed: false),
                field("in_force_until", "失效日期", "In force until", .day, needed: false),
            ], back: "/items")
        for name in form.fields.map(\.name) where name != "cap_ppm" { form.fixed[name] = nil }
        return form
    }
}

extension SubmissionDesk.NoKey {
    /// What the person is told.
    var words: Words {
        Words(
            "本部门（\(department)）没有交给工作台可用于“\(role.rawValue)”的密钥，请管理员用 yaohao keys generate 签发（含 console 权限）。",
            "\(department) has given this console no key for \(role.rawValue); the administrator makes one by "
                + "yaohao keys generate, with the role console.")
    }
}
