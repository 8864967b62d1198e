public import Cluster
import Foundation
import JSON
import YAML

/// An outside site that gets every publication by HTTP (外部公示网站).
struct Site: Sendable, Hashable {
    /// Its id, as in `notices.deliveries` and the rule `publication_acknowledged_by`.
    let id: String
    /// Where publications are posted to.
    let url: URL
    /// How many are under way at a time.
    let concurrency: Int
    /// Seconds after which a try is given up.
    let timeoutSeconds: Int
    /// Days after which a publication is not tried any more.
    let giveUpAfterDays: Int
}

/// A way by which people are told (提醒渠道).
struct Channel: Sendable, Hashable {
    /// What it is.
    enum Kind: Sendable, Hashable {
        /// A group robot of 企业微信: `{"msgtype": "markdown", …}`, at most 4,096 bytes of text.
        case wecom(URL)
        /// A group robot of 钉钉; with a secret the address is signed (加签).
        case dingtalk(URL, secret: String?)
        /// A plain webhook: the digest as JSON, signed as publications are.
        case webhook(URL)
        /// Mail by the system's `sendmail` interface, to the addresses of each recipient.
        case mail(sendmail: String, from: String, addresses: [String: [String]])
    }

    /// Its id, as in `notices.deliveries`.
    let id: String
    /// What it is.
    let kind: Kind
    /// Whom it tells: ids of recipients, where `*` stands for any part of one.
    let recipients: [String]

    /// The most bytes that the text of a message may have.
    var maximumSize: Int {
        switch kind {
        case .wecom: 4_096
        case .dingtalk: 20_000
        case .webhook, .mail: 400_000
        }
    }

    func tells(_ recipient: Recipient) -> Bool {
        if case .mail(_, _, let addresses) = kind, addresses[recipient.id] == nil { return false }
        return recipients.contains { Self.fits($0, recipient.id) }
    }

    /// Whether a text fits a pattern in which `*` stands for anything, also nothing.
    static func fits(_ pattern: some StringProtocol, _ text: some StringProtocol) -> Bool {
        guard let first = pattern.first else { return text.isEmpty }
        let rest = pattern.dropFirst()
        if first == "*" { return text.indices.contains { fits(rest, text[$0...]) } || fits(rest, "") }
        return text.first == first && fits(rest, text.dropFirst())
    }
}

/// The channels of a county with the templates of what they say.
struct Channels: Sendable {
    let list: [Channel]
    let templates: Templates

    /// The channels that tell somebody.
    func channels(for recipient: Recipient) -> [Channel] { list.filter { $0.tells(recipient) } }
}

/// What the notifier reads from a file of its own, since it holds addresses and secrets: outside sites, channels, the
/// key that it signs with, and the folder of changed templates. See `docs/notices.md`.
public struct NotifierConfiguration: Sendable {
    /// What is wrong with the file; names it, the field, and what would be right.
    public struct Problem: Error, CustomStringConvertible {
        /// The message, in one line.
        public let description: String
    }

    /// The outside sites.
    let sites: [Site]
    /// The channels, with their templates.
    let channels: Channels
    /// Signs what is posted to sites and plain webhooks.
    public let key: SigningKey?

    /// No sites and no channels: the topics only.
    public init() throws {
        sites = []
        channels = Channels(list: [], templates: try Templates())
        key = nil
    }

    /// Reads a YAML or JSON file. One that others can read is refused, since it holds secrets.
    ///
    /// - Throws: `Problem`.
    public init(file: String) throws {
        do {
            let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
            guard let mode, mode & 0o007 == 0 else {
                throw Problem(description: "\(file): 其他用户可读，请 chmod 640 / others can read it; run chmod 640")
            }
            let text = try String(contentsOfFile: file, encoding: .utf8)
            guard let document = try YAMLDocument.all(in: text).first else {
                throw Problem(description: "\(file): 空文件 / is empty")
            }
            var reader = try JSONReader(document)
            key = try reader.optional("signing_key").map { try SigningKey(file: $0.string()) }
            sites = try reader.optional("sites")?.array(Self.site) ?? []
            let list = try reader.optional("channels")?.array(Self.channel) ?? []
            let templates = try Templates(folder: reader.optional("templates")?.string())
            channels = Channels(list: list, templates: templates)
            try reader.finish()
            let ids = sites.map(\.id) + list.map(\.id)
            guard Set(ids).count == ids.count else {
                throw Problem(description: "\(file): id 重复 / two sites or channels have one id")
            }
            guard key != nil || sites.isEmpty else {
                throw Problem(
                    description: "\(file): signing_key: 向外部网站推送须签名 / publications are signed; name a key's file")
            }
        } catch let problem as Problem {
            throw problem
        } catch {
            throw Problem(description: "\(file): \(error)")
        }
    }

    private static func site(_ field: JSONField) throws -> Site {
        try field.object { reader in
            Site(
                id: try id(reader.required("id")), url: try url(reader.required("url")),
                concurrency: try reader.optional("concurrency")?.integer(in: 1...16) ?? 2,
                timeoutSeconds: try reader.optional("timeout_seconds")?.integer(in: 1...60) ?? 20,
                giveUpAfterDays: try reader.optional("give_up_after_days")?.integer(in: 1...365) ?? 14)
        }
    }

    private static func channel(_ field: JSONField) throws -> Channel {
        enum Kind: String, CaseIterable { case wecom, dingtalk, webhook, mail }
        return try field.object { reader in
            let id = try id(reader.required("id"))
            let recipients = try reader.optional("recipients")?.strings() ?? ["*"]
            let kind: Channel.Kind
            switch try reader.required("kind").choice(of: Kind.self) {
            case .wecom: kind = .wecom(try url(reader.required("url")))
            case .dingtalk:
                kind = .dingtalk(try url(reader.required("url")), secret: try reader.optional("secret")?.string())
            case .webhook: kind = .webhook(try url(reader.required("url")))
            case .mail:
                let addresses = try reader.required("addresses").members().map { member in
                    (member.name, try member.field.array(address))
                }
                kind = .mail(
                    sendmail: try reader.optional("sendmail")?.string() ?? "/usr/sbin/sendmail",
                    from: try address(reader.required("from")),
                    addresses: Dictionary(addresses, uniquingKeysWith: { first, _ in first }))
            }
            return Channel(id: id, kind: kind, recipients: recipients)
        }
    }

    private static func id(_ field: JSONField) throws -> String {
        try field.string("an id of letters, digits, '-' and '_'") { $0.wholeMatch(of: /[A-Za-z0-9_-]{1,40}/) != nil }
    }

    private static func url(_ field: JSONField) throws -> URL {
        let text = try field.string()
        guard let url = URL(string: text), ["http", "https"].contains(url.scheme), url.host() != nil else {
            throw field.error("应为 http:// 或 https:// 网址 / is no http or https address")
        }
        return url
    }

    /// An address that cannot break out of a header or a command line.
    private static func address(_ field: JSONField) throws -> String {
        try field.string("a mail address") {
            $0.wholeMatch(of: /[A-Za-z0-9._%+][A-Za-z0-9._%+-]*@[A-Za-z0-9.-]+/) != nil
        }
    }
}
