import JSON
import Registers
import Testing

@testable import Returns

@Suite("The draft of a circular")
struct CircularTests {
    static func day(_ text: String) throws -> Day { try #require(Day(text)) }

    static func duty(
        _ department: String, due: String, met: String?, reminders: Int = 0, subject: String = "S"
    ) throws -> CircularDraft.Duty {
        CircularDraft.Duty(
            kind: "publication", subject: subject, title: "检查结果应公示", department: department, dueOn: try day(due),
            metOn: try met.map(day), reminders: reminders)
    }

    static let rules = [
        CircularDraft.Rule(level: "named", leastOverdue: 1, leastDays: 1, basis: "甲"),
        CircularDraft.Rule(level: "talk", leastOverdue: 3, leastDays: 10, basis: "乙"),
        CircularDraft.Rule(level: "accountability", leastOverdue: 10, leastDays: 30, basis: "丙"),
    ]

    static func draft(_ duties: [CircularDraft.Duty], asOf: String = "2026-04-01") throws -> CircularDraft {
        CircularDraft(
            from: try day("2026-03-01"), to: try day("2026-03-31"), duties: duties, rules: rules,
            names: ["A": "甲局", "B": "乙局", "C": "丙局<>"], asOf: try day(asOf))
    }

    @Test(
        "rises with what is late, at the rule's numbers exactly",
        arguments: [
            ([("2026-03-10", "2026-03-10")], nil), ([("2026-03-10", "2026-03-11")], "named"),
            ([("2026-03-10", "2026-03-19")], "named"), ([("2026-03-10", "2026-03-20")], "talk"),
            ([("2026-03-22", nil)], "talk"), ([("2026-03-23", nil)], "named"),
            ([("2026-03-02", nil)], "accountability"),
            ([("2026-03-03", nil)], "talk"),
            ([("2026-03-30", nil), ("2026-03-30", nil), ("2026-03-30", "2026-03-30")], "named"),
            ([("2026-03-30", nil), ("2026-03-30", nil), ("2026-03-30", "2026-03-31")], "talk"),
        ] as [([(String, String?)], String?)])
    func levels(_ duties: [(String, String?)], level: String?) throws {
        let draft = try Self.draft(duties.map { try Self.duty("A", due: $0.0, met: $0.1) })
        #expect(draft.records.map(\.level) == [level])
        #expect(draft.records.map(\.isPraised) == [level == nil])
    }

    @Test("praises, names and lists each department once, with its figures")
    func records() throws {
        let draft = try Self.draft([
            Self.duty("A", due: "2026-03-10", met: "2026-03-09"),
            Self.duty("B", due: "2026-03-10", met: "2026-03-12", reminders: 2, subject: "S1"),
            Self.duty("B", due: "2026-03-20", met: nil, reminders: 3, subject: "S2"),
            Self.duty("C", due: "2026-03-31", met: nil, reminders: 1),
        ])
        #expect(draft.records.map(\.department) == ["B", "C", "A"])
        let worst = try #require(draft.records.first)
        #expect(worst.due == 2 && worst.onTime == 0 && worst.late == 1 && worst.open == 1)
        #expect(worst.worst == 12 && worst.reminders == 5 && worst.level == "talk")
        #expect(draft.overdue.map(\.subject) == ["S1", "S2", "S"])
        let html = try draft.html()
        #expect(html.contains("甲局各项任务全部按期完成"))
        #expect(html.contains("拟约谈乙局负责人"))
        #expect(html.contains("丙局&lt;&gt;") && !html.contains("丙局<>"))
        #expect(html.contains("本期没有建议追责的情形"))
        #expect(!html.contains("{{"))
    }

    @Test("says so when there is nothing")
    func nothing() throws {
        let draft = try Self.draft([])
        #expect(draft.records == [])
        #expect(try draft.html().contains("本期没有达到通报标准的逾期事项"))
    }
}
