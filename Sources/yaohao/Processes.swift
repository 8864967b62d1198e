import ArgumentParser
import Cluster
import Foundation
import Inspections
import Kafka
import Logging
import Notices
import Plans
import Portal
import Postgres
import Registers
import Returns
import Rounds
import ServiceLifecycle
import UnixSignals
import Web

/// What a worker can take part in.
enum Slice: String, CaseIterable, ExpressibleByArgument {
    case feeds, registers, plans, rounds, inspections
}

/// Puts the slices together into processes. No logic: only who gets what.
struct Processes {
    let settings: Settings
    let name: String
    let logger: Logger
    let pool: PostgresPool
    /// One for all slices of the process.
    let rate: DepartmentRate

    init(_ settings: Settings, name: String, role: String, connections: Int = 8, setup: String? = nil) {
        self.settings = settings
        self.name = name
        var logger = yaohao.logger(settings)
        logger[metadataKey: "worker"] = "\(name)"
        self.logger = logger
        // The least that the process needs; a transaction that idles longer than a lease can't be its holder's.
        pool = PostgresPool(
            conninfo: settings.postgres, maximum: connections,
            setup: setup ?? """
                SET ROLE \(role); SET idle_in_transaction_session_timeout = \(settings.leaseMilliseconds * 2 / 3);
                """, logger: logger)
        rate = DepartmentRate(perSecond: settings.departmentRate, burst: settings.departmentRate * 10)
        if settings.trust == .unsigned {
            logger.critical("UNSIGNED MODE: anybody can submit anything; for development only · 未签名模式，仅供开发")
        }
        if !settings.crashes.isEmpty {
            logger.critical("FAULTS: this process crashes on purpose; for tests only · 故障注入，仅供测试")
            CrashPoint.arm(settings.crashes)
        }
    }

    /// The consumer groups with their topics.
    static func groups(_ topics: Topics) -> [(group: String, topics: [String])] {
        Slice.allCases.map { (group($0, topics), Self.topics(of: $0, topics)) }
            + [
                (group(.rounds, topics) + "-tasks", [topics.tasks]), (topics.prefix + "notifier", [topics.events]),
            ]
    }

    private static func group(_ slice: Slice, _ topics: Topics) -> String { topics.prefix + slice.rawValue }

    private static func topics(of slice: Slice, _ topics: Topics) -> [String] {
        switch slice {
        case .feeds: Topics.registers.map(topics.feed)
        case .registers: [topics.registerSubmissions]
        case .plans: [topics.planSubmissions]
        case .rounds: [topics.drawRequests]
        case .inspections: [topics.resultSubmissions]
        }
    }

    /// The services of a worker.
    func worker(_ slices: [Slice]) throws -> [any Service] {
        let directory = KeyDirectory(pool: pool, mode: settings.trust)
        let deadLetters = DeadLetters(pool: pool, topics: settings.topics)
        var services: [any Service] = []
        for slice in slices {
            let group = Self.group(slice, settings.topics)
            let topics = Self.topics(of: slice, settings.topics)
            switch slice {
            case .feeds:
                let intake = FeedIntake(
                    pool: pool, topics: settings.topics, directory: directory, deadLetters: deadLetters, logger: logger)
                services.append(
                    try Intake(
                        settings: settings.kafka, group: group, instance: name, topics: topics,
                        batch: FeedIntake.batch, deadLetters: deadLetters, logger: logger, work: intake.take))
                services.append(intake.follower)
            case .registers:
                services.append(
                    try submissions(
                        RegisterSubmissions.handlers, directory, deadLetters, group: group, topics: topics))
            case .plans:
                services.append(
                    try submissions(
                        Plans(topics: settings.topics).handlers, directory, deadLetters, group: group, topics: topics))
            case .rounds:
                let rounds = Rounds(pool: pool, topics: settings.topics)
                let runner = TaskRunner(
                    store: TaskStore(
                        pool: pool, topics: settings.topics, leaseMilliseconds: settings.leaseMilliseconds),
                    owner: name, handlers: rounds.tasks, pace: .milliseconds(settings.taskPaceMilliseconds),
                    logger: logger)
                services.append(runner)
                services.append(
                    try Intake(
                        settings: settings.kafka, group: group + "-tasks", instance: name,
                        topics: [settings.topics.tasks], deadLetters: deadLetters, logger: logger
                    ) { _ in runner.wake() })
                services.append(
                    try submissions(rounds.handlers, directory, deadLetters, group: group, topics: topics))
            case .inspections:
                services.append(
                    TaskRunner(
                        store: TaskStore(
                            pool: pool, topics: settings.topics, leaseMilliseconds: settings.leaseMilliseconds),
                        owner: name, handlers: Inspections.tasks(pool: pool, topics: settings.topics), concurrency: 1,
                        logger: logger))
                services.append(
                    try submissions(
                        Inspections.handlers(topics: settings.topics) + Returns.handlers + NoticeSubmissions.handlers,
                        directory,
                        deadLetters, group: group,
                        topics: topics))
            }
        }
        return services
    }

    private func submissions(
        _ handlers: [SubmissionHandler], _ directory: KeyDirectory, _ deadLetters: DeadLetters, group: String,
        topics: [String]
    ) throws -> Intake {
        try Intake.submissions(
            of: Inbox(pool: pool, topics: settings.topics, directory: directory, handlers: handlers).limited(to: rate),
            settings: settings.kafka, group: group, instance: name, topics: topics, deadLetters: deadLetters,
            logger: logger)
    }

