/// The topics of a county, under its prefix. `docs/asyncapi.yaml` describes what travels on each.
public struct Topics: Sendable, Hashable {
    /// The prefix that every topic's name begins with, `yaohao.` unless configured.
    public let prefix: String

    /// - Parameter prefix: what every name begins with; letters, digits, `.`, `_` and `-`.
    public init(prefix: String = "yaohao.") {
        self.prefix = prefix
    }

    /// What is said about the registers beside feeds: rules, absences, recusals, …; keyed by what it is about.
    public var registerSubmissions: String { prefix + "register-submissions" }
    /// Annual and joint plans, and what is said of them; keyed by plan.
    public var planSubmissions: String { prefix + "plan-submissions" }
    /// Draw requests of departments, and what witnesses say; keyed by round.
    public var drawRequests: String { prefix + "draw-requests" }
    /// Results of inspections; keyed by visit.
    public var resultSubmissions: String { prefix + "result-submissions" }
    /// Stages of draws; they only wake workers. Keyed by round.
    public var tasks: String { prefix + "tasks" }
    /// Receipts (回执); keyed by submitter.
    public var receipts: String { prefix + "receipts" }
    /// What happened, for the notifier and for integrators; keyed by subject.
    public var events: String { prefix + "events" }
    /// Published results, compacted; keyed by entity.
    public var publications: String { prefix + "publications" }
    /// Reminders and escalations; keyed by recipient.
    public var notices: String { prefix + "notices" }
    /// What could not be taken, with its original key.
    public var deadLetters: String { prefix + "dead-letters" }

    /// The feed topic of a register, compacted; keyed by `source/id`.
    ///
    /// - Parameter register: one of `registers`.
    public func feed(_ register: String) -> String { prefix + "feed." + register }

    /// The registers that county data feeds keep up to date.
    public static let registers = ["classes", "departments", "entities", "experts", "inspectors", "items"]

    /// Every topic with whether the broker keeps only the last message of a key.
    public var all: [(name: String, compacted: Bool)] {
        Self.registers.map { (feed($0), true) } + [
            (registerSubmissions, false), (planSubmissions, false), (drawRequests, false), (resultSubmissions, false),
            (tasks, false), (receipts, false), (events, false),
            (publications, true), (notices, false), (deadLetters, false),
        ]
    }
}
