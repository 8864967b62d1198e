import ArgumentParser
import Cluster
import Console
import Foundation
import Inspections
import JSON
import Kafka
import Notices
import Plans
import Portal
import Postgres
import Registers
import Returns
import Rounds

/// `yaohao migrate`: schema, roles and topics; safe to run again.
struct Migrate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Bring schema, roles and topics up to date · 建立或升级数据库与主题")

    func run() async throws {
        let settings = try settings()
        let migrations =
            Migration.cluster + RegistersSchema.migrations + PlansSchema.migrations + RoundsSchema.migrations
            + InspectionsSchema.migrations + NoticesSchema.migrations + ReturnsSchema.migrations
            + PortalSchema.migrations + ConsoleSchema.migrations
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

/// `yaohao dead-letters`: what could not be taken.
struct DeadLetterCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead-letters", abstract: "List, show and replay what could not be taken · 死信",
        subcommands: [List.self, Show.self, Replay.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "list", abstract: "List them · 列表")

        func run() async throws {
            let settings = try settings(needsKafka: false)
            let letters = try await withPool(settings) {
                try await DeadLetters(pool: $0, topics: settings.topics).letters()
            }
            for letter in letters {
                say(
                    [
                        "\(letter.id)", letter.message.topic, "\(letter.message.partition)", "\(letter.message.offset)",
                        "×\(letter.count)", letter.code,
                        letter.isCorrected ? "corrected" : letter.replayedAt == nil ? "-" : "replayed", letter.reason,
                    ].joined(separator: "\t"))
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "show", abstract: "Show one whole · 详情")

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
            commandName: "replay",
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
