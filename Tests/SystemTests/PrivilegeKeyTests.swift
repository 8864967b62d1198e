import Cluster
import Foundation
import Postgres
import Testing

@Suite("The life of keys")
struct PrivilegeKeyTests {
    static func isBelieved(_ key: SigningKey, _ inbox: Inbox) async throws -> Bool {
        let message = try InboxTests.message(key, id: UUID().uuidString)
        do {
            try await inbox.take(headers: message.headers, value: message.value)
            return true
        } catch let error as Undeliverable {
            #expect(error.code == "signature")
            return false
        }
    }

    static func key(_ device: String = "") -> SigningKey {
        SigningKey(department: "SCJG", device: device, sources: ["dept:SCJG"], roles: [.request])
    }

    @Test("A key is believed from its first instant to its last, and not before, after, or once it is revoked")
    func validity() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let inbox = try await InboxTests.inbox(stack)
            let directory = KeyDirectory(pool: stack.pool)
            let cases: [(from: String?, until: String?, state: String)] = [
                (nil, nil, "valid"), ("2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z", "valid"),
                ("2099-01-01T00:00:00Z", nil, "future"), ("2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z", "expired"),
            ]
            for (from, until, state) in cases {
                let key = Self.key()
                try await directory.register(
                    KeyDirectory.PublicKey(
                        key: key.publicKey, department: "SCJG", roles: [.request], sources: ["dept:SCJG"],
                        validFrom: from, validUntil: until))
                #expect(try await directory.list().first { $0.keyID == key.keyID }?.state == state)
                #expect(try await Self.isBelieved(key, inbox) == (state == "valid"), "\(state)")
            }
        }
    }

    @Test("What was signed before a revocation and arrives after it is refused; what was taken before stays")
    func revocation() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let inbox = try await InboxTests.inbox(stack)
            let directory = KeyDirectory(pool: stack.pool)
            let key = try await stack.key("SCJG", [.request])
            let early = try InboxTests.message(key, id: "early")
            let late = try InboxTests.message(key, id: "late")
            let receipt = try await inbox.take(headers: early.headers, value: early.value)
            #expect(try await directory.revoke(key.keyID, reason: "lost", from: "2099-01-01T00:00:00Z"))
            #expect(try await Self.isBelieved(key, inbox))
            #expect(try await directory.revoke(key.keyID, reason: "stolen"))
            let error = await #expect(throws: Undeliverable.self) {
                try await inbox.take(headers: late.headers, value: late.value)
            }
            #expect(error?.code == "signature")
            #expect(try await stack.count("SELECT count(*) FROM effects WHERE id = 'late'") == 0)
            #expect(receipt.status == .accepted)
            #expect(try await stack.count("SELECT count(*) FROM cluster.inbox WHERE id = 'early'") == 1)
            // Under a new key the same submission, with the same id, can be sent again and is taken.
            let next = try await stack.key("SCJG", [.request])
            let again = try InboxTests.message(next, id: "late")
            #expect(try await inbox.take(headers: again.headers, value: again.value).status == .accepted)
            // What is said twice of a revocation counts once; it can't be taken back by revoking later.
            #expect(try await !directory.revoke(key.keyID, reason: "again"))
            #expect(try await AuditLog.lines(key: key.keyID, stack.pool).count == 5)
        }
    }

    @Test("While a key is rotated both are believed; afterwards only the new one, which may do the same")
    func rotation() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let inbox = try await InboxTests.inbox(stack)
            let directory = KeyDirectory(pool: stack.pool)
            let old = Self.key("laptop 3")
            try await directory.register(old)
            let new = Self.key("laptop 3")
            #expect(try await directory.rotate(old.keyID, to: new.publicKey, overlapSeconds: 3_600) == new.keyID)
            #expect(try await Self.isBelieved(old, inbox))
            #expect(try await Self.isBelieved(new, inbox))
            #expect(
                try await stack.count(
                    """
                    SELECT count(*) FROM cluster.keys n JOIN cluster.keys o ON o.key_id = n.replaces
                    WHERE n.key_id = \(new.keyID) AND n.device = 'laptop 3'
                        AND (n.roles, n.sources, n.department) = (o.roles, o.sources, o.department)
                        AND o.valid_until < clock_timestamp() + interval '61 minutes'
                    """) == 1)
            let newest = Self.key()
            #expect(try await directory.rotate(new.keyID, to: newest.publicKey, overlapSeconds: 0) == newest.keyID)
            #expect(try await !Self.isBelieved(new, inbox))
            #expect(try await Self.isBelieved(newest, inbox))
            // A key that has ended can't be brought back by rotating it.
            #expect(try await directory.rotate(new.keyID, to: Self.key().publicKey, overlapSeconds: 9) == nil)
            #expect(try await AuditVerification(pool: stack.pool).run().problems == [])
        }
    }

    @Test("A device's key can be revoked alone")
    func devices() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let inbox = try await InboxTests.inbox(stack)
            let directory = KeyDirectory(pool: stack.pool)
            let keys = [Self.key("office"), Self.key("field")]
            for key in keys { try await directory.register(key) }
            #expect(try await directory.revoke(keys[1].keyID, reason: "lost in the field"))
            #expect(try await Self.isBelieved(keys[0], inbox))
            #expect(try await !Self.isBelieved(keys[1], inbox))
        }
    }
}
