import Cluster
import Foundation
import JSON
import Testing
import Web

@testable import Console

@Suite("Forms: one description, one template, one reader")
struct FormTests {
    static let fields: [Field] = [
        Field("day", Words("日期", "Day"), .day), Field("text", Words("文字", "Text"), .text(most: 5)),
        Field("share", Words("比例", "Share"), .percent, isRequired: false),
        Field("note", Words("备注", "Note"), .paragraph(most: 10), isRequired: false),
        Field(
            "one", Words("单选", "One"),
            .choice([Field.Choice("a", Words("甲", "A")), Field.Choice("b", Words("乙", "B"))])),
        Field(
            "some", Words("多选", "Some"),
            .choices([Field.Choice("a", Words("甲", "A")), Field.Choice("b", Words("乙", "B"))]),
            isRequired: false),
        Field("flag", Words("是否", "Flag"), .flag),
        Field(
            "rows", Words("行", "Rows"), .rows(blank: 2, [Field("name", Words("名称", "Name"), .text(most: 9))]),
            isRequired: false),
        Field(
            "items", Words("事项", "Items"),
            .each([
                Field.Given(
                    heading: "I-1", fixed: ["item": "I-1"],
                    fields: [Field("found", Words("结果", "Found"), .lines(most: 9))])
            ])),
        Field(
            "sample", Words("抽取", "Sample"),
            .variant([
                Field.Variant(
                    name: "rate", label: Words("比例", "Rate"), fields: [Field("rate_ppm", Words("比例", "Rate"), .percent)]
                ),
                Field.Variant(name: "county", label: Words("默认", "County"), fixed: ["county_rates": true], fields: []),
            ])),
        Field("windows", Words("时间", "Windows"), .windows(blank: 1)),
    ]
    static let form = Form(
        subject: .field("text"), title: Words("样例", "Sample"), fixed: ["department": "SCJG"],
        fields: fields, back: "/")

    static let good: [(name: String, value: String)] = [
        ("day", "2026-03-09"), ("text", " 四个字呀 "), ("share", "12.5 %"), ("one", "b"), ("some", "b"), ("some", "a"),
        ("flag", "true"), ("rows[0].name", ""), ("rows[1].name", "甲"), ("items[0].found", "一\r\n\r\n 二 "),
        ("items[0].item", "I-9"), ("department", "YJGL"), ("sample", "rate"), ("sample.rate_ppm", "3"),
        ("windows[0][0]", "2026-03-01"), ("windows[0][1]", "2026-03-31"),
    ]

