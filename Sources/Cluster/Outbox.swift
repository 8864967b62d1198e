import Foundation
public import JSON
public import Postgres

/// Stores outgoing messages and tasks in the transaction that makes them true.
public struct Outbox: Sendable {
    /// The `ce_source` of everything that the system itself says.
    public static let source = "yaohao"

    let topics: Topics

    /// An outbox for a county's topics.
    public init(topics: Topics) { self.topics = topics }

    /// The message that carries a receipt to its submitter.
    public func message(for receipt: Receipt) -> Outgoing {
        Outgoing(
            topic: topics.receipts, key: receipt.source, type: Receipt.eventType, subject: receipt.id,
            data: receipt.json)
    }

    /// Stores the messages and tasks of a handler.
    ///
    /// Messages are stored in the order of their keys, so that two transactions never wait for each other's keys in a
    /// circle; within a key the given order holds.
    public func store(_ effects: Effects, in transaction: PostgresTransaction) async throws {
        for task in effects.tasks {
            try await transaction.execute(
                """
                INSERT INTO cluster.tasks (kind, subject, ordinal, arguments, run_at)
                VALUES (\(task.kind), \(task.subject), \(task.ordinal), \(JSONText(task.arguments)),
                    COALESCE(\(optional: task.runAt)::text::timestamptz, clock_timestamp()))
                ON CONFLICT (kind, subject, ordinal) DO NOTHING
                """)
        }
        var messages = effects.messages
        for wake in Set(effects.tasks.filter { $0.runAt == nil }.map(\.subject)).sorted() {
            messages.append(
                Outgoing(
                    topic: topics.tasks, key: wake, type: "cn.yaohao.cluster.task-ready.v1", subject: wake,
                    data: ["subject": .string(wake)]))
        }
        let ordered = messages.enumerated().sorted { left, right in
            (left.element.topic, left.element.key, left.offset) < (right.element.topic, right.element.key, right.offset)
        }
        for (_, message) in ordered {
            try await store(message, body: message.data?.canonical, extraHeaders: [:], in: transaction)
        }
    }

    func store(
        _ message: Outgoing, body: [UInt8]?, extraHeaders: [String: String], in transaction: PostgresTransaction
    ) async throws {
        let event = CloudEvent(
            id: UUID().uuidString.lowercased(), source: Self.source, type: message.type, subject: message.subject,
            time: Date().instantText, extensions: [:], data: body)
        var headers = extraHeaders
        for (name, value) in event.headers { headers[name] = value }
        let headerText = JSONText(.object(headers.mapValues { .string($0) }))
        try await transaction.execute(
            """
            WITH next AS (
                INSERT INTO cluster.outbox_keys AS k (topic, key, sequence) VALUES (\(message.topic), \(message.key), 1)
                ON CONFLICT (topic, key) DO UPDATE SET sequence = k.sequence + 1
                RETURNING sequence
            )
            INSERT INTO cluster.outbox (topic, key, sequence, headers, body)
            SELECT \(message.topic), \(message.key), next.sequence,
                \(headerText)::jsonb || jsonb_build_object('ce_sequence', next.sequence::text), \(optional: body)
            FROM next
            """)
    }
}

extension JSONText {
    /// A JSON value as a parameter.
    public init(_ value: JSONValue) {
        self.init(raw: String(decoding: value.canonical, as: UTF8.self))
    }
}
