import Cluster
import JSON
import Postgres
import Registers
import Testing

@testable import Plans

@Suite("The life of plans on PostgreSQL")
struct PlanLifeTests {
    /// A register of 400 shops and 60 mills, items of three departments, and the days off of this year and the next.
    private func register(_ stack: TestStack) async throws {
        try await stack.pool.withConnection { connection in
            try await connection.script(
                """
                INSERT INTO registers.departments (id, source, version, valid_from, name, lead)
                VALUES ('SCJG', 's', 1, now(), '市场监督管理局', true), ('GAJ', 's', 1, now(), '公安局', false),
                    ('YJGL', 's', 1, now(), '应急管理局', false);
                INSERT INTO registers.items (id, source, version, valid_from, name, legal_basis, department, object_kind,
                    methods, category, cap_ppm)
                VALUES ('S-1', 's', 1, now(), '登记事项检查', '《条例》第一条', 'SCJG', '企业', '{onsite,written}', 'general', 200000),
                    ('S-2', 's', 1, now(), '价格检查', '《条例》第二条', 'SCJG', '企业', '{onsite}', 'key', NULL),
                    ('G-1', 's', 1, now(), '治安检查', '《条例》第三条', 'GAJ', '企业', '{onsite}', 'key', NULL),
                    ('Y-1', 's', 1, now(), '安全检查', '《条例》第四条', 'YJGL', '企业', '{onsite}', 'key', NULL);
                INSERT INTO registers.entities (id, source, version, valid_from, name, credit, region, industry, kind,
                    permits, regulators)
                SELECT 'E' || lpad(n::text, 6, '0'), 's', 1, now(), '对象', (ARRAY['A','B','C','D','-'])[n % 5 + 1],
                    '150222100', 'F5211', CASE WHEN n <= 400 THEN 'shop' ELSE 'mill' END, '{}', '{SCJG}'
                FROM generate_series(1, 460) n;
                INSERT INTO registers.inspectors (id, source, version, valid_from, name, department, regions,
                    specialties, certificate, certificate_until, recused)
                SELECT d || n, 's', 1, now(), '某人', d, '{}', '{}', 'C', '2099-12-31', '{}'
                FROM unnest(ARRAY['SCJG','GAJ','YJGL']) AS d, generate_series(1, 6) n;
                INSERT INTO registers.calendar (day, kind, holiday)
                SELECT make_date(extract(year FROM now())::int + y, 1, 1), 'rest', '元旦' FROM generate_series(0, 1) y
                ON CONFLICT DO NOTHING;
                """)
        }
    }

    private func request(_ id: String, item: String, _ changes: [String: JSONValue] = [:]) -> JSONValue {
        .object(
            [
                "id": .string(id), "items": [.string(item)], "pool": ["kinds": ["shop"]],
                "sample": ["rate_ppm": 100_000], "method": "onsite", "window": ["2026-03-01", "2026-06-30"],
                "joint": true, "coordination": "joint", "specialties": [], "team": 2,
            ].merging(changes) { _, new in new })
    }

    private func joint() -> JSONValue {
        [
            "id": "J", "department": "SCJG", "year": 2026, "version": 1, "kind": "joint", "scope": "comprehensive",
            "title": "联合计划", "participants": ["GAJ", "YJGL"],
            "lines": [
                [
                    "id": "1", "title": "综合大联查", "pool": ["kinds": ["shop"]], "sample": ["rate_ppm": 100_000],
                    "methods": ["onsite"], "windows": [["2026-03-01", "2026-09-30"]],
                    "parts": [
                        ["department": "SCJG", "items": ["S-2"]], ["department": "GAJ", "items": ["G-1"]],
                        ["department": "YJGL", "items": ["Y-1"]],
                    ],
                ]
            ],
        ]
    }

