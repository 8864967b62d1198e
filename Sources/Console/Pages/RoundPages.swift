import Cluster
import HTTPTypes
import Hummingbird
import JSON
import Rounds
import Web

extension Console {
    func addRounds(to router: Router<ConsoleContext>) {
        router.get("rounds") { request, context in
            let account = try context.account()
            let rounds = try await RoundReport.list(pool)
            let open = Block.Action(text: Words("开启一轮抽取", "Open a round"), link: "/forms/round", isFirst: true)
            return try answer(
                Sheet(
                    Words("抽取轮次", "Rounds"),
                    [
                        .actions(account.roles.contains(.round) ? [open] : []),
                        .table(
                            Block.Table(
                                caption: Words("全部轮次", "All rounds"),
                                columns: [
                                    Words("轮次", "Round"), Words("状态", "State"), Words("开启", "Opened"),
                                    Words("承诺", "Commitment"),
                                ],
                                rows: rounds.map { round in
                                    [
                                        Block.Cell(round.id, link: "/rounds/\(round.id)"), Self.state(round.state),
                                        Block.instant(round.openedAt),
                                        Block.Cell(round.commitment.map { String($0.prefix(16)) + "…" }, isCode: true),
                                    ]
                                })),
                    ]), for: request, context)
        }
        router.get("rounds/{id}") { request, context in
            let account = try context.account()
            let id = context.parameters.get("id") ?? ""
            guard let report = try await RoundReport.show(id, withSeed: false, pool) else { throw HTTPError(.notFound) }
            var sheet = Sheet(
                Words("轮次 \(id)", "Round \(id)"), crumb: (Words("抽取轮次", "Rounds"), "/rounds"),
                Self.blocks(report, account))
            if !Self.isOver(report) {
                sheet.live = "/rounds/\(id)/progress"
                sheet.refresh = 10
            }
            return try answer(sheet, for: request, context)
        }
        router.get("rounds/{id}/progress") { request, context in
            let account = try context.account()
            let id = context.parameters.get("id") ?? ""
            guard try await RoundReport.show(id, withSeed: false, pool) != nil else { throw HTTPError(.notFound) }
            let language = context.language
            return Response(
                status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
                body: ResponseBody { writer in
                    try await stream(id, account, language, to: &writer)
                    try await writer.finish(nil)
                })
        }
    }

    /// Server-sent events: the page's parts, whenever they have changed, until the round is over or ten minutes are.
    ///
    /// Source: HTML Standard, Server-sent events.
    private func stream(
        _ id: String, _ account: Account, _ language: Language, to writer: inout any ResponseBodyWriter
    ) async throws {
        var last = ""
        for second in 0..<600 {
            guard let report = try await RoundReport.show(id, withSeed: false, pool) else { return }
            let html = try looks.blocks(Self.blocks(report, account), language)
            var event = ""
            if html != last {
                last = html
                event =
                    html.split(separator: "\n", omittingEmptySubsequences: false).map { "data: \($0)\n" }.joined()
                    + "\n"
            } else if second % 15 == 0 {
                event = ": still here\n\n"
            }
            if !event.isEmpty { try await writer.write(ByteBuffer(string: event)) }
            if Self.isOver(report) {
                try await writer.write(ByteBuffer(string: "event: over\ndata: \n\n"))
                return
            }
            try await Task.sleep(for: .seconds(1))
        }
    }

    private static func isOver(_ report: JSONValue) -> Bool {
        ["drawn", "closed", "void"].contains(report["state"]?.text ?? "")
    }

    private static func state(_ state: String) -> Block.Cell {
        let names: [String: (String, Block.Tone)] = [
            "opened": ("已开启", .wait), "collecting": ("收集申请", .wait), "frozen": ("已冻结", .wait),
            "committed": ("已承诺，待揭示", .wait), "seeded": ("种子已定", .info), "drawing": ("抽取中", .info),
            "drawn": ("已抽取", .good), "closed": ("已结束", .good), "void": ("作废", .bad),
        ]
        let name = names[state] ?? (state, .plain)
        return Block.Cell(Words(name.0, state), tone: name.1)
    }

    private static let stages: [String: Words] = [
        "freeze": Words("冻结名单", "Freeze"), "count": Words("统计", "Count"), "commit": Words("承诺", "Commit"),
        "select": Words("选取", "Select"), "merge": Words("合并", "Merge"), "match": Words("匹配人员", "Match"),
        "seal": Words("封存", "Seal"), "reveal": Words("揭示", "Reveal"),
    ]

