public import JSON

/// Makes up bundles of any size that look like a county's (模拟数据), to try and to measure draws with.
///
/// The same parameters give the same bytes. Salt and nonces come from the parameters too, so that nothing made here can
/// serve as a real draw.
public struct BundleGenerator: Sendable {
    /// How many entities the roster has.
    public let entities: Int
    /// How many requests the round has.
    public let requests: Int
    /// How many inspectors there are.
    public let inspectors: Int
    /// How many departments take part.
    public let departments: Int
    /// What makes one bundle different from another.
    public let seed: UInt64

    /// The largest numbers that are taken.
    public static let bounds = (entities: 50_000_000, requests: 10_000, inspectors: 1_000_000, departments: 1_000)

    /// Makes a generator; the numbers must not be negative, and there must be a department.
    public init(entities: Int, requests: Int, inspectors: Int, departments: Int, seed: UInt64) {
        self.entities = entities
        self.requests = requests
        self.inspectors = inspectors
        self.departments = departments
        self.seed = seed
    }

    private enum Stream: UInt64 { case codes = 1, columns, inspectors, round, secrets }

    private func random(_ stream: Stream) -> GeneratorRandom {
        var mixed = GeneratorRandom(seed: seed)
        return GeneratorRandom(seed: mixed.next() ^ stream.rawValue &* 0xd6e8_feb8_6659_fd93)
    }

    // MARK: - Names

    private static let knownDepartments = [
        "SCJG", "YJGL", "WJW", "STHJ", "NMJ", "GAJ", "JTYS", "WLGD", "JYJ", "RSJ", "ZJJ", "MZJ", "ZRZY", "SLJ", "FGW",
        "GXJ", "SWJ", "TJJ", "SFJ", "CZJ", "SWZJ", "YBJ", "XFJY", "LCJ", "QXJ", "YCJ", "HGJ", "XCB", "DAJ", "MZW",
        "TYJ", "RMYH", "ZWFW",
    ]

    /// The departments' ids.
    public var departmentIDs: [String] {
        (0..<departments).map {
            $0 < Self.knownDepartments.count ? Self.knownDepartments[$0] : "BM\($0 + 1)"
        }
    }

    private static let townships = (100...105).map { "150222\($0)" } + ["150203001", "150203002", "150221100"]

    private static let starts: [(start: String, kind: String, weight: Int)] = [
        ("12150222", "institution", 3), ("52150222", "institution", 2), ("91150200", "enterprise", 8),
        ("91150203", "enterprise", 6), ("91150222", "enterprise", 34), ("92150203", "individual", 7),
        ("92150222", "individual", 36), ("93150222", "cooperative", 4),
    ]

    /// Industries of GB/T 4754-2017, and the permits that go with them.
    private static let industries: [(code: String, permits: [String], weight: Int)] = [
        ("A0111", [], 5), ("B0610", ["hazchem"], 1), ("C1391", ["food"], 4), ("C2614", ["hazchem"], 2),
        ("E4710", ["elevator"], 7), ("F5211", ["food"], 14), ("F5212", ["drug", "food"], 16), ("F5251", ["drug"], 5),
        ("F5265", ["hazchem"], 2), ("G5430", ["hazchem", "transport"], 7),
        ("H6110", ["catering", "elevator", "hotel"], 5),
        ("H6210", ["catering", "food"], 18), ("O8111", ["transport"], 6), ("P8321", ["catering", "school"], 4),
        ("Q8421", ["drug"], 4),
    ]

    private static let specialties = [
        "catering", "drug", "elevator", "food", "hazchem", "hotel", "school", "transport",
    ]

    // MARK: - Roster

    /// Writes `roster.tsv` in pieces.
    public func writeRoster(to sink: ([UInt8]) throws -> Void) rethrows {
        var random = random(.columns)
        let others = departmentIDs.dropFirst()
        var piece: [UInt8] = []
        try forEachCode { start, code in
            let industry = random.pick(weighted: Self.industries.map { ($0, $0.weight) })
            let line = RosterLine(
                id: code,
                credit: random.pick(weighted: [(.a, 30), (.b, 46), (.c, 14), (.d, 6), (.none, 4)]),
                region: random.pick(Self.townships), industry: industry.code, kind: Self.starts[start].kind,
                permits: random.some(of: industry.permits, percent: 80),
                // The market's regulator oversees all, the others what their field holds.
                regulators: ((departmentIDs.first.map { [$0] } ?? [])
                    + random.some(of: Array(others), percent: others.count > 12 ? 12 : 30)).sorted(
                        by: Grammar.precedes),
                visits: random.pick(weighted: [(0, 85), (1, 12), (2, 3)]))
            piece += line.text.utf8
            piece.append(0x0a)
            if piece.count >= 1 << 20 {
                try sink(piece)
                piece.removeAll(keepingCapacity: true)
            }
        }
        try sink(piece)
    }

    /// The codes, ascending: a number's digits are in the order of their bytes, and checks follow what they check.
    private func forEachCode(_ body: (_ start: Int, _ code: String) throws -> Void) rethrows {
        var random = random(.codes)
        var keys = Set<Int>(minimumCapacity: entities)
        while keys.count < entities {
            let start = random.pick(weighted: Self.starts.enumerated().map { ($0.offset, $0.element.weight) })
            keys.insert(start * CreditCode.numbers + random.below(CreditCode.numbers))
        }
        for key in keys.sorted() {
            let start = key / CreditCode.numbers
            try body(start, CreditCode.code(start: Self.starts[start].start, number: key % CreditCode.numbers))
        }
    }

