public import Cluster
import Draw
import JSON
public import Postgres
import Registers

/// A draw as a distributed job: what departments and witnesses may say, and the tasks that follow.
public struct Rounds: Sendable {
    let pool: PostgresPool
    let topics: Topics
    /// Randomness for the salt; the operating system's outside of tests.
    let salt: @Sendable () -> [UInt8]

    /// The slice over a pool.
    public init(
        pool: PostgresPool, topics: Topics, salt: @escaping @Sendable () -> [UInt8] = Rounds.systemSalt
    ) {
        self.pool = pool
        self.topics = topics
        self.salt = salt
    }

    /// 32 bytes of the operating system's randomness.
    public static func systemSalt() -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    /// What the slice takes from the topic of draw requests.
    public var handlers: [SubmissionHandler] {
        [
            SubmissionHandler(type: RoundMessage.Kind.opened, role: .round, handle: open),
            SubmissionHandler(type: RoundMessage.Kind.witnessCommitted, role: .witness, handle: witnessCommits),
            SubmissionHandler(type: RoundMessage.Kind.requested, role: .request, handle: request),
            SubmissionHandler(type: RoundMessage.Kind.withdrawn, role: .request, handle: withdraw),
            SubmissionHandler(type: RoundMessage.Kind.closed, role: .round, handle: close),
            SubmissionHandler(type: RoundMessage.Kind.revealed, role: .witness, handle: reveal),
            SubmissionHandler(type: RoundMessage.Kind.publicValueStated, role: .witness, handle: statePublicValue),
        ]
    }

    @Sendable
    private func open(_ submission: Submission, _ transaction: PostgresTransaction) async throws -> Effects {
        let message = try RoundMessage.Opened(submission.data)
        try await transaction.execute(
            "INSERT INTO rounds.counties (county) VALUES (\(message.county)) ON CONFLICT DO NOTHING")
        if let replaced = message.replaces {
            let row = try await transaction.query(
                """
                SELECT r.state = 'void' AND r.commitment IS NOT NULL AND r.county = \(message.county) AS usable,
                    EXISTS (SELECT FROM rounds.rounds s WHERE s.successor_of = r.id) AS succeeded
                FROM rounds.rounds r WHERE r.id = \(replaced) FOR UPDATE
                """
            ).first
            guard let row, try row.decode("usable", as: Bool.self), try !row.decode("succeeded", as: Bool.self) else {
                throw Rejection(
                    field: "replaces", code: "round.not-void",
                    message: "\(replaced) 不是本县已公布承诺而作废、且尚无后继的轮次")
            }
            let repeatedEvent = try await transaction.query(
                """
                SELECT source FROM rounds.public_sources
                WHERE round = \(replaced) AND source = ANY(\(message.publicSources.map(\.source)))
                """
            ).first
            if let source = try repeatedEvent?.decode("source", as: String.self) {
                throw Rejection(
                    field: "public", code: "public.repeated", message: "后继轮次须用新的公共随机事件，\(source) 已用过")
            }
        }
        let inserted = try await transaction.execute(
            """
            INSERT INTO rounds.rounds (id, county, state, opened_by, successor_of)
            VALUES (\(message.round), \(message.county), 'opened', \(submission.source), \(optional: message.replaces))
            ON CONFLICT (id) DO NOTHING
            """)
        guard inserted == 1 else {
            throw Rejection(field: "round", code: "round.exists", message: "轮次 \(message.round) 已存在；请换编号")
        }
        for source in message.publicSources {
            try await transaction.execute(
                """
                INSERT INTO rounds.public_sources (round, source, description, pattern)
                VALUES (\(message.round), \(source.source), \(source.description), \(source.pattern))
                """)
        }
        for witness in message.witnesses {
            try await transaction.execute(
                "INSERT INTO rounds.witnesses (round, source) VALUES (\(message.round), \(witness))")
        }
        if let replaced = message.replaces {
            try await transaction.execute(
                """
                INSERT INTO rounds.requests (round, id, department, body, note)
                SELECT \(message.round), id, department, body, note FROM rounds.requests WHERE round = \(replaced)
                """)
            try await transaction.execute(
                """
                INSERT INTO rounds.plan_draws (round, request, plan, line, department, item, draw)
                SELECT \(message.round), request, plan, line, department, item, draw FROM rounds.plan_draws
                WHERE round = \(replaced)
                """)
        }
        let warnings =
            message.replaces == nil ? [] : try await Succession.warnings(of: message.round, transaction)
        return Effects(
            details: Self.details([:], warnings: warnings),
            messages: [
                event(
                    RoundMessage.Kind.opened, county: message.county, round: message.round,
                    ["round": .string(message.round), "county": .string(message.county)])
            ])
    }

