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
    /// the client was woken; `end` when it has stopped. Both run on the thread only, one at a time, so `state` is the
    /// thread's own.
    static func start<State: Sendable>(
        name: String, client: RdClient, milliseconds: Int32, state: State,
        handle: @escaping @Sendable (inout State, RdEvent?) -> Next, end: @escaping @Sendable (State) -> Void
    ) {
        let thread = Thread {
            var state = state
            repeat {
                // Only this thread's end destroys the client, so the poll doesn't throw.
            } while handle(&state, (try? client.poll(milliseconds: milliseconds)) ?? nil) == .goOn
            end(state)
        }
        thread.name = name
        thread.start()
    }
}
