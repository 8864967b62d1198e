public import JSON

/// The rules that a county may set for itself (县级规则): numbers and lists with their legal basis. What the county has
/// not set is as the program brings it.
///
/// Sources: each rule names its own, see `Data/rules.json` and `yaohao rules list`.
public struct CountyRules: Sendable, Hashable {
    /// One rule as it is in force.
    public struct Rule: Sendable, Hashable {
        /// Its name, such as `publication_working_days`.
        public let key: String
        /// Its value.
        public let value: JSONValue
        /// The regulation or notice that it rests on, in Chinese.
        public let basis: String
        /// What it says, in Chinese.
        public let chinese: String
        /// What it says, in English.
        public let english: String
        /// Values in force elsewhere, by name; they have no effect here.
        public let examples: [String: JSONValue]
        /// Who set it and when; `nil` for what comes with the program.
        public let setting: Setting?

        /// As `yaohao rules list --json` prints it.
        public var json: JSONValue {
            [
                "key": .string(key), "value": value, "basis": .string(basis), "zh": .string(chinese),
                "en": .string(english), "examples": .object(examples), "since": Self.text(setting?.since),
                "source": Self.text(setting?.source), "submission": Self.text(setting?.submission),
                "note": Self.text(setting?.note),
            ]
        }

        private static func text(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }
    }

    /// How a county came by its own value.
    public struct Setting: Sendable, Hashable {
        /// The instant from which it counts, `YYYY-MM-DDThh:mm:ss.ffffffZ`.
        public let since: String
        /// The source of the submission.
        public let source: String
        /// The submission's id.
        public let submission: String
        /// A remark.
        public let note: String?
    }

    /// Bounds of a rate, in parts per million.
    public struct Band: Sendable, Hashable {
        /// The least, 0 where none is set.
        public let least: Int
        /// The most, 1,000,000 where none is set.
        public let most: Int
    }

    /// The scores of one class.
    public struct ScoreClass: Sendable, Hashable {
        /// `A` to `D`.
        public let name: String
        /// The scores, both ends included.
        public let scores: ClosedRange<Int>
    }

    /// When a register that no feed has come for is stale, in hours since the last accepted feed.
    public struct Freshness: Sendable, Hashable {
        /// It is warned of after so many.
        public let warning: Int
        /// It is an error after so many.
        public let error: Int
    }

    /// What breaking a rule of plans means.
    public enum Severity: String, Sendable, CaseIterable {
        /// The plan cannot go on.
        case error
        /// It is pointed out.
        case warning
    }

    /// What plans are checked for.
    public enum PlanRule: String, Sendable, CaseIterable {
        /// A general item's rate stays within its cap.
        case generalCap = "general_cap"
        /// Each department with items organises joint inspections.
        case jointOrganised = "joint_organised"
        /// A joint inspection has enough departments.
        case jointLeastDepartments = "joint_least_departments"
        /// Rates by class lie within the county's bands.
        case rateBand = "rate_band"
        /// The year's draws reach a least share of the pool.
        case yearlyFloor = "yearly_floor"
        /// One entity is drawn for one item no more than so often a year.
        case sameItem = "same_item"
        /// One enterprise has no more than so many visits a year.
        case entityCap = "entity_cap"
        /// Visits are spread over the months.
        case evenSpread = "even_spread"
        /// Tasks end by the county's day.
        case doneBy = "done_by"
        /// Items are in force throughout the window.
        case itemInForce = "item_in_force"
        /// Each item's checklist is in force.
        case checklistInForce = "checklist_in_force"
        /// There are enough inspectors with what the line needs.
        case enoughInspectors = "enough_inspectors"
        /// Every class in the pool has a rate.
        case classWithoutRate = "class_without_rate"
        /// What was proposed to be drawn together is confirmed or declined before the plan is approved.
        case mergeAnswered = "merge_answered"
    }

    /// Every rule, in the order of the catalogue.
    public let rules: [Rule]

    /// Working days after an inspection's end within which its result is published.
    public let publicationWorkingDays: Int
    /// Joint inspections that each department with items organises a year, at least.
    public let jointInspectionsPerYear: Int
    /// Whether taking part counts as organising.
    public let jointParticipationCounts: Bool
    /// Departments of a joint inspection, at least.
    public let jointLeastDepartments: Int
    /// Bounds of rates by credit class; a class that is not listed is open.
    public let rateBands: [String: Band]
    /// Rates by class for lines that state none, in parts per million; empty where every line must state its own.
    public let defaultRatesPPM: [String: Int]
    /// Share of all entities that undirected draws reach a year, at least, in parts per million.
    public let yearlyFloorPPM: Int
    /// The same for the pool of a directed draw.
    public let yearlyFloorDirectedPPM: Int
    /// Whether on-site visits to class A may be left out.
    public let classAMaySkipOnsite: Bool
    /// Draws of one entity for one item a year, at most.
    public let sameItemPerYear: Int
    /// Visits to one enterprise a year, at most; `nil` while no cap is published.
    public let visitsPerEntityPerYear: Int?
    /// The month and day by which the year's tasks are done.
    public let tasksDoneBy: (month: Int, day: Int)
    /// Largest share of a year's expected visits that may fall into one month, in parts per million.
    public let evenSpreadMonthMaxPPM: Int
    /// Working days within which participants confirm.
    public let participantsConfirmWorkingDays: Int
    /// Working days after the draw within which inspectors are matched.
    public let matchWorkingDays: Int
    /// Inspectors of a department at a visit, at least.
    public let leastInspectors: Int
    /// Days before a certificate's end on which it is warned of, descending.
    public let certificateWarningDays: [Int]
    /// Share of a source's rows that one feed may retire, in parts per million.
    public let shrinkLimitPPM: Int
    /// Scores and their classes, ascending, without gaps.
    public let scoreClasses: [ScoreClass]
    /// Whether credit classes stay out of everything public.
    public let creditClassConfidential: Bool
    /// How codes of divisions are checked.
    public let regionCodes: CodeLists.Setting
    /// How codes of industries are checked.
    public let industryCodes: CodeLists.Setting
    /// When each register is stale, by its name.
    public let freshness: [String: Freshness]
    /// Within what time things are done after a visit or a lead.
    public let inspectionTerms: InspectionTerms
    /// When a finding has become common.
    public let commonFindings: CommonFindings
    /// Departments whose results are released without review.
    public let resultsWithoutReview: Set<String>
    /// What breaking each rule of plans means; of a rule that the county says nothing of, what it means by default.
    public let severities: [PlanRule: Severity]
    /// How long things may take, and who is reminded of them.
    public let deadlines: DeadlineRules

