import Cluster
import Draw
import JSON
import Postgres

/// Reads and writes of a round's rows that several handlers share.
enum RoundStore {
    /// The round under its row's lock, which orders everything that happens to it.
    ///
    /// - Throws: `Rejection` when there is no such round.
    static func locked(_ id: String, _ transaction: PostgresTransaction) async throws -> RoundState {
        let rows = try await transaction.query(
            """
            SELECT state, closed_at IS NOT NULL AS closed, successor_of IS NOT NULL AS successor, commitment,
                COALESCE(reveal_by <= clock_timestamp(), false) AS over
            FROM rounds.rounds WHERE id = \(id) FOR UPDATE
            """)
        guard let row = rows.first, let phase = RoundState.Phase(rawValue: try row.decode("state", as: String.self))
        else {
            throw Rejection(field: "round", code: "round.unknown", message: "没有轮次 \(id)；请核对编号")
        }
        return RoundState(
            id: id, phase: phase, isClosed: try row.decode("closed", as: Bool.self),
            isSuccessor: try row.decode("successor", as: Bool.self),
            commitment: try row.decode("commitment", as: String?.self),
            revealTimeIsOver: try row.decode("over", as: Bool.self),
            witnesses: try await transaction.query(
                "SELECT source, commitment, nonce FROM rounds.witnesses WHERE round = \(id) ORDER BY source"
            ).map {
                RoundState.Witness(
                    source: try $0.decode("source", as: String.self),
                    commitment: try $0.decode("commitment", as: String?.self),
                    nonce: try $0.decode("nonce", as: String?.self))
            },
            publicSources: try await publicSources(id, transaction))
    }

    static func publicSources(_ id: String, _ transaction: PostgresTransaction) async throws -> [PublicSource] {
        try await transaction.query(
            "SELECT source, description, pattern FROM rounds.public_sources WHERE round = \(id) ORDER BY source"
        ).map {
            PublicSource(
                source: try $0.decode("source", as: String.self),
                description: try $0.decode("description", as: String.self),
                pattern: try $0.decode("pattern", as: String.self))
        }
    }

    /// The visits of a round by id, or one department's, each with its entity's region.
    static func visits(
        _ id: String, department: String? = nil, _ pool: PostgresPool
    ) async throws -> [(visit: Visit, region: String)] {
        try await pool.query(
            """
            SELECT id, entity, region, method, requests, departments, window_first::text AS first,
                window_last::text AS last
            FROM rounds.visits
            WHERE round = \(id)
                AND (\(optional: department)::text IS NULL OR departments @> ARRAY[\(optional: department)::text])
            ORDER BY id
            """
        ).map { row in
            let name = try row.decode("method", as: String.self)
            guard let method = InspectionMethod(rawValue: name) else {
                throw RoundFault(description: "round \(id) has a visit by \(name), which is no method")
            }
            return (
                Visit(
                    id: try row.decode("id", as: String.self), entity: try row.decode("entity", as: String.self),
                    method: method, requests: try row.decode("requests", as: [String].self),
                    window: DayWindow(
                        first: try row.decode("first", as: String.self), last: try row.decode("last", as: String.self)),
                    departments: try row.decode("departments", as: [String].self)),
                try row.decode("region", as: String.self)
            )
        }
    }

    /// The requests of a round, by id.
    static func requests(_ id: String, _ pool: PostgresPool) async throws -> [DrawRequest] {
        try await pool.query("SELECT id, body FROM rounds.requests WHERE round = \(id) ORDER BY id").map {
            try DrawRequest(
                json: JSONValue(parsing: $0.decode("body", as: String.self)), path: try $0.decode("id", as: String.self)
            )
        }
    }

    /// The bytes of one frozen page.
    static func page(_ id: String, file: String, ordinal: Int, _ pool: PostgresPool) async throws -> [UInt8] {
        let rows = try await pool.query(
            """
            SELECT body, sha256(body) = p.hash AS unchanged FROM rounds.pages p JOIN rounds.round_pages r ON r.hash = p.hash
            WHERE r.round = \(id) AND r.file = \(file) AND r.ordinal = \(ordinal)
            """)
        guard let row = rows.first else {
            throw RoundFault(description: "round \(id) has no page \(ordinal) of \(file)")
        }
        guard try row.decode("unchanged", as: Bool.self) else {
            throw RoundFault(description: "page \(ordinal) of \(file) of round \(id) is not as it was frozen")
        }
        return try row.decode("body", as: [UInt8].self)
    }

    /// A frozen file whole, its pages one after another.
    static func file(_ id: String, _ name: String, _ pool: PostgresPool) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for ordinal in 0..<(try await pageCount(id, name, pool)) {
            bytes += try await page(id, file: name, ordinal: ordinal, pool)
        }
        return bytes
    }

    static func pageCount(_ id: String, _ file: String, _ pool: PostgresPool) async throws -> Int {
        try await pool.query(
            "SELECT count(*) AS pages FROM rounds.round_pages WHERE round = \(id) AND file = \(file)"
        ).first?.decode("pages", as: Int.self) ?? 0
    }

    /// The results of a stage's tasks, in the order of their ordinals.
    static func results(_ id: String, kind: String, _ pool: PostgresPool) async throws -> [JSONValue] {
        try await pool.query(
            """
            SELECT result::text AS result FROM cluster.tasks
            WHERE kind = \(kind) AND subject = \(id) AND state = 'done' ORDER BY ordinal
            """
        ).map { try JSONValue(parsing: $0.decode("result", as: String.self)) }
    }

    /// Whether the task that is being finished is the last of its stage. The round's lock makes exactly one the last.
    static func isLast(_ task: LeasedTask, _ transaction: PostgresTransaction) async throws -> Bool {
        _ = try await locked(task.subject, transaction)
        return try await transaction.query(
            """
            SELECT count(*) AS open FROM cluster.tasks
            WHERE kind = \(task.kind) AND subject = \(task.subject) AND state <> 'done'
            """
        ).first?.decode("open", as: Int.self) == 0
    }

    /// Makes a round void in the open and drops what is still to be done for it.
    static func void(
        _ id: String, reason: String, topics: Topics, _ transaction: PostgresTransaction
    ) async throws -> Effects {
        let rows = try await transaction.query(
            """
            UPDATE rounds.rounds SET state = 'void', void_reason = \(reason), void_at = clock_timestamp()
            WHERE id = \(id) RETURNING county
            """)
        try await transaction.execute(
            """
            UPDATE cluster.tasks SET state = 'cancelled', lease_until = NULL
            WHERE subject = \(id) AND kind LIKE 'rounds.%' AND state = 'ready'
            """)
        let county = try rows.first?.decode("county", as: String.self) ?? id
        return Effects(messages: [
            Outgoing(
                topic: topics.events, key: county, type: RoundMessage.Kind.voided, subject: id,
                data: ["round": .string(id), "reason": .string(reason)])
        ])
    }
}

/// Something that cannot be while the guarantees hold; the task fails and says so.
struct RoundFault: Error, CustomStringConvertible {
    let description: String
}
