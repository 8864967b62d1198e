public import JSON
public import Postgres
public import Registers

/// The draft of a circular (通报) of the joint conference office: praise, laggards, talks (约谈), accountability (追责).
///
/// Source: 固政办发〔2021〕32号 五（五）: 对忠于职守、履职尽责的，要给予表扬；对工作不力、进行通报约谈，直至追究有关人员责任.
public struct CircularDraft: Sendable {
    /// A duty that fell due in the time, with what the ledger (台账) says of it.
    public struct Duty: Sendable, Hashable {
        /// The kind of deadline.
        public let kind: String
        /// What it is about.
        public let subject: String
        /// What is to be done, in Chinese.
        public let title: String
        /// Whose it is.
        public let department: String
        /// Its last day.
        public let dueOn: Day
        /// When it was done; `nil` while it is not.
        public let metOn: Day?
        /// How often somebody was reminded.
        public let reminders: Int
        /// The day on which its ladder reached the draft of the circular; `nil` if it has not.
        public let enteredOn: Day?

        /// A duty of the given parts.
        public init(
            kind: String, subject: String, title: String, department: String, dueOn: Day, metOn: Day?, reminders: Int,
            enteredOn: Day? = nil
        ) {
            self.kind = kind
            self.subject = subject
            self.title = title
            self.department = department
            self.dueOn = dueOn
            self.metOn = metOn
            self.reminders = reminders
            self.enteredOn = enteredOn
        }

        /// Days over its day, as of a day; 0 when it was done in time.
        public func daysOver(asOf day: Day) -> Int { max(0, (metOn ?? day).number - dueOn.number) }
    }

    /// From when on a department is named, called to a talk, or proposed for accountability.
    public struct Rule: Sendable, Hashable {
        /// `named`, `talk` or `accountability`.
        public let level: String
        /// So many duties over their day.
        public let leastOverdue: Int
        /// Or one so many days over it.
        public let leastDays: Int
        /// What the rule rests on.
        public let basis: String

        /// A rule of the given parts.
        public init(level: String, leastOverdue: Int, leastDays: Int, basis: String) {
            self.level = level
            self.leastOverdue = leastOverdue
            self.leastDays = leastDays
            self.basis = basis
        }
    }

    /// How one department did.
    public struct Record: Sendable, Hashable {
        /// The department.
        public let department: String
        /// Duties that fell due.
        public let due: Int
        /// Done in time.
        public let onTime: Int
        /// Done late.
        public let late: Int
        /// Over their day and not done.
        public let open: Int
        /// The most days over.
        public let worst: Int
        /// How often somebody was reminded.
        public let reminders: Int
        /// The gravest level that applies; `nil` for none.
        public let level: String?

        /// Whether everything was done in time.
        public var isPraised: Bool { due > 0 && onTime == due }
    }

    /// The first day.
    public let first: Day
    /// The last day.
    public let last: Day
    /// The departments that had something due, the gravest first.
    public let records: [Record]
    /// What was or is over its day.
    public let overdue: [Duty]
    let rules: [Rule]
    let names: [String: String]
    /// The day as of which days over are counted.
    let asOf: Day

    /// Judges duties. Pure: the same duties, rules and day give the same draft.
    public init(
        from first: Day, to last: Day, duties: [Duty], rules: [Rule], names: [String: String], asOf: Day
    ) {
        self.first = first
        self.last = last
        self.rules = rules
        self.names = names
        self.asOf = asOf
        let grades = ["named", "talk", "accountability"]
        records = Dictionary(grouping: duties, by: \.department).map { department, duties in
            let over = duties.filter { $0.daysOver(asOf: asOf) > 0 }
            let worst = over.map { $0.daysOver(asOf: asOf) }.max() ?? 0
            let level = grades.last { grade in
                rules.contains { $0.level == grade && (over.count >= $0.leastOverdue || worst >= $0.leastDays) }
            }
            return Record(
                department: department, due: duties.count,
                onTime: duties.count { $0.metOn != nil && $0.daysOver(asOf: asOf) == 0 },
                late: over.count { $0.metOn != nil }, open: over.count { $0.metOn == nil }, worst: worst,
                reminders: duties.map(\.reminders).reduce(0, +), level: level)
        }.sorted { ($1.worst, $1.late + $1.open, $0.department) < ($0.worst, $0.late + $0.open, $1.department) }
        overdue = duties.filter { $0.daysOver(asOf: asOf) > 0 }
            .sorted { ($0.department, $0.dueOn, $0.subject) < ($1.department, $1.dueOn, $1.subject) }
    }

