import Foundation
import Testing

@testable import Tables

private func fixture(_ name: String) throws -> [UInt8] {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures")
    return Array(try Data(contentsOf: folder.appendingPathComponent(name)))
}

private func tables(_ name: String) throws -> [Table] { try TableFile.tables(name: name, bytes: fixture(name)) }

/// Whether a message begins with the place that `start` names, and says in English what it says there.
private func says(_ message: String, _ start: String) -> Bool {
    guard let end = start.range(of: ": ", options: .backwards)?.upperBound else { return message.hasPrefix(start) }
    return message.hasPrefix(start[..<end]) && message.contains(start[end...])
}

private func csv(_ bytes: [UInt8], _ name: String = "t.csv") throws -> [Table.Row] {
    try #require(TableFile.tables(name: name, bytes: bytes).first).rows
}

private func failure(_ work: () throws -> Void) -> String {
    do {
        try work()
        return "nothing failed"
    } catch { return "\(error)" }
}

@Suite("Tables of files")
struct TableTests {
    @Test("a workbook reads as people see it, whoever saved it", arguments: ["county.xlsx", "libreoffice.xlsx"])
    func workbook(name: String) throws {
        let all = try tables(name)
        #expect(all.map(\.name) == ["检查对象", "编号", "旧表"])
        #expect(all.map(\.isHidden) == [false, false, true])
        let table = all[0]
        let heading = try #require(Heading.find(in: table.rows) { ["名称", "统一社会信用代码", "比例"].contains($0) })
        #expect(heading.line == 3)
        #expect(heading.columns[1].names.last == "名称" && heading.columns[4].names.last == "比例")
        let (rows, omitted) = DataRows.all(of: table, below: heading)
        #expect(rows.map(\.line) == [4, 5, 6])
        #expect(
            rows.map(\.cells) == [
                ["1", "甲甲超市", "91350100M000100Y43", "A级", "10%", "2020-02-29", "2026年3月", "12"],
                ["2", "乙乙饭馆", "00123", "B级", "12.5%", "1999-12-31", "2026年11月", "3.5"],
                ["3", "丙丙药房", "X-3", "B级", "100%", "2021-07-01 08:30", "2026年1月", "TRUE"],
            ])
        #expect(omitted.totals == 1 && omitted.notes == 2 && omitted.titles == 2)
        #expect(all[1].rows.last?.cells == ["000123", "2024-01-01"])
    }

    @Test("a heading of two rows is known by its whole name too, and by no more rows than it needs")
    func heading() throws {
        let table = try tables("county.xlsx")[0]
        let whole = try #require(Heading.find(in: table.rows) { ["抽查对象/名称", "序号"].contains($0) })
        #expect(whole.columns[1].names.first == "抽查对象/名称" && whole.lastRow == 2)
        #expect(Heading.find(in: table.rows) { $0 == "没有" } == nil)
    }

    @Test("days count from 1904 where the workbook says so")
    func since1904() throws { #expect(try tables("since1904.xlsx")[0].rows[1].cells == ["2024-02-29"]) }

    @Test("tables of a document, with cells merged across and down")
    func document() throws {
        let table = try #require(tables("plan.docx").first)
        #expect(table.name == "表1 附件1 2026年度部门联合抽查计划")
        #expect(
            table.rows.map(\.cells) == [
                ["序号", "抽查事项", "抽查事项", "比例"], ["序号", "类别", "事项", "比例"], ["1", "食品", "食品经营检查", "10%"],
                ["2", "食品", "餐饮检查", "5%"],
            ])
    }

    @Test("an old workbook is converted, or the remedy is named where nothing converts")
    func old() throws {
        let path = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        if path.contains(where: { FileManager.default.isExecutableFile(atPath: "\($0)/soffice") }) {
            #expect(try tables("old.xls")[0].rows.map(\.cells) == [["名称", "有效期至"], ["甲甲", "2027-05-01"]])
        } else {
            #expect(failure { _ = try tables("old.xls") }.contains("install the Debian package libreoffice-calc-nogui"))
        }
    }

    @Test(
        "what is damaged or dangerous is refused, naming the place",
        arguments: [
            ("truncated.xlsx", "truncated.xlsx: is damaged or no such file"),
            ("badxml.xlsx", "badxml.xlsx: its part xl/worksheets/sheet1.xml is damaged at line"),
            ("nosheet.xlsx", "nosheet.xlsx: sheet 检查对象: its part xl/worksheets/sheet1.xml is missing"),
            ("entity.xlsx", "entity.xlsx: its part xl/worksheets/sheet1.xml declares a document type"),
            ("bomb.xlsx", "bomb.xlsx: its part xl/worksheets/sheet1.xml unpacks to more than 256 MiB"),
            ("lossy.xlsx", "lossy.xlsx: sheet Sheet: cell A2: holds a number of more than 15 digits"),
        ])
    func damaged(name: String, start: String) throws {
        let bytes = try fixture(name)
        #expect(says(failure { _ = try TableFile.tables(name: name, bytes: bytes) }, start))
    }

    @Test("any cut or change of a workbook's bytes is read or refused, and nothing else happens")
    func mutations() throws {
        let whole = try fixture("county.xlsx")
        for step in 0..<60 {
            var bytes = whole
            if step % 2 == 0 { bytes = Array(bytes.prefix(step * whole.count / 60)) }
            let place = (step * 7_919) % max(1, bytes.count)
            if !bytes.isEmpty { bytes[place] ^= UInt8(1 + step % 255) }
            do throws(TableError) {
                _ = try TableFile.tables(name: "m.xlsx", bytes: bytes)
            } catch {
                #expect(error.description.hasPrefix("m.xlsx: "))
            }
        }
    }

    @Test(
        "formats tell dates, percentages and padded numbers apart",
        arguments: [
            ("yyyy-mm-dd;@", 45_292, "2024-01-01"), ("m\"月\"d\"日\"", 45_292, "1月1日"), ("[h]:mm", 0.5, "12:00"),
            ("#,##0.00_ ", 1_234.5, "1234.5"), ("0.00%", 0.07, "7%"), ("General", 0.1, "0.1"), ("0000", 7, "0007"),
            ("\"第\"0\"号\"", 3, "3"), ("0.00E+00", 12, "12"),
            ("[$-F800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy", 60, "1900-02-28"),
            ("yyyy/m/d", 61, "1900-03-01"), ("h:mm:ss AM/PM", 0.25, "06:00"), ("@", 12, "12"),
        ])
    func formats(code: String, number: Double, text: String) {
        #expect(CellFormat(id: 200, code: code).text(of: number, startsIn1904: false) == text)
    }
}

