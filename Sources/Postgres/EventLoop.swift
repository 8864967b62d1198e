import CLibpq
import Foundation
import Glibc
import Synchronization

/// One thread that waits, with epoll, for all sockets of the process (事件循环), and runs the connections' actors.
///
/// Connections are actors with this as their executor: libpq is called on this thread alone once a connection stands,
/// and readiness resumes the waiting actor without a change of threads. What blocks (looking up names, sending a
/// cancel request) goes to ``offload(_:)``. A loop is made once a process and never ends.
final class EventLoop: SerialExecutor {
    /// What a socket is to be ready for, or is.
    struct Interest: OptionSet, Sendable {
        let rawValue: UInt32
        static let read = Interest(rawValue: EPOLLIN.rawValue)
        static let write = Interest(rawValue: EPOLLOUT.rawValue)
    }

    /// Why a wait ended.
    enum Wake: Sendable {
        case ready(Interest)
        case interrupted
        case timedOut
        /// The system won't watch this socket.
        case failed(errno: Int32)
    }

    /// Names one wait, so that an event that comes late can't wake a later one.
    typealias Token = UInt64

    private enum Entry {
        case waiting(CheckedContinuation<Wake, Never>)
        /// The interruption came before the wait.
        case interrupted
    }

    private struct State {
        var jobs: [UnownedJob] = []
        var entries: [Token: Entry] = [:]
        var deadlines: [Token: ContinuousClock.Instant] = [:]
        var lastToken: Token = 0
        /// Whether the thread is in epoll_wait, or about to be: then new work must wake it.
        var asleep = false
    }

    private let state = Mutex(State())
    private let epoll: Int32
    private let wakeup: Int32
    private let thread = Mutex<pthread_t?>(nil)

    private static let instance = Mutex<EventLoop?>(nil)

    /// The process's loop, started by the first call.
    static func shared() throws -> EventLoop {
        try instance.withLock { instance in
            if let instance { return instance }
            let loop = try EventLoop()
            instance = loop
            return loop
        }
    }