    private static func actions(_ id: String, _ state: String, _ report: JSONValue, _ account: Account) -> [Block
        .Action]
    {
        let query = "?round=\(FormFields.encode(id))"
        let witness = (report["reveals"]?.elements ?? []).first {
            $0["source"]?.text == "witness:\(account.department)"
        }
        var actions: [Block.Action] = []
        func add(_ slug: String, _ chinese: String, _ english: String) {
            actions.append(Block.Action(text: Words(chinese, english), link: "/forms/\(slug)\(query)", isFirst: true))
        }
        let isCollecting = state == "opened" || state == "collecting"
        if isCollecting, account.roles.contains(.request) { add("draw-request", "申请抽取", "Request a draw") }
        if state == "collecting", account.roles.contains(.request) {
            add("request-withdraw", "撤回申请", "Withdraw a request")
        }
        if isCollecting, account.roles.contains(.round) { add("round-close", "截止申请", "Close the collecting") }
        if account.roles.contains(.witness), let witness {
            if isCollecting, witness["committed"] != true { add("witness-commit", "提交见证承诺", "Commit") }
            if state == "committed", witness["revealed"] != true { add("reveal", "揭示随机数", "Reveal") }
            if state == "committed" { add("public-value", "陈述公共随机值", "State a public value") }
        }
        return actions
    }

    private static func blocks(_ report: JSONValue, _ account: Account) -> [Block] {
        func text(_ name: String) -> String? { report[name]?.text ?? report[name]?.number.map(String.init) }
        let id = text("id") ?? ""
        let current = text("state") ?? ""
        let reveals = report["reveals"]?.elements ?? []
        let missing = reveals.filter { $0["revealed"] != true }.compactMap { $0["source"]?.text }
        var blocks: [Block] = [.actions(actions(id, current, report, account))]
        if current == "committed", !missing.isEmpty {
            blocks.append(
                .notice(
                    Words(
                        "尚未揭示：\(missing.joined(separator: "、"))；截止 \(FormView.china(text("reveal_by") ?? "—"))",
                        "Not revealed yet: \(missing.joined(separator: ", ")); until \(FormView.china(text("reveal_by") ?? "—"))"
                    ),
                    tone: .wait))
        }
        if let reason = text("void_reason") {
            blocks.append(.notice(Words("作废：\(reason)", "Void: \(reason)"), tone: .bad))
        }
        blocks += [
            .facts([
                (Words("状态", "State"), state(current)),
                (
                    Words("已收申请", "Requests in"),
                    Block.Cell(
                        Words(
                            "\(text("requests") ?? "0") 份，\(text("departments") ?? "0") 个部门",
                            "\(text("requests") ?? "0") of \(text("departments") ?? "0") departments"))
                ),
                (Words("冻结时间", "As of"), Block.instant(text("as_of"))),
                (Words("承诺", "Commitment"), Block.Cell(text("commitment"), isCode: true)),
                (Words("揭示截止", "Reveal by"), Block.instant(text("reveal_by"))),
                (Words("结果摘要", "Digest of the result"), Block.Cell(text("result"), isCode: true)),
                (Words("检查户次", "Visits"), Block.Cell(text("visits"))),
            ])
        ]
        let progress = report["progress"]?.elements ?? []
        if !progress.isEmpty {
            blocks += [
                .heading(Words("各阶段进度", "Stages")),
                .progress(
                    progress.map { stage in
                        let name = stage["stage"]?.text ?? ""
                        return (
                            stages[name] ?? Words(same: name), Int(stage["done"]?.number ?? 0),
                            Int(stage["total"]?.number ?? 0)
                        )
                    }),
            ]
            let failed = progress.reduce(0) { $0 + Int($1["failed"]?.number ?? 0) }
            if failed > 0 {
                blocks.append(
                    .notice(Words("\(failed) 个任务失败，见运行页", "\(failed) tasks have failed; see Operations"), tone: .bad))
            }
        }
        let withdrawn = report["withdrawn"]?.elements ?? []
        if !withdrawn.isEmpty {
            blocks.append(
                .table(
                    Block.Table(
                        caption: Words("撤回的申请", "Withdrawn requests"),
                        columns: [
                            Words("申请", "Request"), Words("部门", "Department"), Words("理由", "Reason"),
                            Words("时间", "When"),
                        ],
                        rows: withdrawn.map { item in
                            [
                                Block.Cell(item["request"]?.text), Block.Cell(item["department"]?.text),
                                Block.Cell(item["reason"]?.text), Block.instant(item["at"]?.text),
                            ]
                        })))
        }
        blocks.append(
            .table(
                Block.Table(
                    caption: Words("见证人", "Witnesses"), columns: [Words("来源", "Source"), Words("状态", "State")],
                    rows: reveals.map { item in
                        [
                            Block.Cell(item["source"]?.text),
                            item["revealed"] == true
                                ? Block.Cell(Words("已揭示", "Revealed"), tone: .good)
                                : item["committed"] == true
                                    ? Block.Cell(Words("已承诺", "Committed"), tone: .info)
                                    : Block.Cell(Words("未承诺", "Not committed"), tone: .wait),
                        ]
                    })))
        blocks.append(
            .table(
                Block.Table(
                    caption: Words("公共随机值", "Public values"),
                    columns: [Words("来源", "Source"), Words("写法", "Pattern"), Words("陈述", "Statements")],
                    rows: (report["public"]?.elements ?? []).map { item in
                        [
                            Block.Cell(item["source"]?.text), Block.Cell(item["pattern"]?.text, isCode: true),
                            item["disputed"] == true
                                ? Block.Cell(Words("各说不一", "Disputed"), tone: .bad)
                                : Block.Cell("\(item["statements"]?.number ?? 0)"),
                        ]
                    })))
        return blocks
    }
}
