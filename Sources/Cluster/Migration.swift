import Crypto
public import Postgres

/// One step of the schema, owned by the slice whose tables it makes.
public struct Migration: Sendable, Hashable {
    /// Its place among the migrations of all slices.
    public let number: Int
    /// What it is about.
    public let name: String
    /// The statements.
    public let sql: String

    /// A migration of the given parts.
    public init(number: Int, name: String, sql: [UInt8]) {
        self.number = number
        self.name = name
        self.sql = String(decoding: sql, as: UTF8.self)
    }

    /// The migrations of this floor.
    public static let cluster = [
        Migration(number: 1, name: "cluster", sql: PackageResources._001_cluster_sql),
        Migration(number: 2, name: "audit", sql: PackageResources._002_audit_sql),
        Migration(number: 3, name: "roles", sql: PackageResources._003_roles_sql),
        Migration(number: 620, name: "persons", sql: PackageResources._620_persons_sql),
        Migration(number: 622, name: "corrected-letters", sql: PackageResources._622_corrected_letters_sql),
    ]
}

/// Brings a database's schema up to date, each migration once.
public struct Migrator: Sendable {
    /// What stands in the way of migrating.
    public struct Conflict: Error, CustomStringConvertible {
        /// The message, in one line.
        public let description: String
    }

    let migrations: [Migration]

    /// A migrator for the migrations of all slices, in any order.
    public init(_ migrations: [Migration]) {
        self.migrations = migrations.sorted { $0.number < $1.number }
    }

    /// Applies what is missing. Two of these at a time wait for each other.
    ///
    /// - Returns: the numbers and names that were applied now.
    /// - Throws: `Conflict` when a migration that was applied earlier has another text by now.
    public func run(on connection: PostgresConnection) async throws -> [Migration] {
        try await connection.script(
            """
            CREATE TABLE IF NOT EXISTS public.yaohao_migrations (
                number integer PRIMARY KEY, name text NOT NULL, digest text NOT NULL,
                applied_at timestamptz NOT NULL DEFAULT clock_timestamp())
            """)
        var applied: [Migration] = []
        for migration in migrations {
            let digest = hexText(SHA256.hash(data: Array(migration.sql.utf8)))
            let fresh = try await connection.transaction { transaction in
                _ = try await transaction.query("SELECT pg_advisory_xact_lock(7420150222)")
                let rows = try await transaction.query(
                    "SELECT digest FROM public.yaohao_migrations WHERE number = \(migration.number)")
                if let row = rows.first {
                    guard try row.decode("digest", as: String.self) == digest else {
                        throw Conflict(
                            description: "migration \(migration.number) (\(migration.name)): the database has another "
                                + "text of it; use the version of yaohao that made this database, or a new database")
                    }
                    return false
                }
                try await transaction.script(migration.sql)
                try await transaction.execute(
                    """
                    INSERT INTO public.yaohao_migrations (number, name, digest)
                    VALUES (\(migration.number), \(migration.name), \(digest))
                    """)
                return true
            }
            if fresh { applied.append(migration) }
        }
        return applied
    }
}
