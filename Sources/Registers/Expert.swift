public import JSON

/// Somebody of a laboratory, an institute or an association who may be asked in special fields (专家).
public struct Expert: Sendable, Hashable {
    /// An id of the draw's pattern.
    public let id: String
    /// The person's name; confidential.
    public let name: String
    /// Where the person works.
    public let organisation: String
    /// `laboratory` (检测机构), `institute` (科研院所) or `association` (行业协会).
    public let organisationKind: String
    /// The fields that the person knows, ascending.
    public let fields: [String]
    /// How to reach the person; confidential.
    public let contact: String
    /// The last day on which the person may be asked; `nil` for no end.
    public let validUntil: Day?

    /// What kinds of organisations send experts.
    public static let organisationKinds = ["association", "institute", "laboratory"]

    /// Reads a row.
    ///
    /// - Throws: `InvalidRow` with everything that breaks a rule.
    public init(json: JSONValue) throws(InvalidRow) { try self.init(RowReader(json)) }

    init(_ reader: RowReader) throws(InvalidRow) {
        var reader = reader
        id = reader.identifier("id")
        name = reader.text("name")
        organisation = reader.text("organisation")
        organisationKind = reader.choice("organisation_kind", of: Self.organisationKinds)
        let said = reader.peek("fields")
        fields = reader.list("fields")
        if said?.elements?.isEmpty == true {
            reader.note("fields", "field.empty", "至少填写一个专业领域", "is empty; name at least one field")
        }
        contact = reader.optionalText("contact")
        validUntil = reader.optionalDay("valid_until")
        try reader.finish()
    }
}
