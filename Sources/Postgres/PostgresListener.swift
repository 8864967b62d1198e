import CLibpq
public import Logging

/// What `NOTIFY` sent (通知).
public struct PostgresNotification: Sendable, Hashable {
    /// The channel's name.
    public let channel: String
    /// What the sender added; may be empty.
    public let payload: String
    /// The server process that sent it (`pg_backend_pid()` there).
    public let processID: Int32
}

/// The notifications of some channels, on a connection of their own.
///
/// They are hints: none comes while nobody is connected, so look for work after connecting, and now and then besides.
/// Iterating throws a ``PostgresError`` when the server goes away, `CancellationError` when the task is cancelled, and
/// ends after ``close()``. A notification goes to one iterator: there should be one.
///
/// ```swift
/// let listener = try await PostgresListener.connect(conninfo, channels: ["outbox"])
/// for try await notification in listener { … }
/// ```
public struct PostgresListener: AsyncSequence, Sendable {
    private let connection: PostgresConnection

    /// Connects and listens; see ``PostgresConnection/connect(_:setup:preparedStatements:logger:)``. When this returns,
    /// everything that is notified from now on will come.
    public static func connect(
        _ conninfo: String, channels: [String], setup: String? = nil, logger: Logger = Logger(label: "postgres")
    ) async throws -> PostgresListener {
        let connection = try await PostgresConnection.connect(conninfo, setup: setup, logger: logger)
        do {
            await connection.keepNotifications()
            try await connection.script(channels.map { "LISTEN \(SQL.quoted(identifier: $0));" }.joined())
        } catch {
            await connection.close()
            throw error
        }
        return PostgresListener(connection: connection)
    }

    /// Closes the connection; iterating ends.
    public func close() async {
        await connection.close()
    }

    /// The server process of this connection (`pg_backend_pid()`).
    public var processID: Int32 { connection.processID }

    /// Waits for notifications.
    public func makeAsyncIterator() -> Iterator {
        Iterator(connection: connection)
    }

    /// Waits for notifications.
    public struct Iterator: AsyncIteratorProtocol {
        let connection: PostgresConnection

        /// The next notification; nil after the listener was closed.
        public mutating func next() async throws -> PostgresNotification? {
            do {
                return try await connection.nextNotification()
            } catch let error as PostgresError where error.code == .closed {
                return nil
            }
        }
    }
}

extension PostgresConnection {
    func keepNotifications() {
        keepsNotifications = true
    }

    /// Takes what libpq has parsed; drops it unless somebody listens.
    func collectNotifications(_ raw: OpaquePointer) {
        while let notification = PQnotifies(raw) {
            if keepsNotifications {
                notifications.append(
                    PostgresNotification(
                        channel: String(cString: notification.pointee.relname),
                        payload: String(cString: notification.pointee.extra),
                        processID: notification.pointee.be_pid))
            }
            PQfreemem(notification)
        }
    }

    func nextNotification() async throws -> PostgresNotification {
        try await session.take()
        defer { session.give() }
        try await wire.take()
        defer { wire.give() }
        while true {
            try Task.checkCancellation()
            collectNotifications(try raw)
            if !notifications.isEmpty { return notifications.removeFirst() }
            try await readyUnlessCancelled()
            let raw = try raw
            guard PQconsumeInput(raw) == 1 else { throw lost(raw) }
        }
    }
}
