import Cluster
import JSON
import Postgres
import Registers
import Testing

/// A small generator whose sequence is the same in every run.
private struct Dice: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}

/// What feeds and statements make of the registers, written down in the plainest way: the state in memory.
private struct Model: Equatable {
    struct Entry: Equatable {
        var body: JSONValue
        var version: Int
    }

    /// A register that one source feeds.
    struct Fed: Equatable {
        var rows: [String: Entry] = [:]
        /// By which version each id that is gone was ended.
        var ended: [String: Int] = [:]
        /// The version of the newest snapshot.
        var floor = 0

        mutating func apply(_ mode: FeedMode, version: Int, _ feed: [(id: String, body: JSONValue?)]) {
            var retired: [String] = []
            for (id, body) in feed {
                let known = rows[id]?.version ?? ended[id]
                if let body, let current = rows[id], current.body == body {
                    if mode == .delta { rows[id]?.version = max(current.version, version) }
                } else if let known, version <= known {
                    continue
                } else if version < floor {
                    continue
                } else if let body {
                    rows[id] = Entry(body: body, version: version)
                } else if rows[id] != nil {
                    retired.append(id)
                }
            }
            if mode == .snapshot {
                let named = Set(feed.map(\.id))
                retired += rows.filter { !named.contains($0.key) && $0.value.version < version }.keys
                floor = max(floor, version)
            }
            for id in retired {
                rows[id] = nil
                ended[id] = version
            }
        }
    }

    var entities = Fed()
    var classes = Fed()
    var overrides: [String: String] = [:]
    var absences: [String: JSONValue] = [:]
    /// From which score on an entity is D instead of A.
    var bound = 501

    func byScore(_ score: Int) -> String? {
        if bound != 501 { return score < bound ? "A" : "D" }
        return score <= 250 ? "A" : score <= 500 ? "B" : score <= 750 ? "C" : "D"
    }

    /// The class in force of every entity.
    var inForce: [String: String] {
        var found: [String: String] = [:]
        for (id, entry) in entities.rows {
            let monthly = classes.rows[id]?.body
            let credit = entry.body["credit"]?.text.flatMap { $0 == "-" ? nil : $0 }
            found[id] =
                overrides[id] ?? monthly?["class"]?.text ?? monthly?["score"]?.number.flatMap(byScore) ?? credit
                ?? entry.body["score"]?.number.flatMap(byScore) ?? "-"
        }
        return found
    }
}

@Suite("Registers as of past instants", .serialized)
struct RegisterReplayTests {
    static let ids = (1...12).map { "E\($0)" }

    private func entity(_ id: String, _ dice: inout Dice) -> JSONValue {
        [
            "id": .string(id), "name": .string(["甲", "乙", "丙"].randomElement(using: &dice) ?? "甲"),
            "credit": .string(["A", "B", "-", "-"].randomElement(using: &dice) ?? "-"), "region": "150222",
            "industry": "F52", "kind": "企业", "permits": [], "regulators": ["SCJG"], "address": "",
            "score": [JSONValue.null, 100, 400, 900].randomElement(using: &dice) ?? .null,
        ]
    }

    private func classification(_ id: String, _ dice: inout Dice) -> JSONValue {
        let month = JSONValue.string("2026-0\(Int.random(in: 1...4, using: &dice))")
        return Bool.random(using: &dice)
            ? [
                "id": .string(id), "month": month,
                "class": .string(["A", "C", "D"].randomElement(using: &dice) ?? "A"),
            ]
            : ["id": .string(id), "month": month, "score": [0, 300, 600].randomElement(using: &dice) ?? 0]
    }

    /// A feed with every id about as often present as not; a delta also retires.
    private func feed(
        _ mode: FeedMode, _ dice: inout Dice, _ row: (String, inout Dice) -> JSONValue
    ) -> [(id: String, body: JSONValue?)] {
        Self.ids.filter { _ in Bool.random(using: &dice) }.map { id in
            (id, mode == .delta && Int.random(in: 0..<4, using: &dice) == 0 ? JSONValue?.none : row(id, &dice))
        }
    }

