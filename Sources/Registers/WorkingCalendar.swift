public import Postgres

/// Working days (工作日): Monday to Friday, but for the days off and the working weekend days that the State Council sets
/// for each year (节假日安排).
public struct WorkingCalendar: Sendable, Hashable {
    /// How a day differs from what its weekday says.
    public enum Kind: String, Sendable, Hashable {
        /// A day off.
        case rest
        /// A weekend day on which people work (调休).
        case work
    }

    /// Why a day cannot be counted, in one line that says what to do.
    public struct UnknownYear: Error, Sendable, Hashable, CustomStringConvertible {
        /// The year whose days off are not known.
        public let year: Int
        /// The years that are.
        public let known: [Int]

        /// The year, what is known, and how to load the year.
        public var description: String {
            let span = known.isEmpty ? "none" : known.map(String.init).joined(separator: ", ")
            return "\(year) 年的节假日安排尚未载入，无法计算工作日；请在国务院公布后补入 registers.calendar 表，或升级后运行 yaohao migrate / "
                + "the days off of \(year) are not known (known: \(span)); add that year's rows (day, kind, holiday) to "
                + "the table registers.calendar, or install a version that has them and run yaohao migrate"
        }
    }

    /// What is wrong with the text of a calendar.
    public struct Malformed: Error, Sendable, Hashable, CustomStringConvertible {
        /// The line, from 1.
        public let line: Int
        /// What is wrong and what would be right.
        public let message: String
        /// Both in one line.
        public var description: String { "calendar line \(line): \(message)" }
    }

    /// One line of a calendar.
    public struct Exception: Sendable, Hashable {
        /// The day.
        public let day: Day
        /// Whether people rest or work.
        public let kind: Kind
        /// The holiday it belongs to.
        public let holiday: String
    }

    /// The days that differ from their weekday, ascending.
    public let exceptions: [Exception]
    private let kinds: [Day: Kind]
    private let years: Set<Int>

    /// A calendar of the days that differ; a year counts as known when it has any.
    public init(_ exceptions: [Exception]) {
        self.exceptions = exceptions.sorted { $0.day < $1.day }
        kinds = Dictionary(exceptions.map { ($0.day, $0.kind) }, uniquingKeysWith: { first, _ in first })
        years = Set(exceptions.map(\.day.year))
    }

    /// Reads text with the header `date,kind,holiday` and a line for each day that differs.
    ///
    /// - Throws: `Malformed`.
    public init(csv: String) throws {
        let lines = csv.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.first == "date,kind,holiday" else {
            throw Malformed(line: 1, message: "is not the header date,kind,holiday")
        }
        var seen: Set<Day> = []
        self.init(
            try lines.enumerated().dropFirst().filter { !$0.element.isEmpty }.map { index, line in
                let fields = line.split(separator: ",", maxSplits: 2, omittingEmptySubsequences: false)
                guard fields.count == 3, let day = Day(fields[0]), let kind = Kind(rawValue: String(fields[1])) else {
                    throw Malformed(line: index + 1, message: "is not YYYY-MM-DD,rest|work,holiday")
                }
                guard seen.insert(day).inserted else {
                    throw Malformed(line: index + 1, message: "repeats \(day); list each day once")
                }
                return Exception(day: day, kind: kind, holiday: String(fields[2]))
            })
    }

    /// The calendar that comes with the program.
    ///
    /// - Throws: `Malformed`.
    public static func embedded() throws -> WorkingCalendar {
        try WorkingCalendar(csv: String(decoding: PackageResources.calendar_csv, as: UTF8.self))
    }

    /// The calendar of the table `registers.calendar`.
    public static func load(from database: some PostgresQueryable) async throws -> WorkingCalendar {
        let rows = try await database.query("SELECT day::text AS day, kind, holiday FROM registers.calendar")
        return WorkingCalendar(
            try rows.compactMap { row in
                guard let day = Day(try row.decode("day", as: String.self)),
                    let kind = Kind(rawValue: try row.decode("kind", as: String.self))
                else { return nil }
                return Exception(day: day, kind: kind, holiday: try row.decode("holiday", as: String.self))
            })
    }

    /// Whether people work on a day.
    ///
    /// - Throws: `UnknownYear`.
    public func isWorkingDay(_ day: Day) throws -> Bool {
        guard years.contains(day.year) else { throw UnknownYear(year: day.year, known: years.sorted()) }
        if let kind = kinds[day] { return kind == .work }
        return day.weekday <= 5
    }

    /// The last of so many working days after a day, which itself does not count; the day itself for none.
    ///
    /// - Throws: `UnknownYear` when any of the days to be counted lies in a year whose days off are not known.
    public func adding(workingDays: Int, to day: Day) throws -> Day {
        precondition(workingDays >= 0, "working days are counted forwards")
        var last = day
        var left = workingDays
        while left > 0 {
            last = last.adding(days: 1)
            if try isWorkingDay(last) { left -= 1 }
        }
        return last
    }
}
