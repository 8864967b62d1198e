import ArgumentParser
import Cluster
import Foundation
import Inspections
import JSON
import Kafka
import Notices
import Plans
import Postgres
import Registers
import Rounds

/// `yaohao migrate`: schema, roles and topics; safe to run again.
struct Migrate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Bring schema, roles and topics up to date · 建立或升级数据库与主题")

    func run() async throws {
        let settings = try settings()
        let migrations =
            Migration.cluster + RegistersSchema.migrations + PlansSchema.migrations + RoundsSchema.migrations
            + InspectionsSchema.migrations + NoticesSchema.migrations
        do {
            let connection = try await PostgresConnection.connect(settings.postgres, logger: logger(settings))
            do {
                let applied = try await Migrator(migrations).run(on: connection)
                for migration in applied { say("applied \(migration.number) \(migration.name)") }
                try await RegistersSchema.seedCalendar(on: connection)
                say("schema: \(migrations.count) migrations, \(applied.count) new")
            } catch {
                await connection.close()
                throw error
            }
            await connection.close()
        } catch let error as Migrator.Conflict {
            complain("\(error)")
            throw ExitStatus.answerIsNo
        } catch let error as PostgresError where error.isConnectionLost || error.code == .connection {
            complain("the database: \(error.message)")
            throw ExitStatus.unreachable
        }
        do {
            let admin = try KafkaAdmin(settings: settings.kafka, logger: logger(settings))
            try await admin.createTopics(
                settings.topics.all.map { topic in
                    TopicSpec(
                        name: topic.name, partitions: Int32(settings.partitions),
                        replication: Int32(settings.replication),
                        isCompacted: topic.compacted)
                })
            await admin.close()
            say("topics: \(settings.topics.all.count), prefix \(settings.topics.prefix)")
        } catch {
            complain("the broker: \(error)")
            throw ExitStatus.unreachable
        }
    }
}

/// `yaohao keys`: who may say what.
struct Keys: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Generate, list and revoke departments' keys · 部门密钥",
        subcommands: [Generate.self, List.self, Revoke.self])

    struct Generate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a key, register its public half, keep the private half in a file (mode 0600) · 生成")

        @Option(help: "The department's id · 部门") var department: String
        @Option(help: "Comma-separated: \(Role.allCases.map(\.rawValue).joined(separator: ",")) · 权限")
        var roles: String
        @Option(help: "A ce_source that it may use; repeat it; dept:ID, and witness:ID for a witness, by default · 来源")
        var source: [String] = []
        @Option(help: "The private key's new file · 私钥文件") var out: String
        @Option(help: "The last instant of its life, YYYY-MM-DDThh:mm:ssZ · 有效期至") var validUntil: String?

        func run() async throws {
            let names = roles.split(separator: ",").map(String.init)
            for name in names where Role(rawValue: name) == nil {
                complain("--roles: \(name) is no role; use \(Role.allCases.map(\.rawValue).joined(separator: ", "))")
                throw ExitStatus.wrongInput
            }
            let roles = Set(names.compactMap(Role.init))
            var sources = source.isEmpty ? ["dept:" + department] : source
            if roles.contains(.witness), !sources.contains("witness:" + department) {
                sources.append("witness:" + department)
            }
            let key = SigningKey(department: department, sources: sources, roles: roles)
            try await withPool(settings(needsKafka: false)) { pool in
                do {
                    try key.write(to: out)
                } catch {
                    complain("\(error)")
                    throw ExitStatus.wrongInput
                }
                do {
                    try await KeyDirectory(pool: pool).register(key, validUntil: validUntil)
                } catch {
                    // A key that nobody knows is of no use; the file would only confuse.
                    try? FileManager.default.removeItem(atPath: out)
                    throw error
                }
            }
            say("\(key.keyID)\t\(department)\t\(out)")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the keys · 列表")

        func run() async throws {
            let keys = try await withPool(settings(needsKafka: false)) { pool in
                try await pool.query(
                    """
                    SELECT key_id, department, array_to_string(roles, ',') AS roles,
                        array_to_string(sources, ',') AS sources,
                        CASE WHEN revoked_at IS NOT NULL THEN 'revoked: ' || revoked_reason
                            WHEN valid_until <= clock_timestamp() THEN 'expired' ELSE 'valid' END AS state
                    FROM cluster.keys ORDER BY department, valid_from
                    """
                ).map { row in
                    try ["key_id", "department", "roles", "sources", "state"].map {
                        try row.decode($0, as: String.self)
                    }
                }
            }
            for key in keys { say(key.joined(separator: "\t")) }
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "End a key's life · 吊销")

        @Argument(help: "The key's id · 密钥编号") var keyID: String
        @Option(help: "Why · 原因") var reason: String

        func run() async throws {
            let revoked = try await withPool(settings(needsKafka: false)) {
                try await KeyDirectory(pool: $0).revoke(keyID, reason: reason)
            }
            guard revoked else {
                complain("\(keyID): there is no such valid key; see `yaohao keys list`")
                throw ExitStatus.answerIsNo
            }
            say("revoked \(keyID)")
        }
    }
}

