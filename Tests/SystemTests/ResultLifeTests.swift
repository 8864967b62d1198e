import Cluster
import Inspections
import JSON
import Postgres
import Testing

@Suite("Versions of results and their consequences, with PostgreSQL")
struct ResultLifeTests {
    @Test("are corrected in the open: the old one stays, the new one counts")
    func corrected() async throws {
        try await InspectedCounty.run { county in
            let bench = try await VisitBench(county)
            try await bench.accept("result-recorded", VisitBench.result())
            let correction = VisitBench.result(["version": 1, "reason": "样例：录入有误"], categories: ["发现问题待后续处理"])
            try await bench.accept("result-corrected", correction)
            #expect(try await bench.codes("result-corrected", correction) == ["result.version"])
            #expect(try await bench.codes("result-recorded", VisitBench.result()) == ["result.exists"])
            let versions = try await county.texts(
                """
                SELECT version || ':' || array_to_string(categories, '+') FROM inspections.result_items
                WHERE visit = 'R-1-E1' AND item = 'SCJG-2' ORDER BY version
                """)
            #expect(versions == ["1:发现问题已责令改正", "2:发现问题待后续处理"])
            let current = try await county.texts(
                "SELECT version || ' ' || reason FROM inspections.current_results WHERE visit = 'R-1-E1'")
            #expect(current == ["2 样例：录入有误"])
            #expect(try await county.count("SELECT count(*) FROM inspections.current_result_items") == 2)
            for statement: SQL in [
                "UPDATE inspections.results SET ended_on = ended_on", "DELETE FROM inspections.result_items",
                "TRUNCATE inspections.reviews", "DELETE FROM inspections.visit_events",
            ] {
                await #expect(throws: PostgresError.self) { try await county.owner.execute(statement) }
            }
        }
    }

