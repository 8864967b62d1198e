import CRdKafka

typealias RdPartitionList = UnsafeMutablePointer<rd_kafka_topic_partition_list_t>

/// Offsets with a meaning of their own.
enum RdOffset {
    static let beginning: Int64 = -2
    static let end: Int64 = -1
    static let stored: Int64 = -1000
    /// None is known.
    static let invalid: Int64 = -1001
}

extension TopicPartition {
    init(_ entry: rd_kafka_topic_partition_t) {
        self.init(topic: String(cString: entry.topic), partition: entry.partition)
    }
}

extension RdPartitionList {
    var entries: UnsafeMutableBufferPointer<rd_kafka_topic_partition_t> {
        UnsafeMutableBufferPointer(start: pointee.elems, count: Int(pointee.cnt))
    }
}

/// Lends a list of partitions with their offsets, and destroys it afterwards.
func withPartitionList<R>(
    _ partitions: some Collection<(key: TopicPartition, value: Int64)>,
    _ body: (RdPartitionList) throws(KafkaError) -> R
) throws(KafkaError) -> R {
    guard let list = rd_kafka_topic_partition_list_new(Int32(partitions.count)) else {
        throw KafkaError(RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE)
    }
    defer { rd_kafka_topic_partition_list_destroy(list) }
    for (partition, offset) in partitions {
        guard let entry = rd_kafka_topic_partition_list_add(list, partition.topic, partition.partition) else {
            throw KafkaError(RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE)
        }
        entry.pointee.offset = offset
    }
    return try body(list)
}

/// Lends a list of partitions whose offsets don't matter.
func withPartitionList<R>(
    _ partitions: some Collection<TopicPartition>, _ body: (RdPartitionList) throws(KafkaError) -> R
) throws(KafkaError) -> R {
    try withPartitionList(partitions.map { (key: $0, value: RdOffset.invalid) }, body)
}
