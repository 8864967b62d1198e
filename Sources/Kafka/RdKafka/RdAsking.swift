import CRdKafka

/// What any client can ask of the brokers.
extension RdClient {
    /// A partition's first and next offset.
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

    /// How many partitions a topic has.
    func partitionCount(of topic: String, milliseconds: Int32) async throws(KafkaError) -> Int32 {
        guard let count = try await partitionCounts(milliseconds: milliseconds)[topic], count > 0 else {
            throw KafkaError(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, message: "there is no topic '\(topic)'")
        }
        return count
    }

    /// The topics there are, with how many partitions each has. All are asked for, since asking for one by name may
    /// make it.
    func partitionCounts(milliseconds: Int32) async throws(KafkaError) -> [String: Int32] {
        try await blocking { handle throws(KafkaError) in
            var answer: UnsafePointer<rd_kafka_metadata>?
            try KafkaError.check(rd_kafka_metadata(handle, 1, nil, &answer, milliseconds))
            guard let answer else { return [:] }
            defer { rd_kafka_metadata_destroy(answer) }
            var counts: [String: Int32] = [:]
            for entry in UnsafeBufferPointer(start: answer.pointee.topics, count: Int(answer.pointee.topic_cnt)) {
                guard entry.err == RD_KAFKA_RESP_ERR_NO_ERROR, let name = entry.topic else { continue }
                counts[String(cString: name)] = entry.partition_cnt
            }
            return counts
        }
    }

    /// The next events, at least one unless none comes in time: for a client whose events nobody else serves.
    func nextEvents(limit: Int, milliseconds: Int32) async throws(KafkaError) -> [RdEvent] {
        try await blocking { [self] _ throws(KafkaError) in
            var events: [RdEvent] = []
            guard let first = try poll(milliseconds: milliseconds) else { return events }
            events.append(first)
            while events.count < limit, let event = try poll(milliseconds: 0) { events.append(event) }
            return events
        }
    }
}
