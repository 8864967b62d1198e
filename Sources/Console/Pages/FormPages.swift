import Cluster
import HTTPTypes
import Hummingbird
import JSON
import Postgres
import Web

extension Console {
    func addForms(to router: Router<ConsoleContext>) {
        router.get("forms/{slug}") { request, context in
            let query = try FormFields(parsing: request.uri.query ?? "")
            let (_, form) = try await form(context, query)
            return try formPage(form, FormState(), for: request, context)
        }
        router.post("forms/{slug}") { request, context in
            let sent = try await sent(request, context)
            let query = try FormFields(parsing: request.uri.query ?? "")
            let (kind, form) = try await form(context, query)
            if form.isFirstStep {
                let (_, problems) = FormReading.read(form, sent)
                guard problems.isEmpty else {
                    return try formPage(form, FormState(sent: sent, problems: problems), for: request, context)
                }
                let chosen = sent.all.filter { !$0.name.hasPrefix("~") }
                return seeOther(request.uri.path + "?" + FormFields(query.all + chosen).query())
            }
            switch try await submit(form, kind, sent, by: context.account()) {
            case .shown(let state): return try formPage(form, state, for: request, context)
            case .accepted(let receipt):
                return seeOther(
                    "/receipts/\(FormFields.encode(receipt.id))?back=\(FormFields.encode(form.back))")
            }
        }
        router.get("receipts/{id}") { request, context in try await receiptPage(request, context) }
    }

    /// What became of a form that was sent.
    enum Submitted {
        case accepted(Receipt)
        /// It is shown again, with what is wrong or because no receipt has come.
        case shown(FormState)
    }

    /// Reads a form, submits what it says, and waits for the receipt.
    ///
    private func submit(
        _ form: Form, _ kind: FormKind, _ sent: FormFields, by account: Account
    ) async throws -> Submitted {
        let (body, problems) = FormReading.read(form, sent)
        guard problems.isEmpty else { return .shown(FormState(sent: sent, problems: problems)) }
        return try await submit(form.content(kind, body), sent, by: account)
    }

    /// Submits what a person says, and waits for the receipt.
    ///
    /// - Parameter before: told source and id of the submission before it is sent.
    func submit(
        _ content: SubmissionDesk.Content, _ sent: FormFields, by account: Account,
        before: @Sendable (_ source: String, _ id: String) async throws -> Void = { _, _ in }
    ) async throws -> Submitted {
        let once = String((sent["~once"] ?? "").prefix(64))
        let receipt: Receipt?
        do {
            receipt = try await desk.submit(content, by: account, once: once, before: before)
        } catch let missing as SubmissionDesk.NoKey {
            return .shown(FormState(sent: sent, problems: [("", missing.words)]))
        } catch let problem as SubmissionDraft.Problem {
            return .shown(FormState(sent: sent, problems: [("", Words(same: "\(problem)"))]))
        }
        guard let receipt else { return .shown(FormState(sent: sent, isWaiting: true, once: once)) }
        guard receipt.status == .accepted else {
            return .shown(
                FormState(sent: sent, problems: receipt.reasons.map { ($0.field, Words(same: $0.message)) }))
        }
        return .accepted(receipt)
    }

    /// Leads on after a form was taken.
    func seeOther(_ address: String) -> Response {
        var response = Response.redirect(to: address, type: .normal)
        response.status = .seeOther
        return response
    }

    /// What a form's page shows besides the form.
    struct FormState {
        var sent: FormFields?
        var problems: [(path: String, message: Words)] = []
        var isWaiting = false
        var once: String?
    }

    /// The form of an address, when the person may fill it in and it is about something of the department's.
    private func form(_ context: ConsoleContext, _ query: FormFields) async throws -> (FormKind, Form) {
        let account = try context.account()
        guard let kind = context.parameters.get("slug").flatMap({ FormKind.all[$0] }) else {
            throw HTTPError(.notFound)
        }
        let form = try await reading(account) { database in
            try await kind.build(FormSource(account: account, query: query, database: database))
        }
        guard let form else { throw HTTPError(.notFound) }
        guard account.roles.contains(kind.role) else {
            throw HTTPError(.forbidden, message: looks.texts.text("no_duty", context.language))
        }
        return (kind, form)
    }

