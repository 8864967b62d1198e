import Foundation
import Testing

@testable import Postgres

/// All tests that use the server, one after another, so that they don't take all its connections.
@Suite("Server", .serialized)
struct ServerTests {}

/// The server that the tests use.
enum Server {
    /// The conninfo from the environment; fails the test when there is none.
    static var conninfo: String {
        get throws {
            try #require(
                ProcessInfo.processInfo.environment["YAOHAO_POSTGRES"],
                "YAOHAO_POSTGRES is not set: run scripts/test, which starts a server")
        }
    }

    /// A connection; it closes when the test lets go of it.
    static func connect() async throws -> PostgresConnection {
        try await PostgresConnection.connect(conninfo)
    }

    /// Waits until a server process waits for a lock or in pg_sleep, as seen from another connection.
    static func waitUntilBusy(_ processID: Int32, from observer: PostgresConnection) async throws {
        try await waitUntil {
            try await observer.query(
                """
                SELECT count(*) AS busy FROM pg_stat_activity
                WHERE pid = \(processID) AND state = 'active' AND wait_event_type IN ('Timeout', 'Lock', 'Client')
                """
            )[0].decode("busy", as: Int.self) == 1
        }
    }

    /// Asks again and again; the test's time limit ends it.
    static func waitUntil(_ condition: () async throws -> Bool) async throws {
        while try await !condition() {
            try Task.checkCancellation()
            await Task.yield()
        }
    }
}

/// Runs `body`, which must throw a `PostgresError`, and gives it.
func postgresError<R>(
    _ body: () async throws -> R, sourceLocation: SourceLocation = #_sourceLocation
) async throws -> PostgresError {
    do {
        _ = try await body()
    } catch let error as PostgresError {
        return error
    }
    return try #require(nil as PostgresError?, "nothing was thrown", sourceLocation: sourceLocation)
}
