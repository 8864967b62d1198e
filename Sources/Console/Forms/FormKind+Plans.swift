import Cluster
import JSON
import Plans
import Postgres

extension FormSource {
    /// A plan's latest version, as far as the department may see it.
    func plan() async throws -> (id: String, version: Int, facts: [(label: Words, value: String)], report: JSONValue)? {
        guard let id = about("plan"), let version = about("version").flatMap({ Int($0) }),
            let report = try await PlanReport.show(id, version: version, database)
        else { return nil }
        return (
            id, version,
            [
                (Words("计划", "Plan"), "\(report["document"]?["title"]?.text ?? "") \(id)"),
                (Words("部门", "Department"), report["department"]?.text ?? ""),
                (Words("版本", "Version"), String(version)),
                (Words("状态", "State"), PlanReport.chinese(report["state"]?.text ?? "")),
                (Words("计划行", "Lines"), "\(report["document"]?["lines"]?.elements?.count ?? 0)"),
            ], report
        )
    }

    /// What the check of the version proposed to merge, whether decided by now or not.
    static func proposals(_ report: JSONValue) -> [JSONValue] {
        (report["steps"]?.elements ?? []).last { $0["step"] == "check" }?["details"]?["merges_to_decide"]?.elements
            ?? []
    }

    /// A form about one version of a plan that asks for no more than a remark.
    func planStep(_ title: Words, _ hint: Words) async throws -> Form? {
        guard let (id, version, facts, _) = try await plan() else { return nil }
        return Form(
            subject: .known(id), title: title, facts: facts, hint: hint,
            fixed: ["plan": .string(id), "version": .integer(version)], fields: [.note], action: title,
            back: "/plans/\(id)")
    }
}

extension FormKind {
    /// Plans and schemes: drafted, checked, approved, reported, received, published.
    static let plans: [FormKind] =
        [
            FormKind(
                slug: "plan", type: "cn.yaohao.plans.plan-drafted.v1", role: .plan, about: draft
            ) { try await planForm($0, isChange: false) },
            FormKind(
                slug: "plan-change", type: "cn.yaohao.plans.plan-changed.v1", role: .plan, about: draft
            ) { try await planForm($0, isChange: true) },
            FormKind(slug: "plan-receive", type: "cn.yaohao.plans.plan-received.v1", role: .office) { source in
                guard let (id, version, facts, _) = try await source.plan() else { return nil }
                return Form(
                    subject: .known(id),
                    title: Words("接收或退回计划", "Receive or return the plan"), facts: facts,
                    fixed: ["plan": .string(id), "version": .integer(version)],
                    fields: [
                        Field(
                            "outcome", Words("意见", "Decision"),
                            .choice([
                                Field.Choice("received", Words("接收，出具回执", "Received")),
                                Field.Choice("returned", Words("退回修改", "Returned")),
                            ])),
                        Field(
                            "reason", Words("理由", "Reason"), .paragraph(most: 2_000),
                            hint: Words("退回须写明", "Needed when it is returned"), isRequired: false),
                    ], back: "/plans/\(id)")
            },
            FormKind(
                slug: "merge-decide", type: "cn.yaohao.plans.merge-decided.v1", role: .plan,
                about: { body in
                    var about = FormKind.members(body)
                    about["lines"] = (body["lines"]?.elements ?? []).compactMap(\.text).joined(separator: ",")
                    return about
                }
            ) { source in
                guard let (id, version, facts, report) = try await source.plan() else { return nil }
                let known = (report["document"]?["lines"]?.elements ?? []).compactMap { $0["id"]?.text }
                let lines = (source.about("lines") ?? "").split(separator: ",").map(String.init)
                guard lines.count > 1, Set(lines).isSubset(of: known) else { return nil }
                let proposal = FormSource.proposals(report).first { proposal in
                    Set((proposal["lines"]?.elements ?? []).compactMap(\.text)) == Set(lines.map { "\(id)/\($0)" })
                }
                return Form(
                    subject: .known(id), title: Words("答复合并建议", "Answer a proposed merging"),
                    facts: facts + [(Words("合并的计划行", "Lines"), lines.joined(separator: "、"))]
                        + (proposal?["reason"]?.text.map { [(Words("建议理由", "Why it is proposed"), $0)] } ?? []),
                    hint: Words(
                        "确认的，各行合并为一次内部联合抽查；不采纳的须写明理由。须在批准计划之前答复。",
                        "Confirmed lines are drawn together; declining needs a reason. It is decided before the plan’s approval."
                    ),
                    fixed: ["plan": .string(id), "version": .integer(version), "lines": .strings(lines)],
                    fields: [
                        Field(
                            "decision", Words("意见", "Decision"),
                            .choice([
                                Field.Choice("confirmed", Words("确认合并", "Confirmed")),
                                Field.Choice("declined", Words("不采纳", "Declined")),
                            ])),
                        Field(
                            "reason", Words("理由", "Reason"), .paragraph(most: 2_000),
                            hint: Words("不采纳须写明", "Needed when it is declined"), isRequired: false),
                    ], back: "/plans/\(id)")
            },
            FormKind(slug: "scheme-approve", type: "cn.yaohao.plans.scheme-approved.v1", role: .approve) { source in
                guard let (id, version, facts, report) = try await source.plan() else { return nil }
                let lines = (report["document"]?["lines"]?.elements ?? []).compactMap { line in
                    line["id"]?.text.map { Field.Choice($0, Words(same: "\($0) \(line["title"]?.text ?? "")")) }
                }
                return Form(
                    subject: .known(id),
                    title: Words("批准工作方案", "Approve a scheme"), facts: facts,
                    hint: Words(
                        "每次抽取各有工作方案，由负责人批准后方可抽取。", "Each draw has its scheme, approved by the head before it is drawn."),
                    fixed: ["plan": .string(id), "version": .integer(version)],
                    fields: [
                        Field("line", Words("计划行", "Line"), .choice(lines)),
                        Field("draw", Words("第几次抽取", "Which draw of the year"), .number(1...366), initial: 1),
                    ], back: "/plans/\(id)")
            },
        ]
        + [
            (
                "plan-check", "plan-checked", Role.review, Words("审核计划", "Check the plan"),
                Words("审核人与填报人不得为同一人；不合规则的会逐条说明。", "Not by the drafter; what breaks a rule is said point by point.")
            ),
            (
                "plan-approve", "plan-approved", .approve, Words("批准计划", "Approve the plan"),
                Words("负责人批准后，联合计划的配合部门开始确认。", "Then the participants of a joint plan confirm.")
            ),
            (
                "plan-report", "plan-reported", .approve, Words("上报联席会议办公室", "Report to the office"),
                Words("上报后由联席会议办公室接收或退回。", "The office receives or returns it.")
            ),
            (
                "plan-publish", "plan-published", .approve, Words("公布计划", "Publish the plan"),
                Words("公布后任何人都能看到；再调整须写明内容和理由。", "Anyone can read it then; changes need their reason.")
            ),
            (
                "plan-confirm", "participation-confirmed", .approve, Words("确认参加联合抽查", "Confirm taking part"),
                Words("配合部门在规定的工作日内确认。", "Within the county’s working days.")
            ),
        ].map { slug, type, role, title, hint in
            FormKind(slug: slug, type: "cn.yaohao.plans.\(type).v1", role: role) { try await $0.planStep(title, hint) }
        }

