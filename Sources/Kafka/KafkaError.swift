/// What went wrong in Kafka (错误), or in reaching it.
///
/// Never holds a record's key, value or headers.
public struct KafkaError: Error, Sendable, Hashable {
    /// A librdkafka error number: negative ones are the client's own, positive ones came from a broker.
    ///
    /// Source: `rd_kafka_resp_err_t`; broker errors are those of the Kafka protocol.
    public struct Code: RawRepresentable, Sendable, Hashable {
        /// The number.
        public let rawValue: Int32

        /// Any number is a code, those of later brokers too.
        public init(rawValue: Int32) { self.rawValue = rawValue }

        /// The client has been closed.
        public static let closed = Code(rawValue: -197)
        /// The caller's task was cancelled; a record handed over before may still be sent.
        public static let cancelled = Code(rawValue: -163)
        /// A setting or argument can't be used.
        public static let invalidArgument = Code(rawValue: -186)
        /// The call isn't allowed now, such as sending outside a transaction.
        public static let state = Code(rawValue: -172)
        /// No answer in time.
        public static let timedOut = Code(rawValue: -185)
        /// The record wasn't delivered in time.
        public static let messageTimedOut = Code(rawValue: -192)
        /// The record was given up because its producer was closed or its transaction aborted.
        public static let purged = Code(rawValue: -152)
        /// The connection failed.
        public static let transport = Code(rawValue: -195)
        /// No broker can be reached.
        public static let allBrokersDown = Code(rawValue: -187)
        /// The send queue is full.
        public static let queueFull = Code(rawValue: -184)
        /// The client can't go on; the message names the first cause.
        public static let fatal = Code(rawValue: -150)
        /// A newer producer with the same transactional id has taken over.
        public static let fenced = Code(rawValue: -144)
        /// The topic or partition doesn't exist, as far as the client knows.
        public static let unknownPartition = Code(rawValue: -190)
        /// The topic doesn't exist, as far as the client knows.
        public static let unknownTopic = Code(rawValue: -188)
        /// There is no offset to start from (offset out of range, or none committed).
        public static let noStartOffset = Code(rawValue: -140)
        /// The offset isn't in the partition's log.
        public static let offsetOutOfRange = Code(rawValue: 1)
        /// The broker doesn't know the topic or partition.
        public static let unknownTopicOrPartition = Code(rawValue: 3)
        /// The record is larger than the client or the broker allows.
        public static let messageTooLarge = Code(rawValue: 10)
        /// The group's generation has moved on.
        public static let illegalGeneration = Code(rawValue: 22)
        /// The topic exists already.
        public static let topicAlreadyExists = Code(rawValue: 36)
        /// A newer member with the same group instance id has taken over.
        public static let fencedInstance = Code(rawValue: 82)
    }

    /// Which error.
    public let code: Code
    /// Its name in librdkafka and the protocol, such as `_TIMED_OUT` or `TOPIC_ALREADY_EXISTS`.
    public let name: String
    /// What happened, in English, as the client or the broker says it.
    public let message: String
    /// The client that threw it can't be used any more: close it and make a new one.
    public let isFatal: Bool
    /// The same call may succeed when made again.
    public let isRetriable: Bool
    /// The transaction it happened in must be aborted.
    public let requiresAbort: Bool
}

extension KafkaError: CustomStringConvertible {
    /// One line: the message and the code's name.
    public var description: String { "\(message) (\(name))" }
}
