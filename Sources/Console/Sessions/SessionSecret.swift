import Crypto
import Foundation

/// The random id of a session (会话标识), 256 bits, which only the browser has; the database has its SHA-256.
public struct SessionSecret: Sendable, Hashable {
    private let bytes: [UInt8]

    /// A new one of the operating system's randomness.
    public init() { bytes = SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) } }

    /// Reads a cookie's value; `nil` when it is none of ours.
    public init?(text: some StringProtocol) {
        let standard = String(text).replacing("-", with: "+").replacing("_", with: "/")
        guard text.utf8.count == 43, let data = Data(base64Encoded: standard + "="), data.count == 32 else {
            return nil
        }
        bytes = Array(data)
    }

    /// The cookie's value: base64url without padding.
    public var text: String {
        Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    /// What the database knows it by.
    public var hash: [UInt8] { Array(SHA256.hash(data: bytes)) }

    /// The token that a form carries (防跨站令牌): of this session and this form's address, and good for no other.
    ///
    /// Source: OWASP Cross-Site Request Forgery Prevention, HMAC-based token pattern.
    public func formToken(for action: String) -> String {
        HMAC<SHA256>.authenticationCode(for: Array("form:\(action)".utf8), using: SymmetricKey(data: bytes))
            .map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// Whether a form's token is this session's for the address; takes as long for a wrong one.
    public func isToken(_ token: String, for action: String) -> Bool {
        let expected = formToken(for: action)
        guard token.utf8.count == expected.utf8.count else { return false }
        return zip(token.utf8, expected.utf8).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
