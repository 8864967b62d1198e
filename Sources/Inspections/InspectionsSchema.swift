public import Cluster

/// The tables of this slice.
public enum InspectionsSchema {
    /// The migrations, in order.
    public static let migrations = [
        Migration(number: 300, name: "inspections", sql: PackageResources._300_inspections_sql),
        Migration(number: 301, name: "visit_life", sql: PackageResources._301_visit_life_sql),
        Migration(number: 302, name: "findings", sql: PackageResources._302_findings_sql),
    ]
}
