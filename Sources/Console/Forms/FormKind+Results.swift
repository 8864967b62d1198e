import Cluster
import Inspections
import JSON
import Postgres

extension FormSource {
    /// What is asked of each matter: the official categories, none of them set.
    func findings(_ heading: String, _ details: [String], item: String, _ categories: [Field.Choice]) -> Field.Given {
        Field.Given(
            heading: heading, details: details, fixed: ["item": .string(item)],
            fields: [
                Field(
                    "categories", Words("检查结果（可多选）", "What was found (one or more)"), .choices(categories)),
                Field(
                    "findings", Words("检查情况", "Findings in words"), .paragraph(most: CheckedItem.maximumFindings),
                    hint: Words("发现问题的须写明事实", "Where something is wrong, state the facts"), isRequired: false),
                Field(
                    "measures", Words("现场处理措施（每行一项）", "Measures on the spot (one a line)"), .lines(most: 500),
                    isRequired: false),
                .evidence,
            ])
    }

    /// The matters of a part with their checklists.
    func results(_ part: JSONValue) async throws -> Field {
        let categories = try await categories()
        let rows = (part["items"]?.elements ?? []).map { item in
            let steps = (item["checklist"]?["steps"]?.elements ?? []).map { step in
                let matters = (step["matters"]?.elements ?? []).compactMap(\.text).joined(separator: "；")
                return [step["step"]?.text ?? "", matters].filter { !$0.isEmpty }.joined(separator: "：")
            }
            return findings(
                "\(item["item"]?.text ?? "") \(item["name"]?.text ?? "")",
                [item["legal_basis"]?.text].compactMap { $0.map { "依据：\($0)" } }
                    + steps.enumerated().map { "\($0 + 1). \($1)" },
                item: item["item"]?.text ?? "", categories)
        }
        return Field("items", Words("抽查事项", "Matters"), .each(rows))
    }

    /// A follow-up of the own department.
    func consequence() async throws -> OpenConsequence? {
        guard let id = about("consequence"),
            let row = try await database.query(
                """
                SELECT kind, name, visit, lead, demand, coalesce(due_on, approve_by)::text AS due_on,
                    approved_at IS NOT NULL AS approved,
                    to_char(hand_over_by AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI') AS hand_over_by
                FROM inspections.consequence_states WHERE id = \(id) AND department = \(department)
                """
            ).first
        else { return nil }
        return OpenConsequence(
            id: id, kind: try row.decode("kind", as: String.self), name: try row.decode("name", as: String.self),
            visit: try row.decode("visit", as: String?.self), lead: try row.decode("lead", as: String?.self),
            demand: try row.decode("demand", as: String.self), dueOn: try row.decode("due_on", as: String?.self),
            isApproved: try row.decode("approved", as: Bool.self),
            handOverBy: try row.decode("hand_over_by", as: String?.self))
    }
}

/// A follow-up as its forms show it.
struct OpenConsequence: Sendable {
    let id: String
    let kind: String
    let name: String
    let visit: String?
    let lead: String?
    let demand: String
    let dueOn: String?
    let isApproved: Bool
    let handOverBy: String?

    /// What it follows from.
    var ground: String { visit ?? lead ?? "" }
    var back: String { visit.map { "/visits/\($0)" } ?? "/leads/\(lead ?? "")" }

    var facts: [(label: Words, value: String)] {
        [
            (Words("处置", "Follow-up"), "\(name) \(id)"), (Words("要求", "Demand"), demand),
            (Words("期限", "Due"), handOverBy ?? dueOn ?? "—"),
        ]
    }

    /// The steps that may come next.
    static func steps(kind: String, isApproved: Bool) -> [ConsequenceStep.Kind] {
        switch kind {
        case Consequence.Kind.correction: [.reinspected]
        case Consequence.Kind.judiciary: isApproved ? [.handedOver] : [.approved, .refused]
        default: [.done]
        }
    }

    /// The step that a form is about; the first that may come next where none is named.
    func step(_ name: String?) -> ConsequenceStep.Kind? {
        guard let name else { return Self.steps(kind: kind, isApproved: isApproved).first }
        return ConsequenceStep.Kind(rawValue: name)
    }
}

