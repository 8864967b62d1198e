public import Cluster
public import Logging
public import Postgres
import Registers
public import ServiceLifecycle

/// Publishes accepted results, keeps their deadlines, and reminds (公示、提醒、督办).
///
/// It sweeps at once when woken and every second otherwise; rows are the truth and events only wake it. Any number of
/// notifiers may run.
public struct Notifier: Service {
    let store: NoticeStore
    let logger: Logger
    let wakeup = Wakeup()

    /// A notifier over a pool.
    ///
    /// - Parameters:
    ///   - pool: connections with the role `yaohao_notifier`, or more.
    ///   - topics: the county's topics.
    ///   - logger: gets what could not be done; the next sweep tries again.
    public init(pool: PostgresPool, topics: Topics, logger: Logger) {
        store = NoticeStore(pool: pool, topics: topics)
        self.logger = logger
    }

    /// Sweeps at once.
    public func wake() { wakeup.raise() }

    /// Sweeps until the service is told to stop; a sweep under way is finished.
    public func run() async throws {
        try await withGracefulShutdownHandler {
            try await wakeup.loop(every: .seconds(1)) {
                do {
                    try await sweep()
                } catch is CancellationError {
                    return
                } catch {
                    logger.warning("sweep interrupted; the next one goes on", metadata: ["error": "\(error)"])
                }
            }
        } onGracefulShutdown: {
            wakeup.finish()
        }
    }

    /// Everything that is due now, in bounded batches: deadlines first, then publications, then reminders of what could
    /// not be published.
    ///
    /// - Parameter today: the day in Asia/Shanghai; by the database's clock when left out.
    func sweep(today: Day? = nil) async throws {
        try await makeDeadlines()
        while try await store.publish() == NoticeStore.batchSize, !Task.isCancelled {}
        let day: Day
        if let today { day = today } else { day = try await store.today() }
        while try await store.fire(today: day) == NoticeStore.batchSize, !Task.isCancelled {}
    }

    private func makeDeadlines() async throws {
        guard let rule = try await store.rule(NoticeStore.publication) else {
            logger.error("no rule for publication in notices.rules; nothing can be published")
            return
        }
        let calendar = try await WorkingCalendar.load(from: store.pool)
        while !Task.isCancelled {
            let starts = try await store.unseenResults()
            if !starts.isEmpty { try await store.store(starts, rule: rule, calendar: calendar) }
            guard starts.count == NoticeStore.batchSize else { break }
        }
        while !Task.isCancelled {
            let starts = try await store.deadlinesWithoutCalendar(endingNow: calendar.exceptions.last?.day)
            if !starts.isEmpty { try await store.store(starts, rule: rule, calendar: calendar) }
            guard starts.count == NoticeStore.batchSize else { break }
        }
    }
}
