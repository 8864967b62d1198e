import JSON
import Postgres

extension OpenData {
    private static let draw: SQL = """
        jsonb_build_object('round', r.id, 'address', '/draws/' || r.id, 'state', r.state,
            'opened_at', open.instant(r.opened_at), 'committed_at', open.instant(r.committed_at),
            'drawn_at', open.instant(r.drawn_at), 'void_reason', r.void_reason, 'commitment', r.commitment,
            'requests', coalesce((SELECT n.requests FROM open.round_requests_in n WHERE n.round = r.id), 0),
            'departments', coalesce((SELECT n.departments FROM open.round_requests_in n WHERE n.round = r.id), 0),
            'sample', (SELECT sum(q.sample_size) FROM open.round_requests q WHERE q.round = r.id))
        """

    /// Draws, newest first.
    func draws(after place: Place?, size: Int = pageSize) async throws -> (rows: [JSONValue], next: String?) {
        var conditions: SQL = "true"
        if let place { conditions = "(r.opened_at, r.id) < (\(Self.instant(place)), \(place.id))" }
        return try await list(
            """
            SELECT \(Self.draw)::text, (extract(epoch FROM r.opened_at) * 1000000)::bigint || '~' || r.id
            FROM open.rounds r WHERE \(conditions) ORDER BY r.opened_at DESC, r.id DESC LIMIT \(size + 1)
            """, size: size)
    }

    /// One draw with everything that may be known of it now; `nil` when there is none.
    func draw(_ id: String) async throws -> JSONValue? {
        try await document(
            """
            SELECT (\(Self.draw) || jsonb_build_object('county', r.county, 'sequence', r.sequence,
                'as_of_at', open.instant(r.as_of), 'reveal_by_at', open.instant(r.reveal_by),
                'seeded_at', open.instant(r.seeded_at), 'void_at', open.instant(r.void_at), 'seed', r.seed,
                'seed_hash', r.seed_hash, 'confidential_until', r.confidential_until, 'disclosed', r.seed IS NOT NULL,
                'result_digest', r.result_digest,
                'replaced_by', (SELECT t.replaced_by FROM open.round_texts t WHERE t.round = r.id),
                'previous', (SELECT t.commitment::jsonb ->> 'previous' FROM open.round_texts t WHERE t.round = r.id),
                'replaces', (SELECT t.commitment::jsonb ->> 'replaces' FROM open.round_texts t WHERE t.round = r.id),
                'roster', (SELECT t.commitment::jsonb -> 'roster' FROM open.round_texts t WHERE t.round = r.id),
                'asked', (SELECT coalesce(jsonb_agg(jsonb_build_object('request', q.request, 'department', q.department,
                        'department_name', open.department_name(q.department),
                        'items', (SELECT jsonb_agg(jsonb_build_object('item', i, 'name', open.item_name(i)))
                            FROM jsonb_array_elements_text(q.items) AS i),
                        'pool', q.pool, 'sample', q.sample, 'pool_sizes', q.pool_sizes, 'sample_sizes', q.sample_sizes,
                        'pool_size', q.pool_size, 'sample_size', q.sample_size, 'method', q.method, 'joint', q.joint,
                        'coordination', q.coordination, 'window_first', q.window_first, 'window_last', q.window_last,
                        'team', q.team) ORDER BY q.request), '[]')
                    FROM open.round_requests q WHERE q.round = r.id),
                'witnesses', (SELECT coalesce(jsonb_agg(jsonb_build_object('source', w.source, 'commitment', w.commitment,
                        'committed_at', open.instant(w.committed_at), 'revealed_at', open.instant(w.revealed_at),
                        'named_commitment', w.named_commitment, 'nonce', w.nonce) ORDER BY w.source), '[]')
                    FROM open.round_witnesses w WHERE w.round = r.id),
                'public_values', (SELECT coalesce(jsonb_agg(jsonb_build_object('source', v.source,
                        'description', v.description, 'pattern', v.pattern, 'witness', v.witness, 'value', v.value,
                        'stated_at', open.instant(v.stated_at)) ORDER BY v.source, v.witness), '[]')
                    FROM open.round_public_values v WHERE v.round = r.id),
                'changes', (SELECT coalesce(jsonb_agg(jsonb_build_object('register', c.register, 'since_at', open.instant(c.since),
                        'added', c.added, 'removed', c.removed, 'changed', c.changed, 'reclassified', c.reclassified)
                        ORDER BY c.register), '[]')
                    FROM open.register_changes c WHERE c.round = r.id),
                'amendments', (SELECT coalesce(jsonb_agg(jsonb_build_object('number', a.number, 'kind', a.kind,
                        'reason', a.reason, 'at', open.instant(a.at), 'hash', a.hash) ORDER BY a.number), '[]')
                    FROM open.amendments a WHERE a.round = r.id),
                'figures', (SELECT jsonb_build_object('drawn', f.drawn, 'entities', f.entities, 'visits', f.visits,
                        'slots', f.slots, 'missing', f.missing, 'workload', (SELECT coalesce(jsonb_agg(w
                            || jsonb_build_object('department_name', open.department_name(w ->> 'department'))), '[]')
                            FROM jsonb_array_elements(f.workload) AS w))
                    FROM open.round_figures f WHERE f.round = r.id),
                'shown', (SELECT count(*) FROM open.round_visits v WHERE v.round = r.id)))::text
            FROM open.rounds r WHERE r.id = \(id)
            """)
    }

