import HTTPTypes
public import Hummingbird
import JSON
import Logging

/// Turns what handlers throw into a page, or into problem details (RFC 9457) where data was asked for.
///
/// What went wrong inside is logged with the request's number and never shown.
public struct ErrorPages<Context: WebRequestContext>: RouterMiddleware {
    private let site: Site
    private let known: @Sendable (any Error) -> HTTPError?

    /// - Parameters:
    ///   - site: how pages look.
    ///   - known: errors that are no fault of the program, such as a database that is away (503).
    public init(_ site: Site, known: @escaping @Sendable (any Error) -> HTTPError? = { _ in nil }) {
        self.site = site
        self.known = known
    }

    /// Answers as the next would, or with the error.
    public func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let failure: HTTPError
        do {
            let response = try await next(request, context)
            guard response.status.kind == .clientError, response.headers[.contentType] == nil else { return response }
            failure = HTTPError(response.status, headers: response.headers)
        } catch let error as HTTPError {
            failure = error
        } catch let error as FormFields.Problem {
            failure = HTTPError(.badRequest, message: site.texts.text("error_\(error.key)", context.language))
        } catch let error as any HTTPResponseError {
            failure = HTTPError(error.status)
        } catch {
            failure = known(error) ?? HTTPError(.internalServerError)
            context.logger.error("a request failed", metadata: ["error": "\(error)", "path": "\(request.uri.path)"])
        }
        return try answer(failure, to: request, context)
    }

    private func answer(_ failure: HTTPError, to request: Request, _ context: Context) throws -> Response {
        let code = failure.status.code
        let title = site.texts.text("error_\(code)", context.language)
        let heading = title == "error_\(code)" ? site.texts.text("error", context.language) : title
        var response: Response
        if context.format == .html {
            var values: [String: Any] = ["code": code, "heading": heading]
            if let message = failure.body { values["message"] = message }
            if code >= 500 { values["request"] = context.logger[metadataKey: "hb.request.id"]?.description ?? "-" }
            response = try site.page(
                "error", title: heading, values, status: failure.status, for: request, in: context)
        } else {
            let problem: JSONValue = [
                "type": "about:blank", "status": .integer(code), "title": .string(heading),
                "detail": .nullable(failure.body),
            ]
            response = Response(
                status: failure.status, headers: [.contentType: "application/problem+json"],
                body: .init(byteBuffer: ByteBuffer(bytes: problem.canonical)))
        }
        response.headers[.cacheControl] = "no-store"
        for field in failure.headers where field.name != .contentType && field.name != .contentLength {
            response.headers[field.name] = field.value
        }
        return response
    }
}

extension FormFields.Problem {
    /// The end of its text's key.
    var key: String {
        switch self {
        case .malformed: "malformed"
        case .tooMany: "too_many"
        }
    }
}
