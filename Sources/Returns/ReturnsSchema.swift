public import Cluster

/// The tables of this slice.
public enum ReturnsSchema {
    /// The migrations, in order.
    public static let migrations = [
        Migration(number: 500, name: "returns", sql: PackageResources._500_returns_sql),
        Migration(
            number: 501, name: "figures_by_request", sql: PackageResources._501_figures_by_request_sql),
        Migration(number: 502, name: "acknowledged", sql: PackageResources._502_acknowledged_sql),
    ]
}
