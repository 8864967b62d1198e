import Foundation
import Glibc
import Testing

@testable import Postgres

extension ServerTests {
    @Suite("Poolers between", .timeLimit(.minutes(1)))
    struct TransactionPoolingTests {
        @Test("A direct connection passes")
        func direct() async throws {
            try await PostgresConnection.refuseTransactionPooling(Server.conninfo)
        }

        @Test(
            "PgBouncer is refused by the transaction and by the statement, and passes by the session",
            .enabled(if: PgBouncer.isInstalled, "pgbouncer is not installed"),
            arguments: ["transaction", "statement", "session"])
        func pgBouncer(mode: String) async throws {
            let pooler = try await PgBouncer(mode: mode)
            defer { pooler.stop() }
            guard mode != "session" else {
                return try await PostgresConnection.refuseTransactionPooling(pooler.conninfo)
            }
            let error = try await postgresError {
                try await PostgresConnection.refuseTransactionPooling(pooler.conninfo)
            }
            #expect(error.code == .misuse)
        }
    }
}

/// A PgBouncer of one test's own, before a server of its own.
private struct PgBouncer {
    private static let program = "/usr/sbin/pgbouncer"

    static var isInstalled: Bool {
        FileManager.default.isExecutableFile(atPath: program) && PrivateServer.isInstalled
    }

    private let server: PrivateServer
    private let process: pid_t

    init(mode: String) async throws {
        server = try PrivateServer()
        do {
            try server.start()
            let settings = """
                [databases]
                postgres = host=\(server.folder) user=postgres
                [pgbouncer]
                listen_port = 6432
                unix_socket_dir = \(server.folder)
                auth_type = any
                pool_mode = \(mode)
                """
            try Data(settings.utf8).write(to: URL(fileURLWithPath: "\(server.folder)/pgbouncer.ini"))
            process = try PrivateServer.spawn(Self.program, ["-q", "\(server.folder)/pgbouncer.ini"])
        } catch {
            server.remove()
            throw error
        }
        // It makes its socket before it listens on it.
        let conninfo = conninfo
        try await Server.waitUntil { (try? await PostgresConnection.connect(conninfo)) != nil }
    }

    var conninfo: String { "host=\(server.folder) port=6432 user=postgres dbname=postgres" }

    func stop() {
        // It has inherited the blocked signals of a thread that runs tasks, so it would not hear SIGTERM.
        kill(process, SIGKILL)
        waitpid(process, nil, 0)
        server.remove()
    }
}
