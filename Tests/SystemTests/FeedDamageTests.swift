import Cluster
import JSON
import Kafka
import Postgres
import Registers
import Testing

/// A kind of damage done to a row, and the code with which it must come to quarantine.
private struct Damage: Sendable {
    let code: String
    let field: String
    let work: @Sendable (inout [String: JSONValue], Int) -> Void

    init(_ code: String, _ field: String, _ work: @escaping @Sendable (inout [String: JSONValue], Int) -> Void) {
        self.code = code
        self.field = field
        self.work = work
    }

    static func set(_ field: String, _ value: JSONValue, _ code: String) -> Damage {
        Damage(code, field) { row, _ in row[field] = value }
    }

    static let all: [Damage] =
        [
            Damage("uscc.check", "id") { row, _ in
                let id = row["id"]?.text ?? ""
                row["id"] = .string(String(id.dropLast()) + (id.last == "1" ? "2" : "1"))
            },
            Damage("uscc.alphabet", "id") { row, number in row["id"] = .string("91150222IO\(10_000_000 + number)") },
            Damage("id.pattern", "id") { row, number in row["id"] = .string("编号\(number)") },
            Damage("id.pattern", "id") { row, number in
                row["id"] = .string(String(repeating: "x", count: 129 + number % 7))
            },
            Damage("id.pattern", "id") { row, number in
                row["id"] = .string(String(repeating: "长", count: 400 + number % 7) + "\(number)")
            },
            Damage("id.pattern", "id") { row, number in row["id"] = .string("X\u{0}\(number)") },
            Damage("field.empty", "id") { row, _ in row["id"] = "" },
            Damage("field.unknown", "colour") { row, number in row["colour"] = .integer(number) },
            .set("name", "", "field.empty"), .set("name", 7, "field.type"), .set("name", " 甲", "text.space"),
            .set("name", "甲\u{3000}", "text.space"), .set("name", "甲\n乙", "text.control"),
            .set("name", "甲\u{0}", "text.control"), .set("name", "甲\u{FFFD}", "text.damaged"),
            .set("name", nil, "field.type"),
            .set("credit", "E", "field.choice"), .set("credit", "a", "field.choice"), .set("credit", "", "field.empty"),
            .set("region", "15022", "region.digits"), .set("region", "15022２", "region.digits"),
            .set("region", "固阳县", "region.digits"), .set("region", "150299100", "region.unknown"),
            .set("region", "990000", "region.unknown"), .set("industry", "F9912", "industry.unknown"),
            .set("industry", "零售业", "industry.unknown"), .set("industry", "A5212", "industry.unknown"),
            .set("permits", "食品经营", "field.type"),
            .set("permits", ["b", "a"], "list.order"), .set("permits", ["a", "a"], "list.order"),
            .set("permits", ["a,b"], "list.element"), .set("permits", [""], "list.element"),
            .set("permits", ["a\tb"], "text.control"), .set("regulators", ["局"], "list.element"),
            .set("regulators", ["NONE"], "department.unknown"),
            .set("regulators", ["NONE", "SCJG"], "department.unknown"),
            .set("address", false, "field.type"), .set("score", 1_001, "number.range"),
            .set("score", "high", "number.range"),
        ]
        + ["id", "name", "credit", "region", "industry", "kind", "permits", "regulators", "address"].map { field in
            Damage("field.missing", field) { row, _ in row[field] = nil }
        }
}

@Suite("Feeds with a thousand kinds of damage", .serialized)
struct FeedDamageTests {
    /// A good row of an invented business.
    private func row(_ number: Int, _ name: String = "虚构商店") -> [String: JSONValue] {
        var id = "92150222MA0" + String(String(1_000_000 + number).dropFirst())
        id.append(UnifiedSocialCreditCode.checkCharacter(of: id) ?? "?")
        return [
            "id": .string(id), "name": .string("\(name)\(number) \"a\\b{},"),
            "credit": .string(["A", "D", "-"][number % 3]),
            "region": "150222100", "industry": "F5212", "kind": "enterprise",
            "permits": number % 2 == 0 ? [] : ["a\"\\{}", "食品经营"], "regulators": ["SCJG"],
            "address": .string(number % 5 == 0 ? "" : "某街\(number)号"),
        ]
    }

