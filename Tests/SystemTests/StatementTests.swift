import Cluster
import Foundation
import JSON
import Postgres
import Registers
import Testing

/// A county whose departments say things about its registers, without a broker between.
struct StatedCounty {
    let stack: TestStack
    /// As `yaohao worker` runs.
    let worker: PostgresPool
    let inbox: Inbox
    let keys: [String: SigningKey]

    static func run(_ test: (StatedCounty) async throws -> Void) async throws {
        try await TestStack.with(partitions: nil) { stack in
            let worker = PostgresPool(
                conninfo: stack.conninfo, setup: "SET ROLE yaohao_worker", logger: stack.logger)
            var keys: [String: SigningKey] = [:]
            for (department, roles) in [
                ("SCJG", Set(Role.allCases)), ("YJGL", [.feed, .approve]), ("WJW", [.plan]),
            ] as [(String, Set<Role>)] {
                keys[department] = try await stack.key(department, roles)
            }
            let county = StatedCounty(
                stack: stack, worker: worker,
                inbox: Inbox(
                    pool: worker, topics: stack.topics, directory: KeyDirectory(pool: worker),
                    handlers: RegisterSubmissions.handlers), keys: keys)
            let outcome: Result<Void, any Error>
            do {
                try await test(county)
                outcome = .success(())
            } catch { outcome = .failure(error) }
            await worker.close()
            try outcome.get()
        }
    }

    func submit(
        _ type: String, _ data: JSONValue, as department: String = "SCJG", id: String = UUID().uuidString
    ) async throws -> Receipt {
        let event = try Signature.sign(
            CloudEvent(
                id: id, source: "dept:" + department, type: "cn.yaohao.registers.\(type).v1", subject: "x",
                time: "2026-03-02T08:00:00Z", data: data.canonical), with: #require(keys[department]))
        return try await inbox.take(
            headers: event.headers.map { ($0.name, $0.value.utf8.map { $0 }) }, value: event.data)
    }

    /// Submits what must be accepted.
    func say(_ type: String, _ data: JSONValue, as department: String = "SCJG") async throws {
        let receipt = try await submit(type, data, as: department)
        #expect(receipt.status == .accepted, "\(receipt.reasons)")
    }

    /// This instant, by the database's clock.
    func now() async throws -> String {
        try #require(
            await stack.pool.query("SELECT registers.instant_text(clock_timestamp()) AS now").first
        ).decode("now", as: String.self)
    }
}

@Suite("Statements about the registers", .serialized)
struct StatementTests {
    @Test("a rule counts from when it is set until it is set again; past values stay readable, by which submission too")
    func rules() async throws {
        try await StatedCounty.run { county in
            let before = try await county.now()
            try await county.say("rule-set", ["key": "joint_least_departments", "value": 4, "basis": "县〔2026〕1号"])
            let between = try await county.now()
            let second: JSONValue = [
                "key": "joint_least_departments", "value": 5, "basis": "县〔2026〕2号", "note": "试点",
            ]
            #expect(try await county.submit("rule-set", second, id: "S2").status == .accepted)
            #expect(try await county.submit("rule-set", second, id: "S2").status == .accepted, "sent again: no effect")

            let pool = county.worker
            #expect(try await CountyRules.load(from: pool, at: before) == CountyRules.embedded())
            #expect(try await CountyRules.load(from: pool, at: between).jointLeastDepartments == 4)
            let rules = try await CountyRules.load(from: pool)
            #expect(rules.jointLeastDepartments == 5)
            let rule = try #require(rules.rules.first { $0.key == "joint_least_departments" })
            #expect(rule.basis == "县〔2026〕2号" && rule.setting?.submission == "S2" && rule.setting?.note == "试点")
            #expect(rules.jointInspectionsPerYear == 1, "the others are as they come with the program")
            #expect(try await county.stack.count("SELECT count(*) FROM registers.rules") == 2)
            #expect(
                try await county.stack.count(
                    "SELECT value::int FROM registers.rules WHERE valid_to IS NULL AND key = 'joint_least_departments'")
                    == 5)

            try await county.say("rule-set", ["key": "joint_least_departments", "value": nil, "basis": "废止"])
            #expect(try await CountyRules.load(from: pool) == CountyRules.embedded())
        }
    }

    @Test("a rule that does not exist, has another shape or no basis, or comes without the office's key is refused")
    func refusedRules() async throws {
        try await StatedCounty.run { county in
            let cases: [(JSONValue, String, String, String)] = [
                (["key": "x", "value": 1, "basis": "据"], "SCJG", "key", "schema"),
                (["key": "least_inspectors", "value": "2", "basis": "据"], "SCJG", "value", "schema"),
                (["key": "least_inspectors", "value": 2], "SCJG", "basis", "schema"),
                (["key": "least_inspectors", "value": 2, "basis": " "], "SCJG", "basis", "schema"),
                (["key": "least_inspectors", "value": 2, "basis": "据", "more": 1], "SCJG", "more", "schema"),
                (["key": "least_inspectors", "value": nil, "basis": "据"], "SCJG", "id", "statement.unknown"),
                (
                    ["key": "rate_bands", "value": ["A": ["max_ppm": -1]], "basis": "据"], "SCJG", "value.A.max_ppm",
                    "schema"
                ),
                (["key": "least_inspectors", "value": 2, "basis": "据"], "WJW", "", "role.missing"),
            ]
            for (body, department, field, code) in cases {
                let receipt = try await county.submit("rule-set", body, as: department)
                #expect(receipt.status == .rejected)
                #expect(receipt.reasons.map(\.field) == [field], "\(receipt.reasons)")
                #expect(receipt.reasons.map(\.code) == [code])
            }
            #expect(try await county.stack.count("SELECT count(*) FROM registers.statements") == 0)
        }
    }

    @Test("what was said can neither be changed nor removed, not even by the schema's owner")
    func onlyAdded() async throws {
        try await StatedCounty.run { county in
            try await county.say("rule-set", ["key": "least_inspectors", "value": 3, "basis": "据"])
            for change in ["UPDATE registers.statements SET body = '{}'", "DELETE FROM registers.statements"] {
                await #expect(throws: PostgresError.self) { try await county.stack.pool.execute(SQL(raw: change)) }
            }
            #expect(try await CountyRules.load(from: county.worker).leastInspectors == 3)
        }
    }
}
