/// A header of a record (消息头): a name and bytes. Names may repeat.
public struct KafkaHeader: Sendable, Hashable {
    /// Its name.
    public let name: String
    /// Its bytes; a header sent without a value reads as empty.
    public let value: [UInt8]

    /// A header with this name and these bytes.
    public init(name: String, value: [UInt8]) {
        self.name = name
        self.value = value
    }
}

/// A record to be sent (待发消息).
public struct KafkaRecord: Sendable, Hashable {
    /// The topic it goes to.
    public let topic: String
    /// Its partition; nil lets the key decide (``murmur2Partition(key:partitions:)``), or chance if there is no key.
    public let partition: Int32?
    /// Its key. Records with one key keep their order, and compaction keeps the newest of each.
    public let key: [UInt8]?
    /// Its body; nil is a tombstone (墓碑), which retires the key.
    public let value: [UInt8]?
    /// Its headers, in order.
    public let headers: [KafkaHeader]

    /// A record for `topic`.
    public init(
        topic: String, partition: Int32? = nil, key: [UInt8]?, value: [UInt8]?,
        headers: [(name: String, value: [UInt8])] = []
    ) {
        self.topic = topic
        self.partition = partition
        self.key = key
        self.value = value
        self.headers = headers.map { KafkaHeader(name: $0.name, value: $0.value) }
    }
}

/// Where a record was written (投递结果), once the broker has acknowledged it.
public struct KafkaDelivery: Sendable, Hashable {
    /// Its partition.
    public let partition: Int32
    /// Its offset in the partition.
    public let offset: Int64
}

/// A partition of a topic (分区).
public struct TopicPartition: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The topic's name.
    public let topic: String
    /// The partition's number, from 0.
    public let partition: Int32

    /// This partition of this topic.
    public init(topic: String, partition: Int32) {
        self.topic = topic
        self.partition = partition
    }

    /// `topic[partition]`
    public var description: String { "\(topic)[\(partition)]" }

    /// By topic, then by partition.
    public static func < (a: Self, b: Self) -> Bool { (a.topic, a.partition) < (b.topic, b.partition) }
}

/// A partition's first and next offset (水位).
public struct Watermarks: Sendable, Hashable {
    /// The first offset that is still there.
    public let low: Int64
    /// The offset that comes after the last one readable; the markers of transactions take up offsets too.
    public let high: Int64
}

/// A record that was read (收到的消息).
public struct KafkaMessage: Sendable, Hashable {
    /// The topic it came from.
    public let topic: String
    /// Its partition.
    public let partition: Int32
    /// Its offset in the partition.
    public let offset: Int64
    /// Its key.
    public let key: [UInt8]?
    /// Its body; nil is a tombstone.
    public let value: [UInt8]?
    /// Its headers, in order.
    public let headers: [KafkaHeader]
    /// Milliseconds since 1970 UTC, when it was made or appended as the topic is set; nil if it bears none.
    public let timestamp: Int64?

    /// A message with these parts; tests of handlers make them.
    public init(
        topic: String, partition: Int32, offset: Int64, key: [UInt8]?, value: [UInt8]?,
        headers: [KafkaHeader] = [], timestamp: Int64? = nil
    ) {
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.key = key
        self.value = value
        self.headers = headers
        self.timestamp = timestamp
    }

    /// The partition it came from.
    public var topicPartition: TopicPartition { TopicPartition(topic: topic, partition: partition) }

    /// The bytes of the last header with that name, which is the one that counts when a name repeats.
    public func header(_ name: String) -> [UInt8]? { headers.last { $0.name == name }?.value }

    /// Bytes of key, body and headers: what it takes up while it waits.
    var size: Int {
        (key?.count ?? 0) + (value?.count ?? 0)
            + headers.reduce(0) { $0 + $1.name.utf8.count + $1.value.count }
    }
}
