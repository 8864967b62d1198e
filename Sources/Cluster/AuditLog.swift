import Crypto
import JSON
public import Postgres

/// What somebody did, and what came of it: one line of the audit log (审计日志).
///
/// It is stored in the transaction of its effect and linked into the chain of hashes a moment later, so that intake never
/// waits for the chain. The table cannot be updated; `AuditVerification` finds whatever was done to it all the same.
public struct Act: Sendable, Hashable {
    /// What an act is about.
    public enum Kind: String, Sendable {
        /// A submission that has a row in the inbox.
        case submission
        /// A submission whose id had been used for another one.
        case reuse
        /// A message that could not be taken.
        case letter
        /// A feed that was applied or refused as a whole.
        case feed
        /// A key that was stored, changed or revoked; written by the database itself.
        case key
        /// What somebody did at the operators' console that is no submission; written by the database itself.
        case console
    }

    /// What came of it.
    public enum Outcome: String, Sendable {
        /// It had its effect.
        case accepted
        /// It had none; the codes say why.
        case refused
        /// It is kept with the dead letters.
        case dead
    }

    /// What it is about.
    public var kind: Kind
    /// Who did it: a `ce_source`; of a dead letter, where it lay: `TOPIC/PARTITION/OFFSET`.
    public var source: String
    /// Its id within the source.
    public var id: String
    /// The CloudEvents type.
    public var type: String
    /// What it was about, such as a round.
    public var subject: String?
    /// The department whose key signed it.
    public var department: String?
    /// The key.
    public var keyID: String?
    /// Who acted for the department, by login, where a console has named the person.
    public var person: String?
    /// When the signer says that it was said (`ce_time`).
    public var saidAt: String?
    /// The SHA-256 of type, subject and data; of a dead letter, of its key and value.
    public var digest: [UInt8]
    /// The SHA-256 of the data, so that the signature can be checked without the body.
    public var dataHash: [UInt8]?
    /// The DSSE envelope as it came, in base64.
    public var signature: String?
    /// What came of it.
    public var outcome: Outcome
    /// Why it was not accepted: the codes of the receipt or the dead letter.
    public var codes: [String]

    /// An act of the given parts.
    public init(
        kind: Kind, source: String, id: String, type: String, subject: String?, department: String? = nil,
        keyID: String? = nil, person: String? = nil, saidAt: String? = nil, digest: [UInt8], dataHash: [UInt8]? = nil,
        signature: String? = nil, outcome: Outcome, codes: [String] = []
    ) {
        self.kind = kind
        self.source = source
        self.id = id
        self.type = type
        self.subject = subject
        self.department = department
        self.keyID = keyID
        self.person = person
        self.saidAt = saidAt
        self.digest = digest
        self.dataHash = dataHash
        self.signature = signature
        self.outcome = outcome
        self.codes = codes
    }
}

/// Adds to the audit log, links what was added, and publishes the chain's head.
public enum AuditLog {
    /// Adds an act in the transaction of its effect. The same act again adds nothing.
    public static func record(_ act: Act, in transaction: PostgresTransaction) async throws {
        try await transaction.execute(
            """
            INSERT INTO cluster.acts (kind, source, id, type, subject, department, key_id, person, said_at, digest,
                data_hash, signature, outcome, codes)
            VALUES (\(act.kind.rawValue), \(act.source), \(act.id), \(act.type), \(optional: act.subject),
                \(optional: act.department), \(optional: act.keyID), \(optional: act.person), \(optional: act.saidAt), \(act.digest),
                \(optional: act.dataHash), \(optional: act.signature), \(act.outcome.rawValue), \(act.codes))
            ON CONFLICT (source, id, digest) DO NOTHING
            """)
    }

    /// The hash before the first.
    static let genesis = [UInt8](repeating: 0, count: 32)

    /// The columns of an act as `AuditEntry` reads them, of a table called `a`.
    static let columns: SQL = """
        a.act, to_char(a.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at, a.kind, a.source, a.id, a.type,
        a.subject, a.department, a.key_id, a.person, a.said_at, a.digest, a.data_hash, a.signature, a.outcome, a.codes
        """

