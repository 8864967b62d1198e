public import Cluster
import Draw
public import JSON

/// An annual plan of random inspections (年度抽查工作计划) of one department, or a joint one of several
/// (部门联合抽查计划), in one version.
///
/// `docs/plan.schema.json` describes the document; `docs/plans.md` what happens to it.
public struct Plan: Sendable, Hashable {
    /// Whose plan it is.
    public enum Kind: String, Sendable, CaseIterable {
        /// One department's own (部门年度计划).
        case annual
        /// Several departments', led by one (部门联合).
        case joint
    }

    /// What a joint plan is for.
    public enum Scope: String, Sendable, CaseIterable {
        /// All matters of an entity at once (综合大联查).
        case comprehensive
        /// One field or problem (专项整治).
        case special
    }

    /// Its id, the same in every version.
    public let id: String
    /// The department that drafts and answers for it; of a joint plan, the lead (牵头部门).
    public let department: String
    /// The calendar year.
    public let year: Int
    /// 1, 2, 3 …; every text that is submitted has a number of its own.
    public let version: Int
    /// Whose plan it is.
    public let kind: Kind
    /// What a joint plan is for; `nil` for an annual one.
    public let scope: Scope?
    /// What it is called.
    public let title: String
    /// The other departments of a joint plan (配合部门), who confirm that they take part.
    public let participants: [String]
    /// What is to be inspected.
    public let lines: [PlanLine]

    /// Reads a document strictly: unknown keys are errors.
    ///
    /// - Throws: `JSONError` naming the field.
    public init(json: JSONValue, path: String = "") throws {
        self = try JSONField(json, path: path).object { reader in
            try Plan(
                id: reader.required("id").planID(), department: reader.required("department").planID(),
                year: reader.required("year").integer(in: 2000...2999),
                version: reader.required("version").integer(in: 1...9_999), kind: reader.required("kind").choice(),
                scope: reader.optional("scope")?.nullable()?.choice(), title: reader.required("title").filled(),
                participants: reader.optional("participants")?.array { try $0.planID() } ?? [],
                lines: reader.required("lines").array { try PlanLine($0) })
        }
    }

    init(
        id: String, department: String, year: Int, version: Int, kind: Kind, scope: Scope?, title: String,
        participants: [String], lines: [PlanLine]
    ) {
        self.id = id
        self.department = department
        self.year = year
        self.version = version
        self.kind = kind
        self.scope = scope
        self.title = title
        self.participants = participants
        self.lines = lines
    }

    /// The document with every key.
    public var json: JSONValue {
        [
            "id": .string(id), "department": .string(department), "year": .integer(year), "version": .integer(version),
            "kind": .string(kind.rawValue), "scope": .nullable(scope?.rawValue), "title": .string(title),
            "participants": .strings(participants), "lines": .array(lines.map(\.json)),
        ]
    }

    /// The department and the participants.
    public var departments: [String] { [department] + participants }

    /// What does not fit together within the document; the registers are not needed to see it.
    public func problems(path: String = "plan") -> [Reason] {
        var reasons: [Reason] = []
        func note(_ field: String, _ code: String, _ message: String) {
            reasons.append(Reason(field: "\(path).\(field)", code: code, message: message))
        }
        if lines.isEmpty { note("lines", "plan.empty", "计划没有任何计划行；请至少写一行") }
        switch kind {
        case .annual:
            if scope != nil { note("scope", "plan.scope", "只有联合计划才写 scope；请删去") }
            if !participants.isEmpty { note("participants", "plan.participants", "部门年度计划没有配合部门；请改为 joint 或删去") }
        case .joint:
            if scope == nil {
                note("scope", "plan.scope", "联合计划须写明 comprehensive（综合大联查）或 special（专项整治）")
            }
            if participants.isEmpty { note("participants", "plan.participants", "联合计划须列出配合部门") }
            if participants.contains(department) || Set(participants).count != participants.count {
                note("participants", "plan.participants", "配合部门不得重复，也不含牵头部门 \(department)")
            }
            let idle = participants.filter { participant in
                !lines.contains { $0.parts.contains { $0.department == participant } }
            }
            if !idle.isEmpty {
                note("participants", "plan.participants", "\(idle.joined(separator: "、")) 在各计划行中都没有任务；请补上或删去")
            }
        }
        var seen: Set<String> = []
        for (index, line) in lines.enumerated() {
            if !seen.insert(line.id).inserted {
                note("lines[\(index)].id", "line.repeated", "计划行编号 \(line.id) 重复；请换一个")
            }
            reasons += line.problems(of: self, path: "\(path).lines[\(index)]")
        }
        return reasons
    }
}

extension JSONField {
    /// An id of the draw's pattern, of at most 128 bytes.
    func planID() throws -> String {
        try string("an id of A-Z a-z 0-9 . _ -, at most 128 of them,") { $0.utf8.count <= 128 && Grammar.isID($0) }
    }

    /// Text that says something.
    func filled() throws -> String {
        try string("text that is not empty") { !$0.allSatisfy(\.isWhitespace) }
    }
}
