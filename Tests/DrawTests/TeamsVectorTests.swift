import Draw
import Foundation
import Testing

@Suite("Teams of the worked draws")
struct TeamsVectorTests {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Vectors")
    static let names = ["county", "crossing", "edges", "large", "small", "tiny", "understaffed"]

    @Test("Matching the published visits again gives the published teams", arguments: names)
    func reproducesTeams(name: String) throws {
        let draw = try WorkedDraw(folder: Self.folder.appending(path: name))
        #expect(!draw.departments.isEmpty)
        for (department, work) in draw.departments {
            let teams = matchTeams(
                department: department, seed: draw.seed, visits: work.visits,
                inspectors: draw.inspectors.filter { $0.department == department })
            #expect(teams == work.teams, "\(name), \(department)")
        }
    }
}

/// The visits and teams of one folder of worked draws, by department.
struct WorkedDraw {
    var seed: [UInt8] = []
    var inspectors: [InspectorLine] = []
    var departments: [String: (visits: [TeamVisit], teams: [TeamAssignment])] = [:]

    init(folder: URL) throws {
        func lines(_ name: String) throws -> [[String]] {
            try String(contentsOf: folder.appending(path: name), encoding: .utf8).split(separator: "\n").map {
                $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            }
        }
        func object(_ name: String) throws -> [String: Any] {
            let data = try Data(contentsOf: folder.appending(path: name))
            return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        }
        func list(_ cell: String) -> [String] { cell.split(separator: ",").map(String.init) }

        let result = try object("result.json")
        let hex = Array(try #require(result["seed"] as? String))
        seed = try stride(from: 0, to: hex.count, by: 2).map {
            try #require(UInt8(String(hex[$0...$0 + 1]), radix: 16))
        }
        inspectors = try lines("inspectors.tsv").map {
            InspectorLine(
                id: $0[0], department: $0[1], regions: list($0[2]), specialties: list($0[3]), certificateUntil: $0[4],
                load: try #require(Int($0[5])), recused: list($0[6]))
        }
        var regions: [String: String] = [:]
        for line in try lines("roster.tsv") { regions[line[0]] = line[2] }
        var requests: [String: [String: Any]] = [:]
        for request in try #require(try object("round.json")["requests"] as? [[String: Any]]) {
            requests[try #require(request["id"] as? String)] = request
        }
        for visit in try #require(result["visits"] as? [[String: Any]]) {
            let id = try #require(visit["visit"] as? String)
            let entity = try #require(visit["entity"] as? String)
            let window = try #require(visit["window"] as? [String])
            let merged = try #require(visit["requests"] as? [String]).map { try #require(requests[$0]) }
            for team in try #require(visit["teams"] as? [[String: Any]]) {
                let department = try #require(team["department"] as? String)
                let own = merged.filter { $0["department"] as? String == department }
                var specialties = Set<String>()
                for request in own { specialties.formUnion(try #require(request["specialties"] as? [String])) }
                let sizes = try own.map { try #require($0["team"] as? Int) }
                departments[department, default: ([], [])].visits.append(
                    TeamVisit(
                        id: id, region: try #require(regions[entity]), entity: entity, lastDay: window[1],
                        specialties: specialties.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) },
                        team: try #require(sizes.max())))
                departments[department]?.teams.append(
                    TeamAssignment(
                        inspectors: try #require(team["inspectors"] as? [String]),
                        missing: try #require(team["missing"] as? [String])))
            }
        }
    }
}
