import Foundation
import Synchronization

/// A place between commit, publish and acknowledge at which a test has the process end at once, as a power cut would
/// (故障点). Nothing happens there unless `YAOHAO_FAULTS` says so.
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

    /// The process is here: it ends with the chance that was set, by SIGKILL, so that nothing is tidied up.
    public func reached() {
        guard let chance = Self.chances.withLock({ $0?[self] }), Double.random(in: 0..<1) < chance else { return }
        FileHandle.standardError.write(Data("crash point \(rawValue)\n".utf8))
        kill(getpid(), SIGKILL)
    }

    private static let chances = Mutex<[CrashPoint: Double]?>(nil)

    /// Sets the chances of this process, once and for all of it; empty for none.
    public static func arm(_ chances: [CrashPoint: Double]) {
        Self.chances.withLock { $0 = chances.isEmpty ? nil : chances }
    }

    /// Reads `development POINT=CHANCE …`, chances from 0 to 1.
    ///
    /// - Returns: the chances; `nil` when the text says anything else.
    static func chances(_ text: String) -> [CrashPoint: Double]? {
        let words = text.split(separator: " ")
        guard words.first == "development" else { return nil }
        var chances: [CrashPoint: Double] = [:]
        for word in words.dropFirst() {
            let parts = word.split(separator: "=").map(String.init)
            guard parts.count == 2, let point = CrashPoint(rawValue: parts[0]), let chance = Double(parts[1]),
                (0...1).contains(chance)
            else { return nil }
            chances[point] = chance
        }
        return chances
    }
}
