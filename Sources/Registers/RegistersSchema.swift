public import Cluster
public import Postgres

/// The tables of the registers.
public enum RegistersSchema {
    /// The migrations that this slice owns.
    public static let migrations = [
        Migration(number: 100, name: "registers", sql: PackageResources._100_registers_sql),
        Migration(number: 110, name: "statements", sql: PackageResources._110_statements_sql),
        Migration(
            number: 121, name: "departments of pages", sql: PackageResources._121_departments_of_pages_sql),
        Migration(number: 122, name: "codes of pages", sql: PackageResources._122_codes_of_pages_sql),
        Migration(number: 120, name: "feed pages", sql: PackageResources._120_feed_pages_sql),
        Migration(number: 111, name: "wider registers", sql: PackageResources._111_wider_registers_sql),
        Migration(
            number: 112, name: "statements of registers", sql: PackageResources._112_statements_of_registers_sql),
        Migration(number: 113, name: "provenance", sql: PackageResources._113_provenance_sql),
        Migration(number: 114, name: "joint registers", sql: PackageResources._114_joint_registers_sql),
        Migration(number: 115, name: "joint profiles", sql: PackageResources._115_joint_profiles_sql),
        Migration(number: 624, name: "persons of feeds", sql: PackageResources._624_feed_persons_sql),
        Migration(number: 625, name: "feed contents", sql: PackageResources._625_feed_contents_sql),
    ]

    /// Puts the days off that come with the program into `registers.calendar`; days that are there already stay as
    /// they are.
    ///
    /// - Throws: `WorkingCalendar.Malformed`, `PostgresError`.
    public static func seedCalendar(on connection: PostgresConnection) async throws {
        let exceptions = try WorkingCalendar.embedded().exceptions
        try await connection.execute(
            """
            INSERT INTO registers.calendar (day, kind, holiday)
            SELECT * FROM unnest(\(exceptions.map(\.day.description))::date[], \(exceptions.map(\.kind.rawValue))::text[],
                \(exceptions.map(\.holiday))::text[])
            ON CONFLICT (day) DO NOTHING
            """)
    }
}
