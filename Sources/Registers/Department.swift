public import JSON

/// A department of the county (部门) that inspects, or leads those who do.
public struct Department: Sendable, Hashable {
    /// Its id, of the draw's pattern.
    public let id: String
    /// Its full name.
    public let name: String
    /// Whether it leads the county's random inspections (牵头部门).
    public let lead: Bool
    /// Whether it is exempt from yearly targets.
    public let exempt: Bool

    /// Its units (股室、大队、所), ascending.
    public let units: [String]
    /// Its lines of business (业务条线), ascending.
    public let lines: [String]
    /// How to reach it, or nothing.
    public let contact: String
    /// Who heads it (负责人), or nothing.
    public let head: String

    /// Reads a row.
    ///
    /// - Throws: `InvalidRow` with everything that breaks a rule.
    public init(json: JSONValue) throws(InvalidRow) { try self.init(RowReader(json)) }

    init(_ reader: RowReader) throws(InvalidRow) {
        var reader = reader
        id = reader.identifier("id")
        name = reader.text("name")
        lead = reader.flag("lead")
        exempt = reader.flag("exempt")
        units = reader.optionalList("units")
        lines = reader.optionalList("lines")
        contact = reader.optionalText("contact")
        head = reader.optionalText("head")
        try reader.finish()
    }
}
