import Cluster
import HTTPTypes
import Hummingbird
import JSON
import Kafka
import Notices
import Postgres
import Registers
import Web

extension Console {
    func addOperations(to router: Router<ConsoleContext>) {
        router.get("operations") { request, context in
            guard try context.account().operates else { throw HTTPError(.notFound) }
            var sheet = Sheet(Words("运行状态", "Operations"), try await operations())
            sheet.refresh = 15
            return try answer(sheet, for: request, context)
        }
        router.get("dead-letters") { request, context in
            guard try context.account().operates else { throw HTTPError(.notFound) }
            let letters = try await deadLetters.letters()
            return try answer(
                Sheet(
                    Words("死信", "Dead letters"),
                    [
                        .text(Words("信封、签名或大小有误，或多次处理失败的报文，原样保存在此。", "What could not be taken, kept byte for byte.")),
                        .table(
                            Block.Table(
                                caption: Words("死信", "Dead letters"),
                                columns: [
                                    Words("编号", "Number"), Words("主题", "Topic"), Words("原因", "Reason"),
                                    Words("次数", "Count"), Words("状态", "State"),
                                ],
                                rows: letters.map { letter in
                                    [
                                        Block.Cell("\(letter.id)", link: "/dead-letters/\(letter.id)"),
                                        Block.Cell(letter.message.topic),
                                        Block.Cell("\(letter.code): \(letter.reason)"), Block.Cell("\(letter.count)"),
                                        letter.replayedAt == nil
                                            ? Block.Cell(Words("待处理", "Waits"), tone: .bad)
                                            : Block.Cell(Words("已重投", "Replayed"), tone: .good),
                                    ]
                                })),
                    ]), for: request, context)
        }
        router.get("dead-letters/{id}") { request, context in
            let session = try context.signedIn()
            let letter = try await letter(context)
            let action = "/dead-letters/\(letter.id)/replay"
            var blocks: [Block] = [
                .facts([
                    (Words("原因", "Reason"), Block.Cell("\(letter.code): \(letter.reason)")),
                    (
                        Words("来自", "From"),
                        Block.Cell(
                            "\(letter.message.topic)[\(letter.message.partition)]@\(letter.message.offset)",
                            isCode: true)
                    ),
                    (Words("首次", "First seen"), Block.Cell(letter.firstSeen)),
                    (Words("次数", "Count"), Block.Cell("\(letter.count)")),
                    (Words("上次重投", "Replayed"), Block.Cell(letter.replayedAt)),
                ]),
                .table(
                    Block.Table(
                        caption: Words("报文头", "Headers"), columns: [Words("名称", "Name"), Words("值", "Value")],
                        rows: letter.message.headers.map {
                            [
                                Block.Cell($0.name, isCode: true),
                                Block.Cell(String(decoding: $0.value, as: UTF8.self), isCode: true),
                            ]
                        })),
                .heading(Words("报文内容", "Body")),
                .source(letter.message.value.map { String(decoding: $0.prefix(20_000), as: UTF8.self) } ?? "—"),
                .text(
                    Words(
                        "重新投递原样送回原主题，签名不变；内容有误的，应由报送部门更正后重新报送。",
                        "Replaying sends it back to its topic as it is, with its own signature; what is wrong in it is corrected and submitted again by its department."
                    )),
            ]
            blocks.append(try looks.post(to: action, session, button: Words("原样重新投递", "Replay"), context.language))
            return try answer(
                Sheet(
                    Words("死信 \(letter.id)", "Dead letter \(letter.id)"),
                    crumb: (Words("死信", "Dead letters"), "/dead-letters"), blocks),
                for: request, context)
        }
        router.post("dead-letters/{id}/replay") { request, context in
            _ = try await sent(request, context)
            let letter = try await letter(context)
            try await desk.replay(letter.message)
            _ = try await pool.query("SELECT console.letter_replayed(\(letter.id))")
            try await sessions.record(
                "letter-replayed", address: address(of: request, context), subject: "\(letter.id)",
                by: context.account())
            var response = Response.redirect(to: "/dead-letters/\(letter.id)", type: .normal)
            response.status = .seeOther
            return response
        }
    }

    private func letter(_ context: ConsoleContext) async throws -> DeadLetters.Letter {
        guard try context.account().operates, let id = context.parameters.get("id").flatMap({ Int64($0) }),
            let letter = try await deadLetters.letters(id: id).first
        else { throw HTTPError(.notFound) }
        return letter
    }

