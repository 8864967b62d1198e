import Crypto
import Draw
import JSON
import Testing

@testable import Inspections

/// draw-v1 §9, once more and differently: with strings and sorting instead of hashes and comparing.
private func plainSubstitute(
    _ vacancy: Vacancy, _ inspectors: [InspectorLine], _ load: (InspectorLine) -> Int
) -> String? {
    func sha(_ text: String) -> String {
        SHA256.hash(data: Array(text.utf8)).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }
    let stream = sha(vacancy.seed + ":match:" + vacancy.department)
    var fitting: [InspectorLine] = []
    for inspector in inspectors {
        if inspector.department != vacancy.department { continue }
        if vacancy.excluded.contains(inspector.id) { continue }
        if inspector.certificateUntil < vacancy.visit.lastDay { continue }
        if inspector.recused.contains(vacancy.visit.entity) { continue }
        if !inspector.regions.isEmpty, !inspector.regions.contains(where: vacancy.visit.region.hasPrefix) { continue }
        if vacancy.slot < vacancy.visit.specialties.count,
            !inspector.specialties.contains(vacancy.visit.specialties[vacancy.slot])
        {
            continue
        }
        fitting.append(inspector)
    }
    guard let smallest = fitting.map(load).min() else { return nil }
    return fitting.filter { load($0) == smallest }.map { (sha(stream + vacancy.visit.id + $0.id), $0.id) }
        .sorted { $0.0 < $1.0 }.first?.1
}

@Suite("A substitute inspector, draw-v1 §9")
struct SubstituteTests {
    static func line(
        _ id: String, department: String = "SCJG", regions: [String] = [], specialties: [String] = [],
        until: String = "2027-01-01", load: Int = 0, recused: [String] = []
    ) -> InspectorLine {
        InspectorLine(
            id: id, department: department, regions: regions, specialties: specialties, certificateUntil: until,
            load: load, recused: recused)
    }

    static func vacancy(slot: Int = 0, specialties: [String] = [], excluded: Set<String> = []) -> Vacancy {
        Vacancy(
            visit: TeamVisit(
                id: "0123456789abcdef0123456789abcdef", region: "150222", entity: "E1", lastDay: "2026-03-31",
                specialties: specialties, team: 2),
            department: "SCJG", seed: String(repeating: "5a", count: 32), slot: slot, excluded: excluded)
    }

    @Test("is whom an independent implementation names, in a thousand random departments")
    func agrees() {
        var random = SeededGenerator(seed: 2_026)
        var named = 0
        for round in 0..<1_000 {
            let inspectors = (0..<Int.random(in: 0...12, using: &random)).map { number in
                Self.line(
                    "I\(round)-\(number)", department: Bool.random(using: &random) ? "SCJG" : "YJGL",
                    regions: [[], ["15"], ["150222"], ["1503"]].randomElement(using: &random) ?? [],
                    specialties: [[], ["food"], ["fire", "food"]].randomElement(using: &random) ?? [],
                    until: ["2026-03-30", "2026-03-31", "2027-01-01"].randomElement(using: &random) ?? "",
                    load: Int.random(in: 0...2, using: &random),
                    recused: Int.random(in: 0...5, using: &random) == 0 ? ["E1"] : [])
            }
            let excluded = Set(inspectors.map(\.id).filter { _ in Int.random(in: 0...3, using: &random) == 0 })
            let vacancy = Self.vacancy(
                slot: Int.random(in: 0...1, using: &random), specialties: Bool.random(using: &random) ? ["food"] : [],
                excluded: excluded)
            let ours = vacancy.substitute(among: inspectors.shuffled(using: &random)) { $0.load }
            let plain = plainSubstitute(vacancy, inspectors) { $0.load }
            #expect(ours?.id == plain)
            if plain != nil { named += 1 }
        }
        #expect(named > 300, "the cases must not all be empty")
    }

    @Test("has the smallest load before the most preferred place")
    func load() {
        let inspectors = ["I1", "I2", "I3"].map { Self.line($0) }
        for lowest in inspectors {
            let substitute = Self.vacancy().substitute(among: inspectors) { $0.id == lowest.id ? 0 : 1 }
            #expect(substitute?.id == lowest.id)
        }
    }

    @Test("is nobody when nobody may fill the slot")
    func nobody() {
        let unfit = [
            Self.line("I1", department: "YJGL"), Self.line("I2", regions: ["1503"]),
            Self.line("I3", until: "2026-03-30"),
            Self.line("I4", recused: ["E1"]), Self.line("I5", specialties: ["fire"]),
            Self.line("I6", specialties: ["food"]),
        ]
        let vacancy = Self.vacancy(specialties: ["food"], excluded: ["I6"])
        #expect(vacancy.substitute(among: unfit) { _ in 0 } == nil)
    }

    @Test("is whom the draw itself would have taken were the team not there")
    func consistent() {
        // With one free slot, the draw's matching and the substitution ask the same question.
        var random = SeededGenerator(seed: 9)
        for _ in 0..<200 {
            let inspectors = (0..<6).map { Self.line("I\($0)", load: Int.random(in: 0...1, using: &random)) }
            let visit = Self.vacancy().visit
            let team = matchTeams(
                department: "SCJG", seed: [UInt8](repeating: 0x5a, count: 32), visits: [visit], inspectors: inspectors)
            let first = Self.vacancy().substitute(among: inspectors) { $0.load }
            #expect(team[0].inspectors.first == first?.id)
            let second = Self.vacancy(slot: 1, excluded: [first?.id ?? ""]).substitute(among: inspectors) { $0.load }
            #expect(team[0].inspectors.last == second?.id)
        }
    }

    @Test("takes the slot that the replaced inspector had")
    func slotsOfTeam() {
        let visit = Self.vacancy(specialties: ["fire", "food"]).visit
        #expect(slots(of: visit, inspectors: ["A", "B"], missing: []) == ["A", "B"])
        #expect(slots(of: visit, inspectors: ["B"], missing: ["fire"]) == [nil, "B"])
        #expect(slots(of: visit, inspectors: ["A"], missing: ["food"]) == ["A", nil])
        #expect(slots(of: Self.vacancy().visit, inspectors: ["A"], missing: [""]) == ["A", nil])
        #expect(slots(of: Self.vacancy().visit, inspectors: [], missing: ["", ""]) == [nil, nil])
    }

    @Test("stands in a chain whose every line carries the hash of the one before")
    func chain() throws {
        let result = Hash(of: "result")
        let first = Amendment(
            number: 1, visit: "V1", department: "SCJG",
            change: .substitute(slot: 0, replaced: "I1", by: "I2", excluded: ["I9"]), reason: "recusal",
            at: "2026-03-02T08:00:00Z", previous: result.hex)
        #expect(
            first.line
                == #"{"at":"2026-03-02T08:00:00Z","department":"SCJG","excluded":["I9"],"kind":"substitute","number":1,"#
                + #""previous":"\#(result.hex)","reason":"recusal","replaced":"I1","slot":0,"substitute":"I2","visit":"V1"}"#
        )
        let second = Amendment(
            number: 2, visit: "V2", department: "SCJG", change: .entityGone("注销"), reason: "注销",
            at: "2026-03-03T08:00:00Z", previous: first.hash.hex)
        #expect(try JSONValue(parsing: second.line)["previous"] == .string(Hash(of: first.line).hex))
        #expect(second.json["state"] == "注销")
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
