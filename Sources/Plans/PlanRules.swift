import Draw
import JSON
import Registers

/// The rules of plans (计划规则). Pure: plan, facts and the county's rules go in, findings come out.
enum PlanRules {
    /// Every finding, by line in the order of the plan, those of the whole plan last.
    static func findings(_ plan: Plan, facts: PlanFacts, rules: CountyRules) -> [PlanFinding] {
        var check = Check(plan: plan, facts: facts, rules: rules)
        for index in plan.lines.indices { check.line(index) }
        check.whole()
        return check.findings
    }

    /// Findings on what the last check proposed to draw together and nobody has answered.
    ///
    /// - Parameters:
    ///   - proposals: as the check recorded them (`merges_to_decide`).
    ///   - answered: the lines of the version that stand in an answer, with the plan's id and a stroke before them.
    static func findings(unanswered proposals: [JSONValue], answered: Set<String>, rules: CountyRules) -> [PlanFinding]
    {
        self.unanswered(proposals, answered: answered).map { proposal in
            PlanFinding(
                rule: .mergeAnswered, severity: rules.severities[.mergeAnswered] ?? .error, line: nil,
                message:
                    "\(lines(proposal).joined(separator: "、")) 建议合并抽查，尚未答复（\(proposal["reason"]?.text ?? "")）；请用 merge-decided 确认，或写明理由不采纳",
                basis: basis(of: .mergeAnswered) ?? "")
        }
    }

    /// Those of which some line stands in no answer.
    static func unanswered(_ proposals: [JSONValue], answered: Set<String>) -> [JSONValue] {
        proposals.filter { !answered.isSuperset(of: lines($0)) }
    }

    /// The lines that a proposal to merge, or its answer, names.
    static func lines(_ merge: JSONValue) -> [String] { (merge["lines"]?.elements ?? []).compactMap(\.text) }

    private struct Check {
        let plan: Plan
        let facts: PlanFacts
        let rules: CountyRules
        var findings: [PlanFinding] = []

        /// - Parameter key: the county's rule that gives the number, for the basis.
        mutating func note(_ rule: CountyRules.PlanRule, _ line: PlanLine?, _ key: String, _ message: String) {
            findings.append(
                PlanFinding(
                    rule: rule, severity: rules.severities[rule] ?? .error, line: line?.id, message: message,
                    basis: PlanRules.basis(of: rule) ?? rules.rules.first { $0.key == key }?.basis ?? key))
        }

        mutating func line(_ index: Int) {
            let line = plan.lines[index]
            for part in line.parts { items(of: part, line) }
            rates(index, line)
            if plan.kind == .joint, line.parts.count < rules.jointLeastDepartments {
                note(
                    .jointLeastDepartments, line, "joint_least_departments",
                    "联合抽查一般不少于 \(rules.jointLeastDepartments) 个部门，此行只有 \(line.parts.count) 个")
            }
            if let last = rules.tasksDoneBy(year: plan.year)?.description {
                for window in line.windows where window.last > last {
                    note(
                        .doneBy, line, "tasks_done_by", "检查时间至 \(window.last)，原则上应在 \(last) 前完成")
                }
            }
            repeats(index, line)
            let shortages = facts.shortages.filter { $0.line == line.id }
            for shortage in shortages {
                let who = shortage.specialty.isEmpty ? "检查人员" : "专业“\(shortage.specialty)”的检查人员"
                note(
                    .enoughInspectors, line, "least_inspectors",
                    "试匹配：\(shortage.department) 缺\(who) \(shortage.slots) 人次（检查时间内持有效执法证、能到该地区且无需回避的不够）")
            }
        }

        private mutating func items(of part: PlanLine.Part, _ line: PlanLine) {
            for id in part.items {
                guard let item = facts.items[id] else {
                    note(.itemInForce, line, "item_in_force", "抽查事项清单中没有 \(id)")
                    continue
                }
                if item.department != part.department {
                    note(.itemInForce, line, "item_in_force", "\(id) 是 \(item.department) 的事项，不是 \(part.department) 的")
                }
                let others = line.methods.map(\.rawValue).filter { !item.methods.contains($0) }
                if !others.isEmpty {
                    note(
                        .itemInForce, line, "item_in_force",
                        "事项 \(id) 不采用\(others.compactMap { InspectionMethod(rawValue: $0)?.chinese }.joined(separator: "、"))"
                    )
                }
                for window in line.windows {
                    if item.inForceFrom.map({ $0 > window.first }) == true
                        || item.inForceUntil.map({ $0 < window.last }) == true
                    {
                        note(
                            .itemInForce, line, "item_in_force",
                            "事项 \(id) 在 \(window.first) 至 \(window.last) 间不全有效（\(item.inForceFrom ?? "…") 至 \(item.inForceUntil ?? "…")）"
                        )
                    }
                    if !item.checklists.contains(where: {
                        ($0.first ?? window.first) <= window.first && ($0.last ?? window.last) >= window.last
                    }) {
                        note(
                            .checklistInForce, line, "checklist_in_force",
                            "事项 \(id) 在 \(window.first) 至 \(window.last) 间没有有效的检查表")
                    }
                }
                if let cap = item.capPPM { capped(id, cap, line) }
            }
        }

