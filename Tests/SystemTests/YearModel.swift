import Registers

@testable import Notices

/// What happens in a county of 33 departments over more than a year, made up from a seed; and, counted day by day with
/// no more than the calendar and the ladders, who must be reminded of what and when.
struct YearModel {
    /// One department's part of a visit with what became of it. Days are indices from ``first``.
    struct Part {
        let id: Int
        let department: String
        let drawn: Int
        let windowFirst: Int
        let windowLast: Int
        let ended: Int?
        let recorded: Int?
        let approved: Int?
        /// An order to correct with the result: due day, re-inspection's last day, and when each was done.
        let order: (due: Int, reinspectBy: Int, done: Int?, reinspected: Int?)?

        var round: String { "R\(id)" }
        var visit: String { "V\(id)" }
        var entity: String { "E\(id)" }
        var inspectors: [String] { ["\(department)-A", "\(department)-B"] }
    }

    static let departments = (1...33).map { $0 < 10 ? "D0\($0)" : "D\($0)" }
    static let lead = "D01"

    let first: Day
    let days: Int
    let parts: [Part]
    /// The last day of each department's certificate, by the inspector that it belongs to.
    let certificates: [(inspector: String, department: String, until: Day)]
    /// When each department reported its plan of 2025; others never.
    let reported: [String: Int]