    @Sendable
    private func witnessCommits(_ submission: Submission, _ transaction: PostgresTransaction) async throws -> Effects {
        let message = try RoundMessage.WitnessCommitted(submission.data)
        try speaksFor(message.source, submission)
        let state = try await RoundStore.locked(message.round, transaction)
        try refuse(RoundDecision.witnessCommits(state, source: message.source))
        try await transaction.execute(
            """
            UPDATE rounds.witnesses SET commitment = \(message.commitment), committed_at = clock_timestamp()
            WHERE round = \(message.round) AND source = \(message.source)
            """)
        return Effects()
    }

    @Sendable
    private func close(_ submission: Submission, _ transaction: PostgresTransaction) async throws -> Effects {
        let message = try RoundMessage.Closed(submission.data)
        let state = try await RoundStore.locked(message.round, transaction)
        let requests =
            try await transaction.query(
                "SELECT count(*) AS requests FROM rounds.requests WHERE round = \(message.round)"
            ).first?.decode("requests", as: Int.self) ?? 0
        try refuse(RoundDecision.close(state, requests: requests))
        let rules =
            state.isSuccessor
            ? nil : try await RequestRules.outcome(round: message.round, .closing, transaction)
        try refuse(rules?.refused.map { $0.reason(isNamed: true) } ?? [])
        let row = try await transaction.query(
            """
            UPDATE rounds.rounds SET state = 'collecting', closed_at = clock_timestamp(),
                reveal_by = date_trunc('second', clock_timestamp()) + \(message.revealWithinSeconds) * interval '1 second'
            WHERE id = \(message.round)
            RETURNING to_char(reveal_by AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS reveal_by
            """
        ).first
        let revealBy = try row?.decode("reveal_by", as: String.self) ?? ""
        return Effects(
            details: Self.details(
                ["reveal_by": .string(revealBy), "requests": .integer(Int64(requests))],
                warnings: rules?.warnings.map { $0.reason(isNamed: true) } ?? []),
            tasks: [
                NewTask(kind: RoundTask.freeze, subject: message.round),
                NewTask(kind: RoundTask.revealDeadline, subject: message.round, runAt: revealBy),
            ])
    }

    @Sendable
    private func reveal(_ submission: Submission, _ transaction: PostgresTransaction) async throws -> Effects {
        let message = try RoundMessage.Revealed(submission.data)
        try speaksFor(message.source, submission)
        let state = try await RoundStore.locked(message.round, transaction)
        let decision = RoundDecision.reveal(
            state, source: message.source, nonce: message.nonce, commitment: message.commitment)
        if case .refused(let reasons) = decision { throw Rejection(reasons) }
        try await transaction.execute(
            """
            UPDATE rounds.witnesses SET nonce = \(message.nonce), named_commitment = \(message.commitment),
                revealed_at = clock_timestamp()
            WHERE round = \(message.round) AND source = \(message.source)
            """)
        if case .voids(let reason) = decision {
            return try await RoundStore.void(message.round, reason: reason, topics: topics, transaction)
        }
        return Effects()
    }

