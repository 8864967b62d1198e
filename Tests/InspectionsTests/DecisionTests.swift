import Cluster
import JSON
import Registers
import Testing

@testable import Inspections

@Suite("A result of an inspection")
struct DecisionTests {
    /// 2026-03-02
    static let windowFirst = Day(number: 20_514)
    /// 2026-03-20
    static let today = Day(number: 20_532)
    static let visit = VisitFacts(
        round: "R-1", entity: "E1", windowFirst: windowFirst,
        parts: [
            "SCJG": .init(items: ["SCJG-1", "SCJG-2"], inspectors: ["I1", "I2"]),
            "YJGL": .init(items: ["YJGL-1"], inspectors: ["I9"]),
        ])
    static let categories: [String: CategoryKind] = [
        "未发现问题": .clear, "发现问题已责令改正": .finding, "不配合检查情节严重": .finding, "暂停营业": .state,
    ]

    static func facts(visit: VisitFacts? = visit, recorded: [String: Int] = [:]) -> ResultFacts {
        ResultFacts(
            today: today, visit: visit, categories: categories, recorded: recorded, entryTerm: .workingDays(10),
            calendar: WorkingCalendar([]))
    }

    static func result(
        department: String = "SCJG", endedOn: String = "2026-03-10", items: [RecordedResult.Item]? = nil,
        inspectors: [String]? = nil
    ) -> RecordedResult {
        RecordedResult(
            visit: "V1", department: department, endedOn: endedOn,
            items: items ?? [item("SCJG-1", ["未发现问题"]), item("SCJG-2", ["发现问题已责令改正"])],
            inspectors: inspectors)
    }

    static func item(_ item: String, _ categories: [String], findings: String? = nil) -> RecordedResult.Item {
        RecordedResult.Item(item: item, categories: categories, findings: findings)
    }

    /// `field code` of every reason for a rejection; empty when accepted.
    static func reasons(_ result: RecordedResult, signer: String = "SCJG", facts: ResultFacts = facts()) -> [String] {
        do {
            _ = try decide(result, signer: signer, facts: facts)
            return []
        } catch {
            return error.reasons.map { "\($0.field) \($0.code)" }
        }
    }

    @Test("is accepted when every item of the department has its categories")
    func accepted() throws {
        let result = Self.result(inspectors: ["I2", "I1"])
        let accepted = try decide(result, signer: "SCJG", facts: Self.facts())
        #expect(accepted.result == result)
        #expect(accepted.entity == "E1")
        #expect(accepted.round == "R-1")
        #expect(accepted.endedOn == Day("2026-03-10"))
    }

    @Test("names a visit of a drawn round")
    func unknownVisit() {
        #expect(Self.reasons(Self.result(), facts: Self.facts(visit: nil)) == ["visit visit.unknown"])
    }

    @Test("is signed by the department that inspected, which takes part in the visit")
    func department() {
        #expect(Self.reasons(Self.result(), signer: "YJGL") == ["department department.other"])
        let stranger = Self.result(department: "WHLY")
        #expect(Self.reasons(stranger, signer: "WHLY") == ["visit visit.unknown"])
    }

    @Test(
        "is refused alike for a visit that there is not and for one that is others', so that nobody learns which there are"
    )
    func tellsNothing() {
        func refusal(_ result: RecordedResult, _ signer: String, _ facts: ResultFacts) -> Rejection? {
            do throws(Rejection) {
                _ = try decide(result, signer: signer, facts: facts)
                return nil
            } catch { return error }
        }
        let stranger = Self.result(department: "WHLY")
        let theirs = refusal(stranger, "WHLY", Self.facts())
        #expect(theirs != nil)
        #expect(theirs == refusal(stranger, "WHLY", Self.facts(visit: nil)))
        #expect(refusal(Self.result(), "WHLY", Self.facts()) == refusal(Self.result(), "WHLY", Self.facts(visit: nil)))
    }

