import Cluster
import JSON

extension FormKind {
    /// What departments say about their registers.
    static let registers: [FormKind] = [
        FormKind(slug: "absence", type: "cn.yaohao.registers.absence-reported.v1", role: .feed) { source in
            Form(
                subject: .field("id"),
                title: Words("登记缺勤", "Report an absence"),
                hint: Words("缺勤期间不参加抽取；理由保密。", "Not drawn meanwhile; the reason is confidential."),
                fields: [
                    Field("id", Words("编号", "Number"), .text(most: 128)),
                    Field("inspector", Words("检查人员", "Inspector"), .choice(try await source.inspectors())),
                    Field("from", Words("起", "From"), .day), Field("to", Words("止", "To"), .day),
                    Field("reason", Words("原因", "Reason"), .paragraph(most: 500)),
                ], back: "/items")
        },
        FormKind(slug: "recusal", type: "cn.yaohao.registers.recusal-reported.v1", role: .feed) { source in
            Form(
                subject: .field("id"),
                title: Words("登记回避", "Report a recusal"),
                hint: Words("理由保密；申请人可以是企业。", "Confidential; an enterprise may ask for it."),
                fields: [
                    Field("id", Words("编号", "Number"), .text(most: 128)),
                    Field("inspector", Words("检查人员", "Inspector"), .choice(try await source.inspectors())),
                    Field("entity", Words("检查对象编号", "Entity’s id"), .text(most: 128)),
                    Field(
                        "requested_by", Words("由谁提出", "Who asked for it"),
                        .choice([
                            Field.Choice("inspector", Words("本人", "The inspector")),
                            Field.Choice("department", Words("部门", "The department")),
                            Field.Choice("entity", Words("检查对象", "The entity")),
                        ])),
                    Field("reason", Words("原因", "Reason"), .paragraph(most: 500)),
                    Field("from", Words("起", "From"), .day, isRequired: false),
                    Field("until", Words("止", "Until"), .day, isRequired: false),
                ], back: "/items")
        },
        FormKind(slug: "checklist", type: "cn.yaohao.registers.checklist-defined.v1", role: .plan) { source in
            Form(
                subject: .field("id"),
                title: Words("制定检查表", "Define a checklist"),
                hint: Words("同一编号再次填报即为新版本。", "The same id again is a new version."),
                fields: [
                    Field("id", Words("检查表编号", "Checklist’s id"), .text(most: 128)),
                    Field("item", Words("抽查事项", "Item"), .choice(try await source.items())),
                    Field("title", Words("名称", "Title"), .text(most: 255)),
                    Field(
                        "steps", Words("步骤", "Steps"),
                        .rows(
                            blank: 3,
                            [
                                Field("step", Words("步骤", "Step"), .text(most: 255)),
                                Field("matters", Words("检查内容（每行一项）", "Matters, one a line"), .lines(most: 500)),
                                Field("methods", Words("检查方法（每行一项）", "Methods, one a line"), .lines(most: 500)),
                            ])),
                    Field("in_force_from", Words("施行日期", "In force from"), .day, isRequired: false),
                ], back: "/items")
        },
        FormKind(slug: "document", type: "cn.yaohao.registers.document-registered.v1", role: .plan) { source in
            Form(
                subject: .field("id"),
                title: Words("登记工作细则、指引", "Register rules or a guide"),
                fields: [
                    Field("id", Words("编号", "Document’s id"), .text(most: 128)),
                    Field("title", Words("名称", "Title"), .text(most: 255)),
                    Field("number", Words("文号", "Number"), .text(most: 255)),
                    Field(
                        "form", Words("种类", "Form"),
                        .choice([
                            Field.Choice("rules", Words("工作细则", "Rules")),
                            Field.Choice("guide", Words("工作指引", "Guide")),
                        ])),
                    Field(
                        "scope", Words("适用", "Scope"),
                        .choice([
                            Field.Choice("internal", Words("部门内部抽查", "Internal")),
                            Field.Choice("joint", Words("跨部门联合抽查", "Joint")),
                        ])),
                    Field("in_force_from", Words("施行日期", "In force from"), .day),
                    Field(
                        "file", Words("文件", "File"),
                        .group([
                            Field("name", Words("文件名", "File name"), .text(most: 255)),
                            Field("sha256", Words("SHA-256 散列值", "SHA-256"), .text(most: 64)),
                        ])),
                ], back: "/items")
        },
    ]
}
