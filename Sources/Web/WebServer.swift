public import Hummingbird
import HummingbirdCore
public import Logging
import NIOCore
public import ServiceLifecycle

/// A listener (监听) with a site behind it, as a service: at a graceful stop it takes no new connections and finishes
/// the requests it has.
public struct WebServer: Service {
    /// Where to listen.
    public struct Address: Sendable, Hashable {
        /// A name or an IP address.
        public let host: String
        /// 0 for any free one.
        public let port: Int

        /// Makes an address.
        public init(host: String, port: Int) {
            self.host = host
            self.port = port
        }

        /// Reads `host:port`, `[v6]:port` or `port`; `nil` when it is neither.
        public init?(_ text: String, standardHost: String = "127.0.0.1") {
            guard let colon = text.lastIndex(of: ":") else {
                guard let port = Int(text), (0...65_535).contains(port) else { return nil }
                self.init(host: standardHost, port: port)
                return
            }
            var host = String(text[..<colon])
            guard let port = Int(text[text.index(after: colon)...]), (0...65_535).contains(port) else { return nil }
            if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
            guard !host.isEmpty, host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { return nil }
            self.init(host: host, port: port)
        }

        /// Whether only this machine can reach it.
        public var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }
    }

    private let application: any Service

    /// - Parameters:
    ///   - responder: who answers; usually ``Negotiating`` around a router's.
    ///   - address: where to listen.
    ///   - mostConnections: further connections wait until others end.
    ///   - logger: gets the address when it listens.
    ///   - listening: is called with the port when it listens.
    public init<Responder: HTTPResponder>(
        _ responder: Responder, at address: Address, mostConnections: Int = 4_096, logger: Logger,
        listening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) where Responder.Context: InitializableFromSource<ApplicationRequestContextSource> {
        var quiet = logger
        // One line a request is the proxy's work.
        if quiet.logLevel == .info { quiet.logLevel = .notice }
        application = Application(
            responder: responder, server: .http1(configuration: .init(idleTimeout: .seconds(60))),
            configuration: .init(
                address: .hostname(address.host, port: address.port), backlog: 1_024,
                availableConnectionsDelegate: MaximumAvailableConnections(mostConnections)),
            onServerRunning: { channel in
                let port = channel.localAddress?.port ?? address.port
                logger.info("listening", metadata: ["host": "\(address.host)", "port": "\(port)"])
                await listening(port)
            }, logger: quiet)
    }

    /// Serves until it is stopped.
    public func run() async throws { try await application.run() }
}
