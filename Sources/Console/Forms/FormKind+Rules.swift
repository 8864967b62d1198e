import Cluster
import JSON
import Postgres
import Registers

extension FormKind {
    /// What the office settles for the county, and what departments say about parts of the registers.
    static let rules: [FormKind] = [
        FormKind(slug: "rule", type: "cn.yaohao.registers.rule-set.v1", role: .office) { source in
            guard let rule = try await source.rule() else { return nil }
            return Form(
                subject: .known(rule.key), title: Words("设定县级规则", "Set a rule of the county"),
                facts: source.facts(of: rule),
                hint: Words("从收到回执起生效，此前的各版都保留。", "It counts from its receipt on; what was before stays readable."),
                fixed: ["key": .string(rule.key)],
                fields: [
                    value(of: rule),
                    Field("basis", Words("依据", "Legal basis"), .paragraph(most: 2_000), initial: .string(rule.basis)),
                    Field("note", Words("备注", "Remark"), .paragraph(most: 2_000), isRequired: false),
                ], back: "/rules")
        },
        FormKind(slug: "rule-withdraw", type: "cn.yaohao.registers.rule-set.v1", role: .office) { source in
            guard let rule = try await source.rule(), rule.setting != nil else { return nil }
            return Form(
                subject: .known(rule.key), title: Words("恢复程序默认值", "Go back to the program’s own value"),
                facts: source.facts(of: rule), fixed: ["key": .string(rule.key)],
                fields: [Field("withdrawn", Words("理由", "Reason"), .paragraph(most: 2_000))], back: "/rules")
        },
        FormKind(slug: "freshness", type: "cn.yaohao.registers.freshness-set.v1", role: .office) { _ in
            Form(
                subject: .field("id"), title: Words("设定数据来源的更新时限", "Say when a source is stale"),
                fields: [
                    Field("id", Words("编号", "Number"), .text(most: 128)),
                    Field(
                        "register", Words("名录库", "Register"),
                        .choice(Register.allCases.map { Field.Choice($0.rawValue, Words(same: $0.rawValue)) })),
                    Field(
                        "source", Words("来源", "Source"), .text(most: 128),
                        hint: Words("如 dept:SCJG", "Such as dept:SCJG")),
                    Field("warn_hours", Words("提醒（小时）", "Warn after (hours)"), .number(1...1_000_000)),
                    Field("error_hours", Words("报错（小时）", "An error after (hours)"), .number(1...1_000_000)),
                ], back: "/rules")
        },
        FormKind(slug: "class", type: "cn.yaohao.registers.class-overridden.v1", role: .approve) { _ in
            Form(
                subject: .field("entity"), title: Words("人工调整信用风险等级", "Give an entity a class by hand"),
                hint: Words(
                    "用于严重问题不能等到月度评级的情形，须写明理由和期限；等级不对外公开。",
                    "For serious trouble that must not wait for the month’s classes. Reason and end are needed; classes are never public."
                ),
                fields: [
                    Field("entity", Words("检查对象编号", "Entity’s id"), .text(most: 128)),
                    Field(
                        "class", Words("调整为", "Class"),
                        .choice(["D", "C", "B", "A"].map { Field.Choice($0, Words("\($0) 级", "Class \($0)")) })),
                    Field("reason", Words("理由", "Reason"), .paragraph(most: 2_000)),
                    Field("until", Words("有效期至", "Until"), .day),
                ], back: "/items")
        },
        FormKind(
            slug: "sub-register", type: "cn.yaohao.registers.sub-register-defined.v1", role: .feed,
            about: { ["register": $0["register"]?.text] }
        ) { source in
            guard let register = source.about("register"), let conditions = SubRegisterConditions.all[register] else {
                return Form(
                    isFirstStep: true, title: Words("定义子库", "Define a sub-register"),
                    fields: [
                        Field(
                            "register", Words("哪个名录库的子库", "Of which register"),
                            .choice(
                                SubRegisterConditions.all.keys.sorted().map {
                                    Field.Choice($0, SubRegisterConditions.names[$0] ?? Words(same: $0))
                                }))
                    ], action: Words("下一步", "Next"), back: "/items")
            }
            return Form(
                subject: .field("id"), title: Words("定义子库", "Define a sub-register"),
                hint: Words(
                    "子库是保存的条件，随名录库更新；各条件同时成立。",
                    "A saved rule: its rows are those that fit whenever one looks. All conditions must hold."),
                fixed: ["register": .string(register)],
                fields: [
                    Field("id", Words("子库编号", "Sub-register’s id"), .text(most: 128)),
                    Field("name", Words("名称", "Name"), .text(most: 255)),
                    Field("rule", Words("条件（至少一项）", "Conditions, at least one"), .group(conditions)),
                ], back: "/items")
        },
    ]

