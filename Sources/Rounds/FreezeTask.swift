public import Cluster
import Crypto
import Draw
import JSON
import Postgres
import Registers

/// The stages of a draw, each a kind of task that any worker can take.
enum RoundTask {
    static let freeze = "rounds.1-freeze"
    static let count = "rounds.2-count"
    static let commit = "rounds.3-commit"
    static let revealDeadline = "rounds.4-reveal-deadline"
    static let select = "rounds.5-select"
    static let merge = "rounds.6-merge"
    static let match = "rounds.7-match"
    static let seal = "rounds.8-seal"
}

extension Rounds {
    /// What the slice does with its tasks.
    public var tasks: [TaskHandler] {
        [
            TaskHandler(kind: RoundTask.freeze, run: freeze), TaskHandler(kind: RoundTask.count, run: count),
            TaskHandler(kind: RoundTask.commit, run: commit),
            TaskHandler(kind: RoundTask.revealDeadline, run: revealDeadline),
            TaskHandler(kind: RoundTask.select, run: select), TaskHandler(kind: RoundTask.merge, run: merge),
            TaskHandler(kind: RoundTask.match, run: match), TaskHandler(kind: RoundTask.seal, run: seal),
        ]
    }

    /// One frozen file, cut into pages of `Draw`'s size.
    struct FrozenFile: Sendable {
        var pages: [(hash: [UInt8], lines: Int, body: [UInt8])] = []

        init(lines: [String]) {
            for start in stride(from: 0, to: lines.count, by: PageCount.pageSize) {
                let slice = lines[start..<min(start + PageCount.pageSize, lines.count)]
                let body = Array(slice.map { $0 + "\n" }.joined().utf8)
                pages.append((Array(SHA256.hash(data: body)), slice.count, body))
            }
        }
    }

    /// Freezes the registers in one snapshot: what is drawn from can no longer change.
    @Sendable
    func freeze(_ task: LeasedTask) async throws -> TaskHandler.Completion {
        let round = task.subject
        let successorOf = try await pool.query("SELECT successor_of FROM rounds.rounds WHERE id = \(round)").first?
            .decode("successor_of", as: String?.self)
        if let successorOf { return repeatFrozen(round, of: successorOf) }
        let (frozen, against) = try await pool.transaction(isolation: .repeatableRead) { transaction in
            (
                try await Snapshot(of: round, reading: transaction),
                try await RequestRules.outcome(round: round, .freezing, transaction).refused
            )
        }
        guard against.isEmpty else { return breaksRules(round, against) }
        let roster = FrozenFile(lines: frozen.roster)
        let inspectors = FrozenFile(lines: frozen.inspectors)
        let salt = salt()
        return { [self] transaction in
            guard try await RoundStore.locked(round, transaction).phase == .collecting else { return Effects() }
            for (name, file) in [("roster", roster), ("inspectors", inspectors)] {
                for (ordinal, page) in file.pages.enumerated() {
                    try await transaction.execute(
                        """
                        INSERT INTO rounds.pages (hash, lines, body) VALUES (\(page.hash), \(page.lines), \(page.body))
                        ON CONFLICT DO NOTHING
                        """)
                    try await transaction.execute(
                        """
                        INSERT INTO rounds.round_pages (round, file, ordinal, hash)
                        VALUES (\(round), \(name), \(ordinal), \(page.hash))
                        """)
                }
            }
            try await transaction.execute(
                """
                INSERT INTO rounds.baselines (year, inspector, baseline)
                SELECT \(frozen.year), b.inspector, b.baseline
                FROM unnest(\(frozen.newBaselines.map(\.inspector)), \(frozen.newBaselines.map { Int64($0.baseline) }))
                    AS b (inspector, baseline)
                ON CONFLICT DO NOTHING
                """)
            if let since = frozen.changesSince {
                for (register, figures) in frozen.changes {
                    try await transaction.execute(
                        """
                        INSERT INTO rounds.register_changes
                            (round, register, since, added, removed, changed, reclassified)
                        VALUES (\(round), \(register.rawValue), \(since)::text::timestamptz, \(figures.added),
                            \(figures.removed), \(figures.changed), \(figures.reclassified))
                        """)
                }
            }
            try await transaction.execute(
                """
                UPDATE rounds.rounds SET state = 'frozen', salt = \(salt), as_of = \(frozen.asOf)::text::timestamptz
                WHERE id = \(round)
                """)
            return try await frozenEffects(round, pages: roster.pages.count, transaction)
        }
    }

