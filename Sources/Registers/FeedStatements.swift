import Postgres

/// The SQL that applies a feed, set at a time. Names of tables and columns come from the register, never from outside.
struct FeedStatements {
    let name: FeedName
    /// The register's table.
    private let table: SQL
    /// What the table says beside its id, as columns of it.
    private let columns: [String]
    /// The same with types, as `jsonb_to_record` wants them.
    private let record: SQL
    /// The columns of the record `n` as the table holds them: what was left out says nothing.
    private let values: SQL

    init(name: FeedName) {
        self.name = name
        table = SQL(raw: "registers." + name.register.rawValue)
        let described = name.register.columns.filter { $0.name != "id" }
        columns = described.map(\.name)
        values = SQL(
            raw: described.map { column in
                switch column.kind {
                case .text: "coalesce(n.\(column.name), '')"
                case .list: "coalesce(n.\(column.name), '{}')"
                case .flag: "coalesce(n.\(column.name), false)"
                case .number: "n.\(column.name)"
                case .day: "nullif(n.\(column.name), '')::date"
                }
            }.joined(separator: ", "))
        record = SQL(
            raw: described.map { column in
                let type =
                    switch column.kind {
                    case .text, .day: "text"
                    case .list: "text[]"
                    case .flag: "boolean"
                    case .number: "integer"
                    }
                return "\(column.name) \(type)"
            }.joined(separator: ", "))
    }

    private func list(_ prefix: String) -> SQL { SQL(raw: columns.map { prefix + $0 }.joined(separator: ", ")) }

    /// The rows of the feed, as `s`.
    private var isOurs: SQL {
        "s.register = \(name.register.rawValue) AND s.source = \(name.source) AND s.feed = \(name.id)"
    }

    var ends: SQL {
        "SELECT s.partition, s.count, s.checksum FROM registers.feed_ends s WHERE \(isOurs)"
    }

    var sums: SQL {
        """
        SELECT s.partition, count(*) AS count,
            encode(sha256(string_agg(s.digest, ''::bytea ORDER BY s.position)), 'hex') AS checksum
        FROM registers.feed_rows s WHERE \(isOurs) GROUP BY s.partition
        """
    }

    /// The instant from which the feed is valid, later than any before it even if the clock was set back; and the
    /// version of the newest snapshot of this source, below which nothing counts any more.
    var instantAndFloor: SQL {
        """
        SELECT greatest(clock_timestamp(), max(f.applied_at) + interval '1 microsecond')::text AS now,
            max(f.version) FILTER (WHERE f.source = \(name.source) AND f.mode = 'snapshot' AND f.accepted) AS floor
        FROM registers.feeds f WHERE f.register = \(name.register.rawValue) AND f.applied_at IS NOT NULL
        """
    }

    /// The department that a row names and that is not in the register, if any, as `u.department`.
    private var unknownDepartment: SQL {
        let named: SQL =
            switch name.register {
            case .classes, .departments, .experts: "ARRAY[]::text[]"
            case .entities: "n.regulators"
            case .inspectors, .items: "ARRAY[n.department]"
            }
        return """
            LEFT JOIN LATERAL (
                SELECT r.department FROM unnest(\(named)) AS r (department)
                WHERE b.body IS NOT NULL AND NOT EXISTS (
                    SELECT FROM registers.departments d WHERE d.id = r.department AND d.valid_to IS NULL)
                LIMIT 1) u ON true
            """
    }

    /// Gives every row its outcome, and findings to those that other rows show to be wrong.
    func judge(floor: Int) -> SQL {
        let departmentField = SQL(raw: name.register == .entities ? "'regulators'" : "'department'")
        return """
            WITH batch AS (
                SELECT s.*, count(*) OVER (PARTITION BY s.id) AS copies FROM registers.feed_rows s WHERE \(isOurs)
            ), judged AS (
                SELECT b.position,
                    CASE
                        WHEN b.findings IS NOT NULL THEN b.findings
                        WHEN b.copies > 1 THEN jsonb_build_array(jsonb_build_object('field', 'id', 'code', 'id.repeated',
                            'message', '同一批中编号重复，请只保留一行 / the id is in this feed ' || b.copies
                                || ' times; keep one row'))
                        WHEN c.source <> b.source THEN jsonb_build_array(jsonb_build_object('field', 'id',
                            'code', 'id.source', 'message', '此编号由来源 ' || c.source
                                || ' 报送，请由其更改 / the id belongs to the source ' || c.source
                                || '; let that source change it'))
                        WHEN b.body IS NULL AND c.id IS NULL AND h.version IS NULL
                            THEN jsonb_build_array(jsonb_build_object('field', 'id', 'code', 'id.unknown',
                                'message', '库中没有此编号，无法停用 / the register has no such id to retire'))
                        WHEN u.department IS NOT NULL THEN jsonb_build_array(jsonb_build_object(
                            'field', \(departmentField), 'code', 'department.unknown',
                            'message', '部门 ' || u.department
                                || ' 不在部门库中，请先报送部门 / no such department is registered; feed departments first'))
                    END AS findings,
                    CASE
                        WHEN b.body IS NULL AND c.id IS NULL THEN 'unchanged'
                        WHEN b.body IS NOT NULL AND c.id IS NOT NULL
                            AND (\(list("c."))) IS NOT DISTINCT FROM (\(values)) THEN 'unchanged'
                        WHEN b.version < \(floor)::bigint OR b.version <= coalesce(c.version, h.version, -1)
                            THEN 'outdated'
                        WHEN b.body IS NULL THEN 'retired'
                        WHEN c.id IS NULL THEN 'inserted'
                        ELSE 'updated'
                    END AS outcome
                FROM batch b
                LEFT JOIN \(table) c ON c.id = b.id AND c.valid_to IS NULL
                LEFT JOIN LATERAL (
                    SELECT max(p.ended_by) AS version FROM \(table) p
                    WHERE c.id IS NULL AND p.id = b.id AND p.valid_to IS NOT NULL) h ON true
                LEFT JOIN LATERAL jsonb_to_record(
                    CASE WHEN b.body IS NOT NULL AND b.findings IS NULL THEN convert_from(b.body, 'UTF8')::jsonb
                    ELSE '{}' END) AS n (\(record)) ON true
                \(unknownDepartment)
            )
            UPDATE registers.feed_rows s
            SET findings = j.findings, outcome = CASE WHEN j.findings IS NULL THEN j.outcome ELSE 'quarantined' END
            FROM judged j WHERE \(isOurs) AND s.position = j.position
            """
    }