/// `yaohao dead-letters`: what could not be taken.
struct DeadLetterCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead-letters", abstract: "List, show and replay what could not be taken · 死信",
        subcommands: [List.self, Show.self, Replay.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List them · 列表")

        func run() async throws {
            let settings = try settings(needsKafka: false)
            let letters = try await withPool(settings) {
                try await DeadLetters(pool: $0, topics: settings.topics).letters()
            }
            for letter in letters {
                say(
                    [
                        "\(letter.id)", letter.message.topic, "\(letter.message.partition)", "\(letter.message.offset)",
                        "×\(letter.count)", letter.code, letter.replayedAt == nil ? "-" : "replayed", letter.reason,
                    ].joined(separator: "\t"))
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show one whole · 详情")

        @Argument(help: "Its number · 编号") var id: Int64

        func run() async throws {
            let letter = try await DeadLetterCommands.letter(id)
            say("\(letter.message.topic)[\(letter.message.partition)]@\(letter.message.offset) \(letter.firstSeen)")
            say("\(letter.code): \(letter.reason)")
            for header in letter.message.headers {
                say("\(header.name): \(String(decoding: header.value, as: UTF8.self))")
            }
            say("")
            say(letter.message.value.map { String(decoding: $0, as: UTF8.self) } ?? "(tombstone)")
        }
    }

    struct Replay: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Send one back to its topic, byte for byte · 重新投递")

        @Argument(help: "Its number · 编号") var id: Int64

        func run() async throws {
            let settings = try settings()
            let letter = try await DeadLetterCommands.letter(id)
            do {
                let producer = try KafkaProducer(settings: settings.kafka, logger: logger(settings))
                let result = await producer.send([
                    KafkaRecord(
                        topic: letter.message.topic, key: letter.message.key, value: letter.message.value,
                        headers: letter.message.headers)
                ])
                await producer.close()
                for delivery in result { _ = try delivery.get() }
            } catch {
                complain("the broker: \(error)")
                throw ExitStatus.unreachable
            }
            try await withPool(settings) {
                try await DeadLetters(pool: $0, topics: settings.topics).markReplayed(id)
            }
            say("replayed \(id) to \(letter.message.topic)")
        }
    }

    static func letter(_ id: Int64) async throws -> DeadLetters.Letter {
        let settings = try settings(needsKafka: false)
        let letter = try await withPool(settings) {
            try await DeadLetters(pool: $0, topics: settings.topics).letters(id: id).first
        }
        guard let letter else {
            complain("there is no dead letter \(id); see `yaohao dead-letters list`")
            throw ExitStatus.answerIsNo
        }
        return letter
    }
}
