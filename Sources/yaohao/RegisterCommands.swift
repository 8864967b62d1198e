import ArgumentParser
import Cluster
import JSON
import Postgres
import Registers

/// `yaohao register`: the registers as they are, or were at any instant.
struct RegisterCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "register",
        abstract: "Read the registers, as of any instant; what changed, what is missing · 查询两库及各名录",
        subcommands: [
            Show.self, Changes.self, History.self, Shared.self, Joint.self, SubRegisters.self, Certificates.self,
        ])

    /// `--as-of`, and one snapshot to read in.
    struct Instant: ParsableArguments {
        @Option(help: "As of this instant, such as 2026-03-01T08:00:00+08:00 · 截至时刻")
        var asOf: String?

        /// Reads in one snapshot, so that pages fit together.
        func read<Result: Sendable>(
            _ work: @Sendable @escaping (RegisterReading, PostgresTransaction) async throws -> Result
        ) async throws -> Result {
            let instant = try asOf.map(instantArgument)
            return try await withPool(settings(needsKafka: false)) { pool in
                do {
                    return try await pool.transaction(isolation: .repeatableRead) { transaction in
                        try await work(RegisterReading(at: instant, from: transaction), transaction)
                    }
                } catch let error as JSONError {
                    complain("registers.statements: \(error)")
                    throw ExitStatus.wrongInput
                }
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show",
            abstract: "The rows of a register, where each comes from, and how fresh it is · 查看名录",
            discussion: "Registers: \(RegisterName.allCases.map(\.description).joined(separator: ", "))")

        @Argument(help: "The register · 名录") var register: String
        @OptionGroup var instant: Instant
        @Option(help: "Only the rows of this sub-register, by id or name · 子库") var subRegister: String?
        @Option(help: "Only this row · 编号") var id: String?
        @Flag(help: "One JSON object a line · 每行一个 JSON") var json = false

        func run() async throws {
            let (register, id, wanted, json) = (try registerArgument(register), id, subRegister, json)
            let asOf = instant.asOf
            let found = try await instant.read { reading, transaction in
                var part: SubRegisterName?
                if let wanted {
                    part = try await reading.subRegisters(from: transaction).first {
                        $0.id == wanted || $0.name == wanted
                    }
                    guard let part, .fed(part.register) == register else {
                        complain(
                            "--sub-register \(wanted): \(register) 没有此子库 / no such sub-register; "
                                + "see yaohao register sub-registers")
                        throw ExitStatus.wrongInput
                    }
                }
                if !json, case .fed(let fed) = register, id == nil {
                    for source in try await FeedFreshness.all(in: transaction, at: asOf) where source.register == fed {
                        complainOfAge(source)
                    }
                }
                var count = 0
                var after = ""
                while true {
                    let page = try await reading.rows(of: register, id: id, part: part, after: after, from: transaction)
                    guard let last = page.last else { return count }
                    count += page.count
                    after = last.id
                    for row in page { say(json ? row.json.canonicalText : RegisterText.line(row)) }
                    if id != nil {
                        if register == .fed(.entities) { try await visits(of: last.id, reading, json, transaction) }
                        return count
                    }
                }
            }
            if found == 0, let id {
                complain("\(register) 没有 \(id) / has no such row")
                throw ExitStatus.answerIsNo
            }
        }

        private func complainOfAge(_ source: FeedFreshness) {
            guard source.state != .fresh else { return }
            complain(
                "\(source.register.rawValue): \(source.source) 已 \(source.hours) 小时未更新 / last fed \(source.hours) hours ago "
                    + "[\(source.state.rawValue)]")
        }

        /// The visits of the year, the cap, and when the entity was last drawn for which item.
        private func visits(
            of entity: String, _ reading: RegisterReading, _ json: Bool, _ transaction: PostgresTransaction
        ) async throws {
            let visits = try await transaction.query(
                "SELECT visits FROM rounds.entity_years WHERE entity = \(entity) AND year = \(reading.day.year)"
            ).first?.decode("visits", as: Int.self)
            let items = try await transaction.query(
                """
                SELECT item, registers.instant_text(last_drawn) AS last_drawn, draws_this_year
                FROM rounds.entity_items WHERE entity = \(entity) ORDER BY item
                """
            ).map { row -> JSONValue in
                [
                    "item": .string(try row.decode("item", as: String.self)),
                    "last_drawn": .string(try row.decode("last_drawn", as: String.self)),
                    "draws_this_year": .integer(try row.decode("draws_this_year", as: Int.self)),
                ]
            }
            let cap = reading.rules.visitsPerEntityPerYear
            let report: JSONValue = [
                "year": .integer(reading.day.year), "visits": .integer(visits ?? 0),
                "cap": cap.map { .integer($0) } ?? .null, "items": .array(items),
            ]
            say(json ? JSONValue.object(["visits": report]).canonicalText : "检查 visits\t\(report.canonicalText)")
        }
    }

    struct Changes: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "changes",
            abstract: "What changed in a register between two instants · 两个时刻之间的变动")

        @Argument(help: "The register · 名录") var register: String
        @Option(help: "The earlier instant · 起") var from: String
        @Option(help: "The later instant; now without it · 止") var to: String?
        @Flag(help: "One JSON object: figures and lines · 以 JSON 输出") var json = false

        func run() async throws {
            let register = try registerArgument(register)
            let (from, to) = (try instantArgument(from), try to.map(instantArgument))
            let changes = try await withPool(settings(needsKafka: false)) { pool in
                try await pool.transaction(isolation: .repeatableRead) { transaction in
                    try await RegisterChanges(
                        of: register, from: RegisterReading(at: from, from: transaction),
                        to: RegisterReading(at: to, from: transaction), reading: transaction)
                }
            }
            let figures = changes.figures
            if json {
                let lines = changes.lines.map { line -> JSONValue in
                    [
                        "id": .string(line.id), "change": .string(line.change.rawValue),
                        "class_before": line.classes.map { .string($0.before) } ?? .null,
                        "class_after": line.classes.map { .string($0.after) } ?? .null,
                    ]
                }
                say(JSONValue.object(["figures": figures.json, "lines": .array(lines)]).canonicalText)
            } else {
                say(
                    "新增 added \(figures.added)  减少 removed \(figures.removed)  变更 changed \(figures.changed)  "
                        + "等级变动 reclassified \(figures.reclassified)")
                for line in changes.lines {
                    say(
                        "\(line.change.rawValue)\t\(line.id)"
                            + (line.classes.map { "\t\($0.before) → \($0.after)" } ?? ""))
                }
            }
        }
    }

    struct History: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "history", abstract: "Every version of one row · 一条记录的历史")

        @Argument(help: "The register · 名录") var register: String
        @Argument(help: "The row's id · 编号") var id: String
        @Flag(help: "One JSON object a line · 每行一个 JSON") var json = false

        func run() async throws {
            let (register, id) = (try registerArgument(register), id)
            let rows = try await withPool(settings(needsKafka: false)) { pool in
                try await RegisterReading.history(of: register, id: id, from: pool)
            }
            for row in rows { say(json ? row.json.canonicalText : RegisterText.line(row)) }
            if rows.isEmpty {
                complain("\(register) 从未有 \(id) / never had such a row")
                throw ExitStatus.answerIsNo
            }
        }
    }
}

