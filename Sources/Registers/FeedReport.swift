public import JSON

/// What a feed did to its register (入库报告).
///
/// It always adds up: `read + absent = inserted + updated + unchanged + retired + quarantined`.
public struct FeedReport: Sendable, Hashable {
    /// Rows of the feed, retirements included.
    public var read = 0
    /// Rows that the register had from this source and a snapshot no longer has: they are retired.
    public var absent = 0
    /// Rows that are new.
    public var inserted = 0
    /// Rows that say something else than the register did.
    public var updated = 0
    /// Rows that say what the register says, and those that are older than what it says.
    public var unchanged = 0
    /// Ids that are no longer valid, absent ones included.
    public var retired = 0
    /// Rows that break a rule, kept aside whole.
    public var quarantined = 0
    /// Of the unchanged, those that are older than what the register says.
    public var outdated = 0
    /// The first of what was quarantined.
    public var examples: [Example] = []

    /// A rule that a quarantined row breaks.
    public struct Example: Sendable, Hashable {
        /// The row's position: the line of its file.
        public let position: Int
        /// The row's id, as it was sent.
        public let id: String
        /// The field.
        public let field: String
        /// A stable code.
        public let code: String
        /// The sentence for people.
        public let message: String
    }

    /// Whether the sum holds.
    public var addsUp: Bool { read + absent == inserted + updated + unchanged + retired + quarantined }

    /// The sum in one line.
    public var line: String {
        let left = absent == 0 ? "read \(read)" : "read \(read) + absent \(absent)"
        return "\(left) = inserted \(inserted) + updated \(updated) + unchanged \(unchanged) + retired \(retired) "
            + "+ quarantined \(quarantined)"
    }

    /// A report in which nothing happened yet.
    public init() {}

    /// As it stands in the receipt's details.
    public var json: JSONValue {
        [
            "read": .integer(read), "absent": .integer(absent), "inserted": .integer(inserted),
            "updated": .integer(updated), "unchanged": .integer(unchanged), "retired": .integer(retired),
            "quarantined": .integer(quarantined), "outdated": .integer(outdated),
            "examples": .array(
                examples.map {
                    [
                        "position": .integer($0.position), "id": .string($0.id), "field": .string($0.field),
                        "code": .string($0.code), "message": .string($0.message),
                    ]
                }),
        ]
    }

    /// Reads a report back.
    ///
    /// - Throws: `JSONError`, naming the field.
    public init(json: JSONValue) throws {
        var reader = try JSONReader(json)
        read = try reader.integer("read")
        absent = try reader.integer("absent")
        inserted = try reader.integer("inserted")
        updated = try reader.integer("updated")
        unchanged = try reader.integer("unchanged")
        retired = try reader.integer("retired")
        quarantined = try reader.integer("quarantined")
        outdated = try reader.integer("outdated")
        examples = try reader.objects("examples").map { item in
            var item = item
            return Example(
                position: try item.integer("position"), id: try item.string("id"), field: try item.string("field"),
                code: try item.string("code"), message: try item.string("message"))
        }
        try reader.finish()
    }
}
