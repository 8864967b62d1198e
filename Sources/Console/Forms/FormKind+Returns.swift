import Cluster
import JSON
import Postgres
import Returns

extension FormKind {
    /// Monthly returns, summaries, and what else the office is told.
    static let returns: [FormKind] = [
        FormKind(slug: "return", type: "cn.yaohao.returns.return-submitted.v1", role: .result) { source in
            guard let kind = ReturnKind(rawValue: source.about("kind") ?? "monthly"),
                let period = ReturnPeriod(kind, source.about("period") ?? "")
            else { return nil }
            let instant = try await ReturnStore.instant(.now, of: period, source.database)
            let report = try await ReturnStore.report(
                period, department: source.department, at: instant, source.database)
            let all = report.section.all
            return Form(
                subject: .known(source.department),
                title: Words("报送\(period.chinese)\(kind.chinese)", "Submit the return of \(period.name)"),
                facts: [
                    (Words("应抽户次", "Due"), "\(all.due)"), (Words("已查户次", "Inspected"), "\(all.inspected)"),
                ],
                hint: Words(
                    "数字由系统按数据统计，不由人填写；报送即冻结。",
                    "The figures are counted by the system, never typed; submitting freezes them."),
                fixed: [
                    "kind": .string(kind.rawValue), "period": .string(period.name),
                    "department": .string(source.department), "filled_by": .string(source.account.name),
                ],
                fields: [
                    Field("zero", Words("本期没有任何数据，零报告", "There is nothing to report this time"), .flag),
                    Field(
                        "problems", Words("存在的问题（每行一条）", "Problems, one a line"), .lines(most: 2_000),
                        isRequired: false, initial: []),
                    Field(
                        "suggestions", Words("意见建议（每行一条）", "Suggestions, one a line"), .lines(most: 2_000),
                        isRequired: false, initial: []),
                ], back: period.page)
        },
        FormKind(slug: "return-decide", type: "cn.yaohao.returns.return-decided.v1", role: .approve) { source in
            guard let kind = ReturnKind(rawValue: source.about("kind") ?? "monthly"),
                let period = ReturnPeriod(kind, source.about("period") ?? ""),
                let frozen = try await FrozenReturn.read(period, department: source.department, source.database)
            else { return nil }
            return Form(
                subject: .known(source.department),
                title: Words("审批\(period.chinese)\(kind.chinese)", "Approve the return of \(period.name)"),
                facts: [
                    (Words("版本", "Version"), "\(frozen.version)"), (Words("填报人", "Filled in by"), frozen.filledBy),
                    (Words("报送时间", "Submitted"), frozen.submittedAt),
                    (Words("应抽户次", "Due"), "\(frozen.report.section.all.due)"),
                    (Words("已查户次", "Inspected"), "\(frozen.report.section.all.inspected)"),
                ],
                fixed: [
                    "kind": .string(kind.rawValue), "period": .string(period.name),
                    "department": .string(source.department), "version": .integer(frozen.version),
                    "by_name": .string(source.account.name),
                ],
                fields: [
                    Field(
                        "decision", Words("审批意见", "Decision"),
                        .choice([
                            Field.Choice("approved", Words("同意", "Approved")),
                            Field.Choice("returned", Words("退回", "Returned")),
                        ])),
                    Field(
                        "reason", Words("理由", "Reason"), .paragraph(most: 2_000),
                        hint: Words("退回须写明", "Needed when it is returned"), isRequired: false),
                ], back: period.page)
        },
        FormKind(slug: "return-answer", type: "cn.yaohao.returns.return-answered.v1", role: .office) { source in
            guard let kind = ReturnKind(rawValue: source.about("kind") ?? "monthly"),
                let period = ReturnPeriod(kind, source.about("period") ?? ""),
                let department = source.about("department"),
                let frozen = try await FrozenReturn.read(period, department: department, source.database)
            else { return nil }
            let open = frozen.remarks.filter { $0.answer == nil }
            return Form(
                subject: .known(department),
                title: Words("答复 \(department) 的问题和建议", "Answer \(department)"),
                fixed: [
                    "kind": .string(kind.rawValue), "period": .string(period.name), "department": .string(department),
                    "version": .integer(frozen.version),
                ],
                fields: [
                    Field(
                        "answers", Words("答复", "Answers"),
                        .each(
                            open.map { remark in
                                Field.Given(
                                    heading: remark.what == "problem" ? "问题 \(remark.number)" : "建议 \(remark.number)",
                                    details: [remark.text],
                                    fixed: ["what": .string(remark.what), "number": .integer(remark.number)],
                                    fields: [Field("answer", Words("答复", "Answer"), .paragraph(most: 2_000))])
                            }))
                ], back: period.page)
        },
        FormKind(slug: "activity", type: "cn.yaohao.returns.activity-recorded.v1", role: .result) { source in
            Form(
                subject: .known(source.department),
                title: Words("登记宣传培训", "Record publicity or training"),
                fixed: ["department": .string(source.department)],
                fields: [
                    Field("id", Words("编号", "Number"), .text(most: 64)),
                    Field(
                        "kind", Words("种类", "Kind"),
                        .choice([
                            Field.Choice("publicity", Words("宣传", "Publicity")),
                            Field.Choice("training", Words("培训", "Training")),
                        ])),
                    Field("held_on", Words("日期", "Day"), .day, initial: .string(try await source.today())),
                    Field("title", Words("主题", "Title"), .text(most: 255)),
                    Field("form", Words("形式（培训班、宣传栏、新媒体等）", "Form"), .text(most: 255)),
                    Field("participants", Words("参加人次", "Participants"), .number(0...1_000_000)), .note,
                ], back: "/returns")
        },
    ]
}
