import CRdKafka

/// What any client can ask of the brokers.
extension RdClient {
    /// A partition's first and next offset. Blocks elsewhere.
    func watermarks(of partition: TopicPartition, milliseconds: Int32) async throws(KafkaError) -> Watermarks {
        try await blocking { handle throws(KafkaError) in
            var low: Int64 = 0
            var high: Int64 = 0
            try KafkaError.check(
                rd_kafka_query_watermark_offsets(
                    handle, partition.topic, partition.partition, &low, &high, milliseconds))
            return Watermarks(low: low, high: high)
        }
    }
}
