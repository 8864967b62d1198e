extension PostgresConnection {
    /// Throws a ``PostgresError`` with code `misuse` if a pooler between hands out server processes by the transaction
    /// (PgBouncer's `pool_mode=transaction` or `statement`): prepared statements, `LISTEN` and session locks don't work
    /// there. Poolers that lend a server process for the whole session pass.
    ///
    /// Two connections tell: whoever opens a transaction takes the process that another has just left, and that one then
    /// gets a different one, or waits.
    public static func refuseTransactionPooling(_ conninfo: String) async throws {
        let refusal = PostgresError(
            .misuse, "a pooler lends server processes by the transaction: connect to PostgreSQL itself, or by session")
        let process: SQL = "SELECT pg_backend_pid()"
        let first = try await connect(conninfo)
        let second = try await connect(conninfo)
        do {
            let before = try await first.query(process)[0].decode(0, as: Int.self)
            let held = try await second.transaction { try await $0.query(process)[0].decode(0, as: Int.self) }
            let after = try await first.query(process)[0].decode(0, as: Int.self)
            await first.close()
            await second.close()
            if held == before || after != before { throw refusal }
        } catch let error as PostgresError {
            await first.close()
            await second.close()
            // Both name their statements alike: on a shared process one name is there twice, or not at all.
            throw error.sqlState == "42P05" || error.sqlState == "26000" ? refusal : error
        }
    }
}
