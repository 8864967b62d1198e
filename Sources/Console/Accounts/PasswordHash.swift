import Crypto
import CryptoExtras
import Foundation

/// A password's hash (scrypt, RFC 7914), as text that carries its own parameters and salt:
/// `$scrypt$ln=15,r=8,p=3$SALT$HASH`, in base64 without padding.
///
/// Source: the PHC string format; parameters as OWASP's Password Storage Cheat Sheet has them, 32 MiB a computation.
public struct PasswordHash: Sendable, Hashable {
    /// Binary logarithm of the number of rounds.
    let logarithm: Int
    let blockSize: Int
    let parallelism: Int
    let salt: [UInt8]
    let hash: [UInt8]

    /// The shortest password that is taken, in characters.
    public static let shortest = 12
    /// The longest, in bytes of UTF-8.
    public static let longest = 256

    /// What is wrong with a new password, in Chinese and English; `nil` when it will do.
    public static func problem(of password: String, login: String) -> String? {
        if password.count < shortest {
            return "密码至少 \(shortest) 个字符，可用几个不相干的词 / is shorter than \(shortest) characters; use a few unrelated words"
        }
        if password.utf8.count > longest { return "密码超过 \(longest) 字节 / is longer than \(longest) bytes" }
        if Set(password).count < 5 || password.lowercased().contains(login) {
            return "密码不能只用几个字符重复，也不能含有账号 / repeats few characters, or contains the login; choose another"
        }
        return nil
    }

    /// The hash of a new password, with a new salt of the operating system's randomness.
    public init(of password: String) throws {
        try self.init(of: password, salt: SymmetricKey(size: .bits128).withUnsafeBytes { Array($0) })
    }

    init(of password: String, salt: [UInt8], logarithm: Int = 15, blockSize: Int = 8, parallelism: Int = 3) throws {
        self.logarithm = logarithm
        self.blockSize = blockSize
        self.parallelism = parallelism
        self.salt = salt
        hash = try Self.derive(password, salt, logarithm, blockSize, parallelism)
    }

    /// Reads the text back; `nil` when it is no such hash.
    public init?(text: String) {
        let parts = text.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0].isEmpty, parts[1] == "scrypt" else { return nil }
        var numbers: [Substring: Int] = [:]
        for parameter in parts[2].split(separator: ",") {
            let pair = parameter.split(separator: "=")
            guard pair.count == 2, let number = Int(pair[1]) else { return nil }
            numbers[pair[0]] = number
        }
        guard let logarithm = numbers["ln"], (10...20).contains(logarithm), let blockSize = numbers["r"],
            (1...32).contains(blockSize), let parallelism = numbers["p"], (1...16).contains(parallelism),
            let salt = Self.bytes(parts[3]), let hash = Self.bytes(parts[4]), hash.count == 32
        else { return nil }
        self.logarithm = logarithm
        self.blockSize = blockSize
        self.parallelism = parallelism
        self.salt = salt
        self.hash = hash
    }

    /// The hash with its parameters and salt.
    public var text: String {
        "$scrypt$ln=\(logarithm),r=\(blockSize),p=\(parallelism)$\(Self.text(salt))$\(Self.text(hash))"
    }

    /// Whether it is this password's; takes as long for a wrong one.
    public func matches(_ password: String) -> Bool {
        guard password.utf8.count <= Self.longest,
            let other = try? Self.derive(password, salt, logarithm, blockSize, parallelism)
        else { return false }
        return zip(hash, other).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }

    private static func derive(
        _ password: String, _ salt: [UInt8], _ logarithm: Int, _ blockSize: Int, _ parallelism: Int
    ) throws -> [UInt8] {
        // The same characters, however a keyboard composes them.
        let normal = password.precomposedStringWithCanonicalMapping
        return try KDF.Scrypt.deriveKey(
            from: Array(normal.utf8), salt: salt, outputByteCount: 32, rounds: 1 << logarithm, blockSize: blockSize,
            parallelism: parallelism
        ).withUnsafeBytes { Array($0) }
    }

    private static func text(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString().replacing("=", with: "")
    }

    private static func bytes(_ text: Substring) -> [UInt8]? {
        Data(base64Encoded: text + String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)).map { Array($0) }
    }
}

/// Computes hashes one at a time, away from the threads that serve pages: each takes 32 MiB and a good part of a second,
/// and whoever sends many passwords at once only makes his own line longer.
final class PasswordDesk: Sendable {
    /// Too many wait already.
    struct Busy: Error {}

    private let queue = DispatchQueue(label: "passwords")
    private let line = WaitingLine(places: 32)

    /// Whether the password is the hash's.
    ///
    /// - Throws: `Busy`.
    func matches(_ password: String, _ hash: PasswordHash) async throws -> Bool {
        guard await line.enter() else { throw Busy() }
        let matches = await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: hash.matches(password)) }
        }
        await line.leave()
        return matches
    }
}

/// Counts who waits.
private actor WaitingLine {
    let places: Int
    var waiting = 0

    init(places: Int) { self.places = places }

    func enter() -> Bool {
        guard waiting < places else { return false }
        waiting += 1
        return true
    }

    func leave() { waiting -= 1 }
}
