public import JSON

/// The class that a classification gives an entity for a month (信用风险分类结果), often fed by another source than the
/// entity itself.
public struct Classification: Sendable, Hashable {
    /// The row's id: the entity's, or another of the draw's pattern where several schemes classify one entity.
    public let id: String
    /// The month that it is for, `YYYY-MM`.
    public let month: String
    /// `A` to `D` by the scheme `credit`, or the scheme's own word; empty when a score is given.
    public let className: String
    /// The score, 0 to 1,000; the county's rules say which class it is. `nil` when a class is given.
    public let score: Int?
    /// Whose classification it is: `credit` unless named; only that one decides rates of draws.
    public let scheme: String
    /// The entity's id.
    public let entity: String

    /// The classification by credit risk.
    public static let creditScheme = "credit"

    /// Reads a row.
    ///
    /// - Throws: `InvalidRow` with everything that breaks a rule.
    public init(json: JSONValue) throws(InvalidRow) { try self.init(RowReader(json)) }

    init(_ reader: RowReader) throws(InvalidRow) {
        var reader = reader
        id = reader.identifier("id")
        month = reader.text("month")
        if !month.isEmpty, Day(month + "-01") == nil {
            reader.note("month", "month.invalid", "“\(month)”不是月份，请写成 YYYY-MM", "'\(month)' is no month; write YYYY-MM")
        }
        className = reader.optionalText("class")
        score = reader.optionalNumber("score", in: 0...1_000)
        let named = reader.optionalText("scheme")
        scheme = named.isEmpty ? Self.creditScheme : named
        let other = reader.optionalIdentifier("entity")
        entity = other.isEmpty ? id : other
        switch (className.isEmpty, score) {
        case (true, nil):
            reader.note("class", "class.missing", "等级（class）和分值（score）须填一项", "give either a class or a score")
        case (false, .some):
            reader.note(
                "class", "class.twice", "等级（class）和分值（score）只填一项", "give either a class or a score, not both")
        default: break
        }
        if scheme == Self.creditScheme, !className.isEmpty, !Entity.creditClasses.contains(className) {
            reader.note(
                "class", "field.choice", "“\(className)”不是以下之一：\(Entity.creditClasses.joined(separator: " "))",
                "'\(className)' is none of: \(Entity.creditClasses.joined(separator: " "))")
        }
        try reader.finish()
    }
}
