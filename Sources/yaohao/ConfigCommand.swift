import ArgumentParser
import Cluster

/// `yaohao help config`, and `yaohao config`: every variable that is read.
struct Config: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the environment variables · 配置项",
        discussion: Settings.keys.map { key in
            "\(key.name)\(key.standard.isEmpty ? "" : " [\(key.standard)]")\n    \(key.meaning)"
        }.joined(separator: "\n"))

    func run() {
        for key in Settings.keys { say([key.name, key.standard, key.meaning].joined(separator: "\t")) }
    }
}
