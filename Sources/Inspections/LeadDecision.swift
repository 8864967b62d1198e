public import Cluster
public import Registers

/// What a new lead is judged by.
public struct LeadFacts: Sendable {
    /// Today in Asia/Shanghai, by the database's clock.
    public let today: Day
    /// Whether the register has the entity that the lead names.
    public let isRegistered: Bool
    /// The department of each matter that the item catalogue has.
    public let departments: [String: String]
    /// The county's terms.
    public let terms: CountyRules.InspectionTerms
    /// The county's working days.
    public let calendar: WorkingCalendar

    /// Facts of the given parts.
    public init(
        today: Day, isRegistered: Bool, departments: [String: String], terms: CountyRules.InspectionTerms,
        calendar: WorkingCalendar
    ) {
        self.today = today
        self.isRegistered = isRegistered
        self.departments = departments
        self.terms = terms
        self.calendar = calendar
    }
}

/// Decides whether a lead is taken.
///
/// - Returns: until when it is to be acted on, and until when it is decided whether a case is filed.
/// - Throws: `Rejection` with every reason that was found.
public func decide(
    _ lead: Lead, signer: String, facts: LeadFacts
) throws(Rejection) -> (actBy: Day, decideBy: Day) {
    try requireOwnPart(of: lead.department, signer: signer)
    var reasons: [Reason] = []
    if lead.receivedOn > facts.today {
        reasons.append(
            Reason(
                field: "received_on", code: "on.future",
                message: "日期 \(lead.receivedOn) 晚于今天 \(facts.today)；report what has happened"))
    }
    if lead.entity != nil, !facts.isRegistered {
        reasons.append(
            Reason(
                field: "entity", code: "entity.unknown",
                message: "检查对象名录库中没有此主体；不在库的当事人请用 subject 并注明 unlicensed；no register has this entity"))
    }
    if lead.entity == nil, !lead.unlicensed {
        reasons.append(
            Reason(
                field: "unlicensed", code: "subject.registered",
                message: "不在名录库的当事人按无证无照经营处理，请注明 unlicensed；only unlicensed trade is about persons in no register"))
    }
    for (index, item) in lead.items.enumerated() where facts.departments[item] != lead.department {
        reasons.append(
            Reason(
                field: "items[\(index)]", code: "items.other",
                message: "抽查事项清单中没有本部门的事项 \(item)；name matters of your own"))
    }
    var days: (Day, Day)?
    do {
        let act = lead.unlicensed ? facts.terms.unlicensedAction : facts.terms.leadAction
        days = (
            try act.day(after: lead.receivedOn, facts.calendar),
            try facts.terms.caseDecision.day(after: lead.receivedOn, facts.calendar)
        )
    } catch {
        reasons.append(Reason(code: "calendar.unknown", message: "\(error)"))
    }
    guard reasons.isEmpty, let days else { throw Rejection(reasons) }
    return days
}

/// What is judged by what the database knows of a lead.
public struct LeadState: Sendable, Hashable {
    /// The department that follows it.
    public let department: String
    /// The day on which the department got it.
    public let receivedOn: Day
    /// The matters that it is about.
    public let items: [String]
    /// The first day on which it was inspected.
    public let inspectedOn: Day?
    /// The day on which a case was filed.
    public let filedOn: Day?
    /// The day on which it was concluded.
    public let concludedOn: Day?

    /// A state of the given parts.
    public init(
        department: String, receivedOn: Day, items: [String], inspectedOn: Day? = nil, filedOn: Day? = nil,
        concludedOn: Day? = nil
    ) {
        self.department = department
        self.receivedOn = receivedOn
        self.items = items
        self.inspectedOn = inspectedOn
        self.filedOn = filedOn
        self.concludedOn = concludedOn
    }

    fileprivate static func reasons(
        _ lead: String, of department: String, on day: Day, signer: String, today: Day, _ state: LeadState?
    ) throws(Rejection) -> [Reason] {
        try requireOwnPart(of: department, signer: signer)
        var reasons: [Reason] = []
        guard let state, state.department == department else {
            reasons.append(
                Reason(
                    field: "lead", code: "lead.unknown",
                    message: "本部门没有线索 \(lead)，请核对编号；no such lead of this department"))
            return reasons
        }
        if let concludedOn = state.concludedOn {
            reasons.append(
                Reason(
                    field: "lead", code: "lead.concluded",
                    message: "线索已于 \(concludedOn) 办结；it is concluded"))
        }
        if day > today {
            reasons.append(
                Reason(field: "on", code: "on.future", message: "日期 \(day) 晚于今天 \(today)；report what has happened"))
        }
        if day < state.receivedOn {
            reasons.append(
                Reason(
                    field: "on", code: "on.early", message: "日期 \(day) 早于收到线索的日期 \(state.receivedOn)；check the day"))
        }
        return reasons
    }
}

/// Decides whether an inspection of a lead counts.
///
/// - Parameters:
///   - state: the lead; `nil` when there is none.
///   - certified: the department's inspectors whose certificate is valid on the day and who need not stand back.
///   - least: how many inspectors there must be.
/// - Throws: `Rejection` with every reason that was found.
public func decide(
    _ inspected: InspectedLead, signer: String, today: Day, state: LeadState?, certified: Set<String>, least: Int,
    categories: [String: CategoryKind]
) throws(Rejection) {
    var reasons = try LeadState.reasons(
        inspected.lead, of: inspected.department, on: inspected.on, signer: signer, today: today, state)
    for (index, inspector) in inspected.inspectors.enumerated() where !certified.contains(inspector) {
        reasons.append(
            Reason(
                field: "inspectors[\(index)]", code: "inspectors.unfit",
                message: "\(inspector) 不是本部门当日持有效执法证的检查人员，或应当回避；name inspectors who may go"))
    }
    if inspected.inspectors.count < least {
        reasons.append(
            Reason(
                field: "inspectors", code: "inspectors.few", message: "检查人员不得少于 \(least) 人；name at least \(least)"))
    }
    reasons += categoryReasons(inspected.items, categories)
    if let state {
        reasons += coverageReasons(inspected.items, of: state.items)
        for (index, item) in inspected.items.enumerated() {
            for (place, source) in item.sources.enumerated() {
                guard case .entrusted(let id) = source else { continue }
                reasons.append(
                    Reason(
                        field: "items[\(index)].sources[\(place)].entrustment", code: "entrustment.unknown",
                        message: "没有委托 \(id)；name an adopted conclusion by title, issuer, number and sha256"))
            }
        }
    }
    guard reasons.isEmpty else { throw Rejection(reasons) }
}

/// Decides whether a lead may end so.
///
/// - Throws: `Rejection` with every reason that was found.
public func decide(_ closed: ClosedLead, signer: String, today: Day, state: LeadState?) throws(Rejection) {
    var reasons = try LeadState.reasons(
        closed.lead, of: closed.department, on: closed.on, signer: signer, today: today, state)
    if let state {
        if let inspectedOn = state.inspectedOn {
            if closed.on < inspectedOn {
                reasons.append(
                    Reason(
                        field: "on", code: "on.early", message: "日期 \(closed.on) 早于检查日期 \(inspectedOn)；check the day"))
            }
        } else {
            reasons.append(
                Reason(
                    field: "lead", code: "lead.not-inspected",
                    message: "线索尚未检查；要立即实施检查；inspect it first"))
        }
        if closed.kind == .filed, let filedOn = state.filedOn {
            reasons.append(
                Reason(field: "lead", code: "case.exists", message: "已于 \(filedOn) 立案；a case is filed once"))
        }
    }
    guard reasons.isEmpty else { throw Rejection(reasons) }
}
