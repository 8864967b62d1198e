public import Cluster

/// The tables of this slice.
public enum InspectionsSchema {
    /// The migrations, in order.
    public static let migrations = [
        Migration(number: 300, name: "inspections", sql: PackageResources._300_inspections_sql),
        Migration(number: 301, name: "visit_life", sql: PackageResources._301_visit_life_sql),
        Migration(number: 302, name: "findings", sql: PackageResources._302_findings_sql),
        Migration(number: 303, name: "views_are_read", sql: PackageResources._303_views_are_read_sql),
    ]
}
