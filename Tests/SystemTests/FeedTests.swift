import Cluster
import Foundation
import JSON
import Kafka
import Postgres
import Registers
import Testing

/// A source that feeds registers of a county, without a broker between: its records are handed to the intake.
struct FeedSource {
    static let partitions = 3
    let stack: TestStack
    let key: SigningKey
    let intake: FeedIntake

    init(_ stack: TestStack, _ name: String = "SCJG", roles: Set<Role> = [.feed]) async throws {
        self.stack = stack
        key = try await stack.key(name, roles)
        intake = FeedIntake(
            pool: stack.pool, topics: stack.topics, directory: KeyDirectory(pool: stack.pool),
            deadLetters: DeadLetters(pool: stack.pool, topics: stack.topics), logger: stack.logger)
    }

    /// A feed as its records.
    struct Batch {
        let begin: [KafkaRecord]
        let rows: [KafkaRecord]
        let end: [KafkaRecord]
    }

    func batch(
        _ register: Register, _ mode: FeedMode, version: Int, _ rows: [(id: String, body: JSONValue?)],
        allowShrink: Bool = false, packing: FeedWriter.Packing = .pages(of: 7), asCells: Bool = false
    ) throws -> Batch {
        var writer = FeedWriter(
            FeedHeading(
                register: register, source: key.sources[0], id: "\(register.rawValue)-\(version)", mode: mode,
                version: version, partitions: Self.partitions, allowShrink: allowShrink),
            topics: stack.topics, time: "2026-03-02T08:00:00Z", signedBy: key, packing: packing)
        let begin = try writer.begin()
        var full: [KafkaRecord] = []
        for (offset, row) in rows.enumerated() {
            full += try writer.add(Self.row(row.id, row.body, at: offset + 2, asCells: asCells))
        }
        return Batch(begin: begin, rows: full, end: try writer.end())
    }

    private static func row(_ id: String, _ body: JSONValue?, at position: Int, asCells: Bool) -> FeedRow {
        if asCells, case .object(let members)? = body {
            let names = members.keys.sorted()
            if let cells = RowCells(columns: names, values: names.map { members[$0] ?? .null }) {
                return FeedRow(position: position, cells: cells)
            }
        }
        return FeedRow(position: position, id: id, body: body)
    }

    /// Its messages by partition, as the broker would keep them.
    func messages(_ batch: Batch) -> [[RawMessage]] {
        let records = batch.begin + batch.rows + batch.end
        return (0..<Self.partitions).map { partition in
            records.filter { $0.partition == Int32(partition) }.enumerated().map { offset, record in
                RawMessage(
                    topic: record.topic, partition: Int32(partition), offset: Int64(offset), key: record.key,
                    headers: record.headers.map { ($0.name, $0.value) }, value: record.value)
            }
        }
    }

    /// Feeds, and reads the report that stands in the newest receipt.
    @discardableResult
    func feed(
        _ register: Register, _ mode: FeedMode, version: Int, _ rows: [(id: String, body: JSONValue?)],
        allowShrink: Bool = false, packing: FeedWriter.Packing = .pages(of: 7), asCells: Bool = false
    ) async throws -> FeedReport {
        let batch = try batch(
            register, mode, version: version, rows, allowShrink: allowShrink, packing: packing, asCells: asCells)
        for messages in messages(batch) {
            try await intake.take(messages)
        }
        let receipt = try #require(try await receipts().last)
        #expect(receipt.id == "\(register.rawValue)-\(version)")
        let report = try FeedReport(json: receipt.details)
        #expect(report.addsUp)
        return report
    }

    /// Receipts in the outbox, oldest first.
    func receipts() async throws -> [Receipt] {
        try await stack.pool.query(
            """
            SELECT body FROM cluster.outbox WHERE topic = \(stack.topics.receipts) AND key = \(key.sources[0])
            ORDER BY sequence
            """
        ).map { try Receipt(json: JSONValue(parsing: $0.decode("body", as: [UInt8].self))) }
    }

