import Cluster
import Draw
import JSON
import Postgres

extension Rounds {
    /// Finds one page's smallest tickets of every request and stratum.
    @Sendable
    func select(_ task: LeasedTask) async throws -> TaskHandler.Completion {
        let round = task.subject
        let page = try await RoundStore.page(round, file: "roster", ordinal: task.ordinal, pool)
        let inputs = try await DrawInputs(round, pool)
        let selection = try PageSelection(
            page: page, firstLine: task.ordinal * PageCount.pageSize + 1, requests: inputs.requests,
            sampleSizes: inputs.sampleSizes, seed: inputs.seed)
        return { transaction in
            let last = try await RoundStore.isLast(task, transaction)
            return Effects(
                details: selection.json, tasks: last ? [NewTask(kind: RoundTask.merge, subject: round)] : [])
        }
    }

    /// Puts the pages' selections together and merges what many departments want of one entity into few visits.
    @Sendable
    func merge(_ task: LeasedTask) async throws -> TaskHandler.Completion {
        let round = task.subject
        let inputs = try await DrawInputs(round, pool)
        let pages = try await RoundStore.results(round, kind: RoundTask.select, pool)
            .map { try PageSelection(json: $0) }
        let selection = PageSelection.merged(pages, requests: inputs.requests, sampleSizes: inputs.sampleSizes)
        let selections = selection.selections(requests: inputs.requests)
        let visits = makeVisits(round: round, requests: inputs.requests, selections: selections)
        let regions = selection.regions
        let departments = Set(visits.flatMap(\.departments)).sorted(by: Grammar.precedes)
        return { transaction in
            _ = try await RoundStore.locked(round, transaction)
            for chosen in selections {
                try await transaction.execute(
                    """
                    INSERT INTO rounds.selections (round, request, entities)
                    VALUES (\(round), \(chosen.request), \(chosen.entities))
                    """)
            }
            let rows = visits.map { visit -> JSONValue in
                [
                    "id": .string(visit.id), "entity": .string(visit.entity),
                    "region": .string(regions[visit.entity] ?? ""), "method": .string(visit.method.rawValue),
                    "requests": .strings(visit.requests), "departments": .strings(visit.departments),
                    "first": .string(visit.window.first), "last": .string(visit.window.last),
                ]
            }
            try await transaction.execute(
                """
                INSERT INTO rounds.visits
                    (round, id, entity, region, method, requests, departments, window_first, window_last)
                SELECT \(round), v.id, v.entity, v.region, v.method,
                    ARRAY(SELECT jsonb_array_elements_text(v.requests)),
                    ARRAY(SELECT jsonb_array_elements_text(v.departments)), v.first, v.last
                FROM jsonb_to_recordset(\(JSONText(.array(rows)))::jsonb) AS v (id text, entity text, region text,
                    method text, requests jsonb, departments jsonb, first date, last date)
                """)
            let next =
                departments.isEmpty
                ? [NewTask(kind: RoundTask.seal, subject: round)]
                : departments.enumerated().map {
                    NewTask(
                        kind: RoundTask.match, subject: round, ordinal: $0.offset,
                        arguments: ["department": .string($0.element)])
                }
            return Effects(details: ["visits": .integer(visits.count)], tasks: next)
        }
    }

    /// Matches one department's inspectors to its visits.
    @Sendable
    func match(_ task: LeasedTask) async throws -> TaskHandler.Completion {
        let round = task.subject
        guard let department = task.arguments["department"]?.text else {
            throw RoundFault(description: "the task names no department")
        }
        let inputs = try await DrawInputs(round, pool)
        let inspectors = try InspectorLine.lines(of: await RoundStore.file(round, "inspectors", pool))
            .filter { $0.department == department }
        let requests = Dictionary(inputs.requests.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        let visits = try await RoundStore.visits(round, department: department, pool).map { visit, region in
            TeamVisit(
                visit, region: region,
                requests: visit.requests.compactMap { requests[$0] }.filter { $0.department == department })
        }
        let teams = matchTeams(department: department, seed: inputs.seed, visits: visits, inspectors: inspectors)
        return { transaction in
            let last = try await RoundStore.isLast(task, transaction)
            let rows = zip(visits, teams).map { visit, team -> JSONValue in
                [
                    "visit": .string(visit.id), "inspectors": .strings(team.inspectors),
                    "missing": .strings(team.missing),
                ]
            }
            try await transaction.execute(
                """
                INSERT INTO rounds.teams (round, visit, department, inspectors, missing)
                SELECT \(round), t.visit, \(department), ARRAY(SELECT jsonb_array_elements_text(t.inspectors)),
                    ARRAY(SELECT jsonb_array_elements_text(t.missing))
                FROM jsonb_to_recordset(\(JSONText(.array(rows)))::jsonb)
                    AS t (visit text, inspectors jsonb, missing jsonb)
                """)
            return Effects(
                details: ["department": .string(department), "visits": .integer(visits.count)],
                tasks: last ? [NewTask(kind: RoundTask.seal, subject: round)] : [])
        }
    }

    /// Seals the result: from then on it can be shown, published when due, and checked by anyone.
    @Sendable
    func seal(_ task: LeasedTask) async throws -> TaskHandler.Completion {
        let round = task.subject
        let inputs = try await DrawInputs(round, pool)
        let body = try await RoundBundle.result(round, inputs, pool).canonical
        let digest = Hash(of: body).hex
        return { [self] transaction in
            guard try await RoundStore.locked(round, transaction).phase == .drawing else { return Effects() }
            try await transaction.execute(
                """
                INSERT INTO rounds.results (round, digest, body) VALUES (\(round), \(digest), \(body))
                """)
            try await transaction.execute(
                """
                UPDATE rounds.rounds SET state = 'drawn', result_digest = \(digest), drawn_at = clock_timestamp()
                WHERE id = \(round)
                """)
            return Effects(
                details: ["result": .string(digest)],
                messages: [
                    event(
                        RoundMessage.Kind.drawn, county: try await county(round, transaction), round: round,
                        ["round": .string(round), "result": .string(digest)])
                ])
        }
    }
}

/// What every stage after the seed reads: the requests and sample sizes of the commitment, and the seed.
struct DrawInputs: Sendable {
    let requests: [DrawRequest]
    let sampleSizes: [StratumSizes]
    let commitment: String
    let seed: [UInt8]
    let seedHex: String

    init(_ round: String, _ pool: PostgresPool) async throws {
        let row = try await pool.query(
            "SELECT commitment, commitment_json, seed FROM rounds.rounds WHERE id = \(round)"
        ).first
        guard let row, let text = try row.decode("commitment_json", as: String?.self),
            let hex = try row.decode("seed", as: String?.self)
        else { throw RoundFault(description: "round \(round) has no seed yet") }
        requests = try await RoundStore.requests(round, pool)
        sampleSizes = try Commitment.sampleSizes(JSONValue(parsing: text))
        commitment = try row.decode("commitment", as: String.self)
        seedHex = hex
        seed = bytes(hex: hex)
    }
}
