public import JSON
public import Postgres
import Registers

/// What could be drawn together in a year's plans (合并与联合建议).
public enum PlanProposals {
    /// The proposals for the plans in force and under way: internal ones by department, and joint ones among the lines
    /// that departments plan on their own.
    ///
    /// - Parameter department: only internal ones of this department, and joint ones that it has part in.
    public static func year(_ year: Int, department: String?, _ pool: PostgresPool) async throws -> JSONValue {
        try await pool.transaction(isolation: .repeatableRead) { transaction in
            let rules = try await CountyRules.load(from: transaction)
            let plans = try await PlanRegisters.plans(year: year, underWay: true, transaction)
            let planned = try await PlannedYear(
                lines: PlannedYear.lines(of: plans, rules: rules), roster: PlanRegisters.roster(transaction))
            let leads = Set(plans.map(\.department)).sorted()
            let own = leads.filter { department == nil || $0 == department }
                .flatMap { Merging.internalProposals(planned, department: $0) }
            let joint = Merging.jointProposals(planned, leastDepartments: rules.jointLeastDepartments)
                .filter { department.map($0.departments.contains) ?? true }
            return [
                "year": .integer(year), "least_departments": .integer(rules.jointLeastDepartments),
                "internal": .array(own.map(\.json)), "joint": .array(joint.map(\.json)),
            ]
        }
    }

    /// The proposals as lines for people.
    public static func text(_ proposals: JSONValue) -> [String] {
        func lines(_ title: String, _ kind: String) -> [String] {
            let found = proposals[kind]?.elements ?? []
            return [title + "：\(found.count) 项"]
                + found.enumerated().flatMap { number, proposal -> [String] in
                    let names = (proposal["lines"]?.elements ?? []).compactMap(\.text).joined(separator: " + ")
                    let departments = (proposal["departments"]?.elements ?? []).compactMap(\.text)
                    let few =
                        kind == "joint" && departments.count < proposals["least_departments"]?.number ?? 0
                        ? "（部门少于 \(proposals["least_departments"]?.number ?? 0) 个）" : ""
                    return [
                        "\(number + 1). \(names)  部门 \(departments.joined(separator: "、"))\(few)",
                        "   \(proposal["reason"]?.text ?? "")",
                    ]
                }
        }
        return lines("内部联合建议 internal", "internal") + [""] + lines("部门联合建议 joint", "joint")
    }
}
