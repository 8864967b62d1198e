import Cluster
import JSON
import Postgres

extension FormKind {
    /// What offices, departments and witnesses say of a round.
    static let rounds: [FormKind] = [
        FormKind(slug: "round", type: "cn.yaohao.rounds.round-opened.v1", role: .round) { source in
            Form(
                subject: .field("round"),
                title: Words("开启一轮抽取", "Open a round"),
                fields: [
                    Field(
                        "round", Words("轮次编号", "Round’s id"), .text(most: 128),
                        hint: Words("字母、数字、.、_、-", "A-Z a-z 0-9 . _ -")),
                    Field("county", Words("区划代码", "County’s division code"), .text(most: 128)),
                    Field(
                        "witnesses", Words("见证来源（每行一个，按字母升序）", "Witnesses, one a line, ascending"), .lines(most: 128)),
                    Field(
                        "public", Words("公共随机来源", "Public values"),
                        .rows(
                            blank: 1,
                            [
                                Field("source", Words("来源", "Source"), .text(most: 128)),
                                Field("description", Words("说明", "Description"), .text(most: 255)),
                                Field(
                                    "pattern", Words("写法", "Pattern"), .text(most: 64),
                                    hint: Words(
                                        "d 为数字，h 为十六进制，其余照写", "d a digit, h a hexadecimal digit, the rest itself")),
                            ])),
                ], back: "/rounds")
        },
        FormKind(slug: "round-close", type: "cn.yaohao.rounds.round-closed.v1", role: .round) { source in
            guard let round = try await source.round() else { return nil }
            return Form(
                subject: .known(round),
                title: Words("截止申请", "Close the collecting"), facts: [(Words("轮次", "Round"), round)],
                hint: Words(
                    "截止后名单冻结，随后公布承诺，见证人在限时内揭示。",
                    "The rosters are frozen, the commitment is published, witnesses reveal in time."),
                fixed: ["round": .string(round)],
                fields: [
                    Field(
                        "reveal_within_seconds", Words("揭示限时（秒）", "Seconds to reveal"), .number(1...31_536_000),
                        initial: 86_400)
                ], back: "/rounds/\(round)")
        },
        FormKind(
            slug: "draw-request", type: "cn.yaohao.rounds.draw-requested.v1", role: .request,
            about: { ["round": $0["round"]?.text, "line": $0["plan_lines"]?.elements?.first?.text] }
        ) { source in
            guard let round = try await source.round() else { return nil }
            return try await drawRequest(source, round)
        },
        FormKind(slug: "request-withdraw", type: "cn.yaohao.rounds.request-withdrawn.v1", role: .request) { source in
            guard let round = try await source.round() else { return nil }
            let own = try await source.database.query(
                "SELECT id FROM rounds.requests WHERE round = \(round) AND department = \(source.department) ORDER BY id"
            ).map {
                Field.Choice(try $0.decode("id", as: String.self), Words(same: try $0.decode("id", as: String.self)))
            }
            return Form(
                subject: .known(round), title: Words("撤回申请", "Withdraw a request"),
                facts: [(Words("轮次", "Round"), round)],
                hint: Words(
                    "截止之前可撤回；计划行的次数随之退还，理由存档。",
                    "Until the collecting ends; the line’s draw is free again, the reason stays on record."),
                fixed: ["round": .string(round)],
                fields: [
                    Field("request", Words("本部门的申请", "Your department’s request"), .choice(own)),
                    Field("reason", Words("理由", "Reason"), .text(most: 500)),
                ], back: "/rounds/\(round)")
        },
        FormKind(slug: "witness-commit", type: "cn.yaohao.rounds.witness-committed.v1", role: .witness) { source in
            guard let round = try await source.round() else { return nil }
            let witness = "witness:" + source.department
            return Form(
                subject: .known(round),
                title: Words("提交见证承诺", "Commit as a witness"),
                facts: [(Words("轮次", "Round"), round), (Words("见证来源", "Witness"), witness)],
                hint: Words(
                    "随机数在您的设备上产生并自行保存，这里只提交它的承诺值（yaohao witness commit 亦可）。",
                    "The nonce is made and kept on your device; only its commitment is sent (yaohao witness commit does the same)."
                ),
                fixed: ["round": .string(round), "source": .string(witness)],
                fields: [
                    Field("commitment", Words("承诺值（64 位十六进制）", "Commitment, 64 hexadecimal digits"), .text(most: 64))
                ],
                back: "/rounds/\(round)", source: witness)
        },
        FormKind(slug: "reveal", type: "cn.yaohao.rounds.nonce-revealed.v1", role: .witness) { source in
            guard let round = try await source.round() else { return nil }
            let witness = "witness:" + source.department
            return Form(
                subject: .known(round),
                title: Words("揭示随机数", "Reveal the nonce"),
                facts: [(Words("轮次", "Round"), round), (Words("见证来源", "Witness"), witness)],
                hint: Words(
                    "请先核对公布的承诺，再揭示；逾期不揭示，本轮作废并公开。",
                    "Compare the published commitment first. Without a reveal in time the round is void, in the open."),
                fixed: ["round": .string(round), "source": .string(witness)],
                fields: [
                    Field("nonce", Words("随机数（64 位十六进制）", "Nonce, 64 hexadecimal digits"), .text(most: 64)),
                    Field("commitment", Words("所见的承诺", "The commitment that you saw published"), .text(most: 64)),
                ], back: "/rounds/\(round)", source: witness)
        },
        FormKind(slug: "public-value", type: "cn.yaohao.rounds.public-value-stated.v1", role: .witness) { source in
            guard let round = try await source.round() else { return nil }
            let witness = "witness:" + source.department
            let sources = try await source.database.query(
                "SELECT source, description, pattern FROM rounds.public_sources WHERE round = \(round) ORDER BY source"
            ).map { row in
                Field.Choice(
                    try row.decode("source", as: String.self),
                    Words(
                        same:
                            "\(try row.decode("description", as: String.self))（\(try row.decode("pattern", as: String.self))）"
                    ))
            }
            return Form(
                subject: .known(round),
                title: Words("陈述公共随机值", "State a public value"),
                facts: [(Words("轮次", "Round"), round), (Words("见证来源", "Witness"), witness)],
                hint: Words(
                    "须两位见证人陈述一致；不一致时暂停并公开。", "Two witnesses must state the same; a disagreement blocks and is shown."),
                fixed: ["round": .string(round)],
                fields: [
                    Field("source", Words("公共随机来源", "Public source"), .choice(sources)),
                    Field("value", Words("公布的值", "The value as published"), .text(most: 255)),
                ], back: "/rounds/\(round)", source: witness)
        },
    ]

