import HTTPTypes
import Hummingbird
import Logging
import Web

/// Stands before every page (门禁): finds who is signed in, sends others to the sign-in, refuses what other sites send,
/// and keeps pages out of caches.
struct Gate: RouterMiddleware {
    let console: Console

    func handle(
        _ request: Request, context: ConsoleContext, next: (Request, ConsoleContext) async throws -> Response
    ) async throws -> Response {
        let path = request.uri.path
        if path.hasPrefix("/assets/") { return try await next(request, context) }
        var context = context
        if request.method != .get, request.method != .head, isForeign(request) {
            return Response(status: .forbidden)
        }
        if let secret = SessionCookie(console.settings).read(request) {
            do {
                context.session = try await console.sessions.find(secret, counts: !path.hasSuffix("/progress"))
            } catch {
                console.logger.error("sessions cannot be read", metadata: ["error": "\(error)"])
                return Response(status: .serviceUnavailable)
            }
        }
        if context.session == nil, path != "/sign-in" {
            guard request.method == .get, !path.hasSuffix("/progress") else { return Response(status: .unauthorized) }
            let target = request.uri.query.map { path + "?" + $0 } ?? path
            return .redirect(to: "/sign-in?to=" + FormFields.encode(target), type: .normal)
        }
        var response = try await next(request, context)
        response.headers[.cacheControl] = "no-store"
        return response
    }

    /// Whether a browser says that another site's page sent it.
    private func isForeign(_ request: Request) -> Bool {
        let site = HTTPField.Name("Sec-Fetch-Site").flatMap { request.headers[$0] }
        if let site, site != "same-origin", site != "none" { return true }
        guard let origin = request.headers[.origin] else { return false }
        if let own = console.settings.origin { return origin != own }
        return origin != "http://\(request.head.authority ?? "")"
    }
}

/// The cookie that holds a session's secret: not for scripts, not for other sites, over TLS only unless on loopback.
struct SessionCookie {
    private let isSecure: Bool
    private let name: String

    /// - Parameter purpose: the sign-in page has one of its own, for its form.
    init(_ settings: ConsoleSettings, for purpose: String = "session") {
        isSecure = settings.isSecure
        name = (settings.isSecure ? "__Host-" : "") + "yaohao-" + purpose
    }

    func read(_ request: Request) -> SessionSecret? {
        request.cookies[name].flatMap { SessionSecret(text: $0.value) }
    }

    func set(_ secret: SessionSecret, on response: inout Response) {
        response.setCookie(
            Cookie(name: name, value: secret.text, path: "/", secure: isSecure, httpOnly: true, sameSite: .strict))
    }

    func clear(on response: inout Response) {
        response.setCookie(
            Cookie(name: name, value: "", maxAge: 0, path: "/", secure: isSecure, httpOnly: true, sameSite: .strict))
    }
}
