import Cluster
import Draw
import Testing

@testable import Rounds

@Suite("Decisions about a round")
struct RoundDecisionTests {
    static let nonce = String(repeating: "ab", count: 32)
    static let commitment = String(repeating: "0", count: 64)

    static func state(_ phase: RoundState.Phase, over: Bool = false) -> RoundState {
        RoundState(
            id: "R-1", phase: phase, isClosed: false, isSuccessor: false,
            commitment: phase == .committed ? commitment : nil, revealTimeIsOver: over,
            witnesses: ["witness:A", "witness:B"].map {
                RoundState.Witness(
                    source: $0, commitment: SeedPolicy.witnessCommitment(round: "R-1", source: $0, nonce: nonce))
            },
            publicSources: [PublicSource(source: "public:p", description: "p", pattern: "dddddddd")])
    }

    @Test("Requests and witnesses' commitments are taken only while the round is collecting")
    func collecting() {
        for phase in [RoundState.Phase.frozen, .committed, .drawing, .drawn, .void] {
            #expect(RoundDecision.request(Self.state(phase)).map(\.code) == ["round.state"])
        }
        #expect(RoundDecision.request(Self.state(.opened)).isEmpty)
        var closed = Self.state(.collecting)
        closed.isClosed = true
        #expect(RoundDecision.request(closed).map(\.code) == ["round.state"])
        var successor = Self.state(.opened)
        successor.isSuccessor = true
        #expect(RoundDecision.request(successor).map(\.code) == ["round.successor"])
        #expect(
            RoundDecision.witnessCommits(Self.state(.opened), source: "witness:A").map(\.code) == ["witness.committed"])
        #expect(
            RoundDecision.witnessCommits(Self.state(.opened), source: "witness:C").map(\.code) == ["witness.unknown"])
    }

    @Test("A round is closed only with requests and with every witness bound, and all that is missing is said at once")
    func closing() {
        var state = Self.state(.collecting)
        #expect(RoundDecision.close(state, requests: 1).isEmpty)
        state.witnesses[1].commitment = nil
        #expect(RoundDecision.close(state, requests: 0).map(\.code) == ["round.empty", "witness.missing"])
    }

    @Test("A reveal counts in time, once, and only when it opens the commitment")
    func revealing() {
        func reveal(_ state: RoundState, source: String = "witness:A", nonce: String = Self.nonce) -> [String] {
            guard
                case .refused(let reasons) = RoundDecision.reveal(
                    state, source: source, nonce: nonce, commitment: Self.commitment)
            else { return [] }
            return reasons.map(\.code)
        }
        #expect(reveal(Self.state(.committed)) == [])
        #expect(reveal(Self.state(.frozen)) == ["round.state"])
        #expect(reveal(Self.state(.committed, over: true)) == ["reveal.late"])
        #expect(reveal(Self.state(.committed), source: "witness:C") == ["witness.unknown"])
        #expect(reveal(Self.state(.committed), nonce: String(repeating: "cd", count: 32)) == ["nonce.mismatch"])
        var revealed = Self.state(.committed)
        revealed.witnesses[0].nonce = Self.nonce
        #expect(reveal(revealed) == ["reveal.repeated"])
    }

    @Test("A witness that saw another commitment makes the round void, but only with a reveal that counts")
    func twoCommitments() {
        let other = String(repeating: "1", count: 64)
        let decision = RoundDecision.reveal(
            Self.state(.committed), source: "witness:A", nonce: Self.nonce, commitment: other)
        guard case .voids = decision else {
            Issue.record("\(decision)")
            return
        }
        let late = RoundDecision.reveal(
            Self.state(.committed, over: true), source: "witness:A", nonce: Self.nonce, commitment: other)
        guard case .refused = late else {
            Issue.record("\(late)")
            return
        }
    }

    @Test("Public values come after the time to reveal, as their pattern writes them, from witnesses")
    func statements() {
        func codes(_ state: RoundState, witness: String = "witness:A", source: String = "public:p", value: String)
            -> [String]
        {
            RoundDecision.statement(state, witness: witness, source: source, value: value).map(\.code)
        }
        #expect(codes(Self.state(.committed, over: true), value: "12345678") == [])
        #expect(codes(Self.state(.committed), value: "12345678") == ["public.early"])
        #expect(codes(Self.state(.committed, over: true), value: "1234567") == ["public.pattern"])
        #expect(codes(Self.state(.committed, over: true), witness: "dept:X", value: "12345678") == ["witness.unknown"])
        #expect(codes(Self.state(.committed, over: true), source: "public:q", value: "12345678") == ["public.unknown"])
        #expect(codes(Self.state(.drawing, over: true), value: "12345678") == ["round.state"])
    }

    @Test("A public value is settled by two witnesses that agree; a disagreement blocks, whatever the majority")
    func settling() {
        func settle(_ statements: [String: String]) -> RoundDecision.PublicValues {
            RoundDecision.publicValues(sources: ["p"], statements: ["p": statements])
        }
        #expect(settle([:]) == .awaited(["p"]))
        #expect(settle(["a": "1"]) == .awaited(["p"]))
        #expect(settle(["a": "1", "b": "1"]) == .settled(["p": "1"]))
        #expect(settle(["a": "1", "b": "2"]) == .disputed(["p"]))
        #expect(settle(["a": "1", "b": "2", "c": "1"]) == .disputed(["p"]))
    }

    @Test("Whoever did not reveal is named when the round becomes void")
    func missingReveals() {
        var state = Self.state(.committed, over: true)
        #expect(RoundDecision.missingReveals(state)?.contains("witness:A、witness:B") == true)
        for index in state.witnesses.indices { state.witnesses[index].nonce = Self.nonce }
        #expect(RoundDecision.missingReveals(state) == nil)
    }

    @Test("A newcomer starts at the department's median, and at 0 where the year has had no draw")
    func newcomers() {
        #expect(YearSoFar.baseline(loads: [1, 9, 5], departmentHasDraws: true) == 5)
        #expect(YearSoFar.baseline(loads: [1, 4], departmentHasDraws: true) == 2)
        #expect(YearSoFar.baseline(loads: [7], departmentHasDraws: false) == 0)
        #expect(YearSoFar.baseline(loads: [], departmentHasDraws: true) == 0)
    }
}
