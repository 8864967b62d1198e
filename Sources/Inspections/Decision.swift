public import Cluster
public import Registers

/// What the database knows about a visit of a drawn round, as far as a result depends on it.
public struct VisitFacts: Sendable, Hashable {
    /// What one department does at the visit.
    public struct Part: Sendable, Hashable {
        /// The matters that its draw requests named.
        public let items: [String]
        /// The inspectors that the draw matched with the visit.
        public let inspectors: [String]

        /// A part of the given items and inspectors.
        public init(items: [String], inspectors: [String]) {
            self.items = items
            self.inspectors = inspectors
        }
    }

    /// The round that drew it.
    public let round: String
    /// The entity to be inspected.
    public let entity: String
    /// The first day on which it may be inspected.
    public let windowFirst: Day
    /// The departments that take part, by id.
    public let parts: [String: Part]

    /// Facts of the given parts.
    public init(round: String, entity: String, windowFirst: Day, parts: [String: Part]) {
        self.round = round
        self.entity = entity
        self.windowFirst = windowFirst
        self.parts = parts
    }
}

/// What a category of results says about an entity.
public enum CategoryKind: String, Sendable {
    /// Nothing wrong was found (未发现问题).
    case clear
    /// Something was found.
    case finding
    /// The state in which the entity was met, such as closed (抽查对象状态); it goes with any other category.
    case state
}

/// Everything that a result is judged by.
public struct ResultFacts: Sendable {
    /// Today in Asia/Shanghai, by the database's clock.
    public let today: Day
    /// The visit; `nil` when no drawn round has it.
    public let visit: VisitFacts?
    /// The categories in force, by name.
    public let categories: [String: CategoryKind]
    /// The latest version of each department's result for this visit.
    public let recorded: [String: Int]
    /// Entrustments of the signer's part that have a conclusion, with the matters that they are about.
    public let concluded: [String: Set<String>]
    /// Within what time after the inspection's end a result is entered.
    public let entryTerm: CountyRules.Term
    /// The county's working days.
    public let calendar: WorkingCalendar

    /// Facts of the given parts.
    public init(
        today: Day, visit: VisitFacts?, categories: [String: CategoryKind], recorded: [String: Int],
        concluded: [String: Set<String>] = [:], entryTerm: CountyRules.Term, calendar: WorkingCalendar
    ) {
        self.today = today
        self.visit = visit
        self.categories = categories
        self.recorded = recorded
        self.concluded = concluded
        self.entryTerm = entryTerm
        self.calendar = calendar
    }
}

/// A result that may be recorded.
public struct AcceptedResult: Sendable, Hashable {
    /// The result as sent.
    public let result: RecordedResult
    /// The day on which the inspection ended.
    public let endedOn: Day
    /// The entity inspected.
    public let entity: String
    /// The round that drew the visit.
    public let round: String
    /// Its version, from 1.
    public let version: Int
    /// The day until which it was to be entered; `nil` while the calendar does not reach so far.
    public let entryDueOn: Day?
    /// Whether it came later: it is taken, and marked.
    public let late: Bool?
}

/// Decides whether a result, or a correction of one, may be recorded.
///
/// - Parameters:
///   - result: what was sent.
///   - signer: the department whose key signed it.
///   - facts: what the database knows.
/// - Throws: `Rejection` with every reason that was found.
public func decide(_ result: RecordedResult, signer: String, facts: ResultFacts) throws(Rejection) -> AcceptedResult {
    try requireOwnPart(of: result.department, signer: signer)
    var reasons = categoryReasons(result.items, facts.categories)
    let endedOn = Day(result.endedOn)
    if let endedOn {
        if endedOn > facts.today {
            reasons.append(
                Reason(
                    field: "ended_on", code: "ended-on.future",
                    message: "检查结束日期 \(endedOn) 晚于今天 \(facts.today)；record the result after the inspection"))
        }
    } else {
        reasons.append(
            Reason(
                field: "ended_on", code: "ended-on.invalid",
                message: "“\(result.endedOn)”不是有效日期，请写成 YYYY-MM-DD；write a day that exists"))
    }
    guard let visit = facts.visit, let part = visit.parts[result.department] else {
        throw Rejection(reasons + [noPart(of: result.department)])
    }
    if let endedOn, endedOn < visit.windowFirst {
        reasons.append(
            Reason(
                field: "ended_on", code: "ended-on.before-window",
                message: "检查结束日期 \(endedOn) 早于检查期首日 \(visit.windowFirst)；check the day"))
    }
    reasons += versionReasons(result, latest: facts.recorded[result.department])
    reasons += coverageReasons(result.items, of: part.items)
    reasons += sourceReasons(result.items, facts.concluded)
    reasons += inspectorReasons(result, part)
    guard reasons.isEmpty, let endedOn else { throw Rejection(reasons) }
    // A due day beyond the known calendar is not guessed.
    let dueOn = try? facts.entryTerm.day(after: endedOn, facts.calendar)
    return AcceptedResult(
        result: result, endedOn: endedOn, entity: visit.entity, round: visit.round,
        version: (facts.recorded[result.department] ?? 0) + 1, entryDueOn: dueOn, late: dueOn.map { facts.today > $0 })
}

