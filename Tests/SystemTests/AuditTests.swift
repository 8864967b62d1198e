import Cluster
import Foundation
import JSON
import Postgres
import Testing

@Suite("The audit log")
struct AuditTests {
    /// A county in which things were said: some taken, some refused, one with a used id, and a dead letter.
    struct Said {
        let stack: TestStack
        let inbox: Inbox
        let key: SigningKey

        init(_ stack: TestStack) async throws {
            self.stack = stack
            inbox = try await InboxTests.inbox(stack)
            key = try await stack.key("SCJG", [.request])
            for number in 1...6 { try await say("id-\(number)", wish: number == 3 ? "refuse" : "grant") }
            try await say("id-1", wish: "another")
            let letter = RawMessage(
                topic: "t", partition: 0, offset: 7, key: nil, headers: [], value: Array("broken".utf8))
            let letters = DeadLetters(pool: stack.pool, topics: stack.topics)
            for _ in 1...2 { try await letters.store(letter, code: "envelope", reason: "no") }
        }

        func say(_ id: String, wish: String = "grant") async throws {
            let message = try InboxTests.message(key, id: id, wish: wish)
            // Once more is nothing new.
            for _ in 1...2 { try await inbox.take(headers: message.headers, value: message.value) }
        }

        func link() async throws {
            try await AuditChainer(pool: stack.pool, topics: stack.topics, logger: stack.logger).turn()
        }

        func verify(_ kept: [AuditVerification.Head] = []) async throws -> AuditVerification.Report {
            try await AuditVerification(pool: stack.pool).run(kept: kept)
        }

        /// Does what only the owner can: everything that keeps others from it is switched off.
        func tamper(_ statements: String) async throws {
            try await stack.pool.withConnection { connection in
                try await connection.script("SET session_replication_role = replica; \(statements)")
                try await connection.script("RESET session_replication_role")
            }
        }
    }

