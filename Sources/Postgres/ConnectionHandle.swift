import CLibpq
import Logging

/// Owns a libpq connection and the receiver of its notices, and frees them.
///
/// `@unchecked Sendable` is sound: libpq allows any thread to use a connection as long as only one does at a time. Until
/// the connection stands, that is the one task that connects, which awaits each offloaded call; from then on only the
/// ``PostgresConnection`` actor uses `raw`, never across a suspension. `deinit` runs when nobody else is left.
final class ConnectionHandle: @unchecked Sendable {
    let raw: OpaquePointer
    private let notices: NoticeReceiver

    /// Starts to connect. Blocks while the host's name is looked up.
    init(conninfo: String, logger: Logger) throws {
        // In a conninfo that can't be read any part may be the password, so libpq's message is dropped.
        guard let options = PQconninfoParse(conninfo, nil) else {
            throw PostgresError(
                .misuse, "the conninfo can't be read: key=value pairs or postgresql://user@host:port/database expected")
        }
        PQconninfoFree(options)
        // What stands before `dbname` are defaults that the conninfo overrides; what stands behind it overrides.
        let settings = [
            ("fallback_application_name", "yaohao"),
            // A peer that vanished without a word is noticed within a minute, also by those who only listen.
            ("keepalives_idle", "30"), ("keepalives_interval", "10"), ("keepalives_count", "3"),
            ("tcp_user_timeout", "60000"),
            ("dbname", conninfo), ("client_encoding", "UTF8"),
        ]
        guard
            let raw = withCStrings(
                settings.map(\.0),
                { names in
                    withCStrings(settings.map(\.1)) { values in PQconnectStartParams(names, values, 1) }
                })
        else { throw PostgresError(.connection, "out of memory") }
        self.raw = raw
        notices = NoticeReceiver(logger: logger)
        PQsetNoticeReceiver(raw, receiveNotice, Unmanaged.passUnretained(notices).toOpaque())
    }

    deinit {
        PQfinish(raw)
    }

    /// The value of a connection option as libpq settled it.
    func option(_ keyword: String) -> String? {
        guard let options = PQconninfo(raw) else { return nil }
        defer { PQconninfoFree(options) }
        var next = options
        while let name = next.pointee.keyword {
            if String(cString: name) == keyword { return next.pointee.val.map { String(cString: $0) } }
            next += 1
        }
        return nil
    }

    /// What libpq says about the connection's failure.
    var error: PostgresError {
        PostgresError(.connection, PostgresError.oneLine(PQerrorMessage(raw)))
    }
}

/// Lends a nil-terminated array of C strings.
private func withCStrings<R>(_ strings: [String], _ body: ([UnsafePointer<CChar>?]) -> R) -> R {
    let starts = strings.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.utf8.count + 1) }.dropLast()
    let bytes = strings.flatMap(\.utf8CString)
    return bytes.withUnsafeBufferPointer { buffer in
        body(starts.map { start in buffer.baseAddress.map { UnsafePointer($0 + start) } } + [nil])
    }
}

/// Passes the server's notices to the logger. Owned by the connection's handle, which outlives every call from libpq.
private final class NoticeReceiver {
    let logger: Logger

    init(logger: Logger) {
        self.logger = logger
    }
}

/// Called by libpq while it parses what came in.
private nonisolated func receiveNotice(_ argument: UnsafeMutableRawPointer?, _ result: OpaquePointer?) {
    guard let argument, let result else { return }
    let receiver = Unmanaged<NoticeReceiver>.fromOpaque(argument).takeUnretainedValue()
    func field(_ field: ErrorField) -> String { field.value(in: result) ?? "" }
    receiver.logger.debug(
        "PostgreSQL notice",
        metadata: [
            LogKey.severity: "\(field(.severity))",
            LogKey.sqlState: "\(field(.sqlState))",
            LogKey.message: "\(field(.message))",
        ])
}

/// The keys of this target's log metadata.
enum LogKey {
    static let severity = "postgres.severity"
    static let sqlState = "postgres.sqlstate"
    static let message = "postgres.message"
    static let error = "postgres.error"
    static let retryDelay = "postgres.retry_delay"
    static let process = "postgres.backend_pid"
}
