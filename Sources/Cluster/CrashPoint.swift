import Foundation
import Synchronization

/// A place between commit, publish and acknowledge at which a test has the process end or stop (故障点). Nothing happens there
/// unless `YAOHAO_FAULTS` says so.
public enum CrashPoint: String, Sendable, CaseIterable {
    /// A submission has its effect, its receipt and its outbox rows, and nothing is committed yet.
    case inboxUncommitted = "inbox-uncommitted"
    /// A dead letter is written, and nothing is committed yet.
    case letterUncommitted = "letter-uncommitted"
    /// What was taken is committed; the broker doesn't know yet that it was.
    case intakeUnacknowledged = "intake-unacknowledged"
    /// The broker has a batch of the outbox in an open transaction.
    case relayUncommitted = "relay-uncommitted"
    /// The broker's transaction is committed; the outbox doesn't know yet.
    case relayUnrecorded = "relay-unrecorded"
    /// A task's outcome is computed and written, and nothing is committed yet.
    case taskUncommitted = "task-uncommitted"
    /// A task's outcome is committed; its worker has done nothing since.
    case taskCommitted = "task-committed"
    /// Publications and their messages are written, and nothing is committed yet.
    case publicationUncommitted = "publication-uncommitted"
    /// Publications are committed; the notifier has done nothing since.
    case publicationCommitted = "publication-committed"

    /// What happens there.
    public enum Fault: String, Sendable {
        /// The process ends by SIGKILL, as by a power cut, so that nothing is tidied up.
        case end
        /// The process stops by SIGSTOP until somebody has it go on.
        case stop
        /// This task stands still while the rest of the process goes on, for 5 seconds; then the process ends by SIGKILL.
        case linger
    }

    /// A fault and how often it happens: 0 for never, 1 for always.
    public struct Chance: Sendable, Hashable {
        let fault: Fault
        let chance: Double

        /// - Parameters:
        ///   - fault: what happens.
        ///   - chance: how often, from 0 to 1.
        public init(fault: Fault, chance: Double) {
            self.fault = fault
            self.chance = chance
        }
    }

    /// The process is here.
    public func reached() {
        guard let set = Self.chances.withLock({ $0?[self] }), Double.random(in: 0..<1) < set.chance else { return }
        FileHandle.standardError.write(Data("\(set.fault == .stop ? "stop" : "crash") point \(rawValue)\n".utf8))
        switch set.fault {
        case .end: break
        case .stop:
            kill(getpid(), SIGSTOP)
            return
        case .linger: _ = sleep(5)
        }
        kill(getpid(), SIGKILL)
    }

    private static let chances = Mutex<[CrashPoint: Chance]?>(nil)

    /// Sets the chances of this process, once and for all of it; empty for none.
    public static func arm(_ chances: [CrashPoint: Chance]) {
        Self.chances.withLock { $0 = chances.isEmpty ? nil : chances }
    }

    /// Reads `development POINT=CHANCE POINT=stop:CHANCE POINT=linger:CHANCE …`, chances from 0 to 1.
    ///
    /// - Returns: the chances; `nil` when the text says anything else.
    static func chances(_ text: String) -> [CrashPoint: Chance]? {
        let words = text.split(separator: " ")
        guard words.first == "development" else { return nil }
        var chances: [CrashPoint: Chance] = [:]
        for word in words.dropFirst() {
            let parts = word.split(whereSeparator: { "=:".contains($0) }).map(String.init)
            guard (2...3).contains(parts.count), let point = CrashPoint(rawValue: parts[0]),
                let fault = parts.count == 2 ? .end : Fault(rawValue: parts[1]),
                let chance = Double(parts[parts.count - 1]),
                (0...1).contains(chance)
            else { return nil }
            chances[point] = Chance(fault: fault, chance: chance)
        }
        return chances
    }
}
