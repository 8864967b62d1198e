import Postgres

/// The SQL that applies a feed, set at a time. Names of tables and columns come from the register, never from outside.
///
/// Two tables of the transaction's own help: `fed` has the feed's rows but those that went straight into the register, and
/// `judged` what becomes of each of them that is not simply inserted.
struct FeedStatements {
    let name: FeedName
    /// The register's table.
    private let table: SQL
    /// What the table says beside its id, as columns of it.
    private let columns: [String]
    /// A row `s` of the feed as JSON.
    private let body: SQL
    /// The departments that a row `s` names; nothing where the register names none.
    let departments: SQL?
    let departmentField: SQL

    init(name: FeedName) {
        self.name = name
        table = SQL(raw: "registers." + name.register.rawValue)
        let listed = name.register.columns
        columns = listed.map(\.name).filter { $0 != "id" }
        func object(_ part: [Register.Column]) -> String {
            "jsonb_build_object("
                + part.map { column in
                    let name = column.name
                    switch column.kind {
                    case .day where column.isRequired: return "'\(name)', coalesce(s.\(name)::text, '')"
                    case .day, .number: return "'\(name)', s.\(name)"
                    case _ where column.isRequired: return "'\(name)', s.\(name)"
                    case .text: return "'\(name)', nullif(s.\(name), '')"
                    case .list: return "'\(name)', nullif(s.\(name), '{}')"
                    case .flag: return "'\(name)', nullif(s.\(name), false)"
                    }
                }.joined(separator: ", ") + ")"
        }
        body = SQL(
            raw: object(listed.filter(\.isRequired))
                + " || jsonb_strip_nulls(\(object(listed.filter { !$0.isRequired })))")
        departments = name.register.departmentColumn.map { column in
            SQL(raw: column.kind == .list ? "s.\(column.name)" : "ARRAY[s.\(column.name)]")
        }
        departmentField = SQL(raw: "'\(name.register.departmentColumn?.name ?? "")'")
    }

    private func list(_ prefix: String) -> SQL { SQL(raw: columns.map { prefix + $0 }.joined(separator: ", ")) }

    /// The rows of the feed, as `s`.
    private var isOurs: SQL { "s.feed = \(name.uuid)::text::uuid" }

    /// Takes feeds of a register one at a time: whether an id belongs to another source must not change meanwhile.
    var lockRegister: SQL { "SELECT pg_advisory_xact_lock(\(registerLock))" }

    /// The same for those who would not wait.
    var tryToLockRegister: SQL { "SELECT pg_try_advisory_xact_lock(\(registerLock)) AS is_so" }

    /// Lets those wait who would have the register as of an instant, until the feed is applied that is valid from before.
    var holdReaders: SQL { "LOCK TABLE \(table) IN ROW EXCLUSIVE MODE" }

    private var registerLock: SQL { "hashtext(\("yaohao.registers." + name.register.rawValue))" }

    var ends: SQL {
        """
        SELECT s.partition, s.count, s.checksum FROM registers.feed_ends s
        WHERE s.register = \(name.register.rawValue) AND s.source = \(name.source) AND s.feed = \(name.id)
        """
    }

    /// Whether the ends of all partitions are in, and the feed is not applied yet.
    var isEnded: SQL {
        """
        SELECT EXISTS (
            SELECT FROM registers.feeds f
            WHERE f.register = \(name.register.rawValue) AND f.source = \(name.source) AND f.id = \(name.id)
                AND f.applied_at IS NULL AND f.partitions = (
                    SELECT count(*) FROM registers.feed_ends s
                    WHERE (s.register, s.source, s.feed) = (f.register, f.source, f.id))) AS is_so
        """
    }

    /// What came in each partition, and whether pages overlap.
    var sums: SQL {
        """
        SELECT s.partition, sum(s.rows)::bigint AS count,
            encode(sha256(string_agg(s.digest, ''::bytea ORDER BY s.position)), 'hex') AS checksum,
            bool_or(s.overlaps) AS overlaps
        FROM (
            SELECT s.*, coalesce(s.position <= lag(s.last) OVER (ORDER BY s.position), false) AS overlaps
            FROM registers.feed_pages s WHERE \(isOurs)
        ) s GROUP BY s.partition
        """
    }

