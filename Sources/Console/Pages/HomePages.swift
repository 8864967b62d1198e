import Cluster
import Hummingbird
import Inspections
import JSON
import Notices
import Plans
import Web

extension Console {
    func addHome(to router: Router<ConsoleContext>) {
        router.get("/") { _, _ in Response.redirect(to: "/home", type: .normal) }
        router.get("home") { request, context in
            let account = try context.account()
            let waiting = try await waitingLetters(of: account)
            var sheet = try await reading(account) { database in
                let visits = try await VisitReport.list(department: account.department, database)
                let deadlines = try await DeadlineEntry.list(department: account.scope, from: database)
                let plans = try await PlanReport.list(year: nil, department: account.scope, database)
                return Self.home(account, visits: visits, deadlines: deadlines, plans: plans)
            }
            if waiting > 0 {
                let letters = Block.Action(
                    text: Words("待更正的死信（\(waiting)）", "Dead letters to correct (\(waiting))"), link: "/dead-letters")
                sheet.blocks.insert(.actions([letters]), at: 1)
            }
            return try answer(sheet, for: request, context)
        }
        router.get("deadlines") { request, context in
            let account = try context.account()
            let query = try FormFields(parsing: request.uri.query ?? "")
            let all = query["all"] == "true"
            let entries = try await DeadlineEntry.list(department: account.scope, all: all, from: pool)
            let more = Block.Action(
                text: all ? Words("只看未办结", "Open ones only") : Words("含已办结", "Met ones too"),
                link: all ? "/deadlines" : "/deadlines?all=true")
            return try answer(
                Sheet(Words("期限", "Deadlines"), [.actions([more]), .table(Self.deadlines(entries))]), for: request,
                context)
        }
        router.get("ledger") { request, context in
            let account = try context.account()
            let entries = try await LedgerEntry.list(LedgerFilter(department: account.scope), from: pool)
            return try answer(
                Sheet(
                    Words("催办台账", "Ledger of reminders"),
                    [
                        .table(
                            Block.Table(
                                caption: Words("提醒与催办", "Reminders"),
                                columns: [
                                    Words("日期", "Day"), Words("对象", "Recipient"), Words("事项", "What"),
                                    Words("层级", "Rung"), Words("期限", "Due"), Words("结果", "Effect"),
                                ],
                                rows: entries.reversed().prefix(500).map { entry in
                                    func text(_ name: String) -> Block.Cell { Block.Cell(entry.json[name]?.text) }
                                    return [
                                        text("sent_on"), text("recipient"), text("title"), text("rung"), text("due_on"),
                                        Block.Cell(Self.effect(entry.json["effect"]?.text ?? "")),
                                    ]
                                }))
                    ]), for: request, context)
        }
    }

    private static func home(
        _ account: Account, visits: [JSONValue], deadlines: [DeadlineEntry], plans: [JSONValue]
    ) -> Sheet {
        let mine = Dictionary(grouping: visits) { $0["state"]?.text ?? "" }
        let states = VisitReport.states.filter { mine[$0.name] != nil }
        var blocks: [Block] = [
            .actions(quickForms(account)),
            .table(
                Block.Table(
                    caption: Words("本部门检查任务", "The department’s visits"),
                    columns: [Words("状态", "State"), Words("户次", "Visits")],
                    rows: states.map { state in
                        [
                            Block.Cell(Words(state.chinese, state.name), link: "/visits?state=\(state.name)"),
                            Block.Cell("\(mine[state.name]?.count ?? 0)"),
                        ]
                    }, empty: Words("目前没有检查任务。", "There are no visits now."))),
        ]
        let waiting = plans.filter { !["published", "superseded", "withdrawn"].contains($0["state"]?.text ?? "") }
        if !waiting.isEmpty {
            blocks.append(
                .table(
                    Block.Table(
                        caption: Words("办理中的计划", "Plans under way"),
                        columns: [Words("计划", "Plan"), Words("部门", "Department"), Words("状态", "State")],
                        rows: waiting.map { plan in
                            let id = plan["id"]?.text ?? ""
                            return [
                                Block.Cell("\(plan["title"]?.text ?? "")", link: "/plans/\(id)"),
                                Block.Cell(plan["department"]?.text),
                                Block.Cell(
                                    Words(PlanReport.chinese(plan["state"]?.text ?? ""), plan["state"]?.text ?? ""),
                                    tone: .wait),
                            ]
                        })))
        }
        blocks.append(.table(Self.deadlines(Array(deadlines.prefix(12)))))
        return Sheet(Words("\(account.name)，您好", "Hello, \(account.name)"), blocks)
    }

