import CRdKafka
import Dispatch
import Logging
import Synchronization

/// A librdkafka client, its events, and when it may be destroyed.
///
/// Every call borrows the handle, and ``destroy()`` waits until nobody holds it: late calls throw, none touches freed
/// memory. Nothing else destroys it, `deinit` included, because that blocks until librdkafka's threads have ended.
final class RdClient: Sendable {
    enum Kind {
        case producer
        case consumer
        /// Asks and administers; its events are never served.
        case admin
    }

    /// A pointer to an object of librdkafka that any thread may use at any time.
    ///
    /// `@unchecked` because librdkafka documents `rd_kafka_t`, `rd_kafka_queue_t` and `rd_kafka_topic_t` as thread-safe;
    /// that they are alive is what borrowing sees to.
    private struct Shared: @unchecked Sendable {
        let pointer: OpaquePointer
    }

    private struct Usage {
        var users = 0
        var isClosed = false
    }

    private let handle: Shared
    private let events: Shared
    private let log: Unmanaged<RdLog>
    private let usage = Mutex(Usage())
    private let topics = Mutex<[String: Shared]>([:])
    private let idle = DispatchSemaphore(value: 0)
    /// Where calls that block run, one at a time, so that no thread of Swift's pool does.
    private let blockingCalls = DispatchQueue(label: "kafka.blocking")

