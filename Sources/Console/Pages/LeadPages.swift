import Cluster
import Hummingbird
import Inspections
import JSON
import Postgres
import Web

extension Console {
    func addLeads(to router: Router<ConsoleContext>) {
        router.get("leads") { request, context in
            let account = try context.account()
            let leads = try await LeadReport.list(department: account.department, pool)
            var blocks: [Block] = []
            if account.roles.contains(.result) {
                blocks.append(
                    .actions([Block.Action(text: Words("登记线索", "Report a lead"), link: "/forms/lead", isFirst: true)]))
            }
            blocks.append(
                .table(
                    Block.Table(
                        caption: Words("个案线索", "Leads"),
                        columns: [
                            Words("编号", "Number"), Words("状态", "State"), Words("收到", "Received"),
                            Words("当事人", "About"), Words("检查期限", "Inspect by"),
                        ],
                        rows: leads.map { lead in
                            let id = lead["lead"]?.text ?? ""
                            let state = lead["state"]?.text ?? ""
                            return [
                                Block.Cell(id, link: "/leads/\(FormFields.encode(id))"),
                                Block.Cell(Self.leadState(state), tone: state == "concluded" ? .good : .wait),
                                Block.Cell(lead["received_on"]?.text), Block.Cell(Self.subject(of: lead)),
                                Block.Cell(state == "reported" ? lead["act_by"]?.text : "—"),
                            ]
                        })))
            return try answer(Sheet(Words("个案线索", "Leads"), blocks), for: request, context)
        }
        router.get("leads/{id}") { request, context in
            let account = try context.account()
            let id = context.parameters.get("id") ?? ""
            guard
                let lead = try await LeadReport.list(department: account.department, pool).first(where: {
                    $0["lead"]?.text == id
                })
            else { throw HTTPError(.notFound) }
            let summary = try await pool.query("SELECT summary FROM inspections.leads WHERE id = \(id)").first?
                .decode("summary", as: String.self)
            let state = lead["state"]?.text ?? ""
            let origins = ["complaint": "投诉举报", "referral": "转办交办", "monitoring": "数据监测"]
            let origin = lead["origin"]?.text ?? ""
            let blocks: [Block] = [
                .actions(account.roles.contains(.result) ? Self.actions(onLead: id, state) : []),
                .facts([
                    (
                        Words("状态", "State"),
                        Block.Cell(Self.leadState(state), tone: state == "concluded" ? .good : .wait)
                    ),
                    (Words("来源", "Origin"), Block.Cell(Words(origins[origin] ?? origin, origin))),
                    (Words("收到", "Received"), Block.Cell(lead["received_on"]?.text)),
                    (Words("当事人", "About"), Block.Cell(Self.subject(of: lead))),
                    (Words("内容", "What is said"), Block.Cell(summary)),
                    (
                        Words("抽查事项", "Matters"),
                        Block.Cell((lead["items"]?.elements ?? []).compactMap(\.text).joined(separator: "、"))
                    ),
                    (Words("检查期限", "Inspect by"), Block.Cell(lead["act_by"]?.text)),
                    (Words("检查", "Inspected"), Block.Cell(lead["inspected_on"]?.text)),
                    (Words("立案决定期限", "Decide by"), Block.Cell(lead["decide_by"]?.text)),
                    (Words("立案", "Case filed"), Block.Cell(lead["filed_on"]?.text)),
                    (Words("办结", "Concluded"), Block.Cell(lead["concluded_on"]?.text)),
                ]), try await consequences(ofLead: id, account),
            ]
            return try answer(
                Sheet(Words("线索 \(id)", "Lead \(id)"), crumb: (Words("个案线索", "Leads"), "/leads"), blocks), for: request,
                context)
        }
    }

    /// Whom a lead is about: an entity of the register, or a person in none.
    private static func subject(of lead: JSONValue) -> String? {
        lead["subject"]?.text ?? lead["subject"]?["name"]?.text ?? lead["entity"]?.text
    }

    private static func leadState(_ state: String) -> Words {
        switch state {
        case "reported": Words("已登记", "Reported")
        case "inspected": Words("已检查", "Inspected")
        case "filed": Words("已立案", "Case filed")
        case "concluded": Words("已办结", "Concluded")
        default: Words(same: state)
        }
    }

    private static func actions(onLead id: String, _ state: String) -> [Block.Action] {
        func action(_ slug: String, _ chinese: String, _ english: String, first: Bool = false) -> Block.Action {
            Block.Action(
                text: Words(chinese, english), link: "/forms/\(slug)?lead=\(FormFields.encode(id))", isFirst: first)
        }
        switch state {
        case "reported": return [action("lead-inspected", "录入检查结果", "Enter findings", first: true)]
        case "inspected":
            return [
                action("lead-concluded", "办结", "Conclude", first: true), action("case-filed", "立案", "File a case"),
                action("consequence", "后续处置", "Follow-up"),
            ]
        case "filed":
            return [
                action("lead-concluded", "办结", "Conclude", first: true), action("consequence", "后续处置", "Follow-up"),
            ]
        default: return [action("consequence", "后续处置", "Follow-up")]
        }
    }

    private func consequences(ofLead id: String, _ account: Account) async throws -> Block {
        let rows = try await pool.query(
            """
            SELECT jsonb_build_object('id', id, 'kind', kind, 'name', name, 'demand', demand, 'due_on', due_on,
                'approve_by', approve_by, 'done_on', done_on, 'approved', approved_at IS NOT NULL)::text AS line
            FROM inspections.consequence_states WHERE lead = \(id) AND department = \(account.department) ORDER BY ordered_on, id
            """)
        return Self.consequences(
            try rows.map { try JSONValue(parsing: $0.decode("line", as: String.self)) }, account)
    }

    /// Follow-ups with the steps that may come next.
    static func consequences(_ list: [JSONValue], _ account: Account) -> Block {
        // A referral may be approved or refused; other follow-ups have one next step.
        let rows = list.flatMap { item -> [[Block.Cell]] in
            let number = item["id"]?.text ?? ""
            let done = item["done_on"]?.text
            let steps =
                done == nil && account.roles.contains(.result)
                ? OpenConsequence.steps(kind: item["kind"]?.text ?? "", isApproved: item["approved"] == true) : []
            let links = steps.map { step in
                Block.Cell(
                    FormKind.stepTitle(step),
                    link: "/forms/consequence-step?consequence=\(FormFields.encode(number))&step=\(step.rawValue)")
            }
            return (links.isEmpty ? [Block.Cell(done)] : links).map { last in
                [
                    Block.Cell(number), Block.Cell(item["name"]?.text), Block.Cell(item["demand"]?.text),
                    Block.Cell(item["due_on"]?.text ?? item["approve_by"]?.text), last,
                ]
            }
        }
        return .table(
            Block.Table(
                caption: Words("后续处置", "Follow-ups"),
                columns: [
                    Words("编号", "Number"), Words("种类", "Kind"), Words("要求", "Demand"), Words("期限", "Due"),
                    Words("办结或下一步", "Done, or next"),
                ], rows: rows))
    }
}
