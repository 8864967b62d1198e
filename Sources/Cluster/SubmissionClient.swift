import Crypto
import Foundation
public import JSON
public import Kafka
public import Logging

/// What somebody wants to submit, before it is signed.
public struct SubmissionDraft: Sendable, Hashable {
    /// The CloudEvents type; it decides the topic.
    public let type: String
    /// What it is about: a plan, a round or a visit. It is also the message's key, so that one subject stays in order.
    public let subject: String
    /// The body.
    public let data: JSONValue
    /// The id; by default made from what is said, so that the same thing said twice is one submission.
    public let id: String?
    /// The source; by default the key's first.
    public let source: String?
    /// The person who says it, by login, at the operators' console; `nil` where the key speaks for itself.
    public let person: String?

    /// A draft of the given parts.
    public init(
        type: String, subject: String, data: JSONValue, id: String? = nil, source: String? = nil, person: String? = nil
    ) {
        self.type = type
        self.subject = subject
        self.data = data
        self.id = id
        self.source = source
        self.person = person
    }

    /// What is wrong with a draft.
    public struct Problem: Error, CustomStringConvertible {
        /// The message, in one line.
        public let description: String

        /// A problem with the given message.
        public init(_ description: String) { self.description = description }
    }

    /// The event to be signed.
    func event(key: SigningKey, time: String) throws -> CloudEvent {
        guard let source = source ?? key.sources.first else {
            throw Problem("\(type): the key has no source; generate it with --source")
        }
        guard key.sources.contains(source) else {
            throw Problem("source: \(source) is not among the key's: \(key.sources.joined(separator: ", "))")
        }
        var event = CloudEvent(
            id: "", source: source, type: type, subject: subject, time: time, data: data.canonical)
        event.person = person
        event.id = id ?? hexText(event.bodyDigest.prefix(16))
        return event
    }
}

/// Submits: signs, sends, waits for the receipts, and sends again until they come.
///
/// Guarantee: a submission counts when its receipt is back, so that even a broker that forgets what it acknowledged
/// loses nothing.
public final class SubmissionClient: Sendable {
    /// Not every receipt came in time.
    public struct NoReceipt: Error, CustomStringConvertible {
        /// The receipts that did come.
        public let received: [Receipt]
        /// The ids whose receipts did not.
        public let missing: [String]
        /// The message, in one line.
        public var description: String {
            "no receipt in time for \(missing.count) of \(missing.count + received.count) submissions, first "
                + "\(missing.first ?? ""); nothing is lost: submit the same again"
        }
    }

    let producer: KafkaProducer
    let kafka: KafkaSettings
    let topics: Topics
    let key: SigningKey
    let logger: Logger
    /// How long to wait before what has no receipt yet is sent again.
    let patience: Duration

    /// A client that speaks with one key.
    public init(
        kafka: KafkaSettings, topics: Topics, key: SigningKey, patience: Duration = .seconds(5), logger: Logger
    ) async throws {
        self.kafka = kafka
        self.topics = topics
        self.key = key
        self.logger = logger
        self.patience = patience
        producer = try KafkaProducer(settings: kafka, logger: logger)
    }

    /// Lets go of the broker.
    public func close() async {
        await producer.close()
    }

    /// Submits the drafts in their order and returns their receipts in the same order.
    ///
    /// - Throws: `NoReceipt` after the timeout; `SubmissionDraft.Problem`; `KafkaError`.
    public func submit(_ drafts: [SubmissionDraft], timeout: Duration) async throws -> [Receipt] {
        let time = Date().instantText
        var records: [(id: ReceiptWaiter.ID, record: KafkaRecord)] = []
        for draft in drafts {
            let event = try Signature.sign(draft.event(key: key, time: time), with: key)
            let topic = try topic(of: draft.type)
            records.append(
                (
                    ReceiptWaiter.ID(source: event.source, id: event.id),
                    KafkaRecord(
                        topic: topic, key: Array(draft.subject.utf8), value: event.data,
                        headers: event.headers.map { ($0.name, Array($0.value.utf8)) })
                ))
        }
        let sources = Set(records.map(\.id.source)).sorted()
        let waiter = try await ReceiptWaiter(kafka: kafka, topics: topics, sources: sources, logger: logger)
        let receipts: [ReceiptWaiter.ID: Receipt]
        do {
            receipts = try await waiter.collect(
                Set(records.map(\.id)), timeout: timeout, patience: patience
            ) { [producer, records] missing in
                for result in await producer.send(records.filter { missing.contains($0.id) }.map(\.record)) {
                    _ = try result.get()
                }
            }
        } catch {
            await waiter.close()
            throw error
        }
        await waiter.close()
        let missing = records.map(\.id).filter { receipts[$0] == nil }
        guard missing.isEmpty else {
            throw NoReceipt(received: records.compactMap { receipts[$0.id] }, missing: missing.map(\.id))
        }
        return records.compactMap { receipts[$0.id] }
    }

    private func topic(of type: String) throws -> String {
        if type.hasPrefix("cn.yaohao.registers.") { return topics.registerSubmissions }
        if type.hasPrefix("cn.yaohao.plans.") { return topics.planSubmissions }
        if type.hasPrefix("cn.yaohao.rounds.") { return topics.drawRequests }
        if type.hasPrefix("cn.yaohao.inspections.") { return topics.resultSubmissions }
        if type.hasPrefix("cn.yaohao.returns.") { return topics.resultSubmissions }
        if type.hasPrefix("cn.yaohao.notices.") { return topics.resultSubmissions }
        throw SubmissionDraft.Problem("type: \(type) is nothing that can be submitted; see docs/asyncapi.yaml")
    }
}
