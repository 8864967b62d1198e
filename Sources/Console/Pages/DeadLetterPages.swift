import Cluster
import HTTPTypes
import Hummingbird
import JSON
import Postgres
import Web

extension Console {
    func addDeadLetters(to router: Router<ConsoleContext>) {
        router.get("dead-letters") { request, context in
            let account = try context.account()
            let letters = try await letters(of: account)
            return try answer(
                Sheet(
                    Words("死信", "Dead letters"),
                    [
                        .text(
                            Words(
                                "信封、签名或大小有误，或多次处理失败的报文，原样保存在此；由报送部门更正后重新报送。",
                                "What could not be taken, kept byte for byte; its department corrects it and submits it again."
                            )),
                        .table(
                            Block.Table(
                                caption: Words("死信", "Dead letters"),
                                columns: [
                                    Words("编号", "Number"), Words("来源", "Source"), Words("种类", "Type"),
                                    Words("原因", "Reason"), Words("次数", "Count"), Words("状态", "State"),
                                ],
                                rows: letters.map { letter in
                                    [
                                        Block.Cell("\(letter.id)", link: "/dead-letters/\(letter.id)"),
                                        Block.Cell(letter.header("ce_source")),
                                        Block.Cell(letter.header("ce_type") ?? letter.message.topic),
                                        Block.Cell("\(letter.code): \(letter.reason)"), Block.Cell("\(letter.count)"),
                                        Self.state(of: letter),
                                    ]
                                }, empty: Words("没有死信。", "There are none."))),
                    ]), for: request, context)
        }
        router.get("dead-letters/{id}") { request, context in
            let session = try context.signedIn()
            let letter = try await letter(context)
            return try answer(
                try await sheet(of: letter, session, context.language), for: request, context)
        }
        router.post("dead-letters/{id}/replay") { request, context in
            _ = try await sent(request, context)
            guard try context.account().operates else { throw HTTPError(.notFound) }
            let letter = try await letter(context)
            try await desk.replay(letter.message)
            _ = try await pool.query("SELECT console.letter_replayed(\(letter.id))")
            try await sessions.record(
                "letter-replayed", address: address(of: request, context), subject: "\(letter.id)",
                by: context.account())
            return seeOther("/dead-letters/\(letter.id)")
        }
        router.get("dead-letters/{id}/correct") { request, context in
            let (correction, letter) = try await correction(request, context)
            return try formPage(correction.form, FormState(sent: correction.filled(letter)), for: request, context)
        }
        router.post("dead-letters/{id}/correct") { request, context in
            let sent = try await sent(request, context)
            let account = try context.account()
            let (correction, letter) = try await correction(request, context)
            let (content, problems) = correction.content(sent)
            guard let content else {
                return try formPage(
                    correction.form, FormState(sent: sent, problems: problems), for: request, context)
            }
            guard account.roles.contains(content.role) else {
                throw HTTPError(.forbidden, message: looks.texts.text("no_duty", context.language))
            }
            let outcome = try await submit(content, sent, by: account) { source, submission in
                _ = try await pool.query(
                    """
                    SELECT console.letter_corrected(\(letter.id), \(source), \(submission), \(account.department),
                        \(account.login))
                    """)
            }
            guard case .accepted(let receipt) = outcome else {
                guard case .shown(let state) = outcome else { throw HTTPError(.internalServerError) }
                return try formPage(correction.form, state, for: request, context)
            }
            try await sessions.record(
                "letter-corrected", id: "\(letter.id)/\(receipt.id)", address: address(of: request, context),
                subject: "\(letter.id)", by: account)
            return seeOther("/receipts/\(FormFields.encode(receipt.id))?back=/dead-letters/\(letter.id)")
        }
    }

    /// The most letters that a list shows: each is read with its body.
    private static let mostLetters = 200

    /// How many letters wait of those that a person may see.
    func waitingLetters(of account: Account) async throws -> Int {
        try await deadLetters.waiting(sources: claimable(by: account))
    }

