import Crypto
public import JSON
public import Postgres

/// Goes through the audit log and finds whatever was changed, moved, added or taken away.
///
/// Guarantee: the chain is computed anew from the acts; every signature is checked against its key; acts are compared
/// with the inbox, the dead letters and the keys, both ways; and published heads with the chain. One snapshot is read.
public struct AuditVerification: Sendable {
    /// A head of the chain that somebody has kept outside of the database.
    public struct Head: Sendable, Hashable {
        /// How many entries the chain had.
        public let number: Int
        /// The last one's hash, in hex.
        public let hash: String

        /// A head of the given parts.
        public init(number: Int, hash: String) {
            self.number = number
            self.hash = hash
        }
    }

    /// Something that does not hold.
    public struct Problem: Sendable, Hashable {
        /// A stable code for programs.
        public let code: String
        /// The entry of the chain, where it is about one.
        public let number: Int?
        /// What is wrong, Chinese first.
        public let message: String

        /// A problem of the given parts.
        public init(code: String, number: Int? = nil, message: String) {
            self.code = code
            self.number = number
            self.message = message
        }

        /// As `yaohao audit verify --json` prints it.
        public var json: JSONValue {
            [
                "code": .string(code), "number": number.map { .integer($0) } ?? .null, "message": .string(message),
            ]
        }
    }

    /// What was found.
    public struct Report: Sendable, Hashable {
        /// How many entries the chain has.
        public var entries = 0
        /// The last one's hash, in hex; `nil` for an empty chain.
        public var head: String?
        /// How many acts are not linked yet; they are of the last second, unless no process is running.
        public var waiting = 0
        /// How many signatures were checked.
        public var signatures = 0
        /// How many submissions have none: taken in unsigned mode, or before the log began.
        public var unsigned = 0
        /// How many published heads were compared.
        public var heads = 0
        /// What does not hold, the first entry's problem first; empty when the log is whole.
        public var problems: [Problem] = []

        /// As `yaohao audit verify --json` prints it.
        public var json: JSONValue {
            [
                "entries": .integer(entries), "head": head.map { .string($0) } ?? .null, "waiting": .integer(waiting),
                "signatures": .integer(signatures), "unsigned": .integer(unsigned), "heads": .integer(heads),
                "whole": .bool(problems.isEmpty),
                "problems": .array(problems.map(\.json)),
            ]
        }
    }

    let pool: PostgresPool

    /// A verification of the log in a database.
    public init(pool: PostgresPool) { self.pool = pool }

    /// Checks everything.
    ///
    /// - Parameter kept: heads that were kept outside of the database, compared too.
    public func run(kept: [Head] = []) async throws -> Report {
        try await pool.transaction(isolation: .repeatableRead) { try await run(kept: kept, in: $0) }
    }

    /// Checks what a transaction sees, which should be of isolation `repeatableRead`.
    public func run(kept: [Head], in transaction: PostgresTransaction) async throws -> Report {
        var heads: [Head] = kept
        for row in try await transaction.query("SELECT number, hash FROM cluster.audit_heads ORDER BY number") {
            heads.append(
                Head(
                    number: try row.decode("number", as: Int.self),
                    hash: hexText(try row.decode("hash", as: [UInt8].self))))
        }
        var report = Report()
        report.heads = heads.count
        try await walk(heads: heads, &report, transaction)
        for check in AuditComparison.all {
            guard let row = try await transaction.query(check.sql).first else { continue }
            report.problems.append(
                Problem(
                    code: check.code, number: nil,
                    message: "\(check.message)：\(try row.decode("what", as: String.self))"))
        }
        report.waiting =
            try await transaction.query("SELECT count(*) AS waiting FROM cluster.acts_waiting").first?
            .decode("waiting", as: Int.self) ?? 0
        return report
    }

    /// Computes the chain anew. It stops at the first entry that does not fit: those after it build upon it.
    private func walk(heads: [Head], _ report: inout Report, _ transaction: PostgresTransaction) async throws {
        let keys = try await publicKeys(transaction)
        let published = Dictionary(grouping: heads, by: \.number)
        var hash = AuditLog.genesis
        let page = 2_000
        func broken(_ code: String, _ number: Int, _ message: String) {
            report.problems.append(Problem(code: code, number: number, message: message))
        }
        while true {
            let rows = try await transaction.query(
                """
                SELECT c.number, c.hash, a.act IS NOT NULL AS there, \(AuditLog.columns)
                FROM cluster.audit_chain c LEFT JOIN cluster.acts a ON a.act = c.act
                WHERE c.number > \(report.entries) ORDER BY c.number LIMIT \(page)
                """)
            for row in rows {
                let number = try row.decode("number", as: Int.self)
                guard number == report.entries + 1 else {
                    return broken(
                        "chain.gap", report.entries + 1, "链中缺第 \(report.entries + 1) 条 / this entry is missing")
                }
                guard try row.decode("there", as: Bool.self) else {
                    return broken("act.missing", number, "第 \(number) 条所记的行为已不在 / its act is gone")
                }
                let entry = try AuditEntry(row)
                hash = entry.hash(number: number, after: hash)
                guard try row.decode("hash", as: [UInt8].self) == hash else {
                    return broken(
                        "chain.hash", number, "第 \(number) 条与其哈希不符：内容或次序被改过 / the entry was changed or moved")
                }
                for head in published[number] ?? [] where head.hash != hexText(hash) {
                    return broken(
                        "head.other", number,
                        "第 \(number) 条的哈希与已公布的 \(head.hash) 不同：整条链被重写过 / the chain was rewritten after this head was published"
                    )
                }
                if entry.signature != nil {
                    report.signatures += 1
                    guard entry.isSigned(by: keys) else {
                        return broken(
                            "signature", number, "第 \(number) 条的签名不成立 / the signature does not fit the act and its key")
                    }
                } else if entry.text("kind") == Act.Kind.submission.rawValue {
                    report.unsigned += 1
                }
                report.entries = number
                report.head = hexText(hash)
            }
            guard rows.count == page else { break }
        }
        for head in heads.sorted(by: { $0.number < $1.number }) where head.number > report.entries {
            return broken(
                "chain.short", report.entries + 1,
                "已公布到第 \(head.number) 条，链只到第 \(report.entries) 条 / the chain ends before a published head")
        }
    }

    private func publicKeys(_ transaction: PostgresTransaction) async throws -> [String: [UInt8]] {
        var keys: [String: [UInt8]] = [:]
        for row in try await transaction.query("SELECT key_id, public_key FROM cluster.keys") {
            keys[try row.decode("key_id", as: String.self)] = try row.decode("public_key", as: [UInt8].self)
        }
        return keys
    }
}

extension AuditEntry {
    /// Whether the kept envelope is the key's, and is about this act.
    func isSigned(by keys: [String: [UInt8]]) -> Bool {
        guard let signature, let dataHash, let key = text("key").flatMap({ keys[$0] }), let id = text("id"),
            let source = text("source"), let type = text("type")
        else { return false }
        return Signature.verify(
            envelope: signature, publicKey: key, id: id, source: source, type: type, subject: text("subject"),
            time: text("said_at"), person: text("person"), dataHash: dataHash)
    }
}
