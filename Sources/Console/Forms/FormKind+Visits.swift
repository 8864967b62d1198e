import Cluster
import Inspections
import JSON
import Postgres

extension FormSource {
    /// The own department's part of a visit.
    func visit() async throws -> (id: String, visit: JSONValue, part: JSONValue)? {
        guard let id = about("visit"), let visit = try await VisitReport.show(id, database),
            let part = visit["parts"]?.elements?.first(where: { $0["department"]?.text == department })
        else { return nil }
        return (id, visit, part)
    }

    /// The state of the own part.
    func facts(of visit: JSONValue, _ part: JSONValue) -> [(label: Words, value: String)] {
        [
            (Words("检查对象", "Entity"), "\(visit["entity_name"]?.text ?? "") \(visit["entity"]?.text ?? "")"),
            (Words("地址", "Address"), visit["address"]?.text ?? "—"),
            (Words("检查期限", "Window"), "\(visit["window_first"]?.text ?? "") — \(visit["window_last"]?.text ?? "")"),
            (Words("目前状态", "State"), VisitReport.chinese(part["state"]?.text ?? "")),
        ]
    }

    /// A form about the own part of a visit.
    func visitForm(
        _ title: Words, hint: Words? = nil, action: Words? = nil,
        _ fields: (JSONValue) async throws -> [Field]
    ) async throws -> Form? {
        guard let (id, visit, part) = try await visit() else { return nil }
        var form = Form(
            subject: .known(id), title: title, facts: facts(of: visit, part), hint: hint,
            fixed: ["visit": .string(id), "department": .string(department)], fields: try await fields(part),
            back: "/visits/\(id)")
        if let action { form.action = action }
        return form
    }

    /// Those who are in the team, as choices.
    func team(_ part: JSONValue) -> [Field.Choice] {
        (part["team"]?.elements ?? []).compactMap { member in
            member["inspector"]?.text.map { Field.Choice($0, Words(same: "\(member["name"]?.text ?? "") \($0)")) }
        }
    }
}