    /// Since the collecting ended the registers have come to break a rule: nothing is frozen, and all draws are free again.
    private func breaksRules(_ round: String, _ against: [RequestRules.Finding]) -> TaskHandler.Completion {
        { [self] transaction in
            guard try await RoundStore.locked(round, transaction).phase == .collecting else { return Effects() }
            let reasons = against.map { "申请 \($0.request)：\($0.message)" }.joined(separator: "；")
            return try await RoundStore.void(
                round, reason: "截止之后名录有变，冻结时已不合规则：\(reasons)", topics: topics, transaction)
        }
    }

    /// The successor of a void round draws from the same files, with the same salt.
    private func repeatFrozen(_ round: String, of void: String) -> TaskHandler.Completion {
        { [self] transaction in
            guard try await RoundStore.locked(round, transaction).phase == .collecting else { return Effects() }
            try await transaction.execute(
                """
                INSERT INTO rounds.round_pages (round, file, ordinal, hash)
                SELECT \(round), file, ordinal, hash FROM rounds.round_pages WHERE round = \(void)
                """)
            try await transaction.execute(
                """
                UPDATE rounds.rounds r SET state = 'frozen', salt = v.salt, as_of = v.as_of
                FROM rounds.rounds v WHERE r.id = \(round) AND v.id = \(void)
                """)
            let pages = try await transaction.query(
                "SELECT count(*) AS pages FROM rounds.round_pages WHERE round = \(round) AND file = 'roster'"
            ).first?.decode("pages", as: Int.self)
            return try await frozenEffects(round, pages: pages ?? 0, transaction)
        }
    }

    private func frozenEffects(_ round: String, pages: Int, _ transaction: PostgresTransaction) async throws -> Effects
    {
        let next =
            pages == 0
            ? [NewTask(kind: RoundTask.commit, subject: round)]
            : (0..<pages).map { NewTask(kind: RoundTask.count, subject: round, ordinal: $0) }
        return Effects(
            details: ["pages": .integer(Int64(pages))],
            messages: [
                event(
                    RoundMessage.Kind.frozen, county: try await county(round, transaction), round: round,
                    ["round": .string(round), "pages": .integer(Int64(pages))])
            ],
            tasks: next)
    }
}

/// The registers as one instant has them, as lines of the files of `draw-v1` §1.
struct Snapshot: Sendable {
    var asOf: String
    var year: Int
    var roster: [String]
    var inspectors: [String]
    var newBaselines: [(inspector: String, baseline: Int)]
    /// The freeze before, and what changed since then in each register that is drawn from; `nil` before the first.
    var changesSince: String?
    var changes: [(register: Register, figures: RegisterChanges.Figures)] = []

