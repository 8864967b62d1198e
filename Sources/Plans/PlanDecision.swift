import Cluster

/// A plan as the decisions need it: read under its row's lock, in the transaction that will write.
struct PlanState: Sendable, Equatable {
    enum Phase: String, Sendable, CaseIterable {
        case drafted, checked, approved, reported, received, returned, published, superseded, withdrawn

        /// Whether a version in this phase is on its way: neither in force nor out of it.
        var isUnderWay: Bool {
            switch self {
            case .drafted, .checked, .approved, .reported, .received, .returned: true
            case .published, .superseded, .withdrawn: false
            }
        }

        var chinese: String {
            switch self {
            case .drafted: "已填报"
            case .checked: "已审核"
            case .approved: "负责人已批准"
            case .reported: "已报联席会议办公室"
            case .received: "联席会议办公室已回执"
            case .returned: "联席会议办公室已退回"
            case .published: "已公布"
            case .superseded: "已被新版本取代"
            case .withdrawn: "已撤下"
            }
        }
    }

    struct Version: Sendable, Equatable {
        var number: Int
        var phase: Phase
        /// The person that drafted it, or the key where none was named; `nil` in unsigned mode.
        var draftedBy: String?
    }

    var id: String
    var department: String
    var kind: Plan.Kind
    var versions: [Version]
    /// Participants of the version under way who have not confirmed yet.
    var unconfirmed: [String] = []

    var latest: Int { versions.map(\.number).max() ?? 0 }
    var inForce: Version? { versions.first { $0.phase == .published } }
    var underWay: Version? { versions.first { $0.phase.isUnderWay } }
}

/// What the life of plans allows. Pure: the state goes in, reasons against the step come out.
enum PlanDecision {
    /// A step that moves one version on.
    enum Step: String, Sendable, CaseIterable {
        case check, approve, report, receive, `return`, publish

        var from: PlanState.Phase {
            switch self {
            case .check: .drafted
            case .approve: .checked
            case .report: .approved
            case .receive, .return: .reported
            case .publish: .received
            }
        }

        var to: PlanState.Phase {
            switch self {
            case .check: .checked
            case .approve: .approved
            case .report: .reported
            case .receive: .received
            case .return: .returned
            case .publish: .published
            }
        }

        /// Whether somebody other than the drafter has to take it (填报、审核、负责人 are different people).
        var needsAnotherPerson: Bool { self == .check || self == .approve }

        var isOffice: Bool { self == .receive || self == .return }

        var chinese: String {
            switch self {
            case .check: "审核"
            case .approve: "批准"
            case .report: "上报"
            case .receive: "回执"
            case .return: "退回"
            case .publish: "公布"
            }
        }
    }

    /// Whether a text may become a version. - Parameter state: `nil` for a plan that nobody has heard of.
    static func draft(_ plan: Plan, isChange: Bool, department: String, state: PlanState?) -> [Reason] {
        var reasons: [Reason] = []
        func note(_ field: String, _ code: String, _ message: String) {
            reasons.append(Reason(field: field, code: code, message: message))
        }
        if plan.department != department {
            note("plan.department", "department.other", "只能填报本部门 \(department) 的计划")
        }
        if let state, state.department != plan.department || state.kind != plan.kind {
            note("plan.id", "plan.other", "编号 \(plan.id) 已是 \(state.department) 的另一计划；请换编号")
        }
        let next = (state?.latest ?? 0) + 1
        if plan.version != next {
            note("plan.version", "version.order", "版本号应为 \(next)")
        }
        if isChange, state?.inForce == nil {
            note("plan.id", "plan.not-published", "计划 \(plan.id) 尚未公布，请用填报（plan-drafted）重报")
        }
        if !isChange, state?.inForce != nil {
            note("plan.id", "plan.published", "计划 \(plan.id) 已公布，调整须说明内容和理由（plan-changed）")
        }
        return reasons
    }

    /// Whether a version may move on.
    static func step(
        _ step: Step, version number: Int, department: String, signatory: String?, state: PlanState
    ) -> [Reason] {
        var reasons: [Reason] = []
        if !step.isOffice, department != state.department {
            reasons.append(other(state))
        }
        guard let version = state.versions.first(where: { $0.number == number }) else {
            return reasons + [unknown(number, state)]
        }
        if version.phase != step.from {
            reasons.append(
                Reason(
                    field: "version", code: "plan.state",
                    message:
                        "\(state.id) 第 \(number) 版\(version.phase.chinese)，不能\(step.chinese)；须先\(step.from.chinese)"))
        }
        if step.needsAnotherPerson, let signatory, signatory == version.draftedBy {
            reasons.append(
                Reason(code: "person.same", message: "\(step.chinese)不得由填报人作出；请由另一人办理（另一账号或另一密钥）"))
        }
        if step == .publish, !state.unconfirmed.isEmpty {
            reasons.append(
                Reason(
                    field: "version", code: "participants.missing",
                    message: "配合部门尚未确认：\(state.unconfirmed.joined(separator: "、"))"))
        }
        return reasons
    }

    /// Whether a participant may confirm: once the 负责人 of the lead has approved, until the publication.
    static func confirm(version number: Int, department: String, participants: [String: Bool], state: PlanState)
        -> [Reason]
    {
        guard let version = state.versions.first(where: { $0.number == number }) else {
            return [unknown(number, state)]
        }
        guard [.approved, .reported, .received].contains(version.phase) else {
            return [
                Reason(
                    field: "version", code: "plan.state",
                    message: "\(state.id) 第 \(number) 版\(version.phase.chinese)，不在确认期间")
            ]
        }
        switch participants[department] {
        case nil:
            return [Reason(field: "plan", code: "department.other", message: "\(department) 不是第 \(number) 版的配合部门")]
        case true?: return [Reason(field: "plan", code: "confirmed.already", message: "\(department) 已确认过")]
        case false?: return []
        }
    }

    /// Whether the merging of lines may be decided: while the version has not been approved.
    static func decideMerge(version number: Int, department: String, state: PlanState) -> [Reason] {
        var reasons = department == state.department ? [] : [other(state)]
        guard let version = state.versions.first(where: { $0.number == number }) else {
            return reasons + [unknown(number, state)]
        }
        if version.phase != .drafted && version.phase != .checked {
            reasons.append(
                Reason(
                    field: "version", code: "plan.state",
                    message: "\(state.id) 第 \(number) 版\(version.phase.chinese)，合并须在批准之前决定；如需调整请用 plan-changed"))
        }
        return reasons
    }

    /// Whether the scheme of a draw may be approved: only of the version in force.
    static func approveScheme(version number: Int, department: String, signatory: String?, state: PlanState) -> [Reason]
    {
        var reasons = department == state.department ? [] : [other(state)]
        guard let version = state.versions.first(where: { $0.number == number }) else {
            return reasons + [unknown(number, state)]
        }
        if version.phase != .published {
            reasons.append(
                Reason(
                    field: "version", code: "plan.state",
                    message: "\(state.id) 第 \(number) 版\(version.phase.chinese)，只能批准现行版本的工作方案"))
        }
        if let signatory, signatory == version.draftedBy {
            reasons.append(Reason(code: "person.same", message: "批准不得由填报人作出；请由另一人办理（另一账号或另一密钥）"))
        }
        return reasons
    }

    private static func other(_ state: PlanState) -> Reason {
        Reason(field: "plan", code: "department.other", message: "\(state.id) 是 \(state.department) 的计划")
    }

    private static func unknown(_ number: Int, _ state: PlanState) -> Reason {
        Reason(field: "version", code: "version.unknown", message: "\(state.id) 没有第 \(number) 版")
    }
}