    /// The letters that a person may see, the newest first: everything, or what claims to come from the department.
    private func letters(of account: Account, id: Int64? = nil) async throws -> [DeadLetters.Letter] {
        try await deadLetters.letters(
            id: id, sources: claimable(by: account), newestFirst: true, limit: Self.mostLetters)
    }

    /// The sources whose letters a person may see: those that the department's keys speak as; `nil` for all.
    private func claimable(by account: Account) async throws -> [String]? {
        guard !account.operates else { return nil }
        return try await pool.query(
            """
            SELECT DISTINCT s.source FROM cluster.keys k, unnest(k.sources) AS s (source)
            WHERE k.department = \(account.department)
            """
        ).map { try $0.decode("source", as: String.self) }
    }

    private func letter(_ context: ConsoleContext) async throws -> DeadLetters.Letter {
        let account = try context.account()
        guard let id = context.parameters.get("id").flatMap({ Int64($0) }),
            let letter = try await letters(of: account, id: id).first
        else { throw HTTPError(.notFound) }
        return letter
    }

    private static func state(of letter: DeadLetters.Letter) -> Block.Cell {
        if letter.isCorrected { return Block.Cell(Words("已更正", "Corrected"), tone: .good) }
        return letter.replayedAt == nil
            ? Block.Cell(Words("待处理", "Waits"), tone: .bad) : Block.Cell(Words("已重投", "Replayed"), tone: .good)
    }

    private func sheet(
        of letter: DeadLetters.Letter, _ session: Session, _ language: Language
    ) async throws -> Sheet {
        let account = session.account
        var blocks: [Block] = []
        let objection = try await objection(to: account, correcting: letter)
        if letter.isCorrected {
            blocks.append(
                .notice(
                    Words("已由更正后的报送取代，原文保留。", "What was submitted in its place has been accepted; the original stays."),
                    tone: .good))
        } else if let objection {
            blocks.append(.notice(objection, tone: .wait))
        } else {
            let action = Block.Action(
                text: Words("更正后重新报送", "Correct and submit again"), link: "/dead-letters/\(letter.id)/correct",
                isFirst: true)
            blocks.append(.actions([action]))
        }
        blocks += [
            .facts([
                (Words("状态", "State"), Self.state(of: letter)),
                (Words("原因", "Reason"), Block.Cell("\(letter.code): \(letter.reason)")),
                (Words("来源", "Source"), Block.Cell(letter.header("ce_source"), isCode: true)),
                (Words("种类", "Type"), Block.Cell(letter.header("ce_type"), isCode: true)),
                (
                    Words("来自", "From"),
                    Block.Cell(
                        "\(letter.message.topic)[\(letter.message.partition)]@\(letter.message.offset)", isCode: true)
                ),
                (Words("首次", "First seen"), Block.instant(letter.firstSeen)),
                (Words("次数", "Count"), Block.Cell("\(letter.count)")),
                (Words("上次重投", "Replayed"), Block.instant(letter.replayedAt)),
            ])
        ]
        if let corrections = try await corrections(of: letter, account) { blocks.append(corrections) }
        blocks += [
            .heading(Words("报文内容", "Body")),
            .source(letter.message.value.map { String(decoding: $0.prefix(20_000), as: UTF8.self) } ?? "—"),
            .table(
                Block.Table(
                    caption: Words("报文头", "Headers"), columns: [Words("名称", "Name"), Words("值", "Value")],
                    rows: letter.message.headers.map {
                        [
                            Block.Cell($0.name, isCode: true),
                            Block.Cell(String(decoding: $0.value, as: UTF8.self), isCode: true),
                        ]
                    })),
        ]
        if account.operates {
            blocks.append(
                .text(
                    Words(
                        "重新投递原样送回原主题，签名不变：用于原因已排除的报文，如密钥已登记、数据库已恢复。",
                        "Replaying sends it back to its topic as it is, with its own signature: for what is right in itself, once the cause is gone."
                    )))
            blocks.append(
                try looks.post(
                    to: "/dead-letters/\(letter.id)/replay", session, button: Words("原样重新投递", "Replay"), language))
        }
        return Sheet(
            Words("死信 \(letter.id)", "Dead letter \(letter.id)"),
            crumb: (Words("死信", "Dead letters"), "/dead-letters"), blocks)
    }

