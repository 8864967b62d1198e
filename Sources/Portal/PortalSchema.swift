public import Cluster

/// What the open site reads beside what the slices have opened themselves.
public enum PortalSchema {
    /// The migrations that this slice owns; they come after those of all slices.
    public static let migrations = [
        Migration(number: 600, name: "open site", sql: PackageResources._600_open_site_sql),
        Migration(number: 601, name: "words", sql: PackageResources._601_words_sql),
        Migration(number: 604, name: "common parts", sql: PackageResources._604_common_parts_sql),
    ]
}