    @Test("give the message that they describe; what they fix is not the browser's to say")
    func reading() {
        let (body, problems) = FormReading.read(Self.form, FormFields(Self.good))
        #expect(problems.map(\.path) == [])
        #expect(
            body == [
                "department": "SCJG", "day": "2026-03-09", "text": "四个字呀", "share": 125_000, "one": "b",
                "some": ["a", "b"], "flag": true, "rows": [["name": "甲"]],
                "items": [["item": "I-1", "found": ["一", "二"]]], "sample": ["rate_ppm": 30_000],
                "windows": [["2026-03-01", "2026-03-31"]],
            ])
    }

    /// Whatever fields there are, beside those above.
    static let more = Form(
        title: Words("样例", "Sample"),
        fields: [
            Field("at", Words("时刻", "Instant"), .instant), Field("value", Words("值", "Value"), .json(most: 90)),
            Field("window", Words("时间", "Window"), .window), Field("count", Words("数", "Count"), .number(0...9)),
            Field("lines", Words("行", "Lines"), .lines(most: 9)),
            Field("group", Words("组", "Group"), .group([Field("name", Words("名称", "Name"), .text(most: 9))])),
            Field("part", Words("部分", "Part"), .single([Field("share", Words("比例", "Share"), .percent)])),
        ], back: "/")

    @Test("are filled in from a message so that they say the same again")
    func filling() {
        let (body, _) = FormReading.read(Self.form, FormFields(Self.good))
        let again = FormReading.read(Self.form, FormFilling.fill(Self.form, from: body))
        #expect(again.problems.map(\.path) == [])
        #expect(again.body == body)
        let other: JSONValue = [
            "at": "2026-03-01T20:15:30Z", "value": ["a": [1, ["b": true]], "c": nil],
            "window": ["2026-03-01", "2026-03-02"],
            "count": 7, "lines": ["一", "二"], "group": ["name": "甲"], "part": [["share": 5_000]],
        ]
        let sent = FormFilling.fill(Self.more, from: other)
        #expect(sent["at"] == "2026-03-02T04:15:30", "in China's time")
        #expect(sent["part[0].share"] == "0.5")
        #expect(FormReading.read(Self.more, sent).body == other)
    }

    @Test("take a row for empty while nothing is written into it beside what stands there from the beginning")
    func emptyRows() {
        let form = Form(
            title: Words("样例", "Sample"),
            fields: [
                Field(
                    "rows", Words("行", "Rows"),
                    .rows(
                        blank: 1,
                        [
                            Field("name", Words("名称", "Name"), .text(most: 9)),
                            Field(
                                "part", Words("部分", "Part"),
                                .single([Field("team", Words("人数", "Team"), .number(2...9), initial: 2)])),
                        ]))
            ], back: "/")
        func read(_ fields: [(name: String, value: String)]) -> JSONValue {
            FormReading.read(form, FormFields(fields)).body
        }
        let filled: [(name: String, value: String)] = [("rows[0].name", "甲"), ("rows[0].part[0].team", "2")]
        let one: JSONValue = ["rows": [["name": "甲", "part": [["team": 2]]]]]
        #expect(read(filled) == one)
        #expect(read(filled + [("rows[1].name", " "), ("rows[1].part[0].team", "2")]) == one)
        #expect(read(filled + [("rows[1].name", ""), ("rows[1].part[0].team", "3")])["rows"]?.elements?.count == 2)
    }

    @Test("show a message's wrong values as they were sent, to be corrected")
    func fillingWrong() {
        let wrong: JSONValue = [
            "day": 20_260_301, "text": ["a"], "one": "z", "share": "viel", "unknown": "x", "note": nil,
        ]
        let sent = FormFilling.fill(Self.form, from: wrong)
        #expect(sent.all.map(\.name) == ["day", "text", "share", "one"])
        #expect(sent["day"] == "20260301" && sent["text"] == "[\"a\"]" && sent["share"] == "viel")
        let problems = FormReading.read(Self.form, sent).problems.map(\.path)
        #expect(Set(["day", "share", "one"]).isSubset(of: problems))
    }

    @Test(
        "take instants in China’s time",
        arguments: [
            ("2026-03-01T08:30", "2026-03-01T00:30:00Z"), ("2026-03-01T00:00", "2026-02-28T16:00:00Z"),
            ("2027-01-01T07:59:59", "2026-12-31T23:59:59Z"), ("2026-03-01 23:05", "2026-03-01T15:05:00Z"),
            ("2026-02-30T08:30", nil), ("2026-03-01T24:00", nil), ("2026-03-01", nil), ("08:30", nil),
        ])
    func instants(typed: String, sent: String?) {
        #expect(FormReading.instant(typed) == sent)
        if let sent { #expect(FormReading.instant(FormView.china(sent)) == sent) }
    }

    @Test("fix members within objects too, and keep what is asked there")
    func fixedWithin() {
        let form = Form(
            subject: .known("s"), title: Words("计划", "Plan"),
            fixed: ["plan": ["version": 2, "department": "SCJG"]],
            fields: [
                Field("plan", Words("计划", "Plan"), .group([Field("title", Words("名称", "Title"), .text(most: 9))]))
            ],
            back: "/")
        let sent = FormFields([("plan.title", "样例"), ("plan.version", "9"), ("plan.department", "YJGL")])
        #expect(FormReading.read(form, sent).body == ["plan": ["version": 2, "department": "SCJG", "title": "样例"]])
    }

    @Test(
        "say what is wrong beside the field, by its path in the message",
        arguments: [
            ("day", "2026-02-30"), ("day", ""), ("text", "六个字太长了"), ("text", " "), ("share", "101"),
            ("share", "1.23456"),
            ("share", "-1"), ("note", "一二三四五六七八九十一"), ("one", "c"), ("one", ""), ("some", "c"), ("sample", "all"),
            ("sample", ""), ("sample.rate_ppm", "x"), ("windows[0][1]", "2026-02-01"), ("items[0].found", ""),
        ])
    func problems(name: String, value: String) {
        let sent = Self.good.filter { $0.name != name } + [(name: name, value: value)]
        let (_, problems) = FormReading.read(Self.form, FormFields(sent))
        #expect(problems.map(\.path) == [name.hasPrefix("windows") ? "windows[0]" : name])
        #expect(problems.allSatisfy { $0.message.chinese.unicodeScalars.contains { $0.value > 0x4E00 } })
    }

    @Test("show again everything that was typed, escaped, with each error tied to its field")
    func showing() throws {
        let hostile = #"<script>alert("1")</script>'"#
        let sent = FormFields(Self.good.map { ($0.name, $0.name == "some" ? "a" : hostile) })
        let (_, problems) = FormReading.read(Self.form, sent)
        let view = FormView(site: try Looks().plain, language: .chinese, sent: sent, problems: problems)
        let html = try view.fields(Self.form)
        #expect(!html.contains("<script>"))
        #expect(html.contains("&lt;script&gt;"))
        for problem in problems {
            let id = FormView.id(problem.path)
            #expect(html.contains("id=\"\(id)\"") && html.contains("id=\"\(id)-error\""), "\(problem.path)")
        }
        for field in ["text", "note", "rows[1].name", "items[0].found"] {
            #expect(html.contains("name=\"\(field)\""))
        }
    }

    @Test("pre-set nothing of what is found at an inspection")
    func nothingPreset() throws {
        let categories = ["未发现问题", "发现问题已责令改正"].map { Field.Choice($0, Words(same: $0)) }
        let row = Field.Given(
            heading: "I-1", fixed: ["item": "I-1"],
            fields: [Field("categories", Words("检查结果", "Found"), .choices(categories))])
        let form = Form(
            subject: .known("v"), title: Words("结果", "Result"),
            fields: [Field("items", Words("事项", "Items"), .each([row]))], back: "/")
        let view = FormView(site: try Looks().plain, language: .chinese, sent: nil, problems: [])
        #expect(!(try view.fields(form)).contains("checked"))
        #expect(FormReading.read(form, FormFields()).problems.map(\.path) == ["items[0].categories"])
    }

    @Test("are one submission however often the button is pressed, and another when something else is said")
    func once() {
        func id(_ once: String, _ text: String, _ login: String = "li.si") -> String {
            SubmissionDesk.id(once: once, "t", "s", ["text": .string(text)], login)
        }
        #expect(id("1", "a") == id("1", "a"))
        #expect(Set([id("1", "a"), id("2", "a"), id("1", "b"), id("1", "a", "wang.wu")]).count == 4)
    }

    @Test(
        "write shares as people do",
        arguments: [
            ("3", 30_000), ("0.5", 5_000), ("12.5%", 125_000), ("100 ％", 1_000_000), ("0.0001", 1),
        ])
    func shares(text: String, share: Int) {
        #expect(FormReading.partsPerMillion(text) == share)
        #expect(FormReading.partsPerMillion(FormView.percent(share)) == share)
    }
}
