import Crypto
import HTTPTypes
public import Hummingbird

/// Files that pages need: styles, scripts, pictures. They are in the program and each is served at an address that
/// holds its hash, so that browsers keep it for good.
public struct Assets: Sendable {
    private struct Asset {
        let body: ByteBuffer
        let type: String
        let tag: String
    }

    private let assets: [String: Asset]

    /// - Parameter files: by name, such as `site.css`; the name's end says the type.
    public init(_ files: [(name: String, bytes: [UInt8])]) {
        var assets: [String: Asset] = [:]
        for (name, bytes) in files {
            let digest = SHA256.hash(data: bytes).prefix(8).map { byte in
                let digits = String(byte, radix: 16)
                return digits.count == 1 ? "0" + digits : digits
            }
            assets[name] = Asset(
                body: ByteBuffer(bytes: bytes), type: Self.type(of: name), tag: digest.joined())
        }
        self.assets = assets
    }

    /// Address of each asset by name, with `.` and `-` as `_`: what templates use as `{{asset.site_css}}`.
    public var addresses: [String: String] {
        Dictionary(
            assets.map { name, asset in
                (String(name.map { $0 == "." || $0 == "-" ? "_" : $0 }), "/assets/\(asset.tag)/\(name)")
            }, uniquingKeysWith: { first, _ in first })
    }

    /// Answers for `/assets/{tag}/{name}` and `/assets/{name}`.
    public func addRoutes<Context: WebRequestContext>(to router: Router<Context>) {
        router.get("assets/{first}/{name}") { request, context in
            respond(to: request, name: context.parameters.get("name") ?? "", tag: context.parameters.get("first"))
        }
        router.get("assets/{first}") { request, context in
            respond(to: request, name: context.parameters.get("first") ?? "", tag: nil)
        }
    }

    private func respond(to request: Request, name: String, tag: String?) -> Response {
        guard let asset = assets[name] else { return Response(status: .notFound) }
        let etag = "\"\(asset.tag)\""
        var headers: HTTPFields = [
            .contentType: asset.type, .eTag: etag,
            .cacheControl: tag == asset.tag ? "public, max-age=31536000, immutable" : "no-cache",
        ]
        if request.headers[.ifNoneMatch]?.contains(etag) == true {
            headers[.contentType] = nil
            return Response(status: .notModified, headers: headers)
        }
        return Response(status: .ok, headers: headers, body: .init(byteBuffer: asset.body))
    }

    static func type(of name: String) -> String {
        switch name.split(separator: ".").last {
        case "css": "text/css; charset=utf-8"
        case "js", "mjs": "text/javascript; charset=utf-8"
        case "svg": "image/svg+xml"
        case "json": "application/json"
        case "png": "image/png"
        case "txt", "py", "tsv": "text/plain; charset=utf-8"
        default: "application/octet-stream"
        }
    }
}
