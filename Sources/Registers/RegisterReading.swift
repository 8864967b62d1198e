public import JSON
public import Postgres

/// The registers as they were at an instant (截至某一时刻的名录), with where each row comes from.
///
/// An instant answers for good once every transaction that began before it has ended.
public struct RegisterReading: Sendable {
    /// As of when, as PostgreSQL reads it; `infinity` for everything that the reading transaction sees.
    let instant: String
    /// The day in Asia/Shanghai on which overrides, absences and certificates are judged, `YYYY-MM-DD`.
    public let day: Day
    /// The rules that counted then.
    public let rules: CountyRules

    /// Prepares reading.
    ///
    /// - Parameter instant: as of when; `nil` for now.
    /// - Throws: `PostgresError`, `JSONError` for a rule that this program cannot read.
    public init(at instant: String?, from database: some PostgresQueryable) async throws {
        self.instant = instant ?? "infinity"
        let row = try await database.query(
            """
            SELECT (coalesce(\(optional: instant)::text::timestamptz, clock_timestamp())
                AT TIME ZONE 'Asia/Shanghai')::date::text AS day
            """
        ).first
        guard let text = try row?.decode("day", as: String.self), let day = Day(text) else {
            throw PostgresError(.decoding, "the database gave no day")
        }
        self.day = day
        rules = try await CountyRules.load(from: database, at: instant)
    }

    /// Keeps feeds from being applied until the transaction ends, once those that are being applied have ended: so no row
    /// comes later that says to have been there before. In a transaction that sees one snapshot this must come first.
    public static func holdFeeds(in transaction: PostgresTransaction) async throws {
        let tables = Register.allCases.map { "registers.\($0.rawValue)" }.joined(separator: ", ")
        try await transaction.script("LOCK TABLE \(tables) IN SHARE MODE")
    }

    /// One version of a row of a register.
    public struct Row: Sendable, Hashable {
        /// Its id.
        public let id: String
        /// What it says, without the id.
        public let body: JSONValue
        /// Who said so.
        public let source: String
        /// The feed or the submission that said so; `nil` for rows of before this was kept.
        public let feed: String?
        /// Its place in the feed, such as the line of the file.
        public let position: Int?
        /// The feed's version.
        public let version: Int?
        /// From when.
        public let since: String
        /// Until when; `nil` while it lasts.
        public let until: String?

        /// As commands print it.
        public var json: JSONValue {
            [
                "id": .string(id), "body": body, "source": .string(source), "feed": feed.map { .string($0) } ?? .null,
                "position": position.map { .integer($0) } ?? .null, "version": version.map { .integer($0) } ?? .null,
                "since": .string(since), "until": until.map { .string($0) } ?? .null,
            ]
        }
    }

    /// Rows of a register, ascending by id.
    ///
    /// - Parameters:
    ///   - register: which.
    ///   - id: only this row, if given.
    ///   - part: only rows of this sub-register, if given.
    ///   - after: rows behind this id; then the next page begins.
    ///   - limit: how many at most.
    public func rows(
        of register: RegisterName, id: String? = nil, part: SubRegisterName? = nil, after: String = "",
        limit: Int = 10_000, from database: some PostgresQueryable
    ) async throws -> [Row] {
        var condition: SQL = "r.id > \(after)"
        if let id { condition.append(" AND r.id = \(id)") }
        if let part { condition.append(" AND \(part.condition)") }
        return try await database.query(
            "\(Self.selection) FROM (\(table(register))) r WHERE \(condition) ORDER BY r.id LIMIT \(limit)"
        ).map(Self.row)
    }

    /// How many rows a register, or a part of it, has.
    public func count(
        of register: RegisterName, part: SubRegisterName? = nil, from database: some PostgresQueryable
    ) async throws -> Int {
        try await database.query(
            "SELECT count(*) AS count FROM (\(table(register))) r WHERE \(part?.condition ?? "true")"
        ).first?.decode("count", as: Int.self) ?? 0
    }

    /// Every version of one row, oldest first.
    public static func history(
        of register: RegisterName, id: String, from database: some PostgresQueryable
    ) async throws -> [Row] {
        let versions: SQL =
            switch register {
            case .fed(let register):
                "SELECT t.* FROM registers.\(identifier: register.rawValue) t WHERE t.id = \(id)"
            case .stated(let register):
                """
                SELECT s.id, coalesce(s.body, jsonb_build_object('withdrawn', s.withdrawn)) AS body, s.source,
                    s.submission AS feed, NULL::bigint AS version, NULL::bigint AS position, s.valid_from,
                    lead(s.valid_from) OVER (ORDER BY s.valid_from) AS valid_to
                FROM registers.statements s WHERE s.kind = \(register.kind) AND s.id = \(id)
                """
            }
        return try await database.query("\(selection) FROM (\(versions)) r ORDER BY r.valid_from").map(row)
    }

