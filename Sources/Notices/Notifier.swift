public import Cluster
public import Logging
public import Postgres
import Registers
public import ServiceLifecycle
import Synchronization

/// Publishes released results, keeps deadlines of every kind, reminds and escalates (公示、提醒、督办).
///
/// It sweeps at once when woken and every few seconds otherwise; rows are the truth and events only wake it. Any number
/// of notifiers may run.
public struct Notifier: Service {
    let store: NoticeStore
    let channels: Channels
    let clock: any NoticeClock
    let logger: Logger
    let wakeup = Wakeup()

    /// A notifier over a pool.
    ///
    /// - Parameters:
    ///   - pool: connections with the role `yaohao_notifier`, or more.
    ///   - topics: the county's topics.
    ///   - configuration: the channels.
    ///   - clock: where it has the time from.
    ///   - logger: gets what could not be done; the next sweep tries again.
    public init(
        pool: PostgresPool, topics: Topics, configuration: NotifierConfiguration,
        clock: any NoticeClock = DatabaseClock(), logger: Logger
    ) {
        store = NoticeStore(pool: pool, topics: topics)
        channels = configuration.channels
        self.clock = clock
        self.logger = logger
    }

    /// Sweeps at once.
    public func wake() { wakeup.raise() }

    /// Sweeps until the service is told to stop; a sweep under way is finished.
    public func run() async throws {
        // Days do not pass in a second: however often it is woken, deadlines are counted anew after a pause only.
        let remindersDue = Mutex(ContinuousClock.now)
        try await withGracefulShutdownHandler {
            try await wakeup.loop(every: .seconds(5)) {
                do {
                    try await publish()
                    guard remindersDue.withLock({ $0 <= .now }) else { return }
                    try await remind()
                    remindersDue.withLock { $0 = .now + .seconds(5) }
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

    /// Everything that is due now: publications first, so that their deadlines are met, then deadlines, then reminders
    /// of what is not done, unless nobody is to be disturbed.
    func sweep() async throws {
        try await publish()
        try await remind()
    }

    private func publish() async throws {
        let now = try await clock.now(store.pool)
        let rules = try await CountyRules.load(from: store.pool)
        // Publications say until when they were due.
        _ = try await store.pool.query("SELECT notices.refresh_days()")
        while try await store.publish(rules: rules, now: now) == NoticeStore.batchSize, !Task.isCancelled {}
    }

    private func remind() async throws {
        let now = try await clock.now(store.pool)
        let rules = try await CountyRules.load(from: store.pool)
        let calendar = try await WorkingCalendar.load(from: store.pool)
        // A day that the calendar does not reach is no reason to keep still.
        let isDayOff = (try? calendar.isWorkingDay(now.day)).map { !$0 } ?? false
        let isQuiet = rules.deadlines.quietHours.contains(minute: now.minute, isDayOff: isDayOff)
        while try await store.remind(rules: rules, now: now, channels: channels, isQuiet: isQuiet)
            == NoticeStore.rungsAtOnce, !Task.isCancelled
        {}
    }
}
