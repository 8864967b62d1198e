import Foundation
import Glibc
import Testing

/// A PostgreSQL of one test's own, that it may kill. On a Unix socket only, unless the test says more.
struct PrivateServer {
    private static let programs = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql"))
        .flatMap { $0.max { (Int($0) ?? 0) < (Int($1) ?? 0) } }
        .map { "/usr/lib/postgresql/\($0)/bin/" }

    static var isInstalled: Bool {
        programs.map { FileManager.default.isExecutableFile(atPath: $0 + "initdb") } ?? false
    }

    let folder: String

    init() throws {
        folder = "/tmp/postgres-test-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        // The server runs as another user if this is root.
        if getuid() == 0, let user = getpwnam("postgres") { chown(folder, user.pointee.pw_uid, user.pointee.pw_gid) }
        try run("initdb", "-D", "\(folder)/data", "-A", "trust", "-U", "postgres", "--no-sync", "-E", "UTF8")
    }

    var conninfo: String { "host=\(folder) user=postgres dbname=postgres connect_timeout=10" }

    func start(_ options: String = "-c listen_addresses=''") throws {
        try run(
            "pg_ctl", "-D", "\(folder)/data", "-l", "\(folder)/log", "-w", "-o", "-k \(folder) \(options)", "start")
    }

    /// Puts a file into the server's folder, its own and nobody else's.
    func write(_ name: String, _ content: some StringProtocol) throws {
        let path = "\(folder)/data/\(name)"
        try String(content).write(toFile: path, atomically: false, encoding: .utf8)
        guard chmod(path, 0o600) == 0 else { throw CocoaError(.fileWriteNoPermission) }
        if getuid() == 0, let user = getpwnam("postgres") { chown(path, user.pointee.pw_uid, user.pointee.pw_gid) }
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
        try Self.run(#require(Self.programs) + program, arguments)
    }

    private static func run(_ program: String, _ arguments: [String]) throws {
        let process = try spawn(program, arguments)
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        try #require(status == 0, "\(program) failed")
    }

    /// Starts a program, as the user postgres if this is root, since the server refuses to run as root.
    ///
    /// Foundation's `Process` would wait for the server too, which inherits what it watches.
    static func spawn(_ program: String, _ arguments: [String]) throws -> pid_t {
        let asPostgres =
            getuid() == 0 ? ["/usr/bin/setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] : []
        let command = asPostgres + [program] + arguments
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for descriptor: Int32 in 0...2 {
            posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0)
        }
        var words = command.map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var process: pid_t = 0
        try #require(
            posix_spawn(&process, command[0], &actions, nil, &words, environ) == 0, "\(command[0]) can't be run")
        return process
    }
}
