import Cluster
import Crypto
import JSON
import Postgres
import Registers
import Testing

@testable import Notices

@Suite("The mandated platform, draws elsewhere and requests for correction, with PostgreSQL")
struct PublicationPlatformTests {
    /// A county with a published result of SCJG at E1, and departments that submit.
    struct Bench {
        let county: InspectedCounty
        let inbox: Inbox
        let keys: [String: SigningKey]
        let clock: HandClock

        init(_ county: InspectedCounty) async throws {
            self.county = county
            try await county.registerCalendar(year: 2026)
            try await county.registerDepartments()
            try await county.register(entities: ["E1"])
            try await county.drawRound(entities: ["E1"])
            try await county.record(entities: ["E1"])
            clock = try HandClock("2026-03-11")
            try await county.notifier(clock).sweep()
            var keys: [String: SigningKey] = [:]
            for department in ["SCJG", "YJGL"] {
                let key = SigningKey(department: department, sources: ["dept:\(department)"], roles: [.result])
                try await KeyDirectory(pool: county.owner).register(key)
                keys[department] = key
            }
            self.keys = keys
            inbox = Inbox(
                pool: county.worker, topics: InspectedCounty.topics, directory: KeyDirectory(pool: county.worker),
                handlers: NoticeSubmissions.handlers)
        }

        /// The codes of the reasons; empty when it was accepted.
        func submit(
            _ type: String, _ id: String, _ body: JSONValue, as department: String = "SCJG"
        ) async throws -> [String] {
            let event = CloudEvent(
                id: id, source: "dept:\(department)", type: "cn.yaohao.notices.\(type).v1", subject: id,
                data: body.canonical)
            let signed = try Signature.sign(event, with: try #require(keys[department]))
            return try await inbox.take(
                headers: signed.headers.map { ($0.name, Array($0.value.utf8)) }, value: signed.data
            ).reasons.map { "\($0.field) \($0.code)" }
        }
    }

    @Test("task numbers come back from the owning department only, and go into the import sheets")
    func platform() async throws {
        try await InspectedCounty.run { county in
            let bench = try await Bench(county)
            let body: JSONValue = [
                "kind": "result", "subject": "R-1-E1/SCJG", "task_number": "150222-0007",
                "address": "https://www.example.cn/r/7", "entered_on": "2026-03-12",
            ]
            #expect(try await bench.submit("platform-recorded", "1", body, as: "YJGL") == ["subject department.other"])
            #expect(try await bench.submit("platform-recorded", "2", body) == [])
            let missing: JSONValue = [
                "kind": "result", "subject": "nothing", "task_number": "1", "entered_on": "2026-03-12",
            ]
            #expect(try await bench.submit("platform-recorded", "3", missing) == ["subject subject.unknown"])
            let blank: JSONValue = ["kind": "result", "subject": "R-1-E1/SCJG", "entered_on": "2026-03-12"]
            #expect(try await bench.submit("platform-recorded", "4", blank).count == 1)
            let rows = try await Export.results.rows(in: county.owner)
            #expect(rows.map { $0["task_number"] } == ["150222-0007"])
            let table = try Export.results.mapping().table(rows)
            #expect(table.count == 2 && table[0].first == "统一社会信用代码")
            #expect(table[1].contains("发现问题已责令改正") && table[1].contains("https://www.example.cn/r/7"))
            let open = try await county.texts("SELECT subject || ' ' || task_number FROM open.platform_records")
            #expect(open == ["R-1-E1/SCJG 150222-0007"])
        }
    }

    @Test("draws made elsewhere are on record with the reason, once, and open")
    func outside() async throws {
        try await InspectedCounty.run { county in
            let bench = try await Bench(county)
            let body: JSONValue = [
                "id": "OUT-1", "title": "特种设备专项", "system": "国家企业信用信息公示系统（内蒙古）", "reason": "上级统一抽取",
                "drawn_on": "2026-03-10", "items": ["SCJG-1"], "pool": 120, "objects": 12,
            ]
            #expect(try await bench.submit("outside-draw-recorded", "1", body) == [])
            #expect(try await bench.submit("outside-draw-recorded", "2", body) == ["id draw.exists"])
            guard case .object(var members) = body else { return }
            members["objects"] = 121
            members["id"] = "OUT-2"
            #expect(try await bench.submit("outside-draw-recorded", "3", .object(members)).count == 1)
            #expect(try await county.texts("SELECT id || ' ' || reason FROM open.outside_draws") == ["OUT-1 上级统一抽取"])
            let rows = try await Export.draws.rows(department: "SCJG", in: county.owner)
            #expect(rows.contains { $0["draw"] == "OUT-1" && $0["pool"] == 120 })
        }
    }

    @Test("an enterprise's request has a deadline, and is corrected only when the correction is published")
    func request() async throws {
        try await InspectedCounty.run { county in
            let bench = try await Bench(county)
            let body: JSONValue = [
                "id": "GZ-1", "publication": "R-1-E1/SCJG", "requested_on": "2026-03-12", "reason": "灭火器在有效期内",
            ]
            #expect(try await bench.submit("correction-requested", "1", body) == [])
            try await county.notifier(bench.clock).sweep()
            // Twenty working days without a holiday.
            #expect(try await DeadlineSourceTests.deadlines(county, "correction-request") == ["GZ-1 2026-04-09 open"])
            func answer(_ decision: String, on day: String = "2026-03-16") -> JSONValue {
                ["request": "GZ-1", "decision": .string(decision), "answer": "已核实", "answered_on": .string(day)]
            }
            #expect(
                try await bench.submit("correction-answered", "2", answer("corrected"))
                    == ["decision decision.uncorrected"])
            try await county.record(entities: ["E1"], version: 2, findings: "灭火器有效")
            try await county.notifier(bench.clock).sweep()
            #expect(
                try await bench.submit("correction-answered", "3", answer("corrected", on: "2026-03-11"))
                    == ["answered_on answered-on.early"])
            #expect(try await bench.submit("correction-answered", "4", answer("corrected")) == [])
            #expect(
                try await bench.submit("correction-answered", "5", answer("declined")) == ["request request.answered"])
            try await county.notifier(bench.clock).sweep()
            #expect(try await DeadlineSourceTests.deadlines(county, "correction-request") == ["GZ-1 2026-04-09 met"])
        }
    }
}
