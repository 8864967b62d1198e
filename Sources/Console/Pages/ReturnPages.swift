import Cluster
import HTTPTypes
import Hummingbird
import Postgres
import Registers
import Returns
import Web

extension Console {
    func addReturns(to router: Router<ConsoleContext>) {
        router.get("returns") { request, context in
            let account = try context.account()
            let period = try await period(of: request, context)
            let sheet = try await reading(account) { database in
                try await Self.returns(period, account, database)
            }
            return try answer(sheet, for: request, context)
        }
        router.get("returns/{department}") { request, context in
            let account = try context.account()
            let department = context.parameters.get("department") ?? ""
            guard account.seesAll || department == account.department else { throw HTTPError(.notFound) }
            let period = try await period(of: request, context)
            guard let frozen = try await FrozenReturn.read(period, department: department, pool)
            else { throw HTTPError(.notFound) }
            var blocks = Self.blocks(of: frozen)
            if account.roles.contains(.office), frozen.remarks.contains(where: { $0.answer == nil }) {
                blocks.insert(
                    .actions([
                        Block.Action(
                            text: Words("答复", "Answer"),
                            link:
                                "/forms/return-answer?\(period.query)&department=\(FormFields.encode(department))",
                            isFirst: true)
                    ]), at: 0)
            }
            return try answer(
                Sheet(
                    Words(
                        "\(department) \(period.chinese)\(period.kind.chinese)",
                        "Return of \(department), \(period.name)"),
                    crumb: (Words("月报和总结", "Returns"), period.page), blocks), for: request, context)
        }
        router.get("circular") { request, context in
            let account = try context.account()
            guard account.seesAll else { throw HTTPError(.notFound) }
            return try await circular(request, context)
        }
    }

    /// The period that is asked for; this month by default.
    private func period(of request: Request, _ context: ConsoleContext) async throws -> ReturnPeriod {
        let query = try FormFields(parsing: request.uri.query ?? "")
        let kind = query.text("kind") ?? ReturnKind.monthly.rawValue
        var name = query.text("period") ?? query.text("month")
        if name == nil {
            name = try await pool.query(
                "SELECT to_char(clock_timestamp() AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM') AS month"
            ).first?.decode("month", as: String.self)
        }
        guard let kind = ReturnKind(rawValue: kind), let period = ReturnPeriod(kind, name ?? "") else {
            throw HTTPError(
                .badRequest, message: Words("月份应写成 2026-03", "Write the month like 2026-03")(context.language))
        }
        return period
    }