    @Test("Errors of the rules stop the check, each with its basis; warnings go into the receipt and stay on record")
    func rules() async throws {
        try await TestStack.with(partitions: nil) { stack in
            try await register(stack)
            let office = try await PlanOffice(stack, departments: ["SCJG", "GAJ", "YJGL"], areRulesWarnings: false)
            // Without joint inspection of its own, with a class left out, and above the general item's cap.
            let bad = try PlanOffice.document(
                "P", department: "SCJG",
                requests: [
                    request("1", item: "S-1", ["sample": ["rates_ppm": ["A": 250_000, "B": 100_000, "C": 0, "D": 0]]])
                ])
            guard case .object(var text) = bad, var lines = bad["lines"]?.elements,
                case .object(var line)? = lines.first
            else { return }
            line["sample"] = ["rates_ppm": ["A": 250_000, "B": 100_000, "C": 0, "D": 0]]
            lines = [.object(line)]
            text["lines"] = .array(lines)
            try await office.accept("plan-drafted", of: "P", ["plan": .object(text)], by: office.drafters["SCJG"])
            let refused = try await office.step("plan-checked", "P", 1, by: office.heads["SCJG"])
            #expect(
                refused.reasons.map(\.code) == ["rule.general_cap", "rule.class_without_rate", "rule.joint_organised"])
            #expect(refused.reasons.allSatisfy { $0.message.contains("依据") })
            #expect(try await stack.count("SELECT count(*) FROM plans.versions WHERE state = 'drafted'") == 1)

            try await office.accept("plan-drafted", of: "J", ["plan": joint()], by: office.drafters["SCJG"])
            text["version"] = 2
            line["sample"] = ["rate_ppm": 100_000]
            text["lines"] = [.object(line)]
            try await office.accept("plan-drafted", of: "P", ["plan": .object(text)], by: office.drafters["SCJG"])
            let checked = try await office.step("plan-checked", "P", 2, by: office.heads["SCJG"])
            #expect(checked.status == .accepted, "\(checked.reasons)")
            let warnings = (checked.details["warnings"]?.elements ?? []).compactMap { $0["rule"]?.text }
            #expect(warnings.contains("checklist_in_force") && warnings.contains("even_spread"))
            let shown = try #require(try await PlanReport.show("P", version: 2, stack.pool))
            let step = shown["steps"]?.elements?.last
            #expect(step?["step"] == "check" && step?["details"]?["warnings"] == checked.details["warnings"])
        }
    }

    @Test("A joint plan waits for all participants, who have two working days; who comes later is marked")
    func participants() async throws {
        try await TestStack.with(partitions: nil) { stack in
            try await register(stack)
            let office = try await PlanOffice(stack, departments: ["SCJG", "GAJ", "YJGL"])
            try await office.accept("plan-drafted", of: "J", ["plan": joint()], by: office.drafters["SCJG"])
            #expect(
                try await office.step("participation-confirmed", "J", 1, by: office.heads["GAJ"]).reasons.map(\.code)
                    == [
                        "plan.state"
                    ])
            #expect(try await office.step("plan-checked", "J", 1, by: office.heads["SCJG"]).status == .accepted)
            let approved = try await office.step("plan-approved", "J", 1, by: office.heads["SCJG"])
            let today = try await Day.today(in: stack.pool)
            let due = try await WorkingCalendar.load(from: stack.pool).adding(workingDays: 2, to: today)
            #expect(approved.details["confirm_by"] == .string(due.description))
            let first = try await office.step("participation-confirmed", "J", 1, by: office.heads["GAJ"])
            #expect(first.details["late"] == false)
            #expect(
                try await office.step("participation-confirmed", "J", 1, by: office.heads["SCJG"]).reasons.map(\.code)
                    == [
                        "department.other"
                    ])
            #expect(try await office.step("plan-reported", "J", 1, by: office.heads["SCJG"]).status == .accepted)
            try await office.accept(
                "plan-received", of: "J", ["plan": "J", "version": 1, "outcome": "received"], by: office.office)
            #expect(
                try await office.step("plan-published", "J", 1, by: office.heads["SCJG"]).reasons.map(\.code) == [
                    "participants.missing"
                ])
            try await stack.pool.execute("UPDATE plans.participants SET due_on = due_on - 30 WHERE department = 'YJGL'")
            let second = try await office.step("participation-confirmed", "J", 1, by: office.heads["YJGL"])
            #expect(second.details["late"] == true)
            #expect(try await office.step("plan-published", "J", 1, by: office.heads["SCJG"]).status == .accepted)
        }
    }

    @Test("The office may return a plan with its reason; the department drafts the next version")
    func returned() async throws {
        try await TestStack.with(partitions: nil) { stack in
            try await register(stack)
            let office = try await PlanOffice(stack, departments: ["SCJG"])
            func text(_ version: Int) throws -> JSONValue {
                try PlanOffice.document(
                    "P", version: version, department: "SCJG", requests: [request("1", item: "S-1")])
            }
            try await office.accept("plan-drafted", of: "P", ["plan": text(1)], by: office.drafters["SCJG"])
            for type in ["plan-checked", "plan-approved", "plan-reported"] {
                #expect(try await office.step(type, "P", 1, by: office.heads["SCJG"]).status == .accepted)
            }
            let silent = try await office.say(
                "plan-received", of: "P", ["plan": "P", "version": 1, "outcome": "returned"], by: office.office)
            #expect(silent.reasons.map(\.field) == ["reason"])
            try await office.accept(
                "plan-received", of: "P", ["plan": "P", "version": 1, "outcome": "returned", "reason": "比例过低"],
                by: office.office)
            #expect(try await office.step("plan-published", "P", 1, by: office.heads["SCJG"]).status == .rejected)
            try await office.accept("plan-drafted", of: "P", ["plan": text(2)], by: office.drafters["SCJG"])
            let shown = try #require(try await PlanReport.show("P", version: 1, stack.pool))
            #expect(shown["state"] == "withdrawn" && shown["steps"]?.elements?.last?["note"] == "比例过低")
        }
    }

    @Test("Of approvals at the same time one counts, and of first texts of a plan one is the first")
    func concurrent() async throws {
        try await TestStack.with(partitions: nil) { stack in
            try await register(stack)
            let office = try await PlanOffice(stack, departments: ["SCJG"])
            let text = try PlanOffice.document("P", department: "SCJG", requests: [request("1", item: "S-1")])
            func counted(_ say: @escaping @Sendable () async throws -> Receipt) async throws -> Int {
                try await withThrowingTaskGroup(of: Receipt.self) { group in
                    for _ in 0..<6 { group.addTask { try await say() } }
                    return try await group.reduce(into: 0) { $0 += $1.status == .accepted ? 1 : 0 }
                }
            }
            #expect(
                try await counted {
                    try await office.say("plan-drafted", of: "P", ["plan": text], by: office.drafters["SCJG"])
                } == 1)
            for type in ["plan-checked", "plan-approved", "plan-reported"] {
                #expect(
                    try await counted { try await office.step(type, "P", 1, by: office.heads["SCJG"]) } == 1, "\(type)")
            }
            #expect(try await stack.count("SELECT count(*) FROM plans.steps") == 4)
        }
    }

    @Test("A proposed merging is confirmed, or declined with a reason, with the figures of the registers, on record")
    func merging() async throws {
        try await TestStack.with(partitions: nil) { stack in
            try await register(stack)
            let office = try await PlanOffice(stack, departments: ["SCJG"])
            let text = try PlanOffice.document(
                "P", department: "SCJG",
                requests: [
                    request("1", item: "S-1"), request("2", item: "S-2"), request("3", item: "S-2", ["joint": false]),
                ])
            try await office.accept("plan-drafted", of: "P", ["plan": text], by: office.drafters["SCJG"])
            let checked = try await office.step("plan-checked", "P", 1, by: office.heads["SCJG"])
            #expect(checked.details["merges_to_decide"]?.elements?.count == 1)
            func decide(_ lines: [String], _ decision: String, reason: String? = nil) async throws -> Receipt {
                var data: [String: JSONValue] = [
                    "plan": "P", "version": 1, "lines": .strings(lines), "decision": .string(decision),
                ]
                data["reason"] = reason.map { .string($0) }
                return try await office.say("merge-decided", of: "P", .object(data), by: office.drafters["SCJG"])
            }
            func unanswered() async throws -> [String] {
                try PlanReport.text(#require(await PlanReport.show("P", version: 1, stack.pool)))
                    .filter { $0.contains("尚未答复") }
            }
            let waiting = try await unanswered()
            #expect(waiting.count == 1 && waiting[0].contains("P/1、P/2"))
            #expect(try await decide(["1", "2"], "declined").reasons.map(\.field) == ["reason"])
            #expect(try await decide(["1", "9"], "confirmed").reasons.map(\.code) == ["line.unknown"])
            #expect(try await decide(["1", "3"], "confirmed").reasons.map(\.code) == ["line.independent"])
            // An unanswered proposal refuses the approval only where the county says so.
            try await office.set(errors: [.mergeAnswered])
            #expect(
                try await office.step("plan-approved", "P", 1, by: office.heads["SCJG"]).reasons.map(\.code)
                    == ["rule.merge_answered"])
            let confirmed = try await decide(["2", "1"], "confirmed")
            #expect(confirmed.details["proposal"]?["visits_saved_millionths"] == 40_000_000)
            #expect(try await decide(["1", "3"], "declined", reason: "时间不便").status == .accepted)
            let open = try await unanswered()
            #expect(open.isEmpty)
            let shown = try #require(try await PlanReport.show("P", version: 1, stack.pool))
            #expect(shown["merges"]?.elements?.map { $0["decision"]?.text } == ["confirmed", "declined"])
            #expect(shown["merges"]?.elements?.last?["reason"] == "时间不便")
            let approved = try await office.step("plan-approved", "P", 1, by: office.heads["SCJG"])
            #expect(approved.status == .accepted && approved.details["warnings"] == nil)
        }
    }

    @Test("Lines at the county's rates are drawn with the rates that were in force when they were drafted")
    func countyRates() async throws {
        try await TestStack.with(partitions: nil) { stack in
            try await register(stack)
            let office = try await PlanOffice(stack, departments: ["SCJG"])
            let text = try PlanOffice.document(
                "P", department: "SCJG", requests: [request("1", item: "S-1", ["sample": ["county_rates": true]])])
            let refused = try await office.say("plan-drafted", of: "P", ["plan": text], by: office.drafters["SCJG"])
            #expect(refused.reasons.map(\.code) == ["rates.none"])
            try await stack.pool.execute(
                """
                INSERT INTO registers.statements (kind, id, valid_from, body, source, submission, department)
                VALUES ('rule', 'default_rates_ppm', clock_timestamp(),
                    '{"value": {"A": 10000, "B": 20000, "C": 100000, "D": 300000, "-": 30000}, "basis": "试验"}', 's', 's', 's')
                """)
            try await office.publish(text)
            let rates = try await stack.pool.query("SELECT rates #>> '{D,min}' AS rate FROM plans.drawable_lines")
                .map { try $0.decode("rate", as: String.self) }
            #expect(rates == ["300000"])
        }
    }

    @Test("A scheme stays as it was approved; before that it is a draft by the registers as they are")
    func scheme() async throws {
        try await TestStack.with(partitions: nil) { stack in
            try await register(stack)
            let office = try await PlanOffice(stack, departments: ["SCJG"])
            let text = try PlanOffice.document("P", department: "SCJG", requests: [request("1", item: "S-1")], draws: 2)
            try await office.publish(text)
            func document(draw: Int) async throws -> (html: String, isApproved: Bool)? {
                try await Scheme.document(plan: "P", version: nil, line: "1", draw: draw, stack.pool)
            }
            let draft = try #require(try await document(draw: 1))
            #expect(!draft.isApproved && draft.html.contains("现有 400 户") && draft.html.contains("市场监督管理局"))
            let approval: JSONValue = ["plan": "P", "version": 1, "line": "1", "draw": 1]
            #expect(
                try await office.say("scheme-approved", of: "P", approval, by: office.drafters["SCJG"]).reasons.map(
                    \.code)
                    == ["role.missing"])
            try await office.accept("scheme-approved", of: "P", approval, by: office.heads["SCJG"])
            #expect(
                try await office.say("scheme-approved", of: "P", approval, by: office.heads["SCJG"]).reasons.map(\.code)
                    == ["scheme.approved"])
            try await stack.pool.execute(
                "UPDATE registers.entities SET valid_to = clock_timestamp() WHERE id < 'E000101'")
            let approved = try #require(try await document(draw: 1))
            #expect(approved.isApproved && approved.html.contains("现有 400 户") && !approved.html.contains("草案"))
            #expect(try await document(draw: 2)?.html.contains("现有 300 户") == true)
            #expect(try await document(draw: 3) == nil)
        }
    }

    @Test("Proposals and forecast are of the plans in force and under way, by the registers as they are")
    func ahead() async throws {
        try await TestStack.with(partitions: nil) { stack in
            try await register(stack)
            let office = try await PlanOffice(stack, departments: ["SCJG", "GAJ", "YJGL"])
            for (department, item) in [("SCJG", "S-2"), ("GAJ", "G-1"), ("YJGL", "Y-1")] {
                let text = try PlanOffice.document(
                    "P-" + department, department: department, requests: [request("1", item: item)])
                try await office.accept(
                    "plan-drafted", of: "P-" + department, ["plan": text], by: office.drafters[department])
            }
            let proposals = try await PlanProposals.year(2026, department: nil, stack.pool)
            let joint = try #require(proposals["joint"]?.elements?.first)
            #expect(joint["lines"] == ["P-GAJ/1", "P-SCJG/1", "P-YJGL/1"] && joint["shared_objects"] == 400)
            #expect(joint["visits_saved_millionths"] == 80_000_000)
            #expect(PlanProposals.text(proposals).contains { $0.contains("减少 80.0 户次") })
            let forecast = try await PlanForecast.year(2026, department: nil, stack.pool)
            #expect(forecast["enterprises"]?["visits_millionths"] == 40_000_000)
            #expect(forecast["lines"]?.elements?.map { $0["drawn_each_time"] } == [40, 40, 40])
            let staff = forecast["inspectors"]?.elements ?? []
            #expect(staff.map { $0["slots"] } == [80, 80, 80] && staff.allSatisfy { $0["inspectors"] == 6 })
            #expect(try await PlanForecast.year(2026, department: "GAJ", stack.pool)["lines"]?.elements?.count == 1)
        }
    }
}
