import Cluster
import Draw
import Foundation
import JSON
import Postgres
import Testing

@testable import Rounds

/// What somebody could try in order to steer a draw: each attempt is refused, or is seen by anybody who looks.
@Suite("Attempts to steer a draw")
struct ProtocolTests {
    typealias County = RoundTests.County
    typealias Kind = RoundMessage.Kind

    static func county(_ body: (County) async throws -> Void) async throws {
        try await TestStack.with(partitions: nil) { stack in try await body(try await County(stack)) }
    }

    static func codes(_ county: County, _ type: String, _ data: JSONValue, as source: String = "dept:SCJG") async throws
        -> [String]
    {
        try await county.submit(type, data, source: source).reasons.map(\.code)
    }

    static func opening(_ county: County, _ round: String, event: String = "public:p", replaces: String? = nil)
        -> JSONValue
    {
        var data: [String: JSONValue] = [
            "round": .string(round), "county": "150222", "witnesses": .strings(county.witnesses),
            "public": [["source": .string(event), "description": "彩票", "pattern": "dddddddd"]],
        ]
        data["replaces"] = replaces.map { .string($0) }
        return .object(data)
    }

    static func statement(_ value: String) -> JSONValue {
        ["round": "R-1", "source": "public:p", "value": .string(value)]
    }

    /// Makes the round void because a witness has withheld its nonce.
    static func withhold(_ county: County, _ round: String = "R-1") async throws {
        try await county.collect(round, within: 3_600)
        try await county.work()
        #expect(try await county.reveal(round, "witness:A").status == .accepted)
        try await county.endReveals(round)
        try await county.stack.pool.execute(
            "UPDATE cluster.tasks SET run_at = clock_timestamp() WHERE state = 'ready'")
        try await county.work()
        #expect(try await county.state(round) == "void")
    }

