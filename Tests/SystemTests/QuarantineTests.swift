import Cluster
import JSON
import Postgres
import Registers
import Testing

@Suite("Quarantine and freshness", .serialized)
struct QuarantineTests {
    private func department(_ id: String) -> (id: String, body: JSONValue?) {
        (id, ["id": .string(id), "name": "局", "lead": false, "exempt": false])
    }

    private func inspector(_ id: String, _ department: String) -> (id: String, body: JSONValue?) {
        (
            id,
            [
                "id": .string(id), "name": "张三", "department": .string(department), "regions": [], "specialties": [],
                "certificate": "1", "certificate_until": "2027-01-01", "recused": [],
            ]
        )
    }

    @Test("a row that waits for its department is taken when it is replayed as it is")
    func replay() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let source = try await FeedSource(stack)
            let quarantine = Quarantine(pool: stack.pool)
            try await source.feed(.inspectors, .snapshot, version: 1, [inspector("A", "NEU"), ("B", ["id": "B"])])
            let rows = try await quarantine.rows(register: .inspectors)
            #expect(rows.map(\.id) == ["A", "B"])
            #expect(rows[0].findings.map(\.code) == ["department.unknown"] && rows[1].findings.count > 1)
            #expect(try await quarantine.rows(register: .items).isEmpty)
            #expect(try await quarantine.rows(source: "dept:NONE").isEmpty)
            // Any number of the row's findings names it.
            #expect(try await quarantine.rows(number: rows[1].number + 1).first == rows[1])