/// A first result finds none before it; a correction names the version in force.
private func versionReasons(_ result: RecordedResult, latest: Int?) -> [Reason] {
    switch (result.correction, latest) {
    case (nil, nil): []
    case (nil, _?):
        [
            Reason(
                field: "visit", code: "result.exists",
                message: "\(result.department) 对此任务的结果已经录入，如有错误请更正；a result is recorded once, then corrected")
        ]
    case (_?, nil):
        [
            Reason(
                field: "visit", code: "result.none",
                message: "\(result.department) 对此任务还没有录入结果；record the result first")
        ]
    case (let correction?, let latest?):
        correction.version == latest
            ? []
            : [
                Reason(
                    field: "version", code: "result.version",
                    message: "现行版本是第 \(latest) 版，不是第 \(correction.version) 版；look at the latest version")
            ]
    }
}

/// Conclusions that a finding rests on are there, and are about its matter.
private func sourceReasons(_ items: [CheckedItem], _ concluded: [String: Set<String>]) -> [Reason] {
    var reasons: [Reason] = []
    for (index, item) in items.enumerated() {
        for (place, source) in item.sources.enumerated() {
            guard case .entrusted(let id) = source, concluded[id]?.contains(item.item) != true else { continue }
            reasons.append(
                Reason(
                    field: "items[\(index)].sources[\(place)].entrustment", code: "entrustment.unknown",
                    message: "本部门此次检查没有关于事项 \(item.item) 且已出结论的委托 \(id)；attach its conclusion first"))
        }
    }
    return reasons
}

/// Each item has at least one category, all known, none twice, and "nothing found" stands beside no finding.
func categoryReasons(_ items: [CheckedItem], _ known: [String: CategoryKind]) -> [Reason] {
    var reasons: [Reason] = []
    for (index, item) in items.enumerated() {
        let field = "items[\(index)].categories"
        if item.categories.isEmpty {
            reasons.append(
                Reason(
                    field: field, code: "categories.empty",
                    message: "没有填写结果类别，系统不代填；name at least one category"))
        }
        for (position, category) in item.categories.enumerated() {
            if known[category] == nil {
                reasons.append(
                    Reason(
                        field: "\(field)[\(position)]", code: "categories.unknown",
                        message: "没有结果类别“\(category)”，请从类别表中选择；choose one of the table of categories"))
            } else if item.categories.firstIndex(of: category) != position {
                reasons.append(
                    Reason(
                        field: "\(field)[\(position)]", code: "categories.repeated",
                        message: "结果类别“\(category)”重复；name it once"))
            }
        }
        let kinds = Set(item.categories.compactMap { known[$0] })
        if kinds.contains(.clear), kinds.contains(.finding) {
            reasons.append(
                Reason(
                    field: field, code: "categories.contradictory",
                    message: "未发现问题不能与其他检查结果同时填写；nothing found contradicts a finding"))
        }
        if let findings = item.findings {
            if findings.count > CheckedItem.maximumFindings {
                reasons.append(
                    Reason(
                        field: "items[\(index)].findings", code: "findings.long",
                        message: "检查情况超过 \(CheckedItem.maximumFindings) 字；shorten the findings"))
            }
            if findings.unicodeScalars.contains("\0") {
                reasons.append(
                    Reason(
                        field: "items[\(index)].findings", code: "findings.characters",
                        message: "检查情况含有空字符（U+0000）；remove the NUL character"))
            }
        }
    }
    return reasons
}

/// Every matter that was to be checked is covered, once, and no other is.
func coverageReasons(_ items: [CheckedItem], of own: [String]) -> [Reason] {
    var reasons: [Reason] = []
    var covered: Set<String> = []
    for (index, item) in items.enumerated() {
        if !own.contains(item.item) {
            reasons.append(
                Reason(
                    field: "items[\(index)].item", code: "items.other",
                    message: "事项 \(item.item) 不属于本部门此次检查；remove it"))
        } else if !covered.insert(item.item).inserted {
            reasons.append(
                Reason(
                    field: "items[\(index)].item", code: "items.repeated",
                    message: "事项 \(item.item) 重复；report it once"))
        }
    }
    for item in own where !covered.contains(item) {
        reasons.append(
            Reason(
                field: "items", code: "items.missing", message: "缺少事项 \(item) 的结果；report every item of the visit"))
    }
    return reasons
}

/// Whoever is named as inspector was matched with the visit, and is named once.
private func inspectorReasons(_ result: RecordedResult, _ part: VisitFacts.Part) -> [Reason] {
    var seen: Set<String> = []
    return (result.inspectors ?? []).enumerated().compactMap { index, inspector in
        if !part.inspectors.contains(inspector) {
            return Reason(
                field: "inspectors[\(index)]", code: "inspectors.not-in-team",
                message: "检查人员 \(inspector) 不在抽取的检查组内；name inspectors of the drawn team")
        }
        if !seen.insert(inspector).inserted {
            return Reason(
                field: "inspectors[\(index)]", code: "inspectors.repeated",
                message: "检查人员 \(inspector) 重复；name each once")
        }
        return nil
    }
}
