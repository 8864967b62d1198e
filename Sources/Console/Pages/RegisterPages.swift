import Cluster
import HTTPTypes
import Hummingbird
import JSON
import Postgres
import Registers
import Web

extension Console {
    func addRegisters(to router: Router<ConsoleContext>) {
        router.get("items") { request, context in
            let account = try context.account()
            let rows = try await pool.query(
                """
                SELECT id, name, legal_basis, category, object_kind, cap_ppm::bigint AS cap FROM registers.items
                WHERE valid_to IS NULL AND department = \(account.department) ORDER BY id
                """)
            var actions: [Block.Action] = []
            if account.roles.contains(.feed) {
                actions.append(
                    Block.Action(text: Words("新增或修改事项", "Add or change an item"), link: "/items/edit", isFirst: true))
                actions.append(Block.Action(text: Words("登记缺勤", "Report an absence"), link: "/forms/absence"))
                actions.append(Block.Action(text: Words("登记回避", "Report a recusal"), link: "/forms/recusal"))
            }
            if account.roles.contains(.feed) {
                actions.append(Block.Action(text: Words("定义子库", "Define a sub-register"), link: "/forms/sub-register"))
            }
            if account.roles.contains(.approve) {
                actions.append(Block.Action(text: Words("人工调整信用风险等级", "Give an entity a class"), link: "/forms/class"))
            }
            if account.roles.contains(.plan) {
                actions.append(Block.Action(text: Words("制定检查表", "Define a checklist"), link: "/forms/checklist"))
                actions.append(Block.Action(text: Words("登记细则、指引", "Register a document"), link: "/forms/document"))
            }
            return try answer(
                Sheet(
                    Words("抽查事项清单", "Catalogue of items"),
                    [
                        .actions(actions),
                        .table(
                            Block.Table(
                                caption: Words("本部门抽查事项", "The department’s items"),
                                columns: [
                                    Words("编号", "Id"), Words("名称", "Name"), Words("依据", "Legal basis"),
                                    Words("类别", "Category"), Words("比例上限", "Cap"),
                                ],
                                rows: try rows.map { row in
                                    let id = try row.decode("id", as: String.self)
                                    return [
                                        Block.Cell(
                                            id,
                                            link: account.roles.contains(.feed)
                                                ? "/items/edit?id=\(FormFields.encode(id))" : nil),
                                        Block.Cell(try row.decode("name", as: String.self)),
                                        Block.Cell(try row.decode("legal_basis", as: String.self)),
                                        Block.Cell(
                                            try row.decode("category", as: String.self) == "key"
                                                ? Words("重点", "Key") : Words("一般", "General")),
                                        Block.Cell(
                                            try row.decode("cap", as: Int?.self).map { FormView.percent($0) + "%" }),
                                    ]
                                })),
                    ]), for: request, context)
        }
        router.get("quarantine") { request, context in
            let account = try context.account()
            let rows = try await quarantined(account)
            return try answer(
                Sheet(
                    Words("隔离区", "Quarantine"),
                    [
                        .text(
                            Words(
                                "不合规则的数据行，更正或由更新的报送取代之前保存在此。",
                                "Rows that broke a rule, kept until they are corrected or replaced.")),
                        .table(
                            Block.Table(
                                caption: Words("隔离的数据行", "Rows in quarantine"),
                                columns: [
                                    Words("编号", "Number"), Words("名录库", "Register"), Words("来源", "Source"),
                                    Words("数据编号", "Row"), Words("问题", "What is wrong"),
                                ],
                                rows: rows.prefix(500).map { row in
                                    [
                                        Block.Cell("\(row.number)", link: "/quarantine/\(row.number)"),
                                        Block.Cell(row.register.rawValue),
                                        Block.Cell(row.source), Block.Cell(row.id),
                                        Block.Cell(
                                            row.findings.map { "\($0.field)：\($0.message)" }.joined(separator: "；")),
                                    ]
                                }, empty: Words("没有隔离的数据行。", "There is nothing in quarantine."))),
                    ]), for: request, context)
        }
        router.get("quarantine/{number}") { request, context in
            let row = try await quarantinedRow(context)
            return try quarantinePage(row, nil, [], for: request, context)
        }
        router.post("quarantine/{number}") { request, context in
            let sent = try await sent(request, context)
            let row = try await quarantinedRow(context)
            return try await correct(row, sent, request, context)
        }
    }

    /// What the person may see: the rows that the department's own sources have sent.
    private func quarantined(_ account: Account) async throws -> [QuarantinedRow] {
        let rows = try await Quarantine(pool: pool).rows()
        return account.operates ? rows : rows.filter { $0.source == "dept:\(account.department)" }
    }

    private func quarantinedRow(_ context: ConsoleContext) async throws -> QuarantinedRow {
        let account = try context.account()
        guard let number = context.parameters.get("number").flatMap({ Int($0) }),
            let row = try await Quarantine(pool: pool).rows(number: number).first,
            account.operates || row.source == "dept:\(account.department)"
        else { throw HTTPError(.notFound) }
        return row
    }

