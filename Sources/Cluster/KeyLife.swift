public import JSON
public import Postgres

extension KeyDirectory {
    /// The public half of a key, and what it may be used for, as the directory keeps it.
    public struct PublicKey: Sendable {
        /// 32 bytes.
        public var key: [UInt8]
        /// Whose it is.
        public var department: String
        /// On which device its private half is; one key a device, so that a lost one can be revoked alone.
        public var device: String
        /// What it may be used for.
        public var roles: Set<Role>
        /// What `ce_source` it may use.
        public var sources: [String]
        /// Its first instant, as `YYYY-MM-DDThh:mm:ssZ`; `nil` for now.
        public var validFrom: String?
        /// The instant from which it is not believed any more; `nil` for none.
        public var validUntil: String?

        /// A key of the given parts.
        public init(
            key: [UInt8], department: String, device: String = "", roles: Set<Role>, sources: [String],
            validFrom: String? = nil, validUntil: String? = nil
        ) {
            self.key = key
            self.department = department
            self.device = device
            self.roles = roles
            self.sources = sources
            self.validFrom = validFrom
            self.validUntil = validUntil
        }
    }

    /// A key as `yaohao keys list` shows it.
    public struct Listed: Sendable {
        /// The key's id.
        public let keyID: String
        /// `valid`, `future`, `expired` or `revoked`, by the database's clock.
        public let state: String
        /// Every field, for programs.
        public let json: JSONValue
    }

    /// Stores the public half of a key.
    ///
    /// - Throws: `PostgresError`, also when the key is there already.
    public func register(_ key: SigningKey, validUntil: String? = nil) async throws {
        try await register(
            PublicKey(
                key: key.publicKey, department: key.department, device: key.device, roles: key.roles,
                sources: key.sources, validUntil: validUntil))
    }

    /// Stores the public half of a key whose private half never left its device.
    ///
    /// - Returns: the key's id.
    /// - Throws: `PostgresError`, also when the key is there already.
    @discardableResult
    public func register(_ key: PublicKey) async throws -> String {
        try await pool.transaction { try await Self.store(key, replacing: nil, $0) }
    }

    private static func store(
        _ key: PublicKey, replacing old: String?, _ transaction: PostgresTransaction
    ) async throws -> String {
        let id = SigningKey.keyID(of: key.key)
        try await transaction.execute(
            """
            INSERT INTO cluster.keys
                (key_id, public_key, department, device, replaces, roles, sources, valid_from, valid_until)
            VALUES (\(id), \(key.key), \(key.department), \(key.device), \(optional: old),
                \(key.roles.map(\.rawValue).sorted()), \(key.sources),
                COALESCE(\(optional: key.validFrom)::text::timestamptz, clock_timestamp()),
                \(optional: key.validUntil)::text::timestamptz)
            """)
        return id
    }

    /// Puts a new key in the place of an old one, with the same department, device, roles and sources. Both are believed
    /// until the overlap is over, so that what is under way still counts.
    ///
    /// - Parameters:
    ///   - old: the id of a valid key.
    ///   - key: the new public half.
    ///   - overlapSeconds: how long the old one is still believed, at most as long as it would have been anyway.
    /// - Returns: the new key's id, or `nil` when there is no such valid key.
    /// - Throws: `PostgresError`.
    public func rotate(_ old: String, to key: [UInt8], overlapSeconds: Int) async throws -> String? {
        try await pool.transaction { transaction in
            let row = try await transaction.query(
                """
                UPDATE cluster.keys AS k SET valid_until =
                    LEAST(valid_until, clock_timestamp() + \(overlapSeconds) * interval '1 second')
                WHERE key_id = \(old) AND cluster.key_state(k) = 'valid'
                RETURNING department, device, roles, sources
                """
            ).first
            guard let row else { return nil }
            return try await Self.store(
                PublicKey(
                    key: key, department: row.decode("department", as: String.self),
                    device: row.decode("device", as: String.self),
                    roles: Set(row.decode("roles", as: [String].self).compactMap(Role.init)),
                    sources: row.decode("sources", as: [String].self)),
                replacing: old, transaction)
        }
    }

    /// Ends a key's life, now or at an instant to come. What was taken before stays; what arrives from then on is refused,
    /// whenever it was signed.
    ///
    /// - Returns: whether there was such a key, not revoked yet.
    public func revoke(_ keyID: String, reason: String, from instant: String? = nil) async throws -> Bool {
        try await pool.execute(
            """
            UPDATE cluster.keys SET revoked_reason = \(reason), revoked_at =
                GREATEST(clock_timestamp(), \(optional: instant)::text::timestamptz)
            WHERE key_id = \(keyID) AND (revoked_at IS NULL OR revoked_at > clock_timestamp())
            """) == 1
    }

    /// All keys, by department, device and age.
    public func list() async throws -> [Listed] {
        try await pool.query(
            """
            SELECT key_id, cluster.key_state(k) AS state, jsonb_build_object('key_id', key_id, 'department', department,
                'device', device, 'roles', roles, 'sources', sources, 'state', cluster.key_state(k),
                'public_key', encode(public_key, 'base64'), 'replaces', replaces, 'revoked_reason', revoked_reason,
                'valid_from', to_char(valid_from AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                'valid_until', to_char(valid_until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                'revoked_at', to_char(revoked_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))::text AS report
            FROM cluster.keys k ORDER BY department, device, valid_from
            """
        ).map { row in
            Listed(
                keyID: try row.decode("key_id", as: String.self), state: try row.decode("state", as: String.self),
                json: try JSONValue(parsing: row.decode("report", as: String.self)))
        }
    }
}
