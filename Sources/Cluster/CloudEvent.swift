import Crypto
public import Foundation

/// One message, as CloudEvents 1.0 describes it; on Kafka in binary mode, attributes in `ce_` headers.
///
/// Source: CloudEvents 1.0.2, and its Kafka protocol binding §3.2.
public struct CloudEvent: Sendable, Hashable {
    /// Identifies the event within its source: 1 to 128 bytes of printable ASCII.
    public var id: String
    /// Who says it, such as `dept:SCJG`: 1 to 128 bytes of printable ASCII.
    public var source: String
    /// What it says, such as `cn.yaohao.rounds.draw-requested.v1`.
    public var type: String
    /// What it is about: a round, a visit, an entity.
    public var subject: String?
    /// When it was said, in UTC to the second: `YYYY-MM-DDThh:mm:ssZ`.
    public var time: String?
    /// Extension attributes, such as `sequence`, by name without the prefix.
    public var extensions: [String: String]
    /// The JSON body; `nil` for a tombstone.
    public var data: [UInt8]? { didSet { dataDigest = Self.digest(of: data) } }
    /// The SHA-256 of the body, or of nothing: worked out once, since the signature and ``bodyDigest`` both take it in.
    private(set) var dataDigest: [UInt8]

    /// An event of the given parts.
    public init(
        id: String, source: String, type: String, subject: String? = nil, time: String? = nil,
        extensions: [String: String] = [:], data: [UInt8]?
    ) {
        self.id = id
        self.source = source
        self.type = type
        self.subject = subject
        self.time = time
        self.extensions = extensions
        self.data = data
        dataDigest = Self.digest(of: data)
    }

    private static func digest(of data: [UInt8]?) -> [UInt8] { SHA256.hash(data: data ?? []).bytes }

    /// What is wrong with a message's envelope: the attribute, and what would be right.
    public struct Malformed: Error, Hashable, CustomStringConvertible {
        /// The header's name.
        public let field: String
        /// What is wrong and how to mend it.
        public let message: String
        /// Both in one line.
        public var description: String { "\(field): \(message)" }
    }

    /// Who says it for the department, by login, where a console names the person: the attribute `ce_actor`.
    public var person: String? {
        get { extensions[Submission.personAttribute] }
        set { extensions[Submission.personAttribute] = newValue }
    }

    /// The content type of every body.
    public static let contentType = "application/json"

    /// The headers of the event in Kafka's binary mode, in a fixed order.
    public var headers: [(name: String, value: String)] {
        var all: [(String, String)] = [
            ("ce_specversion", "1.0"), ("ce_id", id), ("ce_source", source), ("ce_type", type),
        ]
        if let subject { all.append(("ce_subject", subject)) }
        if let time { all.append(("ce_time", time)) }
        if data != nil { all.append(("content-type", Self.contentType)) }
        for (name, value) in extensions.sorted(by: { $0.key < $1.key }) {
            all.append((name == "traceparent" ? name : "ce_" + name, value))
        }
        return all
    }

    /// The most attributes that an event may have.
    public static let maximumAttributes = 64
    /// The longest value of an attribute, in bytes; a signature is about 500.
    public static let maximumAttributeSize = 8_192
    /// The longest subject, in bytes.
    public static let maximumSubjectSize = 1_000

    /// Reads an event back from the headers and value of a Kafka message.
    ///
    /// - Throws: `Malformed`, naming the first header that breaks a rule.
    public init(headers: some Sequence<(name: String, value: [UInt8])>, value: [UInt8]?) throws {
        var attributes: [String: String] = [:]
        for (name, bytes) in headers {
            let lowered = name.lowercased()
            guard lowered.hasPrefix("ce_") || lowered == "content-type" || lowered == "traceparent" else { continue }
            guard bytes.count <= Self.maximumAttributeSize, attributes.count < Self.maximumAttributes else {
                throw Malformed(
                    field: String(lowered.prefix(64)),
                    message:
                        "is too long or one too many; send at most \(Self.maximumAttributes) attributes of at most "
                        + "\(Self.maximumAttributeSize) bytes")
            }
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw Malformed(field: lowered, message: "is not UTF-8; send the attribute as UTF-8 text")
            }
            guard attributes.updateValue(text, forKey: lowered) == nil else {
                throw Malformed(field: lowered, message: "is there twice; send it once")
            }
        }
        func mandatory(_ name: String) throws -> String {
            guard let text = attributes.removeValue(forKey: name) else {
                throw Malformed(field: name, message: "is missing; send it as a header of the message")
            }
            return text
        }
        guard try mandatory("ce_specversion") == "1.0" else {
            throw Malformed(field: "ce_specversion", message: "is not 1.0, the only version understood")
        }
        id = try Self.identifier(mandatory("ce_id"), "ce_id")
        source = try Self.identifier(mandatory("ce_source"), "ce_source")
        type = try Self.identifier(mandatory("ce_type"), "ce_type")
        subject = attributes.removeValue(forKey: "ce_subject")
        if let subject, subject.utf8.count > Self.maximumSubjectSize || subject.utf8.contains(where: { $0 < 0x20 }) {
            throw Malformed(
                field: "ce_subject",
                message:
                    "is longer than \(Self.maximumSubjectSize) bytes or holds control characters; name what it is about"
            )
        }
        time = attributes.removeValue(forKey: "ce_time")
        if let time, time.utf8.count > 64 || !time.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) {
            throw Malformed(field: "ce_time", message: "is no instant; write YYYY-MM-DDThh:mm:ssZ")
        }
        let media = attributes.removeValue(forKey: "content-type")
        if value != nil, let media, media.split(separator: ";").first.map(String.init) != Self.contentType {
            throw Malformed(field: "content-type", message: "is not \(Self.contentType); send JSON")
        }
        extensions = [:]
        for (name, text) in attributes {
            extensions[name.hasPrefix("ce_") ? String(name.dropFirst(3)) : name] = text
        }
        data = value
        dataDigest = Self.digest(of: value)
    }

    private static func identifier(_ text: String, _ field: String) throws -> String {
        guard (1...128).contains(text.utf8.count), text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw Malformed(field: field, message: "is not 1 to 128 bytes of printable ASCII; choose such an id")
        }
        return text
    }

    /// The SHA-256 that decides whether two submissions of one id say the same: of type, subject and data.
    ///
    /// Time, trace and signature do not count: whoever sends again may sign again.
    public var bodyDigest: [UInt8] {
        var hash = SHA256()
        for text in [type, subject ?? ""] { hash.update(data: SHA256.hash(data: Array(text.utf8)).bytes) }
        hash.update(data: dataDigest)
        return hash.finalize().bytes
    }
}

extension SHA256.Digest {
    /// The 32 bytes.
    var bytes: [UInt8] { Array(self) }
}

extension Date {
    /// The instant as every message writes it: `YYYY-MM-DDThh:mm:ssZ`, the part below a second cut off.
    public var instantText: String {
        formatted(Date.ISO8601FormatStyle())
    }
}