    private init() throws {
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        wakeup = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        // Token 0 stands for the wake-up descriptor.
        var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data_t(u64: 0))
        guard epoll >= 0, wakeup >= 0, epoll_ctl(epoll, EPOLL_CTL_ADD, wakeup, &event) == 0 else {
            let reason = String(cString: strerror(errno))
            if epoll >= 0 { Glibc.close(epoll) }
            if wakeup >= 0 { Glibc.close(wakeup) }
            throw PostgresError(.connection, "no event loop: \(reason)")
        }
        let thread = Thread { self.run() }
        thread.name = "postgres"
        thread.start()
    }

    // MARK: Waiting

    func makeToken() -> Token {
        state.withLock { state in
            state.lastToken += 1
            return state.lastToken
        }
    }

    /// Waits until the socket is ready for any of `interest`, or the wait with that token is interrupted.
    nonisolated(nonsending) func wait(
        for interest: Interest, on socket: Int32, token: Token, until deadline: ContinuousClock.Instant? = nil
    ) async -> Wake {
        await withCheckedContinuation { continuation in
            let mustWake: Bool? = state.withLock { state in
                if case .interrupted = state.entries[token] {
                    state.entries[token] = nil
                    return nil
                }
                state.entries[token] = .waiting(continuation)
                guard let deadline else { return false }
                state.deadlines[token] = deadline
                return state.asleep
            }
            guard let mustWake else { return continuation.resume(returning: .interrupted) }
            // One event, then silence until the next wait arms it again. A closed socket has left epoll by itself.
            var event = epoll_event(
                events: interest.rawValue | EPOLLONESHOT.rawValue, data: epoll_data_t(u64: token))
            if epoll_ctl(epoll, EPOLL_CTL_MOD, socket, &event) != 0,
                errno != ENOENT || epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event) != 0
            {
                end(token, .failed(errno: errno))
            } else if mustWake {
                wake()
            }
        }
    }

    /// Ends the wait with that token, if it is under way.
    func interrupt(_ token: Token) {
        end(token, .interrupted)
    }

    /// Ends the wait with that token, also if it hasn't begun yet. ``forget(_:)`` must follow when it won't any more.
    func interruptNowOrLater(_ token: Token) {
        let waiting: Bool = state.withLock { state in
            if case .waiting = state.entries[token] { return true }
            state.entries[token] = .interrupted
            return false
        }
        if waiting { interrupt(token) }
    }

    /// Drops an interruption that no wait has met. To be called when no more waits with the token will come.
    func forget(_ token: Token) {
        state.withLock { $0.entries[token] = nil }
    }

    private func end(_ token: Token, _ wake: Wake) {
        let continuation: CheckedContinuation<Wake, Never>? = state.withLock { state in
            guard case .waiting(let continuation) = state.entries[token] else { return nil }
            state.entries[token] = nil
            state.deadlines[token] = nil
            return continuation
        }
        continuation?.resume(returning: wake)
    }

    // MARK: The thread

    private func run() {
        thread.withLock { $0 = pthread_self() }
        var events = [epoll_event](repeating: epoll_event(), count: 128)
        while true {
            let jobs: [UnownedJob] = state.withLock { state in
                defer { state.jobs.removeAll(keepingCapacity: true) }
                return state.jobs
            }
            for job in jobs { job.runSynchronously(on: asUnownedSerialExecutor()) }

            let timeout = sleepTime()
            let count = epoll_wait(epoll, &events, Int32(events.count), timeout)
            state.withLock { $0.asleep = false }
            for event in events.prefix(Int(max(count, 0))) {
                let token = event.data.u64
                if token == 0 {
                    var value: UInt64 = 0
                    _ = read(wakeup, &value, 8)
                    continue
                }
                var ready = Interest(rawValue: event.events).intersection([.read, .write])
                // Whoever waits finds the error by reading or writing.
                if event.events & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0 { ready = [.read, .write] }
                end(token, .ready(ready))
            }
            endOverdue()
        }
    }

    /// Milliseconds until the next deadline, -1 for no end, 0 when there is work. Marks the thread as asleep.
    private func sleepTime() -> Int32 {
        state.withLock { state in
            guard state.jobs.isEmpty else { return 0 }
            state.asleep = true
            guard let next = state.deadlines.values.min() else { return -1 }
            let remaining = (next - .now) / .milliseconds(1)
            return Int32(min(max(remaining.rounded(.up), 0), 60_000))
        }
    }

    private func endOverdue() {
        let overdue: [Token] = state.withLock { state in
            guard !state.deadlines.isEmpty else { return [] }
            let now = ContinuousClock.now
            return state.deadlines.filter { $0.value <= now }.map(\.key)
        }
        for token in overdue { end(token, .timedOut) }
    }

    private func wake() {
        var one: UInt64 = 1
        _ = write(wakeup, &one, 8)
    }

    // MARK: SerialExecutor

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let mustWake: Bool = state.withLock { state in
            state.jobs.append(job)
            defer { state.asleep = false }
            return state.asleep
        }
        if mustWake { wake() }
    }

    func isIsolatingCurrentContext() -> Bool? {
        thread.withLock { $0.map { pthread_equal($0, pthread_self()) != 0 } ?? false }
    }

    func checkIsolated() {
        precondition(isIsolatingCurrentContext() == true, "not on the event loop's thread")
    }

    // MARK: Blocking calls

    private static let blocking = DispatchQueue(label: "postgres.blocking", attributes: .concurrent)

    /// Runs a call that may block on another thread.
    nonisolated(nonsending) static func offload<R: Sendable>(_ body: @escaping @Sendable () -> R) async -> R {
        await withCheckedContinuation { continuation in
            blocking.async { continuation.resume(returning: body()) }
        }
    }
}