@Suite("Delimited text")
struct RecordTests {
    private let text = "名称,编号\n甲,1\n\"乙\n乙\",2\n"

    @Test("UTF-8, UTF-16 and GB 18030 of the same text read the same")
    func encodings() throws {
        let gbk: [UInt8] =
            [
                0xC3, 0xFB, 0xB3, 0xC6, 0x2C, 0xB1, 0xE0, 0xBA, 0xC5, 0x0A, 0xBC, 0xD7, 0x2C, 0x31, 0x0A, 0x22, 0xD2,
                0xD2,
            ]
            + [0x0A, 0xD2, 0xD2, 0x22, 0x2C, 0x32, 0x0A]
        var utf16: [UInt8] = [0xFF, 0xFE]
        for unit in text.utf16 { utf16 += [UInt8(unit & 0xFF), UInt8(unit >> 8)] }
        var big: [UInt8] = [0xFE, 0xFF]
        for unit in text.utf16 { big += [UInt8(unit >> 8), UInt8(unit & 0xFF)] }
        for bytes in [Array(text.utf8), [0xEF, 0xBB, 0xBF] + Array(text.utf8), gbk, utf16, big] {
            let rows = try csv(bytes)
            #expect(rows.map(\.cells) == [["名称", "编号"], ["甲", "1"], ["乙\n乙", "2"]])
            #expect(rows.map(\.line) == [1, 2, 3])
        }
    }

    @Test("text longer than a piece is read whole, whatever its encoding and wherever a piece ends")
    func pieces() throws {
        // 1.2 MB; lines of 13 bytes in UTF-8, so that pieces end within characters.
        let count = 100_000
        let utf8 = (0..<count).flatMap { _ in Array("甲乙丙,\"丁\"\n".utf8) }
        let gbk: [UInt8] = (0..<count).flatMap { _ in
            [0xBC, 0xD7, 0xD2, 0xD2, 0xB1, 0xFB, 0x2C, 0x22, 0xB6, 0xA1, 0x22, 0x0A] as [UInt8]
        }
        for bytes in [utf8, gbk] {
            let rows = try csv(bytes)
            #expect(rows.count == count && rows.last?.line == count)
            #expect(rows.allSatisfy { $0.cells == ["甲乙丙", "丁"] })
        }
    }

