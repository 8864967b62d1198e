import HTTPTypes
public import Hummingbird

/// Puts on every answer the headers that keep a page to itself: nothing from elsewhere, no frames, no sniffing.
///
/// Source: Content Security Policy Level 3; Referrer Policy; Fetch (`nosniff`).
public struct SecurityHeaders<Context: RequestContext>: RouterMiddleware {
    static var policy: String {
        [
            "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:",
            "connect-src 'self'", "font-src 'self'", "manifest-src 'self'", "form-action 'self'", "base-uri 'none'",
            "frame-ancestors 'none'",
        ].joined(separator: "; ")
    }

    /// The middleware; the same for every page.
    public init() {}

    /// Answers as the next would, with the headers added.
    public func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        response.headers[.contentSecurityPolicy] = Self.policy
        response.headers[.xContentTypeOptions] = "nosniff"
        response.headers[HTTPField.Name("Referrer-Policy") ?? .server] = "same-origin"
        return response
    }
}
