public import Cluster
import JSON
public import Kafka

/// Writes a feed (数据报送) as its source sends it: begin markers, rows, end markers, all signed.
///
/// Rows travel in pages, each signed as one message, so that a signature costs little; a retirement is a message of its
/// own without a body. The same rows give the same records, so a feed can be sent again: rows are told apart by their
/// position, feeds by their id.
public struct FeedWriter: Sendable {
    /// How rows are put into messages.
    public enum Packing: Sendable, Hashable {
        /// So many to a page, or fewer when they are long.
        case pages(of: Int)
        /// Each in a message of its own, keyed by its id, as sources that report single rows do.
        case single
    }

    /// Bytes of rows after which a page is full; a message may have 900,000.
    private static let pageBytes = 350_000

    /// What the markers say.
    public let heading: FeedHeading
    private let time: String
    private let topic: String
    private let key: SigningKey
    private let packing: Packing
    private var page: [UInt8] = []
    /// The columns of the page's rows that are lists.
    private var columns: [String] = []
    private var pageRows = 0
    private var pagePosition = 0
    private var pages = 0
    private var lastPosition = -1
    /// Of each partition: how many rows it has, and the digests of its messages with their positions.
    private var counts: [Int]
    private var digests: [[(position: Int, digest: [UInt8])]]

    /// A writer at the beginning of a feed.
    ///
    /// - Parameters:
    ///   - heading: what the feed is.
    ///   - topics: the county's topics.
    ///   - time: when it is made, `YYYY-MM-DDThh:mm:ssZ`.
    ///   - key: who signs.
    ///   - packing: how rows are put into messages.
    public init(
        _ heading: FeedHeading, topics: Topics, time: String, signedBy key: SigningKey,
        packing: Packing = .pages(of: 2_000)
    ) {
        self.heading = heading
        self.time = time
        self.key = key
        self.packing = packing
        topic = topics.feed(heading.register.rawValue)
        counts = Array(repeating: 0, count: heading.partitions)
        digests = Array(repeating: [], count: heading.partitions)
    }

    /// What is wrong with a row, so that it cannot be sent.
    public struct Unsendable: Error, Sendable, CustomStringConvertible {
        /// The row's position.
        public let position: Int
        /// What is wrong.
        public let description: String
    }

    /// The records that go before the rows, one to each partition.
    public func begin() throws -> [KafkaRecord] {
        try (0..<heading.partitions).map { try marker("begin", FeedMessage.EventType.begin, $0, [:]) }
    }

    /// Adds the next row; positions ascend.
    ///
    /// - Returns: the records that are full by now.
    /// - Throws: `Unsendable`.
    public mutating func add(_ row: FeedRow) throws -> [KafkaRecord] {
        func unsendable(_ message: String) -> Unsendable { Unsendable(position: row.position, description: message) }
        guard row.position > lastPosition else { throw unsendable("the rows are not in the order of their positions") }
        lastPosition = row.position
        // A page holds all positions between its first and its last row, so it ends before a message of another kind.
        guard let content = row.content else {
            guard Self.isSubject(row.id) else { throw unsendable("column id: is no id; correct it") }
            return try flush() + [single(row, nil)]
        }
        var limit = 1
        switch packing {
        case .pages(let rows): limit = rows
        // What can be no subject of a message can stand in a page, and goes to quarantine from there.
        case .single where Self.isSubject(row.id): return [try single(row, content.body.canonical)]
        case .single: break
        }
        var full: [KafkaRecord] = []
        if case .cells(let cells) = content, row.findings.isEmpty, cells.columns != columns {
            full = try flush()
            columns = cells.columns
        }
        if pageRows == 0 {
            pagePosition = row.position
            page.append(UInt8(ascii: "{"))
            if !columns.isEmpty {
                page += "\"columns\":".utf8
                JSONValue.strings(columns).appendCanonical(to: &page)
                page.append(UInt8(ascii: ","))
            }
            page += "\"rows\":[".utf8
        } else {
            page.append(UInt8(ascii: ","))
        }
        let start = page.count
        append(row, content)
        guard page.count - start <= 500_000 else { throw unsendable("is longer than 500,000 bytes; shorten it") }
        pageRows += 1
        return pageRows == limit || page.count >= Self.pageBytes ? try full + flush() : full
    }

    private static func isSubject(_ id: String) -> Bool {
        id.utf8.count <= StagedRow.longestID && !id.utf8.contains { $0 < 0x20 }
    }

