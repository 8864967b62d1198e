public import Cluster
public import Web

/// How a console is reached and what it signs with.
///
/// Keys: `YAOHAO_CONSOLE` (where it listens, `127.0.0.1:8081` by default), `YAOHAO_CONSOLE_ORIGIN` (the address that
/// browsers use, `https://…`, when a proxy ends TLS before it), `YAOHAO_CONSOLE_KEYS` (the folder of departments' keys).
public struct ConsoleSettings: Sendable {
    /// A variable that is missing or makes no sense, or a key that cannot be used.
    public struct Problem: Error, Sendable, CustomStringConvertible {
        /// The message, in one line.
        public let description: String
    }

    /// Where it listens.
    public let address: WebServer.Address
    /// The address that browsers use; `nil` on loopback without a proxy.
    public let origin: String?
    /// What the departments have given to this console, each with the role `console`.
    public let keys: [SigningKey]

    /// Cookies travel over TLS only, unless nobody but this machine can reach the console.
    var isSecure: Bool { origin?.hasPrefix("https://") == true }
    /// Whether what a proxy says of a client's address is believed.
    var isBehindProxy: Bool { origin != nil }

    /// Settings of the given parts.
    ///
    /// - Throws: `Problem`.
    public init(address: WebServer.Address, origin: String?, keys: [SigningKey]) throws {
        if let origin, !origin.hasPrefix("https://"), !(origin.hasPrefix("http://") && address.isLoopback) {
            throw Problem(description: "YAOHAO_CONSOLE_ORIGIN: “\(origin)”应以 https:// 开头 / must begin with https://")
        }
        guard origin != nil || address.isLoopback else {
            throw Problem(
                description: "YAOHAO_CONSOLE_ORIGIN: 不在本机监听时必须经由 HTTPS 代理访问，请写明 https:// 地址 / is not set; "
                    + "a console that others can reach needs a proxy with TLS: say what address browsers use")
        }
        for key in keys where !key.roles.contains(.console) {
            throw Problem(
                description:
                    "YAOHAO_CONSOLE_KEYS: \(key.department) 的密钥 \(key.keyID) 没有 console 权限 / the key lacks the role "
                    + "console; generate one with --roles …,console")
        }
        self.address = address
        self.origin = origin
        self.keys = keys
    }

    /// Reads the environment, and the keys of the folder.
    ///
    /// - Parameter files: lists a folder's files.
    /// - Throws: `Problem`.
    public init(environment: [String: String], files: (String) throws -> [String]) throws {
        func text(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        let place = text("YAOHAO_CONSOLE") ?? "127.0.0.1:8081"
        guard let address = WebServer.Address(place) else {
            throw Problem(description: "YAOHAO_CONSOLE: “\(place)”应写成 主机:端口 / write HOST:PORT")
        }
        var keys: [SigningKey] = []
        if let folder = text("YAOHAO_CONSOLE_KEYS") {
            do {
                keys = try files(folder).sorted().map { try SigningKey(file: $0) }
            } catch {
                throw Problem(description: "YAOHAO_CONSOLE_KEYS: \(error)")
            }
        }
        try self.init(address: address, origin: text("YAOHAO_CONSOLE_ORIGIN"), keys: keys)
    }

    /// Every variable that is read, as `yaohao config` lists them.
    public static let keys: [Settings.Key] = [
        Settings.Key(
            name: "YAOHAO_CONSOLE", standard: "127.0.0.1:8081", meaning: "where the console listens · 工作台监听地址"),
        Settings.Key(
            name: "YAOHAO_CONSOLE_ORIGIN", standard: "",
            meaning: "the https:// address that browsers use, behind a proxy · 工作台对外地址"),
        Settings.Key(
            name: "YAOHAO_CONSOLE_KEYS", standard: "",
            meaning: "the folder of departments' keys that the console signs with · 工作台签名密钥目录"),
    ]
}
