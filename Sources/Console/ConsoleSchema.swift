public import Cluster

/// The tables of the console: accounts, sessions, attempts.
public enum ConsoleSchema {
    /// Its migrations.
    public static let migrations = [
        Migration(number: 621, name: "console", sql: PackageResources._621_console_sql),
        Migration(number: 623, name: "corrections", sql: PackageResources._623_corrections_sql),
    ]
}
