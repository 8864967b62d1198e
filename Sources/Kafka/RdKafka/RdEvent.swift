import CRdKafka

/// An event of a client, copied out of librdkafka's memory.
enum RdEvent {
    case deliveries([DeliveryReport])
    case message(KafkaMessage)
    /// The end of a partition was reached, for now.
    case end(TopicPartition, offset: Int64)
    case rebalance(assigned: Bool, [TopicPartition])
    /// What committing offsets came to, by partition.
    case committed([CommitOutcome])
    case error(KafkaError, TopicPartition?)

    struct CommitOutcome {
        let partition: TopicPartition
        let offset: Int64
        let error: KafkaError?
    }

    struct DeliveryReport {
        /// The number the record was produced with.
        let id: UInt
        let result: Result<KafkaDelivery, KafkaError>
    }

    /// - Parameter event: Stays the caller's.
    init?(_ event: OpaquePointer, of handle: OpaquePointer) {
        switch rd_kafka_event_type(event) {
        case RD_KAFKA_EVENT_DR:
            var reports: [DeliveryReport] = []
            reports.reserveCapacity(rd_kafka_event_message_count(event))
            while let message = rd_kafka_event_message_next(event) {
                reports.append(DeliveryReport(message.pointee, of: handle))
            }
            self = .deliveries(reports)
        case RD_KAFKA_EVENT_FETCH:
            guard let message = rd_kafka_event_message_next(event) else { return nil }
            self = .message(KafkaMessage(message))
        case RD_KAFKA_EVENT_REBALANCE:
            let partitions = rd_kafka_event_topic_partition_list(event).map { list in
                list.entries.map { TopicPartition($0) }
            }
            self = .rebalance(
                assigned: rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS, partitions ?? [])
        case RD_KAFKA_EVENT_OFFSET_COMMIT:
            let whole = rd_kafka_event_error(event)
            let outcomes = rd_kafka_event_topic_partition_list(event).map { list in
                list.entries.map { entry in
                    let code = entry.err == RD_KAFKA_RESP_ERR_NO_ERROR ? whole : entry.err
                    return CommitOutcome(
                        partition: TopicPartition(entry), offset: entry.offset,
                        error: code == RD_KAFKA_RESP_ERR_NO_ERROR ? nil : KafkaError(code))
                }
            }
            self = .committed(outcomes ?? [])
        case RD_KAFKA_EVENT_ERROR:
            self.init(error: event, of: handle)
        default:
            return nil
        }
    }

    private init(error event: OpaquePointer, of handle: OpaquePointer) {
        var partition: TopicPartition?
        var offset: Int64 = -1
        if let entry = rd_kafka_event_topic_partition(event) {
            partition = TopicPartition(entry.pointee)
            offset = entry.pointee.offset
            rd_kafka_topic_partition_destroy(entry)
        }
        let code = rd_kafka_event_error(event)
        if code == RD_KAFKA_RESP_ERR__PARTITION_EOF, let partition {
            self = .end(partition, offset: offset)
        } else if rd_kafka_event_error_is_fatal(event) != 0, let cause = KafkaError.fatal(of: handle) {
            self = .error(cause, partition)
        } else {
            let text = rd_kafka_event_error_string(event).map { String(cString: $0) }
            self = .error(KafkaError(code, message: text), partition)
        }
    }
}

extension RdEvent.DeliveryReport {
    init(_ message: rd_kafka_message_t, of handle: OpaquePointer) {
        self.id = UInt(bitPattern: message._private)
        self.result =
            message.err == RD_KAFKA_RESP_ERR_NO_ERROR
            ? .success(KafkaDelivery(partition: message.partition, offset: message.offset))
            : .failure(KafkaError(message.err).cause(in: handle))
    }
}

extension KafkaMessage {
    init(_ message: UnsafePointer<rd_kafka_message_t>) {
        var kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
        let timestamp = rd_kafka_message_timestamp(message, &kind)
        self.init(
            topic: message.pointee.rkt.map { String(cString: rd_kafka_topic_name($0)) } ?? "",
            partition: message.pointee.partition,
            offset: message.pointee.offset,
            key: Self.bytes(message.pointee.key, message.pointee.key_len),
            value: Self.bytes(message.pointee.payload, message.pointee.len),
            headers: Self.headers(of: message),
            timestamp: kind == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? nil : timestamp)
    }

    private static func bytes(_ start: UnsafeRawPointer?, _ count: Int) -> [UInt8]? {
        start.map { Array(UnsafeRawBufferPointer(start: $0, count: count)) }
    }

    private static func headers(of message: UnsafePointer<rd_kafka_message_t>) -> [KafkaHeader] {
        var list: OpaquePointer?
        // The headers belong to the message, and go with its event.
        guard rd_kafka_message_headers(message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR, let list else { return [] }
        var headers: [KafkaHeader] = []
        var name: UnsafePointer<CChar>?
        var value: UnsafeRawPointer?
        var size = 0
        while rd_kafka_header_get_all(list, headers.count, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR,
            let name
        {
            headers.append(KafkaHeader(name: String(cString: name), value: bytes(value, size) ?? []))
        }
        return headers
    }
}