    /// The register as a table with the columns that `selection` takes.
    func table(_ register: RegisterName) -> SQL {
        switch register {
        case .stated(let register):
            """
            SELECT s.id, s.body, s.source, s.submission AS feed, NULL::bigint AS version, NULL::bigint AS position,
                s.valid_from, NULL::timestamptz AS valid_to
            FROM registers.statements_at(\(register.kind), \(instant)::text::timestamptz) s
            """
        case .fed(.entities):
            """
            SELECT t.*, c.class AS class_in_force, c.origin AS class_origin FROM registers.entities t
            JOIN \(classesInForce) c ON c.entity = t.id
            WHERE \(inForce("t"))
            """
        case .fed(let register):
            "SELECT t.* FROM registers.\(identifier: register.rawValue) t WHERE \(inForce("t"))"
        }
    }

    /// The class of every entity: the table `(entity, class, origin)`.
    public var classesInForce: SQL { rules.classesInForce(at: instant, on: day.description) }

    /// Whether a version counts at the instant.
    func inForce(_ table: String) -> SQL {
        """
        \(raw: table).valid_from <= \(instant)::text::timestamptz
            AND (\(raw: table).valid_to IS NULL OR \(raw: table).valid_to > \(instant)::text::timestamptz)
        """
    }

    /// What a row says: its columns, or the body of a statement.
    static let body: SQL = """
        coalesce(to_jsonb(r) -> 'body', to_jsonb(r) - ARRAY['id', 'source', 'version', 'feed', 'position', 'valid_from',
            'valid_to', 'ended_by'])
        """

    private static let selection: SQL = """
        SELECT r.id, (\(body))::text AS body, r.source, r.feed, r.version, r.position,
            registers.instant_text(r.valid_from) AS since, registers.instant_text(r.valid_to) AS until
        """

    private static func row(_ row: Postgres.Row) throws -> Row {
        Row(
            id: try row.decode("id", as: String.self),
            body: try JSONValue(parsing: row.decode("body", as: String.self)),
            source: try row.decode("source", as: String.self), feed: try row.decode("feed", as: String?.self),
            position: try row.decode("position", as: Int?.self), version: try row.decode("version", as: Int?.self),
            since: try row.decode("since", as: String.self), until: try row.decode("until", as: String?.self))
    }
}

/// A sub-register as it was defined at an instant, looked up by id or name.
public struct SubRegisterName: Sendable {
    /// Its id.
    public let id: String
    /// Its name.
    public let name: String
    /// The department that defined it.
    public let department: String
    /// The register it is a part of.
    public let register: Register
    /// The rule as it was defined.
    public let rule: JSONValue
    let conditions: [SubRegister.Condition]

    /// What a row `r` of the register must fulfil.
    var condition: SQL {
        conditions.reduce("true") { sql, condition in "\(sql) AND \(condition.sql)" }
    }

    /// The objects that several departments regulate (共同监管对象子库): computed, never typed.
    ///
    /// - Parameter departments: all of them must regulate an entity.
    public static func shared(by departments: [String]) throws -> SubRegisterName {
        let words = JSONValue.array(departments.map { .string($0) })
        let condition = try SubRegister.Condition(
            name: "all_regulators", test: .hasAll(of: "regulators"), JSONField(words))
        return SubRegisterName(
            id: "shared", name: departments.joined(separator: "、"), department: "", register: .entities,
            rule: ["all_regulators": words], conditions: [condition])
    }
}

extension RegisterReading {
    /// The sub-registers, ascending by id.
    ///
    /// - Throws: `PostgresError`, `JSONError` for a stored rule that this program cannot read.
    public func subRegisters(from database: some PostgresQueryable) async throws -> [SubRegisterName] {
        try await database.query(
            """
            SELECT s.id, s.body::text AS body, s.department
            FROM registers.statements_at(\(SubRegister.kind), \(instant)::text::timestamptz) s ORDER BY s.id
            """
        ).map { row in
            let id = try row.decode("id", as: String.self)
            let body = try JSONValue(parsing: row.decode("body", as: String.self))
            var reader = try JSONReader(body, path: id)
            _ = try reader.value(SubRegister.idMember)
            let defined = try SubRegister(id: id, &reader)
            return SubRegisterName(
                id: id, name: body["name"]?.text ?? id, department: try row.decode("department", as: String.self),
                register: defined.register, rule: body["rule"] ?? .null, conditions: defined.conditions)
        }
    }
}
