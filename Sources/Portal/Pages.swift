import Hummingbird
import JSON
import Web

/// One page: its data, which is also its JSON, and how it is shown.
struct Page {
    /// The name of the template.
    let template: String
    /// The title, in the language of the answer.
    let title: String
    /// What the page says, as data.
    var data: JSONValue
    /// What only the page needs: choices of forms, pictures, scripts.
    var extra: [String: Any] = [:]
    /// Whether there is a feed of it at the same address.
    var hasFeed = false
}

/// Answers with pages in the format that was asked for.
struct Pages: Sendable {
    let site: Site
    /// The site's address, without a slash at its end; for feeds.
    let base: String

    func text(_ key: String, _ context: some WebRequestContext) -> String { site.texts.text(key, context.language) }

    func answer(_ page: Page, to request: Request, _ context: some WebRequestContext) throws -> Response {
        switch context.format {
        case .json: return Self.json(page.data)
        case .atom:
            guard page.hasFeed else { throw HTTPError(.notFound) }
            return Response(
                status: .ok, headers: [.contentType: Format.atom.contentType, .cacheControl: "public, max-age=60"],
                body: .init(
                    byteBuffer: ByteBuffer(
                        string: Feed(
                            page: page, path: request.uri.path, base: base, texts: site.texts, context.language
                        )
                        .xml)))
        case .html:
            var values = Presentation(texts: site.texts, language: context.language).values(page.data)
            values.merge(page.extra) { _, extra in extra }
            let fields = (try? FormFields(parsing: request.uri.query ?? "")) ?? FormFields()
            if let next = values["next"] as? String {
                values["next"] = request.uri.path + "?" + fields.query(changing: ["after": next, "lang": nil])
            }
            let query = fields.query(changing: ["lang": nil])
            let path = request.uri.path == "/" ? "/index" : request.uri.path
            values["data"] = path + ".json" + (query.isEmpty ? "" : "?" + query)
            if page.hasFeed { values["feed"] = path + ".atom" + (query.isEmpty ? "" : "?" + query) }
            return try site.page(page.template, title: page.title, values, for: request, in: context)
        }
    }

    /// Open data, for programs of any origin.
    static func json(_ value: JSONValue) -> Response {
        Response(
            status: .ok,
            headers: [
                .contentType: Format.json.contentType, .cacheControl: "public, max-age=30",
                .accessControlAllowOrigin: "*",
            ], body: .init(byteBuffer: ByteBuffer(bytes: value.canonical)))
    }
}
