import Cluster
import Hummingbird
import JSON
import Postgres
import Registers
import Web

extension Console {
    func addRules(to router: Router<ConsoleContext>) {
        router.get("rules") { request, context in
            let account = try context.account()
            let rules = try await CountyRules.load(from: pool).rules
            let isOffice = account.roles.contains(.office)
            let freshness = Block.Action(
                text: Words("设定来源的更新时限", "Say when a source is stale"), link: "/forms/freshness", isFirst: true)
            return try answer(
                Sheet(
                    Words("县级规则", "The county’s rules"),
                    [
                        .text(
                            Words(
                                "联席会议办公室可以设定的数字和清单，各有依据；未设定的按程序默认值。",
                                "Numbers and lists that the conference office may set, each with its basis; what is not set is the program’s own."
                            )),
                        .actions(isOffice ? [freshness] : []),
                        .table(
                            Block.Table(
                                caption: Words("规则", "Rules"),
                                columns: [
                                    Words("规则", "Rule"), Words("现行值", "In force"), Words("依据", "Basis"),
                                    Words("设定于", "Since"),
                                ] + (isOffice ? [Words("办理", "Change")] : []),
                                rows: rules.map { rule in
                                    var cells = [
                                        Block.Cell(Words(rule.chinese, rule.english)),
                                        Block.Cell(Self.value(of: rule), isCode: true), Block.Cell(rule.basis),
                                        rule.setting.map { Block.instant(String($0.since.prefix(19)) + "Z") }
                                            ?? Block.Cell(Words("默认", "Default")),
                                    ]
                                    if isOffice {
                                        cells.append(
                                            Block.Cell(
                                                Words("设定", "Set"),
                                                link: "/forms/rule?key=\(FormFields.encode(rule.key))"))
                                    }
                                    return cells
                                })),
                    ] + (isOffice ? Self.withdrawals(rules) : [])), for: request, context)
        }
    }

    /// A rule's value as it is read at a glance; what is long is shown whole where it is set.
    private static func value(of rule: CountyRules.Rule) -> String {
        let text = rule.value.canonicalText
        return text.count <= 120 ? text : text.prefix(120) + "…"
    }

    /// The rules that the county has set, each with the way back.
    private static func withdrawals(_ rules: [CountyRules.Rule]) -> [Block] {
        let set = rules.filter { $0.setting != nil }
        guard !set.isEmpty else { return [] }
        return [
            .table(
                Block.Table(
                    caption: Words("本县已设定的规则", "Set by the county"),
                    columns: [
                        Words("规则", "Rule"), Words("设定者", "By"), Words("备注", "Remark"), Words("办理", "Change"),
                    ],
                    rows: set.map { rule in
                        [
                            Block.Cell(rule.key, isCode: true), Block.Cell(rule.setting?.source),
                            Block.Cell(rule.setting?.note),
                            Block.Cell(
                                Words("恢复默认值", "Back to the default"),
                                link: "/forms/rule-withdraw?key=\(FormFields.encode(rule.key))"),
                        ]
                    }))
        ]
    }
}