    @Test(
        "each row is applied, or quarantined with a true reason; the sum holds; applying twice changes nothing",
        arguments: [(FeedWriter.Packing.pages(of: 50), false), (.pages(of: 50), true), (.single, false)])
    func damage(packing: FeedWriter.Packing, asCells: Bool) async throws {
        try await TestStack.with(partitions: nil) { stack in
            let source = try await FeedSource(stack)
            try await source.feed(
                .departments, .snapshot, version: 1,
                [
                    (
                        "SCJG",
                        [
                            "id": "SCJG", "name": "局", "lead": true, "exempt": false,
                        ]
                    )
                ])
            var rows: [(id: String, body: JSONValue?)] = []
            var expected: [Int: Damage] = [:]
            var good: [String: JSONValue] = [:]
            func add(_ body: [String: JSONValue], _ damage: Damage?) {
                expected[rows.count + 2] = damage
                let id = body["id"]?.text ?? ""
                if damage == nil { good[id] = .object(body) }
                rows.append((id, .object(body)))
            }
            // Every damage many times, at places that have nothing to do with each other, good rows between.
            for number in 0..<1_400 {
                var body = row(number)
                let damage = number % 7 < 5 ? Damage.all[(number * 7_919) % Damage.all.count] : nil
                damage?.work(&body, number)
                add(body, damage)
            }
            let repeated = Damage("id.repeated", "id") { _, _ in }
            for number in [2_000, 2_001, 2_000, 2_002, 2_001, 2_000] where number < 2_002 { add(row(number), repeated) }
            for number in [2_000, 2_001] { good[row(number)["id"]?.text ?? ""] = nil }
            expected[rows.count + 2] = Damage("id.unknown", "id") { _, _ in }
            rows.append(("NEVER-THERE", nil))
            #expect(Set(expected.values.map { $0.code + $0.field }).count >= 30)

            let report = try await source.feed(
                .entities, .snapshot, version: 10, rows, packing: packing, asCells: asCells)
            #expect(report.read == rows.count && report.addsUp)
            #expect(report.inserted == good.count && report.quarantined == expected.count)

            let quarantined = try await Quarantine(pool: stack.pool).rows()
            #expect(Set(quarantined.map(\.position)) == Set(expected.keys))
            for found in quarantined {
                let damage = try #require(expected[found.position])
                #expect(
                    found.findings.contains { $0.code == damage.code && $0.field == damage.field },
                    "line \(found.position): \(damage.code) is wanted, found \(found.findings)")
                // It is kept whole.
                #expect(found.content == rows[found.position - 2].body)
            }
            let stored = try await stack.pool.query(
                "SELECT to_jsonb(e)::text AS row FROM registers.entities e WHERE valid_to IS NULL"
            ).map { try JSONValue(parsing: $0.decode("row", as: String.self)) }
            #expect(stored.count == good.count)
            for row in stored {
                guard case .object(let sent)? = good[row["id"]?.text ?? ""] else {
                    Issue.record("nobody sent \(row)")
                    continue
                }
                for (name, value) in sent { #expect(row[name] == value) }
            }

            let state: SQL =
                "SELECT md5(string_agg(e::text, '|' ORDER BY id, valid_from)) AS state FROM registers.entities e"
            let before = try await stack.pool.query(state).first?.decode("state", as: String.self)
            func again(_ version: Int, _ rows: [(id: String, body: JSONValue?)]) async throws -> FeedReport {
                let report = try await source.feed(
                    .entities, .snapshot, version: version, rows, packing: packing, asCells: asCells)
                #expect(report.addsUp)
                #expect(try await stack.pool.query(state).first?.decode("state", as: String.self) == before)
                return report
            }
            #expect(try await again(20, rows).unchanged == good.count)
            // Older, and with other words: nothing of it counts.
            let older = try await again(
                15,
                rows.map { row in
                    guard case .object(var body)? = row.body, body["name"]?.text?.hasPrefix("虚构") == true else {
                        return row
                    }
                    body["name"] = "更早的名称"
                    return (row.id, .object(body))
                })
            #expect(older.outdated == good.count && older.quarantined == expected.count)
            // What would retire more than a tenth is refused whole.
            let few = rows.filter { good[$0.id] != nil }.prefix(20)
            #expect(try await again(30, Array(few)).retired > 0)
            #expect(try await source.receipts().last?.status == .rejected)
        }
    }

