import Draw
import JSON
public import Postgres

/// The files by which anybody can check a drawn round (验证包): those of `draw-v1`, byte for byte; for auditors also what
/// was amended after the draw.
public enum RoundBundle {
    /// The round is not drawn, so there is nothing to check yet.
    public struct NotDrawn: Error, CustomStringConvertible {
        /// The message, in one line.
        public let description: String
    }

    /// The last day of the round's windows while it is not over: until then nobody but the departments may learn who was
    /// drawn. `nil` afterwards.
    public static func confidentialUntil(_ id: String, _ pool: PostgresPool) async throws -> String? {
        try await pool.query(
            """
            SELECT confidential_until::text AS day FROM open.rounds
            WHERE id = \(id) AND confidential_until >= (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date
            """
        ).first?.decode("day", as: String?.self)
    }

    /// The bundle of a drawn round.
    ///
    /// - Parameters:
    ///   - id: the round.
    ///   - isPublic: leaves out the salt, the roster, the inspectors' file, the inspectors' ids and the amendments.
    /// - Throws: `NotDrawn`.
    public static func files(
        _ id: String, isPublic: Bool, _ pool: PostgresPool
    ) async throws -> [(name: String, bytes: [UInt8])] {
        let row = try await pool.query(
            """
            SELECT r.state, r.definition, r.commitment, r.commitment_json, r.seed, r.seed_json, s.body, s.digest,
                encode(r.salt, 'hex') AS salt
            FROM rounds.rounds r LEFT JOIN rounds.results s ON s.round = r.id WHERE r.id = \(id)
            """
        ).first
        guard let row else {
            throw NotDrawn(description: "there is no round \(id); see `yaohao round list`")
        }
        guard let body = try row.decode("body", as: [UInt8]?.self) else {
            let state = try row.decode("state", as: String.self)
            throw NotDrawn(
                description: "round \(id) is \(state), not drawn; wait for it, see `yaohao round show \(id)`")
        }
        func text(_ column: String) throws -> [UInt8] { Array(try row.decode(column, as: String.self).utf8) + [0x0A] }
        let digests: JSONValue = [
            "commitment": .string(try row.decode("commitment", as: String.self)),
            "seed": .string(try row.decode("seed", as: String.self)),
            "result": .string(try row.decode("digest", as: String.self)),
        ]
        var files: [(name: String, bytes: [UInt8])] = [
            ("round.json", try text("definition")), ("commitment.json", try text("commitment_json")),
            ("seed.json", try text("seed_json")), ("digests.json", digests.canonical + [0x0A]),
        ]
        if isPublic {
            files.append(("result.json", try withoutNames(JSONValue(parsing: body)).canonical + [0x0A]))
        } else {
            let salt: JSONValue = ["salt": .string(try row.decode("salt", as: String.self))]
            files.append(("result.json", body + [0x0A]))
            files.append(("secret.json", salt.canonical + [0x0A]))
            files.append(("roster.tsv", try await RoundStore.file(id, "roster", pool)))
            files.append(("inspectors.tsv", try await RoundStore.file(id, "inspectors", pool)))
            let amendments = try await pool.query(
                "SELECT line FROM inspections.amendment_lines WHERE round = \(id) ORDER BY number"
            ).map { try $0.decode("line", as: String.self) + "\n" }.joined()
            if !amendments.isEmpty { files.append(("amendments.jsonl", Array(amendments.utf8))) }
        }
        return files
    }

    /// The result with the inspectors' ids left out of every team.
    static func withoutNames(_ result: JSONValue) -> JSONValue {
        switch result {
        case .object(let members):
            var kept = members.mapValues(withoutNames)
            if members["missing"] != nil { kept["inspectors"] = nil }
            return .object(kept)
        case .array(let elements): return .array(elements.map(withoutNames))
        default: return result
        }
    }

    /// The result of a round whose departments are all matched.
    static func result(_ id: String, _ inputs: DrawInputs, _ pool: PostgresPool) async throws -> DrawResult {
        let selections = try await pool.query(
            "SELECT request, entities FROM rounds.selections WHERE round = \(id) ORDER BY request"
        ).map { row in
            Selection(
                request: try row.decode("request", as: String.self),
                entities: try row.decode("entities", as: [String].self))
        }
        var teams: [String: [Team]] = [:]
        for row in try await pool.query(
            """
            SELECT visit, department, inspectors, missing FROM rounds.teams WHERE round = \(id)
            ORDER BY visit, department
            """)
        {
            teams[try row.decode("visit", as: String.self), default: []].append(
                Team(
                    department: try row.decode("department", as: String.self),
                    inspectors: try row.decode("inspectors", as: [String].self),
                    missing: try row.decode("missing", as: [String].self)))
        }
        let visits = try await RoundStore.visits(id, pool).map(\.visit)
        return DrawResult(
            commitment: inputs.commitment, seed: inputs.seedHex, selections: selections, visits: visits,
            teams: visits.map { teams[$0.id] ?? [] })
    }
}
