import Cluster
import Foundation
import Inspections
import JSON
import Postgres
import Registers
import Testing
import Web

@testable import Console

@Suite("The console, with PostgreSQL and the broker")
struct ConsoleTests {
    static let password = "四只 蓝色 陶罐 在窗台"

    /// A county with two departments and an account each, and a pool that may do what the console may.
    static func run(
        partitions: Int32? = nil, _ body: (TestStack, PostgresPool, Sessions) async throws -> Void
    ) async throws {
        try await TestStack.with(partitions: partitions) { stack in
            try await stack.pool.execute(
                """
                INSERT INTO registers.departments (id, source, version, valid_from, name, lead)
                VALUES ('SCJG', 'test', 1, now(), '市场监督管理局', true), ('YJGL', 'test', 1, now(), '应急管理局', false)
                """)
            let accounts = Accounts(pool: stack.pool)
            let hash = try PasswordHash(of: password)
            try await accounts.add(
                Account(login: "li.si", name: "李四样例", department: "SCJG", duties: [.clerk, .reviewer]), password: hash)
            try await accounts.add(
                Account(login: "wang.wu", name: "王五样例", department: "SCJG", duties: [.reviewer]), password: hash)
            let pool = PostgresPool(
                conninfo: stack.conninfo, maximum: 6, setup: "SET ROLE yaohao_console", logger: stack.logger)
            let outcome: Result<Void, any Error>
            do {
                try await body(stack, pool, try Sessions(pool: pool))
                outcome = .success(())
            } catch {
                outcome = .failure(error)
            }
            await pool.close()
            try outcome.get()
        }
    }

    static func session(_ outcome: Sessions.Outcome) throws -> Session {
        guard case .signedIn(let session) = outcome else {
            Issue.record("not signed in: \(outcome)")
            throw CancellationError()
        }
        return session
    }

    @Test("signs in with a new session each time, and keeps no more than its hash")
    func sessions() async throws {
        try await Self.run { stack, _, sessions in
            let first = try Self.session(
                await sessions.signIn(login: " Li.Si ", password: Self.password, address: "192.0.2.1", old: nil))
            #expect(first.account.department == "SCJG")
            #expect(try await sessions.find(first.secret)?.account.login == "li.si")
            let second = try Self.session(
                await sessions.signIn(
                    login: "li.si", password: Self.password, address: "192.0.2.1", old: first.secret))
            #expect(second.secret != first.secret)
            #expect(try await sessions.find(first.secret) == nil, "the session before the sign-in is over")
            let kept = try await stack.pool.query("SELECT hash FROM console.sessions").map {
                try $0.decode("hash", as: [UInt8].self)
            }
            #expect(kept == [second.secret.hash])
            try await sessions.signOut(second, address: "192.0.2.1")
            #expect(try await sessions.find(second.secret) == nil)
        }
    }

    @Test("ends sessions that are idle or old, and those of accounts that are disabled or get another password")
    func ends() async throws {
        try await Self.run { stack, _, sessions in
            func signIn() async throws -> Session {
                try Self.session(
                    await sessions.signIn(login: "li.si", password: Self.password, address: "192.0.2.1", old: nil))
            }
            for column in ["seen_at", "created_at"] {
                let session = try await signIn()
                try await stack.pool.execute(
                    "UPDATE console.sessions SET \(identifier: column) = now() - interval '1 day'")
                #expect(try await sessions.find(session.secret) == nil, "\(column)")
                #expect(try await stack.count("SELECT count(*) FROM console.sessions") == 0)
            }
            let before = try await signIn()
            _ = try await Accounts(pool: stack.pool).setPassword(PasswordHash(of: Self.password), of: "li.si")
            #expect(try await sessions.find(before.secret) == nil)
            let other = try await signIn()
            #expect(try await Accounts(pool: stack.pool).disable("li.si"))
            #expect(try await sessions.find(other.secret) == nil)
            guard
                case .refused = try await sessions.signIn(
                    login: "li.si", password: Self.password, address: "192.0.2.1", old: nil)
            else {
                Issue.record("a disabled account signed in")
                return
            }
            await #expect(throws: PostgresError.self) { try await stack.pool.execute("DELETE FROM console.accounts") }
        }
    }

