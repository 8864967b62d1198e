import CRdKafka

/// What a consumer does.
extension RdClient {
    func subscribe(to topics: [String]) throws(KafkaError) {
        try borrow { handle throws(KafkaError) in
            try withPartitionList(topics.map { TopicPartition(topic: $0, partition: -1) }) { list throws(KafkaError) in
                try KafkaError.check(rd_kafka_subscribe(handle, list))
            }
        }
    }

    /// What the group has committed; partitions without are missing. Blocks.
    func committed(
        _ partitions: [TopicPartition], milliseconds: Int32
    ) throws(KafkaError) -> [TopicPartition: Int64] {
        try borrow { handle throws(KafkaError) in
            try withPartitionList(partitions) { list throws(KafkaError) in
                try KafkaError.check(rd_kafka_committed(handle, list, milliseconds))
                var offsets: [TopicPartition: Int64] = [:]
                for entry in list.entries {
                    try KafkaError.check(entry.err)
                    if entry.offset >= 0 { offsets[TopicPartition(entry)] = entry.offset }
                }
                return offsets
            }
        }
    }

    /// Replaces the whole assignment, outside a group.
    func assign(_ offsets: [TopicPartition: Int64]) throws(KafkaError) {
        try borrow { handle throws(KafkaError) in
            try withPartitionList(offsets) { list throws(KafkaError) in
                try KafkaError.check(rd_kafka_assign(handle, list))
            }
        }
    }

    /// Adds partitions, at these offsets. The answer to their assignment by the group.
    func addAssignment(_ offsets: [TopicPartition: Int64]) throws(KafkaError) {
        try borrow { handle throws(KafkaError) in
            try withPartitionList(offsets) { list throws(KafkaError) in
                try KafkaError.check(rd_kafka_incremental_assign(handle, list))
            }
        }
    }

    /// Takes partitions away. The answer to their revocation by the group.
    func removeAssignment(_ partitions: [TopicPartition]) throws(KafkaError) {
        try borrow { handle throws(KafkaError) in
            try withPartitionList(partitions) { list throws(KafkaError) in
                try KafkaError.check(rd_kafka_incremental_unassign(handle, list))
            }
        }
    }

    /// Whether the group has given this member's partitions away already.
    var isAssignmentLost: Bool {
        (try? borrow { handle in rd_kafka_assignment_lost(handle) != 0 }) ?? true
    }

    func pause(_ partitions: [TopicPartition]) throws(KafkaError) {
        try borrow { handle throws(KafkaError) in
            try withPartitionList(partitions) { list throws(KafkaError) in
                try KafkaError.check(rd_kafka_pause_partitions(handle, list))
            }
        }
    }

    func resume(_ partitions: [TopicPartition]) throws(KafkaError) {
        try borrow { handle throws(KafkaError) in
            try withPartitionList(partitions) { list throws(KafkaError) in
                try KafkaError.check(rd_kafka_resume_partitions(handle, list))
            }
        }
    }

    /// Commits offsets; an event says what it came to.
    func commit(_ offsets: [TopicPartition: Int64]) throws(KafkaError) {
        try borrowWithEvents { handle, events throws(KafkaError) in
            try withPartitionList(offsets) { list throws(KafkaError) in
                try KafkaError.check(rd_kafka_commit_queue(handle, list, events, nil, nil))
            }
        }
    }

    /// Commits offsets and waits for what it comes to, for a bounded time, which `rd_kafka_commit` doesn't. Blocks.
    func commitAndWait(_ offsets: [TopicPartition: Int64], milliseconds: Int32) throws(KafkaError) {
        try borrow { handle throws(KafkaError) in
            guard let answers = rd_kafka_queue_new(handle) else {
                throw KafkaError(RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE)
            }
            defer { rd_kafka_queue_destroy(answers) }
            try withPartitionList(offsets) { list throws(KafkaError) in
                try KafkaError.check(rd_kafka_commit_queue(handle, list, answers, nil, nil))
            }
            guard let event = rd_kafka_queue_poll(answers, milliseconds) else {
                throw KafkaError(RD_KAFKA_RESP_ERR__TIMED_OUT)
            }
            defer { rd_kafka_event_destroy(event) }
            try KafkaError.check(rd_kafka_event_error(event))
        }
    }

    /// Begins to leave the group: events for it follow until ``hasLeft``.
    func beginLeaving() throws(KafkaError) {
        try borrowWithEvents { handle, events throws(KafkaError) in
            try KafkaError.check(rd_kafka_consumer_close_queue(handle, events))
        }
    }

    var hasLeft: Bool {
        (try? borrow { handle in rd_kafka_consumer_closed(handle) != 0 }) ?? true
    }
}
