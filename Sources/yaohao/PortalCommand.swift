import ArgumentParser
import Cluster
import Portal
import Web

/// `yaohao portal`: the open site.
struct PortalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "portal", abstract: "Serve the open site: results, draws, plans, for anyone · 公示网站")

    @Option(help: "Where to listen, host:port; else YAOHAO_PORTAL · 监听地址")
    var listen: String?

    @Option(help: "How many connections to the database · 数据库连接数")
    var connections: Int = 8

    func run() async throws {
        let settings = try settings(needsKafka: false)
        let address = try portalAddress(listen ?? settings.portal)
        guard (1...200).contains(connections) else {
            complain("--connections: 1 to 200 are possible")
            throw ExitStatus.wrongInput
        }
        let processes = Processes(
            settings, name: Processes.standardName("portal"), role: Portal.role, connections: connections,
            setup: Portal.setup)
        try await processes.run([processes.portal(at: address)], onlyReads: true)
    }
}

/// Reads where to listen, or says what is wrong with it.
func portalAddress(_ text: String) throws -> WebServer.Address {
    guard let address = WebServer.Address(text) else {
        complain("YAOHAO_PORTAL: \(text) is no address; use host:port, such as 127.0.0.1:8080")
        throw ExitStatus.wrongInput
    }
    return address
}
