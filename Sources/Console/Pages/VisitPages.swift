import Cluster
import HTTPTypes
import Hummingbird
import Inspections
import JSON
import Postgres
import Web

extension Console {
    func addVisits(to router: Router<ConsoleContext>) {
        router.get("visits") { request, context in
            let account = try context.account()
            let state = (try FormFields(parsing: request.uri.query ?? ""))["state"].flatMap { name in
                VisitReport.states.contains { $0.name == name } ? name : nil
            }
            let visits = try await VisitReport.list(department: account.department, state: state, pool)
            let filters = VisitReport.states.map {
                Block.Action(
                    text: Words($0.chinese, $0.name), link: "/visits?state=\($0.name)", isFirst: $0.name == state)
            }
            let all = Block.Action(text: Words("全部", "All"), link: "/visits", isFirst: state == nil)
            return try answer(
                Sheet(
                    Words("检查任务", "Visits"),
                    [
                        .actions([all] + filters),
                        .table(
                            Block.Table(
                                caption: Words("本部门检查任务", "The department’s visits"),
                                columns: [
                                    Words("检查对象", "Entity"), Words("状态", "State"), Words("期限", "Window"),
                                    Words("事项", "Items"),
                                ],
                                rows: visits.map(Self.line),
                                empty: Words("没有这样的检查任务。", "There are no such visits."))),
                    ]), for: request, context)
        }
        router.get("visits/{id}") { request, context in
            let account = try context.account()
            let id = context.parameters.get("id") ?? ""
            guard let visit = try await VisitReport.show(id, pool),
                let part = visit["parts"]?.elements?.first(where: { $0["department"]?.text == account.department })
            else { throw HTTPError(.notFound) }
            return try answer(Self.visit(visit, part, account), for: request, context)
        }
    }

    private static func line(_ visit: JSONValue) -> [Block.Cell] {
        let state = visit["state"]?.text ?? ""
        let id = visit["visit"]?.text ?? ""
        return [
            Block.Cell(
                "\(visit["entity_name"]?.text ?? visit["entity"]?.text ?? "")",
                link: "/visits/" + FormFields.encode(id)),
            Block.Cell(Words(VisitReport.chinese(state), state), tone: tone(of: state)),
            Block.Cell("\(visit["window_first"]?.text ?? "") — \(visit["window_last"]?.text ?? "")"),
            Block.Cell((visit["items"]?.elements ?? []).compactMap(\.text).joined(separator: "、")),
        ]
    }

    private static func tone(of state: String) -> Block.Tone {
        switch state {
        case "published", "reviewed": .good
        case "returned", "failed": .bad
        case "recorded": .info
        default: .wait
        }
    }

    /// The forms that fit a visit's state, for whoever may fill them in.
    private static func actions(_ id: String, _ state: String, _ account: Account) -> [Block.Action] {
        let query = "?visit=" + FormFields.encode(id)
        func action(_ slug: String, _ chinese: String, _ english: String, first: Bool = false) -> Block.Action {
            Block.Action(text: Words(chinese, english), link: "/forms/\(slug)\(query)", isFirst: first)
        }
        var actions: [Block.Action] = []
        if account.roles.contains(.result) {
            switch state {
            case "assigned":
                actions = [
                    action("visit-confirm", "确认任务", "Confirm", first: true), action("visit-begin", "开始检查", "Begin"),
                ]
            case "confirmed": actions = [action("visit-begin", "开始检查", "Begin", first: true)]
            case "begun":
                actions = [
                    action("visit-end", "结束检查", "End", first: true), action("result", "录入结果", "Enter the result"),
                ]
            case "ended", "failed": actions = [action("result", "录入结果", "Enter the result", first: true)]
            case "recorded", "reviewed", "published":
                actions = [
                    action("consequence", "后续处置", "Follow-up"), action("correct", "更正结果", "Correct the result"),
                ]
            case "returned": actions = [action("correct", "更正结果", "Correct the result", first: true)]
            default: break
            }
            if ["assigned", "confirmed", "begun"].contains(state) {
                actions += [
                    action("visit-failed", "无法实施", "Could not be made"),
                    action("visit-amend", "更换检查人员", "Replace an inspector"),
                    action("part-entrust", "委托专业机构", "Entrust a part"),
                ]
            }
        }
        if account.roles.contains(.review), state == "recorded" {
            actions.append(action("review", "审核结果", "Review the result", first: true))
        }
        return actions
    }

