import Foundation
import JSON
import Testing

@testable import Sheets

/// What another program reads in a workbook.
struct OpenedWorkbook {
    let sheets: [JSONValue]

    struct Missing: Error, CustomStringConvertible {
        let description: String
    }

    /// Writes the workbook into a file of its own and has openpyxl read it.
    init(_ workbook: Workbook) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "sheets-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "表.xlsx")
        try workbook.write(to: file.path)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["表.xlsx"], "nothing else is left")
        // Debian's own Python, which has Debian's openpyxl (scripts/setup).
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/python3")
        process.arguments = [
            URL(filePath: #filePath).deletingLastPathComponent().appending(path: "read.py").path, file.path,
        ]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Missing(description: "openpyxl could not read the file; run scripts/setup, which installs it")
        }
        sheets = try #require(try JSONValue(parsing: String(decoding: text, as: UTF8.self)).elements)
    }
}

@Suite("Workbooks, opened with another program")
struct WorkbookTests {
    @Test("hold every cell, merge, width and setting as they were put in")
    func cells() throws {
        var first = Sheet(name: "月报表")
        first.isLandscape = true
        first.columnWidths = [0: 20, 2: 8]
        first.headingRows = 0...1
        first.merge(rows: 0...0, columns: 0...3, Cell(.text("抽查工作月报表（ 3月 ）"), Style(isBold: true, fontSize: 16)))
        first[1, 0] = Cell(.text("抽查事项名称"), Style(wraps: true, hasBorder: true))
        first[2, 0] = Cell(.integer(-1_234_567_890_123), Style(numberFormat: "#,##0"))
        first[2, 1] = Cell(.integer((1 << 53) - 1))
        first[2, 2] = Cell(.ppm(333_333))
        first[2, 3] = Cell(.ppm(1), Style(numberFormat: "0.0000%"))
        first[1_048_575, 16_383] = Cell(.text("end"))
        var second = Sheet(name: "A & B <'>")
        let texts = ["=1+1", "0123", " 前后空格 ", "第一行\n第二行", "<&>\"'", "𠮷", "'", "_x0041_", "1e5", "true"]
        for (row, text) in texts.enumerated() { second[row, 1] = Cell(.text(text)) }
        second[0, 2] = Cell(.blank, Style(hasBorder: true))
        second[1, 2] = Cell(.text(""))
        second.isA3 = true

        let opened = try OpenedWorkbook(Workbook([first, second], title: "月报", created: 1_774_000_000)).sheets
        #expect(opened.map { $0["name"]?.text } == ["月报表", "A & B <'>"])
        let cells = try #require(opened[0]["cells"])
        func value(_ cell: String) -> JSONValue? { cells[cell]?["value"] }
        #expect(value("A1") == "抽查工作月报表（ 3月 ）")
        #expect(cells["A1"]?["bold"] == true)
        #expect(value("A2") == "抽查事项名称")
        #expect(cells["A2"]?["wrap"] == true && cells["A2"]?["border"] == true)
        #expect(value("A3") == .integer(-1_234_567_890_123))
        #expect(cells["A3"]?["format"] == "#,##0")
        #expect(value("B3") == .integer((1 << 53) - 1))
        #expect(value("C3") == "0.333333")
        #expect(cells["C3"]?["format"] == "0.00%")
        #expect(value("D3") == "1e-06")
        #expect(cells["D3"]?["format"] == "0.0000%")
        #expect(value("XFD1048576") == "end")
        guard case .object(let all) = cells else { return }
        #expect(all.count == 7, "nothing that was not put in")
        #expect(opened[0]["merges"] == ["A1:D1"])
        #expect(opened[0]["widths"]?["A"] == "21", "the file's width counts the cell's margins")
        #expect(opened[0]["landscape"] == true && opened[1]["landscape"] == false)
        #expect(opened[0]["paper"] == "9", "A4")
        #expect(opened[1]["paper"] == "8", "A3")
        for (row, text) in texts.enumerated() {
            #expect(opened[1]["cells"]?["B\(row + 1)"]?["value"] == .string(text))
        }
        #expect(opened[1]["cells"]?["C1"] == nil && opened[1]["cells"]?["C2"] == nil)
    }

    @Test("are the same bytes for the same content")
    func deterministic() throws {
        var sheet = Sheet(name: "一")
        for row in 0..<50 {
            for column in 0..<9 { sheet[row, column] = Cell(.integer(row * column), Style(hasBorder: row % 2 == 0)) }
        }
        let folder = FileManager.default.temporaryDirectory
        let files = (0..<2).map { folder.appending(path: "sheets-\(UUID().uuidString)-\($0).xlsx").path }
        defer { for file in files { try? FileManager.default.removeItem(atPath: file) } }
        for file in files { try Workbook([sheet], created: 1).write(to: file) }
        #expect(try Data(contentsOf: URL(filePath: files[0])) == Data(contentsOf: URL(filePath: files[1])))
    }

    static func sheet(_ name: String = "一", _ change: (inout Sheet) -> Void = { _ in }) -> Sheet {
        var sheet = Sheet(name: name)
        change(&sheet)
        return sheet
    }

    @Test(
        "refuse what no spreadsheet can hold, and say where",
        arguments: [
            (Workbook([], created: 1), ""),
            (Workbook([sheet("")], created: 1), ""),
            (Workbook([sheet(String(repeating: "月", count: 32))], created: 1), String(repeating: "月", count: 32)),
            (Workbook([sheet("2026/03")], created: 1), "2026/03"),
            (Workbook([sheet("'a")], created: 1), "'a"),
            (Workbook([sheet("A"), sheet("a")], created: 1), "a"),
            (Workbook([sheet { $0[0, 16_384] = Cell(.integer(1)) }], created: 1), "一!(0,16384)"),
            (Workbook([sheet { $0[-1, 0] = Cell(.integer(1)) }], created: 1), "一!(-1,0)"),
            (Workbook([sheet { $0[1, 1] = Cell(.integer((1 << 53) + 1)) }], created: 1), "一!B2"),
            (Workbook([sheet { $0[1, 27] = Cell(.text("a\0b")) }], created: 1), "一!AB2"),
            (
                Workbook([sheet { $0[0, 0] = Cell(.text(String(repeating: "长", count: 32_768))) }], created: 1), "一!A1"
            ),
            (
                Workbook(
                    [
                        sheet {
                            $0.merge(rows: 0...1, columns: 0...1, Cell(.blank))
                            $0.merge(rows: 1...2, columns: 1...2, Cell(.blank))
                        }
                    ], created: 1), "一!B2:C3"
            ),
            (
                Workbook(
                    [
                        sheet {
                            $0.merge(rows: 0...1, columns: 0...1, Cell(.blank))
                            $0[1, 1] = Cell(.text("hidden"))
                        }
                    ], created: 1), "一!B2"
            ),
            (Workbook([sheet { $0.columnWidths = [0: 256] }], created: 1), "一"),
            (Workbook([sheet()], created: 0), ""),
        ])
    func refused(_ workbook: Workbook, place: String) throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "sheets-\(UUID().uuidString).xlsx").path
        let error = #expect(throws: SheetError.self) { try workbook.write(to: file) }
        #expect(error?.place == place)
        #expect(!FileManager.default.fileExists(atPath: file))
    }

    @Test("say why a file cannot be written, and leave what is there")
    func unwritable() throws {
        let error = #expect(throws: SheetError.self) {
            try Workbook([Self.sheet()], created: 1).write(to: "/nowhere/at/all.xlsx")
        }
        #expect(error?.description.contains("No such file or directory") == true)
    }
}
