import JSON

/// How long things may take, and who is reminded of them when (期限与催办规则).
public struct DeadlineRules: Sendable, Hashable {
    /// When something is due.
    public enum Term: Sendable, Hashable {
        /// So many working days after it starts to run; the first day does not count.
        case workingDays(Int)
        /// So many days before a month's last one.
        case beforeMonthEnd(Int)
        /// On a day of every year.
        case yearly(month: Int, day: Int)
    }

    /// What publication's time runs from.
    public enum Origin: String, Sendable, CaseIterable {
        /// The end of the visit.
        case visit
        /// The end of the whole inspection.
        case round
    }

    /// Who is told at a rung of a ladder.
    public enum Audience: String, Sendable, CaseIterable {
        /// Those who inspect; the department's contact where nobody is named.
        case inspectors
        /// The department's contact (联络员).
        case contact
        /// The department's head (负责人).
        case head
        /// The joint conference office (联席会议办公室): every lead department.
        case office
        /// The draft of the next circular (通报).
        case circular
    }

    /// One step of a ladder: when and who.
    public struct Rung: Sendable, Hashable {
        /// Its name, unique in its ladder.
        public let name: String
        /// From the due day: working days, or days when ``countsAllDays``; negative before it.
        public let offset: Int
        /// Whether days off count too.
        public let countsAllDays: Bool
        /// Who is told.
        public let audiences: [Audience]

        /// A rung of the given parts.
        public init(name: String, offset: Int, countsAllDays: Bool = false, audiences: [Audience]) {
            self.name = name
            self.offset = offset
            self.countsAllDays = countsAllDays
            self.audiences = audiences
        }
    }

    /// When nobody is reminded (免打扰时段), in minutes of the day in Asia/Shanghai.
    public struct QuietHours: Sendable, Hashable {
        /// The first minute.
        public let from: Int
        /// The minute after the last; before ``from`` it is one of the next day, equal to it there are no quiet hours.
        public let to: Int
        /// Whether days off are quiet too.
        public let daysOff: Bool

        /// Whether a minute of a day is quiet.
        public func contains(minute: Int, isDayOff: Bool) -> Bool {
            if isDayOff, daysOff { return true }
            return from <= to ? (from..<to).contains(minute) : minute >= from || minute < to
        }
    }

    /// What publication's time runs from.
    public let publicationCountsFrom: Origin
    /// Whose acknowledgement makes a result published: `nil` this system, `platform` the mandated platform, else a site.
    public let publicationAcknowledgedBy: String?
    /// A department's return of a month.
    public let monthlyReturn: Term
    /// The summary of half a year.
    public let halfYearSummary: Term
    /// The summary of a year.
    public let annualSummary: Term
    /// A year's plan.
    public let planSubmission: Term
    /// A year's joint inspections.
    public let jointDuty: Term
    /// The entry of a visit's result.
    public let resultEntry: Term
    /// The answer to an enterprise that wants something published corrected.
    public let correctionRequest: Term
    /// The ladders by kind of deadline; `default` is that of the others.
    public let ladders: [String: [Rung]]
    /// When nobody is reminded.
    public let quietHours: QuietHours
    /// Working days after a reminder within which the end of the matter counts as its effect.
    public let effectWorkingDays: Int
    /// The circular that the office has released; `nil` while none is.
    public let latenessReleased: Release?

    /// A released circular (已发布的通报): up to its day the open site names departments that published late.
    public struct Release: Sendable, Hashable {
        /// Its last day.
        public let until: Day
        /// Its title.
        public let circular: String
    }

    init(_ reader: inout JSONReader) throws {
        publicationCountsFrom = try reader.required("publication_counts_from").choice()
        publicationAcknowledgedBy = try reader.required("publication_acknowledged_by").nullable()?
            .string("an id 编号") { !$0.isEmpty }
        monthlyReturn = try Self.monthly(reader.required("deadline_monthly_return"))
        halfYearSummary = try Self.yearly(reader.required("deadline_half_year_summary"))
        annualSummary = try Self.yearly(reader.required("deadline_annual_summary"))
        planSubmission = try Self.yearly(reader.required("deadline_plan_submission"))
        jointDuty = try Self.yearly(reader.required("deadline_joint_duty"))
        resultEntry = try Self.counted(reader.required("deadline_result_entry"))
        correctionRequest = try Self.counted(reader.required("deadline_correction_request"))
        let members = try reader.required("escalation_ladders").members()
        ladders = Dictionary(
            try members.map { ($0.name, try Self.ladder($0.field)) }, uniquingKeysWith: { first, _ in first })
        guard ladders["default"] != nil else {
            throw reader.error("escalation_ladders", "缺少 default / the ladder default is missing")
        }
        quietHours = try reader.required("quiet_hours").object { hours in
            QuietHours(
                from: try Self.minute(hours.required("from")), to: try Self.minute(hours.required("to")),
                daysOff: try hours.bool("days_off"))
        }
        effectWorkingDays = try reader.integer("effect_working_days", in: 0...250)
        latenessReleased = try reader.required("lateness_released").nullable()?.object { released in
            Release(until: try released.required("until").day(), circular: try released.string("circular"))
        }
    }

    /// The ladder of a kind of deadline.
    public func ladder(of kind: String) -> [Rung] { ladders[kind] ?? ladders["default"] ?? [] }

    private static func monthly(_ field: JSONField) throws -> Term {
        try field.object { .beforeMonthEnd(try $0.integer("days_before_month_end", in: 0...27)) }
    }

    private static func yearly(_ field: JSONField) throws -> Term {
        try field.object { reader in
            let day = try CountyRules.monthAndDay(reader.required("on"))
            return .yearly(month: day.month, day: day.day)
        }
    }

    private static func counted(_ field: JSONField) throws -> Term {
        try field.object { .workingDays(try $0.integer("working_days", in: 1...250)) }
    }

    private static func minute(_ field: JSONField) throws -> Int {
        let text = try field.string()
        guard let match = text.wholeMatch(of: /([01][0-9]|2[0-3]):([0-5][0-9])/), let hour = Int(match.1),
            let minute = Int(match.2)
        else { throw field.error("应写成 HH:MM / is not written HH:MM") }
        return hour * 60 + minute
    }

    private static func ladder(_ field: JSONField) throws -> [Rung] {
        let rungs = try field.array { element in
            try element.object { reader in
                let name = try reader.required("rung").string("a name 名称") { !$0.isEmpty && $0.count <= 40 }
                let audiences = try reader.required("to").array { try $0.choice(of: Audience.self) }
                let offset = reader.optional("offset")
                let days = reader.optional("days")
                guard (offset == nil) != (days == nil), !audiences.isEmpty else {
                    throw element.error("offset 与 days 只写其一，to 至少一个 / give offset or days, and somebody in to")
                }
                if let days {
                    return Rung(name: name, offset: try negative(days), countsAllDays: true, audiences: audiences)
                }
                return Rung(name: name, offset: try offset.map(signed) ?? 0, audiences: audiences)
            }
        }
        guard Set(rungs.map(\.name)).count == rungs.count else {
            throw field.error("rung 重名 / two rungs have one name")
        }
        return rungs
    }

    private static func signed(_ field: JSONField) throws -> Int {
        guard case .integer(let value) = field.value, (-250...250).contains(value) else {
            throw field.error("应为 -250 到 250 的整数 / is not a whole number from -250 to 250")
        }
        return Int(value)
    }

    private static func negative(_ field: JSONField) throws -> Int {
        let value = try signed(field)
        guard value < 0 else { throw field.error("days 只能在到期前（负数） / days counts ahead only, it is negative") }
        return value
    }
}
