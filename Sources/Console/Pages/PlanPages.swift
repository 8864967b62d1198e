import Cluster
import HTTPTypes
import Hummingbird
import JSON
import Plans
import Web

extension Console {
    func addPlans(to router: Router<ConsoleContext>) {
        router.get("plans") { request, context in
            let account = try context.account()
            // What is published by others is open, and what takes part is the database's to say.
            let plans = try await reading(account) { try await PlanReport.list(year: nil, department: nil, $0) }
            var actions: [Block.Action] = []
            if account.roles.contains(.plan) {
                actions = [
                    Block.Action(text: Words("填报年度计划", "Draft an annual plan"), link: "/forms/plan", isFirst: true),
                    Block.Action(text: Words("填报联合计划", "Draft a joint plan"), link: "/forms/plan?kind=joint"),
                ]
            }
            return try answer(
                Sheet(
                    Words("抽查计划", "Plans"),
                    [
                        .actions(actions),
                        .table(
                            Block.Table(
                                caption: Words("年度计划和联合计划", "Annual and joint plans"),
                                columns: [
                                    Words("计划", "Plan"), Words("部门", "Department"), Words("年度", "Year"),
                                    Words("种类", "Kind"), Words("状态", "State"), Words("现行版", "In force"),
                                ],
                                rows: plans.map { plan in
                                    let state = plan["state"]?.text ?? ""
                                    return [
                                        Block.Cell(plan["title"]?.text, link: "/plans/\(plan["id"]?.text ?? "")"),
                                        Block.Cell(plan["department"]?.text),
                                        Block.Cell(plan["year"]?.number.map(String.init)),
                                        Block.Cell(
                                            plan["kind"] == "joint" ? Words("联合", "Joint") : Words("部门", "Annual")),
                                        Block.Cell(
                                            Words(PlanReport.chinese(state), state),
                                            tone: state == "published" ? .good : state == "returned" ? .bad : .wait),
                                        Block.Cell(plan["in_force"]?.number.map { "第 \($0) 版" }),
                                    ]
                                })),
                    ]), for: request, context)
        }
        router.get("plans/{id}") { request, context in
            let account = try context.account()
            let id = context.parameters.get("id") ?? ""
            let asked = (try FormFields(parsing: request.uri.query ?? ""))["version"].flatMap { Int($0) }
            let report = try await reading(account) { database in
                guard let list = try await PlanReport.show(id, version: nil, database) else { return JSONValue?.none }
                // The latest that may be seen, which is what somebody has to act upon.
                let latest = list["versions"]?.elements?.last?["version"]?.number.map { Int($0) }
                return try await PlanReport.show(id, version: asked ?? latest, database)
            }
            guard let report else { throw HTTPError(.notFound) }
            return try answer(Self.plan(report, account), for: request, context)
        }
    }

    private static func actions(_ report: JSONValue, _ account: Account) -> [Block.Action] {
        let id = report["id"]?.text ?? ""
        let version = report["version"]?.number ?? 0
        let query = "?plan=\(FormFields.encode(id))&version=\(version)"
        func action(_ slug: String, _ chinese: String, _ english: String, _ role: Role) -> Block.Action? {
            account.roles.contains(role)
                ? Block.Action(text: Words(chinese, english), link: "/forms/\(slug)\(query)", isFirst: true) : nil
        }
        let isOwn = report["department"]?.text == account.department
        let takesPart = (report["participants"]?.elements ?? []).contains {
            $0["department"]?.text == account.department && $0["confirmed_at"]?.text == nil
        }
        var actions: [Block.Action?] = []
        let state = report["state"]?.text ?? ""
        if isOwn {
            switch state {
            case "drafted":
                actions = [action("plan-check", "审核", "Check", .review), action("plan", "重新填报", "Draft again", .plan)]
            case "checked": actions = [action("plan-approve", "批准", "Approve", .approve)]
            case "approved": actions = [action("plan-report", "上报", "Report", .approve)]
            case "received": actions = [action("plan-publish", "公布", "Publish", .approve)]
            case "returned": actions = [action("plan", "重新填报", "Draft again", .plan)]
            case "published":
                actions = [
                    action("scheme-approve", "批准工作方案", "Approve a scheme", .approve),
                    action("plan-change", "调整计划", "Change the plan", .plan),
                ]
            default: break
            }
        }
        if state == "reported" { actions.append(action("plan-receive", "接收或退回", "Receive or return", .office)) }
        if takesPart { actions.append(action("plan-confirm", "确认参加", "Confirm taking part", .approve)) }
        return actions.compactMap { $0 }
    }