    /// The services of a notifier.
    func notifier() throws -> [any Service] {
        let configuration = try notifierConfiguration()
        let notifier = Notifier(pool: pool, topics: settings.topics, configuration: configuration, logger: logger)
        let courier = Courier(pool: pool, configuration: configuration, logger: logger)
        let wakes = try Intake(
            settings: settings.kafka, group: settings.topics.prefix + "notifier", instance: name,
            topics: [settings.topics.events], deadLetters: DeadLetters(pool: pool, topics: settings.topics),
            logger: logger
        ) { _ in notifier.wake() }
        return [notifier, courier, wakes]
    }

    /// The sites and channels of the file that `YAOHAO_NOTIFIER` names; none without it.
    private func notifierConfiguration() throws -> NotifierConfiguration {
        guard let file = settings.notifierFile else { return try NotifierConfiguration() }
        do {
            return try NotifierConfiguration(file: file)
        } catch let problem as NotifierConfiguration.Problem {
            complain("\(problem)")
            throw ExitStatus.wrongInput
        }
    }

    /// The open site, with a pool of its own role.
    func portal(at address: WebServer.Address) throws -> some Service {
        let site = try Portal(pool: pool, base: settings.portalURL ?? "http://\(settings.portal)")
        return WebServer(site.responder(), at: address, logger: logger)
    }

    /// The relay of the outbox, which every process has.
    func relay() -> OutboxRelay {
        OutboxRelay(
            pool: pool, conninfo: settings.postgres, kafka: settings.kafka, topics: settings.topics, owner: name,
            logger: logger)
    }

    /// The linking of the audit log, which every process has.
    func chainer() -> AuditChainer {
        AuditChainer(pool: pool, topics: settings.topics, logger: logger)
    }

    /// Runs the services until SIGTERM or SIGINT: they are stopped in reverse order, each finishing what it has, and
    /// the pool last of all. A process that only reads has no outbox to relay.
    func run(_ services: [any Service], onlyReads: Bool = false) async throws {
        do {
            try await PostgresConnection.refuseTransactionPooling(settings.postgres)
        } catch let error as PostgresError where error.code == .misuse {
            complain("YAOHAO_POSTGRES: \(error.message)")
            throw ExitStatus.wrongInput
        } catch {
            complain("the database: \(error)")
            throw ExitStatus.unreachable
        }
        var configuration = ServiceGroupConfiguration(
            services: (onlyReads ? [] : [relay(), chainer()]) + services, gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger)
        configuration.maximumGracefulShutdownDuration = .seconds(30)
        logger.info("started")
        do {
            try await ServiceGroup(configuration: configuration).run()
        } catch {
            logger.error("stopped by an error", metadata: ["error": "\(error)"])
            await pool.close()
            throw error
        }
        await pool.close()
        logger.info("stopped")
    }

    /// A stable name where none is given: the machine's and the kind of process.
    static func standardName(_ kind: String) -> String {
        "\(ProcessInfo.processInfo.hostName)-\(kind)"
    }
}

/// `yaohao worker`: feeds, registers, plans, rounds and inspections.
struct Worker: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "Take submissions and run draws; many processes, one machine or many · 工作进程")

    @Option(help: "A stable name, unique among the workers; a restart with it gets its partitions back · 名称")
    var name: String = Processes.standardName("worker")

    @Option(help: "Only these, comma-separated: feeds,registers,plans,rounds,inspections · 只参与")
    var only: String?

    func run() async throws {
        let slices: [Slice] = try
            (only.map { $0.split(separator: ",").map(String.init) } ?? Slice.allCases.map(\.rawValue))
            .map { text in
                guard let slice = Slice(rawValue: text) else {
                    complain("--only: \(text) is no part of a worker; use feeds, registers, plans, rounds, inspections")
                    throw ExitStatus.wrongInput
                }
                return slice
            }
        let processes = Processes(try settings(), name: name, role: "yaohao_worker")
        try await processes.run(processes.worker(slices))
    }
}

/// `yaohao notifier`: publication and deadlines.
struct NotifierCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "notifier", abstract: "Publish results, remind and escalate · 公示与催办进程")

    @Option(help: "A stable name, unique among the notifiers · 名称")
    var name: String = Processes.standardName("notifier")

    func run() async throws {
        let processes = Processes(try settings(), name: name, role: "yaohao_notifier")
        try await processes.run(processes.notifier())
    }
}

/// `yaohao all`: everything in one process.
struct All: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "all",
        abstract: "Worker, notifier and open site in one process, for a county with one machine · 单机运行")

    @Option(help: "A stable name · 名称")
    var name: String = Processes.standardName("all")

    func run() async throws {
        let settings = try settings()
        let address = try portalAddress(settings.portal)
        let worker = Processes(settings, name: name, role: "yaohao_worker")
        let notifier = Processes(settings, name: name, role: "yaohao_notifier")
        let portal = Processes(settings, name: name, role: Portal.role, connections: 4, setup: Portal.setup)
        try await worker.run(worker.worker(Slice.allCases) + notifier.notifier() + [portal.portal(at: address)])
        await notifier.pool.close()
        await portal.pool.close()
    }
}