    /// What was submitted in a letter's place.
    private func corrections(of letter: DeadLetters.Letter, _ account: Account) async throws -> Block? {
        let rows = try await pool.query(
            """
            SELECT c.source, c.id, c.department, c.person, i.receipt ->> 'status' AS status,
                to_char(c.at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI:SS') AS at
            FROM cluster.letter_corrections c LEFT JOIN cluster.inbox i ON i.source = c.source AND i.id = c.id
            WHERE c.letter = \(letter.id) ORDER BY c.at
            """)
        guard !rows.isEmpty else { return nil }
        return .table(
            Block.Table(
                caption: Words("更正后的报送", "Submitted in its place"),
                columns: [
                    Words("时间", "At"), Words("经办人", "Person"), Words("来源", "Source"), Words("编号", "Number"),
                    Words("回执", "Receipt"),
                ],
                rows: try rows.map { row in
                    let id = try row.decode("id", as: String.self)
                    let isOwn = try row.decode("department", as: String.self) == account.department
                    let status: (Words, Block.Tone) =
                        switch try row.decode("status", as: String?.self) {
                        case "accepted": (Words("已接受", "Accepted"), .good)
                        case nil: (Words("未收到", "None yet"), .wait)
                        default: (Words("已拒绝", "Refused"), .bad)
                        }
                    return [
                        Block.Cell(try row.decode("at", as: String.self)),
                        Block.Cell(try row.decode("person", as: String.self)),
                        Block.Cell(try row.decode("source", as: String.self)),
                        Block.Cell(
                            id,
                            link: isOwn && status.1 != .wait
                                ? "/receipts/\(FormFields.encode(id))?back=/dead-letters/\(letter.id)" : nil,
                            isCode: true), Block.Cell(status.0, tone: status.1),
                    ]
                }))
    }

    /// Why a person cannot correct a letter; `nil` when nothing speaks against it.
    private func objection(to account: Account, correcting letter: DeadLetters.Letter) async throws -> Words? {
        let type = letter.header("ce_type") ?? ""
        if letter.message.topic.hasPrefix(topics.prefix + "feed.") {
            return Words(
                "这是名录数据的一部分：请来源部门更正原表后重新报送整批数据（yaohao feed），缺行的批次不会生效。",
                "This is part of a feed: its source corrects the table and feeds it again; a feed that lacks rows has no effect."
            )
        }
        if let source = letter.header("ce_source"), let owner = try await owner(of: source),
            owner != account.department
        {
            return Words(
                "来自 \(source)，由部门 \(owner) 登录工作台更正。", "It comes from \(source): somebody of \(owner) corrects it here.")
        }
        let kinds = FormKind.list.filter { $0.type == type }
        let isEntitled = kinds.isEmpty || kinds.contains { account.roles.contains($0.role) }
        return isEntitled
            ? nil
            : Words("您的岗位不能办理这一项，请由相应岗位的同事更正。", "This belongs to another duty than yours; ask a colleague who has it.")
    }

    private func owner(of source: String) async throws -> String? {
        try await pool.query("SELECT department FROM cluster.keys WHERE \(source) = ANY (sources) ORDER BY 1 LIMIT 1")
            .first?.decode("department", as: String.self)
    }

    /// What a letter is corrected on: the form of its type, or else the message itself.
    private func correction(
        _ request: Request, _ context: ConsoleContext
    ) async throws -> (LetterCorrection, DeadLetters.Letter) {
        let account = try context.account()
        let letter = try await letter(context)
        guard !letter.isCorrected, try await objection(to: account, correcting: letter) == nil else {
            throw HTTPError(.forbidden, message: looks.texts.text("no_correction", context.language))
        }
        let asText = try FormFields(parsing: request.uri.query ?? "")["as"] == "text"
        let correction = try await reading(account) { database in
            try await LetterCorrection.make(letter, account, asText: asText, database)
        }
        return (correction, letter)
    }
}
