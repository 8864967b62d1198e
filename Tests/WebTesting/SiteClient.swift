public import HTTPTypes
public import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOEmbedded
public import Web

/// Asks a site without a network, so that tests need neither a port nor a client.
public struct SiteClient: Sendable {
    /// What a site answers.
    public struct Answer: Sendable {
        /// The status code.
        public let status: Int
        /// The header fields.
        public let headers: HTTPFields
        /// The body.
        public let body: [UInt8]

        /// The body as text.
        public var text: String { String(decoding: body, as: UTF8.self) }
    }

    private let ask: @Sendable (Request) async throws -> Answer

    /// - Parameter responder: the site.
    public init(_ responder: some HTTPResponder<WebContext>) {
        ask = { request in
            let logger = Logger(label: "site") { _ in SwiftLogNoOpLogHandler() }
            let context = WebContext(source: .init(channel: EmbeddedChannel(), logger: logger))
            let response = try await responder.respond(to: request, context: context)
            let collected = Collected()
            try await response.body.write(Writer(collected: collected))
            return await Answer(status: response.status.code, headers: response.headers, body: collected.bytes)
        }
    }

    /// Asks by GET, or by POST where there is a body.
    public func callAsFunction(_ path: String, headers: HTTPFields = [:], form: FormFields? = nil) async throws
        -> Answer
    {
        var head = HTTPRequest(
            method: form == nil ? .get : .post, scheme: "http", authority: "site.test", path: path,
            headerFields: headers)
        if form != nil { head.headerFields[.contentType] = "application/x-www-form-urlencoded" }
        return try await ask(
            Request(head: head, body: RequestBody(buffer: ByteBuffer(string: form?.query() ?? ""))))
    }

    private actor Collected {
        var bytes: [UInt8] = []
        func append(_ buffer: ByteBuffer) { bytes += buffer.readableBytesView }
    }

    private struct Writer: ResponseBodyWriter {
        let collected: Collected
        mutating func write(_ buffer: ByteBuffer) async throws { await collected.append(buffer) }
        consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
    }
}
