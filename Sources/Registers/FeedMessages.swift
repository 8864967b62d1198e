public import Cluster
import Crypto
public import Foundation
public import JSON

/// A row on its way into a register.
public struct FeedRow: Sendable, Hashable {
    /// Its place among the rows of its feed: the line of a file.
    public let position: Int
    /// What it says; `nil` retires the id.
    let content: RowContent?
    /// What its sender found wrong with it; with any, it is quarantined.
    public let findings: [Finding]

    /// Its id where it is not what stands under `id`.
    private let given: String?

    /// A row of the given parts.
    public init(position: Int, id: String, body: JSONValue?, findings: [Finding] = []) {
        self.init(position: position, given: id, content: body.map { .object($0) }, findings: findings)
    }

    /// A row as cells under columns that it shares with others; its id is what stands under `id`.
    public init(position: Int, cells: RowCells, findings: [Finding] = []) {
        self.init(position: position, given: nil, content: .cells(cells), findings: findings)
    }

    /// A row of a file.
    public init(_ row: FileRow) {
        self.init(position: row.line, given: nil, content: row.content, findings: row.findings)
    }

    private init(position: Int, given: String?, content: RowContent?, findings: [Finding]) {
        self.position = position
        self.given = given
        self.content = content
        self.findings = findings
    }

    /// The row's id within its register.
    public var id: String { given ?? content?["id"]?.text ?? "" }

    /// The row as JSON; `nil` retires the id.
    public var body: JSONValue? { content?.body }
}

/// What kind of a feed it is.
public enum FeedMode: String, Sendable, Hashable, CaseIterable {
    /// The whole register as its source knows it (全量): what is not in it is retired.
    case snapshot
    /// Changes (增量): what is not in it stays.
    case delta
}

/// What both markers of a feed say about it, in every partition.
public struct FeedHeading: Sendable, Hashable {
    /// The register it goes into.
    public let register: Register
    /// Who sends it.
    public let source: String
    /// Its id within its source: 1 to 100 bytes of printable ASCII.
    public let id: String
    /// Whether it is whole.
    public let mode: FeedMode
    /// Orders feeds of one source: milliseconds since 1970. An older one never overwrites a newer.
    public let version: Int
    /// How many partitions its topic has.
    public let partitions: Int
    /// Whether it may retire more than a tenth of what its source has in the register.
    public let allowShrink: Bool
    /// Who sends it, by login, where a console names the person; `nil` where the key speaks for itself.
    public let person: String?

    /// A heading of the given parts.
    public init(
        register: Register, source: String, id: String, mode: FeedMode, version: Int, partitions: Int,
        allowShrink: Bool, person: String? = nil
    ) {
        self.register = register
        self.source = source
        self.id = id
        self.mode = mode
        self.version = version
        self.partitions = partitions
        self.allowShrink = allowShrink
        self.person = person
    }
}

extension FeedHeading {
    /// The heading of a feed that is begun now; its version is the instant.
    ///
    /// - Parameter isCorrection: whether it only sends again what is in quarantine, and so says nothing of how fresh the
    ///   source's other rows are.
    public init(
        register: Register, source: String, mode: FeedMode, now: Date, partitions: Int, allowShrink: Bool = false,
        isCorrection: Bool = false, person: String? = nil
    ) {
        let version = Int((now.timeIntervalSince1970 * 1_000).rounded(.down))
        // Two feeds that one source begins in the same millisecond are still two.
        let chance = hexText((0..<4).map { _ in UInt8.random(in: .min ... .max) })
        self.init(
            register: register, source: source,
            id: "\(isCorrection ? "correction-" : "")\(register.rawValue)-\(version)-\(chance)", mode: mode,
            version: version, partitions: partitions, allowShrink: allowShrink, person: person)
    }
}

/// The end of a feed in one partition.
struct FeedEnd: Hashable {
    let heading: FeedHeading
    let partition: Int
    /// How many rows the feed has in this partition.
    let count: Int
    /// SHA-256, in hex, of the digests of the messages that carry them, one after another, by position.
    let checksum: String
}