        /// A general item's cap is on the share of the year: the rate of each draw, as often as it is drawn; of a number,
        /// no more than a rate at the cap would draw.
        private mutating func capped(_ item: String, _ cap: Int, _ line: PlanLine) {
            let times = line.draws > 1 ? " × \(line.draws) 次" : ""
            let planned: String
            if let rates = resolved(line).ratesByClass {
                let largest = rates.values.map(\.largest).max() ?? 0
                guard largest * line.draws > cap else { return }
                planned = "计划为 \(RateCap.percent(ppm: largest))\(times)"
            } else {
                guard let index = plan.lines.firstIndex(where: { $0.id == line.id }) else { return }
                let (size, drawn) = (facts.year.poolSize(index), facts.year.drawn(index, largest: true))
                let most = RateCap.most(of: size, cap: cap)
                guard drawn * line.draws > most else { return }
                planned = "范围内 \(size) 户最多抽 \(most) 户，计划为 \(drawn) 户\(times)"
            }
            note(
                .generalCap, line, "general_cap",
                "一般检查事项 \(item) 的年度抽查比例上限为 \(RateCap.percent(ppm: cap))，\(planned)")
        }

        private mutating func rates(_ index: Int, _ line: PlanLine) {
            let year = facts.year
            let pool = year.pools[index]
            if let rates = resolved(line).ratesByClass {
                for credit in CreditClass.allCases {
                    let size = pool[credit] ?? 0
                    if size > 0, rates[credit] == nil {
                        note(
                            .classWithoutRate, line, "class_without_rate",
                            credit == .none
                                ? "抽查对象中有 \(size) 户未分类（-），没有为其规定比例，抽取时将一户不抽；请补写“-”的比例"
                                : "抽查对象中有 \(size) 户 \(credit.rawValue) 级，没有为其规定比例，抽取时将一户不抽；如确不抽取请写 0")
                    }
                    guard let bounds = rates[credit], let band = rules.rateBands[credit.rawValue] else { continue }
                    if bounds.planned < band.least || bounds.largest > band.most {
                        note(
                            .rateBand, line, "rate_bands",
                            "\(credit.rawValue) 级比例应在 \(RateCap.percent(ppm: band.least)) 至 \(RateCap.percent(ppm: band.most)) 之间"
                        )
                    }
                }
            }
            let size = year.poolSize(index)
            guard size > 0 else {
                note(.yearlyFloor, line, "yearly_floor_ppm", "名录中没有符合范围的检查对象；请核对抽查对象范围")
                return
            }
            let isDirected = line.pool.isDirected
            let floor = isDirected ? rules.yearlyFloorDirectedPPM : rules.yearlyFloorPPM
            let drawn = year.drawn(index) * line.draws
            if drawn * 1_000_000 < size * floor {
                note(
                    .yearlyFloor, line, isDirected ? "yearly_floor_directed_ppm" : "yearly_floor_ppm",
                    "全年抽取 \(drawn) 户，占 \(size) 户的 \(RateCap.percent(ppm: drawn * 1_000_000 / size))，"
                        + "低于\(isDirected ? "定向" : "不定向")抽查的 \(RateCap.percent(ppm: floor))")
            }
        }

