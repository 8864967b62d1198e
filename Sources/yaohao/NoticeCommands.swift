import ArgumentParser
import Cluster
import Foundation
import JSON
import Notices
import Postgres
import Registers
import Sheets

/// `yaohao ledger`: who was reminded of what.
struct LedgerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger", abstract: "Who was reminded of what, when, and what came of it · 催办台账",
        subcommands: [List.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "The entries, oldest first · 列出台账")

        @Option(help: "Only of this department · 部门") var department: String?
        @Option(help: "Only of this kind of deadline · 期限种类") var kind: String?
        @Option(help: "From this day, YYYY-MM-DD · 起") var from: String?
        @Option(help: "To this day, YYYY-MM-DD · 止") var to: String?
        @Flag(help: "One JSON object a line · 每行一个 JSON") var json = false

        func run() async throws {
            let filter = LedgerFilter(
                department: department, kind: kind, from: try from.map(dayArgument), to: try to.map(dayArgument))
            try await withPool(settings(needsKafka: false)) { pool in
                for entry in try await LedgerEntry.list(filter, from: pool) {
                    say(json ? entry.json.canonicalText : entry.line)
                }
            }
        }
    }
}

/// `yaohao deadlines`: what is due.
struct DeadlinesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deadlines", abstract: "What is due, by when, and on what it rests · 期限",
        subcommands: [List.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "Open deadlines by due day, or all of them · 列出期限",
            discussion: "Exit status 1 when something listed is overdue.")

        @Option(help: "Only of this department · 部门") var department: String?
        @Option(help: "Only of this kind · 期限种类") var kind: String?
        @Flag(help: "Also what is met or withdrawn · 含已办结") var all = false
        @Flag(help: "One JSON object a line · 每行一个 JSON") var json = false

        func run() async throws {
            let entries = try await withPool(settings(needsKafka: false)) { pool in
                try await DeadlineEntry.list(department: department, kind: kind, all: all, from: pool)
            }
            for entry in entries { say(json ? entry.json.canonicalText : entry.line) }
            if entries.contains(where: \.isOverdue) { throw ExitStatus.answerIsNo }
        }
    }
}

/// `yaohao deliveries`: what is handed to sites and channels.
struct DeliveriesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deliveries", abstract: "What is handed to outside sites and channels · 推送",
        subcommands: [List.self, Retry.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "Deliveries that are not taken, or all · 列出推送",
            discussion: "Exit status 1 when something was given up.")

        @Option(help: "Only to this site or channel · 网站或渠道") var target: String?
        @Flag(help: "Also what was taken, with its acknowledgement · 含已送达") var all = false

        func run() async throws {
            let entries = try await withPool(settings(needsKafka: false)) { pool in
                try await DeliveryEntry.list(target: target, all: all, from: pool)
            }
            for entry in entries { say(entry.json.canonicalText) }
            if entries.contains(where: \.hasFailed) { throw ExitStatus.answerIsNo }
        }
    }

    struct Retry: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "retry",
            abstract: "Try again at once what was given up or waits · 立即重试")

        @Argument(help: "The site or channel · 网站或渠道") var target: String

        func run() async throws {
            let count = try await withPool(settings(needsKafka: false)) { pool in
                try await DeliveryEntry.retry(target: target, in: pool)
            }
            say("\(count)")
            if count == 0 { throw ExitStatus.answerIsNo }
        }
    }
}

/// A day of the command line.
func dayArgument(_ text: String) throws -> Day {
    guard let day = Day(text) else {
        complain("\(text): 不是日期，请写成 2026-03-01 / is no day; write it like 2026-03-01")
        throw ExitStatus.wrongInput
    }
    return day
}

/// `yaohao exports`: import sheets for the mandated platform.
struct ExportsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exports", abstract: "Import sheets for the mandated platform · 导出平台导入表",
        discussion: "WHAT: catalogue plans draws results. Task numbers and addresses come back by platform-recorded.")

    @Argument(help: "catalogue, plans, draws or results · 内容") var what: String
    @Option(help: "The file, .csv or .xlsx; CSV on standard output without one · 文件") var out: String?
    @Option(help: "A mapping in YAML instead of the standard columns · 映射文件") var mapping: String?
    @Option(help: "Only of this department · 部门") var department: String?
    @Option(help: "Drawn or published from this day, YYYY-MM-DD · 起") var from: String?
    @Option(help: "To this day, YYYY-MM-DD · 止") var to: String?

    func run() async throws {
        guard let export = Export(rawValue: what) else {
            complain("\(what): 不是可导出的内容 / use catalogue, plans, draws or results")
            throw ExitStatus.wrongInput
        }
        if let out, !out.hasSuffix(".csv"), !out.hasSuffix(".xlsx") {
            complain("--out: \(out): 文件名应以 .csv 或 .xlsx 结尾 / end the file's name with .csv or .xlsx")
            throw ExitStatus.wrongInput
        }
        do {
            let mapping =
                try mapping.map { try ExportMapping(file: $0, fields: export.fields) } ?? export.mapping()
            let first = try from.map(dayArgument)
            let last = try to.map(dayArgument)
            let rows = try await withPool(settings(needsKafka: false)) { pool in
                try await export.rows(department: department, from: first, to: last, in: pool)
            }
            try write(mapping.table(rows), mapping)
        } catch let problem as ExportMapping.Problem {
            complain("\(problem)")
            throw ExitStatus.wrongInput
        }
    }

    private func write(_ table: [[String]], _ mapping: ExportMapping) throws {
        let data = Data(ExportMapping.csv(table).utf8)
        guard let out else {
            FileHandle.standardOutput.write(data)
            return
        }
        do {
            if out.hasSuffix(".xlsx") {
                try mapping.workbook(table, created: Int(Date().timeIntervalSince1970)).write(to: out)
            } else {
                try data.write(to: URL(fileURLWithPath: out), options: .atomic)
            }
        } catch let error as SheetError {
            complain("\(error)")
            throw ExitStatus.wrongInput
        } catch {
            complain("\(out): 无法写入 / cannot be written: \(error.localizedDescription)")
            throw ExitStatus.wrongInput
        }
        say("\(table.count - 1) 行 rows → \(out)")
    }
}