    @Test(
        "answer like a replay in memory of everything that was fed and said until then",
        arguments: [1, 2] as [UInt64])
    func replay(seed: UInt64) async throws {
        try await StatedCounty.run { county in
            var dice = Dice(state: seed)
            try await county.registers()
            try await county.stack.pool.execute("TRUNCATE registers.entities")
            let sources = (
                entities: try await FeedSource(county.stack, "GSJ"), classes: try await FeedSource(county.stack, "XYB")
            )
            var model = Model()
            var past: [(instant: String, model: Model)] = [(try await county.now(), model)]
            var versions = Array(1...60)
            // Some feeds come late.
            for _ in 0..<12 {
                let index = Int.random(in: 0..<59, using: &dice)
                versions.swapAt(index, index + 1)
            }
            for version in versions {
                let mode: FeedMode = Int.random(in: 0..<3, using: &dice) == 0 ? .snapshot : .delta
                switch Int.random(in: 0..<8, using: &dice) {
                case 0...2:
                    let rows = feed(mode, &dice, entity)
                    try await sources.entities.feed(.entities, mode, version: version, rows, allowShrink: true)
                    model.entities.apply(mode, version: version, rows)
                case 3...4:
                    let rows = feed(mode, &dice, classification)
                    try await sources.classes.feed(.classes, mode, version: version, rows, allowShrink: true)
                    model.classes.apply(mode, version: version, rows)
                case 5:
                    let id = Self.ids.randomElement(using: &dice) ?? "E1"
                    let name = ["B", "D"].randomElement(using: &dice) ?? "D"
                    let receipt = try await county.submit(
                        "class-overridden",
                        ["entity": .string(id), "class": .string(name), "reason": "事故", "until": "2099-12-31"])
                    #expect((receipt.status == .accepted) == (model.entities.rows[id] != nil))
                    if receipt.status == .accepted { model.overrides[id] = name }
                case 6:
                    if let id = model.overrides.keys.sorted().randomElement(using: &dice), Bool.random(using: &dice) {
                        try await county.say("class-overridden", ["entity": .string(id), "withdrawn": "已整改"])
                        model.overrides[id] = nil
                    } else {
                        let id = ["a", "b"].randomElement(using: &dice) ?? "a"
                        let body: JSONValue = [
                            "id": .string(id), "inspector": "P1", "from": "2026-03-01", "to": "2026-03-31",
                            "reason": .string("第 \(version) 次"),
                        ]
                        try await county.say("absence-reported", body)
                        model.absences[id] = body
                    }
                default:
                    model.bound = [150, 450].randomElement(using: &dice) ?? 150
                    try await county.say(
                        "rule-set",
                        [
                            "key": "score_classes", "basis": "县〔2026〕1号",
                            "value": [
                                ["class": "A", "from": 0, "to": .integer(model.bound - 1)],
                                ["class": "D", "from": .integer(model.bound), "to": 1_000],
                            ],
                        ])
                }
                past.append((try await county.now(), model))
            }
            #expect(past.contains { !$0.model.overrides.isEmpty && !$0.model.absences.isEmpty }, "the dice were kind")
            for (instant, model) in past.shuffled(using: &dice).prefix(25) { try await compare(county, instant, model) }
            for _ in 0..<12 {
                let times = [0, 1].map { _ in Int.random(in: past.indices, using: &dice) }.sorted()
                try await compareChanges(county, past[times[0]], past[times[1]])
            }
        }
    }

    private func compare(_ county: StatedCounty, _ instant: String, _ model: Model) async throws {
        let reading = try await RegisterReading(at: instant, from: county.worker)
        let entities = try await reading.rows(of: .fed(.entities), from: county.worker)
        #expect(entities.map(\.id) == model.entities.rows.keys.sorted())
        let inForce = model.inForce
        for row in entities {
            let wanted = try #require(model.entities.rows[row.id]?.body)
            #expect(row.body["class_in_force"]?.text == inForce[row.id], "\(row.id) at \(instant)")
            for name in ["name", "credit", "score"] {
                #expect(row.body[name] == wanted[name], "\(row.id) at \(instant)")
            }
            #expect(row.source == "dept:GSJ" && row.feed?.hasPrefix("entities-") == true && row.position != nil)
        }
        let classes = try await reading.rows(of: .fed(.classes), from: county.worker)
        #expect(classes.map(\.id) == model.classes.rows.keys.sorted())
        for row in classes { #expect(row.body["month"] == model.classes.rows[row.id]?.body["month"]) }
        let absences = try await reading.rows(of: .stated(.absences), from: county.worker)
        #expect(Dictionary(uniqueKeysWithValues: absences.map { ($0.id, $0.body) }) == model.absences)
        let overrides = try await reading.rows(of: .stated(.overrides), from: county.worker)
        #expect(overrides.map(\.id) == model.overrides.keys.sorted())
    }

    private func compareChanges(
        _ county: StatedCounty, _ before: (instant: String, model: Model), _ after: (instant: String, model: Model)
    ) async throws {
        let readings = (
            try await RegisterReading(at: before.instant, from: county.worker),
            try await RegisterReading(at: after.instant, from: county.worker)
        )
        let found = try await RegisterChanges(
            of: .fed(.entities), from: readings.0, to: readings.1, reading: county.worker)
        var figures = RegisterChanges.Figures()
        let (old, new) = (before.model.entities.rows, after.model.entities.rows)
        let (oldClasses, newClasses) = (before.model.inForce, after.model.inForce)
        for id in Set(old.keys).union(new.keys) {
            switch (old[id], new[id]) {
            case (nil, .some): figures.added += 1
            case (.some, nil): figures.removed += 1
            case (let was, let now):
                if was?.body != now?.body || oldClasses[id] != newClasses[id] { figures.changed += 1 }
                if oldClasses[id] != newClasses[id] { figures.reclassified += 1 }
            }
        }
        #expect(found.figures == figures, "\(before.instant) to \(after.instant)")
        #expect(found.lines.map(\.id) == found.lines.map(\.id).sorted())
        let counted = try await RegisterChanges.figures(
            of: .fed(.entities), from: readings.0, to: readings.1, reading: county.worker)
        #expect(counted == figures)
    }
}
