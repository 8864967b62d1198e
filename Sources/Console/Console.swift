public import Cluster
import HTTPTypes
import Hummingbird
public import Kafka
public import Logging
public import Postgres
public import ServiceLifecycle
import Web

/// The operators' console (工作台): pages of reading, and forms whose content goes in as signed submissions. It writes
/// nothing itself but sessions, attempts and lines of the audit log.
public struct Console: Sendable {
    let pool: PostgresPool
    let topics: Topics
    let settings: ConsoleSettings
    let sessions: Sessions
    let desk: SubmissionDesk
    let looks: Looks
    let deadLetters: DeadLetters
    /// The consumer groups whose lag is shown.
    let groups: [(group: String, topics: [String])]
    let logger: Logger

    /// A console.
    ///
    /// - Parameters:
    ///   - pool: its connections have the role `yaohao_console`.
    ///   - kafka: how to reach the broker.
    ///   - topics: the county's topics.
    ///   - settings: how it is reached and what it signs with.
    ///   - groups: the consumer groups whose lag is shown.
    ///   - terms: how long sessions last.
    /// - Throws: when a template or text is broken.
    public init(
        pool: PostgresPool, kafka: KafkaSettings, topics: Topics, settings: ConsoleSettings,
        groups: [(group: String, topics: [String])], terms: SessionTerms = .standard, logger: Logger
    ) throws {
        self.pool = pool
        self.topics = topics
        self.settings = settings
        self.groups = groups
        self.logger = logger
        sessions = try Sessions(pool: pool, terms: terms)
        desk = SubmissionDesk(keys: settings.keys, kafka: kafka, topics: topics, logger: logger)
        looks = try Looks()
        deadLetters = DeadLetters(pool: pool, topics: topics)
    }

    /// The listener, as a service.
    public func server(listening: @escaping @Sendable (Int) async -> Void = { _ in }) -> some Service {
        ConsoleServer(
            desk: desk,
            server: WebServer(
                Negotiating(formats: [], inner: router().buildResponder()), at: settings.address, logger: logger,
                listening: listening))
    }

    private func router() -> Router<ConsoleContext> {
        let router = Router(context: ConsoleContext.self)
        router.add(middleware: SecurityHeaders())
        router.add(middleware: Gate(console: self))
        router.add(
            middleware: ErrorPages(looks.plain) { error in
                switch error {
                case is PostgresError, is KafkaError: HTTPError(.serviceUnavailable)
                case is PasswordDesk.Busy: HTTPError(.tooManyRequests)
                default: nil
                }
            })
        looks.plain.assets.addRoutes(to: router)
        addSignIn(to: router)
        addHome(to: router)
        addVisits(to: router)
        addLeads(to: router)
        addPlans(to: router)
        addRounds(to: router)
        addReturns(to: router)
        addRegisters(to: router)
        addItem(to: router)
        addOperations(to: router)
        addDeadLetters(to: router)
        addRules(to: router)
        addPublications(to: router)
        addForms(to: router)
        return router
    }

    /// The client's address: what the proxy says, where there is one and it is on this machine.
    func address(of request: Request, _ context: ConsoleContext) -> String {
        let peer = context.remoteAddress ?? "unknown"
        guard settings.isBehindProxy, peer == "127.0.0.1" || peer == "::1",
            let forwarded = HTTPField.Name("X-Forwarded-For").flatMap({ request.headers[$0] }),
            let last = forwarded.split(separator: ",").last?.trimmed, (1...64).contains(last.utf8.count)
        else { return peer }
        return last
    }

    /// Reads what the person's department may see: drafts of plans are kept apart by the database itself.
    func reading<Result>(
        _ account: Account, _ body: (PostgresTransaction) async throws -> Result
    ) async throws -> Result {
        try await pool.transaction(readOnly: true) { transaction in
            _ = try await transaction.query(
                """
                SELECT set_config('yaohao.department', \(account.department), true),
                    set_config('yaohao.office', \(account.seesAll ? "on" : "off"), true)
                """)
            return try await body(transaction)
        }
    }

    /// Answers with a page of reading.
    func answer(_ sheet: Sheet, for request: Request, _ context: ConsoleContext) throws -> Response {
        try looks.sheet(sheet, for: request, context)
    }

    /// A form's fields, when its token is this session's and the page's own.
    ///
    /// - Throws: 403 otherwise.
    func sent(_ request: Request, _ context: ConsoleContext) async throws -> FormFields {
        let session = try context.signedIn()
        let fields = try await FormFields(of: request)
        guard session.secret.isToken(fields["~token"] ?? "", for: request.uri.path) else {
            try await sessions.record(
                "form-refused", address: address(of: request, context), subject: request.uri.path, by: session.account,
                accepted: false, codes: ["token"])
            throw HTTPError(.forbidden, message: looks.texts.text("stale_form", context.language))
        }
        return fields
    }
}

/// The listener with what is let go of at its end.
private struct ConsoleServer: Service {
    let desk: SubmissionDesk
    let server: WebServer

    func run() async throws {
        do {
            try await server.run()
        } catch {
            await desk.close()
            throw error
        }
        await desk.close()
    }
}
