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

    /// A few rows in the registers: inspectors `P1` of `SCJG` and `P2` of `YJGL`, their items, and entities.
    func registers() async throws {
        try await stack.pool.withConnection { connection in
            try await connection.script(
                """
                INSERT INTO registers.departments (id, source, version, valid_from, name, lead) VALUES
                    ('SCJG', 's', 1, now(), '市场监管局', true), ('YJGL', 's', 1, now(), '应急管理局', false);
                INSERT INTO registers.items (id, source, version, valid_from, name, legal_basis, department, object_kind,
                    methods, category) VALUES ('I1', 's', 1, now(), '甲', '法', 'SCJG', '企业', '{onsite}', 'key'),
                    ('I2', 's', 1, now(), '乙', '法', 'YJGL', '企业', '{onsite}', 'key');
                INSERT INTO registers.entities (id, source, version, valid_from, name, credit, region, industry, kind,
                    permits, regulators) VALUES
                    ('E1', 's', 1, now(), '某公司', 'A', '150222', 'F52', '企业', '{}', '{SCJG,YJGL}'),
                    ('E2', 's', 1, now(), '某商店', 'B', '150222', 'F52', '企业', '{}', '{SCJG}');
                INSERT INTO registers.inspectors (id, source, version, valid_from, name, department, regions, specialties,
                    certificate, certificate_until, recused) VALUES
                    ('P1', 's', 1, now(), '甲某', 'SCJG', '{}', '{}', 'C1', '2099-12-31', '{}'),
                    ('P2', 's', 1, now(), '乙某', 'YJGL', '{}', '{}', 'C2', '2099-12-31', '{}');
                """)
        }
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

            try await county.say("rule-set", ["key": "joint_least_departments", "withdrawn": "废止"])
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
                (["key": "least_inspectors", "value": nil, "basis": "据"], "SCJG", "value", "schema"),
                (["key": "least_inspectors", "withdrawn": "误"], "SCJG", "key", "statement.unknown"),
                (["key": "least_inspectors", "withdrawn": " "], "SCJG", "withdrawn", "schema"),
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

    static let absence: JSONValue = [
        "id": "A1", "inspector": "P1", "from": "2026-03-01", "to": "2026-03-31", "reason": "病假",
    ]
    static let recusal: JSONValue = [
        "id": "R1", "inspector": "P1", "entity": "E1", "reason": "亲属", "requested_by": "entity",
    ]
    static let document: JSONValue = [
        "id": "D1", "title": "联合抽查工作细则", "number": "固双随机办〔2026〕3号", "form": "rules", "scope": "joint",
        "in_force_from": "2026-01-01",
        "file": ["name": "a.pdf", "sha256": .string(String(repeating: "0a", count: 32))],
    ]
    static let checklist: JSONValue = [
        "id": "C1", "item": "I1", "title": "检查表",
        "steps": [["step": "出示证件", "matters": ["两人以上"], "methods": ["现场"]]],
    ]
    static let override: JSONValue = ["entity": "E1", "class": "D", "reason": "较大事故", "until": "2099-12-31"]
    static let subRegister: JSONValue = [
        "id": "S1", "name": "食品", "register": "entities", "rule": ["permits": ["食品"], "score": ["min": 10]],
    ]

    static func changed(_ body: JSONValue, _ name: String, _ value: JSONValue?) -> JSONValue {
        guard case .object(var members) = body else { return body }
        members[name] = value
        return .object(members)
    }

    /// What each statement is refused for: the change, who says it, the field and the code.
    static let refusals: [(String, JSONValue, String, JSONValue?, String, String, String)] = [
        ("absence-reported", absence, "inspector", "P9", "SCJG", "inspector", "inspector.unknown"),
        ("absence-reported", absence, "inspector", "P2", "SCJG", "inspector", "inspector.other"),
        ("absence-reported", absence, "to", "2026-02-01", "SCJG", "to", "schema"),
        ("absence-reported", absence, "to", "2026-02-30", "SCJG", "to", "schema"),
        ("absence-reported", absence, "reason", "", "SCJG", "reason", "schema"),
        ("absence-reported", absence, "id", "a b", "SCJG", "id", "schema"),
        ("absence-reported", absence, "reason", "\u{0}", "SCJG", "", "text.control"),
        ("recusal-reported", recusal, "entity", "E9", "SCJG", "entity", "entity.unknown"),
        ("recusal-reported", recusal, "requested_by", "friend", "SCJG", "requested_by", "schema"),
        ("recusal-reported", recusal, "inspector", "P2", "SCJG", "inspector", "inspector.other"),
        ("document-registered", document, "form", "letter", "SCJG", "form", "schema"),
        ("document-registered", document, "file", ["name": "a", "sha256": "00"], "SCJG", "file.sha256", "schema"),
        ("document-registered", document, "in_force_until", "2025-01-01", "SCJG", "in_force_until", "schema"),
        ("document-registered", document, "title", nil, "SCJG", "title", "schema"),
        ("document-registered", document, "title", "甲", "YJGL", "", "role.missing"),
        ("checklist-defined", checklist, "item", "I9", "SCJG", "item", "item.unknown"),
        ("checklist-defined", checklist, "item", "I2", "SCJG", "item", "item.other"),
        ("checklist-defined", checklist, "steps", [], "SCJG", "steps", "schema"),
        (
            "checklist-defined", checklist, "steps", [["step": "甲", "matters": [], "methods": ["看"]]], "SCJG",
            "steps[0].matters", "schema"
        ),
        ("class-overridden", override, "entity", "E9", "YJGL", "entity", "entity.unknown"),
        ("class-overridden", override, "entity", "E2", "YJGL", "entity", "entity.other"),
        ("class-overridden", override, "until", "2020-01-01", "YJGL", "until", "date.past"),
        ("class-overridden", override, "class", "-", "YJGL", "class", "schema"),
        ("sub-register-defined", subRegister, "register", "items", "SCJG", "register", "schema"),
        ("sub-register-defined", subRegister, "rule", ["colour": ["red"]], "SCJG", "rule.colour", "schema"),
        ("sub-register-defined", subRegister, "rule", [:], "SCJG", "rule", "schema"),
        ("sub-register-defined", subRegister, "rule", ["permits": []], "SCJG", "rule.permits", "schema"),
    ]

    @Test("each kind of statement is taken when it is right, and refused with the field that is wrong")
    func kinds() async throws {
        try await StatedCounty.run { county in
            try await county.registers()
            for (type, body, name, value, department, field, code) in Self.refusals {
                let receipt = try await county.submit(type, Self.changed(body, name, value), as: department)
                #expect(receipt.status == .rejected, "\(type) \(name)")
                #expect(receipt.reasons.map(\.field) == [field], "\(type) \(name): \(receipt.reasons)")
                #expect(receipt.reasons.map(\.code) == [code], "\(type) \(name)")
            }
            #expect(try await county.stack.count("SELECT count(*) FROM registers.statements") == 0)
            for (type, body, department) in [
                ("absence-reported", Self.absence, "SCJG"), ("recusal-reported", Self.recusal, "SCJG"),
                ("document-registered", Self.document, "SCJG"), ("checklist-defined", Self.checklist, "SCJG"),
                ("class-overridden", Self.override, "YJGL"), ("sub-register-defined", Self.subRegister, "SCJG"),
            ] {
                try await county.say(type, body, as: department)
            }
            let other = try await county.submit("sub-register-defined", Self.subRegister, as: "YJGL")
            #expect(other.reasons.map(\.code) == ["statement.other"])
            let withdrawn = try await county.submit("absence-reported", ["id": "A1", "withdrawn": "已返岗"])
            #expect(withdrawn.status == .accepted)
            #expect(try await county.stack.count("SELECT count(*) FROM registers.absences_at('infinity')") == 0)
            #expect(
                try await county.stack.count("SELECT count(*) FROM registers.statements WHERE kind = 'absence'") == 2)
            let again = try await county.submit("absence-reported", ["id": "A1", "withdrawn": "再撤"])
            #expect(again.reasons.map(\.code) == ["statement.unknown"])
        }
    }

    @Test("checklists and documents are public with every version; nothing about persons or classes is")
    func open() async throws {
        try await StatedCounty.run { county in
            try await county.registers()
            try await county.say("checklist-defined", Self.checklist)
            try await county.say("checklist-defined", Self.changed(Self.checklist, "title", "检查表（修订）"))
            try await county.say("document-registered", Self.document)
            try await county.say("absence-reported", Self.absence)
            try await county.say("class-overridden", Self.override)
            try await county.stack.pool.transaction { transaction in
                try await transaction.script("SET LOCAL ROLE yaohao_portal")
                let versions = try await transaction.query(
                    "SELECT version, title, valid_to IS NULL AS current FROM open.checklists ORDER BY version")
                #expect(try versions.map { try $0.decode("version", as: Int.self) } == [1, 2])
                #expect(try versions.map { try $0.decode("current", as: Bool.self) } == [false, true])
                #expect(try await transaction.query("SELECT FROM open.documents WHERE form = 'rules'").count == 1)
            }
            for table in ["statements", "inspectors", "classes", "experts", "entities"] {
                await #expect(throws: PostgresError.self, "\(table)") {
                    try await county.stack.pool.transaction { transaction in
                        try await transaction.script("SET LOCAL ROLE yaohao_portal")
                        _ = try await transaction.query("SELECT FROM registers.\(identifier: table)")
                    }
                }
            }
        }
    }

    @Test("the class in force is the one by hand, else the month's, else the entity's own, else its score's")
    func classes() async throws {
        try await StatedCounty.run { county in
            try await county.registers()
            try await county.stack.pool.withConnection { connection in
                try await connection.script(
                    """
                    INSERT INTO registers.entities (id, source, version, valid_from, name, credit, region, industry, kind,
                        permits, regulators, score)
                    SELECT id, 's', 1, now(), '对象', credit, '150222', 'F52', '企业', '{}', '{SCJG}', score
                    FROM (VALUES ('F1', 'A', NULL), ('F2', 'A', NULL), ('F3', '-', 251), ('F4', '-', NULL), ('F5', 'A', 900),
                        ('F6', 'A', NULL), ('F7', '-', 1000)) AS v (id, credit, score);
                    INSERT INTO registers.classes (id, source, version, valid_from, month, class, score, scheme, entity) VALUES
                        ('F1', 't', 1, now(), '2026-03', 'C', NULL, '', ''),
                        ('F2', 't', 1, now(), '2026-03', '', 500, 'credit', ''),
                        ('F6', 't', 1, now(), '2026-02', 'D', NULL, '', ''),
                        ('F6-new', 't', 1, now(), '2026-03', 'B', NULL, 'credit', 'F6'),
                        ('F4-fire', 't', 1, now(), '2026-03', '高', NULL, '消防', 'F4');
                    """)
            }
            try await county.say("class-overridden", Self.changed(Self.override, "entity", "F1"))
            func classes(on day: String) async throws -> [String] {
                let table = try await CountyRules.load(from: county.worker).classesInForce(at: "infinity", on: day)
                return try await county.worker.query(
                    "SELECT entity || ' ' || class || ' ' || origin AS line FROM \(table) c WHERE entity LIKE 'F%' ORDER BY 1"
                ).map { try $0.decode("line", as: String.self) }
            }
            let rest = ["F2 B classes", "F3 B score", "F4 - none", "F5 A entity", "F6 B classes", "F7 D score"]
            #expect(try await classes(on: "2099-12-31") == ["F1 D override"] + rest)
            #expect(try await classes(on: "2100-01-01") == ["F1 C classes"] + rest, "by hand only until its day")
            try await county.say(
                "rule-set",
                [
                    "key": "score_classes", "basis": "县〔2026〕9号",
                    "value": [["class": "A", "from": 0, "to": 300], ["class": "D", "from": 301, "to": 999]],
                ])
            #expect(
                try await classes(on: "2026-01-01") == [
                    "F1 D override", "F2 D classes", "F3 A score", "F4 - none", "F5 A entity", "F6 B classes",
                    "F7 - none",
                ])
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