    /// Appends a row to the page: as a list under the page's columns, or as an object where it has findings or no columns.
    private mutating func append(_ row: FeedRow, _ content: RowContent) {
        if case .cells(let cells) = content, row.findings.isEmpty {
            page.append(UInt8(ascii: "["))
            JSONValue.appendCanonical(Int64(row.position), to: &page)
            cells.appendCanonical(to: &page)
            page.append(UInt8(ascii: "]"))
            return
        }
        page.append(UInt8(ascii: "{"))
        if !row.findings.isEmpty {
            page += "\"findings\":".utf8
            JSONValue.array(row.findings.map(\.json)).appendCanonical(to: &page)
            page.append(UInt8(ascii: ","))
        }
        page += "\"position\":".utf8
        JSONValue.appendCanonical(Int64(row.position), to: &page)
        page += ",\"row\":".utf8
        content.body.appendCanonical(to: &page)
        page.append(UInt8(ascii: "}"))
    }

    /// The rows that are left, and the records that go behind all rows: one to each partition, with the count of its rows
    /// and the checksum of its messages.
    public mutating func end() throws -> [KafkaRecord] {
        let rest = try flush()
        return try rest
            + digests.indices.map { partition in
                let sum = feedChecksum(digests[partition].sorted { $0.position < $1.position }.map(\.digest))
                return try marker(
                    "end", FeedMessage.EventType.end, partition,
                    ["count": .integer(counts[partition]), "checksum": .string(sum)])
            }
    }

    private mutating func flush() throws -> [KafkaRecord] {
        guard pageRows > 0 else { return [] }
        page += "]}".utf8
        let partition = pages % heading.partitions
        // The newest snapshot's pages take the place of the last one's; those of deltas stay.
        let name = heading.mode == .snapshot ? "~rows/\(pages)" : "~rows/\(heading.id)/\(pages)"
        let record = try message(
            FeedMessage.EventType.rows, subject: heading.register.rawValue, position: pagePosition, data: page,
            key: name, partition, rows: pageRows)
        page.removeAll(keepingCapacity: true)
        pageRows = 0
        pages += 1
        return [record]
    }

    private mutating func single(_ row: FeedRow, _ data: [UInt8]?) throws -> KafkaRecord {
        let partition = Int(
            murmur2Partition(key: key(row.id), partitions: Int32(clamping: heading.partitions)))
        return try message(
            data == nil ? FeedMessage.EventType.retirement : FeedMessage.EventType.row,
            subject: row.id.isEmpty ? nil : row.id, position: row.position, data: data, key: row.id, partition, rows: 1)
    }

    private mutating func message(
        _ type: String, subject: String?, position: Int, data: [UInt8]?, key name: String, _ partition: Int, rows: Int
    ) throws -> KafkaRecord {
        let event = CloudEvent(
            id: "\(heading.id):\(position)", source: heading.source, type: type, subject: subject, time: time,
            extensions: ["feedversion": String(heading.version), "position": String(position), "snapshot": heading.id],
            data: data)
        counts[partition] += rows
        digests[partition].append((position, event.bodyDigest))
        return try record(event, key: key(name), partition)
    }

    private func key(_ name: String) -> [UInt8] { Array("\(heading.source)/\(name)".utf8) }

    private func marker(
        _ word: String, _ type: String, _ partition: Int, _ more: [String: JSONValue]
    ) throws -> KafkaRecord {
        let body: [String: JSONValue] = [
            "register": .string(heading.register.rawValue), "mode": .string(heading.mode.rawValue),
            "partition": .integer(partition), "partitions": .integer(heading.partitions),
            "allow_shrink": .bool(heading.allowShrink),
        ]
        let event = CloudEvent(
            id: "\(heading.id):\(word):\(partition)", source: heading.source, type: type,
            subject: heading.register.rawValue, time: time,
            extensions: ["feedversion": String(heading.version), "snapshot": heading.id],
            data: JSONValue.object(body.merging(more) { _, new in new }).canonical)
        // No id has a tilde; so compaction keeps the newest marker of each partition, and never a row in its place.
        return try record(event, key: key("~" + word), partition)
    }

    private func record(_ event: CloudEvent, key: [UInt8], _ partition: Int) throws -> KafkaRecord {
        var event = event
        event.person = heading.person
        let signed = try Signature.sign(event, with: self.key)
        return KafkaRecord(
            topic: topic, partition: Int32(clamping: partition), key: key, value: signed.data,
            headers: signed.headers.map { ($0.name, Array($0.value.utf8)) })
    }
}
