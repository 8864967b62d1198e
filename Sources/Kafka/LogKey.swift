/// The names of what varies in this module's log messages.
enum LogKey {
    static let attempt = "kafka.attempt"
    static let error = "kafka.error"
    static let facility = "kafka.facility"
    static let group = "kafka.group"
    static let level = "kafka.level"
    static let message = "kafka.message"
    static let offset = "kafka.offset"
    static let partition = "kafka.partition"
    static let partitions = "kafka.partitions"
    static let retryIn = "kafka.retry_in"
    static let topic = "kafka.topic"
}