            try await source.feed(.departments, .snapshot, version: 2, [department("NEU")])
            let content = try #require(rows[0].content)
            let report = try await source.feed(.inspectors, .delta, version: 3, [("A", content)])
            #expect(report.inserted == 1 && report.quarantined == 0)
            #expect(try await quarantine.rows().map(\.id) == ["B"])
            #expect(try await quarantine.rows(number: rows[0].number).first?.supersededAt != nil)
        }
    }

    @Test(
        "what only a sender's mapping could find stays found when the row is replayed, and is gone once it is corrected"
    )
    func findingsOfSender() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let source = try await FeedSource(stack)
            let quarantine = Quarantine(pool: stack.pool)
            try await source.feed(.departments, .snapshot, version: 1, [department("SCJG")])
            let body = inspector("A", "SCJG").body
            // The row breaks no rule by itself: only the mapping knew that its date was written in another way.
            let found = Finding(field: "certificate_until", code: "date.format", message: "日期不符 / no such date")
            var report = try await source.feed(
                .inspectors, .snapshot, version: 1,
                rows: [FeedRow(position: 2, id: "A", body: body, findings: [found])])
            #expect(report.quarantined == 1)
            let row = try #require(try await quarantine.rows().first)
            #expect(row.findingsOfSender == [found] && row.content == body)

            report = try await source.feed(
                .inspectors, .delta, version: 2,
                rows: [FeedRow(position: 1, id: row.id, body: row.content, findings: row.findingsOfSender)])
            #expect(report.inserted == 0 && report.quarantined == 1)
            let again = try await quarantine.rows()
            #expect(again.map(\.findings) == [[found]] && again.first?.number != row.number)

            report = try await source.feed(
                .inspectors, .delta, version: 3,
                rows: [
                    FeedRow(
                        position: 1, id: row.id, body: try row.corrected(setting: [("certificate_until", "2027-01-01")])
                    )
                ])
            #expect(report.inserted == 1 && report.quarantined == 0)
            #expect(try await quarantine.rows().isEmpty)
        }
    }

    @Test("a correction sets fields as a file would have them, and names those that there are not")
    func correct() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let source = try await FeedSource(stack)
            let quarantine = Quarantine(pool: stack.pool)
            try await source.feed(.departments, .snapshot, version: 1, [department("SCJG")])
            guard case .object(var bad)? = inspector("A", "SCJG").body else { return }
            bad["certificate_until"] = "2027年1月1日"
            bad["colour"] = "red"
            try await source.feed(.inspectors, .snapshot, version: 1, [("A", .object(bad)), ("", ["name": "x"])])
            let rows = try await quarantine.rows()
            let mended = try rows[0].corrected(
                setting: [("certificate_until", "2027-01-01"), ("specialties", "b;a")], removing: ["colour"])
            #expect(Register.inspectors.findings(in: mended).isEmpty)
            #expect(mended["specialties"] == ["a", "b"])
            #expect(throws: QuarantinedRow.CorrectionProblem.self) { try rows[0].corrected(setting: [("color", "x")]) }
            #expect(throws: QuarantinedRow.CorrectionProblem.self) {
                try rows[0].corrected(setting: [], removing: ["nothing"])
            }
            // Rows without an id are not taken for one another.
            try await source.feed(.inspectors, .delta, version: 2, [("A", mended), ("", ["name": "y"])])
            #expect(try await quarantine.rows().map { $0.content?["name"] } == ["x", "y"])
            try await quarantine.supersede(rows[1])
            #expect(try await quarantine.rows().map { $0.content?["name"] } == ["y"])
        }
    }

    @Test("a feed is fresh, warned of, or an error by the county's rule, or by one of its own")
    func freshness() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let source = try await FeedSource(stack)
            #expect(try await FeedFreshness.all(in: stack.pool).isEmpty)
            try await source.feed(.departments, .snapshot, version: 1, [department("SCJG")])
            func states() async throws -> [String] {
                try await FeedFreshness.all(in: stack.pool).map {
                    "\($0.register) \($0.source) \($0.hours) \($0.state)"
                }
            }
            func age(_ hours: Int) async throws {
                try await stack.pool.execute(
                    "UPDATE registers.feeds SET applied_at = clock_timestamp() - make_interval(hours => \(hours)::int4)"
                )
            }
            #expect(try await states() == ["departments dept:SCJG 0 fresh"])
            try await age(9_600)
            #expect(try await states() == ["departments dept:SCJG 9600 warning"])
            try await age(17_520)
            #expect(try await states() == ["departments dept:SCJG 17520 error"])

            let office = try await stack.key("LXB", [.office])
            let inbox = Inbox(
                pool: stack.pool, topics: stack.topics, directory: KeyDirectory(pool: stack.pool),
                handlers: RegisterSubmissions.handlers)
            var submissions = 0
            func say(_ data: JSONValue) async throws -> Receipt {
                submissions += 1
                let event = try Signature.sign(
                    CloudEvent(
                        id: "s\(submissions)", source: "dept:LXB", type: "cn.yaohao.registers.freshness-set.v1",
                        data: data.canonical), with: office)
                return try await inbox.take(
                    headers: event.headers.map { ($0.name, Array($0.value.utf8)) }, value: event.data)
            }
            try await age(30)
            let rule: JSONValue = [
                "id": "F1", "register": "departments", "source": "dept:SCJG", "warn_hours": 24, "error_hours": 48,
            ]
            #expect(try await say(rule).status == .accepted)
            #expect(try await states() == ["departments dept:SCJG 30 warning"])
            // One that has never come is counted from when it is expected.
            let never: JSONValue = [
                "id": "F2", "register": "items", "source": "dept:SCJG", "warn_hours": 1, "error_hours": 2,
            ]
            #expect(try await say(never).status == .accepted)
            #expect(try await states() == ["departments dept:SCJG 30 warning", "items dept:SCJG 0 fresh"])
            #expect(try await say(["id": "F1", "withdrawn": "不再需要"]).status == .accepted)
            #expect(try await states().first == "departments dept:SCJG 30 fresh")
            let wrong: JSONValue = [
                "id": "F3", "register": "items", "source": "dept:SCJG", "warn_hours": 3, "error_hours": 2,
            ]
            #expect(try await say(wrong).reasons.map(\.field) == ["error_hours"])
        }
    }
}
