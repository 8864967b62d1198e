import Cluster
import Foundation
import JSON
import Postgres
import Testing

@Suite("Inbox on PostgreSQL")
struct InboxTests {
    static let type = "cn.yaohao.rounds.draw-requested.v1"

    /// An inbox whose handler writes one row for each effect, so that effects can be counted.
    static func inbox(_ stack: TestStack) async throws -> Inbox {
        try await stack.pool.execute("CREATE TABLE IF NOT EXISTS effects (id text)")
        let handler = SubmissionHandler(type: type, role: .request) { submission, transaction in
            try await transaction.execute("INSERT INTO effects VALUES (\(submission.id))")
            var reader = try JSONReader(parsing: submission.data)
            if try reader.string("wish") == "refuse" {
                throw Rejection(field: "wish", code: "test.refused", message: "不行")
            }
            return Effects(
                messages: [
                    Outgoing(topic: stack.topics.events, key: "k", type: "test", subject: submission.id, data: [:])
                ], tasks: [NewTask(kind: "test", subject: submission.id)])
        }
        return Inbox(
            pool: stack.pool, topics: stack.topics, directory: KeyDirectory(pool: stack.pool), handlers: [handler])
    }

    static func message(
        _ key: SigningKey, id: String = "one", wish: String = "grant", type: String = type, source: String? = nil
    ) throws -> (headers: [(name: String, value: [UInt8])], value: [UInt8]) {
        let data = JSONValue.object(["wish": .string(wish)]).canonical
        let event = try Signature.sign(
            CloudEvent(
                id: id, source: source ?? key.sources[0], type: type, subject: "R", time: Date().instantText,
                data: data), with: key)
        return (event.headers.map { ($0.name, Array($0.value.utf8)) }, data)
    }

    @Test("A submission taken many times at once has one effect, and each time its receipt goes out")
    func oneEffect() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let inbox = try await Self.inbox(stack)
            let key = try await stack.key("SCJG", [.request])
            let message = try Self.message(key)
            let receipts = try await withThrowingTaskGroup(of: Receipt.self) { group in
                for _ in 0..<20 {
                    group.addTask { try await inbox.take(headers: message.headers, value: message.value) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(receipts).count == 1)
            #expect(receipts.first?.status == .accepted)
            #expect(try await stack.count("SELECT count(*) FROM effects") == 1)
            #expect(try await stack.count("SELECT count(*) FROM cluster.tasks") == 1)
            #expect(
                try await stack.count("SELECT count(*) FROM cluster.outbox WHERE topic = \(stack.topics.events)") == 1)
            #expect(
                try await stack.count(
                    """
                    SELECT count(DISTINCT sequence) FROM cluster.outbox
                    WHERE topic = \(stack.topics.receipts) AND key = 'dept:SCJG'
                    """) == 20)
        }
    }

    @Test("A refused submission has a receipt with its reasons and no effect")
    func refused() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let inbox = try await Self.inbox(stack)
            let key = try await stack.key("SCJG", [.request])
            let powerless = try await stack.key("SFJ", [.result])
            let cases = [
                (try Self.message(key, id: "a", wish: "refuse"), "test.refused"),
                (try Self.message(key, id: "b", type: "cn.yaohao.rounds.no-such.v1"), "type.unknown"),
                (try Self.message(powerless, id: "c"), "role.missing"),
            ]
            for (message, code) in cases {
                let receipt = try await inbox.take(headers: message.headers, value: message.value)
                #expect(receipt.status == .rejected)
                #expect(receipt.reasons.map(\.code) == [code])
            }
            #expect(try await stack.count("SELECT count(*) FROM effects") == 0)
        }
    }

    @Test("What is said again at another time has the same receipt, and a header that tells when it was first said")
    func saidAgain() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let inbox = try await Self.inbox(stack)
            let key = try await stack.key("SCJG", [.request])
            let messages = try ["2026-03-01T08:00:00Z", "2026-03-01T08:00:00Z", "2026-03-02T08:00:00Z"].map { time in
                let data = JSONValue.object(["wish": "grant"]).canonical
                return try Signature.sign(
                    CloudEvent(
                        id: "one", source: key.sources[0], type: Self.type, subject: "R", time: time, data: data),
                    with: key)
            }
            var receipts: Set<Receipt> = []
            for event in messages {
                let headers = event.headers.map { (name: $0.name, value: Array($0.value.utf8)) }
                receipts.insert(try await inbox.take(headers: headers, value: event.data))
            }
            #expect(receipts.count == 1)
            let rows = try await stack.pool.query(
                """
                SELECT headers->>'ce_firstsaid' AS first FROM cluster.outbox
                WHERE topic = \(stack.topics.receipts) ORDER BY sequence
                """)
            #expect(
                try rows.map { try $0.decode("first", as: String?.self) } == [nil, nil, "2026-03-01T08:00:00Z"])
        }
    }

    @Test("An id that was used for something else is refused and changes nothing")
    func reusedID() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let inbox = try await Self.inbox(stack)
            let key = try await stack.key("SCJG", [.request])
            let first = try Self.message(key)
            let second = try Self.message(key, wish: "another")
            let granted = try await inbox.take(headers: first.headers, value: first.value)
            let refused = try await inbox.take(headers: second.headers, value: second.value)
            #expect(refused.reasons.map(\.code) == ["id.reused"])
            #expect(try await inbox.take(headers: first.headers, value: first.value) == granted)
            #expect(try await stack.count("SELECT count(*) FROM effects") == 1)
        }
    }

    @Test("Who is not entitled to speak is not heard: nothing reaches the inbox")
    func undeliverable() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let inbox = try await Self.inbox(stack)
            let key = try await stack.key("SCJG", [.request])
            let unknown = SigningKey(department: "SCJG", sources: ["dept:SCJG"], roles: [.request])
            let revoked = try await stack.key("SWJ", [.request])
            #expect(try await KeyDirectory(pool: stack.pool).revoke(revoked.keyID, reason: "lost"))
            let foreign = try Self.message(key, source: "dept:SFJ")
            var changed = try Self.message(key)
            changed.value.append(0x20)
            let unsigned = try Self.message(key)
            typealias Message = (headers: [(name: String, value: [UInt8])], value: [UInt8])
            let cases: [(Message, String)] = [
                (try Self.message(unknown), "signature"), (try Self.message(revoked), "signature"),
                (foreign, "source"), (changed, "signature"),
                ((unsigned.headers.filter { $0.name != "ce_dssematerial" }, unsigned.value), "signature"),
                (([("ce_id", [0x31])], unsigned.value), "envelope"),
                ((unsigned.headers, [UInt8](repeating: 0x20, count: Inbox.maximumBodySize + 1)), "size"),
            ]
            for (message, code) in cases {
                let error = await #expect(throws: Undeliverable.self) {
                    try await inbox.take(headers: message.headers, value: message.value)
                }
                #expect(error?.code == code)
            }
            #expect(try await stack.count("SELECT count(*) FROM cluster.inbox") == 0)
        }
    }
}
