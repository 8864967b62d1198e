import Crypto
import JSON
import Testing

@testable import Draw

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
        var random = GeneratorRandom(seed: 2_026)
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
        var random = GeneratorRandom(seed: 9)
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
        #expect(visit.slots(inspectors: ["A", "B"], missing: []) == ["A", "B"])
        #expect(visit.slots(inspectors: ["B"], missing: ["fire"]) == [nil, "B"])
        #expect(visit.slots(inspectors: ["A"], missing: ["food"]) == ["A", nil])
        #expect(Self.vacancy().visit.slots(inspectors: ["A"], missing: [""]) == ["A", nil])
        #expect(Self.vacancy().visit.slots(inspectors: [], missing: ["", ""]) == [nil, nil])
    }

    /// A drawn round with amendments after it, each computed plainly, and its bundle.
    static let generator = BundleGenerator(entities: 2_000, requests: 12, inspectors: 60, departments: 4, seed: 11)

    static func amended() async throws -> (files: [String: [UInt8]], lines: [Amendment]) {
        let files = try await BundleFixture.files(drawing: generator)
        let bundle = DrawBundle(files: files)
        let frozen = try await bundle.frozen(threads: 2)
        let result = try await frozen.draw(seed: bundle.seed(for: frozen.commitment))
        let roster = try RosterLine.lines(of: try #require(files["roster.tsv"]))
        var loads = Dictionary(frozen.inspectors.map { ($0.id, $0.load) }) { first, _ in first }
        for team in result.teams.joined() { for inspector in team.inspectors { loads[inspector, default: 0] += 1 } }
        var lines: [Amendment] = []
        var previous = result.hash
        for index in result.visits.indices where lines.count < 12 {
            let visit = result.visits[index]
            guard let team = result.teams[index].first(where: { $0.missing.isEmpty }) else { continue }
            let seen = TeamVisit(
                visit, region: try #require(roster.first { $0.id == visit.entity }).region,
                requests: frozen.commitment.requests.filter {
                    $0.department == team.department && visit.requests.contains($0.id)
                })
            // The first slot is given away twice, so that the second time the substitute is the one replaced.
            var (replaced, seated) = (team.inspectors[0], Set(team.inspectors))
            for _ in 0..<2 {
                let vacancy = Vacancy(
                    visit: seen, department: team.department, seed: result.seed, slot: 0, excluded: seated)
                let by = plainSubstitute(vacancy, frozen.inspectors) { loads[$0.id] ?? 0 }
                lines.append(
                    Amendment(
                        number: lines.count + 1, visit: visit.id, department: team.department,
                        change: .substitute(slot: 0, replaced: replaced, by: by, excluded: []), reason: "recusal",
                        at: "2026-03-02T08:00:00Z", previous: previous))
                previous = Hash(of: lines[lines.count - 1].line).hex
                loads[replaced, default: 0] -= 1
                guard let by else { break }
                loads[by, default: 0] += 1
                seated.insert(by)
                replaced = by
            }
        }
        lines.append(
            Amendment(
                number: lines.count + 1, visit: result.visits[0].id, department: result.teams[0][0].department,
                change: .entityGone("注销"), reason: "注销", at: "2026-03-03T08:00:00Z", previous: previous))
        return (files, lines)
    }

    static func verify(_ files: [String: [UInt8]], _ lines: [Amendment]) async throws -> Verification {
        let text = lines.map { $0.line + "\n" }.joined()
        return try await Verification.verify(
            DrawBundle(files: files.merging([Amendment.fileName: Array(text.utf8)]) { $1 }), threads: 2)
    }

    @Test("is computed once more by whoever verifies a bundle, and another one is found")
    func verified() async throws {
        let (files, lines) = try await Self.amended()
        #expect(lines.count > 8)
        #expect(try await Self.verify(files, lines).checked.contains(.amendments))
        /// The same chain with one line changed, and every hash after it made to fit.
        func changed(_ index: Int, _ change: (Amendment) -> Amendment) -> [Amendment] {
            var chain = lines
            chain[index] = change(chain[index])
            for next in chain.indices.dropFirst(index + 1) {
                let line = chain[next]
                chain[next] = Amendment(
                    number: line.number, visit: line.visit, department: line.department, change: line.change,
                    reason: line.reason, at: line.at, previous: chain[next - 1].hash.hex)
            }
            return chain
        }
        func with(_ line: Amendment, _ change: Amendment.Change, number: Int? = nil) -> Amendment {
            Amendment(
                number: number ?? line.number, visit: line.visit, department: line.department, change: change,
                reason: line.reason, at: line.at, previous: line.previous)
        }
        let inspectors = try InspectorLine.lines(of: try #require(files["inspectors.tsv"]))
        for index in lines.indices.dropLast() {
            guard case .substitute(let slot, let replaced, let by, _) = lines[index].change else { continue }
            let other = try #require(
                inspectors.first { $0.department == lines[index].department && $0.id != by && $0.id != replaced })
            for change: Amendment.Change in [
                .substitute(slot: slot, replaced: replaced, by: other.id, excluded: []),
                .substitute(slot: slot + 1, replaced: replaced, by: by, excluded: []),
                .substitute(slot: slot, replaced: "nobody", by: by, excluded: []),
            ] {
                await #expect(throws: Difference.self) {
                    try await Self.verify(files, changed(index) { with($0, change) })
                }
            }
        }
        await #expect(throws: Difference.self) { try await Self.verify(files, Array(lines.dropFirst())) }
        await #expect(throws: Difference.self, "a hash that is not the line before's") {
            try await Self.verify(files, [lines[0]] + lines.dropFirst(2))
        }
        await #expect(throws: Difference.self) {
            try await Self.verify(files, changed(2) { with($0, $0.change, number: 9) })
        }
        // The other program, which shares no code, says the same.
        let folder = try await BundleFixture(drawing: Self.generator)
        let other = try #require(inspectors.first { $0.department == lines[0].department })
        let forged = changed(0) { line in
            guard case .substitute(let slot, let replaced, let by, _) = line.change, by != other.id else { return line }
            return with(line, .substitute(slot: slot, replaced: replaced, by: other.id, excluded: []))
        }
        for (chain, status) in [(lines, 0), (forged, 1), (Array(lines.dropFirst()), 1)] as [([Amendment], Int32)] {
            try folder.write(Amendment.fileName, Array(chain.map { $0.line + "\n" }.joined().utf8))
            let run = try Run.independentVerifier(folder.path)
            #expect(run.status == status, "\(run.errors)")
        }
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

extension GeneratorRandom: RandomNumberGenerator {}
