import Cluster
public import Postgres

/// Somebody who is signed in.
public struct Session: Sendable {
    /// The browser's secret.
    public let secret: SessionSecret
    /// Who it is.
    public let account: Account
}

/// Signs in and out, and finds who is signed in. Attempts are counted before the password is looked at, so that many at
/// once count like many one after the other.
public struct Sessions: Sendable {
    let pool: PostgresPool
    let accounts: Accounts
    let terms: SessionTerms
    let desk = PasswordDesk()
    /// What passwords of accounts that aren't there are compared with, so that it takes as long.
    let decoy: PasswordHash

    /// The sessions in a database.
    ///
    /// - Throws: when no hash can be computed.
    public init(pool: PostgresPool, terms: SessionTerms = .standard) throws {
        self.pool = pool
        self.terms = terms
        accounts = Accounts(pool: pool)
        decoy = try PasswordHash(of: SessionSecret().text)
    }

    /// What came of an attempt. Whether there is such an account is never told.
    public enum Outcome: Sendable {
        /// It succeeded.
        case signedIn(Session)
        /// Login or password is wrong, or the account is disabled.
        case refused
        /// There were too many attempts: seconds to wait.
        case limited(seconds: Int)
    }

    /// Tries to sign in. A session that the browser had before is over then.
    ///
    /// - Throws: `PasswordDesk.Busy`, `PostgresError`.
    public func signIn(login: String, password: String, address: String, old: SessionSecret?) async throws -> Outcome {
        let login = String(login.prefix(64)).lowercased().filter { !$0.isWhitespace }
        let (attempt, seconds) = try await admit(login: login, address: address)
        guard let attempt else {
            let minute = try await pool.query("SELECT floor(extract(epoch FROM clock_timestamp()) / 60)::bigint AS m")
                .first
            // Once a minute, so that who hammers does not fill the log.
            try await record(
                "sign-in-limited", id: "\(address)/\(login)/\(try minute?.decode("m", as: Int.self) ?? 0)",
                address: address, subject: login, accepted: false, codes: ["limit"])
            return .limited(seconds: seconds)
        }
        let found = try await accounts.find(login)
        let matches = try await desk.matches(password, found?.password ?? decoy)
        guard matches, let account = found?.account, !account.isDisabled else {
            try await record("sign-in-refused", address: address, subject: login, accepted: false, codes: ["password"])
            return .refused
        }
        let secret = SessionSecret()
        try await pool.transaction { transaction in
            try await transaction.execute("UPDATE console.attempts SET accepted = true WHERE attempt = \(attempt)")
            if let old { try await transaction.execute("DELETE FROM console.sessions WHERE hash = \(old.hash)") }
            try await transaction.execute(
                """
                INSERT INTO console.sessions (hash, login, address) VALUES (\(secret.hash), \(account.login), \(address))
                """)
        }
        try await record("signed-in", address: address, subject: account.login, by: account)
        return .signedIn(Session(secret: secret, account: account))
    }

    /// Counts an attempt, unless it has to wait.
    private func admit(login: String, address: String) async throws -> (attempt: Int?, seconds: Int) {
        try await pool.transaction { transaction in
            _ = try await transaction.query("SELECT pg_advisory_xact_lock(hashtextextended('console:sign-in', 0))")
            try await transaction.execute(
                "DELETE FROM console.attempts WHERE at < clock_timestamp() - interval '1 day'")
            func wait(_ limit: SignInLimit, _ whose: SQL, since: SQL) async throws -> Int {
                let row = try await transaction.query(
                    """
                    SELECT count(*) AS failures,
                        coalesce(floor(extract(epoch FROM clock_timestamp() - max(at))), 0)::bigint AS since
                    FROM console.attempts WHERE NOT accepted AND \(whose) AND attempt > (\(since))
                    """
                ).first
                return limit.wait(
                    failures: try row?.decode("failures", as: Int.self) ?? 0,
                    sinceLast: try row?.decode("since", as: Int.self) ?? 0)
            }
            let pair: SQL = "login = \(login) AND address = \(address)"
            let seconds = max(
                try await wait(.pair, pair, since: Self.lastSuccess(pair)),
                try await wait(.login, "login = \(login)", since: Self.lastSuccess("login = \(login)")),
                // Who has an account could start again with each success.
                try await wait(.address, "address = \(address)", since: "SELECT 0"))
            guard seconds == 0 else { return (nil, seconds) }
            let row = try await transaction.query(
                "INSERT INTO console.attempts (login, address) VALUES (\(login), \(address)) RETURNING attempt"
            ).first
            return (try row?.decode("attempt", as: Int.self), 0)
        }
    }

    private static func lastSuccess(_ whose: SQL) -> SQL {
        "SELECT coalesce(max(attempt), 0) FROM console.attempts WHERE accepted AND \(whose)"
    }

    /// Who is signed in with a secret; `nil` for nobody. That it was seen is noted.
    ///
    /// - Parameter counts: whether it is a person's own doing; what a page asks for by itself keeps no session alive.
    public func find(_ secret: SessionSecret, counts: Bool = true) async throws -> Session? {
        let row = try await pool.query(
            """
            SELECT a.login, a.name, a.department, a.duties, a.disabled_at IS NOT NULL AS disabled,
                floor(extract(epoch FROM clock_timestamp() - s.created_at))::bigint AS age,
                floor(extract(epoch FROM clock_timestamp() - s.seen_at))::bigint AS idle
            FROM console.sessions s JOIN console.accounts a ON a.login = s.login WHERE s.hash = \(secret.hash)
            """
        ).first
        guard let row else { return nil }
        let account = try Accounts.account(row)
        let idle = try row.decode("idle", as: Int.self)
        guard !account.isDisabled, !terms.isOver(age: try row.decode("age", as: Int.self), idleFor: idle) else {
            try await pool.execute("DELETE FROM console.sessions WHERE hash = \(secret.hash)")
            return nil
        }
        if counts, idle >= 30 {
            try await pool.execute(
                "UPDATE console.sessions SET seen_at = clock_timestamp() WHERE hash = \(secret.hash)")
        }
        return Session(secret: secret, account: account)
    }

    /// Signs out.
    public func signOut(_ session: Session, address: String) async throws {
        try await pool.execute("DELETE FROM console.sessions WHERE hash = \(session.secret.hash)")
        try await record("signed-out", address: address, subject: session.account.login, by: session.account)
    }

    /// Puts a line into the audit log about what somebody did that is no submission.
    ///
    /// - Parameters:
    ///   - what: what was done, such as `signed-in`.
    ///   - id: the same again adds nothing; by default each is another.
    ///   - subject: what it was about.
    ///   - person: who did it; `nil` where nobody is known to be who he says.
    public func record(
        _ what: String, id: String? = nil, address: String, subject: String, by person: Account? = nil,
        accepted: Bool = true, codes: [String] = []
    ) async throws {
        _ = try await pool.query(
            """
            SELECT console.record_act(\(what), \(id ?? SessionSecret().text), \(address), \(subject),
                \(optional: person?.login)::text, \(optional: person?.department)::text, \(accepted), \(codes))
            """)
    }
}
