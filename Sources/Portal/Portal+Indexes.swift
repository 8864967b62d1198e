import HTTPTypes
import Hummingbird
import JSON
import Postgres
import Web

extension Portal {
    /// How many enterprises a part of the sitemap has; the protocol allows 50,000.
    static let sitemapSize = 40_000

    func addIndexes(to router: Router<WebContext>) {
        router.get("/openapi") { _, context in
            guard context.format == .json else { throw HTTPError(.notFound) }
            return Response(
                status: .ok,
                headers: [
                    .contentType: "application/json", .accessControlAllowOrigin: "*",
                    .cacheControl: "public, max-age=300",
                ],
                body: .init(byteBuffer: ByteBuffer(bytes: PackageResources.openapi_json)))
        }
        router.get("/robots.txt") { _, _ in
            Self.text(
                "User-agent: *\nDisallow: /pool\nDisallow: /search\nSitemap: \(pages.base)/sitemap.xml\n",
                "text/plain; charset=utf-8")
        }
        router.get("/sitemap.xml") { _, _ in
            let parts = try await sitemapParts.value { try await open.sitemapParts(of: Self.sitemapSize) }
            let own = "<sitemap><loc>\(pages.base)/sitemaps/pages.xml</loc></sitemap>\n"
            let entities = parts.map {
                "<sitemap><loc>\(Chart.escaped("\(pages.base)/sitemaps/\($0)"))</loc></sitemap>\n"
            }
            return Self.text(
                "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<sitemapindex xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n"
                    + own + entities.joined() + "</sitemapindex>\n", "application/xml")
        }
        router.get("/sitemaps/{part}", use: sitemap)
        router.get("/healthz") { _, _ in
            _ = try await open.pool.query("SELECT 1")
            return Self.text("ok\n", "text/plain; charset=utf-8")
        }
    }

    @Sendable private func sitemap(_ request: Request, _ context: WebContext) async throws -> Response {
        let part = try Self.segment("part", context)
        var urls: [String] = []
        if part == "pages.xml" {
            let fixed = [
                "", "/results", "/draws", "/plans", "/items", "/joint", "/departments", "/documents", "/rules",
                "/audit", "/timeliness", "/rates", "/calendar", "/check", "/about",
            ]
            urls = fixed.map { "<url><loc>\(pages.base)\($0)</loc></url>\n" }
            for draw in try await open.draws(after: nil, size: 1_000).rows {
                guard case .string(let address)? = draw["address"] else { continue }
                urls.append("<url><loc>\(Chart.escaped(pages.base + address))</loc></url>\n")
            }
        } else {
            guard try await sitemapParts.value { try await open.sitemapParts(of: Self.sitemapSize) }.contains(part)
            else { throw HTTPError(.notFound) }
            urls = try await open.sitemapPart(from: part, size: Self.sitemapSize).map { entity in
                "<url><loc>\(Chart.escaped("\(pages.base)/entities/\(FormFields.encode(entity.id))"))</loc><lastmod>\(entity.day)</lastmod></url>\n"
            }
        }
        return Self.text(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n"
                + urls.joined() + "</urlset>\n", "application/xml")
    }

    private static func text(_ text: String, _ type: String) -> Response {
        Response(
            status: .ok, headers: [.contentType: type, .cacheControl: "public, max-age=3600"],
            body: .init(byteBuffer: ByteBuffer(string: text)))
    }
}
