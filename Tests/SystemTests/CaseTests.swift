import Cluster
import Inspections
import JSON
import Postgres
import Testing

@Suite("Leads, cases and what becomes common, with PostgreSQL")
struct CaseTests {
    static func lead(_ id: String, _ members: [String: JSONValue] = [:]) -> JSONValue {
        .object(
            [
                "id": .string(id), "department": "SCJG", "origin": "complaint", "received_on": "2026-03-10",
                "entity": "E1", "items": ["SCJG-2"], "summary": "样例举报",
            ].merging(members) { _, new in new })
    }

    static func inspection(_ id: String, on day: String = "2026-03-11", category: String = "发现问题已责令改正") -> JSONValue {
        [
            "lead": .string(id), "department": "SCJG", "on": .string(day), "inspectors": ["I1", "I3"],
            "items": [["item": "SCJG-2", "categories": [.string(category)], "findings": "样例"]],
        ]
    }

    @Test("are inspected by named inspectors, recorded as not drawn, filed and concluded")
    func life() async throws {
        try await InspectedCounty.run { county in
            let bench = try await VisitBench(county)
            let receipt = try await bench.accept("lead-reported", Self.lead("L-1"))
            #expect(receipt.details["act_by"] == "2026-03-11")
            #expect(receipt.details["decide_by"] == "2026-03-31")
            let filing: JSONValue = ["lead": "L-1", "department": "SCJG", "on": "2026-03-12", "case": "样例案〔2026〕1号"]
            #expect(try await bench.codes("case-filed", filing) == ["lead.not-inspected"])
            let named = try await bench.accept("lead-inspected", Self.inspection("L-1"))
            #expect(named.details["drawn"] == false)
            #expect(try await county.texts("SELECT drawn::text FROM inspections.lead_events") == ["false"])
            try await bench.accept("case-filed", filing)
            try await bench.accept(
                "lead-concluded",
                ["lead": "L-1", "department": "SCJG", "on": "2026-03-20", "outcome": "punished", "note": "样例"])
            #expect(try await county.texts("SELECT state FROM inspections.lead_states") == ["concluded"])
            #expect(
                try await bench.events("lead-changed").map { $0["state"] }
                    == ["reported", "inspected", "filed", "concluded"])
            let unfit: JSONValue = [
                "lead": "L-1", "department": "SCJG", "on": "2026-03-11", "inspectors": ["I5", "I9"],
                "items": [["item": "SCJG-2", "categories": ["未发现问题"]]],
            ]
            // I5 is recused from the entity, I9 is of another department, and the lead is over.
            #expect(
                try await bench.codes("lead-inspected", unfit)
                    == ["lead.concluded", "inspectors.unfit", "inspectors.unfit"])
        }
    }

    @Test("are about persons in no register when they trade without licence")
    func unlicensed() async throws {
        try await InspectedCounty.run { county in
            let bench = try await VisitBench(county)
            let subject: JSONValue = ["name": "样例摊主", "address": "样例街", "region": "150222", "industry": "F52"]
            let lead = Self.lead("L-1", ["entity": .null, "subject": subject, "unlicensed": true])
            try await bench.accept("lead-reported", lead)
            #expect(
                try await bench.codes("lead-reported", Self.lead("L-2", ["entity": "E404"])) == ["entity.unknown"])
            try await bench.accept("lead-inspected", Self.inspection("L-1"))
            let order: JSONValue = [
                "id": "C-1", "kind": "other", "department": "SCJG", "lead": "L-1", "items": ["SCJG-2"],
                "ordered_on": "2026-03-11", "demand": "样例：停止经营，限期办理证照",
            ]
            try await bench.accept("consequence-ordered", order)
            #expect(try await bench.events("credit-fact").isEmpty, "who is in no register has no record")
            try await bench.accept(
                "lead-concluded",
                ["lead": "L-1", "department": "SCJG", "on": "2026-03-20", "outcome": "licensed"])
            // The notifier needs no names.
            await #expect(throws: PostgresError.self) {
                _ = try await county.notifier.query("SELECT subject FROM inspections.leads")
            }
            #expect(
                try await county.notifier.query("SELECT id FROM inspections.lead_states").count == 1)
        }
    }

    @Test("propose one special inspection when the same finding has become common")
    func common() async throws {
        try await InspectedCounty.run { county in
            let bench = try await VisitBench(county)
            let entities = (1...4).map { "F\($0)" }
            try await county.register(entities: entities)
            let today = try #require(
                try await county.texts("SELECT (now() AT TIME ZONE 'Asia/Shanghai')::date::text").first)
            for number in 0..<6 {
                let id = "L-\(number)"
                try await bench.accept(
                    "lead-reported",
                    Self.lead(id, ["entity": .string(entities[number % 4]), "received_on": .string(today)]))
                #expect(try await bench.events("special-proposed").count == (number >= 5 ? 1 : 0))
                try await bench.accept("lead-inspected", Self.inspection(id, on: today))
                // Five findings at three entities or more are common by the rule that comes with the program.
                #expect(try await bench.events("special-proposed").count == (number >= 4 ? 1 : 0))
            }
            let proposal = try #require(try await bench.events("special-proposed").first)
            #expect(proposal["item"] == "SCJG-2")
            #expect(proposal["industry"] == "C13")
            #expect(proposal["findings"] == 5)
            #expect(proposal["entities"] == 4)
            #expect(proposal["rate_ppm"] == 500_000)
            let report = try await LeadReport.common(all: false, county.owner)
            #expect(report.map { $0["findings"] } == [6])
            #expect(report.first?["proposal"] == proposal["proposal"])
            #expect(try await LeadReport.list(department: "SCJG", county.owner).count == 6)
        }
    }
}
