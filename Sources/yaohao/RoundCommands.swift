import ArgumentParser
import Cluster
import Draw
import Foundation
import JSON
import Postgres
import Rounds

/// `yaohao round`: a round's life, and what can be seen of it.
struct Round: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "round",
        abstract: "Open, close, list, show and export rounds · 抽取轮次",
        subcommands: [Open.self, Close.self, List.self, Show.self, Export.self, Word.self])

    struct Open: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "open", abstract: "Open a round · 开启")

        @Argument(help: "The round's id · 轮次编号") var id: String
        @Option(help: "The county's code (GB/T 2260) · 县级行政区划代码") var county: String
        @Option(help: "A witness's source; repeat it for each · 见证人来源") var witness: [String]
        @Option(name: .customLong("public"), help: "A public value's source; repeat it for each · 公共随机来源")
        var publicSource: [String]
        @Option(help: "What the public value is; as often as --public · 说明") var publicDescription: [String]
        @Option(help: "How it is written: d a digit, h a hex digit; as often as --public · 格式") var publicPattern:
            [String]
        @Option(help: "The void round whose inputs are drawn from again · 替代的作废轮次") var replaces: String?
        @OptionGroup var signing: SigningOptions

        func run() async throws {
            guard publicSource.count == publicDescription.count, publicSource.count == publicPattern.count else {
                complain("--public, --public-description and --public-pattern: give each as often as the others")
                throw ExitStatus.wrongInput
            }
            let sources = publicSource.indices.sorted { publicSource[$0] < publicSource[$1] }.map {
                index -> JSONValue in
                [
                    "source": .string(publicSource[index]), "description": .string(publicDescription[index]),
                    "pattern": .string(publicPattern[index]),
                ]
            }
            var data: [String: JSONValue] = [
                "round": .string(id), "county": .string(county),
                "witnesses": .array(witness.sorted().map { .string($0) }), "public": .array(sources),
            ]
            data["replaces"] = replaces.map { .string($0) }
            try await signing.submit([
                SubmissionDraft(type: "cn.yaohao.rounds.round-opened.v1", subject: id, data: .object(data))
            ])
        }
    }

    struct Close: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "close", abstract: "End the collecting; the freeze follows · 截止")

        @Argument(help: "The round's id · 轮次编号") var id: String
        @Option(help: "How long witnesses have to reveal, such as 90s, 30m or 24h · 揭示时限") var revealWithin: String
        @OptionGroup var signing: SigningOptions

        func run() async throws {
            let units = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
            guard let unit = revealWithin.last.flatMap({ units[String($0)] }), let count = Int(revealWithin.dropLast()),
                count > 0
            else {
                complain("--reveal-within: \(revealWithin) is no duration; write such as 90s, 30m, 24h or 2d")
                throw ExitStatus.wrongInput
            }
            try await signing.submit([
                SubmissionDraft(
                    type: "cn.yaohao.rounds.round-closed.v1", subject: id,
                    data: ["round": .string(id), "reveal_within_seconds": .integer(count * unit)])
            ])
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "list", abstract: "List the rounds · 列表")

        func run() async throws {
            let rounds = try await withPool(settings(needsKafka: false)) { try await RoundReport.list($0) }
            for round in rounds {
                say([round.id, round.state, round.openedAt, round.commitment ?? "-"].joined(separator: "\t"))
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "show", abstract: "Show one round · 详情")

        @Argument(help: "The round's id · 轮次编号") var id: String
        @Flag(help: "As JSON · 以 JSON 输出") var json = false

        func run() async throws {
            let report = try await withPool(settings(needsKafka: false)) { try await RoundReport.show(id, $0) }
            guard let report else {
                complain("there is no round \(id); see `yaohao round list`")
                throw ExitStatus.answerIsNo
            }
            if json {
                say(report.canonicalText)
            } else {
                RoundReport.text(report).forEach(say)
            }
        }
    }

    struct Word: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "word",
            abstract: "An enterprise's word, for who has shown to be it; it stands on notices too · 核验词")

        @Argument(help: "Its code · 统一社会信用代码") var entity: String

        func run() async throws {
            let word = try await withPool(settings(needsKafka: false)) { pool in
                try await pool.query("SELECT site.word_of(\(entity))").first?.decode(0, as: String.self)
            }
            say(word ?? "")
        }
    }

    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "export",
            abstract: "Write a drawn round's bundle, for `yaohao verify` and everybody else · 导出验证包")

        @Argument(help: "The round's id · 轮次编号") var id: String
        @Option(help: "A new or empty folder · 输出目录") var out: String
        @Flag(name: .customLong("public"), help: "Leave out salt, confidential files and inspectors' names · 公开版")
        var isPublic = false

        func run() async throws {
            let files: [(name: String, bytes: [UInt8])]
            let confidentialUntil: String?
            do {
                (files, confidentialUntil) = try await withPool(settings(needsKafka: false)) {
                    (
                        try await RoundBundle.files(id, isPublic: isPublic, $0),
                        try await RoundBundle.confidentialUntil(id, $0)
                    )
                }
            } catch let error as RoundBundle.NotDrawn {
                complain("\(error)")
                throw ExitStatus.answerIsNo
            }
            do {
                try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
                for file in files {
                    let path = out + "/" + file.name
                    if file.name == "secret.json" {
                        try? FileManager.default.removeItem(atPath: path)
                        try PrivateFile.create(path, file.bytes)
                    } else {
                        try Data(file.bytes).write(to: URL(filePath: path), options: .atomic)
                    }
                }
            } catch {
                complain("\(out): cannot be written: \(error); choose a writable folder")
                throw ExitStatus.wrongInput
            }
            say("\(files.count) files in \(out)")
            if let confidentialUntil {
                complain(
                    "\(out): 其中有抽中名单，\(confidentialUntil) 及以前不得公开 / says who was drawn; keep it confidential "
                        + "until \(confidentialUntil) is over")
            }
        }
    }
}