    var outcomes: SQL {
        "SELECT s.outcome, count(*) AS count FROM registers.feed_rows s WHERE \(isOurs) GROUP BY s.outcome"
    }

    /// How many rows the source has, and how many of them a snapshot leaves out. A row that is quarantined is not left
    /// out: what it said before stays valid.
    func absence(_ heading: FeedHeading) -> SQL {
        """
        SELECT count(*) AS current,
            count(*) FILTER (WHERE \(heading.mode == .snapshot) AND s.id IS NULL AND c.version < \(heading.version))
                AS absent
        FROM \(table) c
        LEFT JOIN (SELECT DISTINCT s.id FROM registers.feed_rows s WHERE \(isOurs)) s ON s.id = c.id
        WHERE c.source = \(name.source) AND c.valid_to IS NULL
        """
    }

    var examples: SQL {
        """
        SELECT s.position, s.id, f.finding ->> 'field' AS field, f.finding ->> 'code' AS code,
            f.finding ->> 'message' AS message
        FROM registers.feed_rows s, jsonb_array_elements(s.findings) WITH ORDINALITY AS f (finding, ordinal)
        WHERE \(isOurs) AND s.outcome = 'quarantined' ORDER BY s.position, f.ordinal LIMIT 20
        """
    }

    /// Everything that an accepted feed changes, in order.
    func changes(_ heading: FeedHeading, now: String) -> [SQL] {
        let instant: SQL = "\(now)::text::timestamptz"
        var statements: [SQL] = [
            """
            UPDATE \(table) c SET valid_to = \(instant), ended_by = s.version FROM registers.feed_rows s
            WHERE \(isOurs) AND s.outcome IN ('updated', 'retired') AND c.id = s.id AND c.valid_to IS NULL
            """,
            """
            INSERT INTO \(table) (id, source, version, feed, position, valid_from, \(list("")))
            SELECT s.id, s.source, s.version, s.feed, s.position, \(instant), \(values)
            FROM registers.feed_rows s, jsonb_to_record(convert_from(s.body, 'UTF8')::jsonb) AS n (\(record))
            WHERE \(isOurs) AND s.outcome IN ('inserted', 'updated')
            """,
            """
            UPDATE registers.quarantine q SET superseded_at = \(instant)
            WHERE q.register = \(name.register.rawValue) AND q.source = \(name.source) AND q.superseded_at IS NULL
                AND (\(heading.mode == .snapshot)
                    OR EXISTS (SELECT FROM registers.feed_rows s WHERE \(isOurs) AND s.id = q.id))
            """,
            """
            INSERT INTO registers.quarantine
                (register, source, feed, position, id, version, body, field, code, message, received_at)
            SELECT s.register, s.source, s.feed, s.position, s.id, s.version, s.body, f.finding ->> 'field',
                f.finding ->> 'code', f.finding ->> 'message', \(instant)
            FROM registers.feed_rows s, jsonb_array_elements(s.findings) AS f (finding)
            WHERE \(isOurs) AND s.outcome = 'quarantined'
            """,
            // What was begun long ago and never became whole was given up by its sender.
            """
            DELETE FROM registers.feed_rows s USING registers.feeds f
            WHERE s.register = f.register AND s.source = f.source AND s.feed = f.id
                AND f.register = \(name.register.rawValue) AND f.source = \(name.source) AND f.applied_at IS NULL
                AND f.version < \(heading.version) AND f.begun_at < clock_timestamp() - interval '1 day'
            """,
        ]
        switch heading.mode {
        case .snapshot:
            statements.append(
                """
                UPDATE \(table) c SET valid_to = \(instant), ended_by = \(heading.version)
                WHERE c.source = \(name.source) AND c.valid_to IS NULL AND c.version < \(heading.version)
                    AND NOT EXISTS (SELECT FROM registers.feed_rows s WHERE \(isOurs) AND s.id = c.id)
                """)
        case .delta:
            // A delta that comes late must not overwrite what a newer one has confirmed. For snapshots the newest
            // one's own version says the same of all rows at once.
            statements.append(
                """
                UPDATE \(table) c SET version = s.version FROM registers.feed_rows s
                WHERE \(isOurs) AND s.outcome = 'unchanged' AND c.id = s.id AND c.valid_to IS NULL
                    AND c.version < s.version
                """)
        }
        return statements
    }

    func finish(now: String, accepted: Bool, receipt: JSONText) -> SQL {
        """
        UPDATE registers.feeds SET applied_at = \(now)::text::timestamptz, accepted = \(accepted), receipt = \(receipt)
        WHERE register = \(name.register.rawValue) AND source = \(name.source) AND id = \(name.id)
        """
    }

    var deleteRows: SQL { "DELETE FROM registers.feed_rows s WHERE \(isOurs)" }
    var deleteEnds: SQL { "DELETE FROM registers.feed_ends s WHERE \(isOurs)" }
}
