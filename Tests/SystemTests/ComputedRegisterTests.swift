import Cluster
import JSON
import Postgres
import Registers
import Testing

@Suite("Computed registers", .serialized)
struct ComputedRegisterTests {
    /// Items, objects and inspectors of three departments, of which two have joint items.
    private func prepare(_ county: StatedCounty) async throws {
        try await county.stack.pool.withConnection { connection in
            try await connection.script(
                """
                INSERT INTO registers.items (id, source, version, valid_from, name, legal_basis, department, object_kind,
                    methods, category, joint, kinds, industries, permits, specialties, in_force_from, in_force_until) VALUES
                    ('J1', 's', 1, now(), '食品', '法', 'SCJG', '餐饮', '{onsite}', 'key', true, '{}', '{H62}', '{食品经营}', '{食品}',
                        NULL, NULL),
                    ('J2', 's', 1, now(), '消防', '法', 'XFDD', '学校', '{onsite}', 'key', true, '{}', '{}', '{}', '{}', NULL, NULL),
                    ('J3', 's', 1, now(), '特种设备', '法', 'SCJG', '电梯', '{onsite}', 'key', true, '{}', '{}', '{}', '{特种设备}',
                        NULL, NULL),
                    ('J4', 's', 1, now(), '已废止', '法', 'SCJG', '学校', '{onsite}', 'key', true, '{}', '{}', '{}', '{}', NULL,
                        '2020-12-31'),
                    ('N1', 's', 1, now(), '单独', '法', 'WJW', '诊所', '{onsite}', 'key', false, '{}', '{}', '{}', '{}', NULL, NULL);
                INSERT INTO registers.entities (id, source, version, valid_from, name, credit, region, industry, kind,
                    permits, regulators, score, risks) VALUES
                    ('A', 's', 1, now(), '饭馆', 'A', '150222100', 'H6210', '个体', '{食品经营}', '{SCJG}', NULL, '{}'),
                    ('B', 's', 1, now(), '学校', 'B', '150222101', 'P8321', '学校', '{食品经营}', '{SCJG,WJW,XFDD}', 300, '{消防=高}'),
                    ('C', 's', 1, now(), '诊所', '-', '150222100', 'Q8425', '诊所', '{}', '{WJW}', NULL, '{}'),
                    ('D', 's', 1, now(), '饭馆', 'D', '150223100', 'H6210', '个体', '{}', '{SCJG,XFDD}', 900, '{}');
                INSERT INTO registers.inspectors (id, source, version, valid_from, name, department, regions, specialties,
                    certificate, certificate_until, recused, unit, qualifications) VALUES
                    ('P1', 's', 1, now(), '甲某', 'SCJG', '{}', '{食品}', 'C1', '2099-12-31', '{}', '食品股', '{a}'),
                    ('P2', 's', 1, now(), '乙某', 'SCJG', '{150222}', '{特种设备}', 'C2', '2020-01-01', '{}', '特设股', '{a,b}'),
                    ('P3', 's', 1, now(), '丙某', 'SCJG', '{150223}', '{}', '', NULL, '{}', '食品股', '{}'),
                    ('P4', 's', 1, now(), '丁某', 'XFDD', '{}', '{}', 'C4', '2099-12-31', '{}', '', '{}'),
                    ('P5', 's', 1, now(), '戊某', 'WJW', '{}', '{}', '', NULL, '{}', '', '{}');
                """)
        }
    }

    private func reading(_ county: StatedCounty, _ instant: String? = nil) async throws -> RegisterReading {
        try await RegisterReading(at: instant, from: county.worker)
    }

