import Cluster
import Crypto
import Foundation
import Inspections
import JSON
import Postgres
import Testing

@Suite("Results of inspections, with PostgreSQL")
struct ResultsTests {
    /// A county with a drawn round of two entities, and departments that sign and submit.
    struct Bench {
        let county: InspectedCounty
        let inbox: Inbox
        let keys: [String: SigningKey]

        init(_ county: InspectedCounty) async throws {
            self.county = county
            try await county.drawRound(entities: ["E1", "E2"])
            let directory = KeyDirectory(pool: county.owner)
            var keys: [String: SigningKey] = [:]
            for department in ["SCJG", "YJGL"] {
                let key = SigningKey(
                    department: department, sources: ["dept:\(department)"], roles: [.result],
                    privateKey: Curve25519.Signing.PrivateKey())
                try await directory.register(key)
                keys[department] = key
            }
            self.keys = keys
            let topics = Topics(prefix: "t.")
            inbox = Inbox(
                pool: county.worker, topics: topics, directory: KeyDirectory(pool: county.worker),
                handlers: Inspections.handlers(topics: topics))
        }

        func submit(_ body: JSONValue, id: String, as department: String = "SCJG") async throws -> Receipt {
            let event = CloudEvent(
                id: id, source: "dept:\(department)", type: "cn.yaohao.inspections.result-recorded.v1",
                subject: body["visit"]?.text, data: body.canonical)
            let signed = try Signature.sign(event, with: try #require(keys[department]))
            return try await inbox.take(
                headers: signed.headers.map { ($0.name, Array($0.value.utf8)) }, value: signed.data)
        }

        func rows() async throws -> [Int] {
            try await [
                county.count("SELECT count(*) FROM inspections.results"),
                county.count("SELECT count(*) FROM inspections.result_items"),
                county.count("SELECT count(*) FROM cluster.outbox WHERE topic = 't.events'"),
            ]
        }
    }

    static func body(
        visit: String = "R-1-E1", department: String = "SCJG", items: JSONValue? = nil, endedOn: String = "2026-03-10"
    ) -> JSONValue {
        [
            "visit": .string(visit), "department": .string(department), "ended_on": .string(endedOn),
            "inspectors": ["I1", "I2"],
            "items": items ?? [
                ["item": "SCJG-1", "categories": ["未发现问题"]],
                ["item": "SCJG-2", "categories": ["发现问题已责令改正", "暂停营业"], "findings": "灭火器过期"],
            ],
        ]
    }

    @Test("are recorded with their items, and told to the notifier under the entity's key")
    func accepted() async throws {
        try await InspectedCounty.run { county in
            let bench = try await Bench(county)
            let receipt = try await bench.submit(Self.body(), id: "1")
            #expect(receipt.status == .accepted, "\(receipt.reasons)")
            #expect(try await bench.rows() == [1, 2, 1])
            let items = try await county.texts(
                "SELECT item || ':' || array_to_string(categories, '+') FROM inspections.result_items ORDER BY item")
            #expect(try await county.count("SELECT count(*) FROM inspections.unseen_results") == 1)
            #expect(items == ["SCJG-1:未发现问题", "SCJG-2:发现问题已责令改正+暂停营业"])
            let event = try await county.owner.query(
                "SELECT key, headers->>'ce_type' AS type, body FROM cluster.outbox WHERE topic = 't.events'")
            #expect(try event.first?.decode("key", as: String.self) == "E1")
            #expect(
                try event.first?.decode("type", as: String.self) == "cn.yaohao.inspections.result-accepted.v1")
            let data = try JSONValue(parsing: try #require(event.first).decode("body", as: [UInt8].self))
            #expect(
                data == [
                    "round": "R-1", "visit": "R-1-E1", "entity": "E1", "department": "SCJG", "ended_on": "2026-03-10",
                    "version": 1, "late": .null,
                ])
        }
    }

    @Test("sent twice have one effect and the same receipt")
    func twice() async throws {
        try await InspectedCounty.run { county in
            let bench = try await Bench(county)
            let first = try await bench.submit(Self.body(), id: "1")
            let second = try await bench.submit(Self.body(), id: "1")
            #expect(first == second)
            #expect(try await bench.rows() == [1, 2, 1])
            let receipts = try await county.count("SELECT count(*) FROM cluster.outbox WHERE topic = 't.receipts'")
            #expect(receipts == 2)
        }
    }

    @Test("for one visit and department are recorded once, however many arrive at a time")
    func race() async throws {
        try await InspectedCounty.run { county in
            let bench = try await Bench(county)
            let receipts = try await withThrowingTaskGroup(of: Receipt.self) { group in
                for number in 0..<8 { group.addTask { try await bench.submit(Self.body(), id: "\(number)") } }
                return try await group.reduce(into: [Receipt]()) { $0.append($1) }
            }
            #expect(receipts.count { $0.status == .accepted } == 1)
            let codes = receipts.flatMap(\.reasons).map(\.code)
            #expect(codes == Array(repeating: "result.exists", count: 7))
            #expect(try await bench.rows() == [1, 2, 1])
        }
    }

    @Test("of each department of a visit are recorded on their own")
    func departments() async throws {
        try await InspectedCounty.run { county in
            let bench = try await Bench(county)
            #expect(try await bench.submit(Self.body(), id: "1").status == .accepted)
            let other: JSONValue = [
                "visit": "R-1-E1", "department": "YJGL", "ended_on": "2026-03-11",
                "items": [["item": "YJGL-1", "categories": ["未发现问题"]]],
            ]
            #expect(try await bench.submit(other, id: "1", as: "YJGL").status == .accepted)
            #expect(try await bench.rows() == [2, 3, 2])
        }
    }

    @Test("that break a rule are rejected with the reasons, and leave nothing behind")
    func rejected() async throws {
        try await InspectedCounty.run { county in
            let bench = try await Bench(county)
            try await county.drawRound("R-2", state: "void", entities: ["E1"])
            let cases: [(JSONValue, String, [String])] = [
                (Self.body(visit: "R-1-E9"), "SCJG", ["visit.unknown"]),
                (Self.body(visit: "R-2-E1"), "SCJG", ["visit.unknown"]),
                (Self.body(), "YJGL", ["department.other"]),
                (Self.body(endedOn: "2999-01-01"), "SCJG", ["ended-on.future"]),
                (["visit": "R-1-E1", "department": "SCJG"], "SCJG", ["schema"]),
                (
                    Self.body(items: [["item": "SCJG-1", "categories": ["正常"]]]), "SCJG",
                    ["categories.unknown", "items.missing"]
                ),
            ]
            for (index, (body, signer, codes)) in cases.enumerated() {
                let receipt = try await bench.submit(body, id: "bad-\(index)", as: signer)
                #expect(receipt.status == .rejected)
                #expect(receipt.reasons.map(\.code) == codes)
            }
            #expect(try await bench.rows() == [0, 0, 0])
        }
    }

    @Test("may use a category that the county has added")
    func categories() async throws {
        try await InspectedCounty.run { county in
            let bench = try await Bench(county)
            try await county.owner.execute(
                "INSERT INTO inspections.categories (name, kind, basis) VALUES ('已移交', 'finding', '县级规定')")
            let items: JSONValue = [
                ["item": "SCJG-1", "categories": ["已移交"]], ["item": "SCJG-2", "categories": ["未发现问题"]],
            ]
            #expect(try await bench.submit(Self.body(items: items), id: "1").status == .accepted)
        }
    }
}
