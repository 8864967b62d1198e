import ArgumentParser

/// The one executable: subcommands, configuration and composition; no logic of its own.
@main
struct Yaohao: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "yaohao",
        abstract: "摇号 · random inspections that nobody can steer and everybody can re-compute.",
        subcommands: [
            Migrate.self, Feed.self, Submit.self, Round.self, Witness.self, PublicValue.self, Worker.self,
            NotifierCommand.self,
            All.self, Status.self, DeadLetterCommands.self, Keys.self,
        ])
}
