import Draw
import Testing

@Suite("Matching of teams against the plain search")
struct TeamsMatchingTests {
    /// Sizes of random cases; `largestTeam` near or above the number of inspectors makes crowded visits.
    struct Sizes: CustomTestStringConvertible {
        let cases: Int
        let visits: ClosedRange<Int>
        let inspectors: ClosedRange<Int>
        let largestTeam: Int
        var testDescription: String { "\(cases) cases, \(visits) visits, \(inspectors) inspectors" }
    }

    @Test(
        "Every random case gets the teams of the full breadth-first search, to the last inspector",
        arguments: [
            Sizes(cases: 2_500, visits: 0...6, inspectors: 0...6, largestTeam: 4),
            Sizes(cases: 600, visits: 5...14, inspectors: 2...9, largestTeam: 8),
            Sizes(cases: 60, visits: 20...50, inspectors: 5...25, largestTeam: 5),
            // Several words of inspectors.
            Sizes(cases: 10, visits: 20...40, inspectors: 65...140, largestTeam: 12),
            // Far more slots an inspector than fit into one chunk.
            Sizes(cases: 12, visits: 150...250, inspectors: 2...4, largestTeam: 3),
        ])
    func equalsReference(sizes: Sizes) {
        var random = TeamsRandom(state: UInt64(sizes.cases))
        for number in 0..<sizes.cases {
            let work = TeamsCase(
                visits: Int.random(in: sizes.visits, using: &random),
                inspectors: Int.random(in: sizes.inspectors, using: &random), largestTeam: sizes.largestTeam,
                using: &random)
            let expected = referenceTeams(
                department: "SCJG", seed: work.seed, visits: work.visits, inspectors: work.inspectors)
            let teams = work.teams()
            #expect(teams == expected, "case \(number)")
            if teams != expected { return }
        }
    }

    @Test("The order in which visits and inspectors are given makes no difference")
    func ignoresOrder() {
        var random = TeamsRandom(state: 11)
        for _ in 0..<50 {
            let work = TeamsCase(visits: 25, inspectors: 8, largestTeam: 4, using: &random)
            let teams = work.teams()
            let order = work.visits.indices.shuffled(using: &random)
            var shuffled = work
            shuffled.visits = order.map { work.visits[$0] }
            shuffled.inspectors.shuffle(using: &random)
            #expect(shuffled.teams() == order.map { teams[$0] })
        }
    }

    @Test("Every slot of a team is filled by somebody who may fill it, once a visit, or reported as missing")
    func keepsEveryRule() {
        var random = TeamsRandom(state: 12)
        for _ in 0..<300 {
            let work = TeamsCase(visits: 12, inspectors: 7, largestTeam: 5, using: &random)
            let inspectors = Dictionary(uniqueKeysWithValues: work.inspectors.map { ($0.id, $0) })
            for (index, team) in work.teams().enumerated() {
                #expect(Set(team.inspectors).count == team.inspectors.count)
                let assigned = team.inspectors.compactMap { inspectors[$0] }
                #expect(assigned.count == team.inspectors.count)
                #expect(canStaff(work.slots[index][...], assigned[...], team.missing[...], work.visits[index], work))
            }
        }
    }

    /// Whether these inspectors and these missing needs, each in slot order, make up these slots.
    private func canStaff(
        _ needs: ArraySlice<String?>, _ assigned: ArraySlice<InspectorLine>, _ missing: ArraySlice<String>,
        _ visit: TeamVisit, _ work: TeamsCase
    ) -> Bool {
        guard let need = needs.first else { return assigned.isEmpty && missing.isEmpty }
        if let inspector = assigned.first, work.mayFill(inspector, visit, need),
            canStaff(needs.dropFirst(), assigned.dropFirst(), missing, visit, work)
        {
            return true
        }
        return missing.first == need ?? ""
            && canStaff(needs.dropFirst(), assigned, missing.dropFirst(), visit, work)
    }
}
