import Cluster
import JSON
import Registers
import Testing

@testable import Inspections

@Suite("Consequences of results and leads")
struct ConsequenceTests {
    /// 2026-03-10, a Tuesday
    static let ordered = Day(number: 20_522)

    static func facts(
        ordered: [String: Set<String>] = [:], entity: String? = "E1", ground: Bool = true
    ) throws -> ConsequenceFacts {
        ConsequenceFacts(
            today: DecisionTests.today,
            ground: ground
                ? ConsequenceFacts.Ground(
                    endedOn: Self.ordered, items: ["SCJG-1", "SCJG-2"], entity: entity, version: 1, ordered: ordered)
                : nil,
            kinds: [
                "none", "stop", "correction", "case", "copied", "judiciary", "joint-sanction", "abnormal", "other",
            ],
            terms: try CountyRules.embedded().inspectionTerms, calendar: try WorkingCalendar.embedded())
    }

    static func consequence(
        _ kind: String, items: [String] = ["SCJG-1"], on: Day = ordered, due: Day? = nil, decision: String? = nil,
        basis: String? = nil, addressee: String? = nil, department: String = "SCJG"
    ) -> Consequence {
        Consequence(
            id: "C1", kind: kind, department: department, ground: .visit("V1"), items: items, orderedOn: on,
            demand: "更换过期灭火器", dueOn: due, decision: decision, legalBasis: basis, addressee: addressee)
    }

    static func codes(_ consequence: Consequence, _ facts: ConsequenceFacts) -> [String] {
        VisitLifeTests.codes { _ = try decide(consequence, signer: "SCJG", facts: facts) }
    }

    @Test(
        "need what their kind needs",
        arguments: [
            ("none", []), ("stop", []), ("other", []), ("abnormal", []), ("correction", ["due_on.missing"]),
            ("case", ["decision.missing"]), ("copied", ["addressee.missing"]), ("judiciary", ["addressee.missing"]),
            ("joint-sanction", ["decision.missing", "legal_basis.missing"]), ("正常", ["kind.unknown"]),
        ] as [(String, [String])])
    func needs(_ kind: String, _ codes: [String]) throws {
        #expect(Self.codes(Self.consequence(kind), try Self.facts()) == codes)
    }

    @Test("have their days by the county's terms")
    func days() throws {
        let facts = try Self.facts()
        // Correct until Friday 2026-04-03; then 10 working days, over 清明 (2026-04-04 to 04-06).
        let due = try #require(Day("2026-04-03"))
        let correction = try decide(Self.consequence("correction", due: due), signer: "SCJG", facts: facts)
        #expect(correction.dueOn == due)
        #expect(correction.reinspectBy == Day("2026-04-20"))
        let referral = try decide(
            Self.consequence("judiciary", addressee: "县公安局"), signer: "SCJG", facts: facts)
        #expect(referral.approveBy == Day("2026-03-13"))
        #expect(referral.handOverHours == 24)
        let listing = try decide(Self.consequence("abnormal"), signer: "SCJG", facts: facts)
        #expect(listing.dueOn == Day("2026-03-24"))
    }

