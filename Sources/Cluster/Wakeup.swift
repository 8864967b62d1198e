public import Logging
import Postgres

/// Wakes a loop: at once when raised, and at the latest after its interval, so that a lost wake-up costs little.
///
/// Any number of raises between two turns of the loop are one.
public final class Wakeup: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    /// A wake-up that is raised already, so that the loop's first turn comes at once.
    public init() {
        (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        continuation.yield()
    }

    /// Lets the loop take a turn.
    public func raise() { continuation.yield() }

    /// Ends the loop after the turn it is in.
    public func finish() { continuation.finish() }

    /// Runs a turn at each wake-up until `finish()`, or until the task is cancelled.
    ///
    /// - Parameters:
    ///   - interval: the longest pause between two turns.
    ///   - turn: the work; it must not throw for faults that may pass.
    public func loop(every interval: Duration, _ turn: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [self] in
                while !Task.isCancelled {
                    try await Task.sleep(for: interval)
                    raise()
                }
            }
            for await _ in stream { try await turn() }
            group.cancelAll()
        }
    }
}

/// Turns PostgreSQL's notifications into wake-ups. They are hints only: loops also poll.
public struct Listener: Sendable {
    let conninfo: String
    let channel: String
    let wakeup: Wakeup
    let logger: Logger

    /// A listener on one channel.
    public init(conninfo: String, channel: String, wakeup: Wakeup, logger: Logger) {
        self.conninfo = conninfo
        self.channel = channel
        self.wakeup = wakeup
        self.logger = logger
    }

    /// Listens until cancelled; a lost connection is made again after a pause.
    public func run() async {
        while !Task.isCancelled {
            do {
                let listener = try await PostgresListener.connect(conninfo, channels: [channel], logger: logger)
                do {
                    for try await _ in listener { wakeup.raise() }
                } catch {
                    await listener.close()
                    throw error
                }
                await listener.close()
            } catch {
                logger.debug("listening interrupted", metadata: ["channel": "\(channel)", "error": "\(error)"])
            }
            try? await Task.sleep(for: .seconds(1))
        }
    }
}
