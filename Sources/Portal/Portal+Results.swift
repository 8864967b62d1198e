import Hummingbird
import JSON
import Web

extension Portal {
    func addResults(to router: Router<WebContext>) {
        router.get("/", use: home)
        router.get("/index", use: home)
        router.get("/search", use: search)
        router.get("/results", use: results)
        router.get("/results/{visit}/{department}", use: result)
        router.get("/results/{visit}/{department}/{version}", use: result)
        router.get("/entities/{entity}", use: entity)
    }

    @Sendable private func home(_ request: Request, _ context: WebContext) async throws -> Response {
        async let counts = counts.value { try await open.counts() }
        async let results = open.results(ResultFilter(), after: nil, size: 6)
        async let draws = open.draws(after: nil, size: 4)
        let data: JSONValue = [
            "counts": try await counts, "results": .array(try await results.rows),
            "draws": .array(try await draws.rows),
        ]
        return try pages.answer(
            Page(template: "home", title: pages.text("home", context), data: data), to: request, context)
    }

    /// Enterprises by a part of their name, or their code, which leads to its page at once.
    @Sendable private func search(_ request: Request, _ context: WebContext) async throws -> Response {
        let fields = try Self.fields(request)
        guard let text = cut(fields.text("q")) else {
            return try pages.answer(
                Page(template: "search", title: pages.text("search", context), data: ["entities": []]), to: request,
                context)
        }
        let known = try await counts.value { try await open.counts() }
        var enterprises = 0
        if case .integer(let count)? = known["entities"] { enterprises = Int(count) }
        let found = try await open.entities(
            text, after: place(fields, context), isLarge: enterprises >= largeCounty)
        if context.format == .html, found.next == nil, found.rows.count == 1,
            case .string(let only)? = found.rows[0]["entity"],
            only == text.uppercased()
        {
            return .redirect(to: "/entities/" + FormFields.encode(only))
        }
        let data: JSONValue = [
            "q": .string(text), "entities": .array(found.rows), "next": .nullable(found.next),
            "common": .bool(found.isCommon),
        ]
        return try pages.answer(
            Page(template: "search", title: pages.text("search", context) + "：" + text, data: data), to: request,
            context)
    }

    @Sendable private func results(_ request: Request, _ context: WebContext) async throws -> Response {
        let fields = try Self.fields(request)
        let filter = try ResultFilter(
            text: cut(fields.text("q")), department: cut(fields.text("department")), item: cut(fields.text("item")),
            from: day("from", fields, context), to: day("to", fields, context))
        let found = try await open.results(filter, after: place(fields, context))
        var page = Page(
            template: "results", title: pages.text("results", context),
            data: ["results": .array(found.rows), "next": .nullable(found.next)], hasFeed: true)
        if context.format == .html {
            page.extra = [
                "q": filter.text ?? "", "from": filter.from ?? "", "to": filter.to ?? "",
                "department_choices": try await departmentChoices(filter.department), "item": filter.item ?? "",
                "filtered": filter != ResultFilter(),
            ]
        }
        return try pages.answer(page, to: request, context)
    }

    /// The departments as choices of a form.
    func departmentChoices(_ chosen: String?) async throws -> [[String: Any]] {
        let all = try await departments.value { try await open.departments() }
        return Self.list(all).map { department in
            let id = department["department"]?.forTemplate as? String ?? ""
            return ["id": id, "name": department["name"]?.forTemplate ?? id, "chosen": id == chosen]
        }
    }

    @Sendable private func result(_ request: Request, _ context: WebContext) async throws -> Response {
        let version = context.parameters.get("version").map { Int($0) ?? 0 } ?? 1
        let result = try await open.result(
            visit: Self.segment("visit", context), department: Self.segment("department", context),
            version: Int(Int32(clamping: version)))
        guard let result else { throw HTTPError(.notFound) }
        let name = result["entity_name"]?.forTemplate as? String ?? ""
        return try pages.answer(
            Page(template: "result", title: name + " · " + pages.text("result", context), data: result), to: request,
            context)
    }

    @Sendable private func entity(_ request: Request, _ context: WebContext) async throws -> Response {
        let id = try Self.segment("entity", context)
        guard let entity = try await open.entity(id, after: place(Self.fields(request), context)) else {
            throw HTTPError(.notFound, message: pages.text("entity_none", context))
        }
        let name = entity["entity_name"]?.forTemplate as? String ?? id
        return try pages.answer(
            Page(template: "entity", title: name, data: entity, hasFeed: true), to: request, context)
    }
}
