public import JSON

/// What a submitter is told about a submission (回执): it counts when this is back.
public struct Receipt: Sendable, Hashable {
    /// Whether the submission took effect.
    public enum Status: String, Sendable {
        /// It has had its one effect.
        case accepted
        /// It has none; the reasons say why.
        case rejected
    }

    /// The submission's source.
    public let source: String
    /// The submission's id.
    public let id: String
    /// The submission's type.
    public let type: String
    /// The submission's subject.
    public let subject: String?
    /// Whether it took effect.
    public let status: Status
    /// Why not; empty when accepted.
    public let reasons: [Reason]
    /// What the handler adds, such as the number of a draw request's objects.
    public let details: JSONValue
    /// When the same thing was first said, where this receipt only repeats that one's; no part of its JSON, but a header.
    public var firstSaid: String?

    /// The CloudEvents type of a receipt.
    public static let eventType = "cn.yaohao.cluster.receipt-issued.v1"
    /// The header of `firstSaid`.
    static let firstSaidHeader = "ce_firstsaid"

    /// A receipt of the given parts.
    public init(
        source: String, id: String, type: String, subject: String?, status: Status, reasons: [Reason] = [],
        details: JSONValue = [:]
    ) {
        self.source = source
        self.id = id
        self.type = type
        self.subject = subject
        self.status = status
        self.reasons = reasons
        self.details = details
    }

    init(
        for submission: Submission, status: Status, reasons: [Reason] = [], details: JSONValue = [:]
    ) {
        source = submission.source
        id = submission.id
        type = submission.type
        subject = submission.subject
        self.status = status
        self.reasons = reasons
        self.details = details
    }

    /// Receipts that say the same are equal, whether they are sent for the first time or again.
    public static func == (a: Receipt, b: Receipt) -> Bool { a.json == b.json }

    /// Hashes what `==` compares.
    public func hash(into hasher: inout Hasher) { hasher.combine(json) }

    /// The receipt as it is stored and sent.
    public var json: JSONValue {
        [
            "source": .string(source), "id": .string(id), "type": .string(type),
            "subject": subject.map { .string($0) } ?? .null, "status": .string(status.rawValue),
            "reasons": .array(reasons.map(\.json)), "details": details,
        ]
    }

    /// Reads a receipt back.
    ///
    /// - Throws: `JSONError`, naming the field.
    public init(json: JSONValue) throws {
        var reader = try JSONReader(json)
        source = try reader.string("source")
        id = try reader.string("id")
        type = try reader.string("type")
        subject = try reader.optionalString("subject")
        let statusName = try reader.string("status")
        guard let status = Status(rawValue: statusName) else {
            throw reader.error("status", "is neither accepted nor rejected")
        }
        self.status = status
        reasons = try reader.objects("reasons").map { item in
            var item = item
            return Reason(
                field: try item.string("field"), code: try item.string("code"), message: try item.string("message"))
        }
        details = try reader.value("details")
        try reader.finish()
    }
}
