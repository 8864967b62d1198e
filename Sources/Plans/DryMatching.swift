import Draw

/// A draw of lines on a fixed seed that nobody is bound by (试抽取、试匹配), to see whether there are enough inspectors.
enum DryMatching {
    /// The slots that stay empty when each line is drawn once, by line, department and specialty.
    static func shortages(
        _ year: PlannedYear, lines: [Int], roster: [UInt8], inspectors: [UInt8]
    ) async throws -> [PlanFacts.Shortage] {
        let (requests, result) = try await draw(year, lines: lines, roster: roster, inspectors: inspectors)
        var empty: [Slot: Int] = [:]
        for (visit, teams) in zip(result.visits, result.teams) {
            for team in teams {
                let own = visit.requests.compactMap { requests[$0] }.filter { $0.request.department == team.department }
                for specialty in team.missing {
                    let line = own.first { $0.request.specialties.contains(specialty) } ?? own.first
                    guard let line else { continue }
                    let slot = Slot(line: line.line, department: team.department, specialty: specialty)
                    empty[slot, default: 0] += 1
                }
            }
        }
        return empty.map { slot, count in
            PlanFacts.Shortage(
                line: year.lines[slot.line].line.id, department: slot.department, specialty: slot.specialty,
                slots: count)
        }.sorted { ($0.line, $0.department, $0.specialty) < ($1.line, $1.department, $1.specialty) }
    }

    /// How many times each inspector of a department goes, ascending, when each line is drawn once.
    static func loads(
        _ year: PlannedYear, roster: [UInt8], inspectors: [UInt8]
    ) async throws -> [String: [Int]] {
        let (_, result) = try await draw(
            year, lines: Array(year.lines.indices), roster: roster, inspectors: inspectors)
        var load: [String: Int] = [:]
        for team in result.teams.flatMap({ $0 }) {
            for inspector in team.inspectors { load[inspector, default: 0] += 1 }
        }
        return try Dictionary(grouping: InspectorLine.lines(of: inspectors), by: \.department)
            .mapValues { $0.map { load[$0.id] ?? 0 }.sorted() }
    }

    private struct Slot: Hashable {
        let line: Int
        let department: String
        let specialty: String
    }

    private static func draw(
        _ year: PlannedYear, lines: [Int], roster: [UInt8], inspectors: [UInt8]
    ) async throws -> (requests: [String: (line: Int, request: DrawRequest)], result: DrawResult) {
        var requests: [String: (line: Int, request: DrawRequest)] = [:]
        for index in lines {
            let line = year.lines[index].line
            guard let window = line.windows.first, let method = line.methods.first else { continue }
            for part in line.parts {
                let id = "L\(index)-\(part.department)"
                requests[id] = (
                    index,
                    DrawRequest(
                        id: id, department: part.department, items: part.items, pool: line.pool,
                        sample: line.sample.sample(), method: method, joint: line.joint,
                        coordination: line.coordination, window: window, specialties: part.specialties, team: part.team)
                )
            }
        }
        let round = try await FrozenRound(
            definition: RoundDefinition(
                id: "dry", sequence: 1, previous: nil, replaces: nil, asOf: "2000-01-01T00:00:00Z",
                requests: requests.values.map(\.request),
                seedPolicy: SeedPolicy(revealBy: "2000-01-01T00:00:00Z", witnesses: [], publicSources: [])),
            roster: roster, inspectors: inspectors, salt: [UInt8](repeating: 0, count: 32), threads: 2)
        let result = try await round.draw(
            seed: Seed(commitment: round.commitment.hash, contributions: [Contribution(source: "dry", value: "0")]))
        return (requests, result)
    }
}
