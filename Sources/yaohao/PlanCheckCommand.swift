import ArgumentParser
import Foundation
import JSON
import Plans
import Tables
import YAML

/// `yaohao plan check`: what a department's plan table says, line by line, and what is not understood of it.
struct PlanCheck: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Read a plan table as departments write them · 核对抽查计划表",
        discussion: """
            FILE is .csv .tsv .xlsx .docx or .xls. The usual headings are known (抽查比例及频次、抽查时间、信用风险分类要求、发起部门 …);
            others are named by --mapping, a file in YAML:
              columns:
                ratio_and_frequency: [抽查占比, 每年次数]
                window: 安排
              title: 某县2026年度抽查工作计划
            No number is guessed: what is not understood is named, with what to fill in. docs/plan-lines.md has the rules.
            Exit status: 0 every line is certain, 1 a line is not, 2 wrong input.
            """)

    @Argument(help: "The table · 抽查计划表") var file: String
    @Option(help: "A file in YAML that names the columns · 列名映射文件") var mapping: String?
    @Flag(help: "As JSON, one object a line · 以 JSON 输出") var json = false

    func run() throws {
        let table = try read()
        var uncertain = 0
        for line in table.lines {
            let reading = PlanLineReader.read(line.cells)
            if !reading.certain { uncertain += 1 }
            if json {
                say(reading.json(line: line.number).canonicalText)
                continue
            }
            let name = [line.cells[.task], line.cells[.items], line.cells[.objectScope]].first { !$0.isEmpty } ?? ""
            say(
                "\(line.number). \(name.replacing("\n", with: " "))（\(line.place)）：\(reading.certain ? "已读懂" : "有看不懂的内容")"
            )
            for text in reading.text { say(text) }
        }
        if !json {
            say("共\(table.lines.count)行：\(table.lines.count - uncertain)行已读懂，\(uncertain)行需要补充")
            let omitted = table.omitted.description
            if !omitted.isEmpty { say("未作为数据的行：\(omitted)") }
        }
        if uncertain > 0 { throw ExitStatus.answerIsNo }
    }

    private func read() throws -> PlanTable {
        func content(_ path: String) throws -> Data {
            var isDirectory: ObjCBool = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), !isDirectory.boolValue,
                let content = FileManager.default.contents(atPath: path)
            else {
                complain("\(path): 无法读取，请给出存在的文件 / cannot be read; name a file that exists")
                throw ExitStatus.wrongInput
            }
            return content
        }
        do {
            let columns = try mapping.map { try mapped($0, content($0)) } ?? PlanColumns()
            return try PlanTable(
                TableFile.tables(name: file, bytes: Array(content(file))), file: file, columns: columns)
        } catch let error as TableError {
            complain("\(error)")
            throw ExitStatus.wrongInput
        }
    }

    private func mapped(_ path: String, _ content: Data) throws -> PlanColumns {
        do {
            let documents = try YAMLDocument.all(in: String(decoding: content, as: UTF8.self))
            guard documents.count == 1, let document = documents.first else {
                throw TableError(path, "应当是一份映射 / holds \(documents.count) documents; a mapping is one")
            }
            return try PlanColumns(mapping: document)
        } catch let error as TableError {
            throw error
        } catch {
            throw TableError(path, "\(error)")
        }
    }
}
