import JSON

/// What a department says it found at a visit (检查结果): who inspects, enters (谁抽查、谁录入).
public struct RecordedResult: Sendable, Hashable {
    /// What was found on one matter.
    public typealias Item = CheckedItem

    /// The CloudEvents type of the submission.
    public static let eventType = "cn.yaohao.inspections.result-recorded.v1"
    /// The most characters that the findings of one item may have.
    public static let maximumFindings = CheckedItem.maximumFindings

    /// The visit's id.
    public let visit: String
    /// The department whose matters these are.
    public let department: String
    /// The day on which the inspection ended, as sent.
    public let endedOn: String
    /// The matters checked.
    public let items: [Item]
    /// Who inspected, when the department says so.
    public let inspectors: [String]?
    /// Which version it corrects and why; `nil` for the first.
    public let correction: Correction?

    /// What a correction says of the version that it takes the place of (更正).
    public struct Correction: Sendable, Hashable {
        /// The version that its author saw.
        public let version: Int
        /// Why it is corrected, which becomes public with it.
        public let reason: String

        /// A correction of a version.
        public init(version: Int, reason: String) {
            self.version = version
            self.reason = reason
        }
    }

    /// The CloudEvents type of a correction.
    public static let correctionType = "cn.yaohao.inspections.result-corrected.v1"

    /// A result of the given parts.
    public init(
        visit: String, department: String, endedOn: String, items: [Item], inspectors: [String]? = nil,
        correction: Correction? = nil
    ) {
        self.visit = visit
        self.department = department
        self.endedOn = endedOn
        self.items = items
        self.inspectors = inspectors
        self.correction = correction
    }

    /// Reads the body of a submission; what it means is decided by ``decide(_:signer:facts:)``.
    ///
    /// - Parameter corrects: whether it is a correction, which names a version and a reason.
    /// - Throws: `JSONError`, naming the field that is missing, unknown or of another kind.
    public init(parsing data: [UInt8], corrects: Bool = false) throws {
        var reader = try JSONReader(parsing: data)
        visit = try reader.plainString("visit")
        department = try reader.plainString("department")
        endedOn = try reader.plainString("ended_on")
        items = try reader.required("items").array { try CheckedItem($0) }
        inspectors = try reader.optional("inspectors")?.nullable()?.strings()
        correction =
            corrects
            ? Correction(
                version: try reader.integer("version", in: 1...1_000_000),
                reason: try reader.required("reason").wording(atMost: 500))
            : nil
        try reader.finish()
    }
}
