/// How to reach Kafka, and what is passed through to librdkafka (连接配置).
///
/// From the environment: `YAOHAO_KAFKA` holds the bootstrap servers (`host:port`, several with commas), and every
/// `YAOHAO_KAFKA_X_Y` sets librdkafka's property `x.y`: `YAOHAO_KAFKA_SECURITY_PROTOCOL` is `security.protocol`.
public struct KafkaSettings: Sendable, Hashable {
    /// The first brokers to ask, `host:port`, several with commas.
    public var bootstrapServers: String
    /// Properties passed through to librdkafka, by its own names.
    public var properties: [String: String]

    /// These servers with these properties.
    public init(bootstrapServers: String, properties: [String: String] = [:]) {
        self.bootstrapServers = bootstrapServers
        self.properties = properties
    }

    /// Reads `YAOHAO_KAFKA` and `YAOHAO_KAFKA_*`.
    ///
    /// - Throws: ``KafkaError`` with code `invalidArgument` if `YAOHAO_KAFKA` is missing, or a property is one of those
    ///   that the guarantees rest on and so can't be set. A name that librdkafka doesn't know is found when a client is
    ///   made.
    public init(environment: [String: String]) throws(KafkaError) {
        guard let servers = environment["YAOHAO_KAFKA"], !servers.isEmpty else {
            throw KafkaError.invalid("YAOHAO_KAFKA is not set; it holds the bootstrap servers, such as 127.0.0.1:9092")
        }
        let prefix = "YAOHAO_KAFKA_"
        var properties: [String: String] = [:]
        for (name, value) in environment where name.hasPrefix(prefix) && name != prefix {
            let property = name.dropFirst(prefix.count).lowercased().replacing("_", with: ".")
            if Self.reserved.contains(property) {
                throw KafkaError.invalid(
                    "\(name) can't be set: the guarantees rest on '\(property)' as it is; unset it")
            }
            properties[property] = value
        }
        self.init(bootstrapServers: servers, properties: properties)
    }

    /// The same, with what a producer sends compressed unless a property says otherwise: for large bodies that no other
    /// program reads.
    public var compressing: KafkaSettings {
        KafkaSettings(
            bootstrapServers: bootstrapServers,
            properties: ["compression.type": "lz4"].merging(properties) { _, theirs in theirs })
    }

    /// Properties that no setting may change.
    static let reserved: Set<String> = [
        "acks", "auto.commit.enable", "auto.offset.reset", "bootstrap.servers", "enable.auto.commit",
        "enable.auto.offset.store", "enable.idempotence", "enable.partition.eof", "group.id", "group.instance.id",
        "group.protocol", "metadata.broker.list", "partition.assignment.strategy", "partitioner",
        "request.required.acks", "transactional.id",
    ]

    /// Largest record, key and headers included, in bytes: what a broker takes as it comes.
    static let largestRecord = 1_048_588

    /// For every client: what settings may override.
    private var common: [String: String] {
        [
            "client.id": "yaohao",
            // The default waits up to 10 s between attempts, long after a restarted broker is back.
            "reconnect.backoff.max.ms": "2000",
            "socket.keepalive.enable": "true",
        ].merging(properties) { _, theirs in theirs }
            .merging(["bootstrap.servers": bootstrapServers]) { _, ours in ours }
    }

    /// Properties of a client that only asks and administers.
    var admin: [String: String] { common }

    /// Properties of a producer.
    func producer(transactionalID: String?) -> [String: String] {
        var ours = [
            "acks": "all",
            "enable.idempotence": "true",
            "partitioner": "murmur2_random",  // as Java's producers, so that a key is found by any of them
        ]
        ours["transactional.id"] = transactionalID
        return ["message.max.bytes": String(Self.largestRecord), "message.timeout.ms": "30000"]
            .merging(common) { _, theirs in theirs }
            .merging(ours) { _, ours in ours }
    }

    /// Properties of a member of a group.
    func consumer(group: String, instanceID: String?, isolation: Isolation? = nil) -> [String: String] {
        var ours = reading
        ours["isolation.level"] = isolation?.rawValue
        ours["group.id"] = group
        ours["group.instance.id"] = instanceID
        ours["partition.assignment.strategy"] = "cooperative-sticky"
        return readingDefaults.merging(common) { _, theirs in theirs }.merging(ours) { _, ours in ours }
    }

    /// Properties of a reader outside any group.
    func reader(isolation: Isolation?) -> [String: String] {
        var ours = reading
        ours["isolation.level"] = isolation?.rawValue
        // librdkafka wants a group's name before it assigns partitions; nothing joins it or commits to it.
        ours["group.id"] = "yaohao-reader"
        ours["enable.partition.eof"] = "true"
        return readingDefaults.merging(common) { _, theirs in theirs }.merging(ours) { _, ours in ours }
    }

    private var readingDefaults: [String: String] {
        [
            "isolation.level": Isolation.readCommitted.rawValue,
            // What librdkafka may fetch ahead: little, because the application has its own bound.
            "queued.max.messages.kbytes": "8192", "queued.min.messages": "1000",
        ]
    }

    private var reading: [String: String] {
        ["auto.offset.reset": "error", "enable.auto.commit": "false", "enable.auto.offset.store": "false"]
    }
}

/// Whether records of open and aborted transactions are read (隔离级别).
public enum Isolation: String, Sendable {
    /// Only those of committed transactions, and those sent without one.
    case readCommitted = "read_committed"
    /// All.
    case readUncommitted = "read_uncommitted"
}
