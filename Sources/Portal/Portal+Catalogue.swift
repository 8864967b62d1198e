import Hummingbird
import JSON
import Web

extension Portal {
    func addCatalogue(to router: Router<WebContext>) {
        router.get("/departments") { request, context in
            try await list("departments", "departments", open.departments(), request, context)
        }
        router.get("/departments/{department}", use: department)
        router.get("/items") { request, context in try await items(joint: false, request, context) }
        router.get("/joint") { request, context in try await items(joint: true, request, context) }
        router.get("/items/{item}", use: item)
        router.get("/documents") { request, context in
            try await list("documents", "documents", open.documents(), request, context)
        }
        router.get("/rules") { request, context in
            try await list("rules", "rules", open.rules(), request, context)
        }
        router.get("/audit") { request, context in
            let fields = try Self.fields(request)
            let after = try number("after", fields, in: 1...Int(JSONValue.largestInteger), context)
            let heads = try await open.auditHeads(after: after)
            return try pages.answer(
                Page(
                    template: "audit", title: pages.text("audit", context),
                    data: ["heads": .array(heads.rows), "next": .nullable(heads.next)]), to: request, context)
        }
        router.get("/timeliness", use: timeliness)
        router.get("/rates", use: rates)
        router.get("/about") { request, context in
            try pages.answer(
                Page(template: "about", title: pages.text("nav_about", context), data: ["about": .string(pages.base)]),
                to: request, context)
        }
    }

    private func list(
        _ template: String, _ name: String, _ rows: JSONValue, _ request: Request, _ context: WebContext
    ) throws -> Response {
        try pages.answer(
            Page(template: template, title: pages.text(name, context), data: .object([name: rows])), to: request,
            context)
    }

    @Sendable private func department(_ request: Request, _ context: WebContext) async throws -> Response {
        guard let department = try await open.department(Self.segment("department", context)) else {
            throw HTTPError(.notFound)
        }
        let name = department["name"]?.forTemplate as? String ?? ""
        var page = Page(template: "department", title: name, data: department)
        if case .array(let months)? = department["months"] {
            page.extra["chart"] = Self.monthChart(
                months, first: "findings", all: "results", title: pages.text("results_by_month", context))
        }
        return try pages.answer(page, to: request, context)
    }

    /// Bars of months: a part of each, and the rest of it.
    static func monthChart(_ months: [JSONValue], first: String, all: String, title: String) -> String {
        Chart(
            title: title,
            bars: months.map { month in
                let part = month[first]?.forTemplate as? Int ?? 0
                let whole = month[all]?.forTemplate as? Int ?? 0
                return Chart.Bar(
                    label: month["month"]?.forTemplate as? String ?? "", parts: [whole - part, part],
                    note: "\(Presentation.grouped(part)) / \(Presentation.grouped(whole))")
            }
        ).svg
    }

    private func items(joint: Bool, _ request: Request, _ context: WebContext) async throws -> Response {
        let fields = try Self.fields(request)
        let department = cut(fields.text("department"))
        let found = try await open.items(department: department, joint: joint, after: cut(fields["after"]))
        var page = Page(
            template: "items", title: pages.text(joint ? "joint_items" : "items", context),
            data: ["items": .array(found.rows), "next": .nullable(found.next)], extra: ["joint_list": joint])
        if context.format == .html { page.extra["department_choices"] = try await departmentChoices(department) }
        return try pages.answer(page, to: request, context)
    }

    @Sendable private func item(_ request: Request, _ context: WebContext) async throws -> Response {
        guard let item = try await open.item(Self.segment("item", context)) else { throw HTTPError(.notFound) }
        return try pages.answer(
            Page(template: "item", title: item["name"]?.forTemplate as? String ?? "", data: item), to: request, context)
    }

    @Sendable private func timeliness(_ request: Request, _ context: WebContext) async throws -> Response {
        let figures = try await open.timeliness()
        var page = Page(template: "timeliness", title: pages.text("timeliness", context), data: figures)
        if case .array(let months)? = figures["months"] {
            page.extra["chart"] = Self.monthChart(
                months, first: "late", all: "results", title: pages.text("timeliness", context))
        }
        return try pages.answer(page, to: request, context)
    }

    @Sendable private func rates(_ request: Request, _ context: WebContext) async throws -> Response {
        let fields = try Self.fields(request)
        let plans = try await open.plans(year: number("year", fields, in: 2000...2200, context))
        let year = plans["year"]?.forTemplate as? Int ?? 0
        let rows = try await open.rates(year: year)
        let data: JSONValue = ["year": .integer(year), "years": plans["years"] ?? [], "rates": rows]
        var page = Page(template: "rates", title: pages.text("rates", context), data: data)
        if case .array(let departments) = rows {
            page.extra["chart"] =
                Chart(
                    title: page.title,
                    bars: departments.map { department in
                        let rate = department["rate_ppm"]?.forTemplate as? Int ?? 0
                        return Chart.Bar(
                            label: department["department_name"]?.forTemplate as? String ?? "", parts: [rate],
                            note: Presentation.percent((rate + 50) / 100 * 100))
                    }
                ).svg
        }
        return try pages.answer(page, to: request, context)
    }
}
