public import Cluster

/// The tables of this slice.
public enum PlansSchema {
    /// The migrations, in order.
    public static let migrations = [
        Migration(number: 150, name: "plans", sql: PackageResources._150_plans_sql),
        Migration(number: 151, name: "plan life", sql: PackageResources._151_plan_life_sql),
        Migration(number: 190, name: "plan confidentiality", sql: PackageResources._190_plan_confidentiality_sql),
        Migration(number: 191, name: "confirmed merges", sql: PackageResources._191_confirmed_merges_sql),
    ]
}