    @Test("Grinding: a round cannot be opened, closed, asked of or bound to again once that is done")
    func again() async throws {
        try await Self.county { county in
            try await county.collect("R-1", within: 3_600)
            let close: JSONValue = ["round": "R-1", "reveal_within_seconds": 60]
            let request: JSONValue = ["round": "R-1", "request": county.request("MORE"), "plan_lines": ["P/REQ-1"]]
            let bound: JSONValue = [
                "round": "R-1", "source": "witness:A",
                "commitment": .string(
                    SeedPolicy.witnessCommitment(
                        round: "R-1", source: "witness:A", nonce: String(repeating: "11", count: 32))),
            ]
            func refusals() async throws {
                #expect(try await Self.codes(county, Kind.opened, Self.opening(county, "R-1")) == ["round.exists"])
                #expect(try await Self.codes(county, Kind.closed, close).contains("round.state"))
                #expect(try await Self.codes(county, Kind.requested, request).contains("round.state"))
                #expect(
                    try await Self.codes(county, Kind.witnessCommitted, bound, as: "witness:A")
                        == ["witness.committed"])
            }
            try await refusals()
            try await county.draw("R-1", workers: 2, dyingAt: [])
            let digest = try await county.stack.count("SELECT count(*) FROM rounds.results")
            try await refusals()
            // A round that is drawn can't be replaced, and nothing can be revealed or stated any more.
            #expect(
                try await Self.codes(
                    county, Kind.opened, Self.opening(county, "R-2", event: "public:q", replaces: "R-1"))
                    == ["round.not-void"])
            #expect(try await county.reveal("R-1", "witness:A").reasons.map(\.code) == ["round.state"])
            #expect(
                try await Self.codes(county, Kind.publicValueStated, Self.statement("87654321"), as: "witness:A")
                    == ["round.state"])
            // Every task of it a second time changes nothing.
            try await county.stack.pool.execute(
                "UPDATE cluster.tasks SET state = 'ready', run_at = clock_timestamp() WHERE kind LIKE 'rounds.8%'")
            try await county.work()
            #expect(try await county.stack.count("SELECT count(*) FROM rounds.results") == digest)
            #expect(try await RoundVerification.problems(threads: 2, county.stack.pool) == [])
        }
    }

    @Test("Withholding a nonce voids the round in the open, for everybody to see, and buys no other frozen files")
    func withholding() async throws {
        try await Self.county { county in
            try await Self.withhold(county)
            let shown = try await county.stack.pool.query(
                "SELECT state, void_reason, commitment FROM open.rounds WHERE id = 'R-1'"
            ).first
            #expect(try shown?.decode("state", as: String.self) == "void")
            #expect(try shown?.decode("void_reason", as: String.self).contains("witness:B") == true)
            #expect(
                try await county.stack.count(
                    "SELECT count(*) FROM cluster.outbox WHERE headers ->> 'ce_type' = \(Kind.voided)") == 1)
            // The successor waits for another public event, takes no new requests, and there is one only.
            #expect(
                try await Self.codes(county, Kind.opened, Self.opening(county, "R-2", replaces: "R-1"))
                    == ["public.repeated"])
            try await county.accept(
                Kind.opened, Self.opening(county, "R-2", event: "public:q", replaces: "R-1"))
            #expect(
                try await Self.codes(
                    county, Kind.requested,
                    ["round": "R-2", "request": county.request("MORE"), "plan_lines": ["P/REQ-1"]]
                ).contains("round.successor"))
            #expect(
                try await Self.codes(
                    county, Kind.opened, Self.opening(county, "R-3", event: "public:r", replaces: "R-1"))
                    == ["round.not-void"])
            #expect(try await RoundVerification.problems(threads: 2, county.stack.pool) == [])
        }
    }

    @Test("A nonce that comes after the end, another one, or somebody else's is refused; none of them can void")
    func lateReveals() async throws {
        try await Self.county { county in
            try await county.collect("R-1", within: 3_600)
            // Before anything is committed to there is nothing to reveal.
            #expect(
                try await county.reveal("R-1", "witness:A", commitment: String(repeating: "0", count: 64))
                    .reasons.map(\.code) == ["round.state"])
            try await county.work()
            let commitment = try #require(
                try await county.stack.pool.query("SELECT commitment FROM rounds.rounds").first?
                    .decode("commitment", as: String?.self))
            func revealed(_ nonce: String, _ source: String, of witness: String? = nil) async throws -> [String] {
                try await Self.codes(
                    county, Kind.revealed,
                    [
                        "round": "R-1", "source": .string(witness ?? source), "nonce": .string(nonce),
                        "commitment": .string(commitment),
                    ], as: source)
            }
            #expect(try await revealed(String(repeating: "11", count: 32), "witness:A") == ["nonce.mismatch"])
            #expect(try await !revealed(county.nonce, "dept:SCJG", of: "witness:A").isEmpty)
            #expect(try await revealed(county.nonce, "witness:A") == [])
            #expect(try await revealed(county.nonce, "witness:A") == ["reveal.repeated"])
            try await county.endReveals("R-1")
            #expect(try await revealed(county.nonce, "witness:B") == ["reveal.late"])
            #expect(
                try await county.reveal("R-1", "witness:B", commitment: String(repeating: "0", count: 64))
                    .reasons.map(\.code) == ["reveal.late"])
            #expect(try await county.state("R-1") == "committed")
        }
    }

    @Test("A public value that witnesses state in two ways blocks the draw and is shown; when they agree it goes on")
    func disputed() async throws {
        try await Self.county { county in
            try await county.collect("R-1", within: 3_600)
            try await county.work()
            for witness in county.witnesses { #expect(try await county.reveal("R-1", witness).status == .accepted) }
            try await county.endReveals("R-1")
            let first = try await county.submit(
                Kind.publicValueStated, Self.statement("12345678"), source: "witness:A")
            #expect(first.details["awaited"]?.elements?.count == 1)
            let second = try await county.submit(
                Kind.publicValueStated, Self.statement("12345679"), source: "witness:B")
            #expect(second.details["disputed"]?.elements?.count == 1)
            #expect(try await county.state("R-1") == "committed")
            let report = try await RoundReport.show("R-1", county.stack.pool)
            #expect(report?["public"]?.elements?.first?["disputed"] == .bool(true))
            // Who is no witness, and a value of another form, have no say.
            #expect(
                try await Self.codes(county, Kind.publicValueStated, Self.statement("12345678")) == ["witness.unknown"])
            #expect(
                try await Self.codes(county, Kind.publicValueStated, Self.statement("1234567"), as: "witness:A")
                    == ["public.pattern"])
            try await county.accept(Kind.publicValueStated, Self.statement("12345678"), source: "witness:B")
            #expect(try await county.state("R-1") == "drawing")
            // Both statements, the wrong and the corrected, are on record, signed.
            #expect(
                try await county.stack.count(
                    """
                    SELECT count(*) FROM cluster.acts WHERE source = 'witness:B' AND outcome = 'accepted'
                        AND type = \(Kind.publicValueStated) AND signature IS NOT NULL
                    """) == 2)
        }
    }

    @Test("Editing the registers between a void round and its successor changes nothing of what is drawn from")
    func editing() async throws {
        try await Self.county { county in
            try await Self.withhold(county)
            try await county.stack.pool.execute("UPDATE registers.entities SET credit = 'D', regulators = '{SFJ}'")
            try await county.stack.pool.execute("UPDATE registers.inspectors SET specialties = '{}'")
            try await county.collect("R-2", replaces: "R-1", event: "public:q", within: 3_600)
            try await county.draw("R-2", workers: 2, dyingAt: [], event: "public:q")
            #expect(
                try await county.stack.count(
                    """
                    SELECT count(*) FROM rounds.rounds a JOIN rounds.rounds b ON b.successor_of = a.id
                    WHERE a.commitment_json::jsonb -> 'roster' = b.commitment_json::jsonb -> 'roster'
                        AND a.commitment_json::jsonb -> 'inspectors' = b.commitment_json::jsonb -> 'inspectors'
                        AND a.salt = b.salt AND b.commitment_json::jsonb ->> 'replaces' = a.commitment
                    """) == 1)
            #expect(try await RoundVerification.problems(threads: 2, county.stack.pool) == [])
        }
    }

    /// What somebody could change in the tables after a draw.
    static let changes: [(what: String, statement: String)] = [
        (
            "another inspector goes",
            "UPDATE rounds.teams SET inspectors = ARRAY['P024'] WHERE visit = (SELECT min(visit) FROM rounds.teams)"
        ),
        (
            "a visit goes",
            "DELETE FROM rounds.teams; DELETE FROM rounds.visits WHERE id = (SELECT min(id) FROM rounds.visits)"
        ),
        (
            "another entity",
            "UPDATE rounds.visits SET entity = 'E000001' WHERE id = (SELECT min(id) FROM rounds.visits)"
        ),
        ("another selection", "UPDATE rounds.selections SET entities = entities[2:]"),
        ("a frozen page", "UPDATE rounds.pages SET body = body || 'x'"),
        (
            "a frozen page, and its hash",
            """
            INSERT INTO rounds.pages SELECT sha256(b), lines, b FROM (SELECT lines,
                convert_to(replace(convert_from(body, 'UTF8'), E'\\tA\\t', E'\\tB\\t'), 'UTF8') AS b FROM rounds.pages
                JOIN rounds.round_pages USING (hash) WHERE file = 'roster' AND ordinal = 0) p;
            UPDATE rounds.round_pages SET hash = (SELECT sha256(convert_to(replace(convert_from(body, 'UTF8'), E'\\tA\\t',
                E'\\tB\\t'), 'UTF8')) FROM rounds.pages p WHERE p.hash = round_pages.hash)
            WHERE file = 'roster' AND ordinal = 0
            """
        ),
        ("a request", "UPDATE rounds.requests SET body = replace(body, '\"team\":2', '\"team\":3')"),
        ("the seed", "UPDATE rounds.rounds SET seed_json = replace(seed_json, '12345678', '12345679')"),
        ("the result", "UPDATE rounds.results SET body = body || ' '"),
        ("its digest", "UPDATE rounds.rounds SET result_digest = commitment"),
        ("the commitment", "UPDATE rounds.rounds SET commitment = result_digest"),
        ("the salt", "UPDATE rounds.rounds SET salt = sha256('x')"),
    ]

    @Test("Whatever is changed after the draw is refused, and where the owner forces it, drawing anew shows it")
    func afterwards() async throws {
        struct Undone: Error {}
        try await Self.county { county in
            try await county.collect("R-1", within: 3_600)
            try await county.draw("R-1", workers: 2, dyingAt: [])
            let pool = county.stack.pool
            #expect(try await RoundVerification.problems(threads: 2, pool) == [])
            for (what, statement) in Self.changes {
                await #expect(throws: PostgresError.self, "\(what)") {
                    try await pool.withConnection { try await $0.script(statement) }
                }
            }
            // The worker's role cannot even try.
            let worker = PrivilegeTests.pool(county.stack, "yaohao_worker")
            for table in ["teams", "visits", "selections", "pages", "round_pages", "requests", "results"] {
                await #expect(throws: PostgresError.self) {
                    try await worker.execute(SQL(raw: "DELETE FROM rounds.\(table)"))
                }
            }
            await worker.close()
            for (what, statement) in Self.changes {
                // The owner switches every guard off; afterwards things are put back from copies.
                let tables = ["teams", "visits", "selections", "pages", "round_pages", "requests", "results", "rounds"]
                func force(_ sql: String) async throws {
                    try await pool.withConnection { connection in
                        try await connection.script("SET session_replication_role = replica; \(sql)")
                        try await connection.script("RESET session_replication_role")
                    }
                }
                try await force(
                    tables.map { "CREATE TABLE saved_\($0) AS TABLE rounds.\($0)" }.joined(separator: ";") + ";"
                        + statement)
                #expect(try await RoundVerification.problems(threads: 2, pool).count == 1, "\(what)")
                try await force(
                    tables.map {
                        "DELETE FROM rounds.\($0); INSERT INTO rounds.\($0) TABLE saved_\($0); DROP TABLE saved_\($0)"
                    }.joined(separator: ";"))
            }
            #expect(try await RoundVerification.problems(threads: 2, pool) == [])
        }
    }
}
