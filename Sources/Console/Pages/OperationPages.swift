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
                (SELECT count(*) FROM cluster.waiting_letters) AS letters,
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
