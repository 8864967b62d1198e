import JSON
public import Registers

/// What a department says of its part of a visit: confirmed, begun, ended (检查任务的确认、开始、结束).
public struct VisitStep: Sendable, Hashable {
    /// Which step.
    public enum Kind: String, Sendable, CaseIterable {
        /// The department has seen its task and will do it (确认任务).
        case confirmed
        /// The inspectors are there (开始检查).
        case begun
        /// They have left (结束检查).
        case ended

        /// The CloudEvents type of the submission.
        public var eventType: String {
            switch self {
            case .confirmed: "cn.yaohao.inspections.visit-confirmed.v1"
            case .begun: "cn.yaohao.inspections.visit-begun.v1"
            case .ended: "cn.yaohao.inspections.visit-ended.v1"
            }
        }
    }

    /// Which step.
    public let kind: Kind
    /// The visit's id.
    public let visit: String
    /// The department whose part it is.
    public let department: String
    /// The day of which it speaks; `nil` for a confirmation, which counts from the day it is taken.
    public let on: Day?
    /// Who is there, when the department says so.
    public let inspectors: [String]

    /// A step of the given parts.
    public init(_ kind: Kind, visit: String, department: String, on: Day? = nil, inspectors: [String] = []) {
        self.kind = kind
        self.visit = visit
        self.department = department
        self.on = on
        self.inspectors = inspectors
    }

    /// Reads the body of a submission.
    ///
    /// - Throws: `JSONError`.
    public init(_ kind: Kind, parsing data: [UInt8]) throws {
        var reader = try JSONReader(parsing: data)
        self.kind = kind
        visit = try reader.required("visit").identifier()
        department = try reader.required("department").identifier()
        on = kind == .confirmed ? nil : try reader.required("on").day()
        inspectors = kind == .begun ? try reader.optional("inspectors")?.nullable()?.identifiers() ?? [] : []
        try reader.finish()
    }
}

/// A visit could not be made, and the state in which the entity was met (检查无法实施、抽查对象状态). The entity is reported as
/// such, not replaced by another: draw-v1 §9.
public struct FailedVisit: Sendable, Hashable {
    /// The CloudEvents type of the submission.
    public static let eventType = "cn.yaohao.inspections.visit-failed.v1"

    /// The visit's id.
    public let visit: String
    /// The department whose part it is.
    public let department: String
    /// The day on which it was tried.
    public let on: Day
    /// The name of a category that prevents visits, such as 注销.
    public let state: String
    /// What was done to find the entity.
    public let note: String
    /// Files that prove it.
    public let evidence: [CheckedItem.Evidence]

    /// A failed visit of the given parts.
    public init(
        visit: String, department: String, on: Day, state: String, note: String, evidence: [CheckedItem.Evidence] = []
    ) {
        self.visit = visit
        self.department = department
        self.on = on
        self.state = state
        self.note = note
        self.evidence = evidence
    }

    /// Reads the body of a submission.
    ///
    /// - Throws: `JSONError`.
    public init(parsing data: [UInt8]) throws {
        var reader = try JSONReader(parsing: data)
        visit = try reader.required("visit").identifier()
        department = try reader.required("department").identifier()
        on = try reader.required("on").day()
        state = try reader.string("state")
        note = try reader.required("note").wording()
        evidence = try reader.optional("evidence")?.nullable()?.array { try CheckedItem.Evidence($0) } ?? []
        try reader.finish()
    }
}

/// An inspector of the drawn team cannot take part; the system names the substitute (检查人员替换): draw-v1 §9.
public struct AmendedVisit: Sendable, Hashable {
    /// The CloudEvents type of the submission.
    public static let eventType = "cn.yaohao.inspections.visit-amended.v1"

    /// Why somebody is replaced; the reason becomes public, the person does not.
    public enum Reason: String, Sendable, CaseIterable {
        /// Interested, or recusal was asked for and granted (回避).
        case recusal
        /// Ill, away or otherwise kept (因故不能参加).
        case absence
        /// The certificate is not valid any more (执法证失效).
        case certificate
        /// No longer with the department (调离).
        case left
    }

