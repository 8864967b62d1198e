import HTTPTypes
import Hummingbird
import Testing
import WebTesting

@testable import Web

typealias Answer = RouterResponder<WebContext>

@Suite("The ground of every page") struct SiteTests {
    private func client() throws -> SiteClient {
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
        return SiteClient(Negotiating(formats: [.json], inner: router.buildResponder()))
    }

    private struct Secret: Error, CustomStringConvertible { let description = "the password is swordfish" }

    @Test("What comes from outside is escaped, in the body as in the address of the language switch") func escaping()
        async throws
    {
        let attack = FormFields.encode("<script>alert('1')</script>\"")
        let answer = try await client()("/page?name=\(attack)")
        #expect(answer.status == 200)
        #expect(!answer.text.contains("<script>alert"))
        #expect(answer.text.contains("&lt;script&gt;"))
        #expect(answer.text.contains("<html lang=\"zh-CN\">"))
    }

    @Test(
        "Every answer has the policy, also errors, and says nothing of what went wrong inside",
        arguments: [
            ("/broken", 500), ("/none", 404), ("/page?name=%", 400),
        ])
    func errors(path: String, status: Int) async throws {
        let client = try client()
        for accept in ["text/html", "application/json"] {
            let answer = try await client(path, headers: [.accept: accept])
            #expect(answer.status == status)
            #expect(answer.headers[.contentSecurityPolicy]?.contains("default-src 'none'") == true)
            #expect(!answer.text.contains("swordfish"))
            #expect(answer.headers[.cacheControl] == "no-store")
        }
    }

    @Test("A language that is asked for stays, by a cookie that scripts can't read") func language() async throws {
        let client = try client()
        let asked = try await client("/page?lang=en")
        #expect(asked.text.contains("<html lang=\"en\">"))
        let cookie = try #require(asked.headers[.setCookie])
        #expect(cookie.hasPrefix("lang=en;") && cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"))
        let kept = try await client("/page", headers: [.cookie: "lang=en"])
        #expect(kept.headers[.contentLanguage] == "en")
        #expect(kept.headers[.setCookie] == nil)
    }

    @Test("Assets are kept by browsers for good at the address with their hash, and asked for again elsewhere")
    func assets() async throws {
        let client = try client()
        let address = try #require(
            try Site(texts: [], templates: [], assets: [], navigation: []).assets.addresses["site_css"])
        let kept = try await client(address)
        #expect(kept.headers[.contentType] == "text/css; charset=utf-8")
        #expect(kept.headers[.cacheControl]?.contains("immutable") == true)
        let tag = try #require(kept.headers[.eTag])
        let again = try await client("/assets/site.css", headers: [.ifNoneMatch: tag])
        #expect(again.status == 304)
        #expect(again.headers[.cacheControl] == "no-cache")
        for path in ["/assets/../layout.mustache", "/assets/%2e%2e/x", "/assets/none.css"] {
            #expect(try await client(path).status == 404)
        }
    }
}
