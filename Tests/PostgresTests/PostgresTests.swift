import Foundation
import Testing

@testable import Postgres

/// The server that the tests use.
enum Server {
    /// The conninfo from the environment; fails the test when there is none.
    static var conninfo: String {
        get throws {
            let conninfo = ProcessInfo.processInfo.environment["YAOHAO_POSTGRES"]
            return try #require(conninfo, "YAOHAO_POSTGRES is not set: run scripts/test, which starts a server")
        }
    }

    static func connect() async throws -> PostgresConnection {
        try await PostgresConnection.connect(conninfo)
    }
}

@Suite struct SmokeTests {
    @Test func oneStatement() async throws {
        let connection = try await Server.connect()
        let rows = try await connection.query("SELECT \(5)::int8 AS n, \("摇号")::text AS t")
        #expect(try rows[0]("n", as: Int.self) == 5)
        #expect(try rows[0]("t", as: String.self) == "摇号")
        let n = try await connection.transaction { tx in
            try await tx.query("SELECT 1")[0].decode(0, as: Int.self)
        }
        #expect(n == 1)
        await connection.close()
    }
}
