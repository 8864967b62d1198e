public import JSON
public import Postgres

/// What changed in a register between two instants (两个时刻之间的变动): what is published with a commitment.
public struct RegisterChanges: Sendable, Hashable {
    /// How one row changed.
    public enum Change: String, Sendable, CaseIterable {
        /// It was not there before.
        case added
        /// It is not there any more.
        case removed
        /// It says something else.
        case changed
    }

    /// The figures: they name nobody.
    public struct Figures: Sendable, Hashable {
        /// Rows that were not there before.
        public var added = 0
        /// Rows that are not there any more.
        public var removed = 0
        /// Rows that say something else.
        public var changed = 0
        /// Entities whose class in force is another, among the changed.
        public var reclassified = 0

        /// Figures of nothing that changed.
        public init() {}

        /// As commands print them.
        public var json: JSONValue {
            [
                "added": .integer(added), "removed": .integer(removed), "changed": .integer(changed),
                "reclassified": .integer(reclassified),
            ]
        }
    }

    /// One row that changed.
    public struct Line: Sendable, Hashable {
        /// Its id.
        public let id: String
        /// How.
        public let change: Change
        /// The class in force before and after, where another; confidential.
        public let classes: (before: String, after: String)?

        /// By its parts.
        public static func == (left: Line, right: Line) -> Bool {
            left.id == right.id && left.change == right.change && left.classes?.before == right.classes?.before
                && left.classes?.after == right.classes?.after
        }

        /// By its id.
        public func hash(into hasher: inout Hasher) { hasher.combine(id) }
    }

    /// The rows that changed, ascending by id.
    public let lines: [Line]

    /// The figures.
    public var figures: Figures {
        var figures = Figures()
        for line in lines {
            switch line.change {
            case .added: figures.added += 1
            case .removed: figures.removed += 1
            case .changed: figures.changed += 1
            }
            if line.classes != nil { figures.reclassified += 1 }
        }
        return figures
    }

    /// Compares a register at two instants.
    public init(
        of register: RegisterName, from before: RegisterReading, to after: RegisterReading,
        reading database: some PostgresQueryable
    ) async throws {
        lines = try await database.query(
            "SELECT * FROM (\(Self.compared(register, before, after))) c ORDER BY c.id COLLATE \"C\""
        ).compactMap { row in
            guard let change = Change(rawValue: try row.decode("change", as: String.self)) else { return nil }
            let was = try row.decode("class_before", as: String?.self)
            let now = try row.decode("class_after", as: String?.self)
            let classes: (String, String)? =
                if let was, let now, was != now { (was, now) } else { nil }
            return Line(id: try row.decode("id", as: String.self), change: change, classes: classes)
        }
    }

    /// Only the figures of the changes of a register.
    public static func figures(
        of register: RegisterName, from before: RegisterReading, to after: RegisterReading,
        reading database: some PostgresQueryable
    ) async throws -> Figures {
        let row = try await database.query(
            """
            SELECT count(*) FILTER (WHERE change = 'added') AS added, count(*) FILTER (WHERE change = 'removed') AS removed,
                count(*) FILTER (WHERE change = 'changed') AS changed,
                count(*) FILTER (WHERE class_before <> class_after) AS reclassified
            FROM (\(compared(register, before, after))) c
            """
        ).first
        guard let row else { return Figures() }
        var figures = Figures()
        figures.added = try row.decode("added", as: Int.self)
        figures.removed = try row.decode("removed", as: Int.self)
        figures.changed = try row.decode("changed", as: Int.self)
        figures.reclassified = try row.decode("reclassified", as: Int.self)
        return figures
    }

    private static func compared(_ register: RegisterName, _ before: RegisterReading, _ after: RegisterReading) -> SQL {
        let isClassified = register == .fed(.entities)
        func classOf(_ table: String) -> SQL { SQL(raw: isClassified ? table + ".class_in_force" : "NULL::text") }
        func body(_ table: String) -> SQL {
            """
            (to_jsonb(\(raw: table)) - ARRAY['source', 'version', 'feed', 'position', 'valid_from', 'valid_to', 'ended_by',
                'class_origin'])
            """
        }
        return """
            SELECT coalesce(a.id, b.id) AS id,
                CASE WHEN a.id IS NULL THEN 'added' WHEN b.id IS NULL THEN 'removed' ELSE 'changed' END AS change,
                \(classOf("a")) AS class_before, \(classOf("b")) AS class_after
            FROM (\(before.table(register))) a FULL JOIN (\(after.table(register))) b ON b.id = a.id
            WHERE a.id IS NULL OR b.id IS NULL OR \(classOf("a")) IS DISTINCT FROM \(classOf("b"))
                OR (a.valid_from <> b.valid_from AND \(body("a")) <> \(body("b")))
            """
    }
}
