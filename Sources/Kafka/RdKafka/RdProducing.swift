import CRdKafka

/// What a producer does.
extension RdClient {
    /// Hands a record over for sending; a delivery report with `id` will follow, unless it throws.
    func produce(_ record: KafkaRecord, id: UInt) throws(KafkaError) {
        try borrow { handle throws(KafkaError) in
            let topic = try topic(record.topic, in: handle)
            var parts = [
                rd_kafka_vu_t(RD_KAFKA_VTYPE_RKT) { $0.rkt = topic },
                rd_kafka_vu_t(RD_KAFKA_VTYPE_MSGFLAGS) { $0.i = RD_KAFKA_MSG_F_COPY },
                rd_kafka_vu_t(RD_KAFKA_VTYPE_OPAQUE) { $0.ptr = UnsafeMutableRawPointer(bitPattern: id) },
            ]
            if let partition = record.partition {
                parts.append(rd_kafka_vu_t(RD_KAFKA_VTYPE_PARTITION) { $0.i32 = partition })
            }
            var headers: OpaquePointer?
            if !record.headers.isEmpty {
                headers = try Self.headers(record.headers)
                parts.append(rd_kafka_vu_t(RD_KAFKA_VTYPE_HEADERS) { $0.headers = headers })
            }
            // librdkafka copies the key and value within the call.
            let error = withBytes(record.key) { key in
                withBytes(record.value) { value in
                    parts.append(rd_kafka_vu_t(RD_KAFKA_VTYPE_KEY) { $0.mem = key })
                    parts.append(rd_kafka_vu_t(RD_KAFKA_VTYPE_VALUE) { $0.mem = value })
                    return rd_kafka_produceva(handle, parts, parts.count)
                }
            }
            if let error {
                if let headers { rd_kafka_headers_destroy(headers) }  // taken over only when the call succeeds
                throw KafkaError(consuming: error).cause(in: handle)
            }
        }
    }

    private static func headers(_ headers: [KafkaHeader]) throws(KafkaError) -> OpaquePointer {
        guard let list = rd_kafka_headers_new(headers.count) else {
            throw KafkaError(RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE)
        }
        for header in headers {
            let code = header.value.withUnsafeBytes { bytes in
                // An empty value must not look like none.
                rd_kafka_header_add(list, header.name, -1, bytes.baseAddress ?? UnsafeRawPointer(list), bytes.count)
            }
            guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
                rd_kafka_headers_destroy(list)
                throw KafkaError(code)
            }
        }
        return list
    }

    /// Gives up everything that is queued or under way; delivery reports say so.
    func purge() {
        try? borrow { handle in
            _ = rd_kafka_purge(
                handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING)
        }
    }

    /// Waits until everything is delivered. Blocks.
    func flush(milliseconds: Int32) async throws(KafkaError) {
        try await blocking { handle throws(KafkaError) in try KafkaError.check(rd_kafka_flush(handle, milliseconds)) }
    }

    func initTransactions(milliseconds: Int32) async throws(KafkaError) {
        try await blocking { handle throws(KafkaError) in
            try KafkaError.check(rd_kafka_init_transactions(handle, milliseconds))
        }
    }

    func beginTransaction() async throws(KafkaError) {
        try await blocking { handle throws(KafkaError) in try KafkaError.check(rd_kafka_begin_transaction(handle)) }
    }

    func commitTransaction(milliseconds: Int32) async throws(KafkaError) {
        try await blocking { handle throws(KafkaError) in
            try KafkaError.check(rd_kafka_commit_transaction(handle, milliseconds))
        }
    }

    func abortTransaction(milliseconds: Int32) async throws(KafkaError) {
        try await blocking { handle throws(KafkaError) in
            try KafkaError.check(rd_kafka_abort_transaction(handle, milliseconds))
        }
    }
}

private typealias Part = rd_kafka_vu_t.__Unnamed_union_u

extension rd_kafka_vu_t {
    fileprivate init(_ type: rd_kafka_vtype_t, _ set: (inout Part) -> Void) {
        self.init()
        vtype = type
        set(&u)
    }
}

/// Lends bytes as librdkafka takes them: nil has no address, an empty array has one.
private func withBytes<R>(_ bytes: [UInt8]?, _ body: (Part.__Unnamed_struct_mem) -> R) -> R {
    guard let bytes else { return body(.init(ptr: nil, size: 0)) }
    return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 1) { place in
        bytes.withUnsafeBytes { buffer in
            let start = buffer.isEmpty ? UnsafeRawPointer(place.baseAddress) : buffer.baseAddress
            return body(.init(ptr: UnsafeMutableRawPointer(mutating: start), size: buffer.count))
        }
    }
}
