public import Cluster
import JSON
public import Registers

/// What has become of a consequence (处置进展): approved, handed over, looked at again, done.
public struct ConsequenceStep: Sendable, Hashable {
    /// The CloudEvents type of the submission.
    public static let eventType = "cn.yaohao.inspections.consequence-done.v1"

    /// Which step.
    public enum Kind: String, Sendable, CaseIterable {
        /// A referral to the judiciary is approved (批准移送).
        case approved
        /// It is not (不批准移送).
        case refused
        /// It is handed over (移交).
        case handedOver = "handed-over"
        /// A correction was looked at again (复查).
        case reinspected
        /// Anything else is done (办结).
        case done
    }

    /// What a re-inspection found.
    public enum Outcome: String, Sendable, CaseIterable {
        /// It is corrected (已改正).
        case corrected
        /// It is not (未改正); the correction stays open.
        case notCorrected = "not-corrected"
    }

    /// The consequence's id.
    public let consequence: String
    /// The department that ordered it.
    public let department: String
    /// Which step.
    public let kind: Kind
    /// The day.
    public let on: Day
    /// The instant of an approval or hand-over, `YYYY-MM-DDThh:mm:ssZ`, from which hours run.
    public let instant: String?
    /// What a re-inspection found.
    public let outcome: Outcome?
    /// A remark; with `refused` the reason.
    public let note: String?
    /// Files that prove it.
    public let evidence: [CheckedItem.Evidence]

    /// A step of the given parts.
    public init(
        consequence: String, department: String, kind: Kind, on: Day, instant: String? = nil, outcome: Outcome? = nil,
        note: String? = nil, evidence: [CheckedItem.Evidence] = []
    ) {
        self.consequence = consequence
        self.department = department
        self.kind = kind
        self.on = on
        self.instant = instant
        self.outcome = outcome
        self.note = note
        self.evidence = evidence
    }

    /// Reads the body of a submission.
    ///
    /// - Throws: `JSONError`.
    public init(parsing data: [UInt8]) throws {
        var reader = try JSONReader(parsing: data)
        consequence = try reader.required("consequence").identifier()
        department = try reader.required("department").identifier()
        let kind: Kind = try reader.required("step").choice()
        self.kind = kind
        on = try reader.required("on").day()
        instant =
            kind == .approved || kind == .handedOver
            ? try reader.required("at").instant() : nil
        outcome = kind == .reinspected ? try reader.required("outcome").choice() : nil
        note = kind == .refused ? try reader.required("note").wording() : try reader.optionalWording("note")
        evidence = try reader.optional("evidence")?.nullable()?.array { try CheckedItem.Evidence($0) } ?? []
        try reader.finish()
    }
}

/// What a step of a consequence is judged by.
public struct StepFacts: Sendable {
    /// Today in Asia/Shanghai, by the database's clock.
    public let today: Day
    /// The department that ordered it.
    public let department: String
    /// The consequence's kind.
    public let kind: String
    /// The day on which it was ordered.
    public let orderedOn: Day
    /// The day on which it was done; `nil` while it is open.
    public let doneOn: Day?
    /// The day by which this kind of step is due; `nil` where none is set.
    public let due: [ConsequenceStep.Kind: Day]
    /// The instant of the approval, and the one by which it is to be handed over.
    public let approval: (at: String, handOverBy: String)?

    /// Facts of the given parts.
    public init(
        today: Day, department: String, kind: String, orderedOn: Day, doneOn: Day?,
        due: [ConsequenceStep.Kind: Day] = [:], approval: (at: String, handOverBy: String)? = nil
    ) {
        self.today = today
        self.department = department
        self.kind = kind
        self.orderedOn = orderedOn
        self.doneOn = doneOn
        self.due = due
        self.approval = approval
    }
}

/// Decides whether a step counts.
///
/// - Returns: whether it came later than it was due; `nil` where nothing was due.
/// - Throws: `Rejection` with every reason that was found.
public func decide(_ step: ConsequenceStep, signer: String, facts: StepFacts?) throws(Rejection) -> Bool? {
    try requireOwnPart(of: step.department, signer: signer)
    var reasons: [Reason] = []
    guard let facts, facts.department == step.department else {
        reasons.append(
            Reason(
                field: "consequence", code: "consequence.unknown",
                message: "本部门没有后续处置 \(step.consequence)，请核对编号；no such consequence of this department"))
        throw Rejection(reasons)
    }
    let own: Set<ConsequenceStep.Kind> =
        switch facts.kind {
        case Consequence.Kind.correction: [.reinspected]
        case Consequence.Kind.judiciary: facts.approval == nil ? [.approved, .refused] : [.handedOver]
        default: [.done]
        }
    if let doneOn = facts.doneOn {
        reasons.append(
            Reason(
                field: "consequence", code: "consequence.done",
                message: "已于 \(doneOn) 办结；this was done on \(doneOn)"))
    } else if !own.contains(step.kind) {
        reasons.append(
            Reason(
                field: "step", code: "step.other",
                message: "此处不能报告 \(step.kind.rawValue)，现在只能报告："
                    + own.map(\.rawValue).sorted().joined(separator: "、") + "；report one of these"))
    }
    if step.on > facts.today {
        reasons.append(
            Reason(
                field: "on", code: "on.future", message: "日期 \(step.on) 晚于今天 \(facts.today)；report what has happened"))
    }
    if step.on < facts.orderedOn {
        reasons.append(
            Reason(
                field: "on", code: "on.early", message: "日期 \(step.on) 早于处置日期 \(facts.orderedOn)；check the day"))
    }
    if let instant = step.instant, let approval = facts.approval, instant < approval.at {
        reasons.append(
            Reason(
                field: "at", code: "at.early", message: "移交时间早于批准时间 \(approval.at)；check the instant"))
    }
    guard reasons.isEmpty else { throw Rejection(reasons) }
    if let instant = step.instant, let approval = facts.approval { return instant > approval.handOverBy }
    return facts.due[step.kind].map { step.on > $0 }
}
