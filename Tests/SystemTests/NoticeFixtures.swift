import Cluster
import JSON
import Logging
import Postgres
import Registers
import Synchronization
import Testing

@testable import Notices

/// A clock that a test moves by hand.
final class HandClock: NoticeClock {
    private let moment: Mutex<Moment>

    init(_ day: Day, minute: Int = 9 * 60) { moment = Mutex(Moment(day: day, minute: minute)) }

    convenience init(_ day: String, minute: Int = 9 * 60) throws {
        self.init(try #require(Day(day)), minute: minute)
    }

    func now(_ pool: PostgresPool) async throws -> Moment { moment.withLock { $0 } }

    func move(to day: Day, minute: Int = 9 * 60) { moment.withLock { $0 = Moment(day: day, minute: minute) } }

    func move(to day: String, minute: Int = 9 * 60) throws { move(to: try #require(Day(day)), minute: minute) }
}

extension InspectedCounty {
    static let topics = Topics(prefix: "t.")

    /// A notifier of this county.
    func notifier(_ clock: any NoticeClock = DatabaseClock()) throws -> Notifier {
        Notifier(
            pool: notifier, topics: Self.topics, configuration: try NotifierConfiguration(), clock: clock,
            logger: Logger(label: "test"))
    }

    /// Accepted results of one department at the visits of entities, one item each, approved by its reviewer.
    func record(
        entities: [String], department: String = "SCJG", round: String = "R-1", endedOn: String = "2026-03-10",
        version: Int = 1, findings: String = "灭火器过期", isApproved: Bool = true
    ) async throws {
        try await owner.execute(
            """
            WITH made AS (
                INSERT INTO inspections.results
                    (visit, department, entity, round, ended_on, inspectors, source, submission, version, reason)
                SELECT \(round) || '-' || entity, \(department), entity, \(round), \(endedOn)::text::date, '{I1,I2}',
                    'dept:' || \(department)::text, gen_random_uuid()::text, \(version)::int4,
                    CASE WHEN \(version)::int4 > 1 THEN '更正' END
                FROM unnest(\(entities)::text[]) AS entity
                RETURNING visit, department, version)
            INSERT INTO inspections.result_items (visit, department, version, item, categories, findings)
            SELECT visit, department, version, department || '-1', '{发现问题已责令改正}', \(findings)::text FROM made
            """)
        if isApproved {
            try await approve(
                visits: entities.map { "\(round)-\($0)" }, department: department, version: version)
        }
    }

    /// The reviewer's word about results.
    func approve(visits: [String], department: String, version: Int = 1) async throws {
        try await owner.execute(
            """
            INSERT INTO inspections.reviews (visit, department, version, decision, source, submission)
            SELECT visit, \(department), \(version)::int4, 'approved', 'dept:' || \(department)::text,
                gen_random_uuid()::text
            FROM unnest(\(visits)::text[]) AS visit
            """)
    }

    /// The county sets one of its rules.
    func set(_ key: String, _ value: JSONValue) async throws {
        let body: JSONValue = ["key": .string(key), "value": value, "basis": "测试"]
        try await owner.execute(
            """
            INSERT INTO registers.statements (kind, id, valid_from, body, source, submission, department)
            VALUES ('rule', \(key), clock_timestamp(), \(body.canonicalText)::text::jsonb, 'dept:SCJG',
                gen_random_uuid()::text, 'SCJG')
            """)
    }

    /// The messages of a topic, in the order of each key.
    func messages(_ topic: String) async throws -> [(key: String, data: JSONValue)] {
        try await owner.query(
            "SELECT key, body FROM cluster.outbox WHERE topic = \(topic) ORDER BY key, sequence"
        ).map { row in
            (
                try row.decode("key", as: String.self),
                try JSONValue(parsing: try row.decode("body", as: [UInt8].self))
            )
        }
    }

    /// The ledger as `DAY KIND SUBJECT RUNG RECIPIENT`, in order.
    func ledger(_ condition: SQL = "true") async throws -> [String] {
        try await texts(
            """
            SELECT concat_ws(' ', (sent_at AT TIME ZONE 'Asia/Shanghai')::date, kind, subject, rung, recipient)
            FROM notices.ledger WHERE \(condition) ORDER BY 1
            """)
    }

    /// The calendar that comes with the program.
    func registerEmbeddedCalendar() async throws -> WorkingCalendar {
        let calendar = try WorkingCalendar.embedded()
        try await owner.execute(
            """
            INSERT INTO registers.calendar (day, kind, holiday)
            SELECT * FROM unnest(\(calendar.exceptions.map(\.day.description))::date[],
                \(calendar.exceptions.map(\.kind.rawValue))::text[], \(calendar.exceptions.map(\.holiday))::text[])
            """)
        return calendar
    }
}
