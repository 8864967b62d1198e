import Cluster
import JSON
import Registers
import Testing

@testable import Notices

@Suite("A publication")
struct PublicationTests {
    static func publication(visit: String = "V1", version: Int = 1, findings: String? = "灭火器过期") -> Publication {
        Publication(
            entity: "91150222MA0000000X", entityName: "固阳县某公司", visit: visit, department: "SCJG",
            version: version, replaces: version == 1 ? nil : "\(visit)/SCJG", reason: version == 1 ? nil : "笔误",
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
                + #""entity":"91150222MA0000000X","entity_name":"固阳县某公司","id":"V1/SCJG","#
                + #""items":[{"categories":["未发现问题"],"findings":null,"item":"SCJG-1"},"#
                + #"{"categories":["发现问题已责令改正"],"findings":"灭火器过期","item":"SCJG-2"}],"#
                + #""reason":null,"replaces":null,"version":1,"visit":"V1"}"#)
    }

    @Test("is keyed by the entity, with one id for each visit, department and version")
    func message() {
        let message = Self.publication().message(earlier: [], topics: Topics(prefix: "t."))
        #expect(message.topic == "t.publications")
        #expect(message.key == "91150222MA0000000X")
        #expect(message.subject == "V1/SCJG")
        #expect(message.data?["visit"] == "V1")
        #expect(message.data?["earlier"] == [])
        #expect(Self.publication(version: 2).id == "V1/SCJG/2")
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
    static func day(_ text: String) throws -> Day { try #require(Day(text)) }

    static func reminder(
        _ audiences: [DeadlineRules.Audience], subject: String = "V1/SCJG", rung: String = "due", place: Int = 2,
        people: [String] = [], fireOn: String = "2026-03-19"
    ) throws -> Reminder {
        Reminder(
            kind: "publication", kindName: "公示结果", subject: subject, title: "检查任务 \(subject) 的检查结果应公示",
            basis: "固政办发〔2021〕32号", rung: rung, place: place, audiences: audiences, department: "SCJG", people: people,
            dueOn: try day("2026-03-24"), fireOn: try day(fireOn))
    }

    static func digests(_ reminders: [Reminder], today: String) throws -> [Digest] {
        Digest.digests(
            of: reminders, departments: ["SCJG": "市场监督管理局"], offices: ["SCJG"], today: try day(today))
    }

    @Test(
        "is never sent before its day", arguments: [("2026-03-18", false), ("2026-03-19", true), ("2026-04-01", true)])
    func due(today: String, due: Bool) throws {
        let reminder = try Self.reminder([.contact])
        #expect(try reminder.isDue(today: Self.day(today)) == due)
        #expect(try Self.digests([reminder], today: today).isEmpty == !due)
    }

    @Test("goes to whom its rung names, each once; to the contact where nobody inspects yet")
    func recipients() throws {
        func ids(_ audiences: [DeadlineRules.Audience], people: [String] = []) throws -> [String] {
            try Self.reminder(audiences, people: people).recipients(offices: ["L", "M"]).map(\.recipient.id)
        }
        #expect(try ids([.contact, .head]) == ["SCJG", "SCJG/head"])
        #expect(try ids([.inspectors], people: ["I1", "I2"]) == ["SCJG/inspectors/I1", "SCJG/inspectors/I2"])
        #expect(try ids([.inspectors, .contact]) == ["SCJG"])
        #expect(try ids([.office, .circular]) == ["L/office", "M/office", "SCJG/circular"])
    }

    @Test("falls into one digest for each recipient, in the order of the days; the circular's draft is no message")
    func digest() throws {
        let digests = try Self.digests(
            [
                Self.reminder([.contact], subject: "V2/SCJG", fireOn: "2026-03-20"),
                Self.reminder([.contact, .circular], subject: "V1/SCJG", fireOn: "2026-03-19"),
                Self.reminder([.head], subject: "V1/SCJG", rung: "late-1", place: 3, fireOn: "2026-03-20"),
            ], today: "2026-03-20")
        #expect(digests.map(\.recipient.id) == ["SCJG", "SCJG/head"])
        #expect(digests.first?.reminders.map(\.subject) == ["V1/SCJG", "V2/SCJG"])
        #expect(digests.map(\.isCatchingUp) == [true, false])
    }

    @Test("of one deadline is said once in the text, as it stands now, however many rungs are caught up")
    func caughtUp() throws {
        let digest = try #require(
            Self.digests(
                [
                    Self.reminder([.contact], rung: "ahead-2", place: 1, fireOn: "2026-03-20"),
                    Self.reminder([.contact], rung: "due", place: 2, fireOn: "2026-03-24"),
                ], today: "2026-03-27"
            ).first)
        #expect(digest.json["entries"]?.elements?.compactMap { $0["rung"]?.text } == ["ahead-2", "due"])
        let text = try Templates().message(digest)
        #expect(text.contains("市场监督管理局联络员：（补发）“双随机、一公开”有1项请办理"))
        #expect(text.split(separator: "\n").count == 2)
        #expect(text.contains("1. 检查任务 V1/SCJG 的检查结果应公示，期限 2026-03-24，已逾期3天。"))
    }

    @Test(
        "says how the deadline stands",
        arguments: [("2026-03-20", "还有4天"), ("2026-03-24", "今日到期"), ("2026-03-31", "已逾期7天")])
    func state(today: String, state: String) throws {
        #expect(try Digest.state(dueOn: Self.day("2026-03-24"), today: Self.day(today)) == state)
    }
}
