public import Logging
import Postgres
public import ServiceLifecycle

/// Runs tasks of the kinds it has handlers for, several at a time, until it is told to stop.
///
/// On SIGTERM it takes no more tasks and finishes those it has. A task whose worker dies is taken by another when the
/// lease runs out.
public struct TaskRunner: Service {
    let store: TaskStore
    let handlers: [String: TaskHandler]
    let owner: String
    let pace: Duration
    let wakeups: [Wakeup]
    let logger: Logger

    /// A runner over a store.
    ///
    /// - Parameters:
    ///   - store: where tasks are taken.
    ///   - owner: the worker's stable name.
    ///   - handlers: one for each kind.
    ///   - concurrency: how many tasks at a time.
    ///   - pace: how long to dwell on each task before it is finished, so that people can watch a small draw.
    public init(
        store: TaskStore, owner: String, handlers: [TaskHandler], concurrency: Int = 2, pace: Duration = .zero,
        logger: Logger
    ) {
        self.store = store
        self.owner = owner
        self.handlers = Dictionary(handlers.map { ($0.kind, $0) }, uniquingKeysWith: { first, _ in first })
        self.pace = pace
        self.logger = logger
        wakeups = (0..<concurrency).map { _ in Wakeup() }
    }

    /// Looks for tasks at once.
    public func wake() {
        for wakeup in wakeups { wakeup.raise() }
    }

    /// Takes and runs tasks until the service is told to stop.
    public func run() async throws {
        try await withGracefulShutdownHandler {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for wakeup in wakeups {
                    group.addTask { try await wakeup.loop(every: .milliseconds(500)) { await turn() } }
                }
                try await group.waitForAll()
            }
        } onGracefulShutdown: {
            for wakeup in wakeups { wakeup.finish() }
        }
    }

    /// Runs tasks until none is due.
    private func turn() async {
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            do {
                guard let task = try await store.take(owner: owner, kinds: handlers.keys.sorted()) else { return }
                // Another loop of this worker, or another worker, may find the next one.
                await run(task)
            } catch {
                logger.warning("tasks cannot be taken", metadata: ["error": "\(error)"])
                return
            }
        }
    }

    /// Runs one task under a renewed lease.
    func run(_ task: LeasedTask) async {
        var logger = logger
        logger[metadataKey: "task.kind"] = "\(task.kind)"
        logger[metadataKey: "task.subject"] = "\(task.subject)"
        logger[metadataKey: "task.ordinal"] = "\(task.ordinal)"
        guard let handler = handlers[task.kind] else { return }
        do {
            let completion = try await withThrowingTaskGroup(of: TaskHandler.Completion?.self) { group in
                group.addTask {
                    // Renew at a third of the lease, so that two renewals may fail before it is lost.
                    while true {
                        try await Task.sleep(for: .milliseconds(store.leaseMilliseconds / 3))
                        try await store.renew(task)
                    }
                }
                group.addTask {
                    let completion = try await handler.run(task)
                    if pace > .zero { try await Task.sleep(for: pace) }
                    return completion
                }
                defer { group.cancelAll() }
                return try await group.next() ?? nil
            }
            guard let completion else { return }
            try await store.finish(task, completion)
            logger.info("task done", metadata: ["task.attempt": "\(task.attempt)"])
        } catch is Fenced {
            logger.warning("task was taken over by another worker; nothing was written")
        } catch {
            let passing = (error as? PostgresError)?.isRetriable ?? false
            logger.error("task failed", metadata: ["error": "\(error)", "task.attempt": "\(task.attempt)"])
            do {
                try await store.giveBack(task, failure: "\(error)", countsAsTry: !passing)
            } catch {
                logger.warning("task could not be given back; its lease will run out", metadata: ["error": "\(error)"])
            }
        }
    }
}