    /// Feeds rows with what their sender found wrong with them, or in the name of a person.
    func feed(
        _ register: Register, _ mode: FeedMode, version: Int, rows: [FeedRow], by person: String? = nil
    ) async throws -> FeedReport {
        var writer = FeedWriter(
            FeedHeading(
                register: register, source: key.sources[0], id: "\(register.rawValue)-\(version)", mode: mode,
                version: version, partitions: Self.partitions, allowShrink: false, person: person),
            topics: stack.topics, time: "2026-03-02T08:00:00Z", signedBy: key)
        let begin = try writer.begin()
        var full: [KafkaRecord] = []
        for row in rows { full += try writer.add(row) }
        for messages in messages(Batch(begin: begin, rows: full, end: try writer.end())) {
            try await intake.take(messages)
        }
        return try FeedReport(json: try #require(try await receipts().last).details)
    }

    func names(_ register: Register) async throws -> [String] {
        try await stack.pool.query(
            "SELECT id || '=' || name AS name FROM registers.\(identifier: register.rawValue) WHERE valid_to IS NULL ORDER BY id"
        ).map { try $0.decode("name", as: String.self) }
    }
}

private func department(_ id: String, _ name: String) -> (id: String, body: JSONValue?) {
    (id, ["id": .string(id), "name": .string(name), "lead": false, "exempt": false])
}

private func departments(_ range: ClosedRange<Int>, _ name: String = "局") -> [(id: String, body: JSONValue?)] {
    range.map { department("D\(100 + $0)", name) }
}

@Suite("Feeds", .serialized)
struct FeedTests {
    @Test("a snapshot inserts, updates, leaves alone and retires, and the report adds up")
    func snapshot() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let source = try await FeedSource(stack)
            var report = try await source.feed(.departments, .snapshot, version: 1, departments(1...20))
            #expect(report.line == "read 20 = inserted 20 + updated 0 + unchanged 0 + retired 0 + quarantined 0")
            report = try await source.feed(
                .departments, .snapshot, version: 2,
                departments(2...18) + [department("D119", "新"), department("E", "E")])
            #expect(
                report.line == "read 19 + absent 2 = inserted 1 + updated 1 + unchanged 17 + retired 2 + quarantined 0")
            #expect(try await source.names(.departments).count == 19)
            // The old version ends at the instant at which the new one begins.
            #expect(
                try await stack.count(
                    """
                    SELECT count(*) FROM registers.departments o JOIN registers.departments n USING (id)
                    WHERE id = 'D119' AND o.name = '局' AND n.name = '新' AND o.valid_to = n.valid_from AND n.valid_to IS NULL
                    """) == 1)
        }
    }

    @Test("a feed of every register is taken over with all of its columns")
    func registers() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let source = try await FeedSource(stack)
            try await source.feed(.departments, .snapshot, version: 1, [department("SCJG", "局")])
            let rows: [(Register, String, JSONValue, SQL)] = [
                (
                    .entities, "91350100M000100Y43",
                    [
                        "id": "91350100M000100Y43", "name": "甲", "credit": "-", "region": "150222", "industry": "F52",
                        "kind": "企业", "permits": ["a", "b"], "regulators": ["SCJG"], "address": "街",
                    ], "SELECT to_jsonb(r) AS r FROM registers.entities r"
                ),
                (
                    .entities, "SITE-1",
                    [
                        "id": "SITE-1", "name": "某电梯", "credit": "-", "region": "150222", "industry": "F52",
                        "kind": "电梯", "permits": [], "regulators": ["SCJG"], "address": "",
                        "uscc": "91350100M000100Y43", "score": 300, "risks": ["消防=高"],
                    ], "SELECT to_jsonb(r) AS r FROM registers.entities r WHERE id = 'SITE-1'"
                ),
                (
                    .inspectors, "I2",
                    [
                        "id": "I2", "name": "丁", "department": "SCJG", "regions": [], "specialties": [],
                        "certificate": "", "certificate_until": nil, "recused": [], "unit": "食品股",
                        "category": "civil_servant", "qualifications": ["a"], "lines": ["b"], "experience": ["c", "d"],
                    ], "SELECT to_jsonb(r) AS r FROM registers.inspectors r WHERE id = 'I2'"
                ),
                (
                    .items, "T2",
                    [
                        "id": "T2", "name": "戊", "legal_basis": "法", "department": "SCJG", "object_kind": "企业",
                        "methods": ["onsite"], "category": "general", "cap_ppm": 50_000, "subject": "局",
                        "authority": "行政检查", "frequency": "一年一次", "line": "食品", "in_force_from": "2026-01-01",
                        "in_force_until": nil, "joint": true, "joint_batch": "第一批", "outside_reason": "",
                        "checklist": "CL-1", "specialties": ["食品"],
                    ], "SELECT to_jsonb(r) AS r FROM registers.items r WHERE id = 'T2'"
                ),
                (
                    .experts, "X1",
                    [
                        "id": "X1", "name": "某专家", "organisation": "某所", "organisation_kind": "institute",
                        "fields": ["消防"], "contact": "电话", "valid_until": "2027-01-31",
                    ], "SELECT to_jsonb(r) AS r FROM registers.experts r"
                ),
                (
                    .classes, "E1", ["id": "E1", "month": "2026-03", "class": "B"],
                    "SELECT to_jsonb(r) AS r FROM registers.classes r"
                ),
                (
                    .classes, "E1-fire",
                    ["id": "E1-fire", "month": "2026-03", "score": 7, "scheme": "消防", "entity": "E1"],
                    "SELECT to_jsonb(r) AS r FROM registers.classes r WHERE id = 'E1-fire'"
                ),
                (
                    .inspectors, "I1",
                    [
                        "id": "I1", "name": "乙", "department": "SCJG", "regions": [], "specialties": ["x"],
                        "certificate": "C", "certificate_until": "2028-02-29", "recused": [],
                    ], "SELECT to_jsonb(r) AS r FROM registers.inspectors r WHERE id = 'I1'"
                ),
                (
                    .items, "T1",
                    [
                        "id": "T1", "name": "丙", "legal_basis": "法", "department": "SCJG", "object_kind": "企业",
                        "methods": ["onsite"], "category": "key", "cap_ppm": nil,
                    ], "SELECT to_jsonb(r) AS r FROM registers.items r WHERE id = 'T1'"
                ),
            ]
            for (index, (register, id, body, query)) in rows.enumerated() {
                let version = 2 * index + 2
                #expect(try await source.feed(register, .delta, version: version, [(id, body)]).inserted == 1)
                let row = try #require(try await stack.pool.query(query).first)
                guard
                    case .object(let stored) = try JSONValue(parsing: row.decode("r", as: JSONText.self).raw),
                    case .object(let sent) = body
                else { return #expect(Bool(false)) }
                #expect(stored.filter { sent.keys.contains($0.key) } == sent)
                #expect(stored["feed"] == .string("\(register.rawValue)-\(version)") && stored["position"] == 2)
                #expect(try await source.feed(register, .delta, version: version + 1, [(id, body)]).unchanged == 1)
            }
        }
    }

    @Test("messages that come twice, in any order of partitions, and whole feeds sent again change nothing")
    func again() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let source = try await FeedSource(stack)
            let messages = source.messages(try source.batch(.departments, .snapshot, version: 1, departments(1...20)))
            for partition in [2, 0, 2, 1] { try await source.intake.take(messages[partition]) }
            let state: SQL =
                "SELECT md5(string_agg(d::text, '|' ORDER BY id))::text AS state FROM registers.departments d"
            let before = try await stack.pool.query(state).first?.decode("state", as: String.self)
            #expect(try await source.receipts().count == 1)
            for partition in messages { try await source.intake.take(partition) }
            #expect(try await stack.pool.query(state).first?.decode("state", as: String.self) == before)
            // Whoever sends again waits for the receipt again.
            let receipts = try await source.receipts()
            #expect(receipts.count > 1 && Set(receipts).count == 1)
            for table in ["contents", "pages", "ends"] {
                #expect(try await stack.count("SELECT count(*) FROM registers.feed_\(SQL(raw: table))") == 0)
            }
        }
    }

    /// Else whoever takes the last end finds the feed short of rows that are on their way.
    @Test("the end of a partition is only seen together with its rows")
    func endsAfterRows() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let source = try await FeedSource(stack)
            let messages = source.messages(try source.batch(.departments, .snapshot, version: 1, departments(1...20)))
            let full = try #require(messages.first { $0.count > 2 })
            let taking = try await stack.pool.transaction { transaction in
                try await transaction.execute("LOCK TABLE registers.feed_pages IN EXCLUSIVE MODE")
                let taking = Task { try await source.intake.take(full) }
                try await eventually("the rows wait for the lock") {
                    try await stack.count(
                        "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'registers.feed_pages'::regclass"
                    )
                        == 1
                }
                #expect(try await stack.count("SELECT count(*) FROM registers.feed_ends") == 0)
                return taking
            }
            try await taking.value
            #expect(try await stack.count("SELECT count(*) FROM registers.feed_ends") == 1)
            #expect(try await stack.count("SELECT count(*) FROM registers.feed_contents") > 0)
        }
    }

    /// Whether rows of a register wait for the end of their transaction.
    private func isUnderWay(_ register: Register, _ stack: TestStack) async throws -> Bool {
        try await stack.count(
            """
            SELECT count(*) FROM pg_locks WHERE granted AND mode = 'RowExclusiveLock'
                AND relation = \("registers." + register.rawValue)::text::regclass
            """) > 0
    }

    @Test("a feed whose rows are taken in while they come says nothing before its end, and then the same as any other")
    func followed() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let source = try await FeedSource(stack)
            let following = Task { try await source.intake.follower.run() }
            defer { following.cancel() }
            let good = departments(1...60)
            let bad = good.prefix(59) + [department("坏", "坏")]
            for (version, rows) in [(1, Array(good)), (2, Array(bad))] {
                let messages = source.messages(try source.batch(.departments, .snapshot, version: version, rows))
                let before = try await source.names(.departments).count
                for partition in messages { try await source.intake.take(partition.dropLast()) }
                try await eventually("its rows are taken in") { try await isUnderWay(.departments, stack) }
                #expect(try await source.names(.departments).count == before)
                for partition in messages { try await source.intake.take(Array(partition.suffix(1))) }
                try await eventually("the feed is applied") { try await source.receipts().count == version }
                #expect(try await source.names(.departments).count == 61 - version)
            }
            let report = try FeedReport(json: try #require(try await source.receipts().last).details)
            #expect(report.unchanged == 59 && report.quarantined == 1 && report.retired == 1 && report.addsUp)
        }
    }

    @Test("a feed that nothing more comes of holds nobody up, and is applied when it goes on")
    func followedInVain() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let source = try await FeedSource(stack)
            let other = try await FeedSource(stack, "GSJ")
            let following = Task { try await source.intake.follower.run() }
            defer { following.cancel() }
            let messages = source.messages(try source.batch(.departments, .snapshot, version: 1, departments(1...40)))
            for partition in messages { try await source.intake.take(partition.dropLast()) }
            try await eventually("its rows are taken in") { try await isUnderWay(.departments, stack) }
            #expect(try await other.feed(.departments, .delta, version: 1, departments(30...41)).inserted == 12)
            for partition in messages { try await source.intake.take(Array(partition.suffix(1))) }
            let report = try FeedReport(json: try #require(try await source.receipts().last).details)
            #expect(report.inserted == 29 && report.quarantined == 11 && report.addsUp)
        }
    }

    @Test("an id that comes twice is quarantined each time, however far apart", arguments: [false, true])
    func repeated(isFollowed: Bool) async throws {
        try await TestStack.with(partitions: nil) { stack in
            let source = try await FeedSource(stack)
            let following = Task { if isFollowed { try await source.intake.follower.run() } }
            defer { following.cancel() }
            let rows = departments(1...40) + departments(1...1)
            let messages = source.messages(try source.batch(.departments, .delta, version: 1, rows))
            for partition in messages { try await source.intake.take(partition.dropLast()) }
            if isFollowed {
                try await eventually("its rows are taken in") { try await isUnderWay(.departments, stack) }
            }
            for partition in messages { try await source.intake.take(Array(partition.suffix(1))) }
            try await eventually("the feed is applied") { try await source.receipts().count == 1 }
            let report = try FeedReport(json: try #require(try await source.receipts().last).details)
            #expect(report.inserted == 39 && report.quarantined == 2 && report.addsUp)
            #expect(report.examples.map(\.code) == ["id.repeated", "id.repeated"])
            #expect(report.examples.map(\.position) == [2, 42])
        }
    }

    @Test("a feed of which rows are lost waits, and is applied once they are sent again")
    func lost() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let source = try await FeedSource(stack)
            let messages = source.messages(try source.batch(.departments, .snapshot, version: 1, departments(1...20)))
            let full = try #require(messages.firstIndex { $0.count > 2 })
            for (partition, all) in messages.enumerated() {
                var kept = all
                if partition == full { kept.remove(at: 1) }
                try await source.intake.take(kept)
            }
            #expect(try await source.receipts().isEmpty)
            #expect(try await source.names(.departments).isEmpty)
            for partition in messages { try await source.intake.take(partition) }
            #expect(try await source.names(.departments).count == 20)
        }
    }

    @Test("partitions that several workers take at the same time make one feed, applied once")
    func atTheSameTime() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let source = try await FeedSource(stack)
            for version in 1...5 {
                let batch = try source.batch(
                    .departments, .snapshot, version: version, departments(1...60, "v\(version)"))
                let messages = source.messages(batch)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for partition in messages + messages {
                        group.addTask { try await source.intake.take(partition) }
                    }
                    try await group.waitForAll()
                }
            }
            #expect(try await stack.count("SELECT count(*) FROM registers.departments") == 300)
            #expect(try await stack.count("SELECT count(*) FROM registers.departments WHERE valid_to IS NULL") == 60)
            #expect(Set(try await source.receipts()).count == 5)
        }
    }

    @Test("an older feed never overwrites a newer one, whether snapshot or delta")
    func older() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let source = try await FeedSource(stack)
            try await source.feed(.departments, .snapshot, version: 10, departments(1...20, "ten"))
            var report = try await source.feed(.departments, .snapshot, version: 5, departments(1...19, "five"))
            #expect(report.outdated == 19 && report.unchanged == 19 && report.retired == 0)
            report = try await source.feed(
                .departments, .delta, version: 9, [department("D101", "nine"), department("N", "n")])
            #expect(report.outdated == 2)
            // The same as before, but confirmed at 30: what comes from 20 is too late.
            try await source.feed(.departments, .delta, version: 30, [department("D101", "ten")])
            report = try await source.feed(.departments, .delta, version: 20, [department("D101", "twenty")])
            #expect(report.outdated == 1)
            // Retired at 40: what comes from 35 does not bring it back, what comes from 50 does.
            try await source.feed(.departments, .delta, version: 40, [("D102", nil)])
            #expect(try await source.feed(.departments, .delta, version: 35, [department("D102", "x")]).outdated == 1)
            #expect(try await source.names(.departments).count == 19)
            #expect(try await source.feed(.departments, .delta, version: 50, [department("D102", "x")]).inserted == 1)
        }
    }

    @Test("a delta leaves alone what it does not name, and retires by tombstone without erasing")
    func delta() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let source = try await FeedSource(stack)
            try await source.feed(.departments, .snapshot, version: 1, departments(1...20))
            let report = try await source.feed(
                .departments, .delta, version: 2,
                [department("D101", "改"), department("D102", "局"), department("新", "新"), ("D103", nil), ("NONE", nil)])
            #expect(report.line == "read 5 = inserted 0 + updated 1 + unchanged 1 + retired 1 + quarantined 2")
            #expect(report.examples.map(\.code) == ["id.pattern", "id.unknown"])
            #expect(try await stack.count("SELECT count(*) FROM registers.departments WHERE id = 'D103'") == 1)
            // Retiring again is no mistake.
            #expect(try await source.feed(.departments, .delta, version: 3, [("D103", nil)]).unchanged == 1)
        }
    }

    @Test("retirements may stand between rows, in pages and as single rows", arguments: [3, nil] as [Int?])
    func mixed(pageRows: Int?) async throws {
        try await TestStack.with(partitions: nil) { stack in
            let source = try await FeedSource(stack)
            try await source.feed(.departments, .snapshot, version: 1, departments(1...20))
            let rows =
                departments(1...2, "新") + [("D103", JSONValue?.none)] + departments(4...9, "新")
                + [("D110", JSONValue?.none)] + departments(11...11, "新")
            let report = try await source.feed(
                .departments, .delta, version: 2, rows, allowShrink: true,
                packing: pageRows.map { .pages(of: $0) } ?? .single)
            #expect(report.line == "read 11 = inserted 0 + updated 9 + unchanged 0 + retired 2 + quarantined 0")
        }
    }

    @Test("what a file would change is found out without changing anything, and is what feeding it then changes")
    func preview() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let source = try await FeedSource(stack)
            try await source.feed(.departments, .snapshot, version: 1, departments(1...20))
            let text =
                "id,name,lead,exempt\nD101,改,false,false\nNEU,新,false,false\n坏,坏,false,false\n"
                + (102...118).map { "D\($0),局,false,false\n" }.joined()
            let file = try RegisterFile(of: .departments, file: "d.csv", bytes: Array(text.utf8))
            func heading(_ mode: FeedMode, _ version: Int) -> FeedHeading {
                FeedHeading(
                    register: .departments, source: source.key.sources[0], id: "p-\(version)", mode: mode,
                    version: version, partitions: 1, allowShrink: false)
            }
            let state: SQL = """
                SELECT (SELECT md5(string_agg(d::text, '|' ORDER BY id, valid_from)) FROM registers.departments d)
                    || (SELECT count(*) FROM registers.feed_contents) || (SELECT count(*) FROM registers.feed_pages)
                    || (SELECT count(*) FROM registers.quarantine) || (SELECT count(*) FROM registers.feeds) AS state
                """
            let before = try await stack.pool.query(state).first?.decode("state", as: String.self)
            let snapshot = try await FeedPreview(file, retiring: [], as: heading(.snapshot, 2), in: stack.pool)
            #expect(snapshot.report.inserted == 1 && snapshot.report.updated == 1 && snapshot.report.unchanged == 17)
            #expect(snapshot.report.quarantined == 1 && snapshot.report.absent == 2 && snapshot.reasons.isEmpty)
            let delta = try await FeedPreview(file, retiring: ["D119"], as: heading(.delta, 2), in: stack.pool)
            #expect(delta.report.inserted == 1 && delta.report.retired == 1 && delta.report.absent == 0)
            let tooFew = try RegisterFile(
                of: .departments, file: "d.csv", bytes: Array("id,name,lead,exempt\nD101,局,false,false\n".utf8))
            let refused = try await FeedPreview(tooFew, retiring: [], as: heading(.snapshot, 2), in: stack.pool)
            #expect(refused.reasons.map(\.code) == ["feed.shrink"])
            #expect(try await stack.pool.query(state).first?.decode("state", as: String.self) == before)

            var rows = try FeedFile(file, retiring: [])
            var all: [FeedRow] = []
            while let row = try rows.next() { all.append(row) }
            let report = try await source.feed(.departments, .snapshot, version: 2, rows: all)
            #expect(report == snapshot.report)
        }
    }

    @Test("a feed that would retire more than a tenth is refused, unless that is allowed")
    func shrink() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let source = try await FeedSource(stack)
            try await source.feed(.departments, .snapshot, version: 1, departments(1...20))
            try await source.feed(.departments, .snapshot, version: 2, departments(1...17))
            let refused = try #require(try await source.receipts().last)
            #expect(refused.status == .rejected && refused.reasons.map(\.code) == ["feed.shrink"])
            #expect(try await source.names(.departments).count == 20)
            // A tenth, and not more.
            #expect(try await source.feed(.departments, .snapshot, version: 3, departments(1...18)).retired == 2)
            let report = try await source.feed(
                .departments, .snapshot, version: 4, departments(1...2), allowShrink: true)
            #expect(report.retired == 16)
            #expect(try await source.receipts().last?.status == .accepted)
        }
    }

    @Test("bad rows are kept whole with every reason, the good ones go in, and a corrected row ends its quarantine")
    func quarantine() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let source = try await FeedSource(stack)
            try await source.feed(.departments, .snapshot, version: 1, departments(1...20))
            let inspector: (String, String) -> (id: String, body: JSONValue?) = { id, department in
                (
                    id,
                    [
                        "id": .string(id), "name": "张三", "department": .string(department), "regions": [],
                        "specialties": [], "certificate": "1", "certificate_until": "2027-01-01", "recused": [],
                    ]
                )
            }
            let bad: JSONValue = ["id": "B", "name": ""]
            let report = try await source.feed(
                .inspectors, .snapshot, version: 1,
                [
                    inspector("A", "D101"), ("B", bad), inspector("C", "NONE"), inspector("E", "D102"),
                    inspector("E", "D103"),
                ])
            #expect(report.line == "read 5 = inserted 1 + updated 0 + unchanged 0 + retired 0 + quarantined 4")
            let rows = try await stack.pool.query(
                "SELECT position, field, code, body FROM registers.quarantine WHERE superseded_at IS NULL ORDER BY number"
            )
            let found = try rows.map { row in
                "\(try row.decode("position", as: Int.self)) \(try row.decode("field", as: String.self)) "
                    + "\(try row.decode("code", as: String.self))"
            }
            #expect(Set(found).count == found.count)
            #expect(
                Set(["3 name field.empty", "3 recused field.missing", "4 department department.unknown"]).isSubset(
                    of: found))
            #expect(found.filter { $0.hasSuffix("id id.repeated") }.count == 2)
            #expect(try rows.contains { try $0.decode("body", as: [UInt8]?.self) == bad.canonical })
            // What is bad now was good before: that stays valid, and is not retired.
            let later = try await source.feed(
                .inspectors, .snapshot, version: 2, [("A", ["id": "A", "name": ""]), inspector("C", "D101")])
            #expect(later.line == "read 2 = inserted 1 + updated 0 + unchanged 0 + retired 0 + quarantined 1")
            #expect(try await source.names(.inspectors) == ["A=张三", "C=张三"])
            try await source.feed(.inspectors, .delta, version: 3, [inspector("A", "D101")])
            #expect(try await stack.count("SELECT count(*) FROM registers.quarantine WHERE superseded_at IS NULL") == 0)
        }
    }

    @Test("an id belongs to the source that fed it first")
    func otherSource() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let source = try await FeedSource(stack)
            let other = try await FeedSource(stack, "YJ")
            try await source.feed(.departments, .snapshot, version: 1, departments(1...20))
            let report = try await other.feed(
                .departments, .snapshot, version: 2, [department("D101", "夺"), department("YJ", "应急局")])
            #expect(report.inserted == 1 && report.quarantined == 1 && report.absent == 0)
            #expect(report.examples.first?.code == "id.source")
            #expect(try await source.names(.departments).contains("D101=局"))
        }
    }

    @Test("what is unsigned, changed, out of place or not entitled becomes a dead letter, and the rest is taken")
    func deadLetters() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let source = try await FeedSource(stack)
            let stranger = try await stack.key("X", [.request], sources: ["dept:X"])
            let batch = try source.batch(
                .departments, .snapshot, version: 1, departments(1...20), packing: .single)
            let messages = source.messages(batch)
            var offset: Int64 = 1_000
            func changed(
                _ message: RawMessage, topic: String? = nil, key: [UInt8]? = nil, value: [UInt8]? = nil,
                header: (String, String?)? = nil
            ) -> RawMessage {
                var headers = message.headers
                if let (name, text) = header {
                    headers.removeAll { $0.name == name }
                    if let text { headers.append((name, Array(text.utf8))) }
                }
                offset += 1
                return RawMessage(
                    topic: topic ?? message.topic, partition: message.partition, offset: offset,
                    key: key ?? message.key, headers: headers, value: value ?? message.value)
            }
            let row = try #require(
                messages.joined().first { $0.value.map { $0.starts(with: Array("{\"exempt\"".utf8)) } ?? false })
            let marker = try #require(messages[0].first)
            var foreign = FeedWriter(
                FeedHeading(
                    register: .departments, source: "dept:X", id: "x", mode: .delta, version: 1, partitions: 1,
                    allowShrink: false), topics: stack.topics, time: "2026-03-02T08:00:00Z", signedBy: stranger,
                packing: .single)
            let record = try #require(foreign.add(FeedRow(position: 1, id: "A", body: [:])).first)
            let wrong = [
                changed(row, value: Array("{}".utf8)), changed(row, key: Array("dept:YJ/D101".utf8)),
                changed(row, header: ("ce_feedversion", "9")), changed(row, header: ("ce_snapshot", nil)),
                changed(row, header: ("ce_dssematerial", nil)), changed(row, header: ("ce_id", nil)),
                changed(marker, topic: stack.topics.feed("items")),
                RawMessage(
                    topic: record.topic, partition: 0, offset: 9_999, key: record.key,
                    headers: record.headers.map { ($0.name, $0.value) }, value: record.value),
            ]
            try await source.intake.take(wrong + messages[0])
            for partition in messages.dropFirst() { try await source.intake.take(partition) }
            #expect(try await source.names(.departments).count == 20)
            #expect(try await stack.count("SELECT count(*) FROM cluster.dead_letters") == wrong.count)
            #expect(
                Set(
                    try await stack.pool.query("SELECT DISTINCT code FROM cluster.dead_letters").map {
                        try $0.decode("code", as: String.self)
                    }) == ["signature", "source", "envelope", "role"])
        }
    }

    @Test("a console’s feed names its person in the audit log; a key without that right may name nobody")
    func persons() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let rows = [FeedRow(position: 1, id: "D1", body: department("D1", "局").body)]
            let console = try await FeedSource(stack, roles: [.feed, .console])
            let report = try await console.feed(.departments, .delta, version: 1, rows: rows, by: "li.si")
            #expect(report.inserted == 1)
            let lines = try await AuditLog.lines(source: console.key.sources[0], stack.pool)
            #expect(lines.compactMap { $0["person"]?.text } == ["li.si"])
            try await stack.pool.transaction { while try await AuditLog.link(in: $0) > 0 {} }
            #expect(try await AuditVerification(pool: stack.pool).run().problems == [])

            let plain = try await FeedSource(stack, "YJGL")
            let heading = FeedHeading(
                register: .departments, source: plain.key.sources[0], id: "named", mode: .delta, version: 2,
                partitions: 1, allowShrink: false, person: "li.si")
            var writer = FeedWriter(
                heading, topics: stack.topics, time: "2026-03-02T08:00:00Z", signedBy: plain.key, packing: .single)
            let records = try writer.begin() + writer.add(rows[0]) + writer.end()
            try await plain.intake.take(
                records.enumerated().map { offset, record in
                    RawMessage(
                        topic: record.topic, partition: 0, offset: Int64(offset), key: record.key,
                        headers: record.headers.map { ($0.name, $0.value) }, value: record.value)
                })
            #expect(try await stack.count("SELECT count(*) FROM cluster.dead_letters WHERE code = 'person'") == 3)
            #expect(try await stack.count("SELECT count(*) FROM registers.feeds WHERE id = 'named'") == 0)
        }
    }

    @Test("the working calendar that comes with the program is loaded once and not overwritten")
    func calendar() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let connection = try await PostgresConnection.connect(stack.conninfo, logger: stack.logger)
            try await RegistersSchema.seedCalendar(on: connection)
            #expect(try await WorkingCalendar.load(from: stack.pool) == WorkingCalendar.embedded())
            try await connection.execute("UPDATE registers.calendar SET holiday = 'mended' WHERE day = '2026-10-01'")
            try await RegistersSchema.seedCalendar(on: connection)
            #expect(try await stack.count("SELECT count(*) FROM registers.calendar WHERE holiday = 'mended'") == 1)
            await connection.close()
        }
    }
}
