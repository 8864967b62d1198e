import Cluster
import JSON
import Registers
import Testing

@testable import Inspections

@Suite("Versions of a result")
struct ResultVersionTests {
    static func correction(_ version: Int, of result: RecordedResult = DecisionTests.result()) -> RecordedResult {
        RecordedResult(
            visit: result.visit, department: result.department, endedOn: result.endedOn, items: result.items,
            correction: RecordedResult.Correction(version: version, reason: "录入有误"))
    }

    @Test("none is lost, whatever departments and reviewers send", arguments: (0..<200).map { UInt64($0) })
    func neverLost(_ seed: UInt64) {
        // A model of the tables: versions are appended, reviews are of the latest version.
        var random = SeededGenerator(seed: seed)
        var versions: [RecordedResult] = []
        var reviews: [Int: ReviewedResult.Decision] = [:]
        for _ in 0..<30 {
            let before = versions
            switch Int.random(in: 0...2, using: &random) {
            case 0:
                let facts = DecisionTests.facts(recorded: versions.isEmpty ? [:] : ["SCJG": versions.count])
                if let accepted = try? decide(DecisionTests.result(), signer: "SCJG", facts: facts) {
                    #expect(accepted.version == versions.count + 1)
                    versions.append(accepted.result)
                }
            case 1:
                let named = Int.random(in: 1...(versions.count + 2), using: &random)
                let facts = DecisionTests.facts(recorded: versions.isEmpty ? [:] : ["SCJG": versions.count])
                if let accepted = try? decide(Self.correction(named), signer: "SCJG", facts: facts) {
                    #expect(named == versions.count, "only the version in force is corrected")
                    #expect(accepted.version == versions.count + 1)
                    versions.append(accepted.result)
                }
            default:
                let named = Int.random(in: 1...(versions.count + 2), using: &random)
                let review = ReviewedResult(
                    visit: "V1", department: "SCJG", version: named,
                    decision: Bool.random(using: &random) ? .approved : .returned, reason: "请核实")
                let facts = ReviewFacts(
                    version: versions.isEmpty ? nil : versions.count, recordedBy: "k1",
                    isReviewed: reviews[versions.count] != nil)
                let key = ["k1", "k2"].randomElement(using: &random)
                if (try? decide(review, signer: "SCJG", signatory: key, facts: facts)) != nil {
                    #expect(key == "k2" && named == versions.count && reviews[named] == nil)
                    reviews[named] = review.decision
                }
            }
            #expect(versions.prefix(before.count).elementsEqual(before), "what was said stays")
        }
    }

    @Test("are corrected only from the version in force, and only when there is one")
    func corrections() {
        #expect(
            DecisionTests.reasons(Self.correction(1), facts: DecisionTests.facts(recorded: ["SCJG": 1])) == [])
        #expect(
            DecisionTests.reasons(Self.correction(1), facts: DecisionTests.facts(recorded: ["SCJG": 2]))
                == ["version result.version"])
        #expect(DecisionTests.reasons(Self.correction(1)) == ["visit result.none"])
    }

    @Test("that come after the term are taken, and marked late")
    func late() throws {
        let calendar = try WorkingCalendar.embedded()
        // Ended on Tuesday 2026-03-10: ten working days later it is Tuesday 2026-03-24.
        for (today, late) in [("2026-03-24", false), ("2026-03-25", true)] {
            let facts = ResultFacts(
                today: try #require(Day(today)), visit: DecisionTests.visit, categories: DecisionTests.categories,
                recorded: [:], entryTerm: .workingDays(10), calendar: calendar)
            let accepted = try decide(DecisionTests.result(), signer: "SCJG", facts: facts)
            #expect(accepted.entryDueOn == Day("2026-03-24"))
            #expect(accepted.late == late)
        }
        let unknown = try decide(DecisionTests.result(), signer: "SCJG", facts: DecisionTests.facts())
        #expect(unknown.late == nil, "a calendar that is not known is not guessed")
    }

    @Test("rest on entrusted parts that have a conclusion about the same matter")
    func sources() {
        let item = CheckedItem(item: "SCJG-1", categories: ["未发现问题"], sources: [.entrusted("W1")])
        let other = CheckedItem(item: "SCJG-2", categories: ["未发现问题"])
        func codes(_ concluded: [String: Set<String>]) -> [String] {
            DecisionTests.reasons(
                DecisionTests.result(items: [item, other]),
                facts: ResultFacts(
                    today: DecisionTests.today, visit: DecisionTests.visit, categories: DecisionTests.categories,
                    recorded: [:], concluded: concluded, entryTerm: .days(30), calendar: WorkingCalendar([])))
        }
        #expect(codes(["W1": ["SCJG-1"]]) == [])
        #expect(codes(["W1": ["SCJG-2"]]) == ["items[0].sources[0].entrustment entrustment.unknown"])
        #expect(codes([:]) == ["items[0].sources[0].entrustment entrustment.unknown"])
    }

    @Test("tell the credit system each finding, and that nothing was found")
    func credit() throws {
        let facts = DecisionTests.facts()
        let found = CreditFact.findings(
            of: try decide(DecisionTests.result(), signer: "SCJG", facts: facts), DecisionTests.categories)
        #expect(found.map(\.kind) == [.finding])
        #expect(found[0].items == ["SCJG-2"])
        #expect(found[0].categories == ["发现问题已责令改正"])
        let clear = DecisionTests.result(items: [
            DecisionTests.item("SCJG-1", ["未发现问题"]), DecisionTests.item("SCJG-2", ["未发现问题", "暂停营业"]),
        ])
        let facts2 = CreditFact.findings(
            of: try decide(clear, signer: "SCJG", facts: facts), DecisionTests.categories)
        #expect(facts2.map(\.kind) == [.clear])
        #expect(facts2[0].items == ["SCJG-1", "SCJG-2"])
    }
}

/// SplitMix64, so that a failing case can be made again.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
