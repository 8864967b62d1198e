import ArgumentParser

/// The one executable: subcommands, configuration and composition; no logic of its own.
@main
struct Yaohao: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "yaohao",
        abstract: "摇号 · random inspections that nobody can steer and everybody can re-compute.",
        subcommands: [
            Migrate.self, Feed.self, Rules.self, RegisterCommands.self, Submit.self, PlanCommand.self,
            ReturnCommand.self, Round.self,
            Visits.self, Leads.self,
            Witness.self,
            PublicValue.self, Worker.self,
            NotifierCommand.self, PortalCommand.self, ConsoleCommand.self,
            All.self, Status.self, DeadlinesCommand.self, LedgerCommand.self, DeliveriesCommand.self,
            ExportsCommand.self, DeadLetterCommands.self, QuarantineCommands.self, Keys.self, AccountCommands.self,
            Audit.self,
            Config.self, DrawCommand.self, CommitCommand.self, VerifyCommand.self, ProveCommand.self,
            GenerateCommand.self,
        ])

    /// Runs the command that the arguments name. Wrong usage ends with status 2 and one line, as wrong input does.
    static func main() async {
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            guard exitCode(for: error) == .validationFailure else { exit(withError: error) }
            let lines = message(for: error).split(whereSeparator: \.isNewline)
            complain(lines.joined(separator: " ") + "; see yaohao help")
            exit(withError: ExitStatus.wrongInput)
        }
    }
}