    @Sendable
    private func statePublicValue(_ submission: Submission, _ transaction: PostgresTransaction) async throws -> Effects
    {
        let message = try RoundMessage.PublicValueStated(submission.data)
        let state = try await RoundStore.locked(message.round, transaction)
        try refuse(
            RoundDecision.statement(state, witness: submission.source, source: message.source, value: message.value))
        if let reason = RoundDecision.missingReveals(state) {
            return try await RoundStore.void(message.round, reason: reason, topics: topics, transaction)
        }
        try await transaction.execute(
            """
            INSERT INTO rounds.public_statements (round, source, witness, value)
            VALUES (\(message.round), \(message.source), \(submission.source), \(message.value))
            ON CONFLICT (round, source, witness) DO UPDATE SET value = excluded.value, stated_at = clock_timestamp()
            """)
        var statements: [String: [String: String]] = [:]
        for row in try await transaction.query(
            "SELECT source, witness, value FROM rounds.public_statements WHERE round = \(message.round)")
        {
            let source = try row.decode("source", as: String.self)
            let witness = try row.decode("witness", as: String.self)
            statements[source, default: [:]][witness] = try row.decode("value", as: String.self)
        }
        let sources = state.publicSources.map(\.source)
        switch RoundDecision.publicValues(sources: sources, statements: statements) {
        case .settled(let values): return try await fixSeed(state, publicValues: values, transaction)
        case .awaited(let sources): return Effects(details: ["awaited": .array(sources.map { .string($0) })])
        case .disputed(let sources): return Effects(details: ["disputed": .array(sources.map { .string($0) })])
        }
    }

    /// Everything is in: the seed follows, and the drawing begins. Only the seed's hash is told: with the seed anybody could
    /// compute who was drawn, long before they may know.
    private func fixSeed(
        _ state: RoundState, publicValues: [String: String], _ transaction: PostgresTransaction
    ) async throws -> Effects {
        guard let commitment = state.commitment else {
            throw RoundFault(description: "round \(state.id) has no commitment")
        }
        var contributions = publicValues.map { Contribution(source: $0.key, value: $0.value) }
        for witness in state.witnesses {
            guard let nonce = witness.nonce else { throw RoundFault(description: "a reveal is missing") }
            contributions.append(Contribution(source: witness.source, value: nonce))
        }
        let seed = Seed(commitment: commitment, contributions: contributions)
        let pages = try await transaction.query(
            "SELECT count(*) AS pages FROM rounds.round_pages WHERE round = \(state.id) AND file = 'roster'"
        ).first?.decode("pages", as: Int.self)
        try await transaction.execute(
            """
            UPDATE rounds.rounds SET state = 'drawing', seed = \(seed.hex), seeded_at = clock_timestamp(),
                seed_json = \(String(decoding: seed.json.canonical, as: UTF8.self))
            WHERE id = \(state.id)
            """)
        let county = try await county(state.id, transaction)
        return Effects(
            details: ["seed_hash": .string(Hash(of: seed.hex).hex)],
            messages: [
                event(
                    RoundMessage.Kind.seeded, county: county, round: state.id,
                    ["round": .string(state.id), "seed_hash": .string(Hash(of: seed.hex).hex)])
            ],
            tasks: (0..<(pages ?? 0)).map { NewTask(kind: RoundTask.select, subject: state.id, ordinal: $0) })
    }

    func county(_ round: String, _ transaction: PostgresTransaction) async throws -> String {
        try await transaction.query("SELECT county FROM rounds.rounds WHERE id = \(round)").first?
            .decode("county", as: String.self) ?? ""
    }

    func event(_ type: String, county: String, round: String, _ data: JSONValue) -> Outgoing {
        Outgoing(topic: topics.events, key: county, type: type, subject: round, data: data)
    }

    func refuse(_ reasons: [Reason]) throws {
        if !reasons.isEmpty { throw Rejection(reasons) }
    }

    /// A receipt's details, with what the county's rules point out.
    static func details(_ members: [String: JSONValue], warnings: [Reason]) -> JSONValue {
        .object(warnings.isEmpty ? members : members.merging(["warnings": .array(warnings.map(\.json))]) { $1 })
    }

    /// A witness speaks under its own source; nobody speaks for it.
    private func speaksFor(_ source: String, _ submission: Submission) throws {
        guard source == submission.source else {
            throw Rejection(field: "source", code: "source.other", message: "只能以本来源 \(submission.source) 发言")
        }
    }
}
