import JSON
public import Kafka
public import Logging

/// Waits on the topic of receipts for those of some submissions.
public final class ReceiptWaiter: Sendable {
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
}
