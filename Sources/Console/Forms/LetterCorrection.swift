import Cluster
import JSON
import Postgres
import Web

/// How a dead letter is corrected (更正死信): on the form of its type, filled in from its body; or, where there is no such
/// form or the body is no message, as the message's own text. Either way it goes in as another submission, of whoever
/// corrects it.
struct LetterCorrection: Sendable {
    /// What is filled in.
    let form: Form
    /// Of which kind; `nil` for the message's own text.
    private let kind: FormKind?
    /// The letter's type, where there is such a submission.
    private let type: String?

    /// - Parameter asText: whether the message's own text is wanted.
    static func make(
        _ letter: DeadLetters.Letter, _ account: Account, asText: Bool, _ database: PostgresTransaction
    ) async throws -> LetterCorrection {
        let type = letter.header("ce_type")
        let kinds = FormKind.list.filter { $0.type == type && account.roles.contains($0.role) }
        if !asText, let body = letter.body {
            for kind in kinds {
                let about = kind.about(body).compactMap { name, value in value.map { (name: name, value: $0) } }
                let source = FormSource(account: account, query: FormFields(about), database: database)
                guard var form = try await kind.build(source), !form.isFirstStep,
                    form.fits(body)
                else { continue }
                form.facts = letter.facts + form.facts
                form.hint = Words(
                    "已按死信内容填好，请更正后报送；表中没有的内容见死信原文。",
                    "Filled in from the dead letter; correct it and submit. What the form does not ask for stands in the original."
                )
                return LetterCorrection(
                    form: form.correcting(letter, otherwise: Words("改为更正报文原文", "Correct the message’s text instead")),
                    kind: kind, type: type)
            }
        }
        return text(letter, account, isKnown: !kinds.isEmpty)
    }

    private static func text(_ letter: DeadLetters.Letter, _ account: Account, isKnown: Bool) -> LetterCorrection {
        let own = Set(FormKind.list.filter { account.roles.contains($0.role) }.map(\.type)).sorted()
        let type = isKnown ? letter.header("ce_type") : nil
        let choice = Field(
            "type", Words("报文种类", "Type"), .choice(own.map { Field.Choice($0, Words(same: $0)) }))
        let form = Form(
            title: Words("更正报文", "Correct the message"), facts: letter.facts,
            hint: Words(
                "按 docs/asyncapi.yaml 的写法更正报文原文。", "The message’s own text, as docs/asyncapi.yaml describes it."),
            fields: (isKnown ? [] : [choice]) + [
                Field("subject", Words("事由（编号）", "What it is about (id)"), .text(most: 1_000)),
                Field("data", Words("报文内容（JSON）", "Body (JSON)"), .json(most: 900_000)),
            ], back: "/dead-letters/\(letter.id)")
        return LetterCorrection(form: form, kind: nil, type: type)
    }

    /// The form as the letter fills it in.
    func filled(_ letter: DeadLetters.Letter) -> FormFields {
        if kind != nil, let body = letter.body { return FormFilling.fill(form, from: body) }
        let data = letter.message.value.map { String(decoding: $0, as: UTF8.self) } ?? ""
        let known = [
            ("type", letter.header("ce_type")), ("subject", letter.header("ce_subject")),
            ("data", letter.body?.indented ?? data),
        ]
        return FormFields(known.compactMap { name, value in value.map { (name: name, value: $0) } })
    }

    /// What is to be submitted; `nil` with what is wrong.
    func content(_ sent: FormFields) -> (SubmissionDesk.Content?, problems: [(path: String, message: Words)]) {
        let (body, problems) = FormReading.read(form, sent)
        guard problems.isEmpty else { return (nil, problems) }
        if let kind { return (form.content(kind, body), []) }
        let type = type ?? body["type"]?.text ?? ""
        guard let role = FormKind.list.first(where: { $0.type == type })?.role else { return (nil, []) }
        return (
            SubmissionDesk.Content(
                type: type, subject: body["subject"]?.text ?? "", body: body["data"] ?? .null, role: role), []
        )
    }
}

extension DeadLetters.Letter {
    /// The body, when it is a JSON object.
    var body: JSONValue? {
        guard let value = message.value, let body = try? JSONValue(parsing: value), case .object = body else {
            return nil
        }
        return body
    }

    /// What whoever corrects it should know.
    var facts: [(label: Words, value: String)] {
        [(Words("死信", "Dead letter"), "\(id)"), (Words("原因", "Reason"), "\(code): \(reason)")]
    }
}

extension Form {
    /// Whether the form asks for anything that a message says, if it asks at all: two forms may have one type.
    fileprivate func fits(_ body: JSONValue) -> Bool {
        guard case .object(let members) = body else { return false }
        return fields.contains { members[$0.name] != nil } || fields.isEmpty
    }

    fileprivate func correcting(_ letter: DeadLetters.Letter, otherwise: Words) -> Form {
        var form = self
        form.back = "/dead-letters/\(letter.id)"
        form.alternative = (otherwise, "/dead-letters/\(letter.id)/correct?as=text")
        return form
    }
}
