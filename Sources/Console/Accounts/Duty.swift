public import Cluster

/// What a person does in the department (岗位), and so what may be submitted in its name.
public enum Duty: String, Sendable, Hashable, CaseIterable {
    /// Enters plans, requests, results and returns; clerks and inspectors (填报).
    case clerk
    /// Checks what others have entered (审核).
    case reviewer
    /// Answers for the department (负责人).
    case head
    /// Speaks for the joint conference office (联席会议办公室).
    case office
    /// Runs the system (运维).
    case `operator`

    /// As officials call it.
    public var chinese: String {
        switch self {
        case .clerk: "填报"
        case .reviewer: "审核"
        case .head: "负责人"
        case .office: "联席会议办公室"
        case .operator: "运维"
        }
    }

    /// By either name; `nil` for any other.
    public init?(named name: String) {
        guard let duty = Duty.allCases.first(where: { $0.rawValue == name || $0.chinese == name }) else { return nil }
        self = duty
    }

    /// What may be submitted by whoever has it.
    public var roles: Set<Role> {
        switch self {
        case .clerk: [.plan, .request, .result, .feed, .witness]
        case .reviewer: [.review]
        case .head: [.approve]
        case .office: [.office, .round, .witness]
        case .operator: [.feed]
        }
    }
}

/// A person who may sign in (账号).
public struct Account: Sendable, Hashable {
    /// What is typed to sign in, and what signatures name: `li.si`.
    public let login: String
    /// 姓名.
    public let name: String
    /// The department, by id.
    public let department: String
    /// What the person does there.
    public let duties: Set<Duty>
    /// Whether nobody can sign in with it any more.
    public let isDisabled: Bool

    /// An account of the given parts.
    public init(login: String, name: String, department: String, duties: Set<Duty>, isDisabled: Bool = false) {
        self.login = login
        self.name = name
        self.department = department
        self.duties = duties
        self.isDisabled = isDisabled
    }

    /// What the person may submit for the department.
    public var roles: Set<Role> { duties.reduce(into: []) { $0.formUnion($1.roles) } }
}