/// A register's name of the command line.
func registerArgument(_ text: String) throws -> RegisterName {
    guard let register = RegisterName(text) else {
        complain(
            "\(text): 没有此名录 / is no register; use one of "
                + RegisterName.allCases.map(\.description).joined(separator: ", "))
        throw ExitStatus.wrongInput
    }
    return register
}

/// Rows for people.
enum RegisterText {
    /// Id, what it says, where it comes from, since when and until when, parted by tabs.
    static func line(_ row: RegisterReading.Row) -> String {
        let place = [row.source, row.feed, row.position.map { "行 line \($0)" }].compactMap { $0 }.joined(separator: " ")
        return "\(row.id)\t\(text(row.body))\t\(place)\t\(row.since)\t\(row.until ?? "-")"
    }

    /// The members that say something, the name first.
    private static func text(_ body: JSONValue) -> String {
        guard case .object(let members) = body else { return body.canonicalText }
        return members.filter { ![.null, "", [], false].contains($0.value) }
            .sorted { ($0.key == "name" ? "" : $0.key) < ($1.key == "name" ? "" : $1.key) }
            .map { name, value in
                let words = value.elements.map { $0.map { $0.text ?? $0.canonicalText }.joined(separator: ";") }
                return "\(name)=\(words ?? value.text ?? value.canonicalText)"
            }.joined(separator: "  ")
    }
}