    /// The row's columns as fields; what stands there is what was sent.
    private static func fields(of row: QuarantinedRow) -> [Field] {
        row.register.columns.map { column in
            let value = row.content?[column.name]
            let text: String =
                switch value {
                case .string(let text): text
                case .integer(let number): String(number)
                case .bool(let flag): flag ? "是" : "否"
                case .array(let elements): elements.compactMap(\.text).joined(separator: ";")
                default: ""
                }
            return Field(
                column.name, Words(same: column.name), .text(most: 4_000), isRequired: false, initial: .string(text))
        }
    }

    private func quarantinePage(
        _ row: QuarantinedRow, _ sent: FormFields?, _ problems: [(path: String, message: Words)],
        message: Block? = nil, for request: Request, _ context: ConsoleContext
    ) throws -> Response {
        let session = try context.signedIn()
        var blocks: [Block] = message.map { [$0] } ?? []
        blocks.append(
            .facts([
                (Words("名录库", "Register"), Block.Cell(row.register.rawValue)),
                (Words("来源", "Source"), Block.Cell(row.source)),
                (Words("报送", "Feed"), Block.Cell("\(row.feed) 第 \(row.position) 行")),
                (Words("收到", "Received"), Block.Cell(row.receivedAt)),
            ]))
        if let instant = row.supersededAt {
            blocks.append(
                .notice(Words("已于 \(instant) 被更新的数据取代。", "Something newer took its place at \(instant)."), tone: .good))
        } else if row.content != nil {
            let findings = problems.isEmpty ? row.findings.map { ($0.field, Words(same: $0.message)) } : problems
            let view = FormView(site: looks.plain, language: context.language, sent: sent, problems: findings)
            let form = Form(
                title: Words("更正", "Correct"), fields: Self.fields(of: row), back: "/quarantine")
            blocks += [
                .heading(Words("更正后重新报送", "Correct and send again")),
                .text(
                    Words(
                        "列表用分号分隔；不改动直接提交即原样重报。", "Lists are parted by “;”. Unchanged, the row is sent again as it is.")),
                try looks.post(
                    to: "/quarantine/\(row.number)", session, button: Words("签名并重新报送", "Sign and send again"),
                    fields: view.fields(form), context.language),
            ]
        } else {
            blocks.append(.source("—"))
        }
        return try answer(
            Sheet(
                Words("隔离行 \(row.number)", "Quarantined row \(row.number)"),
                crumb: (Words("隔离区", "Quarantine"), "/quarantine"), blocks),
            for: request, context)
    }

    private func correct(
        _ row: QuarantinedRow, _ sent: FormFields, _ request: Request, _ context: ConsoleContext
    ) async throws -> Response {
        let account = try context.account()
        guard account.roles.contains(.feed), row.supersededAt == nil else {
            throw HTTPError(.forbidden, message: looks.texts.text("no_duty", context.language))
        }
        let body: JSONValue
        do {
            let changes = Self.fields(of: row).compactMap { field -> (field: String, value: String)? in
                // What every row must have and this one lacks is said too, if only by being left empty.
                let isNew = row.content?[field.name] == nil && row.register.requires(field.name)
                guard let value = sent[field.name], isNew || value != field.initial?.text else { return nil }
                return (field.name, value)
            }
            body = changes.isEmpty ? row.content ?? .null : try row.corrected(setting: changes)
        } catch {
            return try quarantinePage(row, sent, [("", Words(same: "\(error)"))], for: request, context)
        }
        let findings = row.register.findings(in: body)
        guard findings.isEmpty else {
            return try quarantinePage(
                row, sent, findings.map { ($0.field, Words(same: $0.message)) }, for: request, context)
        }
        let receipt: Receipt?
        do {
            receipt = try await desk.feed(
                row.register, source: row.source,
                rows: [FeedRow(position: 1, id: body["id"]?.text ?? row.id, body: body)], by: account)
        } catch let missing as SubmissionDesk.NoKey {
            return try quarantinePage(
                row, sent, [],
                message: .notice(
                    Words(
                        "本部门（\(missing.department)）没有交给工作台可代表 \(row.source) 报送名录的密钥。",
                        "\(missing.department) has given this console no key that may feed as \(row.source)."),
                    tone: .bad),
                for: request, context)
        }
        try await sessions.record(
            "row-corrected", address: address(of: request, context),
            subject: "\(row.register.rawValue)/\(row.source)/\(row.id)",
            by: account, accepted: receipt?.status == .accepted)
        guard let receipt, receipt.status == .accepted else {
            let words =
                receipt == nil
                ? Words("暂未收到报告，请稍后再试。", "No report has come yet; try again in a moment.")
                : Words(same: receipt?.reasons.map(\.message).joined(separator: "；") ?? "")
            return try quarantinePage(row, sent, [], message: .notice(words, tone: .wait), for: request, context)
        }
        _ = try await pool.query(
            "SELECT console.row_superseded(\(row.register.rawValue), \(row.source), \(row.feed), \(row.position))")
        return seeOther("/quarantine/\(row.number)")
    }
}

extension Register {
    /// Whether every row must have a column.
    fileprivate func requires(_ name: String) -> Bool { columns.contains { $0.name == name && $0.isRequired } }
}
