import CRdKafka

extension KafkaError {
    /// From a bare error number.
    init(_ code: rd_kafka_resp_err_t, message: String? = nil) {
        self.init(
            code: Code(rawValue: code.rawValue),
            name: String(cString: rd_kafka_err2name(code)),
            message: message ?? String(cString: rd_kafka_err2str(code)),
            isFatal: code == RD_KAFKA_RESP_ERR__FATAL || code == RD_KAFKA_RESP_ERR__FENCED,
            isRetriable: Self.passing.contains(code.rawValue),
            requiresAbort: false)
    }

    /// From an error object, which it destroys.
    init(consuming error: OpaquePointer) {
        defer { rd_kafka_error_destroy(error) }
        let code = rd_kafka_error_code(error)
        self.init(
            code: Code(rawValue: code.rawValue),
            name: String(cString: rd_kafka_error_name(error)),
            message: String(cString: rd_kafka_error_string(error)),
            isFatal: rd_kafka_error_is_fatal(error) != 0,
            isRetriable: rd_kafka_error_is_retriable(error) != 0 || Self.passing.contains(code.rawValue),
            requiresAbort: rd_kafka_error_txn_requires_abort(error) != 0)
    }

    /// The first cause of a client's fatal error, if there is one.
    static func fatal(of handle: OpaquePointer) -> KafkaError? {
        withTextBuffer { buffer, size in
            let code = rd_kafka_fatal_error(handle, buffer, size)
            guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
            return KafkaError(
                code: Code(rawValue: code.rawValue), name: String(cString: rd_kafka_err2name(code)),
                message: String(cString: buffer), isFatal: true, isRetriable: false, requiresAbort: false)
        }
    }

    /// The client's fatal error, if this one only follows from it: records are purged then, and calls refused.
    func cause(in handle: OpaquePointer) -> KafkaError {
        let follows = [.fatal, .purged, Code(rawValue: RD_KAFKA_RESP_ERR__PURGE_INFLIGHT.rawValue)].contains(code)
        return follows ? KafkaError.fatal(of: handle) ?? self : self
    }

    /// Throws what a call that returns an error object returned, unless that is nil.
    static func check(_ error: OpaquePointer?) throws(KafkaError) {
        if let error { throw KafkaError(consuming: error) }
    }

    /// Throws what a call that returns a number returned, unless that is 0.
    static func check(_ code: rd_kafka_resp_err_t) throws(KafkaError) {
        guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return }
        throw KafkaError(code)
    }

    /// The same error, saying what it is about.
    func about(_ subject: String) -> KafkaError {
        KafkaError(
            code: code, name: name, message: "\(subject): \(message)", isFatal: isFatal, isRetriable: isRetriable,
            requiresAbort: requiresAbort)
    }

    static func invalid(_ message: String) -> KafkaError {
        KafkaError(RD_KAFKA_RESP_ERR__INVALID_ARG, message: message)
    }

    static func timedOut(_ message: String) -> KafkaError {
        KafkaError(RD_KAFKA_RESP_ERR__TIMED_OUT, message: message)
    }

    static let closed = KafkaError(RD_KAFKA_RESP_ERR__DESTROY, message: "the Kafka client has been closed")
    static let cancelled = KafkaError(RD_KAFKA_RESP_ERR__INTR, message: "the wait for Kafka was cancelled")

    /// Errors that pass: the network's, and a broker's or coordinator's that is busy, moving or starting.
    private static let passing: Set<Int32> = Set(
        [
            RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, RD_KAFKA_RESP_ERR__TIMED_OUT,
            RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE, RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, RD_KAFKA_RESP_ERR__QUEUE_FULL,
            RD_KAFKA_RESP_ERR__WAIT_COORD, RD_KAFKA_RESP_ERR__RETRY, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
            RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
            RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE,
            RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
            RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NOT_COORDINATOR,
            RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND,
            RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, RD_KAFKA_RESP_ERR_NOT_CONTROLLER,
            RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS, RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT,
            RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED,
        ].map(\.rawValue))
}

/// Lends a buffer for the text of an error.
func withTextBuffer<R>(_ body: (UnsafeMutablePointer<CChar>, Int) -> R) -> R {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { buffer in
        buffer.initialize(repeating: 0)
        guard let base = buffer.baseAddress else { preconditionFailure("a buffer of 512 bytes has an address") }
        return body(base, buffer.count)
    }
}
