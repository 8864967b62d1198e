import Draw
import Foundation
import JSON
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
        func object(_ name: String) throws -> JSONReader {
            try JSONReader(JSONField(JSONValue(parsing: Data(contentsOf: folder.appending(path: name)))))
        }
        func list(_ cell: String) -> [String] { cell.split(separator: ",").map(String.init) }

        var regions: [String: String] = [:]
        for line in try lines("roster.tsv") { regions[line[0]] = line[2] }
        inspectors = try lines("inspectors.tsv").map {
            InspectorLine(
                id: $0[0], department: $0[1], regions: list($0[2]), specialties: list($0[3]), certificateUntil: $0[4],
                load: try #require(Int($0[5])), recused: list($0[6]))
        }
        var round = try object("round.json")
        var requests: [String: (department: String, specialties: [String], team: Int)] = [:]
        for field in try round.required("requests").elements() {
            var request = try JSONReader(field)
            requests[try request.required("id").string()] = (
                try request.required("department").string(), try request.required("specialties").strings(),
                try request.required("team").integer()
            )
        }
        var result = try object("result.json")
        let hex = Array(try result.required("seed").string())
        seed = try stride(from: 0, to: hex.count, by: 2).map {
            try #require(UInt8(String(hex[$0...$0 + 1]), radix: 16))
        }
        for field in try result.required("visits").elements() {
            var visit = try JSONReader(field)
            let id = try visit.required("visit").string()
            let entity = try visit.required("entity").string()
            let window = try visit.required("window").strings()
            let merged = try visit.required("requests").strings().map { try #require(requests[$0]) }
            for field in try visit.required("teams").elements() {
                var team = try JSONReader(field)
                let department = try team.required("department").string()
                let own = merged.filter { $0.department == department }
                let specialties = Set(own.flatMap(\.specialties))
                departments[department, default: ([], [])].visits.append(
                    TeamVisit(
                        id: id, region: try #require(regions[entity]), entity: entity, lastDay: window[1],
                        specialties: specialties.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) },
                        team: try #require(own.map(\.team).max())))
                departments[department]?.teams.append(
                    TeamAssignment(
                        inspectors: try team.required("inspectors").strings(),
                        missing: try team.required("missing").strings()))
            }
        }
    }
}