    @Test("joint registers hold what joint items in force apply to and who can be sent, and say what they leave out")
    func joint() async throws {
        try await StatedCounty.run { county in
            try await prepare(county)
            let joint = try await JointRegisters(as: reading(county), from: county.worker)
            #expect(joint.items == 3 && joint.objects == 2 && joint.inspectors == 2)
            let objects = try await JointRegisters.objects(as: reading(county), from: county.worker)
            #expect(objects.map { "\($0.entity):\($0.items.joined(separator: "+"))" } == ["A:J1", "B:J2"])
            let staff = try await JointRegisters.inspectors(as: reading(county), from: county.worker)
            #expect(staff.map { "\($0.department)/\($0.inspector)" } == ["SCJG/P1", "XFDD/P4"])
            let omitted = joint.omissions.map { "\($0.id) \($0.reason.rawValue)" }
            #expect(
                Set(omitted) == [
                    "P2 certificate.expired", "P3 certificate.missing", "J3 item.no-object", "J3 item.no-inspector",
                    "C entity.no-item", "D entity.no-item",
                ])
            #expect(omitted.count == 6, "P5's department has no joint item; J4 is not in force")
            #expect(joint.omissions.allSatisfy { ($0.reason.message.unicodeScalars.first?.value ?? 0) > 0x2E80 })

            // Before anything was registered there was nothing to leave out.
            let empty = try await JointRegisters(as: reading(county, "2020-01-01T00:00:00Z"), from: county.worker)
            #expect(empty.items == 0 && empty.objects == 0 && empty.omissions.isEmpty)
        }
    }

    @Test("somebody who is away today is left out of the joint inspectors, and back the day after")
    func absent() async throws {
        try await StatedCounty.run { county in
            try await prepare(county)
            let today = try await reading(county).day
            for (id, first, last) in [("a1", -3, -1), ("a2", 1, 9)] {
                try await county.say(
                    "absence-reported",
                    [
                        "id": .string(id), "inspector": "P1", "from": .string(today.adding(days: first).description),
                        "to": .string(today.adding(days: last).description), "reason": "培训",
                    ])
            }
            func away() async throws -> [String] {
                try await JointRegisters(as: reading(county), from: county.worker).omissions
                    .filter { $0.reason == .absent }.map(\.id)
            }
            #expect(try await away() == [])
            try await county.say(
                "absence-reported",
                [
                    "id": "a1", "inspector": "P1", "from": .string(today.description), "to": .string(today.description),
                    "reason": "病假",
                ])
            #expect(try await away() == ["P1"])
            #expect(
                try await JointRegisters(as: reading(county), from: county.worker).omissions
                    .contains { $0.id == "J1" && $0.reason == .noInspector }, "nobody else knows food")
        }
    }

    @Test("shared objects of any set of departments are those that all of them regulate")
    func shared() async throws {
        try await StatedCounty.run { county in
            try await prepare(county)
            for (departments, ids) in [
                (["SCJG", "XFDD"], ["B", "D"]), (["SCJG", "WJW", "XFDD"], ["B"]), (["WJW", "SCJG"], ["B"]),
                (["SCJG", "GAJ"], []),
            ] {
                let part = try SubRegisterName.shared(by: departments)
                let rows = try await reading(county).rows(of: .fed(.entities), part: part, from: county.worker)
                #expect(rows.map(\.id) == ids)
                #expect(
                    try await reading(county).count(of: .fed(.entities), part: part, from: county.worker) == ids.count)
            }
        }
    }

    @Test("a sub-register has the rows that fit its rule whenever one looks")
    func subRegisters() async throws {
        try await StatedCounty.run { county in
            try await prepare(county)
            let cases: [(String, JSONValue, [String])] = [
                ("entities", ["industries": ["H62", "P8"]], ["A", "B", "D"]),
                ("entities", ["industries": ["H62"], "permits": ["食品经营"]], ["A"]),
                ("entities", ["regions": ["150222"]], ["A", "B", "C"]), ("entities", ["kinds": ["诊所"]], ["C"]),
                ("entities", ["credit": ["D"]], ["D"]), ("entities", ["score": ["min": 300]], ["B", "D"]),
                ("entities", ["score": ["max": 899]], ["B"]), ("entities", ["risks": ["消防=高"]], ["B"]),
                ("entities", ["regulators": ["WJW", "XFDD"]], ["B", "C", "D"]),
                ("inspectors", ["departments": ["SCJG"], "regions": ["150222100"]], ["P1", "P2"]),
                ("inspectors", ["units": ["食品股"]], ["P1", "P3"]), ("inspectors", ["qualifications": ["b"]], ["P2"]),
                ("inspectors", ["specialties": ["食品", "特种设备"]], ["P1", "P2"]),
            ]
            for (index, (register, rule, _)) in cases.enumerated() {
                try await county.say(
                    "sub-register-defined",
                    [
                        "id": .string("S\(index + 100)"), "name": .string("子库\(index)"), "register": .string(register),
                        "rule": rule,
                    ])
            }
            let defined = try await reading(county).subRegisters(from: county.worker)
            #expect(defined.count == cases.count)
            for (part, (_, rule, ids)) in zip(defined, cases) {
                let rows = try await reading(county).rows(of: .fed(part.register), part: part, from: county.worker)
                #expect(rows.map(\.id) == ids, "\(rule.canonicalText)")
            }
            // The class that counts is the one in force.
            let before = try await county.now()
            try await county.say(
                "class-overridden", ["entity": "A", "class": "D", "reason": "事故", "until": "2099-12-31"], as: "SCJG")
            let part = try #require(defined.first { $0.rule["credit"] != nil })
            #expect(
                try await reading(county).rows(of: .fed(.entities), part: part, from: county.worker).map(\.id) == [
                    "A", "D",
                ])
            #expect(
                try await reading(county, before).rows(of: .fed(.entities), part: part, from: county.worker).map(\.id)
                    == ["D"])
        }
    }

    @Test("certificates that are missing, expired or end soon are listed, those without first")
    func certificates() async throws {
        try await StatedCounty.run { county in
            try await prepare(county)
            let today = try await reading(county).day
            for (id, days) in [("P1", 60), ("P4", 61)] {
                try await county.stack.pool.execute(
                    """
                    UPDATE registers.inspectors SET certificate_until = \(today.adding(days: days).description)::text::date
                    WHERE id = \(id)
                    """)
            }
            let due = try await Certificate.due(as: reading(county), from: county.worker)
            #expect(due.map(\.inspector) == ["P3", "P5", "P2", "P1"])
            #expect(due.map(\.state) == [.missing, .missing, .expired, .ending(within: 60)])
        }
    }

    @Test("pages follow one another; a row's history has every version with where it came from")
    func history() async throws {
        try await StatedCounty.run { county in
            let source = try await FeedSource(county.stack, "GSJ")
            func department(_ id: String, _ name: String) -> (id: String, body: JSONValue?) {
                (id, ["id": .string(id), "name": .string(name), "lead": false, "exempt": false])
            }
            try await source.feed(.departments, .snapshot, version: 1, (1...9).map { department("D\($0)", "局") })
            try await source.feed(.departments, .delta, version: 2, [department("D5", "新局")])
            try await source.feed(.departments, .delta, version: 3, [("D5", JSONValue?.none)], allowShrink: true)
            let reading = try await reading(county)
            var ids: [String] = []
            while true {
                let page = try await reading.rows(
                    of: .fed(.departments), after: ids.last ?? "", limit: 3, from: county.worker)
                if page.isEmpty { break }
                ids += page.map(\.id)
            }
            #expect(ids == ["D1", "D2", "D3", "D4", "D6", "D7", "D8", "D9"])
            let versions = try await RegisterReading.history(of: .fed(.departments), id: "D5", from: county.worker)
            #expect(versions.map { $0.body["name"] } == ["局", "新局"])
            #expect(versions.map(\.feed) == ["departments-1", "departments-2"])
            #expect(versions.map(\.position) == [6, 2] && versions.map(\.version) == [1, 2])
            #expect(versions[0].until == versions[1].since && versions[1].until != nil)

            let fresh = try await FeedFreshness.all(in: county.worker)
            #expect(fresh.map(\.source) == ["dept:GSJ"] && fresh.map(\.state) == [.fresh])
            #expect(try await FeedFreshness.all(in: county.worker, at: "2020-01-01T00:00:00Z").isEmpty)

            try await county.say("rule-set", ["key": "least_inspectors", "value": 3, "basis": "据"])
            try await county.say("rule-set", ["key": "least_inspectors", "withdrawn": "误设"])
            let said = try await RegisterReading.history(
                of: .stated(.rules), id: "least_inspectors", from: county.worker)
            #expect(said.map { $0.body["value"] } == [3, nil])
            #expect(said.map { $0.body["withdrawn"] } == [nil, "误设"])
        }
    }
}
