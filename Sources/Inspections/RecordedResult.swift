import JSON

/// What a department says it found at a visit (检查结果): who inspects, enters (谁抽查、谁录入).
public struct RecordedResult: Sendable, Hashable {
    /// What was found on one matter.
    public struct Item: Sendable, Hashable {
        /// The matter's id in the item catalogue (抽查事项).
        public let item: String
        /// One or more of the categories in `inspections.categories`, as sent; nothing is ever filled in.
        public let categories: [String]
        /// The findings in words.
        public let findings: String?

        /// An item of the given parts.
        public init(item: String, categories: [String], findings: String? = nil) {
            self.item = item
            self.categories = categories
            self.findings = findings
        }
    }

    /// The CloudEvents type of the submission.
    public static let eventType = "cn.yaohao.inspections.result-recorded.v1"
    /// The most characters that the findings of one item may have.
    public static let maximumFindings = 4_000

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

    /// A result of the given parts.
    public init(visit: String, department: String, endedOn: String, items: [Item], inspectors: [String]? = nil) {
        self.visit = visit
        self.department = department
        self.endedOn = endedOn
        self.items = items
        self.inspectors = inspectors
    }

    /// Reads the body of a submission; what it means is decided by ``decide(_:signer:facts:)``.
    ///
    /// - Throws: `JSONError`, naming the field that is missing, unknown or of another kind.
    public init(parsing data: [UInt8]) throws {
        var reader = try JSONReader(parsing: data)
        visit = try reader.plainString("visit")
        department = try reader.plainString("department")
        endedOn = try reader.plainString("ended_on")
        items = try reader.objects("items").map {
            var element = $0
            let item = Item(
                item: try element.plainString("item"),
                categories: try element.strings("categories"),
                findings: try element.optionalString("findings"))
            try element.finish()
            return item
        }
        inspectors = try reader.optional("inspectors")?.nullable()?.strings()
        try reader.finish()
    }
}

extension JSONReader {
    /// Mandatory text of one line; PostgreSQL's text has no room for NUL, and an id none for any control character.
    fileprivate mutating func plainString(_ name: String) throws -> String {
        let text = try string(name)
        guard !text.isEmpty, !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
            throw error(name, "is empty or has control characters; write it as in the register")
        }
        return text
    }
}
