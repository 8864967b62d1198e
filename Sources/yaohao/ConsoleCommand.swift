import ArgumentParser
import Cluster
import Console
import Foundation
import ServiceLifecycle

/// `yaohao console`: the operators' console.
struct ConsoleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "console", abstract: "The console of departments, office and operators · 工作台",
        discussion: "Accounts: yaohao accounts. Keys: yaohao keys generate --device console --roles …,console.")

    @Option(help: "A stable name · 名称")
    var name: String = Processes.standardName("console")

    func run() async throws {
        let processes = Processes(try settings(), name: name, role: "yaohao_console")
        try await processes.run(try processes.console(), onlyReads: true)
    }
}

extension Processes {
    /// The services of a console.
    func console() throws -> [any Service] {
        do {
            let console = try ConsoleSettings(environment: ProcessInfo.processInfo.environment) { folder in
                try FileManager.default.contentsOfDirectory(atPath: folder).filter { !$0.hasPrefix(".") }
                    .map { folder + "/" + $0 }
            }
            return [
                try Console(
                    pool: pool, kafka: settings.kafka, topics: settings.topics, settings: console,
                    groups: Self.groups(settings.topics), logger: logger
                ).server()
            ]
        } catch let problem as ConsoleSettings.Problem {
            complain("\(problem)")
            throw ExitStatus.wrongInput
        }
    }
}