    /// Drafts a circular from the deadlines that fell due in a time and the ledger of reminders.
    public static func draft(from first: Day, to last: Day, _ pool: PostgresPool) async throws -> CircularDraft {
        let duties = try await pool.query(
            """
            SELECT d.kind, d.subject, coalesce(nullif(to_jsonb(d) ->> 'title', ''), d.subject) AS title, d.recipient,
                d.due_on::text AS due_on, (d.met_at AT TIME ZONE 'Asia/Shanghai')::date::text AS met_on,
                (SELECT count(*) FROM notices.rungs r
                    WHERE r.kind = d.kind AND r.subject = d.subject AND r.fired_at IS NOT NULL) AS reminders,
                (SELECT (min(e.entered_at) AT TIME ZONE 'Asia/Shanghai')::date::text FROM notices.circular_entries e
                    WHERE e.kind = d.kind AND e.subject = d.subject AND e.due_on = d.due_on) AS entered_on
            FROM notices.deadlines d
            WHERE d.due_on BETWEEN \(first.description)::text::date AND \(last.description)::text::date
                AND to_jsonb(d) ->> 'withdrawn_at' IS NULL
                AND (d.met_at IS NOT NULL OR d.due_on < (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date)
            ORDER BY d.recipient, d.due_on, d.kind, d.subject
            """
        ).map { row in
            Duty(
                kind: try row.decode("kind", as: String.self), subject: try row.decode("subject", as: String.self),
                title: try row.decode("title", as: String.self),
                department: try row.decode("recipient", as: String.self),
                dueOn: try row.day("due_on"),
                metOn: try row.decode("met_on", as: String?.self).flatMap { Day($0) },
                reminders: try row.decode("reminders", as: Int.self),
                enteredOn: try row.decode("entered_on", as: String?.self).flatMap { Day($0) })
        }
        let rules = try await pool.query(
            """
            SELECT level, least_overdue::bigint AS least_overdue, least_days::bigint AS least_days, basis
            FROM returns.circular_rules
            """
        ).map { row in
            Rule(
                level: try row.decode("level", as: String.self),
                leastOverdue: try row.decode("least_overdue", as: Int.self),
                leastDays: try row.decode("least_days", as: Int.self), basis: try row.decode("basis", as: String.self))
        }
        let names = try await pool.query("SELECT id, name FROM registers.departments WHERE valid_to IS NULL").map {
            (try $0.decode("id", as: String.self), try $0.decode("name", as: String.self))
        }
        let today = try await Day.today(in: pool)
        return CircularDraft(
            from: first, to: last, duties: duties, rules: rules,
            names: Dictionary(names, uniquingKeysWith: { first, _ in first }), asOf: today)
    }

    /// For programs.
    public var json: JSONValue {
        [
            "from": .string("\(first)"), "to": .string("\(last)"),
            "records": .array(
                records.map { record in
                    [
                        "department": .string(record.department), "due": .integer(record.due),
                        "on_time": .integer(record.onTime), "late": .integer(record.late),
                        "open": .integer(record.open), "worst_days": .integer(record.worst),
                        "reminders": .integer(record.reminders), "praised": .bool(record.isPraised),
                        "level": record.level.map { .string($0) } ?? .null,
                    ]
                }),
            "matters": .array(
                overdue.map { duty in
                    [
                        "kind": .string(duty.kind), "subject": .string(duty.subject), "title": .string(duty.title),
                        "department": .string(duty.department), "due_on": .string("\(duty.dueOn)"),
                        "met_on": duty.metOn.map { .string("\($0)") } ?? .null,
                        "days_over": .integer(duty.daysOver(asOf: asOf)), "reminders": .integer(duty.reminders),
                        "entered_on": duty.enteredOn.map { .string("\($0)") } ?? .null,
                    ]
                }),
        ]
    }

    /// The document.
    public func html() throws -> String {
        func name(_ department: String) -> String { names[department] ?? department }
        func list(_ records: [Record]) -> String { records.map { name($0.department) }.joined(separator: "、") }
        let measures = ["named": "通报", "talk": "通报、约谈", "accountability": "通报、约谈，建议追责"]
        let praised = records.filter(\.isPraised)
        let named = records.filter { $0.level != nil }
        let talks = named.filter { $0.level != "named" }
        let blamed = named.filter { $0.level == "accountability" }
        let onTime = records.map(\.onTime).reduce(0, +)
        let due = records.map(\.due).reduce(0, +)
        return try ReturnDocument.render(
            PackageResources.circular_mustache,
            [
                "title": "关于\(chinese(first))至\(chinese(last))“双随机、一公开”监管工作情况的通报", "date": chinese(asOf),
                "overview": "本期共有\(records.count)个部门\(due)项任务到期，按期完成\(onTime)项，"
                    + "按期率\(percent(partsPerMillion(onTime, of: due)))；逾期\(overdue.count)项，"
                    + "其中\(overdue.count { $0.metOn == nil })项尚未完成。现将有关情况通报如下。",
                "praise": praised.isEmpty ? "本期没有各项任务全部按期完成的部门。" : "\(list(praised))各项任务全部按期完成，予以表扬。",
                "has_laggards": !named.isEmpty,
                "laggards": named.map { record -> [String: Any] in
                    [
                        "name": name(record.department), "due": record.due, "on_time": record.onTime,
                        "late": record.late, "open": record.open, "worst": record.worst,
                        "reminders": record.reminders, "measure": measures[record.level ?? ""] ?? "",
                    ]
                },
                "talks": talks.isEmpty ? "本期没有需要约谈的部门。" : "拟约谈\(list(talks))负责人，请于收到通报后说明情况并明确整改时限。",
                "accountability": blamed.isEmpty
                    ? "本期没有建议追责的情形。" : "\(list(blamed))长期或多次逾期，建议按规定追究有关人员责任，由联席会议审定。",
                "has_matters": !overdue.isEmpty,
                "matters": overdue.map { duty -> [String: Any] in
                    [
                        "name": name(duty.department), "matter": duty.title, "due_on": "\(duty.dueOn)",
                        "met_on": duty.metOn.map { "\($0)" } ?? "未完成", "days": duty.daysOver(asOf: asOf),
                        "reminders": duty.reminders,
                        "entered_on": duty.enteredOn.map { "\($0)" } ?? "",
                    ]
                },
                "basis": rules.sorted { $0.leastDays < $1.leastDays }.map {
                    "\(measures[$0.level] ?? $0.level)：逾期\($0.leastOverdue)项以上或最长逾期\($0.leastDays)日以上（\($0.basis)）"
                }.joined(separator: "；"),
            ])
    }
}

/// A day as officials write it: `2026年9月6日`.
func chinese(_ day: Day) -> String {
    let (year, month, date) = day.parts
    return "\(year)年\(month)月\(date)日"
}
