import Cluster
import JSON
import Postgres

extension FormKind {
    /// What departments say about publication: what the mandated platform gave back, draws made elsewhere, and requests to
    /// correct what was published.
    static let notices: [FormKind] = [
        FormKind(slug: "platform", type: "cn.yaohao.notices.platform-recorded.v1", role: .result) { source in
            Form(
                subject: .field("subject"), title: Words("回填公示平台编号", "Record what the platform gave back"),
                hint: Words(
                    "在部门协同监管平台、国家企业信用信息公示系统录入后，填回任务编号或公示网址。",
                    "After entering it at the mandated platform: its task number or address."),
                fields: [
                    Field(
                        "kind", Words("录入了什么", "What was entered"),
                        .choice([
                            Field.Choice("result", Words("检查结果", "A result")),
                            Field.Choice("plan", Words("抽查计划", "A plan")),
                            Field.Choice("draw", Words("抽取（轮次）", "A draw (round)")),
                            Field.Choice("item", Words("抽查事项", "An item")),
                        ]), initial: source.about("publication") == nil ? nil : "result"),
                    Field(
                        "subject", Words("编号", "Its id here"), .text(most: 400),
                        hint: Words("公示记录、计划、轮次或事项的编号", "Of the publication, plan, round or item"),
                        initial: .nullable(source.about("publication"))),
                    Field("task_number", Words("平台任务编号", "Task number"), .text(most: 400), isRequired: false),
                    Field(
                        "address", Words("公示网址", "Address"), .text(most: 2_000),
                        hint: Words("任务编号与网址至少填一个", "At least one of number and address"), isRequired: false),
                    Field(
                        "entered_on", Words("录入日期", "Entered on"), .day, initial: .string(try await source.today())),
                ], back: "/publications")
        },
        FormKind(slug: "outside-draw", type: "cn.yaohao.notices.outside-draw-recorded.v1", role: .result) { source in
            Form(
                subject: .field("id"), title: Words("登记系统外抽取", "Record a draw made elsewhere"),
                fields: [
                    Field("id", Words("编号", "Number"), .text(most: 128)),
                    Field("title", Words("名称", "Title"), .text(most: 400)),
                    Field("system", Words("在何处抽取", "Where it was drawn"), .text(most: 400)),
                    Field("reason", Words("为何不在本系统抽取", "Why not here"), .paragraph(most: 400)),
                    Field("drawn_on", Words("抽取日期", "Drawn on"), .day, initial: .string(try await source.today())),
                    Field("items", Words("抽查事项", "Items"), .choices(try await source.items())),
                    Field("pool", Words("抽取基数（户）", "Drawn from"), .number(1...10_000_000)),
                    Field("objects", Words("抽取户数", "Drawn"), .number(1...10_000_000)),
                    Field("task_number", Words("平台任务编号", "Task number"), .text(most: 400), isRequired: false),
                    Field("address", Words("公示网址", "Address"), .text(most: 400), isRequired: false),
                ], back: "/publications")
        },
        FormKind(slug: "correction-request", type: "cn.yaohao.notices.correction-requested.v1", role: .result) {
            source in
            guard let publication = source.about("publication"),
                let row = try await source.database.query(
                    """
                    SELECT p.entity, coalesce(p.entity_name, '') AS name, p.ended_on::text AS ended_on FROM open.publications p
                    WHERE p.id = \(publication) AND p.department = \(source.department)
                    """
                ).first
            else { return nil }
            return Form(
                subject: .known(publication), title: Words("登记更正申请", "Take in a request to correct"),
                facts: [
                    (
                        Words("检查对象", "Entity"),
                        "\(try row.decode("name", as: String.self)) \(try row.decode("entity", as: String.self))"
                    ), (Words("检查结束", "Ended"), try row.decode("ended_on", as: String.self)),
                    (Words("公示记录", "Publication"), publication),
                ],
                hint: Words(
                    "企业认为公示内容有误时登记；查实后先更正结果，再答复。",
                    "When an enterprise says that something published is wrong. If it is, correct the result first, then answer."
                ),
                fixed: ["publication": .string(publication)],
                fields: [
                    Field("id", Words("申请编号", "Number of the request"), .text(most: 128)),
                    Field(
                        "requested_on", Words("申请日期", "Requested on"), .day, initial: .string(try await source.today())),
                    Field("reason", Words("企业的理由", "The enterprise’s reason"), .paragraph(most: 4_000)),
                ], back: "/publications")
        },
        FormKind(slug: "correction-answer", type: "cn.yaohao.notices.correction-answered.v1", role: .result) { source in
            guard let request = source.about("request"),
                let row = try await source.database.query(
                    """
                    SELECT entity, publication, requested_on::text AS requested_on, reason FROM notices.correction_requests
                    WHERE id = \(request) AND department = \(source.department) AND decision IS NULL
                    """
                ).first
            else { return nil }
            return Form(
                subject: .known(request), title: Words("答复更正申请", "Answer a request to correct"),
                facts: [
                    (Words("申请", "Request"), request),
                    (Words("检查对象", "Entity"), try row.decode("entity", as: String.self)),
                    (Words("申请日期", "Requested on"), try row.decode("requested_on", as: String.self)),
                    (Words("理由", "Reason"), try row.decode("reason", as: String.self)),
                ], fixed: ["request": .string(request)],
                fields: [
                    Field(
                        "decision", Words("处理结果", "Decision"),
                        .choice([
                            Field.Choice("corrected", Words("已更正并重新公示", "Corrected and published again")),
                            Field.Choice("declined", Words("不予更正", "Declined")),
                        ])),
                    Field("answer", Words("答复内容", "Answer"), .paragraph(most: 4_000)),
                    Field(
                        "answered_on", Words("答复日期", "Answered on"), .day, initial: .string(try await source.today())),
                ], back: "/publications")
        },
    ]
}
