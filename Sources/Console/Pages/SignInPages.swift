import HTTPTypes
import Hummingbird
import Web

extension Console {
    func addSignIn(to router: Router<ConsoleContext>) {
        router.get("sign-in") { request, context in
            if context.session != nil { return Response.redirect(to: "/home", type: .normal) }
            let target = (try? FormFields(parsing: request.uri.query ?? ""))?["to"] ?? ""
            return try signInPage(to: target, for: request, context)
        }
        router.post("sign-in") { request, context in
            let fields = try await FormFields(of: request, upTo: 16_384)
            let target = fields["to"] ?? ""
            let cookie = SessionCookie(settings, for: "sign-in")
            guard let secret = cookie.read(request), secret.isToken(fields["~token"] ?? "", for: "/sign-in") else {
                return try signInPage(to: target, "sign_in_stale", .forbidden, for: request, context)
            }
            let login = fields["login"] ?? ""
            let outcome = try await sessions.signIn(
                login: login, password: fields["password"] ?? "", address: address(of: request, context),
                old: context.session?.secret)
            switch outcome {
            case .signedIn(let session):
                var response = seeOther(Self.local(target))
                SessionCookie(settings).set(session.secret, on: &response)
                cookie.clear(on: &response)
                return response
            case .refused:
                return try signInPage(to: target, login: login, "sign_in_refused", .unauthorized, for: request, context)
            case .limited(let seconds):
                let words = Words("尝试过多，请 \(seconds) 秒后再试。", "Too many attempts; try again in \(seconds) seconds.")
                var response = try signInPage(
                    to: target, login: login, message: words(context.language), .tooManyRequests, for: request, context)
                response.headers[.retryAfter] = String(seconds)
                return response
            }
        }
        router.post("sign-out") { request, context in
            _ = try await sent(request, context)
            try await sessions.signOut(try context.signedIn(), address: address(of: request, context))
            var response = seeOther("/sign-in")
            SessionCookie(settings).clear(on: &response)
            return response
        }
    }

    private func signInPage(
        to target: String, login: String = "", _ key: String? = nil, message: String? = nil,
        _ status: HTTPResponse.Status = .ok, for request: Request, _ context: ConsoleContext
    ) throws -> Response {
        let cookie = SessionCookie(settings, for: "sign-in")
        let secret = cookie.read(request) ?? SessionSecret()
        var values: [String: Any] = [
            "token": secret.formToken(for: "/sign-in"), "to": Self.local(target), "login": login,
        ]
        values["message"] = message ?? key.map { looks.texts.text($0, context.language) }
        var response = try looks.page(
            "sign-in", title: looks.texts.text("sign_in_title", context.language), values, status: status, for: request,
            context)
        cookie.set(secret, on: &response)
        return response
    }

    /// An address of this site; the start for any other, so that nobody is sent elsewhere after the sign-in.
    static func local(_ target: String) -> String {
        guard target.hasPrefix("/"), !target.hasPrefix("//"), !target.hasPrefix("/sign-"), !target.contains("\\"),
            target.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
        else { return "/home" }
        return target
    }
}
