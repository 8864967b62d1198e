import JSON
public import Registers

/// A lead (个案线索) from a complaint, a referral or the watching of data: inspected at once, outside the draw.
///
/// Source: 固政办发〔2021〕32号 四（五）.
public struct Lead: Sendable, Hashable {
    /// The CloudEvents type of the submission.
    public static let eventType = "cn.yaohao.inspections.lead-reported.v1"

    /// Where it comes from.
    public enum Origin: String, Sendable, CaseIterable {
        /// 投诉举报.
        case complaint
        /// 转办交办.
        case referral
        /// 数据监测.
        case monitoring
    }

    /// Whom a lead is about when no register has them.
    public struct Subject: Sendable, Hashable {
        /// The name or what they are known by.
        public let name: String
        /// Where they trade.
        public let address: String
        /// The region's code.
        public let region: String
        /// The industry's code.
        public let industry: String

        /// Somebody of the given parts.
        public init(name: String, address: String, region: String, industry: String) {
            self.name = name
            self.address = address
            self.region = region
            self.industry = industry
        }
    }

    /// Its id, which everything later names.
    public let id: String
    /// The department that follows it.
    public let department: String
    /// Where it comes from.
    public let origin: Origin
    /// The day on which the department got it.
    public let receivedOn: Day
    /// The entity; `nil` for persons in no register.
    public let entity: String?
    /// Whom it is about when no register has them.
    public let subject: Subject?
    /// The department's matters that it is about.
    public let items: [String]
    /// Trade without permit or licence (无证无照经营), which follows its own rule.
    public let unlicensed: Bool
    /// What is said.
    public let summary: String

    /// A lead of the given parts.
    public init(
        id: String, department: String, origin: Origin, receivedOn: Day, entity: String?, subject: Subject? = nil,
        items: [String], unlicensed: Bool = false, summary: String
    ) {
        self.id = id
        self.department = department
        self.origin = origin
        self.receivedOn = receivedOn
        self.entity = entity
        self.subject = subject
        self.items = items
        self.unlicensed = unlicensed
        self.summary = summary
    }

    /// Reads the body of a submission.
    ///
    /// - Throws: `JSONError`.
    public init(parsing data: [UInt8]) throws {
        var reader = try JSONReader(parsing: data)
        id = try reader.required("id").identifier()
        department = try reader.required("department").identifier()
        origin = try reader.required("origin").choice()
        receivedOn = try reader.required("received_on").day()
        entity = try reader.optionalIdentifier("entity")
        subject = try reader.optional("subject")?.nullable()?.object { reader in
            Subject(
                name: try reader.required("name").wording(atMost: 255),
                address: try reader.required("address").wording(atMost: 255),
                region: try reader.required("region").identifier(),
                industry: try reader.required("industry").identifier())
        }
        items = try reader.required("items").identifiers()
        unlicensed = try reader.optional("unlicensed")?.bool() ?? false
        summary = try reader.required("summary").wording()
        try reader.finish()
        guard (entity == nil) != (subject == nil) else {
            throw reader.error(
                "entity", "请写明主体编号 entity，或（不在名录库的）当事人 subject，二者择一 / name either an entity, or whom no register has")
        }
    }
}

/// What inspectors found who were named to follow a lead; they are not drawn, and that is said (非随机抽取).
public struct InspectedLead: Sendable, Hashable {
    /// The CloudEvents type of the submission.
    public static let eventType = "cn.yaohao.inspections.lead-inspected.v1"

    /// The lead's id.
    public let lead: String
    /// The department that follows it.
    public let department: String
    /// The day.
    public let on: Day
    /// Who inspected, by id.
    public let inspectors: [String]
    /// What was found, for each matter.
    public let items: [CheckedItem]

    /// An inspected lead of the given parts.
    public init(lead: String, department: String, on: Day, inspectors: [String], items: [CheckedItem]) {
        self.lead = lead
        self.department = department
        self.on = on
        self.inspectors = inspectors
        self.items = items
    }

    /// Reads the body of a submission.
    ///
    /// - Throws: `JSONError`.
    public init(parsing data: [UInt8]) throws {
        var reader = try JSONReader(parsing: data)
        lead = try reader.required("lead").identifier()
        department = try reader.required("department").identifier()
        on = try reader.required("on").day()
        inspectors = try reader.required("inspectors").identifiers()
        items = try reader.required("items").array { try CheckedItem($0) }
        try reader.finish()
    }
}

/// How a lead ends: a case is filed (立案), and it is concluded (办结).
public struct ClosedLead: Sendable, Hashable {
    /// Which of the two.
    public enum Kind: String, Sendable, CaseIterable {
        /// A case is filed; the lead is concluded later.
        case filed
        /// It is concluded.
        case concluded

        /// The CloudEvents type of the submission.
        public var eventType: String {
            switch self {
            case .filed: "cn.yaohao.inspections.case-filed.v1"
            case .concluded: "cn.yaohao.inspections.lead-concluded.v1"
            }
        }
    }

    /// How a lead may be concluded.
    public enum Outcome: String, Sendable, CaseIterable {
        /// The lead was unfounded (线索不实).
        case unfounded
        /// Nothing wrong was found (未发现问题).
        case clear
        /// What was wrong is corrected (已改正).
        case corrected
        /// A penalty was imposed (已处罚).
        case punished
        /// Unlicensed trade was ended (已取缔).
        case closedDown = "closed-down"
        /// A permit or licence was got (已办理证照).
        case licensed
        /// Somebody else is competent and has it (已移送).
        case transferred
    }

    /// Which of the two.
    public let kind: Kind
    /// The lead's id.
    public let lead: String
    /// The department that follows it.
    public let department: String
    /// The day.
    public let on: Day
    /// The case's number, or the outcome.
    public let outcome: String
    /// A remark.
    public let note: String?

    /// An end of the given parts.
    public init(_ kind: Kind, lead: String, department: String, on: Day, outcome: String, note: String? = nil) {
        self.kind = kind
        self.lead = lead
        self.department = department
        self.on = on
        self.outcome = outcome
        self.note = note
    }

    /// Reads the body of a submission.
    ///
    /// - Throws: `JSONError`.
    public init(_ kind: Kind, parsing data: [UInt8]) throws {
        var reader = try JSONReader(parsing: data)
        self.kind = kind
        lead = try reader.required("lead").identifier()
        department = try reader.required("department").identifier()
        on = try reader.required("on").day()
        switch kind {
        case .filed: outcome = try reader.required("case").wording(atMost: 255)
        case .concluded: outcome = try reader.required("outcome").choice(of: Outcome.self).rawValue
        }
        note = try reader.optionalWording("note")
        try reader.finish()
    }
}
