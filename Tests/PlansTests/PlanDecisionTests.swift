import Cluster
import Testing

@testable import Plans

@Suite("The life of a plan")
struct PlanDecisionTests {
    static func state(_ phases: PlanState.Phase..., draftedBy: String? = "K1") -> PlanState {
        PlanState(
            id: "P", department: "SCJG", kind: .annual,
            versions: phases.enumerated().map {
                PlanState.Version(number: $0 + 1, phase: $1, draftedBy: draftedBy)
            })
    }

    static func codes(
        _ step: PlanDecision.Step, _ state: PlanState, by department: String = "SCJG", key: String? = "K2"
    )
        -> [String]
    {
        PlanDecision.step(step, version: 1, department: department, signatory: key, state: state).map(\.code)
    }

    @Test("goes only from one state to the next", arguments: PlanDecision.Step.allCases, PlanState.Phase.allCases)
    func order(step: PlanDecision.Step, phase: PlanState.Phase) {
        let allowed = Self.codes(step, Self.state(phase)).isEmpty
        #expect(allowed == (phase == step.from))
    }

    @Test("leads from a draft to publication by five steps, and by no fewer")
    func shortestWay() {
        var reached: Set<PlanState.Phase> = [.drafted]
        var steps = 0
        while !reached.contains(.published) {
            reached = Set(
                reached.flatMap { phase in
                    PlanDecision.Step.allCases.filter { Self.codes($0, Self.state(phase)).isEmpty }.map(\.to)
                })
            steps += 1
            guard steps < 9 else { break }
        }
        #expect(steps == 5)
        // What is returned, withdrawn, published or superseded stays so.
        for phase in [PlanState.Phase.returned, .withdrawn, .published, .superseded] {
            #expect(PlanDecision.Step.allCases.allSatisfy { !Self.codes($0, Self.state(phase)).isEmpty })
        }
    }

    @Test("is checked and approved by somebody else than who drafted it, of the same department")
    func people() {
        #expect(Self.codes(.check, Self.state(.drafted), key: "K1") == ["person.same"])
        #expect(Self.codes(.approve, Self.state(.checked), key: "K1") == ["person.same"])
        #expect(Self.codes(.report, Self.state(.approved), key: "K1") == [])
        #expect(Self.codes(.check, Self.state(.drafted, draftedBy: nil), key: nil) == [])
        for step in PlanDecision.Step.allCases {
            #expect(
                Self.codes(step, Self.state(step.from), by: "SFJ") == (step.isOffice ? [] : ["department.other"]))
        }
    }

    @Test("of a joint plan ends in publication only when all participants have confirmed")
    func participants() {
        var state = Self.state(.received)
        state.unconfirmed = ["GAJ"]
        #expect(Self.codes(.publish, state) == ["participants.missing"])
        for phase in PlanState.Phase.allCases {
            let reasons = PlanDecision.confirm(
                version: 1, department: "GAJ", participants: ["GAJ": false], state: Self.state(phase))
            #expect(reasons.isEmpty == [.approved, .reported, .received].contains(phase))
        }
        let confirmed = PlanDecision.confirm(
            version: 1, department: "GAJ", participants: ["GAJ": true], state: Self.state(.approved))
        #expect(confirmed.map(\.code) == ["confirmed.already"])
        let stranger = PlanDecision.confirm(
            version: 1, department: "SFJ", participants: ["GAJ": true], state: Self.state(.approved))
        #expect(stranger.map(\.code) == ["department.other"])
    }

    @Test("gives every text the next number, and asks for a reason once something is in force")
    func texts() throws {
        let first = try Plan(json: PlanFixture.document([PlanFixture.line("1")]))
        let second = try Plan(json: PlanFixture.document([PlanFixture.line("1")], version: 2))
        func codes(_ plan: Plan, change: Bool, _ state: PlanState?) -> [String] {
            PlanDecision.draft(plan, isChange: change, department: "SCJG", state: state).map(\.code)
        }
        #expect(codes(first, change: false, nil) == [])
        #expect(codes(first, change: true, nil) == ["plan.not-published"])
        #expect(codes(second, change: false, nil) == ["version.order"])
        #expect(codes(first, change: false, Self.state(.drafted)) == ["version.order"])
        #expect(codes(second, change: false, Self.state(.drafted)) == [])
        #expect(codes(second, change: false, Self.state(.published)) == ["plan.published"])
        #expect(codes(second, change: true, Self.state(.published)) == [])
        #expect(
            PlanDecision.draft(second, isChange: false, department: "SFJ", state: Self.state(.drafted)).map(\.code) == [
                "department.other"
            ])
    }

    @Test("approves schemes of the version in force only, by somebody else than the drafter")
    func schemes() {
        for phase in PlanState.Phase.allCases {
            let reasons = PlanDecision.approveScheme(
                version: 1, department: "SCJG", signatory: "K2", state: Self.state(phase))
            #expect(reasons.isEmpty == (phase == .published))
        }
        let own = PlanDecision.approveScheme(
            version: 1, department: "SCJG", signatory: "K1", state: Self.state(.published))
        #expect(own.map(\.code) == ["person.same"])
    }
}