    @Test("follow from a result of the same department, and contradict nothing")
    func contradictions() throws {
        #expect(Self.codes(Self.consequence("stop"), try Self.facts(ground: false)) == ["ground.none"])
        #expect(Self.codes(Self.consequence("stop", items: ["YJGL-1"]), try Self.facts()) == ["items.other"])
        #expect(
            Self.codes(Self.consequence("stop", on: Self.ordered.adding(days: -1)), try Self.facts()) == ["on.early"])
        #expect(
            Self.codes(Self.consequence("stop", on: DecisionTests.today.adding(days: 1)), try Self.facts())
                == ["on.future"])
        #expect(
            Self.codes(Self.consequence("none"), try Self.facts(ordered: ["stop": ["SCJG-1"]]))
                == ["kind.contradictory"])
        #expect(Self.codes(Self.consequence("none"), try Self.facts(ordered: ["stop": ["SCJG-2"]])) == [])
        #expect(
            Self.codes(Self.consequence("stop"), try Self.facts(ordered: ["none": ["SCJG-1"]]))
                == ["kind.contradictory"])
        #expect(Self.codes(Self.consequence("abnormal"), try Self.facts(entity: nil)) == ["kind.unregistered"])
        #expect(Self.codes(Self.consequence("stop", department: "YJGL"), try Self.facts()) == ["department.other"])
    }

    static func step(
        _ kind: ConsequenceStep.Kind, on: Day = ordered, instant: String? = nil, outcome: ConsequenceStep.Outcome? = nil
    ) -> ConsequenceStep {
        ConsequenceStep(
            consequence: "C1", department: "SCJG", kind: kind, on: on, instant: instant, outcome: outcome)
    }

    static func state(
        _ kind: String, doneOn: Day? = nil, due: [ConsequenceStep.Kind: Day] = [:],
        approval: (at: String, handOverBy: String)? = nil
    ) -> StepFacts {
        StepFacts(
            today: DecisionTests.today, department: "SCJG", kind: kind, orderedOn: ordered, doneOn: doneOn, due: due,
            approval: approval)
    }

    @Test("are done by their own steps only")
    func steps() {
        let approval = (at: "2026-03-10T02:00:00Z", handOverBy: "2026-03-11T02:00:00Z")
        let table: [(StepFacts, Set<ConsequenceStep.Kind>)] = [
            (Self.state("correction"), [.reinspected]), (Self.state("judiciary"), [.approved, .refused]),
            (Self.state("judiciary", approval: approval), [.handedOver]), (Self.state("case"), [.done]),
            (Self.state("abnormal"), [.done]), (Self.state("joint-sanction"), [.done]),
            (Self.state("case", doneOn: Self.ordered), []),
        ]
        for (facts, allowed) in table {
            let taken = ConsequenceStep.Kind.allCases.filter { kind in
                let step = Self.step(
                    kind, instant: kind == .handedOver || kind == .approved ? "2026-03-10T03:00:00Z" : nil,
                    outcome: kind == .reinspected ? .corrected : nil)
                return VisitLifeTests.codes { _ = try decide(step, signer: "SCJG", facts: facts) }.isEmpty
            }
            #expect(Set(taken) == allowed, "\(facts.kind)")
        }
    }

    @Test("are late after their day, a hand-over after its hours")
    func late() throws {
        let due: [ConsequenceStep.Kind: Day] = [.done: Self.ordered.adding(days: 1)]
        func late(_ step: ConsequenceStep, _ facts: StepFacts) throws -> Bool? {
            try decide(step, signer: "SCJG", facts: facts)
        }
        #expect(try late(Self.step(.done, on: Self.ordered.adding(days: 1)), Self.state("abnormal", due: due)) == false)
        #expect(try late(Self.step(.done, on: Self.ordered.adding(days: 2)), Self.state("abnormal", due: due)) == true)
        #expect(try late(Self.step(.done), Self.state("other")) == nil)
        let approval = (at: "2026-03-10T02:00:00Z", handOverBy: "2026-03-11T02:00:00Z")
        let approved = Self.state("judiciary", approval: approval)
        let inTime = Self.step(.handedOver, instant: "2026-03-11T02:00:00Z")
        let tooLate = Self.step(.handedOver, on: Self.ordered.adding(days: 1), instant: "2026-03-11T02:00:01Z")
        #expect(try late(inTime, approved) == false)
        #expect(try late(tooLate, approved) == true)
        let before = Self.step(.handedOver, instant: "2026-03-10T01:59:59Z")
        #expect(VisitLifeTests.codes { _ = try decide(before, signer: "SCJG", facts: approved) } == ["at.early"])
    }

    @Test(
        "are read strictly, naming the field",
        arguments: [
            (
                #"{"id":"C1","kind":"stop","department":"SCJG","items":["A"],"ordered_on":"2026-03-10","demand":"x"}"#,
                "visit"
            ),
            (
                #"{"id":"C1","kind":"stop","department":"SCJG","visit":"V","lead":"L","items":["A"],"#
                    + #""ordered_on":"2026-03-10","demand":"x"}"#, "visit"
            ),
            (
                #"{"id":"C1","kind":"stop","department":"SCJG","visit":"V","items":[],"ordered_on":"2026-03-10","demand":"x"}"#,
                "items"
            ),
            (
                #"{"id":"C1","kind":"stop","department":"SCJG","visit":"V","items":["A"],"ordered_on":"10.3.","demand":"x"}"#,
                "ordered_on"
            ),
            (
                #"{"id":"C1","kind":"stop","department":"SCJG","visit":"V","items":["A"],"ordered_on":"2026-03-10","demand":" "}"#,
                "demand"
            ),
        ])
    func reading(_ body: String, _ field: String) {
        do {
            _ = try Consequence(parsing: Array(body.utf8))
            Issue.record("accepted: \(body)")
        } catch {
            #expect((error as? JSONError)?.path == field)
        }
    }

    @Test(
        "steps are read strictly",
        arguments: [
            (#"{"consequence":"C","department":"D","step":"approved","on":"2026-03-10"}"#, "at"),
            (
                #"{"consequence":"C","department":"D","step":"approved","on":"2026-03-10","at":"2026-03-10T25:00:00Z"}"#,
                "at"
            ),
            (#"{"consequence":"C","department":"D","step":"reinspected","on":"2026-03-10"}"#, "outcome"),
            (#"{"consequence":"C","department":"D","step":"refused","on":"2026-03-10"}"#, "note"),
            (#"{"consequence":"C","department":"D","step":"done","on":"2026-03-10","outcome":"corrected"}"#, "outcome"),
        ])
    func readingSteps(_ body: String, _ field: String) {
        do {
            _ = try ConsequenceStep(parsing: Array(body.utf8))
            Issue.record("accepted: \(body)")
        } catch {
            #expect((error as? JSONError)?.path == field)
        }
    }
}