    /// Reads rules strictly.
    ///
    /// - Throws: `JSONError` whose path begins with the rule's key.
    public init(rules: [Rule]) throws {
        self.rules = rules
        var reader = try JSONReader(
            .object(Dictionary(rules.map { ($0.key, $0.value) }, uniquingKeysWith: { _, last in last })))
        publicationWorkingDays = try reader.integer("publication_working_days", in: 1...250)
        jointInspectionsPerYear = try reader.integer("joint_inspections_per_year", in: 0...366)
        jointParticipationCounts = try reader.bool("joint_participation_counts")
        jointLeastDepartments = try reader.integer("joint_least_departments", in: 2...1_000)
        rateBands = try Self.byClass(reader.required("rate_bands")) { field in
            try field.object { band in
                let least = try band.optional("min_ppm")?.integer(in: 0...1_000_000) ?? 0
                let most = try band.optional("max_ppm")?.integer(in: 0...1_000_000) ?? 1_000_000
                guard least <= most else { throw field.error("min_ppm 大于 max_ppm / min_ppm is above max_ppm") }
                return Band(least: least, most: most)
            }
        }
        defaultRatesPPM = try Self.byClass(reader.required("default_rates_ppm")) { try $0.integer(in: 0...1_000_000) }
        yearlyFloorPPM = try reader.integer("yearly_floor_ppm", in: 0...1_000_000)
        yearlyFloorDirectedPPM = try reader.integer("yearly_floor_directed_ppm", in: 0...1_000_000)
        classAMaySkipOnsite = try reader.bool("class_a_may_skip_onsite")
        sameItemPerYear = try reader.integer("same_item_per_year", in: 1...366)
        visitsPerEntityPerYear = try reader.required("visits_per_entity_per_year").nullable()?.integer(in: 1...366)
        tasksDoneBy = try Self.monthAndDay(reader.required("tasks_done_by"))
        evenSpreadMonthMaxPPM = try reader.integer("even_spread_month_max_ppm", in: 83_334...1_000_000)
        participantsConfirmWorkingDays = try reader.integer("participants_confirm_working_days", in: 1...250)
        matchWorkingDays = try reader.integer("match_working_days", in: 1...250)
        leastInspectors = try reader.integer("least_inspectors", in: 1...9)
        certificateWarningDays = try Self.descendingDays(reader.required("certificate_warning_days"))
        shrinkLimitPPM = try reader.integer("shrink_limit_ppm", in: 0...1_000_000)
        scoreClasses = try Self.scoreClasses(reader.required("score_classes"))
        creditClassConfidential = try reader.bool("credit_class_confidential")
        regionCodes = try CodeLists.Setting(reader.required("region_codes"))
        industryCodes = try CodeLists.Setting(reader.required("industry_codes"))
        freshness = try Self.byName(
            reader.required("freshness_hours"), of: Register.allCases.map(\.rawValue), allNeeded: true, Self.freshness)
        inspectionTerms = try InspectionTerms(reader.required("inspection_terms"))
        commonFindings = try CommonFindings(reader.required("common_findings"))
        resultsWithoutReview = Set(try reader.strings("results_without_review"))
        let named = try Self.byName(
            reader.required("plan_rule_severities"), of: PlanRule.allCases.map(\.rawValue), allNeeded: false
        ) { try $0.choice(of: Severity.self) }
        severities = try Dictionary(
            uniqueKeysWithValues: PlanRule.allCases.map { rule in
                (rule, try named[rule.rawValue] ?? Self.embedded().severities[rule] ?? .error)
            })
        deadlines = try DeadlineRules(&reader)
        try reader.finish()
    }

    /// The credit class of a risk score; `nil` outside of what the county has classes for.
    public func creditClass(ofScore score: Int) -> String? {
        scoreClasses.first { $0.scores.contains(score) }?.name
    }

    /// The last day on which a year's tasks are done.
    public func tasksDoneBy(year: Int) -> Day? {
        Day(year: year, month: tasksDoneBy.month, day: tasksDoneBy.day)
    }

    /// By their rules.
    public static func == (left: CountyRules, right: CountyRules) -> Bool { left.rules == right.rules }

    /// By their rules.
    public func hash(into hasher: inout Hasher) { hasher.combine(rules) }
}
