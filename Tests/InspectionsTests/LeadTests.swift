import Cluster
import JSON
import Registers
import Testing

@testable import Inspections

@Suite("Leads outside the draw")
struct LeadTests {
    static let received = Day(number: 20_522)

    static func lead(entity: String? = "E1", unlicensed: Bool = false, items: [String] = ["SCJG-1"]) -> Lead {
        Lead(
            id: "L1", department: "SCJG", origin: .complaint, receivedOn: received, entity: entity,
            subject: entity == nil
                ? Lead.Subject(name: "样例摊主甲", address: "样例街1号", region: "150222", industry: "F52") : nil,
            items: items, unlicensed: unlicensed, summary: "样例举报")
    }

    static func facts(registered: Bool = true) throws -> LeadFacts {
        LeadFacts(
            today: DecisionTests.today, isRegistered: registered, departments: ["SCJG-1": "SCJG", "YJGL-1": "YJGL"],
            terms: try CountyRules.embedded().inspectionTerms, calendar: try WorkingCalendar.embedded())
    }

    static func codes(_ lead: Lead, _ facts: LeadFacts) -> [String] {
        VisitLifeTests.codes { _ = try decide(lead, signer: "SCJG", facts: facts) }
    }

    @Test("are to be acted on at once, and decided within the county's term")
    func days() throws {
        let days = try decide(Self.lead(), signer: "SCJG", facts: try Self.facts())
        #expect(days.actBy == Day("2026-03-11"))
        #expect(days.decideBy == Day("2026-03-31"))
        let unlicensed = try decide(
            Self.lead(entity: nil, unlicensed: true), signer: "SCJG", facts: try Self.facts(registered: false))
        #expect(unlicensed.actBy == Day("2026-03-11"))
    }

    @Test("are about a registered entity, or about unlicensed trade")
    func subjects() throws {
        #expect(Self.codes(Self.lead(), try Self.facts(registered: false)) == ["entity.unknown"])
        #expect(Self.codes(Self.lead(entity: nil), try Self.facts(registered: false)) == ["subject.registered"])
        #expect(Self.codes(Self.lead(unlicensed: true), try Self.facts()) == [])
        #expect(Self.codes(Self.lead(items: ["YJGL-1"]), try Self.facts()) == ["items.other"])
    }

    static func inspected(_ inspectors: [String] = ["I1", "I2"], items: [String] = ["SCJG-1"]) -> InspectedLead {
        InspectedLead(
            lead: "L1", department: "SCJG", on: received, inspectors: inspectors,
            items: items.map { CheckedItem(item: $0, categories: ["未发现问题"]) })
    }

    static func codes(_ inspected: InspectedLead, _ state: LeadState?) -> [String] {
        VisitLifeTests.codes {
            try decide(
                inspected, signer: "SCJG", today: DecisionTests.today, state: state, certified: ["I1", "I2"], least: 2,
                categories: DecisionTests.categories)
        }
    }

    @Test("are inspected by enough inspectors with valid certificates")
    func inspectors() {
        let state = LeadState(department: "SCJG", receivedOn: Self.received, items: ["SCJG-1"])
        #expect(Self.codes(Self.inspected(), state) == [])
        #expect(Self.codes(Self.inspected(["I1"]), state) == ["inspectors.few"])
        #expect(Self.codes(Self.inspected(["I1", "I7"]), state) == ["inspectors.unfit"])
        #expect(Self.codes(Self.inspected(items: ["SCJG-2"]), state) == ["items.other", "items.missing"])
        #expect(Self.codes(Self.inspected(), nil) == ["lead.unknown"])
    }

    @Test("end only after they were inspected, and once", arguments: ClosedLead.Kind.allCases)
    func ends(_ kind: ClosedLead.Kind) {
        let day = Self.received
        func codes(_ state: LeadState) -> [String] {
            VisitLifeTests.codes {
                try decide(
                    ClosedLead(kind, lead: "L1", department: "SCJG", on: day, outcome: "clear"), signer: "SCJG",
                    today: DecisionTests.today, state: state)
            }
        }
        func state(inspected: Day?, filed: Day? = nil, concluded: Day? = nil) -> LeadState {
            LeadState(
                department: "SCJG", receivedOn: day, items: ["SCJG-1"], inspectedOn: inspected, filedOn: filed,
                concludedOn: concluded)
        }
        #expect(codes(state(inspected: day)) == [])
        #expect(codes(state(inspected: nil)) == ["lead.not-inspected"])
        #expect(codes(state(inspected: day.adding(days: 1))) == ["on.early"])
        #expect(codes(state(inspected: day, concluded: day)) == ["lead.concluded"])
        #expect(codes(state(inspected: day, filed: day)) == (kind == .filed ? ["case.exists"] : []))
    }

    @Test(
        "name an entity or a subject, not both",
        arguments: [
            #"{"id":"L","department":"D","origin":"complaint","received_on":"2026-03-10","items":["A"],"summary":"x"}"#,
            #"{"id":"L","department":"D","origin":"complaint","received_on":"2026-03-10","items":["A"],"summary":"x","#
                + #""entity":"E","subject":{"name":"n","address":"a","region":"r","industry":"i"}}"#,
        ])
    func reading(_ body: String) {
        #expect(throws: JSONError.self) { try Lead(parsing: Array(body.utf8)) }
    }
}

@Suite("What has become common")
struct CommonnessTests {
    static let rule = CountyRules.CommonFindings(
        windowDays: 90, leastFindings: 5, leastEntities: 3, industryLength: 3, ratePPM: 50_000...500_000)

    static func group(_ findings: Int, _ entities: Int, inspected: Int) -> FindingGroup {
        FindingGroup(
            category: "发现问题已责令改正", item: "SCJG-1", industry: "F52", department: "SCJG", findings: findings,
            entities: entities, inspected: inspected)
    }

    @Test(
        "is proposed at the share in which it was found, within the county's bounds",
        arguments: [
            (group(4, 4, inspected: 10), nil), (group(9, 2, inspected: 10), nil), (group(5, 3, inspected: 10), 300_000),
            (group(5, 3, inspected: 100), 50_000), (group(9, 9, inspected: 10), 500_000),
            (group(5, 3, inspected: 7), 428_572),
            (group(5, 3, inspected: 0), 500_000),
        ] as [(FindingGroup, Int?)])
    func rate(_ group: FindingGroup, _ expected: Int?) {
        #expect(specialRate(for: group, rule: Self.rule) == expected)
    }
}