        /// The same item at the same object more often than the county allows: by the line's own draws, or by another
        /// line whose draws are not served by the same visit.
        private mutating func repeats(_ index: Int, _ line: PlanLine) {
            let most = rules.sameItemPerYear
            if line.draws > most, line.pool.maxVisits != 0 {
                let expected = facts.year.expectedRepeats(index, above: most)
                if expected >= 1_000_000 {
                    note(
                        .sameItem, line, "same_item_per_year",
                        "全年抽取 \(line.draws) 次，预计约 \(Merging.decimal(expected)) 户会被同一事项抽中超过 \(most) 次；"
                            + "请减少次数，或在范围中写 max_visits: 0 排除已查对象")
                }
            }
            guard most == 1 else { return }
            for other in facts.year.lines.indices where other != index {
                let items = Set(line.parts.flatMap(\.items)).intersection(
                    facts.year.lines[other].line.parts.flatMap(\.items))
                // Each pair within the plan once.
                guard !items.isEmpty, other > index || other >= plan.lines.count,
                    !facts.year.areTogether(index, other)
                else { continue }
                let expected = facts.year.expectedBoth(index, other)
                if expected >= 1_000_000 {
                    note(
                        .sameItem, line, "same_item_per_year",
                        "与 \(facts.year.lines[other].id)（\(facts.year.lines[other].line.title)）都含事项 "
                            + "\(items.sorted().joined(separator: "、"))，对象重叠又不能同次检查，预计约 \(Merging.decimal(expected)) 户会重复抽查"
                    )
                }
            }
        }

        mutating func whole() {
            let bound = plan.departments.filter { facts.joint[$0]?.isBound ?? false }
            for department in bound {
                guard let joint = facts.joint[department] else { continue }
                let counted = joint.led + (rules.jointParticipationCounts ? joint.joined : 0)
                if department == plan.department, counted < rules.jointInspectionsPerYear {
                    note(
                        .jointOrganised, nil, "joint_inspections_per_year",
                        "\(department) 全年应牵头组织至少 \(rules.jointInspectionsPerYear) 次部门联合抽查，目前 \(joint.led) 次"
                            + (rules.jointParticipationCounts ? "，参与 \(joint.joined) 次" : ""))
                }
            }
            if let cap = rules.visitsPerEntityPerYear {
                let own = Set(plan.lines.indices)
                let over = facts.year.survey.groups.filter { group in
                    group.pools.contains(where: own.contains)
                        && facts.year.expectedVisits(group) > cap * 1_000_000
                }
                if let most = over.map({ facts.year.expectedVisits($0) }).max() {
                    let examples = over.flatMap(\.examples).prefix(5).joined(separator: "、")
                    note(
                        .entityCap, nil, "visits_per_entity_per_year",
                        "\(over.reduce(0) { $0 + $1.count }) 户（如 \(examples)）全年预计被检查最多 \(Merging.decimal(most)) 次，超过上限 \(cap) 次"
                    )
                }
            }
            spread()
        }

        private mutating func spread() {
            let months = facts.year.visitsByMonth(of: Array(plan.lines.indices))
            let total = months.reduce(0, +)
            // A plan of a few visits cannot be even.
            guard total >= 24_000_000 else { return }
            for (month, visits) in months.enumerated()
            where visits * 1_000_000 > total * rules.evenSpreadMonthMaxPPM {
                note(
                    .evenSpread, nil, "even_spread_month_max_ppm",
                    "\(month + 1) 月预计 \(Merging.decimal(visits)) 户次，占全年 \(Merging.decimal(total)) 户次的 "
                        + "\(RateCap.percent(ppm: visits * 1_000_000 / total))，超过 \(RateCap.percent(ppm: rules.evenSpreadMonthMaxPPM))；请分散安排"
                )
            }
        }

        private func resolved(_ line: PlanLine) -> PlannedSample { line.sample.resolved(county: rules.defaultRates) }
    }

    /// The basis of rules that no number of the county's rules stands behind.
    private static func basis(of rule: CountyRules.PlanRule) -> String? {
        switch rule {
        case .generalCap: "固政办发〔2021〕32号 四（一）1：一般检查事项的抽查比例设上限"
        case .itemInForce: "固政办发〔2021〕32号 四（一）1：抽查事项清单动态管理"
        case .checklistInForce: "固政办发〔2021〕32号 四（三）：制定随机抽查工作细则和指引"
        case .classWithoutRate: "固政办发〔2021〕32号 二：按信用风险分类确定抽查比例；未规定比例的等级抽取时为 0"
        case .mergeAnswered: "固政办发〔2021〕32号 四（一）4：检查对象和检查方式相近的抽查，应当在计划中合并为一次"
        default: nil
        }
    }
}

extension Pool {
    /// Whether the draw is directed (定向): by anything beyond who regulates the entity, and where it is.
    var isDirected: Bool {
        credit != nil || kinds != nil || industries != nil || permits != nil || maxVisits != nil
    }
}
