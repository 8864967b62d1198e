import ArgumentParser
import Cluster
import Foundation
import JSON

/// `yaohao keys`: who may say what. The login needs the role `yaohao_keys`.
struct Keys: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys",
        abstract: "Generate, register, list, rotate and revoke departments' keys · 部门密钥",
        subcommands: [Generate.self, Register.self, List.self, Rotate.self, Revoke.self])

    /// What a key may do, as options.
    struct Description: ParsableArguments {
        @Option(help: "The department's id · 部门") var department: String
        @Option(help: "Comma-separated: \(Role.allCases.map(\.rawValue).joined(separator: ",")) · 权限")
        var roles: String
        @Option(help: "A ce_source that it may use; repeat it; dept:ID, and witness:ID for a witness, by default · 来源")
        var source: [String] = []
        @Option(help: "The device it is kept on; one key a device · 设备") var device: String = ""

        func roleSet() throws -> Set<Role> {
            Set(
                try roles.split(separator: ",").map { name in
                    guard let role = Role(rawValue: String(name)) else {
                        complain(
                            "--roles: \(name) is no role; use \(Role.allCases.map(\.rawValue).joined(separator: ", "))")
                        throw ExitStatus.wrongInput
                    }
                    return role
                })
        }

        func sources(_ roles: Set<Role>) -> [String] {
            var sources = source.isEmpty ? ["dept:" + department] : source
            if roles.contains(.witness), !sources.contains("witness:" + department) {
                sources.append("witness:" + department)
            }
            return sources
        }
    }

    /// When a key is believed, as options.
    struct Life: ParsableArguments {
        @Option(help: "The first instant of its life, YYYY-MM-DDThh:mm:ssZ; now by default · 生效时间") var validFrom:
            String?
        @Option(help: "The instant its life ends, YYYY-MM-DDThh:mm:ssZ · 有效期至") var validUntil: String?

        func check() throws {
            try Keys.checkInstant(validFrom, "--valid-from")
            try Keys.checkInstant(validUntil, "--valid-until")
        }
    }

    static func checkInstant(_ text: String?, _ option: String) throws {
        guard let text else { return }
        guard (try? Date(text, strategy: .iso8601)) != nil else {
            complain("\(option): \(text) 不是时间 / is no instant; write YYYY-MM-DDThh:mm:ssZ")
            throw ExitStatus.wrongInput
        }
    }

    struct Generate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "generate",
            abstract: "Make a key, register its public half, keep the private half in a file (mode 0600) · 生成")

        @OptionGroup var description: Description
        @OptionGroup var life: Life
        @Option(help: "The private key's new file · 私钥文件") var out: String
        @Flag(help: "Without the database: print the public half, for `keys register` elsewhere · 仅在本机生成")
        var offline = false

        func run() async throws {
            let roles = try description.roleSet()
            try life.check()
            let key = SigningKey(
                department: description.department, device: description.device, sources: description.sources(roles),
                roles: roles)
            if offline {
                try write(key)
                say("\(key.keyID)\t\(Data(key.publicKey).base64EncodedString())")
                return
            }
            try await withPool(settings(needsKafka: false)) { pool in
                try write(key)
                do {
                    try await KeyDirectory(pool: pool).register(
                        KeyDirectory.PublicKey(
                            key: key.publicKey, department: key.department, device: key.device, roles: key.roles,
                            sources: key.sources, validFrom: life.validFrom, validUntil: life.validUntil))
                } catch {
                    // A key that nobody knows is of no use; the file would only confuse.
                    try? FileManager.default.removeItem(atPath: out)
                    throw error
                }
            }
            say("\(key.keyID)\t\(key.department)\t\(out)")
        }

        private func write(_ key: SigningKey) throws {
            do {
                try key.write(to: out)
            } catch {
                complain("\(error)")
                throw ExitStatus.wrongInput
            }
        }
    }

    struct Register: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "register",
            abstract: "Register the public half of a key that was made elsewhere · 登记公钥")

        @OptionGroup var description: Description
        @OptionGroup var life: Life
        @Option(help: "32 bytes in base64, as `keys generate --offline` prints them · 公钥") var publicKey: String

        func run() async throws {
            let roles = try description.roleSet()
            try life.check()
            guard let key = Data(base64Encoded: publicKey), key.count == 32 else {
                complain("--public-key: is not 32 bytes in base64; copy what `yaohao keys generate --offline` printed")
                throw ExitStatus.wrongInput
            }
            let id = try await withPool(settings(needsKafka: false)) { pool in
                try await KeyDirectory(pool: pool).register(
                    KeyDirectory.PublicKey(
                        key: Array(key), department: description.department, device: description.device, roles: roles,
                        sources: description.sources(roles), validFrom: life.validFrom, validUntil: life.validUntil))
            }
            say("\(id)\t\(description.department)")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "list", abstract: "List the keys · 列表")

        @Flag(help: "Each as JSON · 以 JSON 输出") var json = false

        func run() async throws {
            let keys = try await withPool(settings(needsKafka: false)) { try await KeyDirectory(pool: $0).list() }
            for key in keys {
                if json {
                    say(key.json.canonicalText)
                    continue
                }
                func text(_ name: String) -> String { key.json[name]?.text ?? "" }
                func list(_ name: String) -> String {
                    (key.json[name]?.elements ?? []).compactMap(\.text).joined(separator: ",")
                }
                let end = key.state == "revoked" ? text("revoked_reason") : text("valid_until")
                say(
                    [
                        key.keyID, text("department"), text("device"), list("roles"), list("sources"), key.state,
                        text("valid_from"), end,
                    ].map { $0.isEmpty ? "-" : $0 }.joined(separator: "\t"))
            }
        }
    }

    struct Rotate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rotate",
            abstract: "Make a new key in the place of an old one; both are believed for a while · 轮换")

        @Argument(help: "The old key's file · 旧私钥文件") var old: String
        @Option(help: "The new private key's file · 新私钥文件") var out: String
        @Option(help: "How many days the old one is still believed · 新旧并行天数") var overlapDays: Int = 7

        func run() async throws {
            guard (0...365).contains(overlapDays) else {
                complain("--overlap-days: \(overlapDays) is not 0 to 365")
                throw ExitStatus.wrongInput
            }
            let previous: SigningKey
            let key: SigningKey
            do {
                previous = try SigningKey(file: old)
                key = SigningKey(
                    department: previous.department, device: previous.device, sources: previous.sources,
                    roles: previous.roles)
                try key.write(to: out)
            } catch {
                complain("\(error)")
                throw ExitStatus.wrongInput
            }
            let id: String?
            do {
                id = try await withPool(settings(needsKafka: false)) {
                    try await KeyDirectory(pool: $0).rotate(
                        previous.keyID, to: key.publicKey, overlapSeconds: overlapDays * 86_400)
                }
            } catch {
                try? FileManager.default.removeItem(atPath: out)
                throw error
            }
            guard let id else {
                try? FileManager.default.removeItem(atPath: out)
                complain("\(previous.keyID): there is no such valid key; see `yaohao keys list`")
                throw ExitStatus.answerIsNo
            }
            say("\(id)\t\(key.department)\t\(out)")
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "revoke",
            abstract: "End a key's life: what arrives from then on is refused, whenever it was signed · 吊销")

        @Argument(help: "The key's id · 密钥编号") var keyID: String
        @Option(help: "Why · 原因") var reason: String
        @Option(help: "From an instant to come, YYYY-MM-DDThh:mm:ssZ; now by default · 生效时间") var from: String?
        @Option(help: "List what it has signed since it may have been in wrong hands · 可能失窃的时间")
        var compromisedSince: String?

        func run() async throws {
            try Keys.checkInstant(from, "--from")
            try Keys.checkInstant(compromisedSince, "--compromised-since")
            let (revoked, lines) = try await withPool(settings(needsKafka: false)) { pool in
                let revoked = try await KeyDirectory(pool: pool).revoke(keyID, reason: reason, from: from)
                guard let since = compromisedSince else { return (revoked, [JSONValue]()) }
                return (revoked, try await AuditLog.lines(key: keyID, since: since, pool))
            }
            for line in lines where line["kind"]?.text != "key" {
                say(
                    ["time", "source", "id", "type", "subject", "outcome"].map { line[$0]?.text ?? "-" }
                        .joined(separator: "\t"))
            }
            guard revoked else {
                complain("\(keyID): there is no such key that could be revoked; see `yaohao keys list`")
                throw ExitStatus.answerIsNo
            }
            say("revoked \(keyID)")
        }
    }
}