    /// The visits of a draw that may be shown, by enterprise.
    func visits(of round: String, after: String?) async throws -> (rows: [JSONValue], next: String?) {
        try await list(
            """
            SELECT jsonb_build_object('visit', v.visit, 'entity', v.entity, 'entity_name', v.entity_name,
                'method', v.method, 'requests', v.requests, 'window_first', v.window_first, 'window_last', v.window_last,
                'published', EXISTS (SELECT FROM open.entities e WHERE e.id = v.entity),
                'departments', (SELECT jsonb_agg(open.department_name(d)) FROM unnest(v.departments) AS d))::text, v.visit
            FROM open.round_visits v WHERE v.round = \(round) AND v.visit > \(after ?? "") ORDER BY v.visit LIMIT 101
            """, size: 100)
    }

    /// The texts of the public bundle as they are hashed, once the seed is open; `nil` before.
    func bundle(of round: String) async throws -> (
        definition: String, commitment: String, seed: String, result: String,
        digest: String
    )? {
        let rows = try await pool.query(
            """
            SELECT t.definition, t.commitment, t.seed, open.public_result(t.round) AS result, r.result_digest
            FROM open.round_texts t JOIN open.rounds r ON r.id = t.round
            WHERE t.round = \(round) AND t.seed IS NOT NULL
            """)
        guard let row = rows.first, let result = try row.decode("result", as: String?.self) else { return nil }
        return (
            try row.decode("definition", as: String.self), try row.decode("commitment", as: String.self),
            try row.decode("seed", as: String.self), result, try row.decode("result_digest", as: String.self)
        )
    }

    /// The entity's rounds; `nil` unless the word is the entity's.
    func ownRounds(_ entity: String, word: String) async throws -> JSONValue? {
        try await document("SELECT open.own_rounds(\(entity), \(word))::text")
    }

    /// Whether the entity was drawn for a request, and its stratum's threshold, once the seed is open.
    func ownOutcome(_ round: String, request: String, _ entity: String, word: String) async throws -> JSONValue? {
        try await document("SELECT open.own_outcome(\(round), \(request), \(entity), \(word))::text")
    }

    /// `round.json` of a committed draw.
    func definition(of round: String) async throws -> JSONValue? {
        try await document("SELECT t.definition FROM open.round_texts t WHERE t.round = \(round)")
    }

    /// The entity's line in a round's roster, with its proof; `nil` unless the word is the entity's and the line is there.
    func ownProof(_ round: String, _ entity: String, word: String) async throws -> JSONValue? {
        try await document("SELECT open.own_proof(\(round), \(entity), \(word))::text")
    }
}