    /// - Parameter properties: librdkafka's, by its names.
    init(_ kind: Kind, _ properties: [String: String], logger: Logger) throws(KafkaError) {
        let conf = try Self.configuration(properties)
        let log = Unmanaged.passRetained(RdLog(logger))
        rd_kafka_conf_set_opaque(conf, log.toOpaque())
        rd_kafka_conf_set_log_cb(conf, rdLog)
        switch kind {
        case .producer: rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR)
        case .consumer:
            rd_kafka_conf_set_events(
                conf,
                RD_KAFKA_EVENT_FETCH | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_OFFSET_COMMIT)
        case .admin: break
        }
        // Only a producer's questions about a topic may make it.
        let type = kind == .producer ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER
        let made: Result<OpaquePointer, KafkaError> = withTextBuffer { buffer, size in
            if let handle = rd_kafka_new(type, conf, buffer, size) { return .success(handle) }
            return .failure(.invalid(String(cString: buffer)))
        }
        let handle: OpaquePointer
        do {
            handle = try made.get()
        } catch {
            rd_kafka_conf_destroy(conf)  // ours again, since the client wasn't made
            log.release()
            throw error
        }
        if kind == .consumer { rd_kafka_poll_set_consumer(handle) }
        self.handle = Shared(pointer: handle)
        self.log = log
        guard let queue = kind == .consumer ? rd_kafka_queue_get_consumer(handle) : rd_kafka_queue_get_main(handle)
        else {
            rd_kafka_destroy(handle)
            log.release()
            throw KafkaError(RD_KAFKA_RESP_ERR__UNKNOWN_GROUP)
        }
        self.events = Shared(pointer: queue)
    }

    private static func configuration(_ properties: [String: String]) throws(KafkaError) -> OpaquePointer {
        guard let conf = rd_kafka_conf_new() else { throw KafkaError(RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE) }
        for (name, value) in properties.sorted(by: { $0.key < $1.key }) {
            let refusal: String? = withTextBuffer { buffer, size in
                rd_kafka_conf_set(conf, name, value, buffer, size) == RD_KAFKA_CONF_OK ? nil : String(cString: buffer)
            }
            if let refusal {
                rd_kafka_conf_destroy(conf)
                let variable = "YAOHAO_KAFKA_" + name.uppercased().replacing(".", with: "_")
                throw .invalid("Kafka property '\(name)': \(refusal); if set in the environment, \(variable) is it")
            }
        }
        return conf
    }

    /// Lends the handle for a call that doesn't block.
    func borrow<R>(_ body: (OpaquePointer) throws(KafkaError) -> R) throws(KafkaError) -> R {
        try usage.withLock { usage throws(KafkaError) in
            guard !usage.isClosed else { throw KafkaError.closed }
            usage.users += 1
        }
        defer {
            let last = usage.withLock { usage in
                usage.users -= 1
                return usage.isClosed && usage.users == 0
            }
            if last { idle.signal() }
        }
        return try body(handle.pointer)
    }

    /// Lends the handle for a call that may block, on a thread that may.
    func blocking<R: Sendable>(
        _ body: @escaping @Sendable (OpaquePointer) throws(KafkaError) -> R
    ) async throws(KafkaError) -> R {
        let result: Result<R, KafkaError> = await withCheckedContinuation { continuation in
            blockingCalls.async {
                do throws(KafkaError) {
                    continuation.resume(returning: .success(try self.borrow(body)))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        return try result.get()
    }

    /// Waits up to `milliseconds` for the next event. Blocks: for the thread that owns the client's events only.
    func poll(milliseconds: Int32) throws(KafkaError) -> RdEvent? {
        try borrow { handle throws(KafkaError) in
            guard let event = rd_kafka_queue_poll(events.pointer, milliseconds) else { return nil }
            defer { rd_kafka_event_destroy(event) }
            return RdEvent(event, of: handle)
        }
    }

    /// Makes ``poll(milliseconds:)`` return at once, the next one if none is under way.
    func wake() {
        try? borrow { _ in rd_kafka_queue_yield(events.pointer) }
    }

    /// The handle of a topic that records go to, made at its first use and kept; call it while borrowing.
    ///
    /// Making it asks for the topic's leaders at once. A record that only names its topic waits for that until librdkafka
    /// next looks over its topics, up to a second later.
    func topic(_ name: String, in handle: OpaquePointer) throws(KafkaError) -> OpaquePointer {
        let topic: Shared? = topics.withLock { topics in
            if let known = topics[name] { return known }
            topics[name] = rd_kafka_topic_new(handle, name, nil).map(Shared.init)
            return topics[name]
        }
        guard let topic else { throw KafkaError(rd_kafka_last_error()).about("topic '\(name)'") }
        return topic.pointer
    }

    /// Lends the handle and the queue of events for a call that answers by an event.
    func borrowWithEvents<R>(
        _ body: (OpaquePointer, OpaquePointer) throws(KafkaError) -> R
    ) throws(KafkaError) -> R {
        try borrow { handle throws(KafkaError) in try body(handle, events.pointer) }
    }

    /// Ends the client for good, once. Blocks until every borrowed call has returned and librdkafka's threads have
    /// ended; what hasn't been sent by then is lost, and a consumer that hasn't left its group doesn't.
    func destroy() {
        let users = usage.withLock { usage -> Int? in
            if usage.isClosed { return nil }
            usage.isClosed = true
            return usage.users
        }
        guard let users else { return }
        if users > 0 { idle.wait() }
        for topic in topics.withLock({ $0.values }) { rd_kafka_topic_destroy(topic.pointer) }
        rd_kafka_queue_destroy(events.pointer)
        rd_kafka_destroy_flags(handle.pointer, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE)
        log.release()  // librdkafka's threads, which log, have ended
    }

    /// ``destroy()`` on a thread that may block.
    func destroyed() async {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                self.destroy()
                continuation.resume()
            }
        }
    }
}

/// Where a client's own log goes.
final class RdLog: Sendable {
    private let logger: Logger

    init(_ logger: Logger) { self.logger = logger }

    func write(level: Int32, facility: String, message: String) {
        // What goes wrong reaches the caller as an error or is tried again, so nothing here is more than information.
        // A property for another kind of client is no news: settings are for all kinds.
        let ours: Logger.Level =
            switch level {
            case ...4: facility == "CONFWARN" ? .debug : .info
            case 5...6: .debug
            default: .trace
            }
        logger.log(
            level: ours, "librdkafka",
            metadata: [LogKey.facility: "\(facility)", LogKey.message: "\(message)", LogKey.level: "\(level)"])
    }
}

/// Called by threads of librdkafka, so it must not belong to any actor: a file-scope function, not a closure.
private nonisolated func rdLog(
    handle: OpaquePointer?, level: Int32, facility: UnsafePointer<CChar>?, message: UnsafePointer<CChar>?
) {
    guard let handle, let facility, let message, let opaque = rd_kafka_opaque(handle) else { return }
    Unmanaged<RdLog>.fromOpaque(opaque).takeUnretainedValue()
        .write(level: level, facility: String(cString: facility), message: String(cString: message))
}