    @Test(
        "what cannot be read names the line",
        arguments: [
            ([0x61, 0x0A, 0xFF, 0x0A], "t.csv: line 2: is neither UTF-8 nor GB18030"),
            (Array("甲\n乙\n".utf8) + [0xE4, 0x0A], "t.csv: line 3: is not UTF-8, though other lines are"),
            (Array("a\n\"b".utf8), "t.csv: line 2: a quotation mark is opened"),
            (Array("a\n\"b\nc\"d\n".utf8), "t.csv: line 3: there is text behind"),
        ] as [([UInt8], String)])
    func errors(bytes: [UInt8], start: String) {
        #expect(says(failure { _ = try csv(bytes) }, start))
    }

    @Test("a damaged line among many of UTF-8 is read with what is left of it, at its place")
    func damagedLine() throws {
        var bytes: [UInt8] = []
        for number in 1...12 { bytes += Array("甲\(number),乙\n".utf8) }
        bytes += [0xE7, 0x94, 0x2C] + Array("丙\n丁,戊\n".utf8)
        let rows = try csv(bytes)
        #expect(rows.count == 14 && rows[12].cells == ["\u{FFFD}", "丙"] && rows[13].cells == ["丁", "戊"])
        #expect(rows[12].line == 13)
    }

    @Test("quotation marks that stand where none can spoil their own row alone")
    func misquoted() throws {
        let rows = try csv(Array("a,b\nc\"d,e\n\"f\"g,h\r\n\"i\"j\nk,\"l\"\nm,\"n\"o".utf8))
        #expect(
            rows.map(\.cells) == [
                ["a", "b"], ["c\"d", "e"], ["\"f\"g", "h"], ["\"i\"j"], ["k", "l"], ["m", "\"n\"o"],
            ])
        #expect(rows.map(\.isMisquoted) == [false, true, true, true, false, true])
        #expect(rows.map(\.line) == [1, 2, 3, 4, 5, 6])
    }

    @Test("doubled quotation marks within quoted fields are single ones, also where the row is misquoted")
    func doubled() throws {
        let rows = try csv(Array("\"\"\"a\"\"\",\"\"\"\"\n\"b\"\"c\"d,\"\"\n\"\"\"\"\"e\"\"\"\n\"f\"\r".utf8))
        #expect(rows.map(\.cells) == [["\"a\"", "\""], ["\"b\"c\"d", ""], ["\"\"e\""], ["\"f\"\r"]])
        #expect(rows.map(\.isMisquoted) == [false, true, false, true])
    }

    @Test("a separator at the end is followed by one more field, which is empty")
    func trailing() throws {
        #expect(try csv(Array("a,b,".utf8)).map(\.cells.count) == [3])
        #expect(try csv(Array("a,b,\n,".utf8)).map(\.cells.count) == [3, 2])
        #expect(try csv(Array("\"a\",\r\n\r\nb\r\n".utf8)).map(\.cells) == [["a", ""], ["b"]])
        #expect(try csv(Array("a\"\tb\t\n".utf8), "t.tsv").map(\.cells) == [["a\"", "b", ""]])
    }

    @Test("totals, notes and repeated headings are no data, and what only looks like a note amid data is")
    func data() throws {
        let text = "表\n名称,户数\n甲,1\n合计（户）,1\n备注：是企业名,2\n名称,户数\n乙,3\n小计：,3\n注1：虚构\n填报单位（盖章）：某局\n"
        let table = Table(rows: try csv(Array(text.utf8)))
        let heading = try #require(Heading.find(in: table.rows) { ["名称", "户数"].contains($0) })
        let (rows, omitted) = DataRows.all(of: table, below: heading)
        #expect(rows.map(\.line) == [3, 5, 7])
        #expect(omitted.titles == 1 && omitted.totals == 2 && omitted.headings == 1 && omitted.notes == 2)
        #expect(omitted.count == 6)
    }
}