    // MARK: - Inspectors

    /// `inspectors.tsv`.
    public func inspectorsFile() -> [UInt8] {
        var random = random(.inspectors)
        var known: [String] = []
        forEachCode { _, code in if known.count < 20_000 { known.append(code) } }
        let departments = departmentIDs
        let width = max(4, String(inspectors).utf8.count)
        var file: [UInt8] = []
        for index in 0..<inspectors {
            let number = String(index)
            let recused = known.isEmpty ? [] : (0..<random.below(3)).map { _ in random.pick(known) }
            let line = InspectorLine(
                id: "150222" + String(repeating: "0", count: width - number.utf8.count) + number,
                department: departments[index % departments.count],
                regions: random.pick(weighted: [([], 70), (["150222"], 20), (["150203", "150221"], 10)]),
                specialties: random.some(of: Self.specialties, percent: 40),
                certificateUntil: random.pick(weighted: [("2026-04-30", 4), ("2027-12-31", 48), ("2028-06-30", 48)]),
                load: random.below(4), recused: Set(recused).sorted(by: Grammar.precedes))
            file += line.text.utf8
            file.append(0x0a)
        }
        return file
    }

    // MARK: - Round

    private var roundID: String { "R-2026-\(seed)" }
    private var witnessSources: [String] {
        departmentIDs.prefix(3).map { "witness:\($0)" }.sorted(by: Grammar.precedes)
    }
    private static let publicSource = PublicSource(
        source: "public:ssq-2026031", description: "中国福利彩票双色球 第2026031期 开奖号码", pattern: "dd,dd,dd,dd,dd,dd+dd")

    private var secrets: (salt: [UInt8], nonces: [String]) {
        var random = random(.secrets)
        return (random.bytes(32), witnessSources.map { _ in hexText(random.bytes(32)) })
    }

    /// The round, `round.json`.
    public func definition() -> RoundDefinition {
        var random = random(.round)
        let departments = departmentIDs
        let requests = (0..<requests).map { request($0, department: departments[$0 % departments.count], &random) }
        let nonces = secrets.nonces
        return RoundDefinition(
            id: roundID, sequence: 1, previous: nil, replaces: nil, asOf: "2026-02-26T09:00:00Z", requests: requests,
            seedPolicy: SeedPolicy(
                revealBy: "2026-02-27T12:00:00Z",
                witnesses: zip(witnessSources, nonces).map { source, nonce in
                    Witness(
                        source: source,
                        commitment: SeedPolicy.witnessCommitment(round: roundID, source: source, nonce: nonce))
                },
                publicSources: [Self.publicSource]))
    }

    private func request(_ index: Int, department: String, _ random: inout GeneratorRandom) -> DrawRequest {
        var pool = Pool(regulators: [department])
        if random.happens(35) { pool.permits = random.some(of: Self.specialties, percent: 35) }
        if pool.permits?.isEmpty == true { pool.permits = nil }
        if random.happens(15) { pool.regions = ["150222"] }
        if random.happens(15) { pool.kinds = ["enterprise", "individual"] }
        if random.happens(10) { pool.industries = ["F52", "H6"] }
        if random.happens(20) { pool.maxVisits = 1 }
        let sample: Sample =
            random.happens(10)
            ? .count(max(1, entities / 200))
            : .rates([
                .a: random.pick([0, 10_000, 10_000]), .b: random.pick([20_000, 30_000]),
                .c: random.pick([80_000, 100_000]), .d: random.pick([300_000, 300_000, 1_000_000]), .none: 30_000,
            ])
        let first = 60 + random.below(40)
        let digits = String(index + 1)
        let number = String(repeating: "0", count: max(0, 3 - digits.utf8.count)) + digits
        return DrawRequest(
            id: "REQ-\(number)", department: department, items: ["\(department)-\(1 + random.below(40))"], pool: pool,
            sample: sample, method: random.pick(weighted: [(.onsite, 80), (.written, 12), (.online, 8)]),
            joint: random.happens(90), coordination: random.happens(85) ? .joint : .independent,
            window: DayWindow(first: Self.day(first), last: Self.day(first + 20 + random.below(41))),
            specialties: random.happens(30) ? [random.pick(pool.permits ?? Self.specialties)] : [],
            team: random.pick(weighted: [(2, 85), (3, 15)]))
    }

    /// A day of 2026, from 0.
    private static func day(_ number: Int) -> String {
        var rest = number
        var month = 1
        for days in [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
            guard rest >= days else { break }
            rest -= days
            month += 1
        }
        return "2026-\(month < 10 ? "0" : "")\(month)-\(rest < 9 ? "0" : "")\(rest + 1)"
    }

    // MARK: - Secrets

    /// `secret.json`.
    public func secret() -> JSONValue { ["salt": .string(hexText(secrets.salt))] }

    /// `seed.json` without the commitment: what the sources contribute.
    public func contributions() -> JSONValue {
        let witnesses = zip(witnessSources, secrets.nonces).map { Contribution(source: $0, value: $1) }
        let all = witnesses + [Contribution(source: Self.publicSource.source, value: "03,09,14,20,27,31+05")]
        return [
            "contributions": .array(
                all.sorted { Grammar.precedes($0.source, $1.source) }.map {
                    ["source": .string($0.source), "value": .string($0.value)]
                })
        ]
    }
}
