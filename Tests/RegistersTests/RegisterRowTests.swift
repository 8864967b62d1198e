import Cluster
import JSON
import Testing

@testable import Registers

/// A good row of each register, to be broken in one place at a time.
private let good: [Register: JSONValue] = [
    .classes: ["id": "91350100M000100Y43", "month": "2026-03", "class": "B"],
    .experts: [
        "id": "X1", "name": "某专家", "organisation": "某检测中心", "organisation_kind": "laboratory", "fields": ["特种设备"],
    ],
    .departments: ["id": "SCJG", "name": "固阳县市场监督管理局", "lead": true, "exempt": false],
    .entities: [
        "id": "91350100M000100Y43", "name": "某公司", "credit": "A", "region": "150222100", "industry": "F52",
        "kind": "企业", "permits": ["食品经营许可"], "regulators": ["SCJG", "YJ"], "address": "",
    ],
    .inspectors: [
        "id": "SCJG-001", "name": "张三", "department": "SCJG", "regions": ["150222"], "specialties": [],
        "certificate": "15022200001", "certificate_until": "2027-06-30", "recused": ["91350100M000100Y43"],
    ],
    .items: [
        "id": "SCJG-01", "name": "登记事项检查", "legal_basis": "《公司法》第七条", "department": "SCJG",
        "object_kind": "企业", "methods": ["online", "onsite"], "category": "general", "cap_ppm": 50_000,
    ],
]

private func codes(_ register: Register, _ field: String, _ value: JSONValue?) -> [String] {
    guard case .object(var members)? = good[register] else { return [] }
    members[field] = value
    return register.findings(in: .object(members)).map { "\($0.field):\($0.code)" }
}

@Suite("Rows of registers")
struct RegisterRowTests {
    @Test("good rows have no findings", arguments: Register.allCases)
    func goodRows(register: Register) throws {
        #expect(try register.findings(in: #require(good[register])).isEmpty)
    }

    @Test("each field that is left out is found by its name", arguments: Register.allCases)
    func missing(register: Register) {
        for column in register.columns where column.isRequired {
            #expect(codes(register, column.name, nil).contains("\(column.name):field.missing"))
        }
    }