    /// Which plan's form a draft was filled in on.
    private static let draft: @Sendable (JSONValue) -> [String: String?] = { body in
        ["plan": body["plan"]?["id"]?.text, "kind": body["plan"]?["kind"]?.text]
    }

    /// A new plan, or a new version of one: what stands in the latest version is there already.
    private static func planForm(_ source: FormSource, isChange: Bool) async throws -> Form? {
        let id = source.about("plan")
        var old: JSONValue?
        if let id {
            let report = try await PlanReport.show(id, version: nil, source.database)
            // A draft that was never taken has an id too.
            guard report == nil ? !isChange : report?["department"]?.text == source.department else { return nil }
            old = report?["document"]
        }
        let latest = try await source.database.query(
            "SELECT coalesce(max(version), 0)::bigint AS latest FROM plans.versions WHERE plan = \(id ?? "")"
        ).first?.decode("latest", as: Int.self)
        let isJoint = old.map { $0["kind"] == "joint" } ?? (source.about("kind") == "joint")
        var plan: [Field] = []
        if old == nil {
            plan.append(
                Field(
                    "id", Words("计划编号", "Plan’s id"), .text(most: 128),
                    hint: Words("字母、数字、.、_、-，各版本不变", "A-Z a-z 0-9 . _ -; the same in every version"),
                    initial: .nullable(id)))
        }
        plan += [
            Field("title", Words("计划名称", "Title"), .text(most: 255), initial: old?["title"]),
            Field("year", Words("年度", "Year"), .number(2000...2999), initial: old?["year"]),
        ]
        if isJoint {
            plan += [
                Field(
                    "scope", Words("联合抽查种类", "Scope"),
                    .choice([
                        Field.Choice("comprehensive", Words("综合大联查", "Comprehensive")),
                        Field.Choice("special", Words("专项整治", "Special action")),
                    ]), initial: old?["scope"]),
                Field(
                    "participants", Words("配合部门", "Participants"), .choices(try await source.departments(others: true)),
                    initial: old?["participants"]),
            ]
        }
        plan.append(
            Field(
                "lines", Words("计划行", "Lines"),
                .rows(blank: old == nil ? 1 : 0, try await line(source, isJoint: isJoint)), initial: old?["lines"]))
        var fields = [Field("plan", Words("计划内容", "The plan"), .group(plan))]
        if isChange {
            fields += [
                Field("what", Words("调整内容", "What changes"), .paragraph(most: 2_000)),
                Field("why", Words("调整理由", "Why"), .paragraph(most: 2_000)),
            ]
        }
        var fixed: [String: JSONValue] = [
            "department": .string(source.department), "version": .integer((latest ?? 0) + 1),
            "kind": isJoint ? "joint" : "annual",
        ]
        if let id, old != nil { fixed["id"] = .string(id) }
        return Form(
            subject: old == nil ? .field("plan.id") : .known(id ?? ""),
            title: isChange
                ? Words("调整计划", "Change the plan")
                : isJoint ? Words("填报联合抽查计划", "Draft a joint plan") : Words("填报年度抽查计划", "Draft an annual plan"),
            fixed: ["plan": .object(fixed)], fields: fields, action: Words("签名并填报", "Sign and submit"),
            back: id.map { "/plans/\($0)" } ?? "/plans")
    }