    /// Links acts that wait, in their order; whoever does it is alone until the transaction ends.
    ///
    /// - Returns: how many were linked.
    @discardableResult
    public static func link(limit: Int = 1_000, in transaction: PostgresTransaction) async throws -> Int {
        _ = try await transaction.query("SELECT pg_advisory_xact_lock(7420150223)")
        let rows = try await transaction.query(
            """
            WITH taken AS (
                DELETE FROM cluster.acts_waiting
                WHERE act IN (SELECT act FROM cluster.acts_waiting ORDER BY act LIMIT \(limit)) RETURNING act)
            SELECT \(columns) FROM cluster.acts a JOIN taken USING (act) ORDER BY a.act
            """)
        guard !rows.isEmpty else { return 0 }
        let last = try await transaction.query(
            "SELECT number, hash FROM cluster.audit_chain ORDER BY number DESC LIMIT 1"
        ).first
        var number = try last?.decode("number", as: Int.self) ?? 0
        var hash = try last?.decode("hash", as: [UInt8].self) ?? genesis
        var linked: [(number: Int, act: Int, hash: [UInt8])] = []
        for row in rows {
            number += 1
            let entry = try AuditEntry(row)
            hash = entry.hash(number: number, after: hash)
            linked.append((number, entry.act, hash))
        }
        try await transaction.execute(
            """
            INSERT INTO cluster.audit_chain (number, act, hash)
            SELECT * FROM unnest(\(linked.map(\.number)), \(linked.map(\.act)), \(linked.map(\.hash)))
            """)
        return linked.count
    }

    /// On what occasion a head is published.
    public enum Occasion: Sendable, Hashable {
        /// Once each day, by the clock of China.
        case day
        /// With the commitment of a round.
        case commitment(round: String)
    }

    /// The CloudEvents type of a published head.
    static let headEventType = "cn.yaohao.cluster.audit-head-published.v1"

    /// Keeps the chain's head as a published one, once an occasion.
    ///
    /// - Returns: the event to send; `nil` when the chain is empty or the occasion was used.
    public static func publishHead(
        _ occasion: Occasion, topics: Topics, in transaction: PostgresTransaction
    ) async throws -> Outgoing? {
        let name: String
        var round: String?
        switch occasion {
        case .day: name = "day"
        case .commitment(let id):
            name = "commitment"
            round = id
            // What was said of the round is in the head that goes with its commitment.
            while try await link(in: transaction) > 0 {}
        }
        let row = try await transaction.query(
            """
            INSERT INTO cluster.audit_heads (number, hash, occasion, day, round)
            SELECT number, hash, \(name), CASE WHEN \(optional: round)::text IS NULL
                THEN (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date END, \(optional: round)
            FROM cluster.audit_chain ORDER BY number DESC LIMIT 1
            ON CONFLICT DO NOTHING RETURNING number, hash, day::text AS day
            """
        ).first
        guard let row else { return nil }
        var body: [String: JSONValue] = [
            "number": .integer(try row.decode("number", as: Int64.self)),
            "hash": .string(hexText(try row.decode("hash", as: [UInt8].self))), "occasion": .string(name),
        ]
        body["round"] = round.map { .string($0) }
        body["day"] = try row.decode("day", as: String?.self).map { .string($0) }
        return Outgoing(
            topic: topics.events, key: "audit", type: headEventType, subject: round ?? name, data: .object(body))
    }
}

/// An act as its row holds it.
struct AuditEntry: Sendable {
    let act: Int
    let json: [String: JSONValue]
    let signature: String?
    let dataHash: [UInt8]?

    init(_ row: Row) throws {
        act = try row.decode("act", as: Int.self)
        signature = try row.decode("signature", as: String?.self)
        dataHash = try row.decode("data_hash", as: [UInt8]?.self)
        func text(_ column: String, _ name: String? = nil) throws -> JSONValue {
            try row.decode(column, as: String?.self).map { .string($0) } ?? .null
        }
        var json: [String: JSONValue] = [
            "time": try text("at"), "kind": try text("kind"), "source": try text("source"), "id": try text("id"),
            "type": try text("type"), "subject": try text("subject"), "department": try text("department"),
            "key": try text("key_id"), "said_at": try text("said_at"),
            "digest": .string(hexText(try row.decode("digest", as: [UInt8].self))),
            "data": dataHash.map { .string(hexText($0)) } ?? .null, "signature": try text("signature"),
            "outcome": try text("outcome"),
            "codes": .array(try row.decode("codes", as: [String].self).map { .string($0) }),
        ]
        // A line without a person is hashed as it was before persons were named.
        json["person"] = try row.decode("person", as: String?.self).map { .string($0) }
        self.json = json
    }

    func text(_ name: String) -> String? { json[name]?.text }

    /// The line as it is hashed, and as `yaohao audit show` prints it.
    func line(number: Int?) -> JSONValue {
        .object(json.merging(["number": number.map { .integer($0) } ?? .null], uniquingKeysWith: { $1 }))
    }

    func hash(number: Int, after previous: [UInt8]) -> [UInt8] {
        var hash = SHA256()
        hash.update(data: previous)
        hash.update(data: line(number: number).canonical)
        return hash.finalize().bytes
    }
}