    /// The visit's id.
    public let visit: String
    /// The department whose team it is.
    public let department: String
    /// The inspector who cannot take part.
    public let replaced: String
    /// Why.
    public let reason: Reason
    /// Why, in words; for the file, never published.
    public let note: String

    /// An amendment of the given parts.
    public init(visit: String, department: String, replaced: String, reason: Reason, note: String) {
        self.visit = visit
        self.department = department
        self.replaced = replaced
        self.reason = reason
        self.note = note
    }

    /// Reads the body of a submission.
    ///
    /// - Throws: `JSONError`.
    public init(parsing data: [UInt8]) throws {
        var reader = try JSONReader(parsing: data)
        visit = try reader.required("visit").identifier()
        department = try reader.required("department").identifier()
        replaced = try reader.required("replaced").identifier()
        reason = try reader.required("reason").choice()
        note = try reader.required("note").wording(atMost: 500)
        try reader.finish()
    }
}

/// A part of a visit is entrusted to a third party with a qualification (委托专业机构).
public struct EntrustedPart: Sendable {
    /// The CloudEvents type of the submission.
    public static let eventType = "cn.yaohao.inspections.part-entrusted.v1"

    /// What the third party does.
    public enum Service: String, Sendable, CaseIterable {
        /// 检验检测.
        case testing
        /// 财务审计.
        case audit
        /// 调查咨询.
        case survey
        /// 其他专业服务.
        case other
    }

    /// The entrustment's id, which the conclusion names.
    public let id: String
    /// The visit's id.
    public let visit: String
    /// The department whose part it is.
    public let department: String
    /// The department's matters that it is about.
    public let items: [String]
    /// What the third party does.
    public let service: Service
    /// Who it is.
    public let organisation: String
    /// The name, number and last day of its qualification (资质).
    public let qualification: (name: String, number: String, until: Day)
    /// The day of the entrustment.
    public let on: Day

    /// An entrustment of the given parts.
    public init(
        id: String, visit: String, department: String, items: [String], service: Service, organisation: String,
        qualification: (name: String, number: String, until: Day), on: Day
    ) {
        self.id = id
        self.visit = visit
        self.department = department
        self.items = items
        self.service = service
        self.organisation = organisation
        self.qualification = qualification
        self.on = on
    }

    /// Reads the body of a submission.
    ///
    /// - Throws: `JSONError`.
    public init(parsing data: [UInt8]) throws {
        var reader = try JSONReader(parsing: data)
        id = try reader.required("id").identifier()
        visit = try reader.required("visit").identifier()
        department = try reader.required("department").identifier()
        items = try reader.required("items").identifiers()
        service = try reader.required("service").choice()
        organisation = try reader.required("organisation").wording(atMost: 255)
        qualification = try reader.required("qualification").object { reader in
            (
                try reader.required("name").wording(atMost: 255), try reader.required("number").wording(atMost: 255),
                try reader.required("until").day()
            )
        }
        on = try reader.required("on").day()
        try reader.finish()
    }
}

/// The conclusion of an entrusted part (鉴定、检验结论), attached by its hash.
public struct EntrustedConclusion: Sendable, Hashable {
    /// The CloudEvents type of the submission.
    public static let eventType = "cn.yaohao.inspections.part-concluded.v1"

    /// The entrustment's id.
    public let entrustment: String
    /// The department that entrusted it.
    public let department: String
    /// The document.
    public let document: CheckedItem.Evidence
    /// What it says, in short.
    public let conclusion: String
    /// The document's day.
    public let on: Day

    /// Reads the body of a submission.
    ///
    /// - Throws: `JSONError`.
    public init(parsing data: [UInt8]) throws {
        var reader = try JSONReader(parsing: data)
        entrustment = try reader.required("entrustment").identifier()
        department = try reader.required("department").identifier()
        document = try CheckedItem.Evidence(reader.required("document"))
        conclusion = try reader.required("conclusion").wording()
        on = try reader.required("on").day()
        try reader.finish()
    }
}
