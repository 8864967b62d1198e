import Cluster
import Draw
import Foundation
import Inspections
import JSON
import Postgres
import Rounds
import Testing

@Suite("The life of visits, with PostgreSQL")
struct VisitLifeTests {
    @Test("goes from assigned to reviewed, each step with its event")
    func life() async throws {
        try await InspectedCounty.run { county in
            let bench = try await VisitBench(county)
            #expect(try await bench.state() == "assigned")
            try await bench.accept("visit-confirmed", VisitBench.part())
            #expect(try await bench.state() == "confirmed")
            #expect(try await bench.codes("visit-ended", VisitBench.part(["on": "2026-03-09"])) == ["visit.not-begun"])
            try await bench.accept("visit-begun", VisitBench.part(["on": "2026-03-09", "inspectors": ["I1", "I2"]]))
            #expect(try await bench.state() == "begun")
            #expect(try await bench.codes("visit-begun", VisitBench.part(["on": "2026-03-09"])) == ["visit.again"])
            try await bench.accept("visit-ended", VisitBench.part(["on": "2026-03-10"]))
            #expect(try await bench.state() == "ended")
            try await bench.accept("result-recorded", VisitBench.result())
            #expect(try await bench.state() == "recorded")
            let approval = VisitBench.part(["version": 1, "decision": "approved"])
            try await bench.accept("result-reviewed", approval, as: "SCJG-review")
            #expect(try await bench.state() == "reviewed")
            #expect(try await bench.state("E1", "YJGL") == "assigned")
            #expect(
                try await bench.events("visit-changed").compactMap { $0["state"]?.text } == [
                    "confirmed", "begun", "ended",
                ])
        }
    }

    @Test("that could not be made is reported with the state of the object, in the open, and not replaced")
    func failed() async throws {
        try await InspectedCounty.run { county in
            let bench = try await VisitBench(county)
            try await bench.accept(
                "visit-failed", VisitBench.part(["on": "2026-03-09", "state": "注销", "note": "样例：已注销"]))
            #expect(try await bench.state() == "failed")
            #expect(try await bench.codes("visit-begun", VisitBench.part(["on": "2026-03-09"])) == ["visit.failed"])
            let lines = try await AmendmentStore.lines(of: "R-1", county.owner)
            #expect(lines.count == 1)
            let line = try JSONValue(parsing: try #require(lines.first))
            #expect(line["kind"] == "entity-gone")
            #expect(line["state"] == "注销")
            #expect(line["previous"] == .string(VisitBench.resultDigest))
            let open = try await county.texts("SELECT hash FROM open.amendments WHERE round = 'R-1'")
            #expect(open == [Hash(of: lines[0]).hex])
            #expect(try await county.count("SELECT count(*) FROM rounds.visits") == 2)
        }
    }

    @Test("gets the substitute that draw-v1 §9 names, by the loads after all amendments before")
    func amended() async throws {
        try await InspectedCounty.run { county in
            let bench = try await VisitBench(county)
            func amend(_ replaced: String, entity: String = "E1") async throws -> JSONValue {
                try await bench.accept(
                    "visit-amended",
                    VisitBench.part(
                        ["replaced": .string(replaced), "reason": "absence", "note": "样例"], entity: entity)
                ).details
            }
            // I1 and I2 hold two slots each. For E1: I3 has load 1, I4 has 0, I5 is recused.
            let first = try await amend("I1")
            #expect(first["substitute"] == "I4")
            #expect(first["slot"] == 0)
            // I4 is in the team now and I1 was replaced: only I3 is left.
            #expect(try await amend("I2")["substitute"] == "I3")
            // Nobody is left, which is said in the open too.
            #expect(try await amend("I4")["substitute"] == .null)
            // At E2, I5 has load 0; I4's went back to 0 and I3's is 2, so preference decides between I4 and I5.
            let vacancy = Vacancy(
                visit: TeamVisit(
                    id: "R-1-E2", region: "150222", entity: "E2", lastDay: "2026-03-31", specialties: [], team: 2),
                department: "SCJG", seed: VisitBench.seed, slot: 0, excluded: ["I1", "I2", "I3"])
            let expected = vacancy.substitute(among: VisitBench.inspectors) { _ in 0 }
            #expect(try await amend("I1", entity: "E2")["substitute"] == .nullable(expected?.id))

            let teams = try await county.texts(
                """
                SELECT array_to_string(inspectors, '+') FROM inspections.current_teams
                WHERE visit = 'R-1-E1' AND department = 'SCJG'
                """)
            #expect(teams == ["I3"])
            let lines = try await AmendmentStore.lines(of: "R-1", county.owner)
            var previous = VisitBench.resultDigest
            for (index, line) in lines.enumerated() {
                let json = try JSONValue(parsing: line)
                #expect(json["number"] == .integer(index + 1))
                #expect(json["previous"] == .string(previous))
                #expect(json.canonicalText == line)
                previous = Hash(of: line).hex
            }
            #expect(lines.count == 4)
            let bundle = try await RoundBundle.files("R-1", isPublic: false, county.owner)
            let file = try #require(bundle.first { $0.name == "amendments.jsonl" })
            #expect(file.bytes == Array((lines.joined(separator: "\n") + "\n").utf8))
            let open = try await RoundBundle.files("R-1", isPublic: true, county.owner)
            #expect(!open.contains { $0.name == "amendments.jsonl" }, "the lines name inspectors")
            let columns = try await county.texts(
                """
                SELECT column_name::text FROM information_schema.columns
                WHERE table_schema = 'open' AND table_name = 'amendments' ORDER BY 1
                """)
            #expect(columns == ["at", "hash", "kind", "number", "previous", "reason", "round"])
        }
    }

    @Test("never asks somebody who cannot come, and says whom it did not ask")
    func unfit() async throws {
        try await InspectedCounty.run { county in
            let bench = try await VisitBench(county)
            try await county.owner.execute("UPDATE registers.inspectors SET valid_to = now() WHERE id = 'I4'")
            let receipt = try await bench.accept(
                "visit-amended", VisitBench.part(["replaced": "I1", "reason": "recusal", "note": "样例"]))
            #expect(receipt.details["substitute"] == "I3")
            let line = try JSONValue(parsing: try await AmendmentStore.lines(of: "R-1", county.owner)[0])
            // I5 is recused by the frozen lines and by the register.
            #expect(line["excluded"] == ["I4", "I5"])
        }
    }

    @Test("keeps one chain when amendments and failures come at once")
    func race() async throws {
        try await InspectedCounty.run { county in
            let bench = try await VisitBench(county)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for entity in ["E1", "E2"] {
                    group.addTask {
                        try await bench.accept(
                            "visit-amended",
                            VisitBench.part(["replaced": "I1", "reason": "left", "note": "样例"], entity: entity))
                    }
                    group.addTask {
                        try await bench.accept(
                            "visit-failed",
                            VisitBench.part(
                                ["on": "2026-03-09", "state": "迁出", "note": "样例"], entity: entity,
                                department: "YJGL"), as: "YJGL")
                    }
                }
                try await group.waitForAll()
            }
            let lines = try await AmendmentStore.lines(of: "R-1", county.owner).map { try JSONValue(parsing: $0) }
            #expect(lines.map { $0["number"] } == [1, 2, 3, 4])
            for (line, next) in zip(lines, lines.dropFirst()) {
                #expect(next["previous"] == .string(Hash(of: line.canonicalText).hex))
            }
        }
    }

    @Test("has parts entrusted, whose conclusion a result rests on")
    func entrusted() async throws {
        try await InspectedCounty.run { county in
            let bench = try await VisitBench(county)
            let entrustment = VisitBench.part([
                "id": "W-1", "items": ["SCJG-2"], "service": "testing", "organisation": "样例检测所",
                "qualification": ["name": "检验检测机构资质认定", "number": "SAMPLE-1", "until": "2026-12-31"],
                "on": "2026-03-05",
            ])
            try await bench.accept("part-entrusted", entrustment)
            #expect(try await bench.codes("part-entrusted", entrustment) == ["id.taken"])
            let items: JSONValue = [
                ["item": "SCJG-1", "categories": ["未发现问题"]],
                ["item": "SCJG-2", "categories": ["未发现问题"], "sources": [["entrustment": "W-1"]]],
            ]
            let result = VisitBench.result(["items": items])
            #expect(try await bench.codes("result-recorded", result) == ["entrustment.unknown"])
            try await bench.accept(
                "part-concluded",
                [
                    "entrustment": "W-1", "department": "SCJG", "conclusion": "样例：合格", "on": "2026-03-09",
                    "document": ["name": "检验报告.pdf", "sha256": .string(String(repeating: "cd", count: 32))],
                ])
            try await bench.accept("result-recorded", result)
            let report = try #require(try await VisitReport.show("R-1-E1", county.owner))
            let part = report["parts"]?.elements?.first
            #expect(part?["entrustments"]?.elements?.first?["sha256"] == .string(String(repeating: "cd", count: 32)))
            #expect(
                part?["versions"]?.elements?.first?["items"]?.elements?.last?["sources"] == [["entrustment": "W-1"]])
        }
    }

    @Test("is announced to each department when the round is drawn, without entities and inspectors")
    func announced() async throws {
        try await InspectedCounty.run { county in
            let bench = try await VisitBench(county)
            let topics = Topics(prefix: "t.")
            let store = TaskStore(pool: county.worker, topics: topics)
            let task = try #require(try await store.take(owner: "w", kinds: [AssignedVisits.task]))
            try await store.finish(
                task, AssignedVisits.handler(pool: county.worker, topics: topics).run(task))
            let events = try await bench.events("visits-assigned")
            #expect(events.map { $0["department"] } == ["SCJG", "YJGL"])
            #expect(events.map { $0["visits"] } == [2, 2])
            for event in events {
                for secret in ["\"E1\"", "91150222", "I1", "I9"] { #expect(!event.canonicalText.contains(secret)) }
            }
        }
    }

    @Test("is listed and shown with team, checklist version, and what the others check at the same visit")
    func shown() async throws {
        try await InspectedCounty.run { county in
            let bench = try await VisitBench(county)
            try await bench.accept("visit-begun", VisitBench.part(["on": "2026-03-09"]))
            let begun = try await VisitReport.list(department: "SCJG", state: "begun", county.owner)
            #expect(begun.map { $0["visit"] } == ["R-1-E1"])
            #expect(try await VisitReport.list(round: "R-1", county.owner).count == 4)
            #expect(try await VisitReport.list(round: "R-2", county.owner).isEmpty)
            let report = try #require(try await VisitReport.show("R-1-E1", county.owner))
            #expect(report["entity_name"] == "企业E1")
            let parts = report["parts"]?.elements ?? []
            #expect(parts.map { $0["department"] } == ["SCJG", "YJGL"])
            #expect(parts[0]["team"]?.elements?.first?["certificate"] == "SAMPLE-I1")
            #expect(parts[1]["items"]?.elements?.first?["name"] == "样例事项YJGL-1")
            #expect(try await VisitReport.show("R-1-E9", county.owner) == nil)
            let papers = try #require(
                try await VisitPapers().papers(
                    of: "R-1-E1", department: "SCJG", code: VisitPapers.standardCode, county.owner))
            #expect(papers.count == 7)
            #expect(papers[0].html.contains("SAMPLE-I2") && papers[0].html.contains("样例事项YJGL-1"))
        }
    }
}