    /// Workers, lag, outbox, leases, registers' freshness: what `yaohao status` shows.
    private func operations() async throws -> [Block] {
        let counts = try await pool.query(
            """
            SELECT (SELECT count(*) FROM cluster.outbox WHERE sent_at IS NULL) AS unsent,
                (SELECT coalesce(floor(extract(epoch FROM clock_timestamp() - min(created_at))), 0)::bigint
                    FROM cluster.outbox WHERE sent_at IS NULL) AS oldest,
                (SELECT count(*) FROM cluster.tasks WHERE state = 'ready') AS ready,
                (SELECT count(*) FROM cluster.tasks WHERE state = 'leased') AS leased,
                (SELECT count(*) FROM cluster.tasks WHERE state = 'failed') AS failed,
                (SELECT count(*) FROM cluster.dead_letters WHERE replayed_at IS NULL) AS letters,
                (SELECT count(DISTINCT (register, source, id)) FROM registers.quarantine WHERE superseded_at IS NULL) AS quarantine,
                (SELECT count(*) FROM cluster.acts_waiting) AS unlinked
            """
        ).first
        func number(_ name: String) throws -> Int { try counts?.decode(name, as: Int.self) ?? 0 }
        func cell(_ count: Int, link: String? = nil, isTrouble: Bool) -> Block.Cell {
            Block.Cell(Words(same: "\(count)"), link: link, tone: isTrouble && count > 0 ? .bad : .plain)
        }
        let notices = try await NoticesCounts.read(from: pool)
        var blocks: [Block] = [
            .facts([
                (
                    Words("待发消息", "Outbox, unsent"),
                    Block.Cell(
                        Words(
                            "\(try number("unsent"))，最早 \(try number("oldest")) 秒前",
                            "\(try number("unsent")), oldest \(try number("oldest")) s"))
                ),
                (
                    Words("任务：待办、在办、失败", "Tasks: ready, leased, failed"),
                    Block.Cell(
                        "\(try number("ready")) · \(try number("leased")) · \(try number("failed"))",
                        tone: try number("failed") > 0 ? .bad : .plain)
                ),
                (Words("死信", "Dead letters"), cell(try number("letters"), link: "/dead-letters", isTrouble: true)),
                (
                    Words("隔离的数据行", "Quarantined rows"),
                    cell(try number("quarantine"), link: "/quarantine", isTrouble: true)
                ),
                (Words("逾期期限", "Overdue deadlines"), cell(notices.late, link: "/deadlines", isTrouble: true)),
                (Words("推送失败", "Deliveries given up"), cell(notices.failedDeliveries, isTrouble: true)),
                (Words("待入链的审计行", "Audit lines not linked yet"), Block.Cell("\(try number("unlinked"))")),
            ])
        ]
        blocks.append(try await lag())
        let leases = try await pool.query(
            """
            SELECT name AS what, owner, until <= clock_timestamp() AS expired,
                to_char(until AT TIME ZONE 'Asia/Shanghai', 'HH24:MI:SS') AS until FROM cluster.leases
            UNION ALL
            SELECT kind || ' ' || subject, owner, lease_until <= clock_timestamp(),
                to_char(lease_until AT TIME ZONE 'Asia/Shanghai', 'HH24:MI:SS')
            FROM cluster.tasks WHERE state = 'leased'
            ORDER BY owner, what LIMIT 200
            """)
        blocks.append(
            .table(
                Block.Table(
                    caption: Words("工作进程与租约", "Workers and leases"),
                    columns: [Words("进程", "Worker"), Words("在办", "What"), Words("租约至", "Until"), Words("状态", "State")],
                    rows: try leases.map { row in
                        [
                            Block.Cell(try row.decode("owner", as: String?.self)),
                            Block.Cell(try row.decode("what", as: String.self)),
                            Block.Cell(try row.decode("until", as: String?.self)),
                            try row.decode("expired", as: Bool.self)
                                ? Block.Cell(Words("已过期", "Expired"), tone: .bad)
                                : Block.Cell(Words("有效", "Held"), tone: .good),
                        ]
                    })))
        let failed = try await pool.query(
            "SELECT kind, subject, attempts::bigint AS attempts, failure FROM cluster.tasks WHERE state = 'failed' ORDER BY id LIMIT 100"
        )
        if !failed.isEmpty {
            blocks.append(
                .table(
                    Block.Table(
                        caption: Words("失败的任务", "Failed tasks"),
                        columns: [
                            Words("种类", "Kind"), Words("对象", "Subject"), Words("尝试", "Attempts"),
                            Words("原因", "Failure"),
                        ],
                        rows: try failed.map { row in
                            [
                                Block.Cell(try row.decode("kind", as: String.self)),
                                Block.Cell(try row.decode("subject", as: String.self)),
                                Block.Cell("\(try row.decode("attempts", as: Int.self))"),
                                Block.Cell(try row.decode("failure", as: String?.self)),
                            ]
                        })))
        }
        blocks.append(try await freshness())
        return blocks
    }

    private func lag() async throws -> Block {
        do {
            let lags = try await desk.lag(groups)
            return .table(
                Block.Table(
                    caption: Words("待处理报文", "Lag"), columns: [Words("消费组", "Group"), Words("未处理", "Messages")],
                    rows: lags.map { [Block.Cell($0.group), Block.Cell("\($0.messages)")] }))
        } catch let error as KafkaError {
            return .notice(Words("消息队列无法连接：\(error)", "The broker can't be reached: \(error)"), tone: .bad)
        }
    }

    private func freshness() async throws -> Block {
        let feeds = try await FeedFreshness.all(in: pool)
        return .table(
            Block.Table(
                caption: Words("名录库更新情况", "Freshness of registers"),
                columns: [
                    Words("名录库", "Register"), Words("来源", "Source"), Words("最近更新", "Last feed"), Words("小时", "Hours"),
                    Words("状态", "State"),
                ],
                rows: feeds.map { feed in
                    let state: (Words, Block.Tone) =
                        switch feed.state {
                        case .fresh: (Words("正常", "Fresh"), .good)
                        case .warning: (Words("将超期", "Getting stale"), .wait)
                        case .error: (Words("超期", "Stale"), .bad)
                        }
                    return [
                        Block.Cell(feed.register.rawValue), Block.Cell(feed.source),
                        Block.Cell(feed.lastAccepted ?? "从未"),
                        Block.Cell("\(feed.hours)"), Block.Cell(state.0, tone: state.1),
                    ]
                }))
    }
}
