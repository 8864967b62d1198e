import Crypto
import HTTPTypes
public import Hummingbird
import JSON
public import Postgres
public import Web

/// The open site (公示网站): whatever the schema `open` holds, for anyone, as pages, as data and as feeds.
///
/// It reads with its own role and writes nothing. 固政办发〔2021〕32号 四（四）、五（三）: 一公开.
public struct Portal: Sendable {
    let open: OpenData
    let pages: Pages
    let site: Site
    let limits: Limits
    /// From how many enterprises on a part that is in very many names is searched for otherwise.
    let largeCounty: Int
    let counts = Recent<JSONValue>(for: .seconds(30))
    let departments = Recent<JSONValue>(for: .seconds(30))
    let sitemapParts = Recent<[String]>(for: .seconds(3_600))

    /// How often words of notices may be wrong.
    struct Limits: Sendable {
        let byAddress = AttemptLimit(most: 20, in: .seconds(600))
        let byEntity = AttemptLimit(most: 50, in: .seconds(3_600))
    }

    /// The role that the site's connections take.
    public static let role = "yaohao_portal"
    /// What each of the site's connections is set to: a question that takes long is given up, so that nobody can tie it up.
    public static let setup =
        "SET ROLE yaohao_portal; SET statement_timeout = '5s'; SET default_transaction_read_only = on"

    /// - Parameters:
    ///   - pool: connections with ``setup``.
    ///   - base: the site's address as citizens know it, such as `https://example.gov.cn`; for feeds and the sitemap.
    ///   - largeCounty: from how many enterprises on a part that is in very many names is searched for otherwise.
    /// - Throws: `Texts.Problem`, `Site.Problem` when the program was built with a broken template.
    public init(pool: PostgresPool, base: String, largeCounty: Int = 50_000) throws {
        self.largeCounty = largeCounty
        open = OpenData(pool: pool)
        site = try Site(
            texts: [("portal.tsv", PackageResources.portal_tsv)], templates: Self.templates,
            assets: [("draw-v1.js", PackageResources.draw_v1_js), ("check.js", PackageResources.check_js)],
            navigation: [
                .init("/results", text: "nav_results"), .init("/draws", text: "nav_draws"),
                .init("/plans", text: "nav_plans"), .init("/items", text: "nav_items"),
                .init("/departments", text: "nav_departments"), .init("/pool", text: "nav_pool"),
                .init("/about", text: "nav_about"),
            ])
        pages = Pages(site: site, base: base.hasSuffix("/") ? String(base.dropLast()) : base)
        limits = Limits()
    }

    private static let templates: [(name: String, bytes: [UInt8])] = [
        ("home", PackageResources.home_mustache), ("draw-line", PackageResources.draw_line_mustache),
        ("search", PackageResources.search_mustache),
        ("results", PackageResources.results_mustache), ("result", PackageResources.result_mustache),
        ("result-list", PackageResources.result_list_mustache), ("followed", PackageResources.followed_mustache),
        ("entity", PackageResources.entity_mustache), ("departments", PackageResources.departments_mustache),
        ("department", PackageResources.department_mustache), ("items", PackageResources.items_mustache),
        ("item", PackageResources.item_mustache), ("documents", PackageResources.documents_mustache),
        ("rules", PackageResources.rules_mustache), ("audit", PackageResources.audit_mustache),
        ("plans", PackageResources.plans_mustache), ("plan", PackageResources.plan_mustache),
        ("calendar", PackageResources.calendar_mustache), ("draws", PackageResources.draws_mustache),
        ("draw", PackageResources.draw_mustache), ("visits", PackageResources.visits_mustache),
        ("check", PackageResources.check_mustache), ("pool", PackageResources.pool_mustache),
        ("timeliness", PackageResources.timeliness_mustache), ("rates", PackageResources.rates_mustache),
        ("about", PackageResources.about_mustache), ("pager", PackageResources.pager_mustache),
    ]

    /// Answers every request.
    public func responder() -> some HTTPResponder<WebContext> {
        let router = Router(context: WebContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: SecurityHeaders())
        router.add(
            middleware: ErrorPages(site) { error in
                guard let error = error as? PostgresError else { return nil }
                // 57014: the question took longer than the site waits.
                if error.sqlState == "57014" { return HTTPError(.unprocessableContent) }
                return error.isConnectionLost || error.code == .connection || error.code == .timeout
                    ? HTTPError(.serviceUnavailable, headers: [.retryAfter: "10"]) : nil
            })
        site.assets.addRoutes(to: router)
        addResults(to: router)
        addCatalogue(to: router)
        addPlans(to: router)
        addDraws(to: router)
        addPool(to: router)
        addIndexes(to: router)
        return Negotiating(formats: [.json, .atom], inner: router.buildResponder())
    }

    // MARK: Reading requests

    static func fields(_ request: Request) throws -> FormFields { try FormFields(parsing: request.uri.query ?? "") }

    /// A part of the address without its escapes.
    static func segment(_ name: String, _ context: some RequestContext) throws -> String {
        guard let text = context.parameters.get(name).flatMap({ FormFields.decodeSegment($0) }) else {
            throw HTTPError(.notFound)
        }
        return text
    }

    /// A day, as forms send it; `nil` when it is empty.
    func day(_ name: String, _ fields: FormFields, _ context: WebContext) throws -> String? {
        guard let text = fields.text(name) else { return nil }
        let parts = text.split(separator: "-", omittingEmptySubsequences: false).compactMap { Int($0) }
        guard text.utf8.count == 10, parts.count == 3, (1900...2200).contains(parts[0]), (1...12).contains(parts[1]),
            (1...Self.days(of: parts[1], in: parts[0])).contains(parts[2])
        else { throw HTTPError(.badRequest, message: pages.text("error_day", context)) }
        return text
    }

    private static func days(of month: Int, in year: Int) -> Int {
        switch month {
        case 4, 6, 9, 11: 30
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        default: 31
        }
    }

    /// A year or another number; `nil` when it is empty.
    func number(_ name: String, _ fields: FormFields, in range: ClosedRange<Int>, _ context: WebContext) throws -> Int?
    {
        guard let text = fields.text(name) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw HTTPError(.badRequest, message: pages.text("error_number", context))
        }
        return number
    }

    /// Where a list goes on; `nil` at its beginning.
    func place(_ fields: FormFields, _ context: WebContext) throws -> Place? {
        guard let text = fields["after"], !text.isEmpty else { return nil }
        guard let place = Place(text), (0...4_000_000_000_000_000).contains(place.number) else {
            throw HTTPError(.badRequest, message: pages.text("error_after", context))
        }
        return place
    }

    func cut(_ text: String?) -> String? { text.map { String($0.prefix(100)) } }
}