    private static func plan(_ report: JSONValue, _ account: Account) -> Sheet {
        let document = report["document"] ?? .null
        let id = report["id"]?.text ?? ""
        let state = report["state"]?.text ?? ""
        var facts: [(name: Words, cell: Block.Cell)] = [
            (Words("编号", "Id"), Block.Cell(id)), (Words("部门", "Department"), Block.Cell(report["department"]?.text)),
            (Words("年度", "Year"), Block.Cell(report["year"]?.number.map(String.init))),
            (Words("版本", "Version"), Block.Cell("\(report["version"]?.number ?? 0)")),
            (
                Words("状态", "State"),
                Block.Cell(Words(PlanReport.chinese(state), state), tone: state == "published" ? .good : .wait)
            ),
        ]
        if let what = report["what"]?.text {
            facts.append((Words("调整内容与理由", "Change and reason"), Block.Cell("\(what)；\(report["why"]?.text ?? "")")))
        }
        var blocks: [Block] = [
            .actions(actions(report, account)), .facts(facts),
            .table(
                Block.Table(
                    caption: Words("计划行", "Lines"),
                    columns: [
                        Words("行", "Line"), Words("抽查任务", "Task"), Words("事项", "Items"), Words("抽取", "Sample"),
                        Words("次数", "Draws"), Words("时间", "Window"),
                    ],
                    rows: (document["lines"]?.elements ?? []).map { line in
                        [
                            Block.Cell(line["id"]?.text), Block.Cell(line["title"]?.text),
                            Block.Cell(
                                (line["parts"]?.elements ?? []).map { part in
                                    "\(part["department"]?.text ?? "")：\((part["items"]?.elements ?? []).compactMap(\.text).joined(separator: "、"))"
                                }.joined(separator: "；")),
                            Block.Cell(sample(line["sample"] ?? .null)),
                            Block.Cell("\(line["draws"]?.number ?? 1)"),
                            Block.Cell(
                                (line["windows"]?.elements ?? []).map { window in
                                    (window.elements ?? []).compactMap(\.text).joined(separator: " — ")
                                }.joined(separator: "；")),
                        ]
                    })),
        ]
        let participants = report["participants"]?.elements ?? []
        if !participants.isEmpty {
            blocks.append(
                .table(
                    Block.Table(
                        caption: Words("配合部门确认", "Participants"),
                        columns: [Words("部门", "Department"), Words("期限", "Due"), Words("确认", "Confirmed")],
                        rows: participants.map { item in
                            [
                                Block.Cell(item["department"]?.text), Block.Cell(item["due_on"]?.text),
                                item["confirmed_at"]?.text.map { Block.instant($0) }
                                    ?? Block.Cell(Words("待确认", "Awaited"), tone: item["overdue"] == true ? .bad : .wait),
                            ]
                        })))
        }
        blocks += proposals(report, account)
        let schemes = report["schemes"]?.elements ?? []
        if !schemes.isEmpty {
            blocks.append(
                .table(
                    Block.Table(
                        caption: Words("工作方案", "Schemes"),
                        columns: [Words("行", "Line"), Words("第几次抽取", "Draw"), Words("批准", "Approved")],
                        rows: schemes.map { scheme in
                            [
                                Block.Cell(scheme["line"]?.text), Block.Cell("\(scheme["draw"]?.number ?? 1)"),
                                Block.instant(scheme["approved_at"]?.text),
                            ]
                        })))
        }
        blocks.append(
            .table(
                Block.Table(
                    caption: Words("办理过程", "What was done"),
                    columns: [Words("时间", "At"), Words("环节", "Step"), Words("来源", "Source"), Words("备注", "Remark")],
                    rows: (report["steps"]?.elements ?? []).map { step in
                        [
                            Block.instant(step["at"]?.text), Block.Cell(stepName(step["step"]?.text ?? "")),
                            Block.Cell(step["source"]?.text), Block.Cell(step["note"]?.text),
                        ]
                    })))
        blocks.append(
            .table(
                Block.Table(
                    caption: Words("各版本", "Versions"),
                    columns: [
                        Words("版本", "Version"), Words("状态", "State"), Words("填报", "Drafted"), Words("公布", "Published"),
                    ],
                    rows: (report["versions"]?.elements ?? []).map { other in
                        let number = other["version"]?.number ?? 0
                        return [
                            Block.Cell("第 \(number) 版", link: "/plans/\(id)?version=\(number)"),
                            Block.Cell(
                                Words(PlanReport.chinese(other["state"]?.text ?? ""), other["state"]?.text ?? "")),
                            Block.instant(other["drafted_at"]?.text), Block.instant(other["published_at"]?.text),
                        ]
                    })))
        return Sheet(Words(same: document["title"]?.text ?? id), crumb: (Words("抽查计划", "Plans"), "/plans"), blocks)
    }

