import Foundation
import Hummingbird
import Web

/// How the console's pages look, for each kind of person: the navigation has what they can use.
struct Looks: Sendable {
    /// Before the sign-in.
    let plain: Site
    private let department: Site
    private let office: Site
    private let operation: Site

    var texts: Texts { plain.texts }

    init() throws {
        let daily = [
            Site.Destination("/home", text: "nav_home"), Site.Destination("/visits", text: "nav_visits"),
            Site.Destination("/leads", text: "nav_leads"), Site.Destination("/plans", text: "nav_plans"),
            Site.Destination("/items", text: "nav_catalogue"), Site.Destination("/rounds", text: "nav_rounds"),
            Site.Destination("/returns", text: "nav_returns"), Site.Destination("/deadlines", text: "nav_deadlines"),
            Site.Destination("/ledger", text: "nav_ledger"),
            Site.Destination("/publications", text: "nav_publications"),
            Site.Destination("/quarantine", text: "nav_quarantine"),
            Site.Destination("/dead-letters", text: "nav_letters"), Site.Destination("/rules", text: "nav_rules"),
        ]
        let running = [Site.Destination("/operations", text: "nav_operations")]
        plain = try Self.site([])
        department = try Self.site(daily)
        office = try Self.site(daily + [Site.Destination("/circular", text: "nav_circular")] + running)
        operation = try Self.site(daily + running)
    }

    private static func site(_ navigation: [Site.Destination]) throws -> Site {
        try Site(
            texts: [("console.tsv", PackageResources.console_tsv)],
            templates: [
                ("blocks", PackageResources.blocks_mustache), ("cell", PackageResources.cell_mustache),
                ("field", PackageResources.field_mustache), ("form", PackageResources.form_mustache),
                ("pair", PackageResources.pair_mustache), ("post", PackageResources.post_mustache),
                ("row", PackageResources.row_mustache), ("sheet", PackageResources.sheet_mustache),
                ("sign-in", PackageResources.sign_in_mustache), ("tools", PackageResources.tools_mustache),
                ("variant", PackageResources.variant_mustache),
            ],
            assets: [
                ("console.css", PackageResources.console_css), ("console.js", PackageResources.console_js),
            ], navigation: navigation, styles: ["console.css"], scripts: ["console.js"])
    }

    private func site(for account: Account?) -> Site {
        guard let account else { return plain }
        if account.seesAll { return office }
        return account.operates ? operation : department
    }

    /// A page in its frame, with who is signed in at the top.
    func page(
        _ template: String, title: String, _ values: [String: Any], status: HTTPResponse.Status = .ok,
        for request: Request, _ context: ConsoleContext
    ) throws -> Response {
        var values = values
        let site = site(for: context.session?.account)
        if let session = context.session {
            values["tools"] = try site.fragment(
                "tools",
                [
                    "name": session.account.name, "department": session.account.department,
                    "duties": session.account.duties.map { context.language == .chinese ? $0.chinese : $0.rawValue }
                        .sorted().joined(separator: "、"),
                    "token": session.secret.formToken(for: "/sign-out"),
                ], language: context.language)
        }
        return try site.page(template, title: title, values, status: status, for: request, in: context)
    }

    /// A page of reading.
    func sheet(_ sheet: Sheet, for request: Request, _ context: ConsoleContext) throws -> Response {
        var values: [String: Any] = ["blocks": sheet.blocks.map { $0.view(context.language) }]
        if let crumb = sheet.crumb { values["crumb"] = ["text": crumb.text(context.language), "link": crumb.link] }
        if let live = sheet.live { values["live"] = live }
        if let refresh = sheet.refresh { values["refresh"] = String(refresh) }
        return try page("sheet", title: sheet.title(context.language), values, for: request, context)
    }

    /// The parts of a page without the frame, for what changes while it is looked at.
    func blocks(_ blocks: [Block], _ language: Language) throws -> String {
        try plain.fragment("blocks", ["blocks": blocks.map { $0.view(language) }], language: language)
    }

    /// A form that only needs pressing, or a few fields.
    func post(
        to action: String, _ session: Session, button: Words, fields: String = "", _ language: Language
    ) throws -> Block {
        .form(
            try plain.fragment(
                "post",
                [
                    "action": action, "token": session.secret.formToken(for: action), "button": button(language),
                    "fields": fields, "entry": !fields.isEmpty,
                ], language: language))
    }
}
