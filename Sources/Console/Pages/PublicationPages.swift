import Cluster
import Hummingbird
import Postgres
import Web

extension Console {
    /// What the department has published, what enterprises want corrected in it, and draws made elsewhere.
    func addPublications(to router: Router<ConsoleContext>) {
        router.get("publications") { request, context in
            let account = try context.account()
            let isClerk = account.roles.contains(.result)
            var blocks: [Block] = []
            if isClerk {
                blocks.append(
                    .actions([
                        Block.Action(text: Words("回填公示平台编号", "Record the platform’s number"), link: "/forms/platform"),
                        Block.Action(
                            text: Words("登记系统外抽取", "Record a draw made elsewhere"), link: "/forms/outside-draw"),
                    ]))
            }
            blocks.append(.table(try await correctionRequests(account, isClerk: isClerk)))
            blocks.append(.table(try await publications(account, isClerk: isClerk)))
            blocks.append(.table(try await outsideDraws(account)))
            return try answer(Sheet(Words("公示与更正", "Publication and corrections"), blocks), for: request, context)
        }
    }

    private func correctionRequests(_ account: Account, isClerk: Bool) async throws -> Block.Table {
        let rows = try await pool.query(
            """
            SELECT id, publication, entity, requested_on::text AS requested_on, reason, decision, answer
            FROM notices.correction_requests WHERE department = \(account.department)
            ORDER BY decision IS NOT NULL, requested_on DESC, id LIMIT 200
            """)
        return Block.Table(
            caption: Words("更正申请", "Requests to correct"),
            columns: [
                Words("编号", "Number"), Words("公示记录", "Publication"), Words("申请日期", "Requested"),
                Words("理由", "Reason"), Words("答复", "Answer"),
            ],
            rows: try rows.map { row in
                let id = try row.decode("id", as: String.self)
                let answer: Block.Cell =
                    switch try row.decode("decision", as: String?.self) {
                    case nil where isClerk:
                        Block.Cell(
                            Words("答复", "Answer"), link: "/forms/correction-answer?request=\(FormFields.encode(id))")
                    case nil: Block.Cell(Words("待答复", "Awaited"), tone: .wait)
                    case "corrected": Block.Cell(Words("已更正", "Corrected"), tone: .good)
                    default: Block.Cell(try row.decode("answer", as: String?.self))
                    }
                return [
                    Block.Cell(id), Block.Cell(try row.decode("publication", as: String.self)),
                    Block.Cell(try row.decode("requested_on", as: String.self)),
                    Block.Cell(try row.decode("reason", as: String.self)), answer,
                ]
            }, empty: Words("没有更正申请。", "There are none."))
    }

    private func publications(_ account: Account, isClerk: Bool) async throws -> Block.Table {
        let rows = try await pool.query(
            """
            SELECT p.id, p.visit, p.entity_name, p.ended_on::text AS ended_on,
                to_char(p.published_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD') AS published,
                p.due_on < (p.published_at AT TIME ZONE 'Asia/Shanghai')::date AS late,
                (SELECT string_agg(coalesce(r.task_number, r.address), '、' ORDER BY r.entered_on)
                    FROM notices.platform_records r WHERE r.kind = 'result' AND r.subject = p.id) AS platform
            FROM open.current_publications p WHERE p.department = \(account.department)
            ORDER BY p.published_at DESC, p.id LIMIT 200
            """)
        return Block.Table(
            caption: Words("本部门已公示的结果（最近 200 条）", "Published results (the latest 200)"),
            columns: [
                Words("检查对象", "Entity"), Words("检查结束", "Ended"), Words("公示", "Published"),
                Words("平台编号", "Platform"),
            ] + (isClerk ? [Words("办理", "Act")] : []),
            rows: try rows.map { row in
                let id = FormFields.encode(try row.decode("id", as: String.self))
                let visit = FormFields.encode(try row.decode("visit", as: String.self))
                let platform = try row.decode("platform", as: String?.self)
                let isLate = try row.decode("late", as: Bool?.self) == true
                let cells = [
                    Block.Cell(try row.decode("entity_name", as: String.self), link: "/visits/\(visit)"),
                    Block.Cell(try row.decode("ended_on", as: String.self)),
                    Block.Cell(
                        Words(same: try row.decode("published", as: String.self)), tone: isLate ? .bad : .plain),
                    platform == nil && isClerk
                        ? Block.Cell(Words("回填", "Record"), link: "/forms/platform?publication=\(id)")
                        : Block.Cell(platform),
                ]
                guard isClerk else { return cells }
                return cells + [
                    Block.Cell(
                        Words("登记更正申请", "Take in a request to correct"),
                        link: "/forms/correction-request?publication=\(id)")
                ]
            })
    }

    private func outsideDraws(_ account: Account) async throws -> Block.Table {
        let rows = try await pool.query(
            """
            SELECT id, title, system, reason, drawn_on::text AS drawn_on, pool::bigint AS pool, objects::bigint AS objects
            FROM notices.outside_draws WHERE department = \(account.department) ORDER BY drawn_on DESC, id LIMIT 200
            """)
        return Block.Table(
            caption: Words("系统外抽取", "Draws made elsewhere"),
            columns: [
                Words("编号", "Number"), Words("名称", "Title"), Words("何处", "Where"), Words("日期", "Day"),
                Words("抽取", "Drawn"), Words("原因", "Reason"),
            ],
            rows: try rows.map { row in
                [
                    Block.Cell(try row.decode("id", as: String.self)),
                    Block.Cell(try row.decode("title", as: String.self)),
                    Block.Cell(try row.decode("system", as: String.self)),
                    Block.Cell(try row.decode("drawn_on", as: String.self)),
                    Block.Cell("\(try row.decode("objects", as: Int.self)) / \(try row.decode("pool", as: Int.self))"),
                    Block.Cell(try row.decode("reason", as: String.self)),
                ]
            }, empty: Words("没有登记。", "There are none."))
    }
}
