public import Cluster
public import Registers

/// What the database knows of one department's part of a visit.
public struct PartFacts: Sendable {
    /// Today in Asia/Shanghai, by the database's clock.
    public let today: Day
    /// The visit; `nil` when no drawn round has it.
    public let visit: VisitFacts?
    /// The day of each step that was taken.
    public let steps: [VisitStep.Kind: Day]
    /// The day on which it was given up.
    public let failedOn: Day?
    /// Whether a result is recorded.
    public let isRecorded: Bool
    /// The names of the categories that prevent visits.
    public let preventing: Set<String>

    /// Facts of the given parts.
    public init(
        today: Day, visit: VisitFacts?, steps: [VisitStep.Kind: Day] = [:], failedOn: Day? = nil,
        isRecorded: Bool = false, preventing: Set<String> = []
    ) {
        self.today = today
        self.visit = visit
        self.steps = steps
        self.failedOn = failedOn
        self.isRecorded = isRecorded
        self.preventing = preventing
    }

    /// What speaks against anything being said of this part any more.
    ///
    /// - Throws: `Rejection` for whoever has no part in the visit, with nothing else.
    fileprivate func closed(to department: String, signer: String) throws(Rejection) -> [Reason] {
        try requireOwnPart(of: department, signer: signer)
        guard visit?.parts[department] != nil else { throw Rejection([noPart(of: department)]) }
        var reasons: [Reason] = []
        if isRecorded {
            reasons.append(
                Reason(
                    field: "visit", code: "visit.recorded",
                    message: "结果已经录入；the result is recorded, correct that if need be"))
        }
        if let failedOn {
            reasons.append(
                Reason(
                    field: "visit", code: "visit.failed",
                    message: "已于 \(failedOn) 报告检查无法实施；it was reported that the visit could not be made"))
        }
        return reasons
    }

    fileprivate func misdated(_ day: Day, notBefore first: Day?) -> [Reason] {
        var reasons: [Reason] = []
        if day > today {
            reasons.append(
                Reason(field: "on", code: "on.future", message: "日期 \(day) 晚于今天 \(today)；report what has happened"))
        }
        if let first, day < first {
            reasons.append(
                Reason(
                    field: "on", code: "on.early", message: "日期 \(day) 早于 \(first)；check the day"))
        }
        return reasons
    }
}

/// Decides whether a step of a visit counts.
///
/// - Returns: the day of the step.
/// - Throws: `Rejection` with every reason that was found.
public func decide(_ step: VisitStep, signer: String, facts: PartFacts) throws(Rejection) -> Day {
    var reasons = try facts.closed(to: step.department, signer: signer)
    let day = step.on ?? facts.today
    for later in VisitStep.Kind.allCases.drop(while: { $0 != step.kind }) {
        if let taken = facts.steps[later] {
            reasons.append(
                Reason(
                    field: "visit", code: later == step.kind ? "visit.again" : "visit.past",
                    message: "已于 \(taken) 报告 \(later.rawValue)；this was reported on \(taken)"))
        }
    }
    switch step.kind {
    case .confirmed: break
    case .begun:
        reasons += facts.misdated(day, notBefore: facts.visit?.windowFirst)
        if let team = facts.visit?.parts[step.department]?.inspectors {
            for (index, inspector) in step.inspectors.enumerated() where !team.contains(inspector) {
                reasons.append(
                    Reason(
                        field: "inspectors[\(index)]", code: "inspectors.not-in-team",
                        message: "检查人员 \(inspector) 不在检查组内，替换须先报告；report the substitute first"))
            }
        }
    case .ended:
        reasons += facts.misdated(day, notBefore: facts.steps[.begun])
        if facts.steps[.begun] == nil {
            reasons.append(
                Reason(
                    field: "visit", code: "visit.not-begun",
                    message: "尚未报告开始检查；report the beginning first"))
        }
    }
    guard reasons.isEmpty else { throw Rejection(reasons) }
    return day
}

/// Decides whether a visit may be given up.
///
/// - Throws: `Rejection` with every reason that was found.
public func decide(_ failed: FailedVisit, signer: String, facts: PartFacts) throws(Rejection) {
    var reasons = try facts.closed(to: failed.department, signer: signer)
    reasons += facts.misdated(failed.on, notBefore: facts.visit?.windowFirst)
    if let ended = facts.steps[.ended] {
        reasons.append(
            Reason(
                field: "visit", code: "visit.past", message: "已于 \(ended) 报告检查结束；the visit was made"))
    }
    if !facts.preventing.contains(failed.state) {
        reasons.append(
            Reason(
                field: "state", code: "state.unknown",
                message: "“\(failed.state)”不是检查无法实施的状态，可选：\(facts.preventing.sorted().joined(separator: "、"))；"
                    + "choose one of these"))
    }
    guard reasons.isEmpty else { throw Rejection(reasons) }
}

/// Decides whether an inspector of the team may be replaced.
///
/// - Throws: `Rejection` with every reason that was found.
public func decide(_ amended: AmendedVisit, signer: String, facts: PartFacts) throws(Rejection) {
    var reasons = try facts.closed(to: amended.department, signer: signer)
    if let ended = facts.steps[.ended] {
        reasons.append(
            Reason(field: "visit", code: "visit.past", message: "已于 \(ended) 报告检查结束；the visit was made"))
    }
    if let team = facts.visit?.parts[amended.department]?.inspectors, !team.contains(amended.replaced) {
        reasons.append(
            Reason(
                field: "replaced", code: "inspectors.not-in-team",
                message: "检查人员 \(amended.replaced) 不在检查组内；name somebody of the team"))
    }
    guard reasons.isEmpty else { throw Rejection(reasons) }
}

/// Decides whether a part may be entrusted.
///
/// - Throws: `Rejection` with every reason that was found.
public func decide(_ part: EntrustedPart, signer: String, facts: PartFacts) throws(Rejection) {
    var reasons = try facts.closed(to: part.department, signer: signer)
    reasons += facts.misdated(part.on, notBefore: nil)
    if let own = facts.visit?.parts[part.department]?.items {
        for (index, item) in part.items.enumerated() where !own.contains(item) {
            reasons.append(
                Reason(
                    field: "items[\(index)]", code: "items.other", message: "事项 \(item) 不属于本部门此次检查；remove it"))
        }
    }
    if part.qualification.until < part.on {
        reasons.append(
            Reason(
                field: "qualification.until", code: "qualification.expired",
                message:
                    "资质有效期至 \(part.qualification.until)，早于委托日期 \(part.on)；entrust somebody whose qualification is valid"
            ))
    }
    guard reasons.isEmpty else { throw Rejection(reasons) }
}
