import HTTPTypes
import Hummingbird
import JSON
import Web

extension Portal {
    func addPool(to router: Router<WebContext>) {
        router.get("/pool") { request, context in
            try pages.answer(
                Page(template: "pool", title: pages.text("pool_question", context), data: ["asked": false]),
                to: request, context)
        }
        router.post("/pool", use: askPool)
    }

    /// "Was I in the pool?" (我在不在抽查池里): for whoever has the word of the enterprise's notice. A wrong word and a code
    /// that nobody has are answered alike. By POST, so that the word stands in no address and no log.
    @Sendable private func askPool(_ request: Request, _ context: WebContext) async throws -> Response {
        let fields = try await FormFields(of: request, upTo: 10_000)
        let entity = (cut(fields.text("entity")) ?? "").uppercased()
        let word = cut(fields.text("word")) ?? ""
        let address = context.client(of: request)
        if let wait = limits.byAddress.wait(address) ?? limits.byEntity.wait(entity) {
            throw HTTPError(.tooManyRequests, headers: [.retryAfter: "\(wait.components.seconds + 1)"])
        }
        var page = Page(template: "pool", title: pages.text("pool_question", context), data: ["asked": true])
        page.extra = ["entity_asked": entity, "scripts": ["draw-v1.js", "check.js"]]
        guard !entity.isEmpty, !word.isEmpty, let rounds = try await open.ownRounds(entity, word: word) else {
            limits.byAddress.failed(address)
            limits.byEntity.failed(entity)
            page.data = ["asked": true, "known": false]
            var response = try pages.answer(page, to: request, context)
            response.status = .unprocessableContent
            response.headers[.cacheControl] = "no-store"
            return response
        }
        var answers: [JSONValue] = []
        for round in Self.list(rounds).prefix(20) {
            guard case .object(var answer) = round, case .string(let id)? = answer["round"] else { continue }
            if answer["in_roster"] == true, let own = try await open.ownProof(id, entity, word: word),
                let definition = try await open.definition(of: id), let draw = try await open.draw(id)
            {
                var line = try OwnLine(own, entity: entity, definition: definition, draw: draw)
                for request in line.requests {
                    let outcome = try await open.ownOutcome(id, request: request, entity, word: word)
                    line.add(outcome, to: request)
                }
                answer.merge(line.answer) { _, new in new }
            }
            answers.append(.object(answer))
        }
        page.data = ["asked": true, "known": true, "entity": .string(entity), "rounds": .array(answers)]
        var response = try pages.answer(page, to: request, context)
        response.headers[.cacheControl] = "no-store"
        response.headers[.accessControlAllowOrigin] = nil
        return response
    }
}
