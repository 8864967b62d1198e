public import Cluster

/// The tables of this slice.
public enum RoundsSchema {
    /// Its migrations.
    public static let migrations = [
        Migration(number: 200, name: "rounds", sql: PackageResources._200_rounds_sql),
        Migration(number: 201, name: "plan draws", sql: PackageResources._201_plan_draws_sql),
        Migration(number: 210, name: "visited entities", sql: PackageResources._210_visited_entities_sql),
        Migration(number: 290, name: "settled", sql: PackageResources._290_settled_sql),
        Migration(number: 291, name: "withdrawn requests", sql: PackageResources._291_withdrawn_requests_sql),
        Migration(number: 292, name: "withdrawn are read", sql: PackageResources._292_withdrawn_are_read_sql),
    ]
}