    @Test("holds one line for each submission, used id, dead letter and key, and is whole before and after linking")
    func whole() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let said = try await Said(stack)
            let before = try await said.verify()
            #expect(before.problems == [])
            #expect(before.waiting == 9)
            try await said.link()
            let after = try await said.verify()
            #expect(after.problems == [])
            #expect(after.entries == 9)
            #expect(after.waiting == 0)
            #expect(after.signatures == 7)
            #expect(after.unsigned == 0)
            #expect(after.heads == 1)
            let outcomes = try await AuditLog.lines(stack.pool).map {
                [$0["kind"]?.text, $0["outcome"]?.text, $0["codes"]?.elements?.first?.text]
            }
            #expect(
                outcomes == [
                    ["key", "accepted", nil], ["submission", "accepted", nil], ["submission", "accepted", nil],
                    ["submission", "refused", "test.refused"], ["submission", "accepted", nil],
                    ["submission", "accepted", nil], ["submission", "accepted", nil],
                    ["reuse", "refused", "id.reused"],
                    ["letter", "dead", "envelope"],
                ])
            #expect(try await AuditLog.lines(source: "dept:SCJG", stack.pool).count == 7)
            #expect(try await AuditLog.lines(subject: "nobody", stack.pool).isEmpty)
            // The day's head goes out once, and anyone can read it.
            try await said.link()
            #expect(
                try await stack.count(
                    """
                    SELECT count(*) FROM cluster.outbox
                    WHERE headers ->> 'ce_type' = 'cn.yaohao.cluster.audit-head-published.v1'
                    """) == 1)
            #expect(
                try await stack.count("SELECT count(*) FROM open.audit_heads WHERE hash = \(after.head ?? "")") == 1)
        }
    }

    @Test("Nobody can change it, not even by a mistake of the owner's")
    func onlyAdded() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let said = try await Said(stack)
            try await said.link()
            for table in ["acts", "audit_chain", "audit_heads"] {
                for statement in [
                    "DELETE FROM cluster.\(table)", "TRUNCATE cluster.\(table) CASCADE",
                    "UPDATE cluster.\(table) SET \(table == "acts" ? "id" : "number") = DEFAULT",
                ] {
                    await #expect(throws: PostgresError.self) { try await stack.pool.execute(SQL(raw: statement)) }
                    for role in ["yaohao_worker", "yaohao_notifier", "yaohao_portal"] {
                        let pool = PostgresPool(
                            conninfo: stack.conninfo, maximum: 1, setup: "SET ROLE \(role)", logger: stack.logger)
                        await #expect(throws: PostgresError.self) { try await pool.execute(SQL(raw: statement)) }
                        await pool.close()
                    }
                }
            }
            #expect(try await said.verify().problems == [])
        }
    }

    /// Every way in which the owner of the database could try to change what was said.
    static let tampering: [(what: String, statements: String, code: String, number: Int?)] = [
        (
            "a refusal becomes an acceptance", "UPDATE cluster.acts SET outcome = 'accepted' WHERE act = 4",
            "chain.hash", 4
        ),
        ("another department", "UPDATE cluster.acts SET department = 'SFJ' WHERE act = 2", "chain.hash", 2),
        ("another time", "UPDATE cluster.acts SET at = at - interval '1 day' WHERE act = 5", "chain.hash", 5),
        ("a reason goes", "UPDATE cluster.acts SET codes = '{}' WHERE act = 4", "chain.hash", 4),
        ("a signature goes", "UPDATE cluster.acts SET signature = NULL WHERE act = 2", "chain.hash", 2),
        (
            "two change places",
            """
            UPDATE cluster.audit_chain SET act = -act WHERE number IN (3, 5);
            UPDATE cluster.audit_chain SET act = CASE act WHEN -3 THEN 5 ELSE 3 END WHERE act < 0
            """, "chain.hash", 3
        ),
        ("a link goes", "DELETE FROM cluster.audit_chain WHERE number = 4", "chain.gap", 4),
        ("the first link goes", "DELETE FROM cluster.audit_chain WHERE number = 1", "chain.gap", 1),
        ("the last link goes", "DELETE FROM cluster.audit_chain WHERE number = 9", "chain.short", 9),
        ("an act goes, its link stays", "DELETE FROM cluster.acts WHERE act = 6", "act.missing", 6),
        (
            "an act goes with its link and its inbox row",
            """
            DELETE FROM cluster.acts WHERE act = 6; DELETE FROM cluster.audit_chain WHERE act = 6;
            DELETE FROM cluster.inbox WHERE id = 'id-5'
            """, "chain.gap", 6
        ),
        (
            "the last ones go with everything that belongs to them",
            """
            DELETE FROM cluster.acts WHERE act >= 9; DELETE FROM cluster.audit_chain WHERE act >= 9;
            DELETE FROM cluster.dead_letters
            """, "chain.short", 9
        ),
        (
            "a hash is made to fit", "UPDATE cluster.audit_chain SET hash = sha256('x') WHERE number = 7", "chain.hash",
            7
        ),
        ("a published head", "UPDATE cluster.audit_heads SET hash = sha256('x')", "head.other", 9),
        ("an inbox row goes", "DELETE FROM cluster.inbox WHERE id = 'id-2'", "inbox.missing", nil),
        (
            "a receipt is changed", "UPDATE cluster.inbox SET receipt = receipt || '{\"status\": \"accepted\"}'",
            "inbox.unrecorded", nil
        ),
        (
            "a submission nobody made",
            """
            INSERT INTO cluster.inbox (source, id, digest, type, department, receipt)
            VALUES ('dept:SFJ', 'x', 'x', 't', 'SFJ', '{"status": "accepted", "reasons": []}')
            """, "inbox.unrecorded", nil
        ),
        ("a dead letter goes", "DELETE FROM cluster.dead_letters", "letter.missing", nil),
        ("a dead letter is changed", "UPDATE cluster.dead_letters SET body = 'x'", "letter.changed", nil),
        (
            "a dead letter that never came",
            """
            INSERT INTO cluster.dead_letters (topic, partition, "offset", headers, code, reason, fingerprint)
            VALUES ('t', 1, 1, '[]', 'c', 'r', sha256(''))
            """, "letter.unrecorded", nil
        ),
        ("a key may do more", "UPDATE cluster.keys SET roles = '{round}'", "key.unrecorded", nil),
        (
            "a key is slipped in",
            """
            INSERT INTO cluster.keys (key_id, public_key, department, roles, sources)
            VALUES ('k', sha256('x'), 'SFJ', '{round}', '{dept:SFJ}')
            """, "key.unrecorded", nil
        ),
        ("a key is exchanged", "UPDATE cluster.keys SET public_key = sha256('x')", "signature", 2),
        ("a key goes", "DELETE FROM cluster.keys", "signature", 2),
    ]

    @Test("Whatever the owner of the database does to it is found, and the first place is named")
    func tampered() async throws {
        struct Undone: Error {}
        try await TestStack.with(partitions: nil) { stack in
            let said = try await Said(stack)
            try await said.link()
            for (what, statements, code, number) in Self.tampering {
                await #expect(throws: Undone.self) {
                    try await stack.pool.transaction(isolation: .repeatableRead) { transaction in
                        try await transaction.script("SET LOCAL session_replication_role = replica; \(statements)")
                        let report = try await AuditVerification(pool: stack.pool).run(kept: [], in: transaction)
                        let first = report.problems.first
                        #expect(first?.code == code, "\(what): \(first?.message ?? "nothing found")")
                        #expect(first?.number == number, "\(what)")
                        throw Undone()
                    }
                }
            }
            #expect(try await said.verify().problems == [])
        }
    }

    @Test("Before an act is linked its deletion is found as well, whether it takes the inbox's row with it or not")
    func unlinked() async throws {
        for (statements, code) in [
            ("DELETE FROM cluster.acts WHERE act = 5", "act.deleted"),
            (
                "DELETE FROM cluster.acts WHERE act = 5; DELETE FROM cluster.acts_waiting WHERE act = 5",
                "inbox.unrecorded"
            ),
            ("DELETE FROM cluster.acts_waiting WHERE act = 8", "act.unlinked"),
        ] {
            try await TestStack.with(partitions: nil) { stack in
                let said = try await Said(stack)
                try await said.tamper(statements)
                #expect(try await said.verify().problems.first?.code == code, "\(statements)")
            }
        }
    }

    @Test("A chain that was rewritten from the start shows by the heads that others kept")
    func rewritten() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let said = try await Said(stack)
            try await said.link()
            let head = try #require(try await said.verify().head)
            let kept = AuditVerification.Head(number: 9, hash: head)
            #expect(try await said.verify([kept]).problems == [])
            // The whole conspiracy: the act, the inbox, the chain, and the heads that the database knows.
            try await said.tamper(
                """
                UPDATE cluster.acts SET outcome = 'accepted', codes = '{}' WHERE act = 4;
                UPDATE cluster.inbox SET receipt = receipt || '{"status": "accepted", "reasons": []}' WHERE id = 'id-3';
                DELETE FROM cluster.audit_chain; DELETE FROM cluster.audit_heads;
                INSERT INTO cluster.acts_waiting SELECT act FROM cluster.acts
                """)
            try await said.link()
            #expect(try await said.verify().problems == [])
            #expect(try await said.verify([kept]).problems.map(\.code) == ["head.other"])
        }
    }

    @Test("Many at once are linked without gap or repeat, also those that commit late, and rolled-back ones leave none")
    func concurrent() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let said = try await Said(stack)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in 0..<4 {
                    group.addTask {
                        for number in 0..<15 { try await said.say("w\(worker)-\(number)") }
                    }
                    group.addTask { for _ in 0..<10 { try await said.link() } }
                }
                group.addTask {
                    // Takes its number first and commits last.
                    try await stack.pool.transaction { transaction in
                        let act = Act(
                            kind: .feed, source: "s", id: "late", type: "t", subject: nil, digest: [1],
                            outcome: .accepted)
                        try await AuditLog.record(act, in: transaction)
                        try await Task.sleep(for: .milliseconds(300))
                    }
                }
                group.addTask {
                    struct Undone: Error {}
                    await #expect(throws: Undone.self) {
                        try await stack.pool.transaction { transaction in
                            let act = Act(
                                kind: .feed, source: "s", id: "undone", type: "t", subject: nil, digest: [1],
                                outcome: .accepted)
                            try await AuditLog.record(act, in: transaction)
                            throw Undone()
                        }
                    }
                }
                try await group.waitForAll()
            }
            try await said.link()
            let report = try await said.verify()
            #expect(report.problems == [])
            #expect(report.entries == 9 + 60 + 1)
        }
    }
}
