public import Logging
public import Postgres
public import ServiceLifecycle

/// Links new acts into the audit log's chain every second, and publishes its head once a day. Every process has one; a
/// lock in the database lets one at a time work.
public struct AuditChainer: Service {
    static let batch = 1_000

    let pool: PostgresPool
    let topics: Topics
    let logger: Logger
    let wakeup = Wakeup()

    /// A chainer for a county.
    public init(pool: PostgresPool, topics: Topics, logger: Logger) {
        self.pool = pool
        self.topics = topics
        self.logger = logger
    }

    /// Links until the service is told to stop.
    public func run() async throws {
        try await withGracefulShutdownHandler {
            try await wakeup.loop(every: .seconds(1)) {
                do {
                    try await turn()
                } catch {
                    logger.warning("the audit log could not be linked; tried again", metadata: ["error": "\(error)"])
                }
            }
        } onGracefulShutdown: {
            wakeup.finish()
        }
    }

    /// Links everything that waits, and publishes the day's head if it was not yet.
    public func turn() async throws {
        while try await pool.transaction({ try await AuditLog.link(limit: Self.batch, in: $0) }) == Self.batch {}
        let published = try await pool.query(
            """
            SELECT EXISTS (SELECT FROM cluster.audit_heads
                WHERE day = (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date) AS published
            """
        ).first?.decode("published", as: Bool.self)
        guard published == false else { return }
        try await pool.transaction { transaction in
            guard let head = try await AuditLog.publishHead(.day, topics: topics, in: transaction) else { return }
            try await Outbox(topics: topics).store(Effects(messages: [head]), in: transaction)
        }
    }
}