extension FormKind {
    /// What is said of a visit before there is a result.
    static let visits: [FormKind] = [
        FormKind(slug: "visit-confirm", type: VisitStep.Kind.confirmed.eventType, role: .result) { source in
            try await source.visitForm(
                Words("确认检查任务", "Confirm the visit"),
                hint: Words("确认后，本部门的检查人员按检查期限实施检查。", "The department will make the visit within its window."),
                action: Words("确认任务", "Confirm")
            ) { _ in [] }
        },
        FormKind(slug: "visit-begin", type: VisitStep.Kind.begun.eventType, role: .result) { source in
            try await source.visitForm(
                Words("开始检查", "The visit begins"),
                hint: Words("到达现场并出示执法证件后填写。", "Once the inspectors are there and have shown their certificates."),
                action: Words("开始检查", "Begin")
            ) { part in
                [
                    Field("on", Words("日期", "Day"), .day, initial: .string(try await source.today())),
                    Field(
                        "inspectors", Words("到场检查人员", "Inspectors present"), .choices(source.team(part)),
                        isRequired: false),
                ]
            }
        },
        FormKind(slug: "visit-end", type: VisitStep.Kind.ended.eventType, role: .result) { source in
            try await source.visitForm(
                Words("结束检查", "The visit ends"), action: Words("结束检查", "End")
            ) { _ in [Field("on", Words("日期", "Day"), .day, initial: .string(try await source.today()))] }
        },
        FormKind(slug: "visit-failed", type: FailedVisit.eventType, role: .result) { source in
            try await source.visitForm(
                Words("检查无法实施", "The visit could not be made"),
                hint: Words("如实登记对象状态；不更换检查对象。", "State how the entity was met; it is not replaced by another.")
            ) { _ in
                [
                    Field("on", Words("日期", "Day"), .day, initial: .string(try await source.today())),
                    Field(
                        "state", Words("对象状态", "State of the entity"),
                        .choice(try await source.categories(preventing: true))),
                    Field(
                        "note", Words("核实经过", "What was done to find it"), .paragraph(most: 4_000),
                        hint: Words("何时、到何处、以何种方式核实", "When, where and how it was verified")),
                    .evidence,
                ]
            }
        },
        FormKind(slug: "visit-amend", type: AmendedVisit.eventType, role: .result) { source in
            try await source.visitForm(
                Words("更换检查人员", "Replace an inspector"),
                hint: Words(
                    "接替人员由系统按抽取规则确定，不能指定；原因公开，姓名不公开。",
                    "The substitute follows from the draw’s rule and cannot be chosen; the reason becomes public, names do not."
                )
            ) { part in
                [
                    Field("replaced", Words("不能参加的人员", "Who cannot take part"), .choice(source.team(part))),
                    Field(
                        "reason", Words("原因", "Reason"),
                        .choice([
                            Field.Choice("recusal", Words("回避", "Recusal")),
                            Field.Choice("absence", Words("因故不能参加", "Ill or away")),
                            Field.Choice("certificate", Words("执法证失效", "Certificate not valid")),
                            Field.Choice("left", Words("调离", "Left the department")),
                        ])),
                    Field("note", Words("说明（存档，不公开）", "Explanation (kept on file)"), .paragraph(most: 500)),
                ]
            }
        },
        FormKind(slug: "part-entrust", type: EntrustedPart.eventType, role: .result) { source in
            try await source.visitForm(
                Words("委托专业机构", "Entrust a part to a third party")
            ) { part in
                [
                    Field("id", Words("委托编号", "Number of the entrustment"), .text(most: 128)),
                    Field("items", Words("委托的抽查事项", "Matters"), .choices(Self.matters(part))),
                    Field(
                        "service", Words("委托内容", "Service"),
                        .choice([
                            Field.Choice("testing", Words("检验检测", "Testing")),
                            Field.Choice("audit", Words("财务审计", "Audit")),
                            Field.Choice("survey", Words("调查咨询", "Survey and advice")),
                            Field.Choice("other", Words("其他专业服务", "Other")),
                        ])),
                    Field("organisation", Words("受托机构", "Organisation"), .text(most: 255)),
                    Field(
                        "qualification", Words("资质", "Qualification"),
                        .group([
                            Field("name", Words("资质名称", "Name"), .text(most: 255)),
                            Field("number", Words("证书编号", "Number"), .text(most: 255)),
                            Field("until", Words("有效期至", "Valid until"), .day),
                        ])),
                    Field("on", Words("委托日期", "Day"), .day, initial: .string(try await source.today())),
                ]
            }
        },
        FormKind(slug: "part-conclude", type: EntrustedConclusion.eventType, role: .result) { source in
            guard let id = source.about("entrustment"),
                let row = try await source.database.query(
                    """
                    SELECT e.visit, e.organisation, e.qualification, e.items, e.on_day::text AS entrusted_on
                    FROM inspections.entrustments e WHERE e.id = \(id) AND e.department = \(source.department)
                    """
                ).first
            else { return nil }
            let visit = try row.decode("visit", as: String.self)
            return Form(
                subject: .known(visit), title: Words("录入委托结论", "Enter the conclusion"),
                facts: [
                    (Words("委托", "Entrustment"), id),
                    (Words("受托机构", "Organisation"), try row.decode("organisation", as: String.self)),
                    (Words("资质", "Qualification"), try row.decode("qualification", as: String.self)),
                    (Words("抽查事项", "Matters"), try row.decode("items", as: [String].self).joined(separator: "、")),
                    (Words("委托日期", "Entrusted on"), try row.decode("entrusted_on", as: String.self)),
                ],
                hint: Words(
                    "鉴定、检验报告由本部门保存，这里只报送文件名和散列值。",
                    "The report stays with you; only its name and hash are sent."),
                fixed: ["entrustment": .string(id), "department": .string(source.department)],
                fields: [
                    Field(
                        "document", Words("报告文件", "The report"),
                        .group([
                            Field("name", Words("文件名", "File name"), .text(most: 255)),
                            Field("sha256", Words("SHA-256 散列值", "SHA-256"), .text(most: 64)),
                        ])),
                    Field("conclusion", Words("结论", "What it says"), .paragraph(most: 4_000)),
                    Field("on", Words("报告日期", "The report’s day"), .day, initial: .string(try await source.today())),
                ], back: "/visits/\(visit)")
        },
    ]

    /// The matters of a part, as choices.
    static func matters(_ part: JSONValue) -> [Field.Choice] {
        (part["items"]?.elements ?? []).compactMap { item in
            item["item"]?.text.map { Field.Choice($0, Words(same: "\($0) \(item["name"]?.text ?? "")")) }
        }
    }
}
