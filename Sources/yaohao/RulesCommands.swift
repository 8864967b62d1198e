import ArgumentParser
import Cluster
import JSON
import Registers

/// `yaohao rules`: the county's numbers and lists.
struct Rules: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rules",
        abstract: "The county's rules with their legal basis · 县级规则及依据",
        discussion: """
            A rule is set by submitting cn.yaohao.registers.rule-set.v1 {key, value, basis, note} with a key of the role
            office.
            """, subcommands: [List.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Every rule: value, basis, since when · 列出规则")

        @Option(help: "As of this instant, such as 2026-03-01T00:00:00Z · 截至时刻") var asOf: String?

        @Flag(help: "One JSON object a line · 每行一个 JSON") var json = false

        func run() async throws {
            let instant = try asOf.map(instantArgument)
            let rules = try await withPool(settings(needsKafka: false)) { pool in
                do {
                    return try await CountyRules.load(from: pool, at: instant)
                } catch let error as JSONError {
                    complain("registers.rules: \(error)")
                    throw ExitStatus.wrongInput
                }
            }
            for rule in rules.rules {
                if json {
                    say(rule.json.canonicalText)
                } else {
                    say("\(rule.key)\t\(rule.value.canonicalText)\t\(rule.setting?.since ?? "-")")
                    say("    \(rule.chinese) · \(rule.english)")
                    say("    依据 basis: \(rule.basis)")
                    for (name, value) in rule.examples.sorted(by: { $0.key < $1.key }) {
                        say("    例 example: \(name) \(value.canonicalText)")
                    }
                }
            }
        }
    }
}

/// An instant of the command line.
func instantArgument(_ text: String) throws -> String {
    let pattern = /[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})/
    guard text.wholeMatch(of: pattern) != nil, Day(text.prefix(10)) != nil else {
        complain("\(text): 不是时刻，请写成 2026-03-01T08:00:00+08:00 / is no instant; write it like 2026-03-01T00:00:00Z")
        throw ExitStatus.wrongInput
    }
    return text
}