    /// What a person most often begins.
    private static func quickForms(_ account: Account) -> [Block.Action] {
        var actions: [Block.Action] = []
        if account.roles.contains(.result) {
            actions.append(Block.Action(text: Words("录入检查结果", "Enter results"), link: "/visits", isFirst: true))
            actions.append(Block.Action(text: Words("登记线索", "Report a lead"), link: "/forms/lead"))
        }
        if account.roles.contains(.review) {
            actions.append(
                Block.Action(text: Words("审核检查结果", "Review results"), link: "/visits?state=recorded", isFirst: true))
        }
        if account.roles.contains(.plan) {
            actions.append(Block.Action(text: Words("填报计划", "Draft a plan"), link: "/forms/plan"))
        }
        if account.operates {
            actions.append(Block.Action(text: Words("运行状态", "Operations"), link: "/operations"))
        }
        return actions
    }

    static func deadlines(_ entries: [DeadlineEntry]) -> Block.Table {
        let states: [String: (Words, Block.Tone)] = [
            "overdue": (Words("已逾期", "Overdue"), .bad), "open": (Words("未到期", "Open"), .wait),
            "met": (Words("已办结", "Met"), .good), "met-late": (Words("逾期办结", "Met late"), .bad),
            "withdrawn": (Words("已撤销", "Withdrawn"), .plain), "unknown": (Words("日历未知", "No calendar"), .bad),
        ]
        return Block.Table(
            caption: Words("期限", "Deadlines"),
            columns: [
                Words("期限", "Due"), Words("状态", "State"), Words("部门", "Department"), Words("事项", "What"),
                Words("提醒", "Reminders"), Words("依据", "Basis"),
            ],
            rows: entries.map { entry in
                let state = states[entry.json["state"]?.text ?? ""] ?? (Words("—", "—"), .plain)
                return [
                    Block.Cell(entry.json["due_on"]?.text ?? entry.json["problem"]?.text),
                    Block.Cell(state.0, tone: state.1), Block.Cell(entry.json["department"]?.text),
                    Block.Cell(entry.json["title"]?.text), Self.ladder(entry.json["ladder"]?.elements ?? []),
                    Block.Cell(entry.json["basis"]?.text),
                ]
            }, empty: Words("没有未办结的期限。", "Nothing is due."))
    }

    /// Which rungs of the ladder have been sent, and the day of the next.
    private static func ladder(_ rungs: [JSONValue]) -> Block.Cell {
        let sent = rungs.count { $0["fired"] == true }
        guard let next = rungs.first(where: { $0["fired"] != true }) else {
            return Block.Cell(Words("已提醒 \(sent) 次", "\(sent) sent"))
        }
        let day = next["on"]?.text ?? "—"
        return Block.Cell(
            Words("已提醒 \(sent) 次，下次 \(day)", "\(sent) sent, next \(day) (\(next["rung"]?.text ?? ""))"))
    }

    private static func effect(_ effect: String) -> Words {
        if effect == "none" { return Words("尚未办结", "open") }
        if effect == "withdrawn" { return Words("已撤销", "withdrawn") }
        return effect.hasPrefix("met-in-time") ? Words("按期办结", "met in time") : Words("逾期办结", "met late")
    }
}
