import CLibpq

/// How much of other transactions' work a transaction sees (隔离级别; PostgreSQL documentation, 13.2).
public enum PostgresIsolation: String, Sendable {
    /// Each statement sees what was committed before it began.
    case readCommitted = "READ COMMITTED"
    /// All statements see what was committed before the first began.
    case repeatableRead = "REPEATABLE READ"
    /// As if transactions ran one after another; such a one may fail with 40001 and must be done again.
    case serializable = "SERIALIZABLE"
}

/// An open transaction (事务). It may be used until the closure that it was handed to returns; later calls throw a
/// ``PostgresError`` with code `closed`.
public struct PostgresTransaction: PostgresQueryable {
    let connection: PostgresConnection
    let number: UInt64
    /// How many savepoints it is in.
    let depth: Int

    /// Runs statements in one round trip; see ``PostgresConnection/pipeline(_:)``.
    public func pipeline(_ statements: [SQL]) async throws -> [PostgresResult] {
        try await connection.pipeline(statements, scope: .transaction(number))
    }

    /// Runs text with any number of statements and no parameters. It must not end the transaction.
    public func script(_ text: String) async throws {
        try await connection.script(text, scope: .transaction(number))
    }

    /// Sends rows; see ``PostgresConnection/copyIn(_:_:)``.
    @discardableResult
    public nonisolated(nonsending) func copyIn(
        _ statement: String, _ body: nonisolated(nonsending) (inout CopyWriter) async throws -> Void
    ) async throws -> Int {
        try await connection.copyIn(statement, scope: .transaction(number), body)
    }

    /// Receives rows; see ``PostgresConnection/copyOut(_:_:)``.
    @discardableResult
    public nonisolated(nonsending) func copyOut(
        _ statement: String, _ body: nonisolated(nonsending) ([UInt8]) async throws -> Void
    ) async throws -> Int {
        try await connection.copyOut(statement, scope: .transaction(number), body)
    }

    /// Runs `body` behind a savepoint: when it throws, what it did is undone, the rest of the transaction stands, and
    /// the error is passed on. Other tasks must not use the transaction meanwhile.
    public nonisolated(nonsending) func savepoint<T>(
        _ body: nonisolated(nonsending) (PostgresTransaction) async throws -> T
    ) async throws -> T {
        let inner = PostgresTransaction(connection: connection, number: number, depth: depth + 1)
        let name = "savepoint_\(depth + 1)"
        _ = try await pipeline([SQL(raw: "SAVEPOINT \(name)")])
        let value: T
        do {
            value = try await body(inner)
        } catch {
            do {
                try await connection.performShielded(
                    ["ROLLBACK TO SAVEPOINT \(name)", "RELEASE SAVEPOINT \(name)"], in: number)
            } catch let rollbackError {
                // The caller would believe that only the inner part is undone.
                await connection.end(
                    rollbackError as? PostgresError ?? PostgresError(.connection, "\(rollbackError)"))
            }
            throw error
        }
        try await connection.performShielded(["RELEASE SAVEPOINT \(name)"], in: number)
        return value
    }
}

extension PostgresConnection {
    /// Runs `body` in a transaction: commits when it returns, rolls back when it throws and passes its error on.
    ///
    /// Throws ``PostgresError/Code/commitUnknown`` when the connection breaks during `COMMIT`, and
    /// ``PostgresError/Code/rolledBack`` when a statement's failure was swallowed by `body`, which makes the server
    /// answer `COMMIT` with a rollback. Cancelling the task makes the statement under way throw; rolling back and
    /// committing are never cut short.
    public nonisolated(nonsending) func transaction<T>(
        isolation: PostgresIsolation = .readCommitted, readOnly: Bool = false,
        _ body: nonisolated(nonsending) (PostgresTransaction) async throws -> T
    ) async throws -> T {
        let number = try await begin(isolation, readOnly: readOnly)
        let value: T
        do {
            let held = Self.transactionsHeld.union([ObjectIdentifier(self)])
            value = try await Self.$transactionsHeld.withValue(held) {
                try await body(PostgresTransaction(connection: self, number: number, depth: 0))
            }
        } catch {
            await rollBack(number)
            throw error
        }
        try await commit(number)
        return value
    }

    /// Takes the session's turn, which ``commit(_:)`` or ``rollBack(_:)`` gives back.
    private func begin(_ isolation: PostgresIsolation, readOnly: Bool) async throws -> UInt64 {
        try await takeSession(.session)
        do {
            let statement = SQL(raw: "BEGIN ISOLATION LEVEL \(isolation.rawValue) READ \(readOnly ? "ONLY" : "WRITE")")
            _ = try await onWire(.session, shielded: false) { try await self.perform([statement]) }
        } catch {
            // Cancelled just behind BEGIN: whoever comes next must not be in this transaction.
            if !isOutsideTransaction { end(PostgresError(.closed, "a transaction was begun and given up")) }
            session.give()
            throw error
        }
        let number = makeNumber()
        transaction = number
        return number
    }

    private func commit(_ number: UInt64) async throws {
        defer { leave() }
        let tag: String
        do {
            tag =
                try await call(.transaction(number), shielded: true) { try await self.perform(["COMMIT"]) }
                .first?.tag ?? ""
        } catch var error as PostgresError {
            if error.isConnectionLost || error.code == .closed {
                error.code = .commitUnknown
                error.message = "the connection broke during COMMIT: \(error.message)"
            }
            throw error
        }
        guard tag == "COMMIT" else {
            throw PostgresError(.rolledBack, "COMMIT was answered \(tag): an earlier statement had failed")
        }
    }

    /// Drops the connection if the server won't roll back.
    private func rollBack(_ number: UInt64) async {
        defer { leave() }
        do {
            try await performShielded(["ROLLBACK"], in: number)
        } catch {
            end(error as? PostgresError ?? PostgresError(.connection, "\(error)"))
        }
    }

    private func leave() {
        transaction = nil
        session.give()
    }

    func performShielded(_ statements: [String], in number: UInt64) async throws {
        try await call(.transaction(number), shielded: true) {
            _ = try await self.perform(statements.map { SQL(raw: $0) })
        }
    }
}