    /// Reads everything in the given snapshot.
    ///
    /// - Parameter round: whose windows say when inspectors are needed.
    init(of round: String, reading transaction: PostgresTransaction) async throws {
        try await RegisterReading.holdFeeds(in: transaction)
        let clock = try await transaction.query(
            """
            SELECT to_char(c.now AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS as_of,
                extract(year FROM c.now AT TIME ZONE 'Asia/Shanghai')::integer AS year
            FROM clock_timestamp() AS c (now)
            """
        ).first
        guard let clock else { throw RoundFault(description: "the database has no clock") }
        asOf = try clock.decode("as_of", as: String.self)
        year = try clock.decode("year", as: Int.self)
        let current = try await RegisterReading(at: nil, from: transaction)
        let today = current.day.description
        let classes = current.classesInForce
        changesSince = try await transaction.query(
            """
            SELECT registers.instant_text(max(p.as_of)) AS since FROM rounds.rounds p JOIN rounds.rounds r ON r.county = p.county
            WHERE r.id = \(round) AND p.id <> r.id
            """
        ).first?.decode("since", as: String?.self)
        if let changesSince {
            let before = try await RegisterReading(at: changesSince, from: transaction)
            for register in [Register.entities, .inspectors, .items] {
                changes.append(
                    (
                        register,
                        try await RegisterChanges.figures(
                            of: .fed(register), from: before, to: current, reading: transaction)
                    ))
            }
        }
        roster = try await Self.roster(classes: classes, year: year, of: "e.valid_to IS NULL", transaction)
        let rows = try await transaction.query(
            """
            SELECT i.id, i.department, array_to_string(i.regions, ',') AS regions,
                array_to_string(i.specialties, ',') AS specialties, i.certificate_until::text AS certificate_until,
                array_to_string(ARRAY(
                    SELECT unnest(i.recused) COLLATE "C" UNION SELECT r.entity FROM registers.recusals_at('infinity') r
                    WHERE r.inspector = i.id AND r.days && daterange(\(today)::text::date, w.last, '[]') ORDER BY 1), ',')
                    AS recused, b.baseline, COALESCE(s.slots, 0) AS slots
            FROM registers.inspectors i
            LEFT JOIN rounds.baselines b ON b.inspector = i.id AND b.year = \(year)
            LEFT JOIN (
                SELECT inspector, count(*) AS slots
                FROM rounds.teams t JOIN rounds.rounds r ON r.id = t.round, unnest(t.inspectors) AS inspector
                WHERE r.state IN ('drawn', 'closed')
                    AND extract(year FROM r.as_of AT TIME ZONE 'Asia/Shanghai') = \(year)
                GROUP BY inspector
            ) s ON s.inspector = i.id
            LEFT JOIN (
                SELECT department, greatest(max((body::jsonb #>> '{window,1}')::date), \(today)::text::date) AS last,
                    array_agg(daterange((body::jsonb #>> '{window,0}')::date, (body::jsonb #>> '{window,1}')::date, '[]'))
                        AS windows
                FROM rounds.requests WHERE round = \(round) GROUP BY department
            ) w ON w.department = i.department
            LEFT JOIN (
                SELECT inspector, range_agg(daterange(first_day, last_day, '[]')) AS days
                FROM registers.absences_at('infinity') GROUP BY inspector
            ) a ON a.inspector = i.id
            WHERE i.valid_to IS NULL AND i.certificate_until IS NOT NULL
                AND (a.days IS NULL OR w.windows IS NULL
                    OR EXISTS (SELECT FROM unnest(w.windows) AS wanted WHERE NOT a.days @> wanted))
            ORDER BY i.id
            """)
        let drawn = Set(
            try await transaction.query(
                """
                SELECT DISTINCT t.department FROM rounds.teams t JOIN rounds.rounds r ON r.id = t.round
                WHERE r.state IN ('drawn', 'closed')
                    AND extract(year FROM r.as_of AT TIME ZONE 'Asia/Shanghai') = \(year)
                """
            ).map { try $0.decode("department", as: String.self) })
        var loads: [String: [Int]] = [:]
        for row in rows {
            guard let baseline = try row.decode("baseline", as: Int?.self) else { continue }
            let load = baseline + (try row.decode("slots", as: Int.self))
            loads[try row.decode("department", as: String.self), default: []].append(load)
        }
        newBaselines = []
        inspectors = []
        for row in rows {
            let id = try row.decode("id", as: String.self)
            let department = try row.decode("department", as: String.self)
            let known = try row.decode("baseline", as: Int?.self)
            let baseline =
                known
                ?? YearSoFar.baseline(loads: loads[department] ?? [], departmentHasDraws: drawn.contains(department))
            if known == nil { newBaselines.append((id, baseline)) }
            let load = baseline + (try row.decode("slots", as: Int.self))
            let fields = [
                id, department, try row.decode("regions", as: String.self),
                try row.decode("specialties", as: String.self), try row.decode("certificate_until", as: String.self),
                String(load), try row.decode("recused", as: String.self),
            ]
            inspectors.append(fields.joined(separator: "\t"))
        }
    }
}

extension Snapshot {
    /// The lines of the roster as they are now, of entities `e`.
    static func roster(
        classes: SQL, year: Int, of entities: SQL, _ transaction: PostgresTransaction
    ) async throws -> [String] {
        try await transaction.query(
            """
            SELECT concat_ws(E'\\t', e.id, c.class, e.region, e.industry, e.kind, array_to_string(e.permits, ','),
                array_to_string(e.regulators, ','), COALESCE(v.visits, 0)) AS line
            FROM registers.entities e JOIN \(classes) c ON c.entity = e.id
            LEFT JOIN (
                SELECT v.entity, count(*) AS visits FROM rounds.visits v JOIN rounds.rounds r ON r.id = v.round
                WHERE r.state IN ('drawn', 'closed')
                    AND extract(year FROM r.as_of AT TIME ZONE 'Asia/Shanghai') = \(year)
                GROUP BY v.entity
            ) v ON v.entity = e.id
            WHERE \(entities) ORDER BY e.id
            """
        ).map { try $0.decode("line", as: String.self) }
    }
}

extension PoolSurvey {
    /// How entities lie in pools, by their lines of the roster.
    init(lines: [String], pools: [Pool]) throws {
        try self.init(roster: Array(lines.map { $0 + "\n" }.joined().utf8), pools: pools)
    }
}
