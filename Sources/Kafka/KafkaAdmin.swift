public import Logging

/// A topic to be made (主题).
public struct TopicSpec: Sendable, Hashable {
    /// Its name.
    public var name: String
    /// How many partitions.
    public var partitions: Int32
    /// How many copies of each.
    public var replication: Int32
    /// Its settings by the broker's names, such as `cleanup.policy`.
    public var config: [String: String]

    /// A topic of this name; `compacted` keeps the newest record of each key for good.
    public init(
        name: String, partitions: Int32, replication: Int32 = 1, isCompacted: Bool = false,
        config: [String: String] = [:]
    ) {
        self.name = name
        self.partitions = partitions
        self.replication = replication
        self.config = isCompacted ? config.merging(["cleanup.policy": "compact"]) { given, _ in given } : config
    }
}

/// Makes topics and asks how things stand (管理).
public final class KafkaAdmin: Sendable {
    private let client: RdClient
    private let settings: KafkaSettings
    private let logger: Logger

    /// Connects in the background.
    ///
    /// - Throws: Code `invalidArgument` for a property that librdkafka doesn't take.
    public init(settings: KafkaSettings, logger: Logger) throws(KafkaError) {
        client = try RdClient(.admin, settings.admin, logger: logger)
        self.settings = settings
        self.logger = logger
    }

    deinit {
        let client = client
        Task { await client.destroyed() }
    }

    /// Makes the topics that don't exist yet, and returns when the brokers have all of them. Those that exist stay as
    /// they are.
    ///
    /// - Returns: The names of those made.
    /// - Throws: The first topic's error that isn't that it exists; code `timedOut`.
    @discardableResult
    public func createTopics(
        _ topics: [TopicSpec], timeout: Duration = .seconds(30)
    ) async throws(KafkaError) -> [String] {
        let deadline = ContinuousClock.now + timeout
        var made: [String] = []
        for (topic, error) in try await client.createTopics(topics, milliseconds: timeout.milliseconds) {
            switch error {
            case nil: made.append(topic)
            case let error? where error.code == .topicAlreadyExists: continue
            case let error?: throw error.about("topic '\(topic)'")
            }
        }
        // A broker answers before each of its peers knows the topic.
        while true {
            let counts = try await client.partitionCounts(milliseconds: timeout.milliseconds)
            if topics.allSatisfy({ counts[$0.name] != nil }) { return made }
            guard ContinuousClock.now < deadline else { throw .timedOut("not every broker knows the new topics yet") }
            do { try await Task.sleep(for: .milliseconds(50)) } catch { throw .cancelled }
        }
    }

    /// Removes topics with all their records; those that don't exist are no error.
    public func deleteTopics(_ names: [String], timeout: Duration = .seconds(30)) async throws(KafkaError) {
        for (topic, error) in try await client.deleteTopics(names, milliseconds: timeout.milliseconds) {
            if let error, error.code != .unknownTopicOrPartition { throw error.about("topic '\(topic)'") }
        }
    }

    /// All topics, with how many partitions each has.
    public func topics(timeout: Duration = .seconds(10)) async throws(KafkaError) -> [String: Int32] {
        try await client.partitionCounts(milliseconds: timeout.milliseconds)
    }

    /// How many partitions a topic has.
    ///
    /// - Throws: Code `unknownTopicOrPartition` if there is no such topic.
    public func partitionCount(of topic: String, timeout: Duration = .seconds(10)) async throws(KafkaError) -> Int32 {
        try await client.partitionCount(of: topic, milliseconds: timeout.milliseconds)
    }

    /// A partition's first and next offset.
    public func watermarks(
        topic: String, partition: Int32, timeout: Duration = .seconds(10)
    ) async throws(KafkaError) -> Watermarks {
        try await client.watermarks(
            of: TopicPartition(topic: topic, partition: partition), milliseconds: timeout.milliseconds)
    }

    /// What a group has committed in these topics; partitions without are missing.
    public func committedOffsets(
        group: String, topics: [String], timeout: Duration = .seconds(10)
    ) async throws(KafkaError) -> [TopicPartition: Int64] {
        var partitions: [TopicPartition] = []
        for topic in topics {
            for number in 0..<(try await partitionCount(of: topic, timeout: timeout)) {
                partitions.append(TopicPartition(topic: topic, partition: number))
            }
        }
        // A client of that group that doesn't join it: librdkafka 2.0's own request for this leaves out partitions.
        let member = try RdClient(.consumer, settings.consumer(group: group, instanceID: nil), logger: logger)
        do throws(KafkaError) {
            let asked = partitions
            let offsets = try await member.blocking { _ throws(KafkaError) in
                try member.committed(asked, milliseconds: timeout.milliseconds)
            }
            await member.destroyed()
            return offsets
        } catch {
            await member.destroyed()
            throw error
        }
    }

    /// How many records a group has yet to process, by partition (积压): from what it committed, or else the first
    /// record, to the high watermark.
    public func lag(
        group: String, topics: [String], timeout: Duration = .seconds(10)
    ) async throws(KafkaError) -> [TopicPartition: Int64] {
        let committed = try await committedOffsets(group: group, topics: topics, timeout: timeout)
        var lag: [TopicPartition: Int64] = [:]
        for topic in topics {
            for number in 0..<(try await partitionCount(of: topic, timeout: timeout)) {
                let partition = TopicPartition(topic: topic, partition: number)
                let watermarks = try await client.watermarks(of: partition, milliseconds: timeout.milliseconds)
                lag[partition] = max(0, watermarks.high - max(committed[partition] ?? 0, watermarks.low))
            }
        }
        return lag
    }

    /// Frees everything. Later calls throw code `closed`.
    public func close() async { await client.destroyed() }
}
