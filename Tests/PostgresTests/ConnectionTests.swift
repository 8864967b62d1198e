import Foundation
import Glibc
import Testing

@testable import Postgres

extension ServerTests {
    @Suite("Connection", .timeLimit(.minutes(2)))
    struct ConnectionTests {
        @Test("Calls of many tasks are answered each with its own rows")
        func manyTasks() async throws {
            let connection = try await Server.connect()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<200 {
                    group.addTask {
                        let rows = try await connection.query("SELECT \(number) AS n")
                        #expect(try rows[0]("n", as: Int.self) == number)
                    }
                }
                try await group.waitForAll()
            }
        }

        @Test("An error names its SQLSTATE and constraint, never a value, and the connection goes on")
        func errors() async throws {
            let connection = try await Server.connect()
            try await connection.script(
                "CREATE TEMP TABLE person (id text PRIMARY KEY, born date CHECK (born > '1900-01-01'))")
            try await connection.execute("INSERT INTO person VALUES (\("150222199001011234"), \("1990-01-01"))")
            let duplicate = try await postgresError {
                try await connection.execute("INSERT INTO person VALUES (\("150222199001011234"), NULL)")
            }
            #expect(duplicate.code == .server && duplicate.sqlState == "23505")
            #expect(duplicate.constraint == "person_pkey" && duplicate.table == "person")
            #expect(!duplicate.isRetriable && !duplicate.isConnectionLost)
            let malformed = try await postgresError {
                try await connection.execute("INSERT INTO person VALUES ('x', \("secret \"value\" here"))")
            }
            #expect(malformed.sqlState == "22007")
            for error in [duplicate, malformed] {
                #expect(
                    !"\(error)".contains("secret") && !"\(error)".contains("150222") && !"\(error)".contains("value\""))
            }
            let syntax = try await postgresError { try await connection.query("SELECT 1 FRM x y") }
            #expect(syntax.sqlState == "42601" && syntax.position == 14)
            #expect(try await connection.query("SELECT * FROM person").count == 1)
        }

        @Test("A statement that fails only when it is committed fails, and takes nothing effect")
        func deferredConstraint() async throws {
            let connection = try await Server.connect()
            try await connection.script(
                """
                CREATE TEMP TABLE a (id int PRIMARY KEY);
                CREATE TEMP TABLE b (a int REFERENCES a DEFERRABLE INITIALLY DEFERRED);
                """)
            let alone = try await postgresError { try await connection.execute("INSERT INTO b VALUES (1)") }
            #expect(alone.sqlState == "23503")
            let inTransaction = try await postgresError {
                try await connection.transaction { try await $0.execute("INSERT INTO b VALUES (1)") }
            }
            #expect(inTransaction.sqlState == "23503" && inTransaction.code == .server)
            #expect(try await connection.query("SELECT * FROM b").isEmpty)
        }

        @Test("Affected rows are counted")
        func affected() async throws {
            let connection = try await Server.connect()
            #expect(try await connection.execute("CREATE TEMP TABLE t (n int)") == 0)
            #expect(try await connection.execute("INSERT INTO t SELECT generate_series(1, 7)") == 7)
            #expect(try await connection.execute("UPDATE t SET n = n + 1 WHERE n > \(3)") == 4)
            #expect(try await connection.execute("DELETE FROM t") == 7)
            #expect(try await connection.query("").isEmpty)
        }

        @Test("A script runs all its statements as one transaction")
        func script() async throws {
            let connection = try await Server.connect()
            try await connection.script("CREATE TEMP TABLE t (n int); INSERT INTO t VALUES (1); SELECT * FROM t; -- 完")
            let error = try await postgresError {
                try await connection.script(
                    "INSERT INTO t VALUES (2); INSERT INTO nowhere VALUES (3); INSERT INTO t VALUES (4)")
            }
            #expect(error.sqlState == "42P01")
            #expect(try await connection.query("SELECT n FROM t").count == 1)
        }

        @Test("Large results and large statements pass, also both at once")
        func large() async throws {
            let connection = try await Server.connect()
            let text = String(repeating: "x", count: 3_000_000)
            let results = try await connection.pipeline(
                (0..<20).map { "SELECT \(text)::text || \($0)::text AS echo" })
            #expect(results.count == 20)
            for (number, result) in results.enumerated() {
                let echo = try result.rows[0]("echo", as: String.self)
                #expect(echo.utf8.count == text.utf8.count + String(number).utf8.count)
            }
            let rows = try await connection.query("SELECT n, md5(n::text) AS h FROM generate_series(1, 300000) n")
            #expect(rows.count == 300_000)
            #expect(try rows[299_999]("n", as: Int.self) == 300_000)
        }

        @Test("Statements beyond the cache are prepared again, and the server holds no more than the cache")
        func cacheIsBounded() async throws {
            let connection = try await PostgresConnection.connect(Server.conninfo, preparedStatements: 5)
            for _ in 0..<3 {
                for number in 0..<20 {
                    let rows = try await connection.query("SELECT \(raw: String(number))")
                    #expect(try rows[0].decode(0, as: Int.self) == number)
                }
            }
            let held = try await connection.query("SELECT count(*) FROM pg_prepared_statements")[0].decode(
                0, as: Int.self)
            #expect(held <= 6)
            await connection.close()
        }

        @Test("A statement whose table was altered is prepared again; in a transaction it may be done again")
        func staleStatements() async throws {
            let connection = try await Server.connect()
            try await connection.script("CREATE TEMP TABLE t (a int); INSERT INTO t VALUES (1)")
            #expect(try await connection.query("SELECT * FROM t")[0].columns == ["a"])
            try await connection.script("ALTER TABLE t ADD b int")
            #expect(try await connection.query("SELECT * FROM t")[0].columns == ["a", "b"])
            try await connection.script("ALTER TABLE t ADD c int")
            let error = try await postgresError {
                try await connection.transaction { try await $0.query("SELECT * FROM t") }
            }
            #expect(error.code == .staleStatement && error.isRetriable)
            #expect(try await connection.transaction { try await $0.query("SELECT * FROM t")[0].columns.count } == 3)
            try await connection.script("DEALLOCATE ALL")
            #expect(try await connection.query("SELECT * FROM t").count == 1)
            #expect(try await connection.query("SELECT 2").count == 1)
        }

        @Test("COPY is refused where it would hang")
        func copyIsRefused() async throws {
            let connection = try await Server.connect()
            for sql: SQL in ["COPY (SELECT 1) TO STDOUT", "  copy\nt FROM STDIN", "COPY(SELECT 1) TO STDOUT"] {
                #expect(try await postgresError { try await connection.query(sql) }.code == .misuse)
            }
            #expect(try await connection.query("SELECT 1 AS copy").count == 1)
            // Hidden behind a comment it is noticed too late to go on.
            let error = try await postgresError { try await connection.query("/* */ COPY (SELECT 1) TO STDOUT") }
            #expect(error.code == .protocol)
            #expect(try await postgresError { try await connection.query("SELECT 1") }.code == .protocol)
            let other = try await Server.connect()
            let inScript = try await postgresError { try await other.script("SELECT 1; COPY (SELECT 1) TO STDOUT") }
            #expect(inScript.code == .protocol)
        }

        @Test("Late calls throw, and closing fails those who wait")
        func closing() async throws {
            let connection = try await PostgresConnection.connect(Server.conninfo)
            let observer = try await Server.connect()
            async let running = postgresError { try await connection.query("SELECT pg_sleep(600)") }
            try await Server.waitUntilBusy(connection.processID, from: observer)
            async let waiting = postgresError { try await connection.query("SELECT 1") }
            await Task.yield()
            await connection.close()
            #expect(try await running.code == .closed)
            #expect(try await waiting.code == .closed)
            // The server stops too.
            try await Server.waitUntil {
                try await observer.query("SELECT FROM pg_stat_activity WHERE pid = \(connection.processID)").isEmpty
            }
            await connection.close()
            #expect(try await postgresError { try await connection.query("SELECT 1") }.code == .closed)
            #expect(try await postgresError { try await connection.script("SELECT 1") }.code == .closed)
            #expect(try await postgresError { try await connection.transaction { _ in } }.code == .closed)
            #expect(
                try await postgresError { try await connection.copyOut("COPY (SELECT 1) TO STDOUT") { _ in } }.code
                    == .closed)
        }

        @Test("A server process that is ended is an error of the connection, and a query can be done again elsewhere")
        func serverProcessEnds() async throws {
            let connection = try await PostgresConnection.connect(Server.conninfo)
            let observer = try await Server.connect()
            async let running = postgresError { try await connection.query("SELECT pg_sleep(600)") }
            try await Server.waitUntilBusy(connection.processID, from: observer)
            _ = try await observer.query("SELECT pg_terminate_backend(\(connection.processID))")
            let error = try await running
            #expect(error.isConnectionLost && error.isRetriable)
            #expect(error.sqlState == "57P01")
            let later = try await postgresError { try await connection.query("SELECT 1") }
            #expect(later.isConnectionLost)
        }

        @Test("What can't be reached, read or entered is said")
        func connectErrors() async throws {
            let nobody = try await postgresError {
                try await PostgresConnection.connect("host=/nonexistent port=1 user=x")
            }
            #expect(nobody.code == .connection && nobody.isRetriable)
            #expect(nobody.message.contains("/nonexistent"))
            let refused = try await postgresError {
                try await PostgresConnection.connect("host=127.0.0.1 port=1 user=x")
            }
            #expect(refused.code == .connection)
            let unreadable = try await postgresError { try await PostgresConnection.connect("user=x hunter2") }
            #expect(unreadable.code == .misuse && !"\(unreadable)".contains("hunter2"))
            let conninfo = try Server.conninfo + " dbname=there_is_no_such_database"
            #expect(try await postgresError { try await PostgresConnection.connect(conninfo) }.code == .connection)
            let setup = try await postgresError {
                try await PostgresConnection.connect(Server.conninfo, setup: "SET no_such_setting_at_all = 1")
            }
            #expect(setup.sqlState == "42704")
        }

        @Test("A server that accepts and says nothing is given up after connect_timeout; cancelling ends it earlier")
        func silentServer() async throws {
            let silent = try SilentServer()
            defer { silent.close() }
            let conninfo = "host=127.0.0.1 port=\(silent.port) user=x sslmode=disable connect_timeout=2"
            #expect(try await postgresError { try await PostgresConnection.connect(conninfo) }.code == .timeout)
            let task = Task {
                try await PostgresConnection.connect("host=127.0.0.1 port=\(silent.port) user=x connect_timeout=3600")
            }
            await Task.yield()
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
        }

        @Test("Two hundred connections, closed or forgotten, leave no file open and nothing on the server")
        func noLeaks() async throws {
            func openFiles() throws -> Int {
                try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
            }
            let observer = try await Server.connect()
            let name = "leaks_\(observer.processID)"
            let conninfo = try Server.conninfo + " application_name=\(name)"
            let before = try openFiles()
            for number in 1...200 {
                let connection = try await PostgresConnection.connect(conninfo)
                if number % 4 == 0 { _ = try? await connection.query("SELECT nonsense") }
                if number % 2 == 0 { await connection.close() }
                // The server's processes take a while to end.
                guard number.isMultiple(of: 20) else { continue }
                try await Server.waitUntil {
                    try await observer.query("SELECT FROM pg_stat_activity WHERE application_name = \(name)").count <= 1
                }
            }
            for _ in 0..<20 { _ = try? await PostgresConnection.connect("host=127.0.0.1 port=1 user=x") }
            // Other targets' tests may run at the same time: they open a few files, never hundreds.
            #expect(try openFiles() < before + 20)
        }
    }
}

/// Listens, and never says anything.
struct SilentServer {
    private let socket: Int32
    let port: UInt16

    init() throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = socket
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, 8) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        try #require(isBound)
        port = UInt16(bigEndian: address.sin_port)
    }

    func close() {
        Glibc.close(socket)
    }
}
