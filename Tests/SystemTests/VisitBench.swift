import Cluster
import Crypto
import Draw
import Foundation
import Inspections
import JSON
import Postgres
import Testing

/// A county with a drawn, sealed round of two entities, and departments that sign with two keys each: one that records,
/// one that reviews.
struct VisitBench {
    let county: InspectedCounty
    let inbox: Inbox
    let keys: [String: SigningKey]

    static let seed = String(repeating: "5a", count: 32)
    static let resultDigest = String(repeating: "c3", count: 32)

    /// The frozen lines: five inspectors of `SCJG`, one of whom is recused from `E1`, and one of `YJGL`.
    static let inspectors: [InspectorLine] = [
        line("I1"), line("I2"), line("I3", load: 1), line("I4"), line("I5", recused: ["E1"]),
        line("I9", department: "YJGL"),
    ]

    static func line(
        _ id: String, department: String = "SCJG", load: Int = 0, recused: [String] = []
    ) -> InspectorLine {
        InspectorLine(
            id: id, department: department, regions: [], specialties: [], certificateUntil: "2027-12-31", load: load,
            recused: recused)
    }

    init(_ county: InspectedCounty) async throws {
        self.county = county
        let directory = KeyDirectory(pool: county.owner)
        var keys: [String: SigningKey] = [:]
        for department in ["SCJG", "YJGL"] {
            for (name, role) in [(department, Role.result), (department + "-review", .review)] {
                let key = SigningKey(
                    department: department, sources: ["dept:\(department)"], roles: [role],
                    privateKey: Curve25519.Signing.PrivateKey())
                try await directory.register(key)
                keys[name] = key
            }
        }
        self.keys = keys
        let topics = Topics(prefix: "t.")
        inbox = Inbox(
            pool: county.worker, topics: topics, directory: KeyDirectory(pool: county.worker),
            handlers: Inspections.handlers(topics: topics))
        try await prepare()
    }

    private func prepare() async throws {
        try await county.drawRound(state: "drawing", entities: ["E1", "E2"])
        try await county.register(entities: ["E1", "E2"])
        try await county.registerDepartments()
        for year in [2025, 2026, 2027] { try await county.registerCalendar(year: year) }
        // The round is sealed as the workers seal it: its state wakes what announces the visits.
        try await county.worker.execute(
            """
            UPDATE rounds.rounds SET seed = \(Self.seed), result_digest = \(Self.resultDigest), state = 'drawn',
                drawn_at = clock_timestamp(), sequence = 1, commitment = 'c', commitment_json = '{}', seed_json = '{}',
                definition = '{}', salt = \([UInt8](repeating: 7, count: 32)) WHERE id = 'R-1'
            """)
        try await county.worker.execute(
            """
            INSERT INTO rounds.results (round, digest, body)
            VALUES ('R-1', \(Self.resultDigest), \(Array("{}".utf8)))
            """)
        let page = Array(Self.inspectors.map { $0.text + "\n" }.joined().utf8)
        try await county.owner.execute(
            """
            INSERT INTO rounds.pages (hash, lines, body)
            VALUES (\(Hash(of: page).bytes), \(Self.inspectors.count)::int4, \(page))
            """)
        try await county.owner.execute(
            """
            INSERT INTO rounds.round_pages (round, file, ordinal, hash)
            VALUES ('R-1', 'inspectors', 0, \(Hash(of: page).bytes))
            """)
        for line in Self.inspectors {
            try await county.owner.execute(
                """
                INSERT INTO registers.inspectors (id, source, version, valid_from, name, department, regions,
                    specialties, certificate, certificate_until, recused)
                VALUES (\(line.id), 'test', 1, now(), '样例' || \(line.id)::text, \(line.department), '{}', '{}',
                    'SAMPLE-' || \(line.id)::text, '2027-12-31', \(line.recused))
                """)
        }
        for (id, department) in [("SCJG-1", "SCJG"), ("SCJG-2", "SCJG"), ("YJGL-1", "YJGL")] {
            try await county.owner.execute(
                """
                INSERT INTO registers.items (id, source, version, valid_from, name, legal_basis, department, object_kind,
                    methods, category)
                VALUES (\(id), 'test', 1, now(), '样例事项' || \(id)::text, '样例依据', \(department), 'enterprise',
                    '{onsite}', 'key')
                """)
        }
    }

    /// Signs and submits; `who` is a department, or a department's reviewer such as `SCJG-review`.
    @discardableResult
    func submit(_ type: String, _ body: JSONValue, id: String = UUID().uuidString, as who: String = "SCJG") async throws
        -> Receipt
    {
        let department = who.replacing("-review", with: "")
        let event = CloudEvent(
            id: id, source: "dept:\(department)", type: "cn.yaohao.inspections.\(type).v1", subject: "test",
            data: body.canonical)
        let signed = try Signature.sign(event, with: try #require(keys[who]))
        return try await inbox.take(
            headers: signed.headers.map { ($0.name, Array($0.value.utf8)) }, value: signed.data)
    }

    /// Submits what must be accepted.
    @discardableResult
    func accept(_ type: String, _ body: JSONValue, as who: String = "SCJG") async throws -> Receipt {
        let receipt = try await submit(type, body, as: who)
        #expect(receipt.status == .accepted, "\(type): \(receipt.reasons)")
        return receipt
    }

    /// Submits what must be refused, and says why it was.
    func codes(_ type: String, _ body: JSONValue, as who: String = "SCJG") async throws -> [String] {
        let receipt = try await submit(type, body, as: who)
        #expect(receipt.status == .rejected, "\(type) was accepted")
        return receipt.reasons.map(\.code)
    }

    /// The state of a department's part of the visit of an entity.
    func state(_ entity: String = "E1", _ department: String = "SCJG") async throws -> String {
        try await county.texts(
            """
            SELECT state FROM inspections.visit_states
            WHERE visit = 'R-1-' || \(entity)::text AND department = \(department)
            """
        ).first ?? ""
    }

    /// The bodies of the events of a type, in their order.
    func events(_ type: String) async throws -> [JSONValue] {
        try await county.owner.query(
            """
            SELECT body FROM cluster.outbox
            WHERE topic = 't.events' AND headers ->> 'ce_type' = \("cn.yaohao.inspections.\(type).v1") ORDER BY id
            """
        ).map { try JSONValue(parsing: $0.decode("body", as: [UInt8].self)) }
    }

    /// What a department says about its part of the visit of `E1`.
    static func part(_ members: [String: JSONValue] = [:], entity: String = "E1", department: String = "SCJG")
        -> JSONValue
    {
        .object(
            ["visit": .string("R-1-" + entity), "department": .string(department)].merging(members) { _, new in new })
    }

    /// A result for both matters of `SCJG`.
    static func result(
        entity: String = "E1", _ members: [String: JSONValue] = [:], categories: [String] = ["发现问题已责令改正"]
    ) -> JSONValue {
        part(
            [
                "ended_on": "2026-03-10",
                "items": [
                    ["item": "SCJG-1", "categories": ["未发现问题"]],
                    [
                        "item": "SCJG-2", "categories": .strings(categories), "findings": "样例：灭火器过期",
                        "measures": ["当场告知"],
                        "evidence": [["name": "照片.jpg", "sha256": .string(String(repeating: "ab", count: 32))]],
                    ],
                ],
            ].merging(members) { _, new in new }, entity: entity)
    }
}