    /// The instant from which the feed is valid, later than any before it even if the clock was set back, also as the
    /// microseconds since 2000 in which PostgreSQL counts; and the version of the newest snapshot of this source, below
    /// which nothing counts any more.
    var instantAndFloor: SQL {
        """
        SELECT s.now::text AS now, ((extract(epoch FROM s.now) - 946684800) * 1000000)::bigint AS microseconds, s.floor
        FROM (
            SELECT greatest(clock_timestamp(), max(f.applied_at) + interval '1 microsecond') AS now,
                max(f.version) FILTER (WHERE f.source = \(name.source) AND f.mode = 'snapshot' AND f.accepted) AS floor
            FROM registers.feeds f WHERE f.register = \(name.register.rawValue) AND f.applied_at IS NOT NULL
        ) s
        """
    }

    /// The departments that rows name and that are not in the register; `nil` where rows name none.
    var unknownDepartments: SQL? {
        departments.map { _ in
            """
            SELECT DISTINCT r.department FROM registers.feed_pages s, unnest(s.departments) AS r (department)
            WHERE \(isOurs) AND NOT EXISTS (
                SELECT FROM registers.departments d WHERE d.id = r.department AND d.valid_to IS NULL)
            """
        }
    }

    /// The codes that rows name; `nil` where they name none.
    var codes: SQL? {
        guard name.register == .entities else { return nil }
        return """
            SELECT DISTINCT 'region' AS field, r.code FROM registers.feed_pages s, unnest(s.regions) AS r (code) WHERE \(isOurs)
            UNION ALL
            SELECT DISTINCT 'industry', r.code FROM registers.feed_pages s, unnest(s.industries) AS r (code) WHERE \(isOurs)
            """
    }

    /// Makes the places for rows and what becomes of them.
    var makePlaces: [SQL] {
        [
            """
            CREATE TEMPORARY TABLE fed ON COMMIT DROP AS
            SELECT c.id, c.version, c.position, \(list("c.")), false AS said, NULL::bytea AS raw, NULL::jsonb AS findings
            FROM \(table) c WITH NO DATA
            """,
            """
            CREATE TEMPORARY TABLE judged (
                position bigint NOT NULL, id text COLLATE "C" NOT NULL, version bigint NOT NULL, findings jsonb,
                outcome text NOT NULL) ON COMMIT DROP
            """,
        ]
    }

    /// Takes rows with ``PageContents/said`` behind them, and rows that say nothing as they are.
    let takeFed = "COPY fed FROM STDIN (FORMAT binary)"

    /// Takes rows straight into the register, with `source`, `feed` and `valid_from` behind them.
    var takeStraight: String {
        """
        COPY registers.\(name.register.rawValue) (id, version, position, \(columns.joined(separator: ", ")),
            source, feed, valid_from) FROM STDIN (FORMAT binary)
        """
    }

    /// The ids of which something is on record that a row is judged by, each perhaps twice: of either kind at most `limit`.
    func onRecord(limit: Int) -> SQL {
        """
        (SELECT c.id FROM \(table) c LIMIT \(limit))
        UNION ALL
        (SELECT q.id FROM registers.quarantine q
        WHERE q.register = \(name.register.rawValue) AND q.source = \(name.source) AND q.superseded_at IS NULL
        LIMIT \(limit))
        """
    }

    /// Pages that are in, but for those that have been taken.
    func pages(but taken: [Int]) -> SQL {
        """
        SELECT s.position, s.version, s.rows, s.departments <@ ARRAY(
                SELECT d.id FROM registers.departments d WHERE d.valid_to IS NULL) AS is_known, s.regions, s.industries
        FROM registers.feed_pages s WHERE \(isOurs) AND s.position <> ALL (\(taken)::bigint[]) ORDER BY s.position
        """
    }

    /// What pages carry.
    func contents(of positions: [Int]) -> SQL {
        """
        SELECT s.position, s.good, s.rest FROM registers.feed_contents s
        WHERE \(isOurs) AND s.position = ANY (\(positions)::bigint[])
        """
    }

    /// Whether an id that went straight into the register came once more.
    var repeatsStraight: SQL {
        """
        SELECT EXISTS (SELECT FROM fed s JOIN \(table) c USING (id) WHERE \(isFresh)) AS is_so
        """
    }

    /// Whether a row `c` of the register went straight into it.
    private var isFresh: SQL { "c.source = \(name.source) AND c.feed = \(name.id)" }

