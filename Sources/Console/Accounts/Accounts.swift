public import Postgres

/// The accounts of a county's console, in `console.accounts`. The database writes each change into the audit log.
public struct Accounts: Sendable {
    let pool: PostgresPool

    /// The accounts in a database.
    public init(pool: PostgresPool) { self.pool = pool }

    /// What is wrong with an account that is to be made.
    public struct Problem: Error, Sendable, CustomStringConvertible {
        /// The option, what is wrong and how to mend it, in one line.
        public let description: String
    }

    /// Makes an account.
    ///
    /// - Throws: `Problem`, `PostgresError`.
    public func add(_ account: Account, password: PasswordHash) async throws {
        guard account.login.wholeMatch(of: /[a-z0-9][a-z0-9._-]{0,63}/) != nil else {
            throw Problem(
                description: "LOGIN: “\(account.login)”应为小写字母、数字、.、_、-，最多 64 个 / use a-z 0-9 . _ - , at most 64")
        }
        guard account.name.contains(where: { !$0.isWhitespace }), account.name.count <= 64 else {
            throw Problem(description: "--name: 姓名为 1 至 64 字 / give a name of 1 to 64 characters")
        }
        guard !account.duties.isEmpty else { throw Problem(description: "--roles: 至少一个岗位 / name at least one") }
        let isKnown = try await pool.query(
            "SELECT FROM registers.departments WHERE id = \(account.department) AND valid_to IS NULL LIMIT 1")
        guard !isKnown.isEmpty else {
            throw Problem(
                description:
                    "--department: 没有部门 \(account.department) / is no department in force; see open.departments")
        }
        let inserted = try await pool.execute(
            """
            INSERT INTO console.accounts (login, name, department, duties, password)
            VALUES (\(account.login), \(account.name), \(account.department),
                \(account.duties.map(\.rawValue).sorted()), \(password.text))
            ON CONFLICT DO NOTHING
            """)
        guard inserted == 1 else {
            throw Problem(description: "LOGIN: 账号 \(account.login) 已存在 / there is such an account already")
        }
    }

    /// All accounts, or a department's, by login, with when each was last used.
    public func list(department: String? = nil) async throws -> [(account: Account, lastSignIn: String?)] {
        try await pool.query(
            """
            SELECT a.login, a.name, a.department, a.duties, a.disabled_at IS NOT NULL AS disabled,
                (SELECT to_char(max(at) AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI') FROM cluster.acts c
                    WHERE c.person = a.login AND c.type = 'cn.yaohao.console.signed-in.v1') AS last
            FROM console.accounts a
            WHERE (\(optional: department)::text IS NULL OR a.department = \(optional: department)) ORDER BY a.login
            """
        ).map { (try Self.account($0), try $0.decode("last", as: String?.self)) }
    }

    /// Ends an account, or lets it be used again; whoever is signed in with an ended one is signed out.
    ///
    /// - Returns: whether there is such an account.
    public func disable(_ login: String, _ isDisabled: Bool = true) async throws -> Bool {
        try await pool.execute(
            """
            UPDATE console.accounts SET disabled_at = CASE WHEN \(isDisabled) THEN clock_timestamp() END
            WHERE login = \(login)
            """) == 1
    }

    /// Sets a password; whoever is signed in with the old one is signed out.
    ///
    /// - Returns: whether there is such an account.
    public func setPassword(_ password: PasswordHash, of login: String) async throws -> Bool {
        try await pool.execute(
            """
            UPDATE console.accounts SET password = \(password.text), password_set_at = clock_timestamp()
            WHERE login = \(login)
            """) == 1
    }

    /// An account with its password's hash; `nil` for none.
    func find(_ login: String) async throws -> (account: Account, password: PasswordHash)? {
        let row = try await pool.query(
            """
            SELECT login, name, department, duties, disabled_at IS NOT NULL AS disabled, password
            FROM console.accounts WHERE login = \(login)
            """
        ).first
        guard let row, let password = PasswordHash(text: try row.decode("password", as: String.self)) else {
            return nil
        }
        return (try Self.account(row), password)
    }

    static func account(_ row: Row) throws -> Account {
        Account(
            login: try row.decode("login", as: String.self), name: try row.decode("name", as: String.self),
            department: try row.decode("department", as: String.self),
            duties: Set(try row.decode("duties", as: [String].self).compactMap(Duty.init(rawValue:))),
            isDisabled: try row.decode("disabled", as: Bool.self))
    }
}
