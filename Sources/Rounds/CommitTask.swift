import Cluster
import Draw
import JSON
import Postgres

extension Rounds {
    /// Counts one page: its lines, its part of the Merkle tree, and how many of it are in each request's pool.
    @Sendable
    func count(_ task: LeasedTask) async throws -> TaskHandler.Completion {
        let round = task.subject
        let page = try await RoundStore.page(round, file: "roster", ordinal: task.ordinal, pool)
        let requests = try await RoundStore.requests(round, pool)
        let salt = try await salt(of: round)
        let count = try PageCount(
            page: page, firstLine: task.ordinal * PageCount.pageSize + 1, requests: requests, salt: salt)
        return { transaction in
            let last = try await RoundStore.isLast(task, transaction)
            return Effects(
                details: count.json, tasks: last ? [NewTask(kind: RoundTask.commit, subject: round)] : [])
        }
    }

    /// Computes the commitment of everything that is frozen and puts it into the county's chain. From then on nothing
    /// can change, and nobody knows yet what will be drawn.
    @Sendable
    func commit(_ task: LeasedTask) async throws -> TaskHandler.Completion {
        let round = task.subject
        let counts = try await RoundStore.results(round, kind: RoundTask.count, pool).map { try PageCount(json: $0) }
        let requests = try await RoundStore.requests(round, pool)
        let salt = try await salt(of: round)
        let inspectors = try await RoundStore.file(round, "inspectors", pool)
        let inspectorsDigest = try FileDigest(inspectors: inspectors, salt: salt)
        let rosterDigest = try PageCount.digest(of: counts)
        let poolSizes = PageCount.poolSizes(of: counts, requests: requests)
        return { [self] transaction in
            let state = try await RoundStore.locked(round, transaction)
            guard state.phase == .frozen else { return Effects() }
            let row = try await transaction.query(
                """
                SELECT r.county, v.commitment AS replaces, c.sequence + 1 AS sequence, c.commitment AS previous,
                    to_char(r.as_of AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS as_of,
                    to_char(r.reveal_by AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS reveal_by,
                    r.reveal_by <= clock_timestamp() AS late
                FROM rounds.rounds r JOIN rounds.counties c ON c.county = r.county
                LEFT JOIN rounds.rounds v ON v.id = r.successor_of
                WHERE r.id = \(round) FOR UPDATE OF c
                """
            ).first
            guard let row else { throw RoundFault(description: "round \(round) vanished") }
            let definition = try RoundDefinition(
                id: round, sequence: row.decode("sequence", as: Int.self),
                previous: row.decode("previous", as: String?.self), replaces: row.decode("replaces", as: String?.self),
                asOf: row.decode("as_of", as: String.self), requests: requests,
                seedPolicy: SeedPolicy(
                    revealBy: row.decode("reveal_by", as: String.self),
                    witnesses: state.witnesses.map {
                        Draw.Witness(source: $0.source, commitment: $0.commitment ?? "")
                    },
                    publicSources: state.publicSources))
            let commitment = Commitment(
                definition: definition, roster: rosterDigest, inspectors: inspectorsDigest, poolSizes: poolSizes)
            let county = try row.decode("county", as: String.self)
            try await transaction.execute(
                """
                UPDATE rounds.counties SET sequence = \(definition.sequence), commitment = \(commitment.hash)
                WHERE county = \(county)
                """)
            try await transaction.execute(
                """
                UPDATE rounds.rounds SET state = 'committed', sequence = \(definition.sequence),
                    commitment = \(commitment.hash), commitment_json = \(commitment.json.canonicalText),
                    definition = \(definition.json.canonicalText), committed_at = clock_timestamp()
                WHERE id = \(round)
                """)
            let changes = try await registerChanges(round, transaction)
            var effects = Effects(messages: [
                event(
                    RoundMessage.Kind.committed, county: county, round: round,
                    [
                        "round": .string(round), "commitment": .string(commitment.hash),
                        "sequence": .integer(definition.sequence), "register_changes": changes,
                    ])
            ])
            let head = try await AuditLog.publishHead(.commitment(round: round), topics: topics, in: transaction)
            effects.messages += head.map { [$0] } ?? []
            if try row.decode("late", as: Bool.self) {
                let void = try await RoundStore.void(
                    round, reason: "承诺在揭示截止之后才得出，无人能够揭示", topics: topics, transaction)
                effects.messages += void.messages
            }
            return effects
        }
    }

    /// What changed in the registers since the freeze before, by register, as `open.register_changes` has it; nothing for
    /// the first freeze, and for a successor, which draws from the files of the round before.
    private func registerChanges(_ round: String, _ transaction: PostgresTransaction) async throws -> JSONValue {
        let rows = try await transaction.query(
            """
            SELECT register, registers.instant_text(since) AS since, added, removed, changed, reclassified
            FROM rounds.register_changes WHERE round = \(round)
            """)
        return .object(
            Dictionary(
                uniqueKeysWithValues: try rows.map { row in
                    var figures: [String: JSONValue] = ["since": .string(try row.decode("since", as: String.self))]
                    for name in ["added", "removed", "changed", "reclassified"] {
                        figures[name] = .integer(try row.decode(name, as: Int.self))
                    }
                    return (try row.decode("register", as: String.self), .object(figures))
                }))
    }

    /// When the time to reveal is over: a witness that has not revealed makes the round void, in the open.
    @Sendable
    func revealDeadline(_ task: LeasedTask) async throws -> TaskHandler.Completion {
        { [self] transaction in
            let state = try await RoundStore.locked(task.subject, transaction)
            guard state.phase == .committed, let reason = RoundDecision.missingReveals(state) else { return Effects() }
            return try await RoundStore.void(task.subject, reason: reason, topics: topics, transaction)
        }
    }

    func salt(of round: String) async throws -> [UInt8] {
        let row = try await pool.query("SELECT salt FROM rounds.rounds WHERE id = \(round)").first
        guard let salt = try row?.decode("salt", as: [UInt8]?.self) else {
            throw RoundFault(description: "round \(round) has no salt yet")
        }
        return salt
    }
}