    /// A request that carries out a line of a published plan: what the plan fixes is not asked again.
    private static func drawRequest(_ source: FormSource, _ round: String) async throws -> Form? {
        let lines = try await source.database.query(
            """
            SELECT l.plan || '/' || l.line AS id, l.body ->> 'title' AS title, (l.body -> 'pool')::text AS pool,
                (l.body ->> 'joint')::boolean AS joint, l.body ->> 'coordination' AS coordination, p.items::text AS items,
                p.specialties::text AS specialties, p.team::bigint AS team, l.body -> 'windows' -> 0 ->> 0 AS first,
                l.body -> 'windows' -> -1 ->> 1 AS last
            FROM plans.lines l
            JOIN plans.versions v ON v.plan = l.plan AND v.version = l.version AND v.state = 'published'
            CROSS JOIN LATERAL jsonb_to_recordset(l.body -> 'parts')
                AS p (department text, items jsonb, specialties jsonb, team integer)
            WHERE p.department = \(source.department) ORDER BY 1
            """)
        let choices = try lines.map { row in
            Field.Choice(
                try row.decode("id", as: String.self),
                Words(same: "\(try row.decode("id", as: String.self)) \(try row.decode("title", as: String.self))"))
        }
        guard let chosen = source.about("line"),
            let row = try lines.first(where: { try $0.decode("id", as: String.self) == chosen })
        else {
            return Form(
                isFirstStep: true, title: Words("选择计划行", "Choose a line of the plan"),
                fields: [Field("line", Words("本部门已公布的计划行", "Lines of published plans"), .choice(choices))],
                action: Words("下一步", "Next"), back: "/rounds/\(round)")
        }
        func json(_ column: String) throws -> JSONValue {
            try JSONValue(parsing: row.decode(column, as: String?.self) ?? "[]")
        }
        let request: [String: JSONValue] = [
            "department": .string(source.department), "items": try json("items"), "pool": try json("pool"),
            "joint": .bool(try row.decode("joint", as: Bool.self)),
            "coordination": .string(try row.decode("coordination", as: String.self)),
            "specialties": try json("specialties"), "team": .integer(try row.decode("team", as: Int?.self) ?? 2),
        ]
        return Form(
            subject: .known(round),
            title: Words("申请抽取", "Request a draw"),
            facts: [
                (Words("轮次", "Round"), round),
                (Words("计划行", "Line"), "\(chosen) \(try row.decode("title", as: String.self))"),
                (
                    Words("计划检查时间", "Planned window"),
                    "\(try row.decode("first", as: String.self)) — \(try row.decode("last", as: String.self))"
                ),
            ], hint: Words("范围、事项和人数以公布的计划为准。", "Pool, items and team are the published plan’s."),
            fixed: ["round": .string(round), "plan_lines": [.string(chosen)], "request": .object(request)],
            fields: [
                Field(
                    "request", Words("申请", "Request"),
                    .group([
                        Field("id", Words("申请编号", "Request’s id"), .text(most: 128)),
                        Field(
                            "method", Words("检查方式", "Method"),
                            .choice([
                                Field.Choice("onsite", Words("现场检查", "On site")),
                                Field.Choice("written", Words("书面检查", "Written")),
                                Field.Choice("online", Words("网络检查", "Online")),
                            ])),
                        Field("window", Words("检查时间", "Window"), .window),
                        Field(
                            "sample", Words("抽取多少", "How many"),
                            .variant([
                                Field.Variant(
                                    name: "count", label: Words("按户数", "A number"),
                                    fields: [Field("count", Words("户数", "Entities"), .number(1...1_000_000))]),
                                Field.Variant(
                                    name: "classes", label: Words("按信用风险等级的比例", "Rates by credit class"),
                                    fields: [
                                        Field(
                                            "rates_ppm", Words("各等级比例（%）", "Rates by class (%)"),
                                            .group(
                                                ["A", "B", "C", "D", "-"].map {
                                                    Field(
                                                        $0,
                                                        $0 == "-"
                                                            ? Words("未评级", "Not classified")
                                                            : Words("\($0) 级", "Class \($0)"), .percent,
                                                        isRequired: false)
                                                }))
                                    ]),
                            ])),
                    ])),
                Field("note", Words("备注", "Remark"), .text(most: 500), isRequired: false),
            ], back: "/rounds/\(round)")
    }
}

extension FormSource {
    /// A round that there is.
    func round() async throws -> String? {
        guard let id = about("round") else { return nil }
        return try await database.query("SELECT id FROM rounds.rounds WHERE id = \(id)").first?
            .decode("id", as: String.self)
    }
}