/// A feed's message, its rows or marker read. Attributes that count are signed; what cannot be read is undeliverable.
enum FeedMessage {
    case page(StagedPage)
    case begin(FeedHeading)
    case end(FeedEnd)

    /// CloudEvents types.
    enum EventType {
        static let row = "cn.yaohao.registers.row-reported.v1"
        static let rows = "cn.yaohao.registers.rows-reported.v1"
        static let retirement = "cn.yaohao.registers.row-retired.v1"
        static let begin = "cn.yaohao.registers.feed-begun.v1"
        static let end = "cn.yaohao.registers.feed-ended.v1"
    }

    /// Reads the event of a message whose signature holds.
    ///
    /// - Throws: `Undeliverable`.
    init(_ event: CloudEvent, register: Register, partition: Int, key: [UInt8]?) throws {
        let name = try FeedName(register: register, source: event.source, id: Self.attribute("snapshot", of: event))
        let version = try Self.number("feedversion", of: event)
        switch event.type {
        case EventType.row, EventType.retirement, EventType.rows:
            if event.type != EventType.rows {
                guard key == Array("\(event.source)/\(event.subject ?? "")".utf8) else {
                    throw Undeliverable(
                        code: "source", reason: "the key is not SOURCE/ID of the message's source and subject")
                }
            }
            let position = try Self.number("position", of: event)
            self = .page(
                try StagedPage(event, of: name, version: version, position: position, partition: partition))
        case EventType.begin, EventType.end:
            guard let data = event.data else {
                throw Undeliverable(code: "envelope", reason: "a marker needs a body")
            }
            do {
                var reader = try JSONReader(parsing: data)
                let heading = FeedHeading(
                    register: register, source: event.source, id: name.id,
                    mode: try reader.required("mode").choice(), version: version,
                    partitions: try reader.integer("partitions", in: 1...100_000),
                    allowShrink: try reader.bool("allow_shrink"), person: event.person)
                let marked = try reader.integer("partition", in: 0...99_999)
                guard try reader.required("register").choice(of: Register.self) == register, marked == partition else {
                    throw Undeliverable(code: "envelope", reason: "the marker was made for another topic or partition")
                }
                if event.type == EventType.begin {
                    self = .begin(heading)
                } else {
                    self = .end(
                        FeedEnd(
                            heading: heading, partition: partition, count: try reader.integer("count"),
                            checksum: try reader.string("checksum")))
                }
                try reader.finish()
            } catch let error as JSONError {
                throw Undeliverable(code: "envelope", reason: "the marker's body: \(error)")
            }
        default:
            throw Undeliverable(code: "envelope", reason: "ce_type \(event.type) is nothing that a feed says")
        }
    }

    private static func attribute(_ name: String, of event: CloudEvent) throws -> String {
        guard let text = event.extensions[name], (1...100).contains(text.utf8.count),
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else {
            throw Undeliverable(
                code: "envelope", reason: "ce_\(name) is missing, not signed, or not 1 to 100 bytes of printable ASCII")
        }
        return text
    }

    private static func number(_ name: String, of event: CloudEvent) throws -> Int {
        let text = try attribute(name, of: event)
        guard RowReader.isDigits(text, 1...16), let number = Int(text), number <= JSONValue.largestInteger else {
            throw Undeliverable(code: "envelope", reason: "ce_\(name) is not a whole number")
        }
        return number
    }
}

/// What tells feeds apart.
struct FeedName: Sendable, Hashable, Comparable {
    let register: Register
    let source: String
    let id: String

    static func < (left: FeedName, right: FeedName) -> Bool {
        (left.register.rawValue, left.source, left.id) < (right.register.rawValue, right.source, right.id)
    }
}

extension FeedHeading {
    var name: FeedName { FeedName(register: register, source: source, id: id) }
}

/// The checksum of a feed's rows in one partition.
///
/// - Parameter digests: of the rows there, by position.
func feedChecksum(_ digests: some Sequence<[UInt8]>) -> String {
    var hash = SHA256()
    for digest in digests { hash.update(data: digest) }
    return hexText(hash.finalize())
}
