public import Cluster
import JSON
public import Kafka

/// A feed (数据报送) as its source sends it: begin markers, rows, end markers, each partition by itself, all signed.
///
/// Sending it again changes nothing: rows are told apart by their position, feeds by their id.
public struct FeedBatch: Sendable {
    /// What its markers say.
    public let heading: FeedHeading
    let rows: [FeedRow]
    let time: String
    let topic: String
    /// The partition of each row.
    private let partitionOf: [Int]

    /// A feed of rows.
    ///
    /// - Parameters:
    ///   - heading: what it is.
    ///   - rows: by position, each of which is there once.
    ///   - topics: the county's topics.
    ///   - time: when it is made, `YYYY-MM-DDThh:mm:ssZ`.
    public init(_ heading: FeedHeading, rows: [FeedRow], topics: Topics, time: String) {
        self.heading = heading
        self.rows = rows.sorted { $0.position < $1.position }
        self.time = time
        topic = topics.feed(heading.register.rawValue)
        partitionOf = self.rows.map { row in
            Int(
                murmur2Partition(key: Self.key(heading.source, row.id), partitions: Int32(clamping: heading.partitions))
            )
        }
    }

    private static func key(_ source: String, _ id: String) -> [UInt8] { Array("\(source)/\(id)".utf8) }

    /// How many rows it has.
    public var count: Int { rows.count }

    private func event(_ row: FeedRow) -> CloudEvent {
        CloudEvent(
            id: "\(heading.id):\(row.position)", source: heading.source,
            type: row.body == nil ? FeedMessage.EventType.retirement : FeedMessage.EventType.row,
            subject: row.id.isEmpty ? nil : row.id, time: time,
            extensions: [
                "feedversion": String(heading.version), "position": String(row.position), "snapshot": heading.id,
            ], data: row.body?.canonical)
    }

    /// The records of some of the rows, by index, in order.
    public func rowRecords(_ range: Range<Int>, signedBy key: SigningKey) throws -> [KafkaRecord] {
        try range.map { index in
            try record(event(rows[index]), key: Self.key(heading.source, rows[index].id), partitionOf[index], key)
        }
    }

    /// The records that go before the rows, one to each partition.
    public func beginRecords(signedBy key: SigningKey) throws -> [KafkaRecord] {
        try (0..<heading.partitions).map { try marker("begin", FeedMessage.EventType.begin, $0, [:], key) }
    }

    /// The records that go behind the rows, one to each partition, with the count and checksum of its rows.
    public func endRecords(signedBy key: SigningKey) throws -> [KafkaRecord] {
        var digests: [[[UInt8]]] = Array(repeating: [], count: heading.partitions)
        for (row, partition) in zip(rows, partitionOf) { digests[partition].append(event(row).bodyDigest) }
        return try digests.enumerated().map { partition, digests in
            try marker(
                "end", FeedMessage.EventType.end, partition,
                ["count": .integer(digests.count), "checksum": .string(feedChecksum(digests))], key)
        }
    }

    private func marker(
        _ word: String, _ type: String, _ partition: Int, _ more: [String: JSONValue], _ key: SigningKey
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
        return try record(event, key: Self.key(heading.source, "~" + word), partition, key)
    }

    private func record(
        _ event: CloudEvent, key: [UInt8], _ partition: Int, _ signer: SigningKey
    ) throws -> KafkaRecord {
        let signed = try Signature.sign(event, with: signer)
        return KafkaRecord(
            topic: topic, partition: Int32(clamping: partition), key: key, value: signed.data,
            headers: signed.headers.map { ($0.name, Array($0.value.utf8)) })
    }
}
