import Registers

/// Who is told at a rung of a deadline's ladder.
enum Audience: String, Sendable {
    /// The department that the deadline binds.
    case department
    /// The lead department of the joint conference (牵头部门).
    case lead
}

/// One step of a ladder: so many working days from the day on which something is due.
struct RungRule: Sendable, Hashable {
    /// Its name, such as `approaching`.
    let name: String
    /// Working days after the due day; negative before it.
    let offset: Int
    /// Who is told.
    let audience: Audience
    /// Where the number comes from.
    let basis: String
}

/// How long something may take, in working days (工作日), with its legal basis.
struct DeadlineRule: Sendable, Hashable {
    /// The kind of deadline.
    let kind: String
    /// Working days from the day after it starts.
    let workingDays: Int
    /// Where the number comes from.
    let basis: String
    /// The ladder of reminders.
    let rungs: [RungRule]
}

/// The days of one deadline. A day that the calendar doesn't reach is unknown, never guessed.
struct PlannedDeadline: Sendable, Hashable {
    /// The last day in time.
    let dueOn: Day?
    /// The day of each rung, in the order of the rule.
    let rungs: [Day?]
    /// Why a day is unknown.
    let problem: String?
}

extension DeadlineRule {
    /// The days of a deadline that starts to run after `start`.
    ///
    /// - Parameters:
    ///   - start: such as the day on which an inspection ended; it does not count.
    ///   - calendar: which days are worked.
    func planned(from start: Day, calendar: WorkingCalendar) -> PlannedDeadline {
        var problem: String?
        // The third working day before the tenth is the seventh: all days are counted forward from the start. A rung
        // cannot lie before the start.
        func day(after count: Int) -> Day? {
            if count <= 0 { return start }
            do {
                return try calendar.adding(workingDays: count, to: start)
            } catch {
                problem = problem ?? "\(error)"
                return nil
            }
        }
        let dueOn = day(after: workingDays)
        let rungs = rungs.map { day(after: workingDays + $0.offset) }
        return PlannedDeadline(dueOn: dueOn, rungs: rungs, problem: problem)
    }
}
