public import Cluster
import Draw
import JSON
public import Postgres

/// Recomputes every committed round from its frozen files, and every drawn one from its seed, and compares them with what
/// the tables say: whatever was exchanged afterwards — a page, a request, a contribution, a visit, an inspector — shows.
public enum RoundVerification {
    /// What does not hold, round by round in the order of their commitments.
    ///
    /// - Parameter threads: how many to compute with.
    public static func problems(threads: Int, _ pool: PostgresPool) async throws -> [AuditVerification.Problem] {
        var problems: [AuditVerification.Problem] = []
        var previous: [String: (sequence: Int, commitment: String)] = [:]
        for row in try await pool.query(
            """
            SELECT id, county, sequence, commitment FROM rounds.rounds WHERE commitment IS NOT NULL
            ORDER BY county, sequence
            """)
        {
            let id = try row.decode("id", as: String.self)
            let county = try row.decode("county", as: String.self)
            let sequence = try row.decode("sequence", as: Int.self)
            let before = previous[county]
            if sequence != (before?.sequence ?? 0) + 1 {
                problems.append(
                    .init(
                        code: "round.gap",
                        message: "\(id)：之前缺第 \(sequence - 1) 个承诺 / the commitment before it is missing"))
            }
            if let message = try await problem(id, previous: before?.commitment, threads: threads, pool) {
                problems.append(.init(code: "round", message: "\(id)：\(message)"))
            }
            previous[county] = (sequence, try row.decode("commitment", as: String.self))
        }
        return problems
    }

    private static func problem(
        _ id: String, previous: String?, threads: Int, _ pool: PostgresPool
    ) async throws -> String? {
        let row = try await pool.query(
            """
            SELECT r.definition, r.commitment, r.commitment_json, r.seed_json, s.body, s.digest, r.result_digest,
                encode(r.salt, 'hex') AS salt, r.state IN ('drawn', 'closed') AS drawn
            FROM rounds.rounds r LEFT JOIN rounds.results s ON s.round = r.id WHERE r.id = \(id)
            """
        ).first
        guard let row else { return nil }
        func text(_ column: String) throws -> [UInt8]? {
            try row.decode(column, as: String?.self).map { Array($0.utf8) + [0x0A] }
        }
        var files: [String: [UInt8]] = [:]
        files["round.json"] = try text("definition")
        files["seed.json"] = try text("seed_json")
        let salt: JSONValue = ["salt": .string(try row.decode("salt", as: String?.self) ?? "")]
        files["secret.json"] = salt.canonical + [0x0A]
        do {
            for name in ["roster", "inspectors"] { files[name + ".tsv"] = try await RoundStore.file(id, name, pool) }
            let bundle = DrawBundle(files: files)
            let frozen = try await bundle.frozen(threads: threads)
            guard frozen.commitment.hash == (try row.decode("commitment", as: String.self)),
                try text("commitment_json") == frozen.commitment.json.canonical + [0x0A]
            else { return "冻结的文件与承诺不符 / the frozen files are not those that were committed to" }
            guard frozen.commitment.definition.previous == previous else {
                return "不接上一个承诺 / it does not name the commitment before it"
            }
            let requests = try await RoundStore.requests(id, pool)
            guard requests == frozen.commitment.requests else {
                return "抽取申请与承诺不符 / the requests are not those that were committed to"
            }
            guard try row.decode("drawn", as: Bool.self) else { return nil }
            let seed = try bundle.seed(for: frozen.commitment)
            let result = try await frozen.draw(seed: seed).canonical
            guard try row.decode("body", as: [UInt8]?.self) == result,
                try row.decode("digest", as: String?.self) == Hash(of: result).hex,
                try row.decode("result_digest", as: String?.self) == Hash(of: result).hex
            else { return "结果不是由种子算出的结果 / the result does not follow from the seed" }
            guard try await RoundBundle.result(id, DrawInputs(id, pool), pool).canonical == result else {
                return "检查任务或检查人员与封存的结果不符 / visits or inspectors are not those of the sealed result"
            }
            return nil
        } catch let error where !(error is PostgresError) {
            return "冻结的文件无法重算 / the frozen files cannot be read any more: \(error)"
        }
    }
}
