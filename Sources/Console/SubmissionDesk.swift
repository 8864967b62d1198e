public import Cluster
import Crypto
import Foundation
import JSON
public import Kafka
public import Logging
import Registers

/// Signs what persons submit with their department's key, naming them, and waits for the receipt (报送台). It is a client of
/// the topics like any other.
public actor SubmissionDesk {
    /// The department has given the console no key for this.
    struct NoKey: Error {
        let department: String
        let role: Role
    }

    private let keys: [SigningKey]
    private let kafka: KafkaSettings
    private let topics: Topics
    private let logger: Logger
    private let patience: Duration
    private var clients: [String: SubmissionClient] = [:]

    /// A desk with the departments' keys.
    ///
    /// - Parameter patience: how long a person waits for a receipt.
    public init(
        keys: [SigningKey], kafka: KafkaSettings, topics: Topics, patience: Duration = .seconds(20), logger: Logger
    ) {
        self.keys = keys
        self.kafka = kafka
        self.topics = topics
        self.patience = patience
        self.logger = logger
    }

    /// The department's key for a role: the one that may do least beside it.
    ///
    /// - Throws: `NoKey`.
    func key(of department: String, for role: Role, source: String? = nil) throws -> SigningKey {
        let fitting = keys.filter { key in
            key.department == department && key.roles.contains(role)
                && (source.map { key.sources.contains($0) } ?? !key.sources.isEmpty)
        }
        guard let key = fitting.min(by: { ($0.roles.count, $0.keyID) < ($1.roles.count, $1.keyID) }) else {
            throw NoKey(department: department, role: role)
        }
        return key
    }

    /// Whether there is a key of the department for a role.
    func canSign(_ department: String, _ role: Role) -> Bool { (try? key(of: department, for: role)) != nil }

    /// What a person says.
    struct Content: Sendable {
        /// The CloudEvents type.
        let type: String
        /// What it is about.
        let subject: String
        let body: JSONValue
        /// What the key must be allowed to submit.
        let role: Role
        /// The source that speaks; by default the key's own.
        var source: String?
    }

    /// Submits, and waits for the receipt.
    ///
    /// - Parameters:
    ///   - once: the same with the same body is the same submission, however often the button is pressed.
    ///   - before: told source and id before anything is sent.
    /// - Returns: the receipt; `nil` when none came in time.
    /// - Throws: `NoKey`, `KafkaError`, `SubmissionDraft.Problem`, what `before` throws.
    func submit(
        _ content: Content, by account: Account, once: String,
        before: @Sendable (_ source: String, _ id: String) async throws -> Void = { _, _ in }
    ) async throws -> Receipt? {
        let key = try key(of: account.department, for: content.role, source: content.source)
        let draft = SubmissionDraft(
            type: content.type, subject: content.subject, data: content.body,
            id: Self.id(once: once, content.type, content.subject, content.body, account.login),
            source: content.source ?? key.sources.first, person: account.login)
        try await before(draft.source ?? "", draft.id ?? "")
        let client: SubmissionClient
        if let known = clients[key.keyID] {
            client = known
        } else {
            client = try await SubmissionClient(kafka: kafka, topics: topics, key: key, logger: logger)
            // Another may have been made meanwhile.
            if let known = clients[key.keyID] { await known.close() }
            clients[key.keyID] = client
        }
        do {
            return try await client.submit([draft], timeout: patience).first
        } catch is SubmissionClient.NoReceipt {
            return nil
        }
    }

    /// The id of a submission: of the form that was shown, who filled it in, and what is said.
    static func id(once: String, _ type: String, _ subject: String, _ body: JSONValue, _ login: String) -> String {
        var hash = SHA256()
        for part in [Array(once.utf8), Array(login.utf8), Array(type.utf8), Array(subject.utf8), body.canonical] {
            hash.update(data: Array(SHA256.hash(data: part)))
        }
        return hexText(Array(hash.finalize()).prefix(16))
    }

    /// Sends rows of a register as the department's source, and waits for the report.
    ///
    /// - Returns: the receipt with the report; `nil` when none came in time.
    /// - Throws: `NoKey`, `KafkaError`.
    func feed(
        _ register: Register, source: String, rows: [FeedRow], by account: Account
    ) async throws -> Receipt? {
        let key = try key(of: account.department, for: .feed, source: source)
        let client = FeedClient(kafka: kafka, topics: topics, key: key, logger: logger)
        let now = Date()
        return try await client.send(to: register, time: now.instantText, timeout: patience, rows: rows) { partitions in
            FeedHeading(
                register: register, source: source, mode: .delta, now: now, partitions: partitions, isCorrection: true,
                person: account.login)
        }
    }

    /// Sends a dead letter back to its topic, byte for byte.
    ///
    /// - Throws: `KafkaError`.
    func replay(_ message: RawMessage) async throws {
        let producer = try KafkaProducer(settings: kafka, logger: logger)
        let results = await producer.send([
            KafkaRecord(topic: message.topic, key: message.key, value: message.value, headers: message.headers)
        ])
        await producer.close()
        for result in results { _ = try result.get() }
    }

    /// How many messages each group has yet to take.
    ///
    /// - Throws: `KafkaError`.
    func lag(_ groups: [(group: String, topics: [String])]) async throws -> [(group: String, messages: Int)] {
        let admin = try KafkaAdmin(settings: kafka, logger: logger)
        do {
            var lags: [(String, Int)] = []
            for (group, topics) in groups {
                lags.append((group, Int(try await admin.lag(group: group, topics: topics).values.reduce(0, +))))
            }
            await admin.close()
            return lags
        } catch {
            await admin.close()
            throw error
        }
    }

    /// Lets go of the broker.
    func close() async {
        for client in clients.values { await client.close() }
        clients = [:]
    }
}
