import Foundation
import JSON
import Tables
import Testing

@testable import Registers

/// Whether a message begins with the place that `start` names, and says in English what it says there.
private func says(_ message: String, _ start: String) -> Bool {
    guard let end = start.range(of: ": ", options: .backwards)?.upperBound else { return message.hasPrefix(start) }
    return message.hasPrefix(start[..<end]) && message.contains(start[end...])
}

private func rows(_ text: String, _ name: String = "d.csv") throws -> [FileRow] {
    try RegisterFile.rows(of: .departments, file: name, bytes: Array(text.utf8))
}

@Suite("Files of registers")
struct RegisterFileTests {
    @Test("quoted fields hold commas, quotation marks and line breaks, and lines are counted through them")
    func quoted() throws {
        let found = try rows("id,name,lead,exempt\r\nA,\"a,\"\"b\"\"\r\nc\",true,否\r\n\nB,乙,是,false")
        #expect(found.map(\.line) == [2, 5])
        #expect(found[0].body == ["id": "A", "name": "a,\"b\"\r\nc", "lead": true, "exempt": false])
        #expect(found[1].body == ["id": "B", "name": "乙", "lead": true, "exempt": false])
    }

    @Test("CSV, TSV and JSON Lines of the same rows give the same rows, with and without a byte order mark")
    func formats() throws {
        let expected: JSONValue = ["id": "A", "name": "甲", "lead": false, "exempt": true]
        let texts = [
            ("d.csv", "\u{FEFF}name,id,exempt,lead\n甲,A,true,false\n"),
            ("d.tsv", "id\tname\tlead\texempt\nA\t甲\tfalse\ttrue"),
            ("d.jsonl", #"{"id":"A","name":"甲","lead":"false","exempt":true}"#),
            ("D.CSV", "id,name,lead,exempt\n\"A\",\"甲\",\"false\",\"true\""),
        ]
        for (name, text) in texts { #expect(try rows(text, name).map(\.body) == [expected]) }
    }

    @Test("lists are parted by semicolons, put in order and cleared of repeats")
    func lists() throws {
        let text =
            "id,name,department,regions,specialties,certificate,certificate_until,recused\n"
            + "I,张三,D,,b; a;b;é;Z,1,2027-01-01,\n"
        let row = try #require(RegisterFile.rows(of: .inspectors, file: "i.csv", bytes: Array(text.utf8)).first)
        #expect(row.body["specialties"] == ["Z", "a", "b", "é"])
        #expect(row.body["regions"] == [])
        #expect(Register.inspectors.findings(in: row.body).isEmpty)
    }

    @Test("columns that say more may be left out of a file, in any form")
    func optionalColumns() throws {
        let short = try rows("id,name,lead,exempt\nA,甲,是,否")
        let long = try rows("id,units,name,lead,exempt,lines,contact,head\nA,,甲,是,否,食品;药品,,")
        #expect(short[0].body == ["id": "A", "name": "甲", "lead": true, "exempt": false])
        #expect(long[0].body["units"] == .null && long[0].body["lines"] == ["药品", "食品"])
        for row in short + long { #expect(Register.departments.findings(in: row.body).isEmpty) }
    }

    @Test(
        "a cell of a file is written as the JSON of its value",
        arguments: [.text, .list, .flag, .number, .day] as [Register.Column.Kind], [true, false])
    func writtenCells(kind: Register.Column.Kind, isRequired: Bool) {
        let column = Register.Column(name: "c", kind: kind, isRequired: isRequired)
        for text in [
            "", " ", ";", "a", "甲\"\\\u{1}\r\n乙\t", "\"", "a;b", "b; a;b", " a ; b c ;", "a;a", "; ;x", "é;Z", "a;ab;b",
            "是",
            "false", "12", "-3", "1.5", "2027-01-01",
        ] {
            var text = text
            var written: [UInt8] = []
            text.withUTF8 { column.appendValue(of: $0, to: &written) }
            #expect(String(decoding: written, as: UTF8.self) == column.value(of: text).canonicalText)
        }
    }

    @Test("cells of a file equal their values")
    func equalCells() throws {
        let columns = Register.departments.columns.filter(\.isRequired)
        let names = columns.map(\.name)
        let texts = try #require(RowCells(names: names, columns: columns, texts: ["A", "甲", "是", "false"]))
        let values = try #require(RowCells(columns: names, values: ["A", "甲", true, false]))
        #expect(texts == values && Set([texts, values]).count == 1)
        #expect(texts["name"] == "甲" && texts["units"] == nil && texts.object == values.object)
        #expect(RowCells(names: names, columns: columns, texts: ["A"]) == nil)
    }

    @Test("a number that is left empty is none")
    func numbers() {
        let column = Register.Column(name: "cap_ppm", kind: .number)
        #expect(column.value(of: "") == .null)
        #expect(column.value(of: "50000") == 50_000)
        #expect(column.value(of: "5%") == "5%")
    }

    @Test(
        "what cannot be read names file, line and column",
        arguments: [
            ("d.csv", "id,name,lead\nA,b,true", "d.csv: line 1: column exempt: is missing"),
            ("d.csv", "id,name,lead,exempt,x\n", "d.csv: line 1: column x: is not a column of departments"),
            ("d.csv", "id,name,lead,exempt,id\n", "d.csv: line 1: column id: is there twice"),
            ("d.csv", "id,name,lead,exempt\nA,\"b,true,false\n", "d.csv: line 2: a quotation mark is opened"),
            ("d.csv", "id,name,lead,exempt\nA,\"b\n\"c,true,false\n", "d.csv: line 3: there is text behind"),
            ("d.csv", "", "d.csv: is empty"), ("d.pdf", "", "d.pdf: is none of"), ("d", "", "d: is none of"),
        ])
    func errors(name: String, text: String, start: String) throws {
        let error = try #require(throws: TableError.self) { try rows(text, name) }
        #expect(says(error.description, start))
    }

    @Test("a row whose quotation marks are wrong, or that holds a NUL, is found out by itself; the others stay")
    func spoilt() throws {
        let text = "id,name,lead,exempt\nA,b\"c,true,false\nB,\"b\"c,true,false\nC,\0,true,false\nD,d,true,false\n"
        let found = try rows(text, "d.csv")
        #expect(found.map(\.line) == [2, 3, 4, 5])
        #expect(found.map { $0.findings.map(\.code) } == [["row.quotes"], ["row.quotes"], [], []])
        #expect(found[0].body["name"] == "b\"c" && found[2].body["name"] == "\0")
    }

    @Test("numbers of JSON Lines may have a fraction: whole ones are taken, of others only their field is wrong")
    func looseNumbers() throws {
        let row =
            "{\"id\":\"X\",\"name\":\"1.5e3\\\"2.0\",\"credit\":\"A\",\"region\":\"150222\",\"industry\":\"F52\","
            + "\"kind\":\"k\",\"permits\":[],\"regulators\":[],\"address\":\"\",\"score\":"
        for (number, value) in [("620.0", 620), ("6.2e2", 620), ("620", 620), ("1E3", 1_000)] as [(String, Int64)] {
            let read = try RegisterFile.rows(of: .entities, file: "e.jsonl", bytes: Array((row + number + "}").utf8))
            #expect(read[0].body["score"] == .integer(value), "\(number)")
            #expect(read[0].body["name"] == "1.5e3\"2.0")
            #expect(Register.entities.findings(in: read[0].body).isEmpty, "\(number)")
        }
        for number in ["620.5", "1e400", "-0.5"] {
            let read = try RegisterFile.rows(of: .entities, file: "e.jsonl", bytes: Array((row + number + "}").utf8))
            #expect(Register.entities.findings(in: read[0].body).map(\.code) == ["number.range"], "\(number)")
        }
        for number in ["1.", ".5", "01.5", "1.2.3", "1e"] {
            let read = try RegisterFile.rows(of: .entities, file: "e.jsonl", bytes: Array((row + number + "}").utf8))
            #expect(Register.entities.findings(in: read[0].body).map(\.code) == ["row.object"], "\(number)")
        }
    }

    @Test("a row that has too few or too many cells, or is no JSON, is a row all the same, and the rules find it")
    func damagedRows() throws {
        let short = try rows("id,name,lead,exempt\nA,b\nC,c,true,false,x\n")
        #expect(Register.departments.findings(in: short[0].body).map(\.code) == ["field.missing", "field.missing"])
        #expect(Register.departments.findings(in: short[1].body).map(\.field) == ["#5"])
        let lines = try rows("{\"id\":\"A\"}\n\n[]\n{\n", "d.jsonl")
        #expect(lines.map(\.line) == [1, 3, 4])
        #expect(lines.map(\.body) == [["id": "A"], "[]", "{"])
        #expect(Register.departments.findings(in: lines[2].body).map(\.code) == ["row.object"])
    }
}
