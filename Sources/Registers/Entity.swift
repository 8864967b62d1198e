public import JSON

/// Who or what is inspected (检查对象): a business, or a site, product or institution under an id of the register.
public struct Entity: Sendable, Hashable {
    /// The unified social credit code, or another id of the draw's pattern.
    public let id: String
    /// Its full name.
    public let name: String
    /// Its credit risk class (信用风险分类): `A` `B` `C` `D`, or `-` for none.
    public let credit: String
    /// Where it is: an administrative division of 6 to 12 digits (GB/T 2260).
    public let region: String
    /// Its industry's code, matched by prefix (GB/T 4754).
    public let industry: String
    /// What kind of object it is.
    public let kind: String
    /// The permits it holds, ascending.
    public let permits: [String]
    /// The departments that regulate it, by id, ascending.
    public let regulators: [String]
    /// Its address, or nothing.
    public let address: String

    /// The unified social credit code of an entity whose id is another; nothing when the id is the code, or there is none.
    public let uscc: String
    /// Its risk score, or none; the county's rules say which class it is.
    public let score: Int?
    /// Its classes by other classifications, each `SCHEME=CLASS`, ascending.
    public let risks: [String]

    /// The credit risk classes.
    public static let creditClasses = ["A", "B", "C", "D", "-"]

    /// Reads a row.
    ///
    /// - Throws: `InvalidRow` with everything that breaks a rule.
    public init(json: JSONValue) throws(InvalidRow) { try self.init(RowReader(json)) }

    init(_ reader: RowReader) throws(InvalidRow) {
        var reader = reader
        id = reader.identifier("id")
        if UnifiedSocialCreditCode.isAttempted(by: id) { Self.check(id, "id", &reader) }
        name = reader.text("name")
        credit = reader.choice("credit", of: Self.creditClasses)
        region = reader.text("region")
        if !region.isEmpty, !RowReader.isDigits(region, 6...12) {
            reader.note(
                "region", "region.digits", "应为 6 至 12 位行政区划代码", "is not a division code of 6 to 12 digits")
        }
        industry = reader.text("industry")
        kind = reader.text("kind")
        permits = reader.list("permits")
        regulators = reader.list(
            "regulators", of: ("不是部门编号", "is not a department's id"), where: RowReader.isIdentifier)
        address = reader.text("address", mayBeEmpty: true)
        uscc = reader.optionalText("uscc")
        if !uscc.isEmpty { Self.check(uscc, "uscc", &reader) }
        score = reader.optionalNumber("score", in: 0...1_000)
        risks = reader.optionalList(
            "risks", of: ("不是“分类名=等级”", "is not SCHEME=CLASS"),
            where: { text in
                let parts = text.split(separator: "=", omittingEmptySubsequences: false)
                return parts.count == 2 && parts.allSatisfy { !$0.isEmpty }
            })
        try reader.finish()
    }

    private static func check(_ code: String, _ field: String, _ reader: inout RowReader) {
        guard !UnifiedSocialCreditCode.isValid(code) else { return }
        if let right = UnifiedSocialCreditCode.checkCharacter(of: code) {
            reader.note(
                field, "uscc.check", "统一社会信用代码校验位不符：末位应为 \(right)，请核对全部 18 位",
                "the check character should be \(right); compare all 18 characters (GB 32100)")
        } else {
            reader.note(
                field, "uscc.alphabet", "统一社会信用代码是 18 位，只用数字和除 I O S V Z 外的大写字母，请核对",
                "a unified social credit code has 18 digits and capitals other than I O S V Z only (GB 32100)")
        }
    }
}
