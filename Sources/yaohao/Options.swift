import ArgumentParser
import Cluster
import Foundation
import JSON
import Kafka
import Logging
import Postgres

/// What commands that sign have in common.
struct SigningOptions: ParsableArguments {
    @Option(help: "The private key's file, as `yaohao keys generate` wrote it · 私钥文件")
    var key: String

    @Option(help: "How many seconds to wait for receipts before giving up · 等待回执的秒数")
    var timeout: Double = 60

    /// Reads the key.
    func signingKey() throws -> SigningKey {
        do {
            return try SigningKey(file: key)
        } catch {
            complain("\(error)")
            throw ExitStatus.wrongInput
        }
    }

    /// Sends what is to be said, waits for the receipts, prints them, and ends with the status they ask for.
    ///
    /// - Returns: the receipts, when every one was accepted.
    @discardableResult
    func submit(_ drafts: [SubmissionDraft], json: Bool = false) async throws -> [Receipt] {
        let signer = try signingKey()
        let settings = try settings(needsPostgres: false)
        var receipts: [Receipt] = []
        do {
            let client = try await SubmissionClient(
                kafka: settings.kafka, topics: settings.topics, key: signer, logger: logger(settings))
            do {
                receipts = try await client.submitAnew(drafts, timeout: .milliseconds(Int(timeout * 1_000)))
            } catch {
                await client.close()
                throw error
            }
            await client.close()
        } catch let error as SubmissionClient.NoReceipt {
            for receipt in error.received { show(receipt, json: json) }
            complain("\(error)")
            throw ExitStatus.unreachable
        } catch let error as KafkaError {
            complain("the broker: \(error)")
            throw ExitStatus.unreachable
        } catch let error as SubmissionDraft.Problem {
            complain("\(error)")
            throw ExitStatus.wrongInput
        }
        for receipt in receipts { show(receipt, json: json) }
        if receipts.contains(where: { $0.status == .rejected }) { throw ExitStatus.answerIsNo }
        return receipts
    }

    private func show(_ receipt: Receipt, json: Bool) {
        if receipt.status == .accepted, let time = receipt.firstSaid {
            complain(
                "\(receipt.subject ?? receipt.id): 此前（\(time)）已报送并接受，本次没有再次生效；确需再次报送的请用 yaohao submit --again / was accepted "
                    + "when it was first said, and has no effect again; to say it anew, use yaohao submit --again")
        }
        if json {
            say(String(decoding: receipt.json.canonical, as: UTF8.self))
            return
        }
        let word = receipt.status == .accepted ? "已接受 accepted" : "已拒绝 rejected"
        say("\(word)  \(receipt.type)  \(receipt.subject ?? "")  \(receipt.id)")
        for reason in receipt.reasons {
            let field = reason.field.isEmpty ? "" : "\(reason.field): "
            complain("\(receipt.subject ?? receipt.id): \(field)\(reason.message) [\(reason.code)]")
        }
    }
}

/// Reads the settings from the environment, or says what is wrong with them.
func settings(needsPostgres: Bool = true, needsKafka: Bool = true) throws -> Settings {
    do {
        return try Settings(
            environment: ProcessInfo.processInfo.environment, needsPostgres: needsPostgres, needsKafka: needsKafka)
    } catch {
        complain("\(error)")
        throw ExitStatus.wrongInput
    }
}

/// The process's logger: one line a message on standard error, with its metadata.
func logger(_ settings: Settings, label: String = "yaohao") -> Logger {
    var logger = Logger(label: label) { StreamLogHandler.standardError(label: $0) }
    logger.logLevel = settings.logLevel
    return logger
}

/// Runs a command's work with a pool of connections, and closes it again.
func withPool<Result: Sendable>(
    _ settings: Settings, maximum: Int = 2, _ work: (PostgresPool) async throws -> Result
) async throws -> Result {
    let pool = PostgresPool(conninfo: settings.postgres, maximum: maximum, logger: logger(settings))
    do {
        let result = try await work(pool)
        await pool.close()
        return result
    } catch let error as PostgresError
        where error.isConnectionLost || error.code == .connection || error.code == .timeout
    {
        await pool.close()
        complain("the database: \(error.message)")
        throw ExitStatus.unreachable
    } catch {
        await pool.close()
        throw error
    }
}
