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
    /// The number of the enforcement certificate (执法证号); empty for whoever has none, is listed, and never drawn.
    public let certificate: String
    /// The last day on which the certificate is valid; `nil` without one.
    public let certificateUntil: Day?
    /// Entities that the person stays away from (回避), by id, ascending.
    public let recused: [String]

    /// The unit (股室、大队、所), or nothing.
    public let unit: String
    /// `civil_servant` (行政执法类公务员) or `qualified_staff` (具有行政执法资格的工作人员), or nothing.
    public let category: String
    /// Labels of qualification (执法资质), ascending.
    public let qualifications: [String]
    /// Labels of lines of business (业务专长), ascending.
    public let lines: [String]
    /// Labels of experience (工作经历), ascending.
    public let experience: [String]

    /// What kinds of inspectors there are.
    public static let categories = ["civil_servant", "qualified_staff"]

    /// Reads a row.
    ///
    /// - Throws: `InvalidRow` with everything that breaks a rule.
    public init(json: JSONValue) throws(InvalidRow) { try self.init(RowReader(json)) }

    init(_ reader: RowReader) throws(InvalidRow) {
        var reader = reader
        id = reader.identifier("id")
        name = reader.text("name")
        department = reader.identifier("department")
        regions = reader.list(
            "regions", of: ("不是行政区划代码（1 至 12 位数字）", "is not a division code of 1 to 12 digits"),
            where: { RowReader.isDigits($0, 1...12) })
        specialties = reader.list("specialties")
        certificate = reader.text("certificate", mayBeEmpty: true)
        let said = reader.peek("certificate_until")
        certificateUntil = reader.nullableDay("certificate_until")
        if certificate.isEmpty, certificateUntil != nil {
            reader.note(
                "certificate", "certificate.missing", "有有效期而无执法证号，请填写证号，或两项都留空",
                "a day of expiry without a certificate's number; fill in the number, or leave both empty")
        } else if !certificate.isEmpty, said == "" || said == .null {
            reader.note(
                "certificate_until", "certificate.until", "有执法证号而无有效期，请填写 YYYY-MM-DD",
                "a certificate without its last day; write YYYY-MM-DD")
        }
        recused = reader.list("recused", of: ("不是检查对象编号", "is not an entity's id"), where: RowReader.isIdentifier)
        unit = reader.optionalText("unit")
        category = reader.optionalChoice("category", of: Self.categories)
        qualifications = reader.optionalList("qualifications")
        lines = reader.optionalList("lines")
        experience = reader.optionalList("experience")
        try reader.finish()
    }
}