/// `yaohao witness`: a nonce, bound before the round and shown after it.
struct Witness: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "witness",
        abstract: "Commit to a nonce, and reveal it · 见证人", subcommands: [Commit.self, Reveal.self])

    struct Commit: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "commit", abstract: "Bind to a new nonce, kept in a file · 承诺")

        @Option(help: "The round's id · 轮次编号") var round: String
        @Option(help: "The witness's source · 来源") var source: String
        @Option(help: "Where the nonce is kept; made if it is not there · 随机数文件") var nonceFile: String
        @OptionGroup var signing: SigningOptions

        func run() async throws {
            let nonce: String
            if FileManager.default.fileExists(atPath: nonceFile) {
                nonce = try NonceFile.read(nonceFile)
            } else {
                nonce = hexText(Rounds.systemSalt())
                do {
                    try PrivateFile.create(nonceFile, Array((nonce + "\n").utf8))
                } catch {
                    complain("\(error)")
                    throw ExitStatus.wrongInput
                }
            }
            let commitment = SeedPolicy.witnessCommitment(round: round, source: source, nonce: nonce)
            try await signing.submit([
                SubmissionDraft(
                    type: "cn.yaohao.rounds.witness-committed.v1", subject: round,
                    data: ["round": .string(round), "source": .string(source), "commitment": .string(commitment)],
                    source: source)
            ])
        }
    }

    struct Reveal: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "reveal", abstract: "Show the nonce and the commitment seen · 揭示")

        @Option(help: "The round's id · 轮次编号") var round: String
        @Option(help: "The witness's source · 来源") var source: String
        @Option(help: "The nonce's file · 随机数文件") var nonceFile: String
        @Option(help: "The commitment that this witness saw published · 所见承诺") var commitment: String
        @OptionGroup var signing: SigningOptions

        func run() async throws {
            let nonce = try NonceFile.read(nonceFile)
            try await signing.submit([
                SubmissionDraft(
                    type: "cn.yaohao.rounds.nonce-revealed.v1", subject: round,
                    data: [
                        "round": .string(round), "source": .string(source), "nonce": .string(nonce),
                        "commitment": .string(commitment),
                    ], source: source)
            ])
        }
    }
}

/// The file in which a witness keeps its nonce: 64 hex digits.
enum NonceFile {
    static func read(_ path: String) throws -> String {
        guard let bytes = FileManager.default.contents(atPath: path) else {
            complain("\(path): cannot be read; name the file that `yaohao witness commit` wrote")
            throw ExitStatus.wrongInput
        }
        let text = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        guard text.utf8.count == 64, text.allSatisfy({ $0.isHexDigit && !$0.isUppercase }) else {
            complain("\(path):1: is not 64 lower-case hex digits; name the file that `yaohao witness commit` wrote")
            throw ExitStatus.wrongInput
        }
        return text
    }
}

/// `yaohao public-value`: what a witness says that a public value was.
struct PublicValue: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "public-value", abstract: "State a public value as a witness · 陈述公共随机值")

    @Option(help: "The round's id · 轮次编号") var round: String
    @Option(help: "The public value's source · 公共随机来源") var source: String
    @Option(help: "As which witness; by default the key's witness source · 以哪一见证人") var witness: String?
    @Argument(help: "The value, as the pattern writes it · 值") var value: String
    @OptionGroup var signing: SigningOptions

    func run() async throws {
        let key = try signing.signingKey()
        let speaker = witness ?? key.sources.first { $0.hasPrefix("witness:") }
        guard let speaker else {
            complain("--witness: the key has no witness source; name one")
            throw ExitStatus.wrongInput
        }
        // A witness may correct itself until the seed is fixed, so each statement is a submission of its own.
        let id = "\(round)-\(source)-\(UUID().uuidString.lowercased())".filter { $0.isASCII }.suffix(128)
        try await signing.submit([
            SubmissionDraft(
                type: "cn.yaohao.rounds.public-value-stated.v1", subject: round,
                data: ["round": .string(round), "source": .string(source), "value": .string(value)],
                id: String(id), source: speaker)
        ])
    }
}
