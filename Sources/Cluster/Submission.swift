import Crypto
public import JSON
public import Postgres

/// A submission (报送) whose envelope and signature hold: somebody entitled to its source really said it.
public struct Submission: Sendable {
    /// Its id within its source.
    public let id: String
    /// Who says it.
    public let source: String
    /// What kind of thing it says.
    public let type: String
    /// What it is about.
    public let subject: String?
    /// The department whose key signed it.
    public let department: String
    /// The key's id; `nil` in unsigned mode.
    public let keyID: String?
    /// Who says it for the department, by login, where a console has named the person (经办人).
    public let person: String?
    /// What the key may be used for.
    public let roles: Set<Role>
    /// The JSON body as sent.
    public let data: [UInt8]
    /// The SHA-256 of type, subject and data.
    public let digest: [UInt8]
    /// When its signer says that it was said.
    let time: String?
    /// Its DSSE envelope, in base64; `nil` in unsigned mode.
    let signature: String?

    /// The signed attribute that names a person: `ce_actor`.
    static let personAttribute = "actor"

    /// Who has to be another one where two people are asked for: the person, or the key where none is named; `nil` in
    /// unsigned mode.
    public var signatory: String? { person.map { "person:" + $0 } ?? keyID }

    /// The line of the audit log that says what came of it.
    func act(_ kind: Act.Kind, _ receipt: Receipt) -> Act {
        Act(
            kind: kind, source: source, id: id, type: type, subject: subject, department: department, keyID: keyID,
            person: person,
            saidAt: time, digest: digest, dataHash: SHA256.hash(data: data).bytes, signature: signature,
            outcome: receipt.status == .accepted ? .accepted : .refused, codes: receipt.reasons.map(\.code))
    }
}

/// One thing wrong with a submission: where, what, and what would be right.
public struct Reason: Sendable, Hashable, Error {
    /// The path of the field, such as `request.window[0]`; empty for the whole.
    public let field: String
    /// A stable code for programs, such as `visit.unknown`.
    public let code: String
    /// The sentence for people, Chinese first.
    public let message: String

    /// A reason of the given parts.
    public init(field: String = "", code: String, message: String) {
        self.field = field
        self.code = code
        self.message = message
    }

    /// As it stands in a receipt.
    public var json: JSONValue {
        ["field": .string(field), "code": .string(code), "message": .string(message)]
    }
}

/// Several reasons at once, thrown out of a handler's reading or deciding.
public struct Rejection: Error, Sendable, Hashable {
    /// At least one.
    public let reasons: [Reason]

    /// A rejection with every reason that was found.
    public init(_ reasons: [Reason]) { self.reasons = reasons }

    /// A rejection with one reason.
    public init(field: String = "", code: String, message: String) {
        reasons = [Reason(field: field, code: code, message: message)]
    }
}

/// A message to be sent once its transaction has committed.
public struct Outgoing: Sendable, Hashable {
    /// The topic's full name.
    public let topic: String
    /// The key whose messages stay in order.
    public let key: String
    /// The CloudEvents type.
    public let type: String
    /// What it is about.
    public let subject: String
    /// The body; `nil` sends a tombstone.
    public let data: JSONValue?

    /// A message of the given parts.
    public init(topic: String, key: String, type: String, subject: String, data: JSONValue?) {
        self.topic = topic
        self.key = key
        self.type = type
        self.subject = subject
        self.data = data
    }
}

/// A stage of work to be stored as a row, for any worker to take.
public struct NewTask: Sendable, Hashable {
    /// Which handler runs it.
    public let kind: String
    /// What it belongs to, such as a round's id.
    public let subject: String
    /// Tells tasks of one kind and subject apart; the three together are unique, so a task is never stored twice.
    public let ordinal: Int
    /// What the handler needs to know.
    public let arguments: JSONValue
    /// The earliest instant, by the database's clock, or `nil` for at once.
    public let runAt: String?

    /// A task of the given parts.
    public init(kind: String, subject: String, ordinal: Int = 0, arguments: JSONValue = [:], runAt: String? = nil) {
        self.kind = kind
        self.subject = subject
        self.ordinal = ordinal
        self.arguments = arguments
        self.runAt = runAt
    }
}

/// What a handler wants done in its transaction beside its own rows.
public struct Effects: Sendable {
    /// Details for the receipt, or a task's stored result.
    public var details: JSONValue
    /// Messages for the outbox.
    public var messages: [Outgoing]
    /// New tasks.
    public var tasks: [NewTask]

    /// The given effects; none by default.
    public init(details: JSONValue = [:], messages: [Outgoing] = [], tasks: [NewTask] = []) {
        self.details = details
        self.messages = messages
        self.tasks = tasks
    }
}

/// What a slice does with one kind of submission.
public struct SubmissionHandler: Sendable {
    /// The CloudEvents type it takes.
    public let type: String
    /// The role that the signer's key must have.
    public let role: Role
    /// Decides and writes, in the transaction that also stores the receipt. Throws `Rejection` or `JSONError` to
    /// refuse: its rows are rolled back and the reasons go into the receipt.
    public let handle: @Sendable (Submission, PostgresTransaction) async throws -> Effects

    /// A handler for one type of submission.
    public init(
        type: String, role: Role,
        handle: @escaping @Sendable (Submission, PostgresTransaction) async throws -> Effects
    ) {
        self.type = type
        self.role = role
        self.handle = handle
    }
}
