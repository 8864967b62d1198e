public import Cluster
import JSON
public import Registers

/// What follows from a result or a lead (后续处置): an order to correct, a filed case, a referral and so on.
public struct Consequence: Sendable, Hashable {
    /// The CloudEvents type of the submission.
    public static let eventType = "cn.yaohao.inspections.consequence-ordered.v1"

    /// The kinds that have rules of their own; a county may add others to `inspections.consequence_kinds`.
    public enum Kind {
        /// 无需后续处置.
        public static let none = "none"
        /// 责令改正.
        public static let correction = "correction"
        /// 立案.
        public static let filedCase = "case"
        /// 抄告其他部门.
        public static let copied = "copied"
        /// 移送司法机关.
        public static let judiciary = "judiciary"
        /// 联合惩戒.
        public static let jointSanction = "joint-sanction"
        /// 列入经营异常名录.
        public static let abnormal = "abnormal"
    }

    /// What it follows from.
    public enum Ground: Sendable, Hashable {
        /// A result, by its visit.
        case visit(String)
        /// A lead (线索).
        case lead(String)
    }

    /// Its id, which its steps name.
    public let id: String
    /// Its kind.
    public let kind: String
    /// The department that orders it.
    public let department: String
    /// What it follows from.
    public let ground: Ground
    /// The matters that it is about.
    public let items: [String]
    /// The day on which it was ordered.
    public let orderedOn: Day
    /// What is to be done.
    public let demand: String
    /// Until when, as the department sets it.
    public let dueOn: Day?
    /// Number of the decision or paper (文书编号).
    public let decision: String?
    /// The law that it rests on.
    public let legalBasis: String?
    /// To whom it goes.
    public let addressee: String?

    /// A consequence of the given parts.
    public init(
        id: String, kind: String, department: String, ground: Ground, items: [String], orderedOn: Day, demand: String,
        dueOn: Day? = nil, decision: String? = nil, legalBasis: String? = nil, addressee: String? = nil
    ) {
        self.id = id
        self.kind = kind
        self.department = department
        self.ground = ground
        self.items = items
        self.orderedOn = orderedOn
        self.demand = demand
        self.dueOn = dueOn
        self.decision = decision
        self.legalBasis = legalBasis
        self.addressee = addressee
    }

    /// Reads the body of a submission.
    ///
    /// - Throws: `JSONError`.
    public init(parsing data: [UInt8]) throws {
        var reader = try JSONReader(parsing: data)
        id = try reader.required("id").identifier()
        kind = try reader.required("kind").identifier()
        department = try reader.required("department").identifier()
        switch (try reader.optionalIdentifier("visit"), try reader.optionalIdentifier("lead")) {
        case (let visit?, nil): ground = .visit(visit)
        case (nil, let lead?): ground = .lead(lead)
        default:
            throw reader.error("visit", "请写明检查任务 visit 或线索 lead 之一 / name either a visit or a lead")
        }
        items = try reader.required("items").identifiers()
        orderedOn = try reader.required("ordered_on").day()
        demand = try reader.required("demand").wording()
        dueOn = try reader.optional("due_on")?.nullable()?.day()
        decision = try reader.optionalWording("decision")
        legalBasis = try reader.optionalWording("legal_basis")
        addressee = try reader.optionalWording("addressee")
        try reader.finish()
    }
}

/// What a consequence is judged by.
public struct ConsequenceFacts: Sendable {
    /// What it follows from, as the database has it.
    public struct Ground: Sendable, Hashable {
        /// The day on which the inspection ended.
        public let endedOn: Day
        /// The matters that were checked.
        public let items: [String]
        /// The entity; `nil` for a person in no register.
        public let entity: String?
        /// The result's version in force; `nil` for a lead.
        public let version: Int?
        /// The matters that other consequences are about already, by their kind.
        public let ordered: [String: Set<String>]

        /// A ground of the given parts.
        public init(
            endedOn: Day, items: [String], entity: String?, version: Int?, ordered: [String: Set<String>] = [:]
        ) {
            self.endedOn = endedOn
            self.items = items
            self.entity = entity
            self.version = version
            self.ordered = ordered
        }
    }

    /// Today in Asia/Shanghai, by the database's clock.
    public let today: Day
    /// The department's result or inspected lead; `nil` when there is none.
    public let ground: Ground?
    /// The kinds in force.
    public let kinds: Set<String>
    /// The county's terms.
    public let terms: CountyRules.InspectionTerms
    /// The county's working days.
    public let calendar: WorkingCalendar

    /// Facts of the given parts.
    public init(
        today: Day, ground: Ground?, kinds: Set<String>, terms: CountyRules.InspectionTerms, calendar: WorkingCalendar
    ) {
        self.today = today
        self.ground = ground
        self.kinds = kinds
        self.terms = terms
        self.calendar = calendar
    }
}

/// The days by which the steps of a consequence are due.
public struct ConsequenceDays: Sendable, Hashable {
    /// The day by which it is to be done.
    public var dueOn: Day?
    /// The day by which a correction is looked at again.
    public var reinspectBy: Day?
    /// The day by which a referral is approved or refused.
    public var approveBy: Day?
    /// Hours from the approval to the hand-over.
    public var handOverHours: Int?

