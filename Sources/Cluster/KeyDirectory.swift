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
        let received = try Self.event(headers: headers, value: value)
        let (event, entry) = try check(received, await keys(claimedBy: [received]))
        guard let data = event.data else {
            throw Undeliverable(code: "envelope", reason: "the message has no body; send a JSON object")
        }
        let person = event.person
        try entry.mayName(person)
        // The audit log keeps the envelope without other attributes, and could not check it with them.
        guard person == nil || entry.keyID == nil || event.extensions.count == 1 else {
            throw Undeliverable(
                code: "person", reason: "ce_actor is signed together with other attributes; sign it alone")
        }
        return Submission(
            id: event.id, source: event.source, type: event.type, subject: event.subject,
            department: entry.department, keyID: entry.keyID, person: person,
            roles: entry.roles, data: data,
            digest: event.bodyDigest, time: event.time,
            signature: entry.keyID == nil ? nil : received.extensions[Signature.attribute])
    }

    /// A key as the directory knows it.
    public struct Entry: Sendable, Hashable {
        /// The key's id; `nil` in unsigned mode.
        public let keyID: String?
        /// Whose it is.
        public let department: String
        /// What it may be used for.
        public let roles: Set<Role>

        /// Checks that the key may name a person, if one is named.
        ///
        /// - Throws: `Undeliverable`.
        public func mayName(_ person: String?) throws(Undeliverable) {
            guard let person else { return }
            guard roles.contains(.console) else {
                throw Undeliverable(
                    code: "person",
                    reason: "the key may not name a person (ce_actor); only a console's key has the role console")
            }
            guard (1...64).contains(person.utf8.count), person.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                throw Undeliverable(
                    code: "person",
                    reason: "ce_actor is not 1 to 64 bytes of printable ASCII; name the person by login")
            }
        }
    }

    /// An event with only what its signature covers, and the key that signed it.
    public typealias Verified = (event: CloudEvent, entry: Entry)

    /// The event of a message, with only what its signature covers, and the key that signed it.
    ///
    /// - Throws: `Undeliverable` when it can never be taken.
    public func verified(
        headers: some Sequence<(name: String, value: [UInt8])>, value: [UInt8]?
    ) async throws -> Verified {
        let event = try Self.event(headers: headers, value: value)
        return try check(event, await keys(claimedBy: [event]))
    }

    /// The same for many messages, with one look at the table of keys.
    ///
    /// - Returns: one result for each message, in their order.
    /// - Throws: `PostgresError`.
    public func verified(_ messages: [RawMessage]) async throws -> [Result<Verified, Undeliverable>] {
        let events = messages.map { message in
            Result { () throws(Undeliverable) in try Self.event(headers: message.headers, value: message.value) }
        }
        let keys = try await keys(claimedBy: events.compactMap { try? $0.get() })
        return events.map { event in
            event.flatMap { event in Result { () throws(Undeliverable) in try check(event, keys) } }
        }
    }

    private static func event(
        headers: some Sequence<(name: String, value: [UInt8])>, value: [UInt8]?
    ) throws(Undeliverable) -> CloudEvent {
        if let value, value.count > Inbox.maximumBodySize {
            throw Undeliverable(
                code: "size", reason: "the body has \(value.count) bytes; send at most \(Inbox.maximumBodySize)")
        }
        do {
            return try CloudEvent(headers: headers, value: value)
        } catch {
            throw Undeliverable(code: "envelope", reason: "\(error)")
        }
    }

    /// A row of the table of keys.
    private struct Known {
        let publicKey: [UInt8]
        let sources: [String]
        let entry: Entry
    }

    /// The valid keys among those that events claim to be signed with.
    private func keys(claimedBy events: [CloudEvent]) async throws -> [String: Known] {
        let claimed = Set(events.compactMap { try? Signature.claimedKeyID(of: $0) })
        guard !claimed.isEmpty else { return [:] }
        let rows = try await pool.query(
            """
            SELECT key_id, public_key, department, roles, sources FROM cluster.keys
            WHERE key_id = ANY (\(claimed.sorted())::text[]) AND cluster.key_state(keys) = 'valid'
            """)
        var known: [String: Known] = [:]
        for row in rows {
            let id = try row.decode("key_id", as: String.self)
            let roles = try row.decode("roles", as: [String].self).compactMap(Role.init)
            known[id] = Known(
                publicKey: try row.decode("public_key", as: [UInt8].self),
                sources: try row.decode("sources", as: [String].self),
                entry: Entry(
                    keyID: id, department: try row.decode("department", as: String.self), roles: Set(roles)))
        }
        return known
    }

    private func check(_ event: CloudEvent, _ keys: [String: Known]) throws(Undeliverable) -> Verified {
        if mode == .unsigned, event.extensions[Signature.attribute] == nil {
            let name = event.source.split(separator: ":").last.map(String.init) ?? event.source
            return (event, Entry(keyID: nil, department: name, roles: Set(Role.allCases)))
        }
        let believed: CloudEvent
        let key: Known
        do {
            let keyID = try Signature.claimedKeyID(of: event)
            guard let known = keys[keyID] else { throw Signature.Refusal.unknownKey(keyID) }
            key = known
            believed = try Signature.verify(event, publicKey: key.publicKey)
        } catch {
            throw Undeliverable(code: "signature", reason: "\(error)")
        }
        guard key.sources.contains(event.source) else {
            throw Undeliverable(
                code: "source",
                reason: "the key \(key.entry.keyID ?? "") may not speak as \(event.source); use the key's own source")
        }
        return (believed, key.entry)
    }
}
