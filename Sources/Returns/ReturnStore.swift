import JSON
public import Postgres
import Registers

/// Why a return can't be made, for people.
public struct ReturnProblem: Error, Sendable, CustomStringConvertible {
    /// In Chinese and English.
    public let description: String
}

/// Counts returns from what the other slices keep. Nothing here is typed in.
public enum ReturnStore {
    /// As of when a return is counted.
    public enum AsOf: Sendable, Hashable {
        /// The period's end, or now while it is not over.
        case periodEnd
        /// Now, late entries and corrections included.
        case now
    }

    /// The instant, as text with microseconds.
    public static func instant(
        _ asOf: AsOf, of period: ReturnPeriod, _ database: some PostgresQueryable
    ) async throws -> String {
        let rows = try await database.query(
            """
            SELECT registers.instant_text(CASE WHEN \(asOf == .now) THEN clock_timestamp() ELSE least(clock_timestamp(),
                (\(period.last.description)::text::date + 1)::timestamp AT TIME ZONE 'Asia/Shanghai') END) AS instant
            """)
        guard let row = rows.first else { throw PostgresError(.decoding, "the database gave no instant") }
        return try row.decode("instant", as: String.self)
    }

    /// Counts a return.
    ///
    /// - Parameters:
    ///   - period: what it is about.
    ///   - department: whose; `nil` for the county's, which is the sum of the departments'.
    ///   - instant: as of when, from `instant(_:of:_:)`.
    /// - Throws: `ReturnProblem` when there is no such department; `PostgresError`.
    public static func report(
        _ period: ReturnPeriod, department: String?, at instant: String, _ database: some PostgresQueryable
    ) async throws -> ReturnReport {
        let names = try await names(at: instant, database)
        if let department, names.departments[department] == nil {
            throw ReturnProblem(description: "部门名录中没有 \(department)，请核对编号 / no such department is registered")
        }
        let categories = try await database.query(
            "SELECT name FROM inspections.categories ORDER BY array_position(ARRAY['clear', 'finding', 'state'], kind), name"
        ).map { try $0.decode("name", as: String.self) }
        let kinds = try await database.query(
            """
            SELECT kind, name FROM inspections.consequence_kinds ORDER BY array_position(ARRAY['none', 'stop',
                'correction', 'case', 'copied', 'judiciary', 'joint-sanction', 'abnormal', 'other'], kind), kind
            """
        ).map {
            ReturnReport.FollowUpKind(
                kind: try $0.decode("kind", as: String.self), name: try $0.decode("name", as: String.self))
        }
        func section(_ first: Day, _ last: Day) async throws -> ReturnSection {
            let sections = try await sections(first: first, last: last, at: instant, names, database)
            if let department { return sections[department] ?? ReturnSection() }
            return sections.sorted { $0.key < $1.key }.reduce(ReturnSection()) { $0 + $1.value }
        }
        var year: ReturnSection?
        if let days = period.yearToDate { year = try await section(days.first, days.last) }
        return ReturnReport(
            department: department, name: department.flatMap { names.departments[$0] } ?? "全县（联席会议办公室汇总）",
            period: period, mechanisms: try await mechanisms(period, department, at: instant, database),
            section: try await section(period.first, period.last), year: year, categories: categories,
            followUpKinds: kinds, names: names.departments)
    }

    /// The sections of every department that has anything to report.
    private static func sections(
        first: Day, last: Day, at instant: String, _ names: Names, _ database: some PostgresQueryable
    ) async throws -> [String: ReturnSection] {
        var sections: [String: ReturnSection] = [:]
        let rows = try await database.query(
            """
            SELECT department, item, joint, figures::text AS figures
            FROM returns.figures(\(first.description)::text::date, \(last.description)::text::date,
                \(instant)::text::timestamptz)
            ORDER BY department, item, joint
            """)
        for row in rows {
            let department = try row.decode("department", as: String.self)
            let figures = try Figures(json: JSONValue(parsing: row.decode("figures", as: String.self)))
            let item = try row.decode("item", as: String?.self)
            switch (item, try row.decode("joint", as: Bool?.self)) {
            case (let item?, let joint?):
                let known = names.items[item]
                sections[department, default: ReturnSection()].rows.append(
                    ReturnRow(
                        department: department, item: item, name: known?.name ?? item, joint: joint,
                        objectKind: known?.objectKind ?? "", figures: figures))
            case (nil, true?): sections[department, default: ReturnSection()].joint = figures
            case (nil, false?): sections[department, default: ReturnSection()].alone = figures
            case (_, nil): sections[department, default: ReturnSection()].all = figures
            }
        }
        let leads = try await database.query(
            """
            SELECT department, figures::text AS figures
            FROM returns.leads(\(first.description)::text::date, \(last.description)::text::date,
                \(instant)::text::timestamptz)
            """)
        for row in leads {
            sections[try row.decode("department", as: String.self), default: ReturnSection()].leads =
                try Figures.counts(JSONField(JSONValue(parsing: row.decode("figures", as: String.self))))
        }
        return sections
    }

    /// How departments and items are called.
    private struct Names: Sendable {
        let departments: [String: String]
        let items: [String: (name: String, objectKind: String)]
    }

    private static func names(at instant: String, _ database: some PostgresQueryable) async throws -> Names {
        let departments = try await database.query(
            """
            SELECT DISTINCT ON (id) id, name FROM registers.departments WHERE valid_from <= \(instant)::text::timestamptz
            ORDER BY id, valid_from DESC
            """
        ).map { (try $0.decode("id", as: String.self), try $0.decode("name", as: String.self)) }
        let items = try await database.query(
            """
            SELECT DISTINCT ON (id) id, name, object_kind FROM registers.items
            WHERE valid_from <= \(instant)::text::timestamptz ORDER BY id, valid_from DESC
            """
        ).map { row in
            (
                try row.decode("id", as: String.self),
                (
                    name: try row.decode("name", as: String.self),
                    objectKind: try row.decode("object_kind", as: String.self)
                )
            )
        }
        return Names(
            departments: Dictionary(departments, uniquingKeysWith: { first, _ in first }),
            items: Dictionary(items, uniquingKeysWith: { first, _ in first }))
    }

    private static func mechanisms(
        _ period: ReturnPeriod, _ department: String?, at instant: String, _ database: some PostgresQueryable
    ) async throws -> [Mechanism] {
        let rows = try await database.query(
            """
            SELECT department, name, exempt, documents::text AS documents, general, key, objects, inspectors, certified
            FROM returns.mechanisms(\(period.last.description)::text::date, \(instant)::text::timestamptz)
            WHERE \(optional: department)::text IS NULL OR department = \(optional: department)::text ORDER BY department
            """)
        let states = try rows.map { row in
            MechanismState(
                name: try row.decode("name", as: String.self), isExempt: try row.decode("exempt", as: Bool.self),
                documents: try JSONField(JSONValue(parsing: row.decode("documents", as: String.self))).array { field in
                    var document = try JSONReader(field)
                    return MechanismState.Document(
                        title: try document.string("title"), number: try document.string("number"),
                        isRules: try document.string("form") == "rules")
                },
                general: try row.decode("general", as: Int.self), key: try row.decode("key", as: Int.self),
                objects: try row.decode("objects", as: Int.self),
                inspectors: try row.decode("inspectors", as: Int.self),
                certified: try row.decode("certified", as: Int.self))
        }
        return department == nil ? MechanismState.county(states) : (states.first?.answers ?? [])
    }
}