    @Test("covers every item once and no other")
    func items() {
        let fine = Self.item("SCJG-1", ["未发现问题"])
        #expect(Self.reasons(Self.result(items: [fine])) == ["items items.missing"])
        #expect(Self.reasons(Self.result(items: [])) == ["items items.missing", "items items.missing"])
        #expect(
            Self.reasons(Self.result(items: [fine, fine, Self.item("YJGL-1", ["未发现问题"])])) == [
                "items[1].item items.repeated", "items[2].item items.other", "items items.missing",
            ])
    }

    @Test("has categories that exist, at least one, none filled in and none twice")
    func categories() {
        let items = [Self.item("SCJG-1", []), Self.item("SCJG-2", ["正常", "暂停营业", "暂停营业"])]
        #expect(
            Self.reasons(Self.result(items: items)) == [
                "items[0].categories categories.empty", "items[1].categories[0] categories.unknown",
                "items[1].categories[2] categories.repeated",
            ])
    }

    @Test(
        "says nothing was found or what was found, not both",
        arguments: [
            (["未发现问题", "发现问题已责令改正"], ["items[0].categories categories.contradictory"]),
            (["未发现问题", "暂停营业"], []), (["发现问题已责令改正", "不配合检查情节严重", "暂停营业"], []),
        ])
    func contradictory(categories: [String], expected: [String]) {
        let items = [Self.item("SCJG-1", categories), Self.item("SCJG-2", ["未发现问题"])]
        #expect(Self.reasons(Self.result(items: items)) == expected)
    }

    @Test(
        "ended on a day that exists, within the window's start and today",
        arguments: [
            ("2026-02-30", ["ended_on ended-on.invalid"]), ("2026-3-5", ["ended_on ended-on.invalid"]),
            ("2026-03-21", ["ended_on ended-on.future"]), ("2026-03-20", []), ("2026-03-02", []),
            ("2026-03-01", ["ended_on ended-on.before-window"]),
        ])
    func endedOn(day: String, expected: [String]) {
        #expect(Self.reasons(Self.result(endedOn: day)) == expected)
    }

    @Test("names inspectors of the team only, each once")
    func inspectors() {
        #expect(
            Self.reasons(Self.result(inspectors: ["I1", "I9", "I1"])) == [
                "inspectors[1] inspectors.not-in-team", "inspectors[2] inspectors.repeated",
            ])
    }

    @Test("is recorded once for each visit and department")
    func once() {
        #expect(Self.reasons(Self.result(), facts: Self.facts(recorded: ["YJGL": 1])) == [])
        #expect(Self.reasons(Self.result(), facts: Self.facts(recorded: ["SCJG": 1])) == ["visit result.exists"])
    }

    @Test("keeps findings within what a message and a database can hold")
    func findings() {
        let long = String(repeating: "查", count: RecordedResult.maximumFindings + 1)
        let items = [
            Self.item("SCJG-1", ["发现问题已责令改正"], findings: long),
            Self.item("SCJG-2", ["未发现问题"], findings: "a\0b"),
        ]
        #expect(
            Self.reasons(Self.result(items: items)) == [
                "items[0].findings findings.long", "items[1].findings findings.characters",
            ])
    }

    @Test("is refused with every reason at once, Chinese first")
    func allReasons() throws {
        let result = Self.result(endedOn: "2026-04-01", items: [Self.item("SCJG-1", [])])
        #expect(
            Self.reasons(result, facts: Self.facts(recorded: ["SCJG": 1])) == [
                "items[0].categories categories.empty", "ended_on ended-on.future", "visit result.exists",
                "items items.missing",
            ])
        let rejection = #expect(throws: Rejection.self) {
            try decide(result, signer: "SCJG", facts: Self.facts(recorded: ["SCJG": 1]))
        }
        for reason in rejection?.reasons ?? [] {
            let first = try #require(reason.message.unicodeScalars.first { $0.properties.isAlphabetic })
            #expect(first.properties.isIdeographic || reason.message.hasPrefix("SCJG"), "\(reason.message)")
        }
    }
}

@Suite("The body of a result")
struct RecordedResultTests {
    static func parse(_ text: String) throws -> RecordedResult { try RecordedResult(parsing: Array(text.utf8)) }

    @Test("is read as sent")
    func read() throws {
        let result = try Self.parse(
            """
            {"visit":"V1","department":"SCJG","ended_on":"2026-03-10","inspectors":["I1"],
             "items":[{"item":"SCJG-1","categories":["未发现问题"]},
                      {"item":"SCJG-2","categories":["发现问题已责令改正"],"findings":"灭火器过期"}]}
            """)
        #expect(
            result
                == RecordedResult(
                    visit: "V1", department: "SCJG", endedOn: "2026-03-10",
                    items: [
                        .init(item: "SCJG-1", categories: ["未发现问题"]),
                        .init(item: "SCJG-2", categories: ["发现问题已责令改正"], findings: "灭火器过期"),
                    ], inspectors: ["I1"]))
    }

    @Test(
        "names the field that is missing, of another kind or unknown",
        arguments: [
            (#"{"department":"D","ended_on":"2026-03-10","items":[]}"#, "visit"),
            (#"{"visit":7,"department":"D","ended_on":"2026-03-10","items":[]}"#, "visit"),
            (#"{"visit":"V\u0000","department":"D","ended_on":"2026-03-10","items":[]}"#, "visit"),
            (#"{"visit":"V","department":"D","ended_on":"2026-03-10","items":[{"item":"A"}]}"#, "categories"),
            (
                #"{"visit":"V","department":"D","ended_on":"2026-03-10","items":[{"item":"A","categories":"x"}]}"#,
                "items[0].categories"
            ),
            (#"{"visit":"V","department":"D","ended_on":"2026-03-10","items":[],"result":"ok"}"#, "result"),
            (#"["V"]"#, "object"),
        ])
    func refused(text: String, named: String) {
        let error = #expect(throws: JSONError.self) { try Self.parse(text) }
        #expect(error.map { "\($0)" }?.contains(named) == true, "\(String(describing: error))")
    }
}
