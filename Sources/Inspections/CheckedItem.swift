public import JSON

/// What was found on one matter (抽查事项), at a visit or on a lead.
public struct CheckedItem: Sendable, Hashable {
    /// A file that proves something (证据); it stays with the department, and only its name and hash are kept here.
    public struct Evidence: Sendable, Hashable {
        /// The file's name.
        public let name: String
        /// The SHA-256 of its bytes, 64 lower-case hexadecimal digits.
        public let sha256: String

        /// A file of this name and hash.
        public init(name: String, sha256: String) {
            self.name = name
            self.sha256 = sha256
        }

        init(_ field: JSONField) throws {
            self = try field.object { reader in
                Evidence(
                    name: try reader.required("name").wording(atMost: 255),
                    sha256: try reader.required("sha256").sha256())
            }
        }

        /// `{"name", "sha256"}`.
        public var json: JSONValue { ["name": .string(name), "sha256": .string(sha256)] }
    }

    /// What a finding rests on beside the inspectors' own eyes.
    public enum Source: Sendable, Hashable {
        /// The conclusion of a part that was entrusted, by the entrustment's id.
        case entrusted(String)
        /// A conclusion of somebody else that the department adopts (采用鉴定结论、其他部门的检查结果或专业意见).
        case adopted(title: String, issuer: String, number: String, sha256: String)

        init(_ field: JSONField) throws {
            self = try field.object { reader in
                if let id = reader.optional("entrustment") { return .entrusted(try id.identifier()) }
                return .adopted(
                    title: try reader.required("title").wording(atMost: 255),
                    issuer: try reader.required("issuer").wording(atMost: 255),
                    number: try reader.required("number").wording(atMost: 255),
                    sha256: try reader.required("sha256").sha256())
            }
        }

        /// `{"entrustment"}` or `{"title", "issuer", "number", "sha256"}`.
        public var json: JSONValue {
            switch self {
            case .entrusted(let id): ["entrustment": .string(id)]
            case .adopted(let title, let issuer, let number, let sha256):
                [
                    "title": .string(title), "issuer": .string(issuer), "number": .string(number),
                    "sha256": .string(sha256),
                ]
            }
        }
    }

    /// The most characters that the findings of one item may have.
    public static let maximumFindings = 4_000

    /// The matter's id in the item catalogue.
    public let item: String
    /// One or more of the categories in `inspections.categories`, as sent; nothing is ever filled in.
    public let categories: [String]
    /// The findings in words.
    public let findings: String?
    /// What was done on the spot (处理措施).
    public let measures: [String]
    /// Files that prove it.
    public let evidence: [Evidence]
    /// What it rests on.
    public let sources: [Source]

    /// An item of the given parts.
    public init(
        item: String, categories: [String], findings: String? = nil, measures: [String] = [],
        evidence: [Evidence] = [], sources: [Source] = []
    ) {
        self.item = item
        self.categories = categories
        self.findings = findings
        self.measures = measures
        self.evidence = evidence
        self.sources = sources
    }

    /// Reads an item of a message; whether it may stand is decided later.
    ///
    /// - Throws: `JSONError`.
    init(_ field: JSONField) throws {
        self = try field.object { reader in
            CheckedItem(
                item: try reader.plainString("item"), categories: try reader.strings("categories"),
                findings: try reader.optionalString("findings"),
                measures: try reader.optional("measures")?.nullable()?.array { try $0.wording(atMost: 500) } ?? [],
                evidence: try reader.optional("evidence")?.nullable()?.array { try Evidence($0) } ?? [],
                sources: try reader.optional("sources")?.nullable()?.array { try Source($0) } ?? [])
        }
    }
}

extension JSONReader {
    /// Mandatory text of one line; PostgreSQL's text has no room for NUL, and an id none for any control character.
    mutating func plainString(_ name: String) throws -> String {
        let text = try string(name)
        guard !text.isEmpty, !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
            throw error(name, "is empty or has control characters; write it as in the register")
        }
        return text
    }
}
