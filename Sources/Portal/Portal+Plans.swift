import Hummingbird
import JSON
import Web

extension Portal {
    func addPlans(to router: Router<WebContext>) {
        router.get("/plans") { request, context in
            let year = try number("year", Self.fields(request), in: 2000...2200, context)
            let data = try await open.plans(year: year)
            return try pages.answer(
                Page(template: "plans", title: pages.text("plans", context), data: data), to: request, context)
        }
        router.get("/plans/{plan}") { request, context in
            let version = try number("version", Self.fields(request), in: 1...1_000_000, context)
            guard let plan = try await open.plan(Self.segment("plan", context), version: version) else {
                throw HTTPError(.notFound)
            }
            return try pages.answer(
                Page(template: "plan", title: plan["title"]?.forTemplate as? String ?? "", data: plan), to: request,
                context)
        }
        router.get("/calendar") { request, context in try await calendar(nil, request, context) }
        router.get("/calendar/{year}") { request, context in
            guard let year = Int(try Self.segment("year", context)), (2000...2200).contains(year) else {
                throw HTTPError(.notFound)
            }
            return try await calendar(year, request, context)
        }
    }

    private func calendar(_ year: Int?, _ request: Request, _ context: WebContext) async throws -> Response {
        let plans = try await open.plans(year: year)
        let year = year ?? plans["year"]?.forTemplate as? Int ?? 2026
        var calendar = try await open.calendar(year)
        if case .object(var members) = calendar {
            members["years"] = plans["years"]
            calendar = .object(members)
        }
        return try pages.answer(
            Page(template: "calendar", title: pages.text("calendar", context) + " \(year)", data: calendar),
            to: request,
            context)
    }
}