    /// No days.
    public init() {}
}

/// Decides whether a consequence may be ordered.
///
/// - Returns: its days, by the county's terms.
/// - Throws: `Rejection` with every reason that was found.
public func decide(
    _ consequence: Consequence, signer: String, facts: ConsequenceFacts
) throws(Rejection) -> ConsequenceDays {
    try requireOwnPart(of: consequence.department, signer: signer)
    var reasons: [Reason] = []
    if !facts.kinds.contains(consequence.kind) {
        reasons.append(
            Reason(
                field: "kind", code: "kind.unknown",
                message: "没有后续处置类别“\(consequence.kind)”，可选：\(facts.kinds.sorted().joined(separator: "、"))；"
                    + "choose one of these"))
    }
    if consequence.orderedOn > facts.today {
        reasons.append(
            Reason(
                field: "ordered_on", code: "on.future",
                message: "日期 \(consequence.orderedOn) 晚于今天 \(facts.today)；report what has happened"))
    }
    if let ground = facts.ground {
        reasons += consequence.contradictions(ground)
    } else {
        reasons.append(
            Reason(
                field: "visit", code: "ground.none",
                message: "本部门没有与此对应的检查结果或已检查的线索；record the result or inspect the lead first"))
    }
    reasons += consequence.missing()
    var days = ConsequenceDays()
    do {
        days = try consequence.days(facts.terms, facts.calendar)
    } catch {
        reasons.append(Reason(code: "calendar.unknown", message: "\(error)"))
    }
    guard reasons.isEmpty else { throw Rejection(reasons) }
    return days
}

extension Consequence {
    /// Where it disagrees with what it follows from.
    fileprivate func contradictions(_ ground: ConsequenceFacts.Ground) -> [Reason] {
        var reasons: [Reason] = []
        if orderedOn < ground.endedOn {
            reasons.append(
                Reason(
                    field: "ordered_on", code: "on.early",
                    message: "日期 \(orderedOn) 早于检查结束日期 \(ground.endedOn)；check the day"))
        }
        for (index, item) in items.enumerated() {
            if !ground.items.contains(item) {
                reasons.append(
                    Reason(
                        field: "items[\(index)]", code: "items.other",
                        message: "事项 \(item) 不在本部门的检查结果中；name matters of the result"))
            }
            let others = ground.ordered.filter { $0.value.contains(item) }.keys
            if kind == Kind.none ? !others.isEmpty : others.contains(Kind.none) {
                reasons.append(
                    Reason(
                        field: "items[\(index)]", code: "kind.contradictory",
                        message: "事项 \(item) 不能既无需后续处置又有其他处置；nothing follows, or something does"))
            }
        }
        if kind == Kind.abnormal, ground.entity == nil {
            reasons.append(
                Reason(
                    field: "kind", code: "kind.unregistered",
                    message: "未登记的当事人不能列入经营异常名录；only a registered entity can be listed"))
        }
        return reasons
    }

    /// What its kind needs and it does not have.
    fileprivate func missing() -> [Reason] {
        func need(_ field: String, _ what: String) -> Reason {
            Reason(field: field, code: "\(field).missing", message: "\(what)；add it")
        }
        var reasons: [Reason] = []
        switch kind {
        case Kind.correction:
            if let dueOn {
                if dueOn < orderedOn {
                    reasons.append(
                        Reason(
                            field: "due_on", code: "due-on.early",
                            message: "改正期限 \(dueOn) 早于责令日期 \(orderedOn)；check the day"))
                }
            } else {
                reasons.append(need("due_on", "责令改正须写明改正期限"))
            }
        case Kind.filedCase:
            if decision == nil { reasons.append(need("decision", "立案须写明案号")) }
        case Kind.copied:
            if addressee == nil { reasons.append(need("addressee", "抄告须写明收文部门")) }
        case Kind.judiciary:
            if addressee == nil { reasons.append(need("addressee", "移送须写明受移送机关")) }
        case Kind.jointSanction:
            if decision == nil { reasons.append(need("decision", "联合惩戒须写明决定文书编号")) }
            if legalBasis == nil { reasons.append(need("legal_basis", "联合惩戒须写明法律依据")) }
        default: break
        }
        return reasons
    }

    /// The days that the county's terms give it.
    fileprivate func days(
        _ terms: CountyRules.InspectionTerms, _ calendar: WorkingCalendar
    ) throws -> ConsequenceDays {
        var days = ConsequenceDays()
        days.dueOn = dueOn
        switch kind {
        case Kind.correction: if let dueOn { days.reinspectBy = try terms.reinspection.day(after: dueOn, calendar) }
        case Kind.judiciary:
            days.approveBy = try terms.referralApproval.day(after: orderedOn, calendar)
            days.handOverHours = terms.referralHandOverHours
        case Kind.abnormal: days.dueOn = try terms.abnormalListing.day(after: orderedOn, calendar)
        default: break
        }
        return days
    }
}