extension FormKind {
    /// What was found, and what follows from it.
    static let results: [FormKind] = [
        FormKind(slug: "result", type: RecordedResult.eventType, role: .result) { source in
            try await source.visitForm(
                Words("录入检查结果", "Enter the result"),
                hint: Words("谁检查、谁录入。结果逐项选择，系统不预设任何结论。", "Who inspects, enters. Nothing is pre-set.")
            ) { part in
                [
                    Field(
                        "ended_on", Words("检查结束日期", "The day the inspection ended"), .day,
                        initial: Self.ended(part)),
                    Field(
                        "inspectors", Words("检查人员", "Inspectors"), .choices(source.team(part)), isRequired: false),
                    try await source.results(part),
                ]
            }
        },
        FormKind(slug: "correct", type: RecordedResult.correctionType, role: .result) { source in
            try await source.visitForm(
                Words("更正检查结果", "Correct the result"),
                hint: Words(
                    "更正另存为新版本，理由随结果公开，原版本保留。",
                    "A correction is a new version; its reason becomes public, the old one stays.")
            ) { part in
                let latest = part["versions"]?.elements?.last
                return [
                    Field(
                        "version", Words("更正第几版", "Which version is corrected"), .number(1...1_000_000),
                        initial: latest?["version"]),
                    Field("reason", Words("更正理由（公开）", "Why (public)"), .paragraph(most: 500)),
                    Field(
                        "ended_on", Words("检查结束日期", "The day the inspection ended"), .day, initial: latest?["ended_on"]),
                    try await source.results(part),
                ]
            }
        },
        FormKind(slug: "review", type: ReviewedResult.eventType, role: .review) { source in
            guard let (id, visit, part) = try await source.visit(), let latest = part["versions"]?.elements?.last
            else { return nil }
            let found = (latest["items"]?.elements ?? []).map { item in
                let categories = (item["categories"]?.elements ?? []).compactMap(\.text).joined(separator: "、")
                return (
                    label: Words(same: item["item"]?.text ?? ""),
                    value: [categories, item["findings"]?.text].compactMap { $0 }.joined(separator: "；")
                )
            }
            return Form(
                subject: .known(id),
                title: Words("审核检查结果", "Review the result"),
                facts: source.facts(of: visit, part)
                    + [(Words("版本", "Version"), "\(latest["version"]?.number ?? 0)")] + found,
                hint: Words("录入与审核不得为同一人。通过后即可公示。", "Not by the person who entered it. Once approved it is published."),
                fixed: [
                    "visit": .string(id), "department": .string(source.department),
                    "version": latest["version"] ?? .null,
                ],
                fields: [
                    Field(
                        "decision", Words("审核意见", "Decision"),
                        .choice([
                            Field.Choice("approved", Words("通过，可以公示", "Approved: may be published")),
                            Field.Choice("returned", Words("退回更正", "Returned for correction")),
                        ])),
                    Field(
                        "reason", Words("理由", "Reason"), .paragraph(most: 4_000),
                        hint: Words("退回须写明", "Needed when it is returned"), isRequired: false),
                ], back: "/visits/\(id)")
        },
        FormKind(slug: "consequence", type: Consequence.eventType, role: .result) { source in
            if source.about("lead") != nil {
                guard let (id, facts, items) = try await source.lead() else { return nil }
                return Form(
                    subject: .known(id), title: Words("作出后续处置", "Order a follow-up"), facts: facts,
                    fixed: ["lead": .string(id), "department": .string(source.department)],
                    fields: try await consequenceFields(source, items), back: "/leads/\(id)")
            }
            guard let (id, visit, part) = try await source.visit() else { return nil }
            return Form(
                subject: .known(id), title: Words("作出后续处置", "Order a follow-up"),
                facts: source.facts(of: visit, part),
                fixed: ["visit": .string(id), "department": .string(source.department)],
                fields: try await consequenceFields(source, matters(part)), back: "/visits/\(id)")
        },
        FormKind(slug: "consequence-step", type: ConsequenceStep.eventType, role: .result) { source in
            guard let consequence = try await source.consequence(), let step = consequence.step(source.about("step"))
            else { return nil }
            var fields: [Field] = [
                Field("on", Words("日期", "Day"), .day, initial: .string(try await source.today()))
            ]
            switch step {
            case .approved, .handedOver:
                fields.append(
                    Field(
                        "at", Words("时间", "Instant"), .instant,
                        hint: Words(
                            "北京时间，移交期限按小时从批准时起算", "In China’s time; the hours to hand over run from the approval")))
            case .reinspected:
                fields.append(
                    Field(
                        "outcome", Words("复查结果", "Outcome"),
                        .choice([
                            Field.Choice("corrected", Words("已改正", "Corrected")),
                            Field.Choice("not-corrected", Words("未改正", "Not corrected")),
                        ])))
            case .refused, .done: break
            }
            var note = Field.note
            if step == .refused { note = Field("note", Words("理由", "Reason"), .paragraph(most: 2_000)) }
            return Form(
                subject: .known(consequence.ground), title: stepTitle(step), facts: consequence.facts,
                fixed: [
                    "consequence": .string(consequence.id), "department": .string(source.department),
                    "step": .string(step.rawValue),
                ], fields: fields + [note, .evidence], back: consequence.back)
        },
    ]

    /// What a step is called.
    static func stepTitle(_ step: ConsequenceStep.Kind) -> Words {
        switch step {
        case .approved: Words("批准移送", "Approve the referral")
        case .refused: Words("不批准移送", "Refuse the referral")
        case .handedOver: Words("移交", "Hand the case over")
        case .reinspected: Words("复查", "Re-inspect")
        case .done: Words("办结", "Done")
        }
    }

    private static func ended(_ part: JSONValue) -> JSONValue? {
        part["events"]?.elements?.last { $0["kind"] == "ended" }?["on"]
    }

    /// What is asked of a follow-up.
    static func consequenceFields(_ source: FormSource, _ matters: [Field.Choice]) async throws -> [Field] {
        [
            Field("id", Words("处置编号", "Number of the follow-up"), .text(most: 128)),
            Field("kind", Words("处置种类", "Kind"), .choice(try await source.consequenceKinds())),
            Field("items", Words("涉及的抽查事项", "Matters"), .choices(matters)),
            Field("ordered_on", Words("作出日期", "Day"), .day, initial: .string(try await source.today())),
            Field("demand", Words("要求", "What is to be done"), .paragraph(most: 4_000)),
            Field(
                "due_on", Words("期限", "Until"), .day, hint: Words("责令改正须填写", "Needed for a correction"),
                isRequired: false),
            Field(
                "decision", Words("文书编号", "Number of the decision"), .text(most: 255),
                hint: Words("立案、联合惩戒须填写", "Needed for a case and a joint sanction"), isRequired: false),
            Field("legal_basis", Words("法律依据", "Legal basis"), .paragraph(most: 4_000), isRequired: false),
            Field(
                "addressee", Words("受送机关", "Addressee"), .text(most: 255),
                hint: Words("抄告、移送须填写", "Needed for copies and referrals"), isRequired: false),
        ]
    }
}