    @Test("are released by somebody else than who recorded them, each version once")
    func reviewed() async throws {
        try await InspectedCounty.run { county in
            let bench = try await VisitBench(county)
            func review(_ version: Int, _ decision: String, reason: JSONValue = .null) -> JSONValue {
                VisitBench.part([
                    "version": .integer(version), "decision": .string(decision), "reason": reason,
                ])
            }
            func releasable() async throws -> [String] {
                try await county.texts("SELECT visit || ' ' || version FROM inspections.releasable_results")
            }
            #expect(
                try await bench.codes("result-reviewed", review(1, "approved"), as: "SCJG-review") == ["result.none"])
            try await bench.accept("result-recorded", VisitBench.result())
            #expect(try await releasable() == [])
            // The recorder's key has no right to review.
            #expect(try await bench.submit("result-reviewed", review(1, "approved")).status == .rejected)
            try await bench.accept(
                "result-reviewed", review(1, "returned", reason: "样例：请补充"), as: "SCJG-review")
            #expect(try await bench.state() == "returned")
            #expect(
                try await bench.codes("result-reviewed", review(1, "approved"), as: "SCJG-review") == [
                    "result.reviewed"
                ])
            #expect(try await bench.events("credit-fact").isEmpty)
            try await bench.accept("result-corrected", VisitBench.result(["version": 1, "reason": "样例：已补充"]))
            #expect(
                try await bench.codes("result-reviewed", review(1, "approved"), as: "SCJG-review") == ["result.version"]
            )
            try await bench.accept("result-reviewed", review(2, "approved"), as: "SCJG-review")
            #expect(try await releasable() == ["R-1-E1 2"])
            #expect(try await bench.events("result-released").map { $0["version"] } == [2])
            let facts = try await bench.events("credit-fact")
            #expect(facts.map { $0["kind"] } == ["finding"])
            #expect(facts[0]["entity"] == "E1")
            #expect(facts[0]["items"] == ["SCJG-2"])
            // A correction takes the place of what was released, and has to be released again.
            try await bench.accept("result-corrected", VisitBench.result(["version": 2, "reason": "样例：再次更正"]))
            #expect(try await releasable() == [])
        }
    }

    @Test("need no review where the county's rule says so")
    func withoutReview() async throws {
        try await InspectedCounty.run { county in
            let bench = try await VisitBench(county)
            try await county.owner.execute(
                """
                INSERT INTO registers.statements (kind, id, valid_from, body, source, submission, department)
                VALUES ('rule', 'results_without_review', now(),
                    '{"key": "results_without_review", "value": ["SCJG"], "basis": "样例"}', 'office:test', '1', 'LXHY')
                """)
            try await bench.accept("result-recorded", VisitBench.result())
            try await bench.accept(
                "result-recorded",
                VisitBench.part(
                    ["ended_on": "2026-03-10", "items": [["item": "YJGL-1", "categories": ["未发现问题"]]]],
                    department: "YJGL"), as: "YJGL")
            let releasable = try await county.texts("SELECT department FROM inspections.releasable_results")
            #expect(releasable == ["SCJG"])
            #expect(try await bench.events("result-released").map { $0["department"] } == ["SCJG"])
        }
    }

    @Test("that come late are taken and marked")
    func late() async throws {
        try await InspectedCounty.run { county in
            let bench = try await VisitBench(county)
            // The window of the test's round has long been over.
            let receipt = try await bench.accept("result-recorded", VisitBench.result())
            #expect(receipt.details["late"] == true)
            let marks = try await county.texts(
                "SELECT entry_due_on::text || ' ' || late FROM inspections.current_results WHERE visit = 'R-1-E1'")
            #expect(marks == ["2026-03-24 true"])
        }
    }

    static func order(_ id: String, _ kind: String, _ members: [String: JSONValue] = [:]) -> JSONValue {
        VisitBench.part(
            [
                "id": .string(id), "kind": .string(kind), "items": ["SCJG-2"], "ordered_on": "2026-03-11",
                "demand": "样例：更换灭火器",
            ].merging(members) { _, new in new })
    }

    static func step(_ id: String, _ step: String, _ members: [String: JSONValue] = [:]) -> JSONValue {
        .object(
            [
                "consequence": .string(id), "department": "SCJG", "step": .string(step), "on": "2026-04-01",
            ].merging(members) { _, new in new })
    }

    @Test("lead to an order that stays open until a re-inspection finds it corrected")
    func correction() async throws {
        try await InspectedCounty.run { county in
            let bench = try await VisitBench(county)
            #expect(try await bench.codes("consequence-ordered", Self.order("C-0", "stop")) == ["ground.none"])
            try await bench.accept("result-recorded", VisitBench.result())
            let receipt = try await bench.accept(
                "consequence-ordered", Self.order("C-1", "correction", ["due_on": "2026-03-27"]))
            #expect(receipt.details["reinspect_by"] == "2026-04-10")
            #expect(
                try await bench.codes("consequence-ordered", Self.order("C-1", "stop")) == ["id.taken"])
            try await bench.accept(
                "consequence-done", Self.step("C-1", "reinspected", ["outcome": "not-corrected"]))
            func open() async throws -> [String] {
                try await county.texts("SELECT id FROM inspections.consequences_open ORDER BY id")
            }
            #expect(try await open() == ["C-1"])
            let done = try await bench.accept(
                "consequence-done", Self.step("C-1", "reinspected", ["outcome": "corrected", "on": "2026-04-13"]))
            #expect(done.details["late"] == true)
            #expect(try await open() == [])
            #expect(
                try await bench.codes("consequence-done", Self.step("C-1", "reinspected", ["outcome": "corrected"]))
                    == ["consequence.done"])
            #expect(try await bench.codes("consequence-done", Self.step("C-9", "done")) == ["consequence.unknown"])
            let facts = try await bench.events("credit-fact")
            #expect(facts.map { $0["kind"] } == ["ordered", "done"])
            #expect(facts.allSatisfy { $0["consequence_kind"] == "correction" && $0["entity"] == "E1" })
            #expect(try await bench.events("consequence-changed").map { $0["state"] } == ["open", "done"])
        }
    }

    @Test("lead to a referral with its days and hours, and to a listing within ten working days")
    func referral() async throws {
        try await InspectedCounty.run { county in
            let bench = try await VisitBench(county)
            try await bench.accept("result-recorded", VisitBench.result(categories: ["通过登记的住所（经营场所）无法联系"]))
            let listing = try await bench.accept("consequence-ordered", Self.order("C-1", "abnormal"))
            #expect(listing.details["due_on"] == "2026-03-25")
            let referral = try await bench.accept(
                "consequence-ordered", Self.order("C-2", "judiciary", ["addressee": "样例县公安局"]))
            #expect(referral.details["approve_by"] == "2026-03-14")
            #expect(
                try await bench.codes(
                    "consequence-done", Self.step("C-2", "handed-over", ["at": "2026-03-12T02:00:00Z"])) == [
                        "step.other"
                    ])
            try await bench.accept(
                "consequence-done",
                Self.step("C-2", "approved", ["on": "2026-03-12", "at": "2026-03-12T02:00:00Z"]))
            let handed = try await bench.accept(
                "consequence-done",
                Self.step("C-2", "handed-over", ["on": "2026-03-13", "at": "2026-03-13T02:00:01Z"]))
            #expect(handed.details["late"] == true)
            let open = try await county.texts(
                "SELECT id || ' ' || due_on FROM inspections.consequences_open ORDER BY id")
            #expect(open == ["C-1 2026-03-25"])
        }
    }
}
