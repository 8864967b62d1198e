import JSON
import Portal
import Postgres
import Testing
import Web
import WebTesting

/// The open site as its visitors meet it, on a database of its own and with the site's role.
struct OpenSite {
    let client: SiteClient

    /// Runs a test with the site of a county.
    static func of(
        _ stack: TestStack, largeCounty: Int = 50_000, _ test: (OpenSite) async throws -> Void
    ) async throws {
        let pool = PostgresPool(conninfo: stack.conninfo, maximum: 4, setup: Portal.setup, logger: stack.logger)
        let outcome: Result<Void, any Error>
        do {
            let portal = try Portal(pool: pool, base: "https://example.test", largeCounty: largeCounty)
            try await test(OpenSite(client: SiteClient(portal.responder())))
            outcome = .success(())
        } catch {
            outcome = .failure(error)
        }
        await pool.close()
        try outcome.get()
    }

    func json(_ path: String) async throws -> JSONValue {
        let answer = try await client(path)
        #expect(answer.status == 200, "\(path)")
        return try JSONValue(parsing: answer.body)
    }

    func ask(_ entity: String, _ word: String) async throws -> (status: Int, answer: JSONValue) {
        let answer = try await client("/pool.json", form: FormFields([("entity", entity), ("word", word)]))
        return (answer.status, try JSONValue(parsing: answer.body))
    }
}

@Suite("The open site") struct OpenSiteTests {
    /// Publishes results as the notifier does, by an insert.
    private func publish(
        _ stack: TestStack, _ visit: String, _ department: String, _ entity: String, _ name: String, version: Int = 1,
        category: String = "未发现问题", at: String
    ) async throws {
        let id = "\(visit)/\(department)" + (version == 1 ? "" : "/\(version)")
        let body: JSONValue = [
            "items": [["item": .string(department + "-1"), "categories": .strings([category]), "findings": nil]]
        ]
        try await stack.pool.execute(
            """
            INSERT INTO open.publications (id, entity, entity_name, visit, department, version, replaces, reason, ended_on,
                due_on, body, published_at)
            VALUES (\(id), \(entity), \(name), \(visit), \(department), \(version)::int4,
                \(optional: version == 1 ? nil : "\(visit)/\(department)"), \(optional: version == 1 ? nil : "录入有误"),
                '2026-03-02', '2026-03-16', \(body.canonicalText), \(at)::text::timestamptz)
            """)
    }

    private func ids(_ answer: JSONValue, _ list: String, _ key: String) -> [String] {
        guard case .array(let rows)? = answer[list] else { return [] }
        return rows.compactMap { if case .string(let id)? = $0[key] { id } else { nil } }
    }

    @Test(
        "An enterprise is found by any part of its name, also of one character, in any width and case; the closest first"
    )
    func search() async throws {
        try await TestStack.with(partitions: nil) { stack in
            try await publish(stack, "v1", "SCJG", "91150222MA00000001", "固阳县虚构（甲）超市有限公司", at: "2026-03-05 10:00+08")
            try await publish(stack, "v2", "SCJG", "91150222MA00000002", "虚构超市", at: "2026-03-06 10:00+08")
            try await publish(stack, "v3", "YJGL", "91150222MA00000003", "ＡＢＣ 虚构Café店", at: "2026-03-07 10:00+08")
            try await OpenSite.of(stack) { site in
                for (text, expected) in [
                    ("超市", ["91150222MA00000002", "91150222MA00000001"]),
                    ("超", ["91150222MA00000002", "91150222MA00000001"]),
                    ("(甲)超", ["91150222MA00000001"]), ("abc", ["91150222MA00000003"]),
                    ("ａｂｃ虚构", ["91150222MA00000003"]),
                    ("超有", []), ("%", []), ("_", []), ("91150222MA00000003", ["91150222MA00000003"]),
                    ("91150222ma0000", ["91150222MA00000001", "91150222MA00000002", "91150222MA00000003"]),
                ] {
                    let found = try await site.json("/search.json?q=" + FormFields.encode(text))
                    #expect(ids(found, "entities", "entity") == expected, "\(text)")
                }
            }
        }
    }

    @Test(
        "In a large county a part of very many names is found in some order, page by page; a rare one still the closest first"
    )
    func common() async throws {
        try await TestStack.with(partitions: nil) { stack in
            for number in 10..<70 {
                try await publish(
                    stack, "v\(number)", "SCJG", "91150222MA000000\(number)", "虚构第\(number)店", at: "2026-03-05 10:00+08"
                )
            }
            try await publish(stack, "a", "SCJG", "91150222MA00000A", "固阳县虚构书局", at: "2026-03-05 10:00+08")
            try await publish(stack, "b", "SCJG", "91150222MA00000B", "虚构书局", at: "2026-03-05 10:00+08")
            for largeCounty in [0, 50_000] {
                try await OpenSite.of(stack, largeCounty: largeCounty) { site in
                    var seen: [String] = []
                    let path = "/search.json?q=" + FormFields.encode("店")
                    var next: String?
                    repeat {
                        let page = try await site.json(path + (next.map { "&after=" + FormFields.encode($0) } ?? ""))
                        seen += ids(page, "entities", "entity")
                        #expect(page["common"] == .bool(largeCounty == 0))
                        if case .string(let after)? = page["next"] { next = after } else { next = nil }
                    } while next != nil
                    #expect(seen.count == 60 && Set(seen).count == 60)
                    let rare = try await site.json("/search.json?q=" + FormFields.encode("书局"))
                    #expect(ids(rare, "entities", "entity") == ["91150222MA00000B", "91150222MA00000A"])
                    #expect(rare["common"] == false)
                }
            }
        }
    }

