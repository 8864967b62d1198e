/// The amendments of a drawn round, computed once more: draw-v1 §9.
struct AmendmentVerification {
    let result: DrawResult
    let inspectors: [InspectorLine]
    let requests: [DrawRequest]
    /// The region of an entity by the frozen roster.
    let region: (String) -> String?

    /// Checks the chain, and that every substitute is the one that the rules give.
    /// - Throws: ``Difference`` at the first line that is another one.
    func check(_ lines: [Amendment]) throws {
        var previous = result.hash
        var teams = AmendedTeams()
        var drawnLoads: [String: Int] = [:]
        for team in result.teams.joined() {
            for inspector in team.inspectors { drawnLoads[inspector, default: 0] += 1 }
        }
        let places = Dictionary(result.visits.indices.map { (result.visits[$0].id, $0) }) { first, _ in first }
        for (index, line) in lines.enumerated() {
            func expect(_ expected: String, _ found: String, _ field: String) throws {
                guard expected == found else {
                    throw Difference(
                        file: Amendment.fileName, field: "line \(index + 1): \(field)", expected: expected, found: found
                    )
                }
            }
            try expect(String(index + 1), String(line.number), "number")
            try expect(previous, line.previous, "previous")
            previous = line.hash.hex
            guard let place = places[line.visit],
                let team = result.teams[place].first(where: { $0.department == line.department })
            else {
                throw Difference(
                    file: Amendment.fileName, field: "line \(index + 1): visit",
                    expected: "a visit of this department in result.json", found: "\(line.visit) of \(line.department)")
            }
            guard case .substitute(let slot, let replaced, let by, let named) = line.change else { continue }
            let visit = result.visits[place]
            let seen = TeamVisit(
                visit, region: region(visit.entity) ?? "",
                requests: requests.filter { $0.department == line.department && visit.requests.contains($0.id) })
            guard
                let seat = teams.seat(
                    of: replaced, in: seen.slots(inspectors: team.inspectors, missing: team.missing),
                    visit: line.visit, department: line.department)
            else {
                throw Difference(
                    file: Amendment.fileName, field: "line \(index + 1): replaced",
                    expected: "somebody of the team as it was then", found: replaced)
            }
            try expect(String(seat.slot), String(slot), "slot")
            let vacancy = Vacancy(
                visit: seen, department: line.department, seed: result.seed, slot: slot,
                excluded: seat.excluded.union(named))
            let substitute = vacancy.substitute(among: inspectors) { inspector in
                inspector.load + (drawnLoads[inspector.id] ?? 0) + teams.load(of: inspector.id)
            }
            try expect(substitute?.id ?? "nobody", by ?? "nobody", "substitute")
            teams.replace(replaced, by: by, slot: slot, visit: line.visit, department: line.department)
        }
    }
}
