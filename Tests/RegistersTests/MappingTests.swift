import Foundation
import JSON
import Tables
import Testing

@testable import Registers

private let examples = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(
    path: "../../examples/mappings")

/// An example file read with its mapping.
private func example(_ file: String, _ mapping: String) throws -> RegisterFile {
    let text = try String(contentsOf: examples.appending(path: mapping), encoding: .utf8)
    let read = try Mapping(name: mapping, text: text)
    return try RegisterFile(
        of: read.register, file: file, bytes: Array(Data(contentsOf: examples.appending(path: file))), mapping: read)
}

private func rows(_ file: RegisterFile) throws -> [FileRow] {
    var reader = try file.rows()
    var rows: [FileRow] = []
    while let row = try reader.next() { rows.append(row) }
    return rows
}

/// A mapping of departments with one key changed.
private func mapping(_ id: String = "{from: 编号}", more: String = "") throws -> Mapping {
    try Mapping(
        name: "m.yaml",
        text: """
            register: departments
            fields:
              id: \(id)
              name: {from: 名称}
              lead: {from: 牵头, codes: {是: true, 否: false}, empty: false}
              exempt: {constant: false}
            \(more)
            """)
}

private func problem(_ work: () throws -> Void) -> String {
    do {
        try work()
        return "nothing is wrong"
    } catch { return "\(error)" }
}

@Suite("Mapping files")
struct MappingTests {
    @Test("percentages become parts per million, exactly, or stay with what is wrong with them")
    func percentages() throws {
        let mapping = try Mapping(
            name: "m.yaml",
            text: """
                register: items
                fields:
                  id: {from: 编码}
                  name: {from: 名称}
                  legal_basis: {constant: 依据}
                  department: {constant: SCJG}
                  object_kind: {constant: 企业}
                  methods: {constant: onsite}
                  category: {constant: general}
                  cap_ppm: {from: 上限, percent: true, codes: {不设: ""}}
                """)
        let caps: [(String, JSONValue?)] = [
            ("5%", 50_000), ("０.5％", nil), ("12.5%", 125_000), ("3‰", 3_000), ("20", 200_000), ("100%", 1_000_000),
            ("0.0001%", 1), ("0.00001%", nil), ("101%", nil), ("约5%", nil), ("5%-10%", nil), ("-5%", nil), (".5%", nil),
        ]
        let text = "编码,名称,上限\n" + caps.enumerated().map { "I-\($0.offset),甲,\($0.element.0)\n" }.joined()
        let file = try RegisterFile(of: .items, file: "i.csv", bytes: Array(text.utf8), mapping: mapping)
        for (row, (cell, cap)) in zip(try rows(file), caps) {
            #expect(row.findings.map(\.code) == (cap == nil ? ["percent.format"] : []), "\(cell)")
            if let cap { #expect(row.body["cap_ppm"] == cap, "\(cell)") }
        }
    }

    @Test("the market regulator's workbook: merged heading, totals, notes, code list, rows to skip")
    func market() throws {
        let file = try example("market.xlsx", "market.yaml")
        let found = try rows(file)
        #expect(found.map(\.line) == [5, 6, 7, 9])
        #expect(
            found[1].body == [
                "id": "92150222MA0000002B", "name": "虚构乙饭馆", "credit": "B", "region": "150222100",
                "industry": "H6210", "kind": "enterprise", "permits": ["食品经营", "餐饮服务"], "regulators": ["SCJG"],
                "address": "固阳县金山镇民主街2号",
            ])
        let check = try FeedCheck(file, codes: CodeLists(.embedded()))
        #expect(check.read == 4 && check.good == 3 && check.skipped == 1)
        #expect(check.omitted.titles == 3 && check.omitted.totals == 1 && check.omitted.notes == 1)
        #expect(check.problems.map(\.position) == [9, 9])
        #expect(Set(check.problems.map(\.finding.code)) == ["code.unknown", "id.pattern"])
    }

