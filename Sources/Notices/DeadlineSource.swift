import JSON
import Postgres
import Registers

/// Where the deadlines of one kind come from (期限来源): a query over what other slices say, and nothing else.
///
/// The query gives one row for each thing that is or was to be done, with the columns
/// - `subject`: its id within the kind, `recipient`: the department that it binds,
/// - `title`: what is to be done, in Chinese; `entity` and `people`: whom it is about and whose work it is, or `NULL`,
/// - `starts_on`: the day from which it runs, `due_on`: its last day, `NULL` where the calendar ends too early,
/// - `met_at`: when it was done, or `NULL`.
///
/// A row that is not given any more is withdrawn: what was due is due no more.
struct DeadlineSource: Sendable {
    /// The kind, such as `publication`.
    let kind: String
    /// The number's legal basis, in Chinese.
    let basis: String
    /// The tables and views that the query reads; without one of them the kind waits.
    let needs: [String]
    /// The query.
    let query: SQL

    /// Every kind, in the order of an inspection's life.
    static func all(rules: CountyRules, now: Moment, since: Day) -> [DeadlineSource] {
        planning(rules, now: now, since: since) + inspecting(rules) + consequences(rules)
            + reporting(rules, now: now, since: since) + registers(rules, now: now, since: since)
    }
}

extension CountyRules {
    /// What a rule rests on.
    func basis(_ key: String) -> String { rules.first { $0.key == key }?.basis ?? "" }

    /// Working days after a visit within which its result is entered: as the rules of inspections say, where there are
    /// such, so that the notifier and the entry never disagree.
    var resultEntryWorkingDays: Int {
        let terms = rules.first { $0.key == "inspection_terms" }?.value
        return terms?["result_entry"]?["working_days"]?.number ?? deadlines.resultEntry.workingDays
    }

    /// The ladder of a kind of deadline. That of certificates is made of the days on which they are warned of, where the
    /// county has none of its own.
    func ladder(of kind: String) -> [DeadlineRules.Rung] {
        guard kind == "certificate", deadlines.ladders[kind] == nil else { return deadlines.ladder(of: kind) }
        return certificateWarningDays.map {
            DeadlineRules.Rung(
                name: "ahead-\($0)", offset: -$0, countsAllDays: true, audiences: [.inspectors, .contact])
        } + [DeadlineRules.Rung(name: "due", offset: 0, audiences: [.inspectors, .contact, .head])]
    }
}

extension DeadlineRules.Term {
    /// The day of a year that a yearly term names.
    func day(in year: Int) -> Day? {
        guard case .yearly(let month, let day) = self else { return nil }
        return Day(year: year, month: month, day: day)
    }

    /// How many working days it counts; 0 for other terms.
    var workingDays: Int { if case .workingDays(let count) = self { count } else { 0 } }

    /// How many days before the month's last; 0 for other terms.
    var daysBeforeMonthEnd: Int { if case .beforeMonthEnd(let count) = self { count } else { 0 } }
}