    /// What is asked of a line.
    private static func line(_ source: FormSource, isJoint: Bool) async throws -> [Field] {
        let part = [
            Field(
                "items", Words("抽查事项", "Items"),
                isJoint ? .lines(most: 128) : .choices(try await source.items()),
                hint: isJoint ? Words("每行一个事项编号", "One item’s id a line") : nil),
            Field("unit", Words("承办股室", "Unit"), .text(most: 255), isRequired: false),
            Field("team", Words("每组人数", "Team"), .number(2...20), initial: 2),
        ]
        let departments = try await source.departments()
        let parts: Field.Kind =
            isJoint
            ? .rows(blank: 2, [Field("department", Words("部门", "Department"), .choice(departments))] + part)
            : .single(
                [
                    Field(
                        "department", Words("部门", "Department"),
                        .choice(departments.filter { $0.value == source.department }),
                        initial: .string(source.department))
                ] + part)
        return [
            Field("id", Words("行编号", "Line’s id"), .text(most: 128)),
            Field("title", Words("抽查任务", "Task"), .text(most: 255)),
            Field("objects", Words("检查对象", "Objects, in words"), .text(most: 255), isRequired: false),
            Field(
                "pool", Words("抽取范围（不填即不限）", "Pool; what is left empty does not restrict"),
                .group([
                    Field(
                        "kinds", Words("对象种类，每行一个", "Kinds, one a line"), .lines(most: 128), isRequired: false),
                    Field(
                        "industries", Words("行业代码（前缀），每行一个", "Industries (prefixes), one a line"),
                        .lines(most: 128), isRequired: false),
                    Field(
                        "regions", Words("区划代码（前缀），每行一个", "Regions (prefixes), one a line"), .lines(most: 128),
                        isRequired: false),
                    Field(
                        "permits", Words("许可，每行一个", "Permits, one a line"), .lines(most: 128), isRequired: false),
                ])),
            Field(
                "sample", Words("每次抽取多少", "How many are drawn each time"),
                .variant([
                    Field.Variant(
                        name: "rate", label: Words("按比例", "A rate"),
                        fields: [Field("rate_ppm", Words("比例（%）", "Rate (%)"), .percent)]),
                    Field.Variant(
                        name: "count", label: Words("按户数", "A number"),
                        fields: [Field("count", Words("户数", "Entities"), .number(1...1_000_000))]),
                    Field.Variant(
                        name: "classes", label: Words("按信用风险等级", "By credit class"),
                        fields: [
                            Field(
                                "rates_ppm", Words("各等级比例（%）", "Rates by class (%)"),
                                .group(
                                    ["A", "B", "C", "D"].map {
                                        Field($0, Words("\($0) 级", "Class \($0)"), .percent, isRequired: false)
                                    }))
                        ]),
                    Field.Variant(
                        name: "county", label: Words("按县级默认比例", "The county’s default rates"),
                        fixed: ["county_rates": true], fields: []),
                ])),
            Field("draws", Words("全年抽取次数", "Draws a year"), .number(1...366), initial: 1),
            Field(
                "methods", Words("检查方式", "Methods"),
                .choices([
                    Field.Choice("onsite", Words("现场检查", "On site")), Field.Choice("written", Words("书面检查", "Written")),
                    Field.Choice("online", Words("网络检查", "Online")),
                ])),
            Field("windows", Words("检查时间", "Window"), .windows(blank: 1)),
            Field("parts", Words("承办部门与事项", "Who checks what"), parts),
            Field("note", Words("备注", "Remark"), .text(most: 500), isRequired: false),
        ]
    }
}
