import Foundation
import JSON
import Plans
import Tables
import Testing

/// A line's cells, what a careful clerk takes from them, and the pieces that the clerk would send back.
struct ReadingCase: Sendable, CustomTestStringConvertible {
    let cells: PlanLineCells
    let says: [String: JSONValue]
    let notUnderstood: [String]

    var testDescription: String {
        [.ratioAndFrequency, .creditRule, .window].map { cells[$0] }.joined(separator: " ¦ ")
    }

    static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "ReadingCases")

    /// Every way of writing that was found in plans of counties, and what can go wrong with it.
    static let all: [ReadingCase] = {
        do {
            var field = JSONField(try JSONValue(parsing: Data(contentsOf: folder.appending(path: "cells.json"))))
            field = JSONField(field.value)
            return try field.array { try $0.object { try ReadingCase(&$0) } }
        } catch {
            Issue.record("cells.json: \(error)")
            return []
        }
    }()

    private init(_ reader: inout JSONReader) throws {
        var cells = PlanLineCells()
        for (name, field) in try reader.required("cells").members() {
            cells[try #require(PlanLineCells.Column(rawValue: name))] = try field.string()
        }
        self.cells = cells
        says = Dictionary(uniqueKeysWithValues: try reader.required("says").members().map { ($0.name, $0.field.value) })
        notUnderstood = try reader.strings("not_understood")
        try reader.finish()
    }
}

@Suite("A line of a plan is read")
struct ReadingCasesTests {
    @Test("as a careful clerk reads it", arguments: ReadingCase.all)
    func cell(_ expected: ReadingCase) throws {
        let reading = PlanLineReader.read(expected.cells)
        #expect(reading.notUnderstood.map(\.text) == expected.notUnderstood)
        #expect(reading.certain == expected.notUnderstood.isEmpty)
        guard case .object(var members) = reading.json(line: 7) else { return }
        #expect(members.removeValue(forKey: "line") == 7)
        #expect(members.removeValue(forKey: "certain") == .bool(reading.certain))
        members["not_understood"] = nil
        for (key, value) in members { #expect(value == expected.says[key] ?? .null, "\(key)") }
        #expect(Set(expected.says.keys).isSubset(of: members.keys))
    }

    @Test("and what is not understood says where, why and what to write", arguments: ReadingCase.all)
    func pieces(_ expected: ReadingCase) {
        for piece in PlanLineReader.read(expected.cells).notUnderstood {
            #expect(expected.cells[piece.cell].contains(piece.text) || piece.text.isEmpty)
            #expect(!piece.why.isEmpty && !piece.fillIn.isEmpty)
        }
    }

    @Test("whether it is written in full or half width, and with blanks around signs", arguments: ReadingCase.all)
    func widths(_ expected: ReadingCase) {
        var wide = expected.cells
        var narrow = expected.cells
        for column in PlanLineCells.Column.allCases {
            let text = expected.cells[column]
            wide[column] = String(
                String.UnicodeScalarView(
                    text.unicodeScalars.map { scalar in
                        let isSign = "0123456789%()/;:=.-~".unicodeScalars.contains(scalar)
                        return isSign ? Unicode.Scalar(scalar.value + 0xfee0) ?? scalar : scalar
                    }))
            narrow[column] = text.replacing("%", with: " % ").replacing("（", with: " ( ").replacing("）", with: " ) ")
        }
        let reading = PlanLineReader.read(expected.cells)
        for other in [PlanLineReader.read(wide), PlanLineReader.read(narrow)] {
            #expect(other.rate == reading.rate && other.count == reading.count)
            #expect(other.timesPerYear == reading.timesPerYear && other.window == reading.window)
            #expect(other.ratesByClass.map(\.rate) == reading.ratesByClass.map(\.rate))
            #expect(other.certain == reading.certain)
        }
    }
}

@Suite("The table of real lines")
struct RealLinesTests {
    @Test("is read line by line, in order, without a guess")
    func lines() throws {
        let content = try Data(contentsOf: ReadingCase.folder.appending(path: "plan-lines.csv"))
        let table = try PlanTable(
            TableFile.tables(name: "plan-lines.csv", bytes: Array(content)), file: "plan-lines.csv")
        let readings = table.lines.map { PlanLineReader.read($0.cells) }
        #expect(table.lines.map(\.number) == Array(1...30))
        // Lines that leave the rate to a class, to a sum over several bodies, or that are damaged or give no window.
        #expect(
            readings.indices.filter { !readings[$0].certain }.map { $0 + 1 } == [1, 2, 3, 10, 11, 12, 13, 14, 29, 30])
        let exact = [
            4: 10, 5: 20, 6: 10, 7: 10, 9: 10, 15: 5, 16: 5, 17: 1, 18: 10, 19: 5, 22: 30, 23: 50, 24: 8, 25: 3,
        ]
        for (line, percent) in exact { #expect(readings[line - 1].rate?.exact == percent * 10_000, "line \(line)") }
        #expect(readings[19].rate == Bounds(least: 100_000, most: 200_000))
        #expect(readings[20].count == Bounds(least: 60, most: 70))
        #expect(readings[26].rate == Bounds(least: 5_000, most: nil))
        #expect(readings[5].count?.exact == 20 && readings[7].count?.exact == 1)
        #expect(readings[0].timesPerYear == 2 && readings[0].leads == ["市烟草专卖局"])
        #expect(readings[0].participants == ["市邮政管理局", "市公安局"])
        #expect(readings[8].methods == ["online", "onsite"])
        #expect(readings[2].ratesByClass.map(\.name) == ["三级", "二级"])
        #expect(readings[0].window.first?.text == "2024-03-01" && readings[0].window.last?.text == "2024-12-31")
        #expect(readings[4].window.last?.text == "2026-11-30")
        #expect(readings[9].window == PlanWindow())
    }
}