    @Test("a list of inspectors in GBK with code lists and dates in several ways")
    func staff() throws {
        let check = try FeedCheck(try example("staff.csv", "staff.yaml"), codes: CodeLists(.embedded()))
        #expect(check.read == 4 && check.good == 3 && check.omitted.totals == 1)
        #expect(
            check.samples.first == [
                "id": "ZF-001", "name": "张三", "department": "SCJG", "regions": ["150222100"],
                "specialties": ["特种设备", "食品"], "certificate": "1502220001", "certificate_until": "2027-05-01",
                "recused": ["92150222MA00000018"],
            ])
        #expect(check.samples.map { $0["certificate_until"] } == ["2027-05-01", "2027-12-31", "9999-12-31"])
        #expect(check.samples[2]["regions"] == ["150222103", "150222104"])
        #expect(check.problems.map(\.finding.field) == ["department", "certificate_until"])
    }

    @Test("JSON Lines of a permit system: names within names, numbers and lists")
    func permits() throws {
        let check = try FeedCheck(try example("permits.jsonl", "permits.yaml"), codes: CodeLists(.embedded()))
        #expect(check.read == 2 && check.good == 2 && check.skipped == 1)
        #expect(check.samples[1]["permits"] == ["危险化学品经营", "成品油零售"])
        #expect(check.samples[0]["region"] == "150222100" && check.samples[1]["credit"] == "D")
    }

    @Test(
        "a mapping that is wrong names the file and the key",
        arguments: [
            ("{from: 编号, form: x}", "", "m.yaml: fields.id.form: 没有这一项"),
            ("{from: 编号, constant: x}", "", "m.yaml: fields.id: needs exactly one of: from, join, constant"),
            ("{from: 编号, dates: [MM-dd]}", "", "m.yaml: fields.id: dates: 'MM-dd' has no year"),
            (
                "{from: 编号, tidy: [shout]}", "",
                "m.yaml: fields.id.tidy[0]: “shout”不是以下之一：halfwidth, upper, nospace, digits"
            ),
            ("{from: 编号}", "skip: [{column: a}]", "m.yaml: skip[0]: needs exactly one of"),
            ("{from: 编号}", "columns: []", "m.yaml: columns: 没有这一项"),
            ("[", "", "m.yaml: "),
        ])
    func errors(id: String, more: String, start: String) {
        #expect(problem { _ = try mapping(id, more: more) }.hasPrefix(start))
    }

    @Test("a mapping without a required column, or with one that the register lacks, says so")
    func columns() {
        let missing = problem {
            _ = try Mapping(name: "m.yaml", text: "register: departments\nfields: {id: {from: a}}")
        }
        #expect(missing.hasPrefix("m.yaml: fields.name: 缺少这一项"))
        let other = problem { _ = try mapping(more: "  colour: {from: 颜色}") }
        #expect(other.hasPrefix("m.yaml: fields.colour: 不是 departments 的列"))
    }

    @Test("a file that lacks a mapped column, has it twice, or has one that nobody mentioned, is refused")
    func binding() throws {
        let ours = try mapping(more: "ignore: [备注]")
        func rows(_ heading: String) throws {
            _ = try RegisterFile.rows(
                of: .departments, file: "d.csv", bytes: Array((heading + "\nA,甲,是,\n").utf8), mapping: ours)
        }
        #expect(problem { try rows("编号,名称,牵头,备注") } == "nothing is wrong")
        #expect(problem { try rows("编号,牵头,备注") }.hasPrefix("d.csv: line 1: column 名称: m.yaml 的 fields.name"))
        #expect(problem { try rows("编号,名称,牵头,名称") }.hasPrefix("d.csv: line 1: column 名称: 有 2 列"))
        #expect(problem { try rows("编号,名称,牵头,颜色") }.hasPrefix("d.csv: line 1: column 颜色: 映射中没有这一列"))
    }

    @Test("values are joined, prefixed and tidied as the rule says, and flags come from code lists")
    func values() throws {
        let ours = try mapping(#"{join: [区, 编号], with: "-", tidy: [halfwidth, nospace, upper], prefix: "D."}"#)
        let rows = try RegisterFile.rows(
            of: .departments, file: "d.csv", bytes: Array("区,编号,名称,牵头\nｎ１,a 2,甲,是\n,b,乙,\n,c,丙,许\n".utf8),
            mapping: ours)
        #expect(rows.map(\.id) == ["D.N1-A2", "D.B", "D.C"])
        #expect(rows.map { $0.body["lead"] } == [true, false, "许"])
        #expect(rows[2].findings.map(\.code) == ["code.unknown"])
    }

    @Test(
        "days are read by their patterns only",
        arguments: [
            ("yyyy年M月d日", "2026年3月1日", "2026-03-01"), ("yyyy/M/d", "2026/03/1", "2026-03-01"),
            ("yyyyMMdd", "20260301", "2026-03-01"), ("yyyyMMdd", "2026031", nil), ("yyyy-MM-dd", "2026-3-1", nil),
            ("yyyy/M/d", "2026/2/30", nil), ("yyyy/M/d", "2026/3/1 8:00", "2026-03-01"),
            ("excel", "45292", "2024-01-01"),
            ("excel", "60", nil), ("yyyy.M.d", "2026.3.1号", nil),
        ] as [(String, String, String?)])
    func dates(pattern: String, text: String, day: String?) throws {
        #expect(try #require(DatePattern(pattern)).day(of: text)?.description == day)
    }
}