    /// What the check proposed to draw together, each with the department's answer or the way to give it.
    private static func proposals(_ report: JSONValue, _ account: Account) -> [Block] {
        let id = report["id"]?.text ?? ""
        let isOpen = ["drafted", "checked"].contains(report["state"]?.text ?? "")
        let mayDecide =
            isOpen && report["department"]?.text == account.department && account.roles.contains(.plan)
        let decided = report["merges"]?.elements ?? []
        func lines(_ proposal: JSONValue) -> [String] {
            (proposal["lines"]?.elements ?? []).compactMap(\.text).map {
                $0.hasPrefix(id + "/") ? String($0.dropFirst(id.count + 1)) : $0
            }
        }
        let open = FormSource.proposals(report).filter { proposal in
            !decided.contains { Set(lines($0)) == Set(lines(proposal)) }
        }
        guard !open.isEmpty || !decided.isEmpty else { return [] }
        let query = "plan=\(FormFields.encode(id))&version=\(report["version"]?.number ?? 0)"
        return [
            .table(
                Block.Table(
                    caption: Words("内部联合（合并）建议", "Proposals to merge lines"),
                    columns: [Words("计划行", "Lines"), Words("理由", "Reason"), Words("答复", "Answer")],
                    rows: open.map { proposal in
                        let names = lines(proposal).joined(separator: ",")
                        return [
                            Block.Cell(lines(proposal).joined(separator: " + ")), Block.Cell(proposal["reason"]?.text),
                            mayDecide
                                ? Block.Cell(
                                    Words("确认或不采纳", "Confirm or decline"),
                                    link: "/forms/merge-decide?\(query)&lines=\(FormFields.encode(names))")
                                : Block.Cell(Words("待答复", "Awaited"), tone: .wait),
                        ]
                    }
                        + decided.map { merge in
                            [
                                Block.Cell(lines(merge).joined(separator: " + ")),
                                Block.Cell(merge["reason"]?.text ?? merge["proposal"]?["reason"]?.text),
                                merge["decision"] == "confirmed"
                                    ? Block.Cell(Words("已确认", "Confirmed"), tone: .good)
                                    : Block.Cell(Words("不采纳", "Declined")),
                            ]
                        }))
        ]
    }

    private static func stepName(_ step: String) -> Words {
        let names = [
            "draft": "填报", "change": "调整", "check": "审核", "approve": "批准", "report": "上报", "receive": "接收",
            "return": "退回",
            "publish": "公布", "confirm": "确认参加", "merge": "确认合并", "decline-merge": "不采纳合并", "approve-scheme": "批准工作方案",
        ]
        return Words(names[step] ?? step, step)
    }

    /// A sample as people write it.
    private static func sample(_ sample: JSONValue) -> String {
        func ends(_ value: JSONValue?, _ unit: String, _ shown: (Int) -> String) -> String {
            if let number = value?.number { return shown(Int(number)) + unit }
            let least = value?["min"]?.number.map { "不低于 " + shown(Int($0)) + unit }
            let most = value?["max"]?.number.map { "不超过 " + shown(Int($0)) + unit }
            return [least, most].compactMap { $0 }.joined(separator: "，")
        }
        if let rate = sample["rate_ppm"] { return ends(rate, "%", FormView.percent) }
        if let count = sample["count"] { return ends(count, " 户") { String($0) } }
        if case .object(let rates)? = sample["rates_ppm"] {
            return rates.sorted { $0.key < $1.key }.map { "\($0.key) 级 " + ends($0.value, "%", FormView.percent) }
                .joined(separator: "，")
        }
        return sample["county_rates"] == true ? "县级默认比例" : "—"
    }
}
