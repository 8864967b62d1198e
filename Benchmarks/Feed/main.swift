import Cluster
import Foundation
import Kafka
import Logging
import Registers

// What a feed costs beside the database: bench-feed FILE.csv REGISTER KEYFILE
// Prints seconds for reading and signing all pages, for the broker taking them, and for reading them back.

func seconds(_ work: () async throws -> Void) async rethrows -> Double {
    let start = ContinuousClock.now
    try await work()
    let (seconds, attoseconds) = (ContinuousClock.now - start).components
    return Double(seconds) + Double(attoseconds) / 1e18
}

func say(_ name: String, _ value: String) { print("\(name)\t\(value)") }

let arguments = CommandLine.arguments
guard arguments.count == 4, let register = Register(rawValue: arguments[2]) else {
    FileHandle.standardError.write(Data("usage: bench-feed FILE REGISTER KEYFILE\n".utf8))
    exit(2)
}
let settings = try Settings(environment: ProcessInfo.processInfo.environment, needsPostgres: false, needsKafka: true)
let key = try SigningKey(file: arguments[3])
let logger = Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }
let topics = Topics(prefix: "bench-\(ProcessInfo.processInfo.processIdentifier).")
let admin = try KafkaAdmin(settings: settings.kafka, logger: logger)
try await admin.createTopics([TopicSpec(name: topics.feed(register.rawValue), partitions: 3)])

var records: [KafkaRecord] = []
let made = try await seconds {
    var writer = FeedWriter(
        FeedHeading(register: register, source: key.sources[0], mode: .snapshot, now: Date(), partitions: 3),
        topics: topics, time: Date().instantText, signedBy: key)
    records = try writer.begin()
    var rows = try FeedFile(RegisterFile(of: register, path: arguments[1]), retiring: [])
    while let row = try rows.next() { records += try writer.add(row) }
    records += try writer.end()
}
let producer = try KafkaProducer(settings: settings.kafka, logger: logger)
let produced = try await seconds {
    for result in await producer.send(records) { _ = try result.get() }
}
let reader = try await KafkaReader.open(
    settings: settings.kafka, topic: topics.feed(register.rawValue), partitions: [0, 1, 2], from: .earliest,
    logger: logger)
let count = records.count
let consumed = try await seconds {
    for _ in 0..<count { _ = try await reader.next() }
}
await reader.close()
await producer.close()
await admin.close()
say("messages", "\(records.count)")
say("bytes", "\(records.reduce(0) { $0 + ($1.value?.count ?? 0) })")
say("made", String(format: "%.3f", made))
say("produced", String(format: "%.3f", produced))
say("consumed", String(format: "%.3f", consumed))
