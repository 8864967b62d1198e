import CRdKafka

/// Making and removing topics.
extension RdClient {
    /// - Returns: What it came to, by topic.
    func createTopics(
        _ topics: [TopicSpec], milliseconds: Int32
    ) async throws(KafkaError) -> [(topic: String, error: KafkaError?)] {
        try await administer(milliseconds: milliseconds) { handle, options, answers throws(KafkaError) in
            var wishes: [OpaquePointer?] = []
            defer { for wish in wishes { rd_kafka_NewTopic_destroy(wish) } }
            for topic in topics {
                let made: Result<OpaquePointer, KafkaError> = withTextBuffer { buffer, size in
                    rd_kafka_NewTopic_new(topic.name, topic.partitions, topic.replication, buffer, size)
                        .map { .success($0) } ?? .failure(.invalid("topic '\(topic.name)': \(String(cString: buffer))"))
                }
                let wish = try made.get()
                wishes.append(wish)
                for (name, value) in topic.config {
                    try KafkaError.check(rd_kafka_NewTopic_set_config(wish, name, value))
                }
            }
            rd_kafka_CreateTopics(handle, &wishes, wishes.count, options, answers)
        } outcomes: { event, count in
            rd_kafka_event_CreateTopics_result(event).flatMap { rd_kafka_CreateTopics_result_topics($0, &count) }
        }
    }

    /// - Returns: What it came to, by topic.
    func deleteTopics(
        _ names: [String], milliseconds: Int32
    ) async throws(KafkaError) -> [(topic: String, error: KafkaError?)] {
        try await administer(milliseconds: milliseconds) { handle, options, answers throws(KafkaError) in
            var wishes = names.map { rd_kafka_DeleteTopic_new($0) }
            defer { for wish in wishes { rd_kafka_DeleteTopic_destroy(wish) } }
            rd_kafka_DeleteTopics(handle, &wishes, wishes.count, options, answers)
        } outcomes: { event, count in
            rd_kafka_event_DeleteTopics_result(event).flatMap { rd_kafka_DeleteTopics_result_topics($0, &count) }
        }
    }

    private typealias Outcomes = UnsafeMutablePointer<OpaquePointer?>

    private func administer(
        milliseconds: Int32,
        _ ask: @escaping @Sendable (OpaquePointer, OpaquePointer, OpaquePointer) throws(KafkaError) -> Void,
        outcomes: @escaping @Sendable (OpaquePointer, inout Int) -> Outcomes?
    ) async throws(KafkaError) -> [(topic: String, error: KafkaError?)] {
        try await blocking { handle throws(KafkaError) in
            guard let options = rd_kafka_AdminOptions_new(handle, RD_KAFKA_ADMIN_OP_ANY),
                let answers = rd_kafka_queue_new(handle)
            else { throw KafkaError(RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE) }
            defer {
                rd_kafka_queue_destroy(answers)
                rd_kafka_AdminOptions_destroy(options)
            }
            let refusal: KafkaError? = withTextBuffer { buffer, size in
                // Until the controller has done it, and for the answer to come back.
                for set in [rd_kafka_AdminOptions_set_operation_timeout, rd_kafka_AdminOptions_set_request_timeout] {
                    let code = set(options, milliseconds, buffer, size)
                    if code != RD_KAFKA_RESP_ERR_NO_ERROR { return KafkaError(code, message: String(cString: buffer)) }
                }
                return nil
            }
            if let refusal { throw refusal }
            try ask(handle, options, answers)
            // librdkafka answers by the request's own timeout.
            guard let event = rd_kafka_queue_poll(answers, -1) else { throw .timedOut("no answer from the brokers") }
            defer { rd_kafka_event_destroy(event) }
            let code = rd_kafka_event_error(event)
            if code != RD_KAFKA_RESP_ERR_NO_ERROR {
                throw KafkaError(code, message: rd_kafka_event_error_string(event).map { String(cString: $0) })
            }
            var count = 0
            let results = UnsafeBufferPointer(start: outcomes(event, &count), count: count)
            return results.compactMap { result in
                guard let result else { return nil }
                let code = rd_kafka_topic_result_error(result)
                let text = rd_kafka_topic_result_error_string(result).map { String(cString: $0) }
                return (
                    String(cString: rd_kafka_topic_result_name(result)),
                    code == RD_KAFKA_RESP_ERR_NO_ERROR ? nil : KafkaError(code, message: text)
                )
            }
        }
    }
}
