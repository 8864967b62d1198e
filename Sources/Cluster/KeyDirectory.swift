import JSON
public import Postgres

/// Whose keys are believed, and for what: key → department → sources and roles.
public struct KeyDirectory: Sendable {
    /// Whether submissions must be signed.
    public enum Mode: Sendable, Hashable {
        /// Every submission carries a signature of a key in the directory.
        case signed
        /// Development only: a submission without a signature is taken as its source's word.
        case unsigned
    }

    let pool: PostgresPool
    let mode: Mode

    /// A directory kept in the table `cluster.keys`.
    public init(pool: PostgresPool, mode: Mode = .signed) {
        self.pool = pool
        self.mode = mode
    }

    /// Checks a message's size, envelope, signature and right to its source, in this order.
    ///
    /// - Throws: `Undeliverable` when it can never be taken.
    public func submission(
        headers: some Sequence<(name: String, value: [UInt8])>, value: [UInt8]?
    ) async throws -> Submission {
        let (event, entry) = try await verified(headers: headers, value: value)
        guard let data = event.data else {
            throw Undeliverable(code: "envelope", reason: "the message has no body; send a JSON object")
        }
        return Submission(
            id: event.id, source: event.source, type: event.type, subject: event.subject,
            department: entry.department, keyID: entry.keyID, roles: entry.roles, data: data,
            digest: event.bodyDigest)
    }

    /// A key as the directory knows it.
    public struct Entry: Sendable, Hashable {
        /// The key's id; `nil` in unsigned mode.
        public let keyID: String?
        /// Whose it is.
        public let department: String
        /// What it may be used for.
        public let roles: Set<Role>
    }

    /// The event of a message, with only what its signature covers, and the key that signed it.
    ///
    /// - Throws: `Undeliverable` when it can never be taken.
    public func verified(
        headers: some Sequence<(name: String, value: [UInt8])>, value: [UInt8]?
    ) async throws -> (event: CloudEvent, entry: Entry) {
        if let value, value.count > Inbox.maximumBodySize {
            throw Undeliverable(
                code: "size", reason: "the body has \(value.count) bytes; send at most \(Inbox.maximumBodySize)")
        }
        let event: CloudEvent
        do {
            event = try CloudEvent(headers: headers, value: value)
        } catch let error as CloudEvent.Malformed {
            throw Undeliverable(code: "envelope", reason: error.description)
        }
        if mode == .unsigned, event.extensions[Signature.attribute] == nil {
            let name = event.source.split(separator: ":").last.map(String.init) ?? event.source
            return (event, Entry(keyID: nil, department: name, roles: Set(Role.allCases)))
        }
        do {
            let keyID = try Signature.claimedKeyID(of: event)
            let rows = try await pool.query(
                """
                SELECT public_key, department, roles, sources FROM cluster.keys
                WHERE key_id = \(keyID) AND revoked_at IS NULL AND valid_from <= clock_timestamp()
                    AND (valid_until IS NULL OR valid_until > clock_timestamp())
                """)
            guard let row = rows.first else { throw Signature.Refusal.unknownKey(keyID) }
            let believed = try Signature.verify(event, publicKey: row.decode("public_key", as: [UInt8].self))
            guard try row.decode("sources", as: [String].self).contains(event.source) else {
                throw Undeliverable(
                    code: "source",
                    reason: "the key \(keyID) may not speak as \(event.source); use the key's own source")
            }
            let roles = try row.decode("roles", as: [String].self).compactMap(Role.init)
            let department = try row.decode("department", as: String.self)
            return (believed, Entry(keyID: keyID, department: department, roles: Set(roles)))
        } catch let refusal as Signature.Refusal {
            throw Undeliverable(code: "signature", reason: refusal.description)
        }
    }

    /// Stores the public half of a key.
    ///
    /// - Throws: `PostgresError`, also when the key is there already.
    public func register(_ key: SigningKey, validUntil: String? = nil) async throws {
        try await pool.execute(
            """
            INSERT INTO cluster.keys (key_id, public_key, department, roles, sources, valid_until)
            VALUES (\(key.keyID), \(key.publicKey), \(key.department), \(key.roles.map(\.rawValue).sorted()),
                \(key.sources), \(optional: validUntil)::text::timestamptz)
            """)
    }

    /// Ends a key's life. What it signed before stays.
    ///
    /// - Returns: whether there was such a key, not revoked yet.
    public func revoke(_ keyID: String, reason: String) async throws -> Bool {
        try await pool.execute(
            """
            UPDATE cluster.keys SET revoked_at = clock_timestamp(), revoked_reason = \(reason)
            WHERE key_id = \(keyID) AND revoked_at IS NULL
            """) == 1
    }
}
