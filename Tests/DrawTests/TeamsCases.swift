import Draw

/// SplitMix64 (Steele, Lea, Flood 2014): the same cases in every run.
struct TeamsRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func chance(_ probability: Double) -> Bool { Double.random(in: 0..<1, using: &self) < probability }
}

/// A department's work, made at random: how regions, specialties, recusals, certificates and loads are spread differs
/// from case to case, from everybody for everything to hardly anybody for anything.
struct TeamsCase {
    var seed: [UInt8] = []
    var visits: [TeamVisit] = []
    var inspectors: [InspectorLine] = []

    init(visits visitCount: Int, inspectors inspectorCount: Int, largestTeam: Int, using random: inout TeamsRandom) {
        seed = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        let towns = (0..<Int.random(in: 1...6, using: &random)).map { "15020\($0)" }
        let specialties = Array(["a", "b", "c", "d", "e", "f"].prefix(Int.random(in: 0...6, using: &random)))
        let named = Double.random(in: 0...0.8, using: &random)
        let held = Double.random(in: 0...1, using: &random)
        let everywhere = Double.random(in: 0...1, using: &random)
        let recused = random.chance(0.5) ? Double.random(in: 0...0.4, using: &random) : 0
        let months = Int.random(in: 1...5, using: &random)
        let expiring = random.chance(0.5)
        let loads = [0...0, 0...2, 0...20, 3...3].randomElement(using: &random) ?? 0...0
        let overloaded = random.chance(0.2)

        for v in 0..<visitCount {
            visits.append(
                TeamVisit(
                    id: "visit-\(v)", region: (towns.randomElement(using: &random) ?? "") + "001",
                    entity: "E\(Int.random(in: 0...visitCount / 2, using: &random))",
                    lastDay: "2026-0\(Int.random(in: 1...months, using: &random))-15",
                    specialties: specialties.filter { _ in random.chance(named) },
                    team: Int.random(in: 0...largestTeam, using: &random)))
        }
        for i in 0..<inspectorCount {
            inspectors.append(
                InspectorLine(
                    id: "I\(i)", department: "SCJG",
                    regions: random.chance(everywhere) ? [] : towns.filter { _ in random.chance(0.35) },
                    specialties: specialties.filter { _ in random.chance(held) },
                    certificateUntil: expiring
                        ? "2026-0\(Int.random(in: 1...6, using: &random))-15" : "2027-12-31",
                    load: overloaded && i == 0 ? 10_000 : Int.random(in: loads, using: &random),
                    recused: (0...visitCount / 2).filter { _ in random.chance(recused) }.map { "E\($0)" }))
        }
    }

    /// The teams of `matchTeams`.
    func teams() -> [TeamAssignment] {
        matchTeams(department: "SCJG", seed: seed, visits: visits, inspectors: inspectors)
    }

    /// For each visit, what its slots need, in slot order; `nil` for general slots.
    var slots: [[String?]] {
        visits.map { visit in
            let general = max(2, visit.specialties.count, visit.team) - visit.specialties.count
            return visit.specialties + [String?](repeating: nil, count: general)
        }
    }

    /// Whether an inspector may fill a slot of a visit that needs `specialty`.
    func mayFill(_ inspector: InspectorLine, _ visit: TeamVisit, _ specialty: String?) -> Bool {
        inspector.certificateUntil >= visit.lastDay && !inspector.recused.contains(visit.entity)
            && (inspector.regions.isEmpty || inspector.regions.contains { visit.region.hasPrefix($0) })
            && (specialty.map(inspector.specialties.contains) ?? true)
    }
}