    init(first: Day, days: Int, seed: UInt64) {
        var random = SeededRandom(state: seed)
        func roll(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
        func happens(_ percent: Int) -> Bool { roll(1...100) <= percent }
        self.first = first
        self.days = days
        var parts: [Part] = []
        for department in Self.departments {
            for _ in 0..<10 {
                let drawn = roll(0...(days - 1))
                let windowFirst = drawn + roll(0...5)
                let windowLast = windowFirst + roll(8...40)
                let ended = happens(95) ? windowFirst + roll(0...50) : nil
                let recorded = ended.flatMap { happens(93) ? $0 + roll(0...12) : nil }
                let approved = recorded.flatMap { happens(90) ? $0 + roll(0...25) : nil }
                var order: (Int, Int, Int?, Int?)?
                if let recorded, happens(30) {
                    let due = recorded + roll(3...30)
                    let reinspected = happens(70) ? due + roll(-2...20) : nil
                    order = (due, due + roll(2...15), happens(80) ? recorded + roll(1...60) : nil, reinspected)
                }
                parts.append(
                    Part(
                        id: parts.count, department: department, drawn: drawn, windowFirst: windowFirst,
                        windowLast: windowLast, ended: ended, recorded: recorded, approved: approved,
                        order: order.map { (due: $0.0, reinspectBy: $0.1, done: $0.2, reinspected: $0.3) }))
            }
        }
        self.parts = parts
        certificates = Self.departments.map {
            (inspector: $0 + "-A", department: $0, until: first.adding(days: roll(0...700)))
        }
        reported = Dictionary(
            uniqueKeysWithValues: Self.departments.filter { _ in happens(60) }.map { ($0, roll(0...50)) })
    }

    /// Something to be done, as it stands on a day.
    struct Matter {
        let kind: String
        let subject: String
        let department: String
        let people: [String]
        let starts: Day?
        let due: Day?
    }

    /// What is open at the sweep of a day, when everything of the day has been said and results have been published.
    func open(on day: Int, calendar: WorkingCalendar, rules: CountyRules) -> [Matter] {
        func date(_ index: Int) -> Day { first.adding(days: index) }
        func after(_ count: Int, _ index: Int) -> Day? { try? calendar.adding(workingDays: count, to: date(index)) }
        func isOver(_ index: Int?) -> Bool { index.map { $0 <= day } ?? false }
        let entryDays = rules.resultEntryWorkingDays
        var matters: [Matter] = []
        for part in parts where part.drawn <= day {
            func add(_ kind: String, _ subject: String, _ people: [String], _ starts: Day?, _ due: Day?) {
                matters.append(
                    Matter(
                        kind: kind, subject: subject, department: part.department, people: people, starts: starts,
                        due: due))
            }
            let subject = "\(part.visit)/\(part.department)"
            if !isOver(part.ended) {
                add("visit", subject, part.inspectors, date(part.windowFirst), date(part.windowLast))
            } else if let ended = part.ended {
                if !isOver(part.recorded) {
                    add("entry", subject, part.inspectors, date(ended), after(entryDays, ended))
                }
                if !isOver(part.approved) {
                    add("publication", subject, part.inspectors, date(ended), after(10, ended))
                }
            }
            if let order = part.order, let recorded = part.recorded, recorded <= day {
                // A re-inspection that found it corrected ends both.
                if !isOver(order.done), !isOver(order.reinspected) {
                    add("correction", "C\(part.id)", [], date(recorded), date(order.due))
                    add("reinspection", "C\(part.id)", [], date(order.due), date(order.reinspectBy))
                }
            }
        }
        for certificate in certificates where certificate.until.number - date(day).number <= 366 {
            matters.append(
                Matter(
                    kind: "certificate", subject: "\(certificate.inspector)/\(certificate.until)",
                    department: certificate.department, people: [certificate.inspector], starts: nil,
                    due: certificate.until))
        }
        for department in Self.departments {
            for year in first.year...date(day).year {
                guard let start = Day(year: year, month: 1, day: 1) else { continue }
                let isReported = year == 2025 && isOver(reported[department])
                for (kind, due, isDone) in [
                    ("plan-submission", Day(year: year, month: 3, day: 31), isReported),
                    ("joint", Day(year: year, month: 12, day: 31), false),
                ] where !isDone {
                    matters.append(
                        Matter(
                            kind: kind, subject: "\(department)/\(year)", department: department, people: [],
                            starts: start, due: due))
                }
            }
        }
        return matters
    }

    /// The day of a rung, found by walking from day to day; `nil` where the calendar does not reach.
    static func day(of rung: DeadlineRules.Rung, _ matter: Matter, calendar: WorkingCalendar) -> Day? {
        guard let due = matter.due else { return nil }
        var day = due
        if rung.countsAllDays {
            day = due.adding(days: rung.offset)
        } else if rung.offset > 0 {
            var left = rung.offset
            while left > 0 {
                day = day.adding(days: 1)
                guard let works = try? calendar.isWorkingDay(day) else { return nil }
                if works { left -= 1 }
            }
        } else if rung.offset < 0 {
            var left = -rung.offset
            while left > 0 {
                day = day.adding(days: -1)
                guard let works = try? calendar.isWorkingDay(day) else { return nil }
                if works { left -= 1 }
            }
        }
        return matter.starts.map { max($0, day) } ?? day
    }

    /// The ledger that sweeps on these days must leave, as `DAY KIND SUBJECT RUNG RECIPIENT`, in order.
    ///
    /// - Parameters:
    ///   - sweeps: day by day in the order in which they happen, with the calendar that was known then.
    func ledger(sweeps: [(day: Int, calendar: WorkingCalendar)], rules: CountyRules) -> [String] {
        var fired: Set<String> = []
        var ledger: [String] = []
        for (index, calendar) in sweeps {
            let today = first.adding(days: index)
            for matter in open(on: index, calendar: calendar, rules: rules) {
                for rung in rules.ladder(of: matter.kind) {
                    guard let day = Self.day(of: rung, matter, calendar: calendar), day <= today,
                        fired.insert("\(matter.kind) \(matter.subject) \(rung.name)").inserted
                    else { continue }
                    var recipients: Set<String> = []
                    for audience in rung.audiences {
                        switch audience {
                        case .inspectors:
                            recipients.formUnion(matter.people.map { "\(matter.department)/inspectors/\($0)" })
                            if matter.people.isEmpty { recipients.insert(matter.department) }
                        case .contact: recipients.insert(matter.department)
                        case .head: recipients.insert("\(matter.department)/head")
                        case .office: recipients.insert("\(Self.lead)/office")
                        case .circular: recipients.insert("\(matter.department)/circular")
                        }
                    }
                    for recipient in recipients {
                        ledger.append("\(today) \(matter.kind) \(matter.subject) \(rung.name) \(recipient)")
                    }
                }
            }
        }
        return ledger.sorted()
    }
}

/// SplitMix64: the same numbers for the same seed.
struct SeededRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
