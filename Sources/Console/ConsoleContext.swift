import Hummingbird
import Web

/// A request's context at the console: who is signed in, beside what every site has.
struct ConsoleContext: WebRequestContext {
    var coreContext: CoreRequestContextStorage
    var language: Language = .chinese
    var format: Format = .html
    let remoteAddress: String?
    /// Who asks; `nil` before the sign-in.
    var session: Session?

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        remoteAddress = source.channel.remoteAddress?.ipAddress
    }

    /// Who asks, on pages that need it.
    ///
    /// - Throws: 401.
    func account() throws -> Account { try signedIn().account }

    func signedIn() throws -> Session {
        guard let session else { throw HTTPError(.unauthorized) }
        return session
    }
}

extension Account {
    /// Whether the person sees every department's: the joint conference office.
    var seesAll: Bool { duties.contains(.office) }
    /// Whether the person sees how the system runs.
    var operates: Bool { duties.contains(.operator) || duties.contains(.office) }
    /// Whose the person sees; `nil` for every department's.
    var scope: String? { seesAll ? nil : department }
}
