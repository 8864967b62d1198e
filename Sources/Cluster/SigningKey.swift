public import Crypto
import Foundation
import JSON

/// What a key may be used for.
public enum Role: String, Sendable, Hashable, CaseIterable {
    /// Writes registers (两库) by feed.
    case feed
    /// Drafts and changes plans and schemes (填报).
    case plan
    /// Checks what the department drafts (审核).
    case review
    /// Answers for the department: approves plans and schemes (负责人).
    case approve
    /// Speaks for the joint conference office (联席会议办公室): sets the county's rules, takes plans, answers proposals.
    case office
    /// Submits draw requests.
    case request
    /// Submits results of inspections.
    case result
    /// Opens, closes and voids rounds.
    case round
    /// Commits and reveals nonces, and states public values.
    case witness
    /// Names the persons who act, each signed in at the operators' console (网页工作台); without it nobody may be named.
    case console
}

/// A department's key with its private half (签名密钥), as kept in its owner's file and nowhere else.
public struct SigningKey: Sendable {
    /// The first 16 bytes of the SHA-256 of the public half, in hex.
    public let keyID: String
    /// The department that signs with it.
    public let department: String
    /// The device it is kept on; one key a device, so that a lost one can be revoked alone.
    public let device: String
    /// What `ce_source` it may use, the default first.
    public let sources: [String]
    /// What it may be used for.
    public let roles: Set<Role>
    let privateKey: Curve25519.Signing.PrivateKey

    /// A new key of the operating system's randomness, or one around a given private half.
    public init(
        department: String, device: String = "", sources: [String], roles: Set<Role>,
        privateKey: Curve25519.Signing.PrivateKey = Curve25519.Signing.PrivateKey()
    ) {
        self.department = department
        self.device = device
        self.sources = sources
        self.roles = roles
        self.privateKey = privateKey
        keyID = Self.keyID(of: Array(privateKey.publicKey.rawRepresentation))
    }

    /// The public half, 32 bytes.
    public var publicKey: [UInt8] { Array(privateKey.publicKey.rawRepresentation) }

    /// The Ed25519 signature of some bytes, 64 bytes (RFC 8032).
    public func signature(of bytes: [UInt8]) throws -> [UInt8] { Array(try privateKey.signature(for: bytes)) }

    /// The id of a public half.
    public static func keyID(of publicKey: [UInt8]) -> String {
        SHA256.hash(data: publicKey).prefix(16).map { byte in
            String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
        }.joined()
    }

    /// What is wrong with a key's file, and how to mend it.
    public struct FileError: Error, CustomStringConvertible {
        /// The message, in one line.
        public let description: String
    }

    /// Reads the file that `write(to:)` wrote. A file that others can read is refused.
    ///
    /// - Throws: `FileError`.
    public init(file: String) throws {
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: file),
            let mode = attributes[.posixPermissions] as? Int, let bytes = FileManager.default.contents(atPath: file)
        else { throw FileError(description: "\(file): cannot be read; name a key that `yaohao keys generate` wrote") }
        guard mode & 0o077 == 0 else {
            throw FileError(description: "\(file): others can read this private key; run chmod 600 and replace the key")
        }
        do {
            var reader = try JSONReader(parsing: Array(bytes))
            let department = try reader.string("department")
            let roleNames = try reader.strings("roles")
            let sources = try reader.strings("sources")
            let encoded = try reader.string("private_key")
            let device = try reader.optionalString("device") ?? ""
            try reader.finish()
            guard let raw = Data(base64Encoded: encoded),
                let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: raw)
            else { throw FileError(description: "\(file): private_key: is not an Ed25519 key in base64") }
            self.init(
                department: department, device: device, sources: sources,
                roles: Set(roleNames.compactMap(Role.init)), privateKey: key)
        } catch let error as JSONError {
            throw FileError(description: "\(file): \(error)")
        }
    }

    /// Writes the key into a new file that only its owner can read. A file that exists is never overwritten.
    ///
    /// - Throws: `FileError`.
    public func write(to file: String) throws {
        let content: JSONValue = [
            "department": .string(department), "device": .string(device),
            "private_key": .string(privateKey.rawRepresentation.base64EncodedString()),
            "roles": .array(roles.map(\.rawValue).sorted().map { .string($0) }),
            "sources": .array(sources.map { .string($0) }),
        ]
        try PrivateFile.create(file, content.canonical + [0x0A])
    }
}

/// However it is printed, only the public part shows: a private half must not get into a log by mistake.
extension SigningKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Whose key, and its id.
    public var description: String { "SigningKey(\(department), \(keyID))" }
    /// The same.
    public var debugDescription: String { description }
    /// The parts that may be seen.
    public var customMirror: Mirror {
        Mirror(self, children: ["keyID": keyID, "department": department, "device": device, "sources": sources])
    }
}

/// Files that hold a secret: made with mode 0600 from the start, and never overwritten.
public enum PrivateFile {
    /// Creates the file with the given content.
    ///
    /// - Throws: `SigningKey.FileError` when it exists already or cannot be made.
    public static func create(_ path: String, _ content: [UInt8]) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw SigningKey.FileError(
                description: "\(path): \(String(cString: strerror(errno))); choose a new file in a writable folder")
        }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        try handle.write(contentsOf: Data(content))
        try handle.synchronize()
        try handle.close()
    }
}