    @Test("makes who fails wait, many at once like many one after the other, whether the account exists or not")
    func limits() async throws {
        for login in ["li.si", "nobody"] {
            try await Self.run { stack, _, sessions in
                let outcomes = try await withThrowingTaskGroup(of: Sessions.Outcome.self) { group in
                    for _ in 0..<16 {
                        group.addTask {
                            try await sessions.signIn(
                                login: login, password: "falsch-falsch-falsch", address: "192.0.2.7", old: nil)
                        }
                    }
                    return try await group.reduce(into: [Sessions.Outcome]()) { $0.append($1) }
                }
                let refused = outcomes.filter { if case .refused = $0 { true } else { false } }
                #expect(refused.count == SignInLimit.pair.free + 1)
                // However long the passwords took: as if they had all failed just now.
                try await stack.pool.execute("UPDATE console.attempts SET at = clock_timestamp()")
                guard
                    case .limited(let seconds) = try await sessions.signIn(
                        login: login, password: Self.password, address: "192.0.2.7", old: nil)
                else {
                    Issue.record("the right password was looked at in spite of the limit")
                    return
                }
                #expect((1...SignInLimit.pair.base).contains(seconds))
                // From elsewhere the account's owner still gets in.
                if login == "li.si" {
                    _ = try Self.session(
                        await sessions.signIn(login: login, password: Self.password, address: "192.0.2.8", old: nil))
                }
                let codes = try await stack.pool.query(
                    """
                    SELECT DISTINCT codes::text AS codes FROM cluster.acts
                    WHERE kind = 'console' AND outcome = 'refused' AND subject = \(login) ORDER BY 1
                    """
                ).map { try $0.decode("codes", as: String.self) }
                #expect(codes == ["{limit}", "{password}"])
                #expect(
                    try await stack.count("SELECT count(*) FROM cluster.acts WHERE 'limit' = ANY(codes)") <= 2,
                    "who hammers does not fill the log")
            }
        }
    }

    @Test("leaves lines in the audit log that verify, and can write no others")
    func audit() async throws {
        try await Self.run { stack, pool, sessions in
            let session = try Self.session(
                await sessions.signIn(login: "li.si", password: Self.password, address: "192.0.2.1", old: nil))
            try await sessions.signOut(session, address: "192.0.2.1")
            try await stack.pool.transaction { while try await AuditLog.link(in: $0) > 0 {} }
            let report = try await AuditVerification(pool: stack.pool).run()
            #expect(report.problems == [])
            let lines = try await AuditLog.lines(source: "console:192.0.2.1", stack.pool)
            #expect(
                lines.compactMap { $0["type"]?.text }
                    == ["cn.yaohao.console.signed-in.v1", "cn.yaohao.console.signed-out.v1"])
            #expect(lines.allSatisfy { $0["person"] == "li.si" && $0["department"] == "SCJG" })
            #expect(try await stack.count("SELECT count(*) FROM cluster.acts WHERE type LIKE '%account-stored%'") == 2)
            for statement: SQL in [
                "INSERT INTO cluster.acts (kind, source, id, type, digest, outcome) VALUES ('submission', 's', 'i', 't', '', 'accepted')",
                "UPDATE cluster.dead_letters SET body = NULL", "INSERT INTO console.accounts VALUES ('x')",
                "UPDATE console.accounts SET duties = '{office}'", "INSERT INTO inspections.results DEFAULT VALUES",
                "SELECT salt FROM rounds.rounds", "SELECT nonce FROM rounds.witnesses",
                "SELECT * FROM registers.classes",
            ] {
                await #expect(throws: PostgresError.self) { try await pool.query(statement) }
            }
        }
    }

    @Test("signs what a person submits, naming the person, who is another one where two people are asked for")
    func submission() async throws {
        try await Self.run(partitions: 2) { stack, pool, _ in
            let key = try await stack.key("SCJG", [.plan, .review, .console])
            let inbox = Inbox(
                pool: stack.pool, topics: stack.topics, directory: KeyDirectory(pool: stack.pool),
                handlers: [
                    SubmissionHandler(type: "cn.yaohao.plans.test", role: .plan) { submission, _ in
                        guard submission.signatory == "person:li.si" else {
                            throw Rejection(code: "signatory", message: "\(submission.signatory ?? "")")
                        }
                        return Effects(details: ["person": .nullable(submission.person)])
                    }
                ])
            let relay = OutboxRelay(
                pool: stack.pool, conninfo: stack.conninfo, kafka: stack.kafka, topics: stack.topics, owner: "t",
                logger: stack.logger)
            let intake = try Intake.submissions(
                of: inbox, settings: stack.kafka, group: stack.topics.prefix + "plans", instance: "t",
                topics: [stack.topics.planSubmissions],
                deadLetters: DeadLetters(pool: stack.pool, topics: stack.topics), logger: stack.logger)
            let desk = SubmissionDesk(keys: [key], kafka: stack.kafka, topics: stack.topics, logger: stack.logger)
            let account = Account(login: "li.si", name: "李四样例", department: "SCJG", duties: [.clerk])
            try await stack.running([relay, intake]) {
                func submit(_ once: String, _ account: Account) async throws -> Receipt? {
                    try await desk.submit(
                        SubmissionDesk.Content(
                            type: "cn.yaohao.plans.test", subject: "P-1", body: ["text": "样例"], role: .plan),
                        by: account, once: once)
                }
                let receipt = try #require(try await submit("form-1", account))
                #expect(receipt.status == .accepted && receipt.details == ["person": "li.si"])
                let again = try await submit("form-1", account)
                #expect(again == receipt, "the button pressed twice is one submission")
                #expect(try await stack.count("SELECT count(*) FROM cluster.inbox") == 1)
                let other = Account(login: "wang.wu", name: "王五样例", department: "SCJG", duties: [.clerk])
                let refused = try await submit("form-1", other)
                #expect(refused?.reasons.map(\.code) == ["signatory"])
                let stranger = Account(login: "sun.liu", name: "孙六样例", department: "YJGL", duties: [.clerk])
                await #expect(throws: SubmissionDesk.NoKey.self) { _ = try await submit("form-2", stranger) }
            }
            await desk.close()
            try await stack.pool.transaction { while try await AuditLog.link(in: $0) > 0 {} }
            #expect(try await AuditVerification(pool: stack.pool).run().problems == [])
            let persons = try await AuditLog.lines(key: key.keyID, stack.pool).compactMap { $0["person"]?.text }
            #expect(persons.sorted() == ["li.si", "wang.wu"])
            // The name is covered by the signature: another one in its place is found, also when the chain is rewritten.
            try await stack.pool.execute("ALTER TABLE cluster.acts DISABLE TRIGGER only_added")
            try await stack.pool.execute("ALTER TABLE cluster.audit_chain DISABLE TRIGGER only_added")
            try await stack.pool.execute("UPDATE cluster.acts SET person = 'zhao.liu' WHERE person = 'wang.wu'")
            try await stack.pool.execute("INSERT INTO cluster.acts_waiting SELECT act FROM cluster.acts")
            try await stack.pool.execute("DELETE FROM cluster.audit_chain")
            try await stack.pool.transaction { while try await AuditLog.link(in: $0) > 0 {} }
            #expect(try await AuditVerification(pool: stack.pool).run().problems.map(\.code) == ["signature"])
        }
    }

    @Test(
        "lets a dead letter be corrected as another submission of whoever corrects it; the letter stays and is settled")
    func corrections() async throws {
        try await Self.run(partitions: 2) { stack, pool, _ in
            try await stack.pool.execute(
                """
                INSERT INTO registers.items (id, source, version, valid_from, name, legal_basis, department, object_kind,
                    methods, category)
                VALUES ('SCJG-1', 'test', 1, now(), '样例事项', '样例依据', 'SCJG', 'enterprise', '{onsite}', 'key')
                """)
            let connection = try await PostgresConnection.connect(stack.conninfo, logger: stack.logger)
            try await RegistersSchema.seedCalendar(on: connection)
            await connection.close()
            let key = try await stack.key("SCJG", [.result, .console])
            let letters = DeadLetters(pool: stack.pool, topics: stack.topics)
            let wrong: JSONValue = [
                "id": "L-1", "department": "SCJG", "origin": "complaint", "received_on": "2026-03-01",
                "subject": ["name": "样例当事人", "address": "样例路 1 号", "region": "150222", "industry": "F5212"],
                "items": ["SCJG-1"], "unlicensed": true, "summary": "样例举报",
            ]
            func header(_ name: String, _ value: String) -> (name: String, value: [UInt8]) { (name, Array(value.utf8)) }
            let message = RawMessage(
                topic: stack.topics.resultSubmissions, partition: 0, offset: 4, key: nil,
                headers: [
                    header("ce_id", "1"), header("ce_source", "dept:SCJG"), header("ce_type", Lead.eventType),
                    header("ce_subject", "L-1"),
                ], value: wrong.canonical)
            try await letters.store(message, code: "signature", reason: "the signature does not fit")
            let letter = try #require(
                try await DeadLetters(pool: pool, topics: stack.topics).letters(sources: ["dept:SCJG"]).first)
            #expect(try await letters.letters(sources: ["dept:YJGL"]).isEmpty)
            let account = Account(login: "li.si", name: "李四样例", department: "SCJG", duties: [.clerk])
            let correction = try await pool.transaction(readOnly: true) {
                try await LetterCorrection.make(letter, account, asText: false, $0)
            }
            var sent = correction.filled(letter)
            #expect(sent["summary"] == "样例举报" && sent["subject.name"] == "样例当事人")
            sent = FormFields(sent.all.map { ($0.name, $0.name == "summary" ? "更正后的样例举报" : $0.value) })
            let content = try #require(correction.content(sent).0)
            #expect(content.type == Lead.eventType && content.role == .result && content.subject == "L-1")

            let inbox = Inbox(
                pool: stack.pool, topics: stack.topics, directory: KeyDirectory(pool: stack.pool),
                handlers: Inspections.handlers(topics: stack.topics))
            let relay = OutboxRelay(
                pool: stack.pool, conninfo: stack.conninfo, kafka: stack.kafka, topics: stack.topics, owner: "t",
                logger: stack.logger)
            let intake = try Intake.submissions(
                of: inbox, settings: stack.kafka, group: stack.topics.prefix + "inspections", instance: "t",
                topics: [stack.topics.resultSubmissions], deadLetters: letters, logger: stack.logger)
            let desk = SubmissionDesk(keys: [key], kafka: stack.kafka, topics: stack.topics, logger: stack.logger)
            try await stack.running([relay, intake]) {
                let waiting: SQL = "SELECT count(*) FROM cluster.waiting_letters"
                #expect(try await stack.count(waiting) == 1)
                let receipt = try await desk.submit(content, by: account, once: "form") { source, id in
                    _ = try await pool.query(
                        "SELECT console.letter_corrected(\(letter.id), \(source), \(id), 'SCJG', 'li.si')")
                    #expect(try await stack.count(waiting) == 1, "what is only said to be coming settles nothing")
                }
                #expect(receipt?.status == .accepted, "\(receipt?.reasons.map(\.message) ?? [])")
                #expect(try await stack.count(waiting) == 0)
            }
            await desk.close()
            let after = try #require(try await letters.letters(id: letter.id).first)
            #expect(after.isCorrected && after.message.value == message.value && after.replayedAt == nil)
            #expect(
                try await stack.count(
                    """
                    SELECT count(*) FROM inspections.leads l
                    JOIN cluster.letter_corrections c ON c.source = l.source AND c.id = l.submission
                    WHERE l.summary = '更正后的样例举报' AND c.letter = \(letter.id)
                    """) == 1, "the original is linked to what took its place")
            await #expect(throws: PostgresError.self) { try await pool.query("DELETE FROM cluster.letter_corrections") }
        }
    }

    @Test("lets only a console's key name a person, and only under the signature")
    func naming() async throws {
        try await Self.run { stack, _, _ in
            let directory = KeyDirectory(pool: stack.pool)
            func attempt(_ roles: Set<Role>, signed: Bool = true, more: [String: String] = [:]) async throws -> String?
            {
                let key = try await stack.key("SCJG", roles)
                var event = CloudEvent(
                    id: UUID().uuidString, source: "dept:SCJG", type: "t", subject: "s", data: Array("{}".utf8))
                event.extensions = more
                if signed { event.extensions["actor"] = "li.si" }
                event = try Signature.sign(event, with: key)
                if !signed { event.extensions["actor"] = "li.si" }
                return try await directory.submission(
                    headers: event.headers.map { ($0.name, Array($0.value.utf8)) }, value: event.data
                ).person
            }
            let named = try await attempt([.plan, .console])
            #expect(named == "li.si")
            let unsigned = try await attempt([.plan, .console], signed: false)
            #expect(unsigned == nil, "a name that is not signed is nobody's")
            await #expect(throws: Undeliverable.self) { _ = try await attempt([.plan]) }
            await #expect(throws: Undeliverable.self) {
                _ = try await attempt([.plan, .console], more: ["other": "x"])
            }
        }
    }
}
