import Cluster
import Console
import Foundation
import Inspections
import Kafka
import Logging
import Notices
import Plans
import Portal
import Postgres
import Registers
import Returns
import Rounds
import ServiceLifecycle
import Testing

/// A county of a test's own on the real servers of `scripts/stack`: a fresh database, migrated, and fresh topics.
struct TestStack {
    let conninfo: String
    let kafka: KafkaSettings
    let topics: Topics
    let pool: PostgresPool
    let logger: Logger

    struct Missing: Error, CustomStringConvertible {
        let description = "YAOHAO_POSTGRES and YAOHAO_KAFKA are not set; run these tests by scripts/test"
    }

    /// Makes the county. - Parameter partitions: of each topic; `nil` makes none.
    init(partitions: Int32? = 3) async throws {
        let environment = ProcessInfo.processInfo.environment
        guard let server = environment["YAOHAO_POSTGRES"], environment["YAOHAO_KAFKA"] != nil else { throw Missing() }
        let name = "yaohao_test_" + UUID().uuidString.lowercased().replacing("-", with: "")
        var logger = Logger(label: "test") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .critical
        self.logger = logger
        let admin = try await PostgresConnection.connect(server, logger: logger)
        try await admin.script("CREATE DATABASE \(name)")
        await admin.close()
        // The last of two settings counts.
        conninfo = server + " dbname=" + name
        let connection = try await PostgresConnection.connect(conninfo, logger: logger)
        let migrations =
            Migration.cluster + RegistersSchema.migrations + PlansSchema.migrations + RoundsSchema.migrations
            + InspectionsSchema.migrations
            + NoticesSchema.migrations + ReturnsSchema.migrations + PortalSchema.migrations + ConsoleSchema.migrations
        _ = try await Migrator(migrations).run(on: connection)
        await connection.close()
        pool = PostgresPool(conninfo: conninfo, maximum: 12, logger: logger)
        kafka = try KafkaSettings(environment: environment)
        topics = Topics(prefix: name + ".")
        if let partitions {
            let client = try KafkaAdmin(settings: kafka, logger: logger)
            try await client.createTopics(
                topics.all.map { TopicSpec(name: $0.name, partitions: partitions, isCompacted: $0.compacted) })
            await client.close()
        }
    }

    /// A key that the county knows.
    func key(_ department: String, _ roles: Set<Role>, sources: [String]? = nil) async throws -> SigningKey {
        let key = SigningKey(department: department, sources: sources ?? ["dept:" + department], roles: roles)
        try await KeyDirectory(pool: pool).register(key)
        return key
    }

    /// How many rows a query counts.
    func count(_ sql: SQL) async throws -> Int {
        try await pool.query(sql).first?.decode(0, as: Int.self) ?? 0
    }

    /// Runs services while the body runs, then stops them as SIGTERM would.
    func running(_ services: [any Service], _ body: () async throws -> Void) async throws {
        let group = ServiceGroup(services: services, logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            do {
                try await body()
            } catch {
                await group.triggerGracefulShutdown()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    /// Ends the county: the database is dropped, the topics are removed.
    func end() async throws {
        await pool.close()
        let server = ProcessInfo.processInfo.environment["YAOHAO_POSTGRES"] ?? ""
        let admin = try await PostgresConnection.connect(server, logger: logger)
        try await admin.script("DROP DATABASE \(topics.prefix.dropLast()) WITH (FORCE)")
        await admin.close()
    }

    /// Makes a county, runs the body, and ends the county also when the body throws.
    static func with(partitions: Int32? = 3, _ body: (TestStack) async throws -> Void) async throws {
        let stack = try await TestStack(partitions: partitions)
        do {
            try await body(stack)
        } catch {
            try? await stack.end()
            throw error
        }
        try await stack.end()
    }
}

/// Waits until a condition holds, looking again every few milliseconds; fails after a generous while.
func eventually(
    _ what: String, seconds: Double = 30, _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + .milliseconds(Int(seconds * 1_000))
    while try await !condition() {
        guard ContinuousClock.now < deadline else {
            Issue.record("never happened: \(what)")
            return
        }
        try await Task.sleep(for: .milliseconds(20))
    }
}
