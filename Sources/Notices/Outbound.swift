import Cluster
import Crypto
import Foundation
import JSON

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// Something that is posted (HTTP 推送).
struct HTTPPost: Sendable, Hashable {
    let url: URL
    let headers: [String: String]
    let body: [UInt8]
    let timeoutSeconds: Int

    /// A publication for a site. The signature is Ed25519 over the body's bytes; the id makes repeats harmless.
    ///
    /// Source: draft-ietf-httpapi-idempotency-key-header for the name of that header; RFC 8032.
    static func publication(id: String, body: [UInt8], to site: Site, key: SigningKey) throws -> HTTPPost {
        HTTPPost(
            url: site.url, headers: try signed(id: id, body: body, key: key), body: body,
            timeoutSeconds: site.timeoutSeconds)
    }

    /// A channel's message; `nil` for mail.
    ///
    /// - Parameters:
    ///   - text: as `Templates.text(of:for:)` made it.
    ///   - milliseconds: since 1970, for a signed address.
    static func message(
        id: String, text: String, to channel: Channel, key: SigningKey?, milliseconds: Int
    ) throws -> HTTPPost? {
        let json = ["Content-Type": "application/json; charset=utf-8"]
        switch channel.kind {
        case .mail: return nil
        case .webhook(let url):
            let body = Array(text.utf8)
            let headers = try key.map { try signed(id: id, body: body, key: $0) }
            return HTTPPost(
                url: url, headers: headers ?? json.merging(["Idempotency-Key": id]) { first, _ in first }, body: body,
                timeoutSeconds: 20)
        case .wecom(let url):
            let body: JSONValue = ["msgtype": "markdown", "markdown": ["content": .string(text)]]
            return HTTPPost(url: url, headers: json, body: body.canonical, timeoutSeconds: 20)
        case .dingtalk(let url, let secret):
            let lines = text.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
            let body: JSONValue = [
                "msgtype": "markdown",
                "markdown": ["title": .string(String(lines[0])), "text": .string(String(lines.last ?? ""))],
            ]
            return HTTPPost(
                url: secret.map { dingtalk(url, secret: $0, milliseconds: milliseconds) } ?? url, headers: json,
                body: body.canonical, timeoutSeconds: 20)
        }
    }

    private static func signed(id: String, body: [UInt8], key: SigningKey) throws -> [String: String] {
        [
            "Content-Type": "application/json; charset=utf-8",
            "Idempotency-Key": id.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? id,
            "Yaohao-Key-Id": key.keyID, "Yaohao-Signature": Data(try key.signature(of: body)).base64EncodedString(),
        ]
    }

    /// The signed address of a robot (加签): `sign` is the base64 of the HMAC-SHA256 of `timestamp\nsecret` under the
    /// secret.
    ///
    /// Source: 钉钉开放平台《自定义机器人的安全设置》.
    static func dingtalk(_ url: URL, secret: String, milliseconds: Int) -> URL {
        let code = HMAC<SHA256>.authenticationCode(
            for: Data("\(milliseconds)\n\(secret)".utf8), using: SymmetricKey(data: Data(secret.utf8)))
        var unreserved = CharacterSet.alphanumerics
        unreserved.insert(charactersIn: "-._~")
        let sign = Data(code).base64EncodedString().addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
        var parts = URLComponents(url: url, resolvingAgainstBaseURL: false)
        let query = parts?.percentEncodedQuery.map { $0 + "&" } ?? ""
        parts?.percentEncodedQuery = query + "timestamp=\(milliseconds)&sign=\(sign)"
        return parts?.url ?? url
    }
}

/// What came back.
struct HTTPAnswer: Sendable, Hashable {
    let status: Int
    let body: [UInt8]

    /// Whether it was taken. The robots answer 200 also when they refuse, and say so in `errcode`.
    func isTaken(byRobot: Bool) -> Bool {
        guard (200..<300).contains(status) else { return false }
        guard byRobot else { return true }
        guard let answer = try? JSONValue(parsing: body), case .integer(let code)? = answer["errcode"] else {
            return false
        }
        return code == 0
    }
}

/// Posts by HTTP. Redirects are not followed: what is signed for one site is not handed to another.
final class HTTPClient: NSObject, URLSessionTaskDelegate, Sendable {
    func post(_ request: HTTPPost) async throws -> HTTPAnswer {
        let configuration = URLSessionConfiguration.ephemeral
        configuration.timeoutIntervalForRequest = Double(request.timeoutSeconds)
        configuration.timeoutIntervalForResource = Double(request.timeoutSeconds)
        configuration.httpCookieStorage = nil
        let session = URLSession(configuration: configuration, delegate: self, delegateQueue: nil)
        defer { session.finishTasksAndInvalidate() }
        var message = URLRequest(url: request.url)
        message.httpMethod = "POST"
        for (name, value) in request.headers { message.setValue(value, forHTTPHeaderField: name) }
        message.httpBody = Data(request.body)
        let (data, response) = try await session.data(for: message)
        guard let response = response as? HTTPURLResponse else { throw URLError(.badServerResponse) }
        return HTTPAnswer(status: response.statusCode, body: Array(data))
    }

    func urlSession(
        _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse,
        newRequest request: URLRequest, completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) { completionHandler(nil) }
}