    @Test("a page that is changed, or put in by another, has no effect and does not hold up the feed")
    func forged() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let source = try await FeedSource(stack)
            let stranger = try await FeedSource(stack, "YJ")
            let bodies = (1...40).map { number -> (id: String, body: JSONValue?) in
                ("D\(number)", ["id": .string("D\(number)"), "name": "局", "lead": false, "exempt": false])
            }
            let batch = try source.batch(.departments, .snapshot, version: 1, bodies)
            let messages = source.messages(batch)
            // The other's own page, said to be of this feed; its key may not speak for the source.
            let foreign = try stranger.batch(.departments, .snapshot, version: 1, [("X", bodies[0].body)]).end
            var offset: Int64 = 5_000
            func forged(_ message: RawMessage, _ change: (inout [UInt8]) -> Void) -> RawMessage {
                offset += 1
                var value = message.value ?? []
                change(&value)
                return RawMessage(
                    topic: message.topic, partition: message.partition, offset: offset, key: message.key,
                    headers: message.headers, value: value)
            }
            let page = try #require(messages[0].dropFirst().first)
            let wrong = [
                forged(page) { $0[$0.count / 2] ^= 1 }, forged(page) { $0.removeLast() },
                forged(page) { $0 = Array("{\"rows\":[]}".utf8) },
                RawMessage(
                    topic: foreign[0].topic, partition: 0, offset: 6_000, key: page.key,
                    headers: page.headers.filter { $0.name != "ce_dssematerial" }
                        + foreign[0].headers.filter { $0.name == "ce_dssematerial" }.map { ($0.name, $0.value) },
                    value: page.value),
            ]
            try await source.intake.take(wrong)
            for partition in messages { try await source.intake.take(partition) }
            #expect(try await source.names(.departments).count == 40)
            #expect(try await stack.count("SELECT count(*) FROM cluster.dead_letters") == wrong.count)
            #expect(try await stack.count("SELECT count(*) FROM registers.feed_contents") == 0)
        }
    }

    @Test("no transaction waits behind the reading of other partitions' messages")
    func idleInTransaction() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let source = try await FeedSource(stack)
            // As short as the reading of some pages takes.
            let hurried = PostgresPool(
                conninfo: stack.conninfo, maximum: 8, setup: "SET idle_in_transaction_session_timeout = 1000",
                logger: stack.logger)
            let intake = FeedIntake(
                pool: hurried, topics: stack.topics, directory: KeyDirectory(pool: hurried),
                deadLetters: DeadLetters(pool: hurried, topics: stack.topics), logger: stack.logger)
            let bodies = (1...6_000).map { number -> (id: String, body: JSONValue?) in
                let row = row(number)
                return (row["id"]?.text ?? "", .object(row))
            }
            let batch = try source.batch(.entities, .snapshot, version: 1, bodies, packing: .pages(of: 250))
            let messages = source.messages(batch)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for partition in messages + messages { group.addTask { try await intake.take(partition) } }
                try await group.waitForAll()
            }
            await hurried.close()
            #expect(try await stack.count("SELECT count(*) FROM registers.quarantine") == 6_000)
        }
    }
}