    private static func returns(
        _ period: ReturnPeriod, _ account: Account, _ database: PostgresTransaction
    ) async throws -> Sheet {
        let rows = try await database.query(
            """
            SELECT d.id, d.name, coalesce(to_char(s.submitted_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI'), '') AS at
            FROM registers.departments d
            LEFT JOIN returns.submitted s ON s.kind = \(period.kind.rawValue) AND s.department = d.id AND s.period = \(period.name)
            WHERE d.valid_to IS NULL AND (\(optional: account.scope)::text IS NULL OR d.id = \(optional: account.scope))
            ORDER BY s.submitted_at NULLS LAST, d.id
            """)
        let own = try await FrozenReturn.read(period, department: account.department, database)
        var actions: [Block.Action] = []
        let query = "?" + period.query
        let name = period.kind.chinese
        if account.roles.contains(.result), own == nil || own?.decision == "returned" {
            actions.append(
                Block.Action(
                    text: Words("报送本部门\(name)", "Submit the return"), link: "/forms/return" + query, isFirst: true))
        }
        if account.roles.contains(.approve), let own, own.decision == nil {
            actions.append(
                Block.Action(
                    text: Words("审批\(name)", "Approve the return"), link: "/forms/return-decide" + query, isFirst: true)
            )
        }
        if account.roles.contains(.result) {
            actions.append(Block.Action(text: Words("登记宣传培训", "Record an activity"), link: "/forms/activity"))
        }
        let year = period.first.year
        actions += [
            ("half-year", "\(year)-H1", "半年总结", "Half-year summary"), ("annual", "\(year)", "年度总结", "Annual summary"),
        ]
        .filter { $0.0 != period.kind.rawValue }
        .map { kind, name, chinese, english in
            Block.Action(
                text: Words("\(year)年\(chinese)", "\(english) \(year)"), link: "/returns?kind=\(kind)&period=\(name)")
        }
        let month = period.kind == .monthly ? period.name : "\(period.last.description.prefix(7))"
        var blocks: [Block] = [
            .filter([(name: "month", label: Words("月份", "Month"), value: month, type: "month")]),
            .actions(actions),
            .table(
                Block.Table(
                    caption: Words("\(period.chinese)\(name)报送情况", "Filing of \(period.name)"),
                    columns: [Words("部门", "Department"), Words("名称", "Name"), Words("报送时间", "Submitted")],
                    rows: try rows.map { row in
                        let id = try row.decode("id", as: String.self)
                        let at = try row.decode("at", as: String.self)
                        return [
                            Block.Cell(
                                id, link: at.isEmpty ? nil : "/returns/\(FormFields.encode(id))?\(period.query)"),
                            Block.Cell(try row.decode("name", as: String.self)),
                            at.isEmpty ? Block.Cell(Words("未报送", "Not submitted"), tone: .wait) : Block.Cell(at),
                        ]
                    })),
        ]
        if let own {
            blocks += [
                .heading(Words("本部门\(name)第 \(own.version) 版", "The department’s return, version \(own.version)")),
                .facts([
                    (Words("填报人", "Filled in by"), Block.Cell(own.filledBy)),
                    (Words("审批", "Approval"), Block.Cell(own.approval)),
                    (Words("应抽户次", "Due"), Block.Cell("\(own.report.section.all.due)")),
                    (Words("已查户次", "Inspected"), Block.Cell("\(own.report.section.all.inspected)")),
                ]),
            ]
        }
        return Sheet(Words("\(period.chinese)\(name)", "Returns of \(period.name)"), blocks)
    }

    /// A submitted return as its form has it: parts one and two, leads, the year, problems with their answers.
    private static func blocks(of frozen: FrozenReturn) -> [Block] {
        let report = frozen.report
        var blocks: [Block] = [
            .facts([
                (Words("填报单位", "Department"), Block.Cell(report.name)),
                (Words("填报人", "Filled in by"), Block.Cell(frozen.filledBy)),
                (Words("报送时间", "Submitted"), Block.Cell(frozen.submittedAt)),
                (Words("审批", "Approval"), Block.Cell(frozen.approval)),
                (Words("版本", "Version"), Block.Cell("\(frozen.version)")),
            ]),
            .table(
                Block.Table(
                    caption: Words("一、制度机制建设情况", "Part one: the mechanisms"),
                    columns: [Words("内容", "What"), Words("情况", "State")],
                    rows: report.mechanisms.map { [Block.Cell($0.question), Block.Cell($0.answer)] })),
            .table(figures(report.section, report, Words("二、随机抽查工作开展情况", "Part two: the inspections"))),
        ]
        if report.section.isZero {
            blocks.append(.notice(Words("零报告：本期没有数据。", "There was nothing to report."), tone: .info))
        }
        if let year = report.year {
            blocks.append(.table(figures(year, report, Words("本年累计", "The year so far"))))
        }
        if !frozen.remarks.isEmpty {
            blocks.append(
                .table(
                    Block.Table(
                        caption: Words("问题和建议", "Problems and suggestions"),
                        columns: [Words("种类", "Kind"), Words("内容", "What"), Words("办公室答复", "Answer")],
                        rows: frozen.remarks.map { remark in
                            [
                                Block.Cell(
                                    remark.what == "problem"
                                        ? Words("问题 \(remark.number)", "Problem \(remark.number)")
                                        : Words("建议 \(remark.number)", "Suggestion \(remark.number)")),
                                Block.Cell(remark.text),
                                remark.answer.map { Block.Cell($0) }
                                    ?? Block.Cell(Words("待答复", "Awaited"), tone: .wait),
                            ]
                        })))
        }
        return blocks
    }

