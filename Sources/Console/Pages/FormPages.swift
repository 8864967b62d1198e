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
            let form = try await form(context, query)
            return try formPage(form, FormState(), for: request, context)
        }
        router.post("forms/{slug}") { request, context in
            let sent = try await sent(request, context)
            let query = try FormFields(parsing: request.uri.query ?? "")
            let form = try await form(context, query)
            let account = try context.account()
            var (body, problems) = FormReading.read(form, sent)
            guard problems.isEmpty else {
                return try formPage(form, FormState(sent: sent, problems: problems), for: request, context)
            }
            // A form without a type only leads to the next.
            guard !form.type.isEmpty else {
                let changes = sent.all.filter { !$0.name.hasPrefix("~") }.map { ($0.name, $0.value) }
                let next = FormFields(query.all + changes.map { (name: $0.0, value: $0.1) })
                var response = Response.redirect(to: request.uri.path + "?" + next.query(), type: .normal)
                response.status = .seeOther
                return response
            }
            let subject = Self.subject(of: form, body)
            let once = String((sent["~once"] ?? "").prefix(64))
            let receipt: Receipt?
            do {
                receipt = try await desk.submit(
                    type: form.type, subject: subject, body: body, role: form.role, source: form.source, by: account,
                    once: once)
            } catch let missing as SubmissionDesk.NoKey {
                problems = [("", missing.words)]
                return try formPage(form, FormState(sent: sent, problems: problems), for: request, context)
            } catch let problem as SubmissionDraft.Problem {
                problems = [("", Words(same: "\(problem)"))]
                return try formPage(form, FormState(sent: sent, problems: problems), for: request, context)
            }
            guard let receipt else {
                return try formPage(form, FormState(sent: sent, isWaiting: true, once: once), for: request, context)
            }
            guard receipt.status == .accepted else {
                problems = receipt.reasons.map { ($0.field, Words(same: $0.message)) }
                return try formPage(form, FormState(sent: sent, problems: problems), for: request, context)
            }
            var response = Response.redirect(
                to: "/receipts/\(FormFields.encode(receipt.id))?back=\(FormFields.encode(form.back))", type: .normal)
            response.status = .seeOther
            return response
        }
        router.get("receipts/{id}") { request, context in try await receiptPage(request, context) }
    }

    /// What a form's page shows besides the form.
    struct FormState {
        var sent: FormFields?
        var problems: [(path: String, message: Words)] = []
        var isWaiting = false
        var once: String?
    }

    /// The form of an address, when the person may fill it in and it is about something of the department's.
    private func form(_ context: ConsoleContext, _ query: FormFields) async throws -> Form {
        let account = try context.account()
        guard let kind = context.parameters.get("slug").flatMap({ FormKind.all[$0] }) else {
            throw HTTPError(.notFound)
        }
        let form = try await reading(account) { database in
            try await kind.build(FormSource(account: account, query: query, database: database))
        }
        guard let form else { throw HTTPError(.notFound) }
        guard account.roles.contains(form.role) else {
            throw HTTPError(.forbidden, message: looks.texts.text("no_duty", context.language))
        }
        return form
    }

    /// What the submission is about.
    private static func subject(of form: Form, _ body: JSONValue) -> String {
        switch form.subject {
        case .known(let subject): return subject
        case .field(let path):
            let value = path.split(separator: ".").reduce(Optional(body)) { value, name in value?[String(name)] }
            return value?.text ?? ""
        }
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
