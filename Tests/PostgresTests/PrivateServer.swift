import Foundation
import Glibc
import Testing

/// A PostgreSQL of one test's own, that it may kill. On a Unix socket only.
struct PrivateServer {
    private static let programs = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql"))
        .flatMap { $0.max { (Int($0) ?? 0) < (Int($1) ?? 0) } }
        .map { "/usr/lib/postgresql/\($0)/bin/" }

    static var isInstalled: Bool {
        programs.map { FileManager.default.isExecutableFile(atPath: $0 + "initdb") } ?? false
    }

    private let folder: String

    init() throws {
        folder = "/tmp/postgres-test-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        // The server refuses to run as root.
        if getuid() == 0 { try Self.run("/bin/chown", "postgres", folder) }
        try run("initdb", "-D", "\(folder)/data", "-A", "trust", "-U", "postgres", "--no-sync", "-E", "UTF8")
    }

    var conninfo: String { "host=\(folder) user=postgres dbname=postgres connect_timeout=10" }

    func start() throws {
        try run(
            "pg_ctl", "-D", "\(folder)/data", "-l", "\(folder)/log", "-w", "-o", "-k \(folder) -c listen_addresses=''",
            "start")
    }

    /// As a crash: no connection is told.
    func kill() throws {
        try run("pg_ctl", "-D", "\(folder)/data", "-m", "immediate", "-w", "stop")
    }

    func remove() {
        try? kill()
        try? FileManager.default.removeItem(atPath: folder)
    }

    private func run(_ program: String, _ arguments: String...) throws {
        let path = try #require(Self.programs) + program
        if getuid() == 0 {
            try Self.run("/sbin/runuser", ["-u", "postgres", "--", path] + arguments)
        } else {
            try Self.run(path, arguments)
        }
    }

    private static func run(_ program: String, _ arguments: String...) throws { try run(program, arguments) }

    /// Foundation's `Process` would wait for the server too, which inherits what it watches.
    private static func run(_ program: String, _ arguments: [String]) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for descriptor: Int32 in 0...2 {
            posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0)
        }
        var words = ([program] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var process: pid_t = 0
        try #require(posix_spawn(&process, program, &actions, nil, &words, environ) == 0, "\(program) can't be run")
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        try #require(status == 0, "\(program) failed")
    }
}