    /// Gives every row but those to be inserted its outcome, and findings to those that other rows show to be wrong.
    func judge(floor: Int, unknown: Unknown) -> SQL {
        let namesUnknown = namesUnknown(unknown)
        return """
            INSERT INTO judged (position, id, version, findings, outcome)
            SELECT j.position, j.id, j.version, j.findings,
                CASE WHEN j.findings IS NOT NULL THEN 'quarantined' ELSE j.outcome END
            FROM (
                SELECT s.position, s.id, s.version,
                    CASE
                        WHEN s.findings IS NOT NULL THEN s.findings
                        WHEN r.copies IS NOT NULL THEN jsonb_build_array(jsonb_build_object('field', 'id',
                            'code', 'id.repeated', 'message', '同一批中编号重复，请只保留一行 / the id is in this feed '
                                || r.copies || ' times; keep one row'))
                        WHEN c.source <> \(name.source) THEN jsonb_build_array(jsonb_build_object('field', 'id',
                            'code', 'id.source', 'message', '此编号由来源 ' || c.source
                                || ' 报送，请由其更改 / the id belongs to the source ' || c.source
                                || '; let that source change it'))
                        WHEN NOT s.said AND c.id IS NULL AND h.version IS NULL
                            THEN jsonb_build_array(jsonb_build_object('field', 'id', 'code', 'id.unknown',
                                'message', '库中没有此编号，无法停用 / the register has no such id to retire'))
                        \(namesUnknown)
                    END AS findings,
                    CASE
                        WHEN NOT s.said AND c.id IS NULL THEN 'unchanged'
                        WHEN s.said AND c.id IS NOT NULL
                            AND (\(list("c."))) IS NOT DISTINCT FROM (\(list("s."))) THEN 'unchanged'
                        WHEN s.version < \(floor)::bigint OR s.version <= coalesce(c.version, h.version, -1)
                            THEN 'outdated'
                        WHEN NOT s.said THEN 'retired'
                        WHEN c.id IS NULL THEN 'inserted'
                        ELSE 'updated'
                    END AS outcome
                FROM fed s
                LEFT JOIN (
                    SELECT s.id, count(*) AS copies FROM fed s
                    GROUP BY s.id HAVING count(*) > 1) r ON r.id = s.id
                LEFT JOIN \(table) c ON c.id = s.id AND c.valid_to IS NULL
                LEFT JOIN (
                    SELECT p.id, max(p.ended_by) AS version FROM \(table) p
                    WHERE p.valid_to IS NOT NULL AND p.id IN (SELECT s.id FROM fed s)
                    GROUP BY p.id) h ON h.id = s.id AND c.id IS NULL
            ) j
            WHERE j.findings IS NOT NULL OR j.outcome <> 'inserted'
            """
    }

    /// How many rows have each outcome; those that are inserted are what is left of all.
    var outcomes: SQL {
        """
        SELECT j.outcome, count(*) AS count FROM judged j GROUP BY j.outcome
        UNION ALL
        SELECT 'inserted', (SELECT coalesce(sum(s.rows), 0) FROM registers.feed_pages s WHERE \(isOurs))::bigint
            - (SELECT count(*) FROM judged)
        """
    }

    /// How many rows the source has, and how many of them a snapshot leaves out. A row that is quarantined is not left
    /// out: what it said before stays valid.
    func absence(_ heading: FeedHeading) -> SQL {
        guard heading.mode == .snapshot else {
            return """
                SELECT count(*) AS current, 0::bigint AS absent FROM \(table) c
                WHERE c.source = \(name.source) AND c.valid_to IS NULL AND c.feed IS DISTINCT FROM \(name.id)
                """
        }
        return """
            SELECT count(*) AS current,
                count(*) FILTER (WHERE s.id IS NULL AND c.version < \(heading.version)) AS absent
            FROM \(table) c LEFT JOIN (SELECT DISTINCT s.id FROM fed s) s ON s.id = c.id
            WHERE c.source = \(name.source) AND c.valid_to IS NULL AND c.feed IS DISTINCT FROM \(name.id)
            """
    }

    var examples: SQL {
        """
        SELECT j.position, j.id, f.finding ->> 'field' AS field, f.finding ->> 'code' AS code,
            f.finding ->> 'message' AS message
        FROM judged j, jsonb_array_elements(j.findings) WITH ORDINALITY AS f (finding, ordinal)
        WHERE j.outcome = 'quarantined' ORDER BY j.position, f.ordinal LIMIT 20
        """
    }

