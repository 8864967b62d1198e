import Cluster
public import JSON
public import Postgres

extension CountyRules {
    /// The rules that come with the program.
    ///
    /// - Throws: `JSONError` when the program was built with a broken file.
    public static func embedded() throws -> CountyRules { try builtIn.get() }

    /// Read once: every submission and every sweep asks for them.
    private static let builtIn = Result<CountyRules, any Error> { try parseEmbedded() }

    private static func parseEmbedded() throws -> CountyRules {
        let document = try JSONValue(parsing: PackageResources.rules_json)
        return try CountyRules(
            rules: JSONField(document).array { field in
                try field.object { reader in
                    Rule(
                        key: try reader.string("key"), value: try reader.value("value"),
                        basis: try reader.string("basis"),
                        chinese: try reader.string("zh"), english: try reader.string("en"),
                        examples: Dictionary(
                            try reader.optional("examples")?.members().map { ($0.name, $0.field.value) } ?? [],
                            uniquingKeysWith: { first, _ in first }),
                        setting: nil)
                }
            })
    }

    /// The rules of the county: its own values where it has set some, else those of the program.
    ///
    /// - Parameter instant: as of when, in a form that PostgreSQL reads as `timestamptz`; now without one.
    /// - Throws: `JSONError` naming a rule whose stored value this program cannot read, `PostgresError`.
    public static func load(from database: some PostgresQueryable, at instant: String? = nil) async throws
        -> CountyRules
    {
        let rows = try await database.query(
            """
            SELECT id, (body -> 'value')::text AS value, body ->> 'basis' AS basis, body ->> 'note' AS note,
                registers.instant_text(valid_from) AS since, source, submission
            FROM registers.statements_at('rule', coalesce(\(optional: instant)::text::timestamptz, clock_timestamp()))
            """)
        let embedded = try embedded()
        guard !rows.isEmpty else { return embedded }
        var rules = embedded.rules
        for row in rows {
            rules = try Self.rules(
                rules, setting: try row.decode("id", as: String.self),
                to: try JSONValue(parsing: row.decode("value", as: String.self)),
                basis: try row.decode("basis", as: String.self),
                Setting(
                    since: try row.decode("since", as: String.self), source: try row.decode("source", as: String.self),
                    submission: try row.decode("submission", as: String.self),
                    note: try row.decode("note", as: String?.self)))
        }
        return try CountyRules(rules: rules)
    }

    /// The class of every entity as it counts on a day: the table `(entity, class, origin)`.
    ///
    /// - Parameters:
    ///   - instant: as of when; `infinity` for everything that the reading transaction sees.
    ///   - day: the day, `YYYY-MM-DD`, that overrides must reach.
    public func classesInForce(at instant: String, on day: String) -> SQL {
        let lowers = scoreClasses.map(\.scores.lowerBound) + scoreClasses.suffix(1).map { $0.scores.upperBound + 1 }
        return """
            registers.classes_in_force(\(instant)::text::timestamptz, \(day)::text::date,
                \(lowers)::integer[], \(scoreClasses.map(\.name))::text[])
            """
    }

    /// The same rules with another value of one of them.
    ///
    /// - Throws: `JSONError` whose path begins with the key, also when there is no such rule.
    public func setting(
        _ key: String, to value: JSONValue, basis: String, _ setting: Setting? = nil
    ) throws -> CountyRules {
        try CountyRules(rules: Self.rules(rules, setting: key, to: value, basis: basis, setting))
    }

    private static func rules(
        _ rules: [Rule], setting key: String, to value: JSONValue, basis: String, _ setting: Setting?
    ) throws -> [Rule] {
        guard let place = rules.firstIndex(where: { $0.key == key }) else {
            throw JSONError(
                path: key, message: "没有此规则，请用 yaohao rules list 查看 / no such rule; see yaohao rules list")
        }
        var changed = rules
        changed[place] = Rule(
            key: key, value: value, basis: basis, chinese: rules[place].chinese, english: rules[place].english,
            examples: rules[place].examples, setting: setting)
        return changed
    }

    /// Whether there is such a rule.
    static func knows(_ key: String) -> Bool {
        (try? embedded().rules.contains { $0.key == key }) ?? false
    }

    static func byName<Value>(
        _ field: JSONField, of names: [String], allNeeded: Bool, _ read: (JSONField) throws -> Value
    ) throws -> [String: Value] {
        let members = try field.members()
        let listed = names.joined(separator: " ")
        if let unknown = members.first(where: { !names.contains($0.name) }) {
            throw unknown.field.error("不是以下之一：\(listed) / is none of these")
        }
        if allNeeded, let missing = names.first(where: { name in !members.contains { $0.name == name } }) {
            throw field.error("缺少 \(missing) / \(missing) is missing")
        }
        return Dictionary(
            try members.map { ($0.name, try read($0.field)) }, uniquingKeysWith: { first, _ in first })
    }

    static func byClass<Value>(
        _ field: JSONField, _ read: (JSONField) throws -> Value
    ) throws -> [String: Value] {
        try byName(field, of: Entity.creditClasses, allNeeded: false, read)
    }

    static func monthAndDay(_ field: JSONField) throws -> (month: Int, day: Int) {
        // A year without a leap day: the date must be one of every year.
        guard let day = Day("2023-" + (try field.string())) else {
            throw field.error("应写成 MM-DD / is not a day written MM-DD")
        }
        return (day.parts.month, day.parts.day)
    }

    static func descendingDays(_ field: JSONField) throws -> [Int] {
        let days = try field.array { try $0.integer(in: 1...3_650) }
        guard !days.isEmpty, zip(days, days.dropFirst()).allSatisfy({ $0 > $1 }) else {
            throw field.error("应从大到小列出至少一个天数 / list at least one number of days, descending")
        }
        return days
    }

    static func freshness(_ field: JSONField) throws -> Freshness {
        try field.object { reader in
            let warning = try reader.integer("warn", in: 1...1_000_000)
            let error = try reader.integer("error", in: 1...1_000_000)
            guard warning <= error else { throw field.error("warn 大于 error / warn is above error") }
            return Freshness(warning: warning, error: error)
        }
    }

    static func scoreClasses(_ field: JSONField) throws -> [ScoreClass] {
        let classes = try field.array { element in
            try element.object { reader in
                let name = try reader.required("class").string("A, B, C or D") { "ABCD".contains($0) && $0.count == 1 }
                let from = try reader.integer("from", in: 0...1_000_000)
                let to = try reader.integer("to", in: 0...1_000_000)
                guard from <= to else { throw element.error("from 大于 to / from is above to") }
                return ScoreClass(name: name, scores: from...to)
            }
        }
        guard !classes.isEmpty,
            zip(classes, classes.dropFirst()).allSatisfy({ $0.scores.upperBound + 1 == $1.scores.lowerBound })
        else { throw field.error("分值应从低到高首尾相接 / scores must follow one another, ascending, without gaps") }
        return classes
    }
}
