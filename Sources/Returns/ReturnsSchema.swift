public import Cluster

/// The tables of this slice.
public enum ReturnsSchema {
    /// The migrations, in order.
    public static let migrations = [
        Migration(number: 500, name: "returns", sql: PackageResources._500_returns_sql)
    ]
}