    private static func visit(_ visit: JSONValue, _ part: JSONValue, _ account: Account) -> Sheet {
        let id = visit["visit"]?.text ?? ""
        let state = part["state"]?.text ?? ""
        let others = (visit["parts"]?.elements ?? []).compactMap { other in
            other["department"]?.text == account.department
                ? nil : other["department_name"]?.text ?? other["department"]?.text
        }
        var blocks: [Block] = [
            .actions(actions(id, state, account)),
            .facts([
                (Words("状态", "State"), Block.Cell(Words(VisitReport.chinese(state), state), tone: tone(of: state))),
                (
                    Words("检查对象", "Entity"),
                    Block.Cell("\(visit["entity_name"]?.text ?? "") \(visit["entity"]?.text ?? "")")
                ),
                (Words("地址", "Address"), Block.Cell(visit["address"]?.text)),
                (
                    Words("检查期限", "Window"),
                    Block.Cell("\(visit["window_first"]?.text ?? "") — \(visit["window_last"]?.text ?? "")")
                ),
                (Words("轮次", "Round"), Block.Cell(visit["round"]?.text, link: "/rounds/\(visit["round"]?.text ?? "")")),
                (Words("同行部门", "Joint with"), Block.Cell(others.isEmpty ? "—" : others.joined(separator: "、"))),
            ]),
            .table(
                Block.Table(
                    caption: Words("检查人员", "Team"),
                    columns: [
                        Words("姓名", "Name"), Words("单位", "Unit"), Words("执法证", "Certificate"), Words("有效期至", "Until"),
                    ],
                    rows: (part["team"]?.elements ?? []).map { member in
                        ["name", "unit", "certificate", "certificate_until"].map { Block.Cell(member[$0]?.text) }
                    })),
            .table(
                Block.Table(
                    caption: Words("抽查事项", "Matters"),
                    columns: [
                        Words("事项", "Item"), Words("名称", "Name"), Words("依据", "Legal basis"), Words("检查表", "Checklist"),
                    ],
                    rows: (part["items"]?.elements ?? []).map { item in
                        [
                            Block.Cell(item["item"]?.text), Block.Cell(item["name"]?.text),
                            Block.Cell(item["legal_basis"]?.text),
                            Block.Cell(
                                item["checklist"]?["title"]?.text.map {
                                    "\($0) 第 \(item["checklist"]?["version"]?.number ?? 0) 版"
                                }),
                        ]
                    })),
        ]
        for version in (part["versions"]?.elements ?? []).reversed() {
            let review: (Words, Block.Tone) =
                switch version["review"]?.text {
                case "approved": (Words("审核通过", "Approved"), .good)
                case "returned":
                    (
                        Words(
                            "已退回：\(version["review_reason"]?.text ?? "")",
                            "Returned: \(version["review_reason"]?.text ?? "")"), .bad
                    )
                default: (Words("未审核", "Not reviewed"), .wait)
                }
            blocks += [
                .heading(
                    Words(
                        "结果第 \(version["version"]?.number ?? 0) 版", "Result, version \(version["version"]?.number ?? 0)"
                    )),
                .facts([
                    (Words("检查结束", "Ended"), Block.Cell(version["ended_on"]?.text)),
                    (Words("审核", "Review"), Block.Cell(review.0, tone: review.1)),
                ]),
                .table(
                    Block.Table(
                        caption: Words("逐项结果", "What was found"),
                        columns: [
                            Words("事项", "Item"), Words("结果", "Categories"), Words("情况", "Findings"),
                            Words("证据", "Evidence"),
                        ],
                        rows: (version["items"]?.elements ?? []).map { item in
                            [
                                Block.Cell(item["item"]?.text),
                                Block.Cell(
                                    (item["categories"]?.elements ?? []).compactMap(\.text).joined(separator: "、")),
                                Block.Cell(item["findings"]?.text),
                                Block.Cell(
                                    (item["evidence"]?.elements ?? []).compactMap { $0["name"]?.text }.joined(
                                        separator: "、")),
                            ]
                        })),
            ]
        }
        blocks += entrustments(part["entrustments"]?.elements ?? [], account)
        let followUps = part["consequences"]?.elements ?? []
        if !followUps.isEmpty { blocks.append(consequences(followUps, account)) }
        return Sheet(
            Words(same: visit["entity_name"]?.text ?? id), crumb: (Words("检查任务", "Visits"), "/visits"), blocks)
    }

    /// What was entrusted, with its conclusion or the way to enter it.
    private static func entrustments(_ list: [JSONValue], _ account: Account) -> [Block] {
        guard !list.isEmpty else { return [] }
        return [
            .table(
                Block.Table(
                    caption: Words("委托专业机构", "Entrusted parts"),
                    columns: [
                        Words("编号", "Number"), Words("受托机构", "Organisation"), Words("抽查事项", "Matters"),
                        Words("结论", "Conclusion"),
                    ],
                    rows: list.map { item in
                        let id = item["id"]?.text ?? ""
                        let conclusion = item["conclusion"]?.text
                        return [
                            Block.Cell(id), Block.Cell(item["organisation"]?.text),
                            Block.Cell((item["items"]?.elements ?? []).compactMap(\.text).joined(separator: "、")),
                            conclusion == nil && account.roles.contains(.result)
                                ? Block.Cell(
                                    Words("录入结论", "Enter the conclusion"),
                                    link: "/forms/part-conclude?entrustment=\(FormFields.encode(id))")
                                : Block.Cell(conclusion),
                        ]
                    }))
        ]
    }
}
