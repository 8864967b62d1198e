import Draw
import Testing

@Suite("Rules for teams")
struct TeamsRuleTests {
    private func inspector(
        _ id: String, regions: [String] = [], specialties: [String] = [], until: String = "2026-12-31",
        load: Int = 0, recused: [String] = []
    ) -> InspectorLine {
        InspectorLine(
            id: id, department: "SCJG", regions: regions, specialties: specialties, certificateUntil: until,
            load: load, recused: recused)
    }

    private func visit(
        _ id: String = "v", region: String = "150222101", entity: String = "E", lastDay: String = "2026-06-30",
        specialties: [String] = [], team: Int = 0
    ) -> TeamVisit {
        TeamVisit(id: id, region: region, entity: entity, lastDay: lastDay, specialties: specialties, team: team)
    }

    private func match(_ visits: [TeamVisit], _ inspectors: [InspectorLine]) -> [TeamAssignment] {
        matchTeams(
            department: "SCJG", seed: [UInt8](repeating: 9, count: 32), visits: visits, inspectors: inspectors)
    }

    @Test("A team has at least two slots, as many as the specialties, and the size that was asked for")
    func size() {
        #expect(match([visit()], []) == [TeamAssignment(inspectors: [], missing: ["", ""])])
        #expect(match([visit(team: 3)], [])[0].missing == ["", "", ""])
        #expect(match([visit(specialties: ["a", "b", "c"], team: 2)], [])[0].missing == ["a", "b", "c"])
        #expect(match([visit(specialties: ["a"], team: 2)], [])[0].missing == ["a", ""])
    }

    @Test("A certificate counts on its last day and not on the day after")
    func certificate() {
        let inspectors = [inspector("A", until: "2026-06-30"), inspector("B", until: "2026-06-29")]
        #expect(match([visit()], inspectors) == [TeamAssignment(inspectors: ["A"], missing: [""])])
    }

    @Test("Regions are prefixes, and none at all means everywhere")
    func regions() {
        let inspectors = [
            inspector("A", regions: ["150221", "150222"]), inspector("B"), inspector("C", regions: ["1502221011"]),
        ]
        let team = match([visit(team: 3)], inspectors)[0]
        #expect(Set(team.inspectors) == ["A", "B"])
        #expect(team.missing == [""])
    }

    @Test("Nobody inspects an entity they are recused from")
    func recusal() {
        let inspectors = [inspector("A", recused: ["D", "E"]), inspector("B", recused: ["D"])]
        let teams = match([visit("1", entity: "D"), visit("2", entity: "E")], inspectors)
        #expect(teams[0].inspectors.isEmpty)
        #expect(teams[1].inspectors == ["B"])
    }

    @Test("Specialties are compared byte by byte")
    func specialtyBytes() {
        let composed = "caf\u{E9}"
        let decomposed = "cafe\u{301}"
        let teams = match([visit(specialties: [decomposed, composed])], [inspector("A", specialties: [composed])])
        #expect(teams[0].inspectors == ["A"])
        #expect(teams[0].missing.map { Array($0.utf8) } == [Array(decomposed.utf8)])
    }

    @Test("Whoever is needed for a rarer specialty is moved there within the visit")
    func movesWithinVisit() {
        // A alone holds b; whichever of A and B took slot a first, both slots end up filled.
        let inspectors = [inspector("A", specialties: ["a", "b"]), inspector("B", specialties: ["a"], load: 5)]
        #expect(match([visit(specialties: ["a", "b"])], inspectors)[0].inspectors == ["B", "A"])
    }

    @Test("Loads from before count: the least loaded goes first, and a huge load changes nothing for the others")
    func evensOutLoads() {
        let inspectors = [inspector("A", load: 10_000), inspector("B"), inspector("C", load: 1), inspector("D")]
        let teams = match((0..<9).map { visit("v\($0)") }, inspectors)
        let slots = teams.flatMap(\.inspectors)
        func count(_ id: String) -> Int { slots.filter { $0 == id }.count }
        #expect(slots.count == 18)
        #expect(count("A") == 0)
        #expect(6...7 ~= count("B") && 6...7 ~= count("D") && 6...7 ~= count("C") + 1)
    }
}