    @Test("what may be left out may be null or empty just as well, and says the same", arguments: Register.allCases)
    func optional(register: Register) throws {
        guard case .object(let members)? = good[register] else { return }
        var nulls = members
        for column in register.columns where !column.isRequired && members[column.name] == nil {
            nulls[column.name] = JSONValue.null
            if column.kind == .text || column.kind == .day { #expect(codes(register, column.name, "").isEmpty) }
            if column.kind == .list { #expect(codes(register, column.name, []).isEmpty) }
            #expect(column.value(of: "") == .null, "an empty cell")
        }
        #expect(register.findings(in: .object(nulls)).isEmpty)
    }

    @Test("an item of the joint list says who, by what power and in which batch; one outside may say why")
    func jointItems() {
        guard case .object(var item)? = good[.items] else { return }
        func codes() -> [String] { Register.items.findings(in: .object(item)).map { "\($0.field):\($0.code)" } }
        item["joint"] = true
        #expect(codes() == ["subject:joint.incomplete", "authority:joint.incomplete", "joint_batch:joint.incomplete"])
        item["subject"] = "县市场监管局"
        item["authority"] = "行政检查"
        item["joint_batch"] = "第一批"
        #expect(codes() == [])
        item["outside_reason"] = "投诉举报"
        #expect(codes() == ["outside_reason:joint.outside"])
        item["joint"] = false
        #expect(codes() == ["joint_batch:joint.batch"])
        item["joint_batch"] = nil
        #expect(codes() == [])
        item["outside_reason"] = "不便"
        #expect(codes() == ["outside_reason:field.choice"])
    }

    @Test("an inspector has a certificate with its last day, or neither")
    func certificates() {
        guard case .object(var inspector)? = good[.inspectors] else { return }
        func codes() -> [String] {
            Register.inspectors.findings(in: .object(inspector)).map { "\($0.field):\($0.code)" }
        }
        inspector["certificate_until"] = ""
        #expect(codes() == ["certificate_until:certificate.until"])
        inspector["certificate"] = ""
        #expect(codes() == [])
        inspector["certificate_until"] = .null
        #expect(codes() == [])
        inspector["certificate_until"] = "2027-06-30"
        #expect(codes() == ["certificate:certificate.missing"])
    }

    @Test(
        "each rule is found by its code",
        arguments: [
            (Register.entities, "id", "91350100M000100Y44", "uscc.check"),
            (.entities, "id", "91350100M000100I43", "uscc.alphabet"),
            (.entities, "id", "91350100m000100y43", "uscc.alphabet"), (.entities, "id", "a/b", "id.pattern"),
            (.entities, "id", "", "field.empty"), (.entities, "credit", "E", "field.choice"),
            (.entities, "credit", 1, "field.type"), (.entities, "region", "1502AB", "region.digits"),
            (.entities, "name", "甲\t乙", "text.control"), (.entities, "name", "甲 ", "text.space"),
            (.entities, "industry", "F\n52", "text.control"), (.entities, "permits", ["b", "a"], "list.order"),
            (.entities, "permits", ["a", "a"], "list.order"), (.entities, "permits", ["a,b"], "list.element"),
            (.entities, "permits", [""], "list.element"), (.entities, "permits", "a", "field.type"),
            (.entities, "regulators", ["局"], "list.element"), (.entities, "colour", "red", "field.unknown"),
            (.inspectors, "certificate_until", "2027-02-29", "date.invalid"),
            (.inspectors, "regions", ["15x"], "list.element"), (.departments, "lead", "yes", "field.type"),
            (.entities, "uscc", "91350100M000100Y44", "uscc.check"), (.entities, "uscc", "9135", "uscc.alphabet"),
            (.entities, "score", 1_001, "number.range"), (.entities, "risks", ["消防"], "list.element"),
            (.entities, "risks", ["消防="], "list.element"), (.inspectors, "category", "guest", "field.choice"),
            (.experts, "organisation_kind", "bank", "field.choice"), (.experts, "fields", [], "field.empty"),
            (.experts, "valid_until", "2026-2-1", "date.invalid"), (.classes, "month", "2026-13", "month.invalid"),
            (.classes, "class", "E", "field.choice"), (.classes, "class", nil, "class.missing"),
            (.classes, "score", 300, "class.twice"), (.classes, "entity", "a b", "id.pattern"),
            (.items, "in_force_until", "明年", "date.invalid"), (.items, "joint", "yes", "field.type"),
            (.items, "methods", [], "field.empty"), (.items, "methods", ["phone"], "list.element"),
            (.items, "category", "other", "field.choice"), (.items, "cap_ppm", nil, "cap.missing"),
            (.items, "cap_ppm", 1_000_001, "number.range"), (.items, "category", "key", "cap.key"),
        ] as [(Register, String, JSONValue, String)])
    func rules(register: Register, field: String, value: JSONValue, code: String) {
        let found = codes(register, field, value)
        let wanted = code == "cap.key" ? "cap_ppm:cap.key" : "\(code == "class.twice" ? "class" : field):\(code)"
        #expect(found == [wanted])
    }

    @Test("a register id that is no credit code is taken", arguments: ["SITE-0001", "150222.elevator_7", "9135"])
    func otherIDs(id: String) {
        #expect(codes(.entities, "id", .string(id)).isEmpty)
    }

    @Test("everything that is wrong with a row is found at once, in Chinese first")
    func all() {
        let findings = Register.departments.findings(in: ["id": "a b", "name": "", "lead": 1])
        #expect(findings.map(\.field) == ["id", "name", "lead", "exempt"])
        #expect(findings.allSatisfy { ($0.message.unicodeScalars.first?.value ?? 0) > 0x2E80 })
    }

    @Test("any change of one character of a credit code is found")
    func checkDigit() {
        let code = Array("91350100M000100Y43")
        #expect(UnifiedSocialCreditCode.isValid(String(code)))
        for position in code.indices {
            for other in "0123456789ABCDEFGHJKLMNPQRTUWXY" where other != code[position] {
                var changed = code
                changed[position] = other
                #expect(!UnifiedSocialCreditCode.isValid(String(changed)))
            }
        }
    }
}
