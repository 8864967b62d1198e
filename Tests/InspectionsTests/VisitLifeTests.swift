import Cluster
import JSON
import Registers
import Testing

@testable import Inspections

@Suite("The life of a visit")
struct VisitLifeTests {
    static let day = Day(number: 20_520)

    static func facts(
        _ steps: [VisitStep.Kind: Day] = [:], failedOn: Day? = nil, recorded: Bool = false,
        visit: VisitFacts? = DecisionTests.visit
    ) -> PartFacts {
        PartFacts(
            today: DecisionTests.today, visit: visit, steps: steps, failedOn: failedOn, isRecorded: recorded,
            preventing: ["注销", "通过登记的住所（经营场所）无法联系"])
    }

    static func codes(_ decision: () throws -> Void) -> [String] {
        do {
            try decision()
            return []
        } catch let rejection as Rejection {
            return rejection.reasons.map(\.code)
        } catch {
            return ["\(error)"]
        }
    }

    static func codes(_ kind: VisitStep.Kind, on: Day? = day, _ facts: PartFacts, signer: String = "SCJG") -> [String] {
        codes {
            _ = try decide(
                VisitStep(kind, visit: "V1", department: "SCJG", on: kind == .confirmed ? nil : on), signer: signer,
                facts: facts)
        }
    }

    /// What has happened, and what may be said then: `confirmed`, `begun`, `ended`, `failed`, `amended`.
    static let table: [(said: PartFacts, mayBeSaid: Set<String>)] = [
        (facts(), ["confirmed", "begun", "failed", "amended"]),
        (facts([.confirmed: day]), ["begun", "failed", "amended"]),
        (facts([.begun: day]), ["ended", "failed", "amended"]),
        (facts([.confirmed: day, .begun: day]), ["ended", "failed", "amended"]),
        (facts([.begun: day, .ended: day]), []),
        (facts(failedOn: day), []),
        (facts([.begun: day], failedOn: day), []),
        (facts(recorded: true), []),
        (facts([.begun: day, .ended: day], recorded: true), []),
        (facts(visit: nil), []),
    ]

    @Test("goes only where the table says", arguments: table.indices)
    func transitions(_ index: Int) {
        let (facts, allowed) = Self.table[index]
        var said: Set<String> = []
        for kind in VisitStep.Kind.allCases where Self.codes(kind, facts).isEmpty { said.insert(kind.rawValue) }
        let failed = FailedVisit(visit: "V1", department: "SCJG", on: Self.day, state: "注销", note: "查无此户")
        if Self.codes({ try decide(failed, signer: "SCJG", facts: facts) }).isEmpty { said.insert("failed") }
        let amended = AmendedVisit(visit: "V1", department: "SCJG", replaced: "I1", reason: .recusal, note: "亲属")
        if Self.codes({ try decide(amended, signer: "SCJG", facts: facts) }).isEmpty { said.insert("amended") }
        #expect(said == allowed)
    }

    @Test("knows its days: not before the window, not before the beginning, not in the future")
    func days() {
        let first = DecisionTests.windowFirst
        #expect(Self.codes(.begun, on: first, Self.facts()) == [])
        #expect(Self.codes(.begun, on: first.adding(days: -1), Self.facts()) == ["on.early"])
        #expect(Self.codes(.begun, on: DecisionTests.today.adding(days: 1), Self.facts()) == ["on.future"])
        #expect(Self.codes(.ended, on: first, Self.facts([.begun: Self.day])) == ["on.early"])
        #expect(Self.codes(.ended, on: Self.day, Self.facts([.begun: Self.day])) == [])
    }

    @Test("is told by a department of the visit, of its own part only")
    func ownPart() {
        #expect(Self.codes(.begun, Self.facts(), signer: "YJGL") == ["department.other"])
        let stranger = VisitStep(.begun, visit: "V1", department: "XFJY", on: Self.day)
        #expect(
            Self.codes { _ = try decide(stranger, signer: "XFJY", facts: Self.facts()) } == ["visit.unknown"])
    }

    @Test("names only inspectors of the team, and only states that prevent visits")
    func people() {
        let step = VisitStep(.begun, visit: "V1", department: "SCJG", on: Self.day, inspectors: ["I1", "I9"])
        #expect(Self.codes { _ = try decide(step, signer: "SCJG", facts: Self.facts()) } == ["inspectors.not-in-team"])
        let amended = AmendedVisit(visit: "V1", department: "SCJG", replaced: "I9", reason: .left, note: "调离")
        #expect(Self.codes { try decide(amended, signer: "SCJG", facts: Self.facts()) } == ["inspectors.not-in-team"])
        let failed = FailedVisit(visit: "V1", department: "SCJG", on: Self.day, state: "未发现问题", note: "无")
        #expect(Self.codes { try decide(failed, signer: "SCJG", facts: Self.facts()) } == ["state.unknown"])
    }

    @Test("has parts entrusted for own matters, to whoever is qualified on the day")
    func entrusted() {
        func part(_ items: [String], until: Day) -> EntrustedPart {
            EntrustedPart(
                id: "W1", visit: "V1", department: "SCJG", items: items, service: .testing, organisation: "样例检测所",
                qualification: ("检验检测机构资质认定", "SAMPLE-0001", until), on: Self.day)
        }
        #expect(Self.codes { try decide(part(["SCJG-1"], until: Self.day), signer: "SCJG", facts: Self.facts()) } == [])
        #expect(
            Self.codes {
                try decide(part(["YJGL-1"], until: Self.day.adding(days: -1)), signer: "SCJG", facts: Self.facts())
            } == ["items.other", "qualification.expired"])
    }

    @Test(
        "is read strictly, naming the field",
        arguments: [
            (#"{"visit":"V1","department":"SCJG"}"#, "on"),
            (#"{"visit":"V1","department":"SCJG","on":"2026-02-30"}"#, "on"),
            (#"{"visit":"","department":"SCJG","on":"2026-03-03"}"#, "visit"),
            (#"{"visit":"V1","department":"SCJG","on":"2026-03-03","inspectors":[]}"#, "inspectors"),
            (#"{"visit":"V1","department":"SCJG","on":"2026-03-03","inspectors":["I1","I1"]}"#, "inspectors[1]"),
            (#"{"visit":"V1","department":"SCJG","on":"2026-03-03","weather":"fine"}"#, "weather"),
        ])
    func reading(_ body: String, _ field: String) {
        do {
            _ = try VisitStep(.begun, parsing: Array(body.utf8))
            Issue.record("accepted: \(body)")
        } catch {
            #expect((error as? JSONError)?.path == field)
        }
    }
}
