import Cluster
import JSON
import Registers
import Testing

@testable import Notices

@Suite("A publication")
struct PublicationTests {
    static func publication(visit: String = "V1", findings: String? = "灭火器过期") -> Publication {
        Publication(
            entity: "91150222MA0000000X", entityName: "固阳县某公司", visit: visit, department: "SCJG",
            endedOn: "2026-03-10", dueOn: "2026-03-24",
            items: [
                .init(item: "SCJG-1", categories: ["未发现问题"], findings: nil),
                .init(item: "SCJG-2", categories: ["发现问题已责令改正"], findings: findings),
            ])
    }

    @Test("says what was found, under the entity's name, and nothing else")
    func body() {
        #expect(
            Self.publication().body.canonicalText
                == #"{"department":"SCJG","due_on":"2026-03-24","ended_on":"2026-03-10","#
                + #""entity":"91150222MA0000000X","entity_name":"固阳县某公司","#
                + #""items":[{"categories":["未发现问题"],"findings":null,"item":"SCJG-1"},"#
                + #"{"categories":["发现问题已责令改正"],"findings":"灭火器过期","item":"SCJG-2"}],"visit":"V1"}"#)
    }

    @Test("is keyed by the entity, with one id for each visit and department")
    func message() {
        let message = Self.publication().message(earlier: [], topics: Topics(prefix: "t."))
        #expect(message.topic == "t.publications")
        #expect(message.key == "91150222MA0000000X")
        #expect(message.subject == "V1/SCJG")
        #expect(message.data?["visit"] == "V1")
        #expect(message.data?["earlier"] == [])
    }

    @Test("carries the entity's earlier results, since compaction keeps only the last message of a key")
    func earlier() {
        let earlier = [Self.publication(visit: "V0").body, Self.publication(visit: "V1").body]
        let message = Self.publication(visit: "V2").message(earlier: earlier, topics: Topics())
        #expect(message.data?["earlier"]?.elements == earlier)
        #expect(message.data?["earlier_omitted"] == 0)
    }

    @Test("leaves out the oldest results, and counts them, when one message cannot hold them all")
    func tooMany() throws {
        let long = String(repeating: "查", count: 4_000)
        let earlier = (0..<100).map { Self.publication(visit: "V\($0)", findings: long).body }
        let message = Self.publication(visit: "V100").message(earlier: earlier, topics: Topics())
        let kept = try #require(message.data?["earlier"]?.elements)
        #expect(!kept.isEmpty && kept.last == earlier.last)
        #expect(message.data?["earlier_omitted"] == .integer(100 - kept.count))
        let size = try #require(message.data).canonical.count
        #expect(size < 500_000)
    }
}

@Suite("A reminder")
struct ReminderTests {
    static func reminder(_ audience: Audience) throws -> Reminder {
        Reminder(
            kind: "publication", subject: "V1/SCJG", rung: "due", audience: audience, department: "SCJG",
            dueOn: try #require(Day("2026-03-24")), fireOn: try #require(Day("2026-03-19")))
    }

    @Test(
        "is never sent before its day", arguments: [("2026-03-18", false), ("2026-03-19", true), ("2026-04-01", true)])
    func day(today: String, due: Bool) throws {
        #expect(try Self.reminder(.department).isDue(today: try #require(Day(today))) == due)
    }

    @Test("goes to the department, or when missed to each lead department")
    func recipients() throws {
        #expect(try Self.reminder(.department).recipients(leads: ["L"]) == ["SCJG"])
        #expect(try Self.reminder(.lead).recipients(leads: ["L", "M"]) == ["L", "M"])
        #expect(try Self.reminder(.lead).recipients(leads: []) == [])
    }

    @Test("is keyed by its recipient and says in Chinese and English how it stands")
    func message() throws {
        let messages = try Self.reminder(.lead).messages(
            leads: ["LEAD"], today: try #require(Day("2026-03-31")), topics: Topics(prefix: "t."))
        #expect(messages.map(\.key) == ["LEAD"])
        #expect(messages.map(\.topic) == ["t.notices"])
        let text = try #require(messages.first?.data?["message"]?.text)
        #expect(text.contains("已逾期") && text.contains("overdue") && text.contains("2026-03-24"))
        let today = try Self.reminder(.department).sentence(today: try #require(Day("2026-03-24")))
        #expect(today.contains("今日到期") && !today.contains("overdue"))
    }
}