    /// The field of a rule's value, by what stands there: numbers and answers as such, anything else as JSON.
    static func value(of rule: CountyRules.Rule) -> Field {
        let label = Words("新值", "New value")
        return switch rule.value {
        case .bool:
            Field("value", Words("新值：是（不勾选即为否）", "New value: yes (no, when not ticked)"), .flag, initial: rule.value)
        case .integer where rule.key.hasSuffix("_ppm"):
            Field("value", Words("新值（%）", "New value (%)"), .percent, initial: rule.value)
        case .integer: Field("value", label, .number(0...10_000_000), initial: rule.value)
        default:
            Field(
                "value", label, .json(most: 20_000),
                hint: Words("按 JSON 填写，写法与现行值或示例相同", "JSON, written like the value in force or the examples"),
                initial: rule.value)
        }
    }
}

extension FormSource {
    /// A rule of the county.
    func rule() async throws -> CountyRules.Rule? {
        guard let key = about("key") else { return nil }
        return try await CountyRules.load(from: database).rules.first { $0.key == key }
    }

    func facts(of rule: CountyRules.Rule) -> [(label: Words, value: String)] {
        [
            (Words("规则", "Rule"), rule.key), (Words("含义", "What it says"), "\(rule.chinese) · \(rule.english)"),
            (Words("现行值", "In force"), rule.value.canonicalText),
            (Words("设定于", "Since"), rule.setting?.since ?? "程序默认 · the program’s own"),
        ] + rule.examples.sorted { $0.key < $1.key }.map { (Words("例：\($0)", "Example: \($0)"), $1.canonicalText) }
    }
}

/// The conditions that sub-registers may use (子库条件), by register, as fields of a form.
enum SubRegisterConditions {
    static let names = [
        "entities": Words("检查对象", "Entities"), "inspectors": Words("检查人员", "Inspectors"),
        "experts": Words("专家", "Experts"),
    ]

    static let all: [String: [Field]] = [
        "entities": [
            words("permits", "许可（有其一）", "Permits, one of"), words("regulators", "监管部门（有其一）", "Regulators, one of"),
            words("all_regulators", "监管部门（全部）", "Regulators, all of"),
            words("industries", "行业代码（前缀）", "Industries, by their beginning"),
            words("regions", "区划代码（前缀）", "Regions, by their beginning"), words("kinds", "对象种类", "Kinds"),
            words("credit", "信用风险等级", "Credit classes"), words("risks", "风险标签（有其一）", "Risks, one of"),
            Field(
                "score", Words("信用分值", "Score"),
                .group([
                    Field("min", Words("最低", "Least"), .number(0...1_000), isRequired: false),
                    Field("max", Words("最高", "Most"), .number(0...1_000), isRequired: false),
                ]), isRequired: false),
        ],
        "inspectors": [
            words("departments", "部门", "Departments"), words("units", "单位", "Units"),
            words("categories", "人员类别", "Categories"), words("regions", "负责区划（前缀）", "Regions they cover"),
            words("specialties", "专长（有其一）", "Specialties, one of"),
            words("qualifications", "资格（有其一）", "Qualifications, one of"),
            words("lines", "业务条线（有其一）", "Lines of business, one of"),
            words("experience", "经历（有其一）", "Experience, one of"),
        ],
        "experts": [
            words("fields", "领域（有其一）", "Fields, one of"), words("organisation_kinds", "机构种类", "Kinds of organisation"),
            words("organisations", "机构", "Organisations"),
        ],
    ]

    private static func words(_ name: String, _ chinese: String, _ english: String) -> Field {
        Field(
            name, Words(chinese, english), .lines(most: 255),
            hint: Words("每行一个，不填即不限", "One a line; empty does not restrict"),
            isRequired: false)
    }
}