    /// The figures of a section; columns in which nothing stands are left out.
    private static func figures(_ section: ReturnSection, _ report: ReturnReport, _ caption: Words) -> Block.Table {
        let (titles, lines) = ReturnText.cells(section, of: report)
        let used = titles.indices.filter { column in
            column == 0 || lines.contains { !["", "0", "—"].contains($0[column]) }
        }
        return Block.Table(
            caption: caption, columns: used.map { Words(same: titles[$0]) },
            rows: lines.map { line in used.map { Block.Cell(line[$0]) } })
    }

    private func circular(_ request: Request, _ context: ConsoleContext) async throws -> Response {
        let query = try FormFields(parsing: request.uri.query ?? "")
        let today = try await pool.query(
            """
            SELECT to_char(clock_timestamp() AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-01') AS first,
                to_char(clock_timestamp() AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD') AS last
            """
        ).first
        let from = try query.text("from") ?? today?.decode("first", as: String.self) ?? ""
        let to = try query.text("to") ?? today?.decode("last", as: String.self) ?? ""
        let release = Block.Action(
            text: Words("公布通报（公示网站据此列出部门）", "Release it: the open site then names departments"),
            link: "/forms/rule?key=lateness_released")
        var blocks: [Block] = [
            .filter([
                (name: "from", label: Words("起", "From"), value: from, type: "date"),
                (name: "to", label: Words("止", "To"), value: to, type: "date"),
            ]), .actions([release]),
        ]
        if let first = Day(from), let last = Day(to), first <= last {
            let draft = try await CircularDraft.draft(from: first, to: last, pool)
            blocks.append(
                .table(
                    Block.Table(
                        caption: Words("通报草稿：\(from) 至 \(to)", "Draft of a circular, \(from) to \(to)"),
                        columns: [
                            Words("部门", "Department"), Words("应办", "Due"), Words("按期", "In time"), Words("逾期", "Late"),
                            Words("未办", "Open"), Words("最长逾期（日）", "Worst (days)"), Words("催办", "Reminders"),
                            Words("建议", "Proposed"),
                        ],
                        rows: draft.records.map { record in
                            [
                                Block.Cell(record.department), Block.Cell("\(record.due)"),
                                Block.Cell("\(record.onTime)"),
                                Block.Cell("\(record.late)"), Block.Cell("\(record.open)"),
                                Block.Cell("\(record.worst)"),
                                Block.Cell("\(record.reminders)"),
                                record.isPraised
                                    ? Block.Cell(Words("表扬", "Praise"), tone: .good)
                                    : Block.Cell(record.level, tone: record.level == nil ? .plain : .bad),
                            ]
                        })))
            blocks.append(
                .table(
                    Block.Table(
                        caption: Words("逾期事项", "What was late"),
                        columns: [
                            Words("部门", "Department"), Words("事项", "What"), Words("期限", "Due"), Words("办结", "Met"),
                        ],
                        rows: draft.overdue.map { duty in
                            [
                                Block.Cell(duty.department), Block.Cell(duty.title), Block.Cell("\(duty.dueOn)"),
                                Block.Cell(duty.metOn.map { "\($0)" }),
                            ]
                        })))
        } else {
            blocks.append(.notice(Words("起止日期有误，请重新填写。", "The days are not right; write them again."), tone: .bad))
        }
        return try answer(Sheet(Words("通报草稿", "Draft of a circular"), blocks), for: request, context)
    }
}

extension ReturnPeriod {
    /// The period in an address.
    var query: String { "kind=\(kind.rawValue)&period=\(name)" }
    /// The page of what was returned for it.
    var page: String { "/returns?" + query }
}
