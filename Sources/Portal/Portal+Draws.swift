import HTTPTypes
import Hummingbird
import JSON
import Web

extension Portal {
    func addDraws(to router: Router<WebContext>) {
        router.get("/draws") { request, context in
            let draws = try await open.draws(after: place(Self.fields(request), context))
            return try pages.answer(
                Page(
                    template: "draws", title: pages.text("draws", context),
                    data: ["draws": .array(draws.rows), "next": .nullable(draws.next)], hasFeed: true), to: request,
                context)
        }
        router.get("/draws/{round}", use: draw)
        router.get("/draws/{round}/visits") { request, context in
            let id = try Self.segment("round", context)
            guard try await open.draw(id) != nil else { throw HTTPError(.notFound) }
            let visits = try await open.visits(of: id, after: cut(Self.fields(request)["after"]))
            return try pages.answer(
                Page(
                    template: "visits", title: pages.text("visits", context) + " · " + id,
                    data: ["round": .string(id), "visits": .array(visits.rows), "next": .nullable(visits.next)]),
                to: request, context)
        }
        router.get("/draws/{round}/check") { request, context in
            let id = try Self.segment("round", context)
            guard let draw = try await open.draw(id) else { throw HTTPError(.notFound) }
            return try pages.answer(
                Page(
                    template: "check", title: pages.text("check", context) + " · " + id, data: draw,
                    extra: ["scripts": ["draw-v1.js", "check.js"]]), to: request, context)
        }
        router.get("/check") { request, context in
            try pages.answer(
                Page(
                    template: "check", title: pages.text("check", context), data: ["round": nil],
                    extra: ["scripts": ["draw-v1.js", "check.js"]]), to: request, context)
        }
        router.get("/draws/{round}/files/{name}", use: file)
        router.get("/draws/{round}/bundle.zip", use: bundle)
    }

    @Sendable private func draw(_ request: Request, _ context: WebContext) async throws -> Response {
        let id = try Self.segment("round", context)
        guard let draw = try await open.draw(id) else { throw HTTPError(.notFound) }
        var page = Page(template: "draw", title: pages.text("draw", context) + " " + id, data: draw)
        if context.format == .html {
            page.extra["steps"] = steps(draw, context)
            page.extra["workload_chart"] = workload(draw, context)
        }
        return try pages.answer(page, to: request, context)
    }

    /// What happened in the draw, in order of time, each with whether it is done.
    private func steps(_ draw: JSONValue, _ context: WebContext) -> [[String: Any]] {
        var steps: [(at: String, text: String, detail: String, done: Bool, bad: Bool)] = []
        func text(_ key: String) -> String? { draw[key]?.forTemplate as? String }
        func add(_ at: String?, _ key: String, _ detail: String = "", bad: Bool = false) {
            guard let at else { return }
            steps.append((at, pages.text("step_" + key, context), detail, true, bad))
        }
        add(text("opened_at"), "opened")
        for witness in Self.list(draw["witnesses"]) {
            let source = witness["source"]?.forTemplate as? String ?? ""
            add(witness["committed_at"]?.forTemplate as? String, "witness_committed", source)
            add(witness["revealed_at"]?.forTemplate as? String, "witness_revealed", source)
        }
        add(text("as_of_at"), "frozen")
        add(text("committed_at"), "committed", text("commitment") ?? "")
        add(text("reveal_by_at"), "reveal_by")
        for value in Self.list(draw["public_values"]) {
            add(
                value["stated_at"]?.forTemplate as? String, "public_value",
                "\(value["value"]?.forTemplate as? String ?? "") · \(value["witness"]?.forTemplate as? String ?? "")")
        }
        add(text("seeded_at"), "seeded")
        add(text("drawn_at"), "drawn", text("result_digest") ?? "")
        add(text("void_at"), "void", text("void_reason") ?? "", bad: true)
        return steps.sorted { $0.at < $1.at }.map { step in
            [
                "at": step.at, "at_text": String(step.at.prefix(16).replacing("T", with: " ")), "text": step.text,
                "detail": step.detail, "done": step.done, "bad": step.bad,
            ]
        }
    }

    /// How evenly visits lie on inspectors, by department; nobody is named.
    private func workload(_ draw: JSONValue, _ context: WebContext) -> String {
        guard let figures = draw["figures"] else { return "" }
        return Chart(
            title: pages.text("workload", context),
            bars: Self.list(figures["workload"]).map { load in
                let inspectors = load["inspectors"]?.forTemplate as? Int ?? 0
                let visits = load["visits"]?.forTemplate as? Int ?? 0
                return Chart.Bar(
                    label: "\(load["department_name"]?.forTemplate as? String ?? "") × \(visits)", parts: [inspectors],
                    note: "\(inspectors) \(pages.text("inspectors", context))")
            }
        ).svg
    }

    static func list(_ value: JSONValue?) -> [JSONValue] {
        if case .array(let values)? = value { values } else { [] }
    }

    private func files(_ context: WebContext) async throws -> [(name: String, bytes: [UInt8])] {
        let id = try Self.segment("round", context)
        guard try await open.draw(id) != nil else { throw HTTPError(.notFound) }
        guard let bundle = try await open.bundle(of: id) else {
            throw HTTPError(.notFound, message: pages.text("bundle_later", context))
        }
        return try DrawFiles.files(bundle)
    }

    @Sendable private func file(_ request: Request, _ context: WebContext) async throws -> Response {
        // The negotiator takes the name's end for a format.
        let name = try Self.segment("name", context) + (context.format == .json ? ".json" : "")
        guard let file = try await files(context).first(where: { $0.name == name }) else { throw HTTPError(.notFound) }
        return Response(
            status: .ok,
            headers: [
                .contentType: "application/json", .cacheControl: "public, max-age=3600", .accessControlAllowOrigin: "*",
            ], body: .init(byteBuffer: ByteBuffer(bytes: file.bytes)))
    }

    /// The bundle and the independent verifier, in one download.
    @Sendable private func bundle(_ request: Request, _ context: WebContext) async throws -> Response {
        let id = try Self.segment("round", context)
        let zip = try ZipFile.bytes(try await files(context) + DrawFiles.verifier, folder: id)
        return Response(
            status: .ok,
            headers: [
                .contentType: "application/zip", .cacheControl: "public, max-age=3600",
                .contentDisposition: "attachment; filename=\"\(id)-bundle.zip\"",
            ], body: .init(byteBuffer: ByteBuffer(bytes: zip)))
    }
}