    /// Everything that an accepted feed changes, in order; nothing for what its report says there is none of.
    func changes(_ heading: FeedHeading, _ report: FeedReport, now: String) -> [SQL] {
        let instant: SQL = "\(now)::text::timestamptz"
        var statements: [SQL] = []
        if report.updated + report.retired > report.absent {
            statements.append(
                """
                UPDATE \(table) c SET valid_to = \(instant), ended_by = j.version FROM judged j
                WHERE j.outcome IN ('updated', 'retired') AND c.id = j.id AND c.valid_to IS NULL
                """)
        }
        statements += [
            """
            INSERT INTO \(table) (id, source, version, feed, position, valid_from, \(list("")))
            SELECT s.id, \(name.source)::text, s.version, \(name.id)::text, s.position, \(instant), \(list("s."))
            FROM fed s LEFT JOIN judged j ON j.position = s.position
            WHERE j.position IS NULL OR j.outcome = 'updated'
            """,
            """
            UPDATE registers.quarantine q SET superseded_at = \(instant)
            WHERE q.register = \(name.register.rawValue) AND q.source = \(name.source) AND q.superseded_at IS NULL
                AND (\(heading.mode == .snapshot) OR q.id <> ''
                    AND q.id IN (SELECT s.id FROM fed s))
            """,
        ]
        if report.quarantined > 0 { statements.append(quarantine(at: instant)) }
        switch heading.mode {
        case .snapshot where report.absent > 0:
            statements.append(
                """
                UPDATE \(table) c SET valid_to = \(instant), ended_by = \(heading.version)
                WHERE c.source = \(name.source) AND c.valid_to IS NULL AND c.version < \(heading.version)
                    AND c.feed IS DISTINCT FROM \(name.id) AND NOT EXISTS (SELECT FROM fed s WHERE s.id = c.id)
                """)
        case .delta where report.unchanged > 0:
            // A delta that comes late must not overwrite what a newer one has confirmed. For snapshots the newest
            // one's own version says the same of all rows at once.
            statements.append(
                """
                UPDATE \(table) c SET version = j.version FROM judged j
                WHERE j.outcome = 'unchanged' AND c.id = j.id AND c.valid_to IS NULL AND c.version < j.version
                """)
        default: break
        }
        return statements + ["contents", "pages"].map { abandoned(heading, in: "registers.feed_" + $0) } + [
            """
            DELETE FROM registers.feed_ends s USING registers.feeds f
            WHERE (s.register, s.source, s.feed) = (f.register, f.source, f.id) AND \(isAbandoned(heading))
            """
        ]
    }

    /// Puts the rows that break rules into quarantine, whole, one line for each rule.
    private func quarantine(at instant: SQL) -> SQL {
        """
        INSERT INTO registers.quarantine
            (register, source, feed, position, id, version, body, field, code, message, received_at)
        SELECT \(name.register.rawValue)::text, \(name.source)::text, \(name.id)::text, s.position, s.id, s.version,
            coalesce(s.raw, CASE WHEN s.said THEN convert_to((\(body))::text, 'UTF8') END),
            f.finding ->> 'field', f.finding ->> 'code', f.finding ->> 'message', \(instant)
        FROM judged j JOIN fed s ON s.position = j.position,
            jsonb_array_elements(j.findings) WITH ORDINALITY AS f (finding, ordinal)
        WHERE j.outcome = 'quarantined' ORDER BY s.position, f.ordinal
        """
    }

    /// What was begun long ago and never became whole was given up by its sender; and what a worker that died has not
    /// forgotten.
    private func abandoned(_ heading: FeedHeading, in table: String) -> SQL {
        """
        DELETE FROM \(SQL(raw: table)) s USING registers.feeds f
        WHERE s.feed = encode(substring(sha256(sha256(convert_to(f.register, 'UTF8')) || sha256(convert_to(f.source, 'UTF8'))
                || sha256(convert_to(f.id, 'UTF8'))) FOR 16), 'hex')::uuid
            AND \(isAbandoned(heading))
        """
    }

    private func isAbandoned(_ heading: FeedHeading) -> SQL {
        """
        f.register = \(name.register.rawValue) AND f.source = \(name.source)
            AND f.version < \(heading.version) AND f.begun_at < clock_timestamp() - interval '1 day'
        """
    }

    func finish(now: String, accepted: Bool, receipt: JSONText) -> SQL {
        """
        UPDATE registers.feeds SET applied_at = \(now)::text::timestamptz, accepted = \(accepted), receipt = \(receipt)
        WHERE register = \(name.register.rawValue) AND source = \(name.source) AND id = \(name.id)
        """
    }

    /// Forgets the feed's rows and markers.
    var forget: [SQL] {
        [
            "DELETE FROM registers.feed_contents s WHERE \(isOurs)",
            "DELETE FROM registers.feed_pages s WHERE \(isOurs)",
            """
            DELETE FROM registers.feed_ends s
            WHERE s.register = \(name.register.rawValue) AND s.source = \(name.source) AND s.feed = \(name.id)
            """,
        ]
    }
}

extension PostgresQueryable {
    /// Asks a question of which the answer is one row, `is_so`.
    func isSo(_ question: SQL) async throws -> Bool {
        try await query(question).first?.decode("is_so", as: Bool.self) == true
    }
}
