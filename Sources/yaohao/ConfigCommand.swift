import ArgumentParser
import Cluster
import Console

/// `yaohao help config`, and `yaohao config`: every variable that is read.
struct Config: ParsableCommand {
    static let keys = Settings.keys + ConsoleSettings.keys

    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "List the environment variables · 配置项",
        discussion: keys.map { key in
            "\(key.name)\(key.standard.isEmpty ? "" : " [\(key.standard)]")\n    \(key.meaning)"
        }.joined(separator: "\n"))

    func run() {
        for key in Self.keys { say([key.name, key.standard, key.meaning].joined(separator: "\t")) }
    }
}
