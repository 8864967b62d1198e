import JSON
public import Kafka
public import Logging

/// Waits on the topic of receipts for those of some submissions. Open it before sending them.
public actor ReceiptWaiter {
    /// Which submission a receipt is for.
    public struct ID: Sendable, Hashable {
        /// The submission's source.
        public let source: String
        /// The submission's id.
        public let id: String

        /// An id of the given parts.
        public init(source: String, id: String) {
            self.source = source
            self.id = id
        }
    }

    private let reader: KafkaReader
    private let logger: Logger

    /// Opens a waiter; receipts that are sent from now on will be seen.
    ///
    /// - Parameters:
    ///   - kafka: how to reach the broker.
    ///   - topics: the county's topics.
    ///   - sources: the submitters; each one's receipts are on one partition.
    /// - Throws: `KafkaError`.
    public init(kafka: KafkaSettings, topics: Topics, sources: [String], logger: Logger) async throws {
        reader = try await KafkaReader.open(
            settings: kafka, topic: topics.receipts, keys: sources.map { Array($0.utf8) }, from: .end, logger: logger)
        self.logger = logger
    }

    /// Sends, waits, and sends again what has no receipt yet, until all are in or the time is over.
    ///
    /// - Parameters:
    ///   - wanted: the submissions.
    ///   - timeout: how long to wait in all.
    ///   - patience: how long to wait without any of the receipts before sending again; doubled each time, up to a minute.
    ///   - send: sends the submissions that it is given.
    /// - Returns: the receipts that came.
    /// - Throws: what `send` throws that is not retriable, and `KafkaError` of reading.
    public func collect(
        _ wanted: Set<ID>, timeout: Duration, patience: Duration,
        send: @escaping @Sendable (Set<ID>) async throws -> Void
    ) async throws -> [ID: Receipt] {
        var receipts: [ID: Receipt] = [:]
        let deadline = ContinuousClock.now + timeout
        var patience = patience
        while receipts.count < wanted.count, ContinuousClock.now < deadline {
            do {
                try await send(wanted.filter { receipts[$0] == nil })
            } catch let error as KafkaError where error.isRetriable {
                logger.warning("sending failed and is tried again", metadata: ["error": "\(error)"])
            }
            // While receipts come, the others are on their way; a cluster that is behind is not asked twice.
            var pause = min(ContinuousClock.now + patience, deadline)
            while receipts.count < wanted.count, let message = try await next(until: pause) {
                guard var receipt = try? Receipt(json: JSONValue(parsing: message.value ?? [])) else { continue }
                receipt.firstSaid = message.headers.first { $0.name == Receipt.firstSaidHeader }
                    .map { String(decoding: $0.value, as: UTF8.self) }
                let id = ID(source: receipt.source, id: receipt.id)
                guard wanted.contains(id), receipts.updateValue(receipt, forKey: id) == nil else { continue }
                pause = min(ContinuousClock.now + patience, deadline)
            }
            patience = min(patience * 2, .seconds(60))
        }
        return receipts
    }

    /// The next message, or `nil` when there is none until the instant.
    private func next(until instant: ContinuousClock.Instant) async throws -> KafkaMessage? {
        let reader = reader
        return try await withThrowingTaskGroup(of: KafkaMessage?.self) { group in
            group.addTask {
                do {
                    return try await reader.next()
                } catch let error as KafkaError where error.code == .cancelled {
                    return nil
                }
            }
            group.addTask {
                try? await Task.sleep(until: instant)
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }

    /// Lets go of the broker.
    public func close() async { await reader.close() }
}
