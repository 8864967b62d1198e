import Foundation
import Logging
import Synchronization

/// The one thread that serves a client's events, from its making until it is stopped.
///
/// It sleeps inside librdkafka and is woken by an event at once, so nothing is polled by waiting.
enum EventThread {
    /// What an event handler says about going on.
    enum Next {
        case goOn
        case stop
    }

    /// Starts it. The thread calls `handle` with each event, or with nil when `milliseconds` have passed without one or
    /// the client was woken; `end` when it has stopped. Both run on the thread only, one at a time.
    static func start(
        name: String, client: RdClient, milliseconds: Int32, handle: @escaping @Sendable (RdEvent?) -> Next,
        end: @escaping @Sendable () -> Void
    ) {
        let thread = Thread {
            repeat {
                // Only this thread's end destroys the client, so the poll doesn't throw.
            } while handle((try? client.poll(milliseconds: milliseconds)) ?? nil) == .goOn
            end()
        }
        thread.name = name
        thread.start()
    }
}
