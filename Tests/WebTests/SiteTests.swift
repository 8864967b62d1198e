import Hummingbird
import HummingbirdTesting
import Logging
import Testing

@testable import Web

typealias Answer = RouterResponder<WebContext>

@Suite("The ground of every page") struct SiteTests {
    private func application() throws -> some ApplicationProtocol {
        let page = "<h1>{{title}}</h1><p>{{name}}</p>"
        let site = try Site(
            texts: [], templates: [("page", Array(page.utf8))], assets: [], navigation: [.init("/page", text: "site")])
        let router = Router(context: WebContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: SecurityHeaders())
        router.add(middleware: ErrorPages(site))
        site.assets.addRoutes(to: router)
        router.get("page") { request, context in
            let fields = try FormFields(parsing: request.uri.query ?? "")
            return try site.page("page", title: "T", ["name": fields["name"] ?? ""], for: request, in: context)
        }
        router.get("broken") { _, _ -> Response in throw Secret() }
        return Application(
            responder: Negotiating(formats: [.json], inner: router.buildResponder()),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private struct Secret: Error, CustomStringConvertible { let description = "the password is swordfish" }

    @Test("What comes from outside is escaped, in the body as in the address of the language switch") func escaping()
        async throws
    {
        try await application().test(.router) { client in
            let attack = FormFields.encode("<script>alert('1')</script>\"")
            try await client.execute(uri: "/page?name=\(attack)", method: .get) { response in
                let html = String(buffer: response.body)
                #expect(response.status == .ok)
                #expect(!html.contains("<script>alert"))
                #expect(html.contains("&lt;script&gt;"))
                #expect(html.contains("<html lang=\"zh-CN\">"))
            }
        }
    }

    @Test("Every answer has the policy, also errors, and says nothing of what went wrong inside") func errors()
        async throws
    {
        try await application().test(.router) { client in
            for (path, status) in [
                ("/broken", HTTPResponse.Status.internalServerError), ("/none", .notFound),
                ("/page?name=%", .badRequest),
            ] {
                for accept in ["text/html", "application/json"] {
                    try await client.execute(uri: path, method: .get, headers: [.accept: accept]) { response in
                        #expect(response.status == status)
                        #expect(response.headers[.contentSecurityPolicy]?.contains("default-src 'none'") == true)
                        #expect(!String(buffer: response.body).contains("swordfish"))
                        #expect(response.headers[.cacheControl] == "no-store")
                    }
                }
            }
        }
    }

    @Test("A language that is asked for stays, by a cookie that scripts can't read") func language() async throws {
        try await application().test(.router) { client in
            try await client.execute(uri: "/page?lang=en", method: .get) { response in
                #expect(String(buffer: response.body).contains("<html lang=\"en\">"))
                let cookie = try #require(response.headers[.setCookie])
                #expect(cookie.hasPrefix("lang=en;") && cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"))
            }
            try await client.execute(uri: "/page", method: .get, headers: [.cookie: "lang=en"]) { response in
                #expect(response.headers[.contentLanguage] == "en")
                #expect(response.headers[.setCookie] == nil)
            }
        }
    }

    @Test("Assets are kept by browsers for good at the address with their hash, and asked for again elsewhere")
    func assets() async throws {
        let site = try Site(texts: [], templates: [], assets: [], navigation: [])
        let address = try #require(site.assets.addresses["site_css"])
        try await application().test(.router) { client in
            let tag = try await client.execute(uri: address, method: .get) { response in
                #expect(response.headers[.contentType] == "text/css; charset=utf-8")
                #expect(response.headers[.cacheControl]?.contains("immutable") == true)
                return try #require(response.headers[.eTag])
            }
            try await client.execute(uri: "/assets/site.css", method: .get, headers: [.ifNoneMatch: tag]) { response in
                #expect(response.status == .notModified)
                #expect(response.headers[.cacheControl] == "no-cache")
            }
            for path in ["/assets/../layout.mustache", "/assets/%2e%2e/x", "/assets/none.css"] {
                try await client.execute(uri: path, method: .get) { #expect($0.status == .notFound) }
            }
        }
    }
}
