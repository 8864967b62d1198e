import Cluster
import Inspections
import JSON
import Postgres

extension FormSource {
    /// A lead of the own department.
    func lead() async throws -> (id: String, facts: [(label: Words, value: String)], items: [Field.Choice])? {
        guard let id = about("lead"),
            let row = try await database.query(
                """
                SELECT subject, summary, items, received_on::text AS received_on FROM inspections.leads
                WHERE id = \(id) AND department = \(department)
                """
            ).first
        else { return nil }
        let items = try row.decode("items", as: [String].self)
        return (
            id,
            [
                (Words("线索", "Lead"), id),
                (Words("当事人", "Whom it is about"), try row.decode("subject", as: String.self)),
                (Words("收到日期", "Received"), try row.decode("received_on", as: String.self)),
                (Words("内容", "What is said"), try row.decode("summary", as: String.self)),
            ], try await self.items().filter { items.contains($0.value) }
        )
    }
}

extension FormKind {
    /// Leads outside of the draw (个案).
    static let leads: [FormKind] = [
        FormKind(slug: "lead", type: Lead.eventType, role: .result) { source in
            Form(
                subject: .field("id"), title: Words("登记个案线索", "Report a lead"),
                hint: Words(
                    "投诉举报、转办交办、数据监测发现的线索，即时检查、全程留痕，不经随机抽取。",
                    "From a complaint, a referral or monitoring: inspected at once and on record, not drawn."),
                fixed: ["department": .string(source.department)],
                fields: [
                    Field("id", Words("线索编号", "Number of the lead"), .text(most: 128)),
                    Field(
                        "origin", Words("来源", "Origin"),
                        .choice([
                            Field.Choice("complaint", Words("投诉举报", "Complaint")),
                            Field.Choice("referral", Words("转办交办", "Referral")),
                            Field.Choice("monitoring", Words("数据监测", "Monitoring of data")),
                        ])),
                    Field(
                        "received_on", Words("收到日期", "Received on"), .day, initial: .string(try await source.today())),
                    Field(
                        "entity", Words("主体编号", "Entity’s id"), .text(most: 128),
                        hint: Words(
                            "在检查对象名录库中的填编号；不在库的填下面的当事人", "From the register; if it is in none, fill in the person below"
                        ),
                        isRequired: false),
                    Field(
                        "subject", Words("不在名录库的当事人", "Whom no register has"),
                        .group([
                            Field("name", Words("名称或称呼", "Name"), .text(most: 255), isRequired: false),
                            Field("address", Words("经营地点", "Where they trade"), .text(most: 255), isRequired: false),
                            Field("region", Words("行政区划代码", "Region’s code"), .text(most: 128), isRequired: false),
                            Field("industry", Words("行业代码", "Industry’s code"), .text(most: 128), isRequired: false),
                        ]), isRequired: false),
                    Field("items", Words("涉及的抽查事项", "Matters"), .choices(try await source.items())),
                    Field(
                        "unlicensed", Words("无证无照经营", "Trade without permit or licence"), .flag),
                    Field("summary", Words("线索内容", "What is said"), .paragraph(most: 4_000)),
                ], back: "/leads")
        },
        FormKind(slug: "lead-inspected", type: InspectedLead.eventType, role: .result) { source in
            guard let (id, facts, items) = try await source.lead() else { return nil }
            let categories = try await source.categories()
            return Form(
                subject: .known(id),
                title: Words("录入线索检查结果", "What was found on the lead"), facts: facts,
                hint: Words("检查人员由部门指派，非随机抽取。", "The inspectors were named, not drawn."),
                fixed: ["lead": .string(id), "department": .string(source.department)],
                fields: [
                    Field("on", Words("检查日期", "Day"), .day, initial: .string(try await source.today())),
                    Field("inspectors", Words("检查人员", "Inspectors"), .choices(try await source.inspectors())),
                    Field(
                        "items", Words("抽查事项", "Matters"),
                        .each(items.map { source.findings($0.label.chinese, [], item: $0.value, categories) })),
                ], back: "/leads")
        },
        FormKind(slug: "case-filed", type: ClosedLead.Kind.filed.eventType, role: .result) { source in
            guard let (id, facts, _) = try await source.lead() else { return nil }
            return Form(
                subject: .known(id),
                title: Words("立案", "File a case"), facts: facts,
                fixed: ["lead": .string(id), "department": .string(source.department)],
                fields: [
                    Field("on", Words("立案日期", "Day"), .day, initial: .string(try await source.today())),
                    Field("case", Words("案号", "Number of the case"), .text(most: 255)), .note,
                ], back: "/leads")
        },
        FormKind(slug: "lead-concluded", type: ClosedLead.Kind.concluded.eventType, role: .result) { source in
            guard let (id, facts, _) = try await source.lead() else { return nil }
            return Form(
                subject: .known(id),
                title: Words("线索办结", "Conclude the lead"), facts: facts,
                fixed: ["lead": .string(id), "department": .string(source.department)],
                fields: [
                    Field("on", Words("办结日期", "Day"), .day, initial: .string(try await source.today())),
                    Field(
                        "outcome", Words("办理结果", "Outcome"),
                        .choice([
                            Field.Choice("unfounded", Words("线索不实", "Unfounded")),
                            Field.Choice("clear", Words("未发现问题", "Nothing wrong was found")),
                            Field.Choice("corrected", Words("已改正", "Corrected")),
                            Field.Choice("punished", Words("已处罚", "A penalty was imposed")),
                            Field.Choice("closed-down", Words("已取缔", "Closed down")),
                            Field.Choice("licensed", Words("已办理证照", "A permit was got")),
                            Field.Choice("transferred", Words("已移送", "Transferred")),
                        ])), .note,
                ], back: "/leads")
        },
    ]
}
