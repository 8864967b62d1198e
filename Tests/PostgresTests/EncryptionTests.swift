import Foundation
import Logging
import Testing

@testable import Postgres

/// As `deploy/README.md` has it: TLS whose certificate is checked, and passwords that are never sent.
@Suite("TLS and SCRAM", .enabled(if: PrivateServer.isInstalled))
struct EncryptionTests {
    static let password = "correct-horse-7420150222"

    /// Runs openssl in a folder.
    static func openssl(_ folder: String, _ arguments: String) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments = arguments.split(separator: " ").map(String.init)
        process.currentDirectoryURL = URL(filePath: folder)
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "openssl \(arguments)")
    }

    /// A server that takes nothing but TLS with SCRAM over the network.
    struct Encrypted {
        let server: PrivateServer
        let folder: String
        let port: Int

        init() throws {
            server = try PrivateServer()
            folder = NSTemporaryDirectory() + "/certificates-" + UUID().uuidString
            port = Int.random(in: 20_000..<30_000)
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            for (name, host) in [("ca", "yaohao test authority"), ("stranger", "another authority")] {
                try EncryptionTests.openssl(
                    folder,
                    "req -x509 -newkey rsa:2048 -nodes -days 2 -keyout \(name).key -out \(name).crt -subj /CN="
                        + host.replacing(" ", with: "-"))
            }
            try EncryptionTests.openssl(
                folder, "req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=localhost")
            try EncryptionTests.openssl(
                folder, "x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -out server.crt")
            for name in ["server.crt", "server.key"] {
                try server.write(name, String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8))
            }
            try server.write(
                "pg_hba.conf",
                """
                local all postgres trust
                hostssl all all 127.0.0.1/32 scram-sha-256

                """)
            try server.start(
                "-c listen_addresses=127.0.0.1 -c port=\(port) -c ssl=on -c password_encryption=scram-sha-256")
        }

        var local: String { "\(server.conninfo) port=\(port)" }

        func conninfo(
            host: String = "localhost", mode: String = "verify-full", authority: String = "ca",
            password: String = EncryptionTests.password
        ) -> String {
            "host=\(host) hostaddr=127.0.0.1 port=\(port) user=worker_login dbname=postgres connect_timeout=10 "
                + "sslmode=\(mode) sslrootcert=\(folder)/\(authority).crt channel_binding=require password=\(password)"
        }

        func remove() {
            server.remove()
            try? FileManager.default.removeItem(atPath: folder)
        }
    }

    @Test("A process reaches the server by TLS and SCRAM only, and only the server whose name is in the certificate")
    func connections() async throws {
        let encrypted = try Encrypted()
        defer { encrypted.remove() }
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let owner = try await PostgresConnection.connect(encrypted.local, logger: logger)
        try await owner.script("CREATE ROLE worker_login LOGIN PASSWORD '\(Self.password)'")
        let stored = try await owner.query(
            "SELECT rolpassword LIKE 'SCRAM-SHA-256$%' FROM pg_authid WHERE rolname = 'worker_login'"
        ).first?.decode(0, as: Bool.self)
        #expect(stored == true)
        await owner.close()

        let connection = try await PostgresConnection.connect(encrypted.conninfo(), logger: logger)
        let ssl = try await connection.query("SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()").first
        #expect(try ssl?.decode("ssl", as: Bool.self) == true)
        #expect(try ssl?.decode("version", as: String.self).hasPrefix("TLSv1.") == true)
        await connection.close()

        let refused = [
            encrypted.conninfo(mode: "disable").replacing("channel_binding=require ", with: ""),
            encrypted.conninfo(password: "wrong-password"), encrypted.conninfo(host: "another.example"),
            encrypted.conninfo(authority: "stranger"),
        ]
        for conninfo in refused {
            let error = await #expect(throws: PostgresError.self) {
                let connection = try await PostgresConnection.connect(conninfo, logger: logger)
                await connection.close()
            }
            // What goes into logs must not hold the password.
            let text = error.map { "\($0) \($0.message)" } ?? ""
            #expect(!text.isEmpty)
            #expect(!text.contains(Self.password) && !text.contains("wrong-password"), "\(text)")
        }
    }
}