    @Test("Results are listed by department, item, name and day, newest first, and pages neither repeat nor miss one")
    func filters() async throws {
        try await TestStack.with(partitions: nil) { stack in
            for number in 10..<70 {
                try await publish(
                    stack, "v\(number)", number % 2 == 0 ? "SCJG" : "YJGL", "91150222MA000000\(number)",
                    "虚构第\(number)店", at: "2026-03-05 10:00:\(number % 3)+08")
            }
            try await publish(stack, "late", "SCJG", "91150222MA00000099", "虚构夜店", at: "2026-04-01 00:30+08")
            try await OpenSite.of(stack) { site in
                var seen: [String] = []
                var path = "/results.json?department=YJGL&item=YJGL-1"
                while true {
                    let page = try await site.json(path)
                    seen += ids(page, "results", "id")
                    guard case .string(let next)? = page["next"] else { break }
                    path = "/results.json?department=YJGL&item=YJGL-1&after=" + FormFields.encode(next)
                }
                #expect(seen.count == 30 && Set(seen).count == 30)
                #expect(seen.allSatisfy { $0.hasSuffix("/YJGL") })
                // A day is the county's, not that of Greenwich.
                #expect(ids(try await site.json("/results.json?from=2026-04-01"), "results", "id") == ["late/SCJG"])
                #expect(ids(try await site.json("/results.json?to=2026-03-04"), "results", "id").isEmpty)
                #expect(
                    ids(try await site.json("/results.json?q=" + FormFields.encode("夜")), "results", "id") == [
                        "late/SCJG"
                    ])
                #expect(try await site.client("/results.json?from=2026-02-30").status == 400)
            }
        }
    }

    @Test(
        "A correction stands beside what it corrects, each at its own address; an old name still finds the enterprise")
    func corrections() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let code = "91150222MA00000001"
            try await publish(stack, "v1", "SCJG", code, "虚构旧名店", category: "发现问题已责令改正", at: "2026-03-05 10:00+08")
            try await publish(stack, "v1", "SCJG", code, "虚构新名店", version: 2, at: "2026-03-09 10:00+08")
            try await OpenSite.of(stack) { site in
                let entity = try await site.json("/entities/\(code).json")
                #expect(ids(entity, "results", "id") == ["v1/SCJG/2", "v1/SCJG"])
                #expect(entity["entity_name"] == "虚构新名店")
                #expect(entity["results_count"] == 1)
                #expect(try await site.json("/results/v1/SCJG.json")["replaced"] == true)
                #expect(try await site.json("/results/v1/SCJG/2.json")["reason"] == "录入有误")
                #expect(try await site.client("/results/v1/SCJG/3").status == 404)
                #expect(
                    ids(try await site.json("/search.json?q=" + FormFields.encode("旧名")), "entities", "entity") == [
                        code
                    ])
            }
        }
    }

    @Test("Who published late is named only when the office has released the circular, and only for its time")
    func timeliness() async throws {
        try await TestStack.with(partitions: nil) { stack in
            try await publish(stack, "v1", "SCJG", "91150222MA00000001", "虚构甲店", at: "2026-03-20 10:00+08")
            try await publish(stack, "v2", "YJGL", "91150222MA00000002", "虚构乙店", at: "2026-03-05 10:00+08")
            try await OpenSite.of(stack) { site in
                let before = try await site.json("/timeliness.json")
                #expect(before["months"]?[0]?["late"] == 1)
                #expect(before["released"] == .null)
                for (until, named) in [("2026-03-15", false), ("2026-03-31", true)] {
                    let rule: JSONValue = [
                        "value": ["until": .string(until), "circular": "第一期通报"], "basis": "测试",
                    ]
                    try await stack.pool.execute(
                        """
                        INSERT INTO registers.statements (kind, id, valid_from, body, source, submission, department)
                        VALUES ('rule', 'lateness_released', clock_timestamp(), \(rule.canonicalText)::text::jsonb,
                            'dept:SCJG', gen_random_uuid()::text, 'SCJG')
                        """)
                    let after = try await site.json("/timeliness.json")
                    #expect((after["released"]?["departments"]?[0]?["department"] == "SCJG") == named, "\(until)")
                }
            }
        }
    }

    @Test("The site's role reads the open schema and nothing else, and writes nothing")
    func role() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let pool = PostgresPool(conninfo: stack.conninfo, maximum: 1, setup: Portal.setup, logger: stack.logger)
            for statement: SQL in [
                "SELECT * FROM registers.entities", "SELECT * FROM rounds.rounds", "SELECT * FROM site.word_secret",
                "SELECT site.word_of('91150222MA00000001')", "SELECT * FROM site.roster_pages",
                "SELECT * FROM inspections.results", "SELECT * FROM cluster.tasks",
                "INSERT INTO open.publications DEFAULT VALUES", "CREATE TABLE open.t ()", "CREATE TEMP TABLE t ()",
            ] {
                await #expect(throws: PostgresError.self, "\(statement)") { _ = try await pool.query(statement) }
            }
            await pool.close()
        }
    }
}

extension JSONValue {
    /// An element of a list; `nil` when there is none.
    subscript(index: Int) -> JSONValue? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }
}
