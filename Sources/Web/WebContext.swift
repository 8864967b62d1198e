import HTTPTypes
public import Hummingbird
import NIOCore

/// How an answer is written: chosen by the address's end, such as `.json`, else by `Accept`.
public enum Format: String, CaseIterable, Sendable, Hashable {
    /// A page.
    case html
    /// The same as data (RFC 8259).
    case json
    /// A feed (RFC 4287).
    case atom

    /// Its media type.
    public var contentType: String {
        switch self {
        case .html: "text/html; charset=utf-8"
        case .json: "application/json"
        case .atom: "application/atom+xml; charset=utf-8"
        }
    }
}

/// What every request of our sites carries besides what Hummingbird needs.
public protocol WebRequestContext: RequestContext {
    /// What to answer in.
    var language: Language { get set }
    /// How to answer.
    var format: Format { get set }
    /// The client's address, as the server sees it: a proxy's when there is one.
    var remoteAddress: String? { get }
}

extension WebRequestContext {
    /// Who asks, for limits: the client's address, or, where a proxy on this machine hands it on, what the proxy says in the
    /// last part of `X-Forwarded-For`. From elsewhere the header is not believed.
    public func client(of request: Request) -> String {
        let address = remoteAddress ?? "-"
        guard address.hasPrefix("127.") || address == "::1",
            let name = HTTPField.Name("X-Forwarded-For"),
            let last = request.headers[name]?.split(separator: ",").last?.trimmingSpaces(), !last.isEmpty
        else { return address }
        return String(last.prefix(64))
    }
}

/// A request's context where a site needs no more than language and format.
public struct WebContext: WebRequestContext {
    /// What Hummingbird keeps.
    public var coreContext: CoreRequestContextStorage
    /// What to answer in.
    public var language: Language = .chinese
    /// How to answer.
    public var format: Format = .html
    /// The client's address.
    public let remoteAddress: String?

    /// Made by the server for each request.
    public init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        remoteAddress = source.channel.remoteAddress?.ipAddress
    }
}

/// Decides language and format before the address is looked up, so that `/items.json` is `/items` as data.
///
/// A choice by `?lang=` is kept in a cookie for a year. Addresses below `/assets/` are taken as they are.
public struct Negotiating<Inner: HTTPResponder>: HTTPResponder where Inner.Context: WebRequestContext {
    /// The context of the site.
    public typealias Context = Inner.Context

    /// The longest address that is read, in bytes.
    static var longestAddress: Int { 8_192 }

    private let inner: Inner
    private let formats: Set<Format>

    /// - Parameters:
    ///   - formats: what the site has besides pages.
    ///   - inner: who answers.
    public init(formats: Set<Format>, inner: Inner) {
        self.formats = formats
        self.inner = inner
    }

    /// Answers as `inner` does.
    public func respond(to request: Request, context: Context) async throws -> Response {
        var request = request
        var context = context
        let target = request.head.path ?? "/"
        guard target.utf8.count <= Self.longestAddress else { return Response(status: .uriTooLong) }
        let path = target.prefix { $0 != "?" }
        let isAsset = path.hasPrefix("/assets/")
        if !isAsset {
            if let format = formats.first(where: { path.hasSuffix("." + $0.rawValue) }) {
                context.format = format
                var head = request.head
                head.path = String(path.dropLast(format.rawValue.count + 1)) + target.dropFirst(path.count)
                request = Request(head: head, body: request.body)
            } else {
                context.format = Self.accepted(request.headers[.accept], of: formats)
            }
        }
        let asked = try? FormFields(parsing: request.uri.query ?? "")["lang"]
        context.language = .negotiated(
            query: asked, cookie: request.cookies[Language.cookie]?.value, accepted: request.headers[.acceptLanguage])
        var response = try await inner.respond(to: request, context: context)
        if !isAsset {
            response.headers[.vary] = "Accept, Accept-Language, Cookie"
            if response.headers[.contentLanguage] == nil, context.format == .html {
                response.headers[.contentLanguage] = context.language.tag
            }
            if let asked, Language(rawValue: asked) != nil {
                response.setCookie(
                    Cookie(
                        name: Language.cookie, value: context.language.rawValue, maxAge: 31_536_000, path: "/",
                        secure: false, httpOnly: true, sameSite: .lax))
            }
        }
        return response
    }

    /// The format that a client names first among those the site has; a page unless it says otherwise.
    static func accepted(_ header: String?, of formats: Set<Format>) -> Format {
        for range in (header ?? "").split(separator: ",").prefix(32) {
            let type = range.prefix { $0 != ";" }.trimmingSpaces().lowercased()
            if type == "text/html" || type == "*/*" { return .html }
            let named = Format.allCases.first { formats.contains($0) && $0.contentType.hasPrefix(type) }
            if let named, type.contains("/") { return named }
        }
        return .html
    }
}
