public import JSON

/// Who may be sent to inspect (执法检查人员).
public struct Inspector: Sendable, Hashable {
    /// An id of the draw's pattern.
    public let id: String
    /// The person's name; confidential.
    public let name: String
    /// The department's id.
    public let department: String
    /// Prefixes of the divisions where the person works, ascending; empty for everywhere.
    public let regions: [String]
    /// The specialties held (专业标签), ascending.
    public let specialties: [String]
    /// The number of the enforcement certificate (执法证号).
    public let certificate: String
    /// The last day on which the certificate is valid.
    public let certificateUntil: Day
    /// Entities that the person stays away from (回避), by id, ascending.
    public let recused: [String]

    /// Reads a row.
    ///
    /// - Throws: `InvalidRow` with everything that breaks a rule.
    public init(json: JSONValue) throws(InvalidRow) {
        var reader = try RowReader(json)
        id = reader.identifier("id")
        name = reader.text("name")
        department = reader.identifier("department")
        regions = reader.list(
            "regions", of: ("不是行政区划代码（1 至 12 位数字）", "is not a division code of 1 to 12 digits"),
            where: { RowReader.isDigits($0, 1...12) })
        specialties = reader.list("specialties")
        certificate = reader.text("certificate")
        certificateUntil = reader.day("certificate_until")
        recused = reader.list("recused", of: ("不是检查对象编号", "is not an entity's id"), where: RowReader.isIdentifier)
        try reader.finish()
    }
}