    /// A form's page, with what was typed and what is wrong with it.
    func formPage(
        _ form: Form, _ state: FormState = FormState(), for request: Request, _ context: ConsoleContext
    ) throws -> Response {
        let session = try context.signedIn()
        let language = context.language
        // What is wrong with something that is no field of the form is told at the top.
        let view = FormView(site: looks.plain, language: language, sent: state.sent, problems: state.problems)
        let html = try view.fields(form)
        let path = request.uri.path
        var values: [String: Any] = [
            "back": form.back, "fields": html, "action": request.uri.query.map { path + "?" + $0 } ?? path,
            "token": session.secret.formToken(for: path), "once": state.once ?? SessionSecret().text,
            "person": "\(session.account.name)（\(session.account.login)）", "button": form.action(language),
            "failed": !state.problems.isEmpty, "waiting": state.isWaiting, "known": !form.facts.isEmpty,
            "problems": view.summary(in: html),
            "facts": form.facts.map { ["name": $0.label(language), "value": $0.value] },
        ]
        values["hint"] = form.hint?(language)
        if let other = form.alternative {
            values["alternative"] = ["text": other.text(language), "link": other.link]
        }
        let status: HTTPResponse.Status =
            state.isWaiting ? .accepted : state.problems.isEmpty ? .ok : .unprocessableContent
        return try looks.page("form", title: form.title(language), values, status: status, for: request, context)
    }

    /// A receipt of the own department's, as the inbox has it.
    private func receiptPage(_ request: Request, _ context: ConsoleContext) async throws -> Response {
        let account = try context.account()
        let id = context.parameters.get("id") ?? ""
        let row = try await pool.query(
            """
            SELECT i.receipt::text AS receipt, i.key_id, a.person, c.number,
                to_char(i.received_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI:SS') AS at
            FROM cluster.inbox i
            LEFT JOIN cluster.acts a ON a.source = i.source AND a.id = i.id AND a.kind = 'submission'
            LEFT JOIN cluster.audit_chain c ON c.act = a.act
            WHERE i.id = \(id) AND i.department = \(account.department) AND i.receipt IS NOT NULL
            """
        ).first
        guard let row else { throw HTTPError(.notFound) }
        let receipt = try Receipt(json: JSONValue(parsing: row.decode("receipt", as: String.self)))
        let isAccepted = receipt.status == .accepted
        let back = Self.local((try? FormFields(parsing: request.uri.query ?? ""))?["back"] ?? "/home")
        var blocks: [Block] = [
            .notice(
                isAccepted
                    ? Words("报送已生效，回执如下。", "The submission has taken effect; this is its receipt.")
                    : Words("报送未被接受。", "The submission was refused."), tone: isAccepted ? .good : .bad),
            .facts([
                (
                    Words("回执", "Receipt"),
                    Block.Cell(
                        isAccepted ? Words("已接受", "Accepted") : Words("已拒绝", "Refused"), tone: isAccepted ? .good : .bad
                    )
                ),
                (Words("事由", "About"), Block.Cell(receipt.subject)),
                (Words("种类", "Type"), Block.Cell(receipt.type, isCode: true)),
                (Words("编号", "Number"), Block.Cell(receipt.id, isCode: true)),
                (Words("时间", "Taken at"), Block.Cell(try row.decode("at", as: String.self))),
                (Words("经办人", "Person"), Block.Cell(try row.decode("person", as: String?.self))),
                (Words("签名密钥", "Key"), Block.Cell(try row.decode("key_id", as: String?.self), isCode: true)),
                (
                    Words("审计日志序号", "Line of the audit log"),
                    Block.Cell(try row.decode("number", as: Int?.self).map(String.init) ?? "…")
                ),
            ]),
        ]
        if receipt.details != [:] {
            blocks += [.heading(Words("系统答复", "What the system says")), .source(receipt.details.canonicalText)]
        }
        for reason in receipt.reasons {
            blocks.append(.notice(Words(same: "\(reason.field) \(reason.message)"), tone: .bad))
        }
        blocks.append(.actions([Block.Action(text: Words("返回", "Back"), link: back, isFirst: true)]))
        return try answer(Sheet(Words("回执", "Receipt"), blocks), for: request, context)
    }
}
