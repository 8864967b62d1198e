/// Why a piece of a cell is not understood, and what to write instead.
enum PlanDoubt: Int, Hashable, Comparable {
    /// A number with nothing that says of what.
    case numberWithoutUnit
    /// A number whose meaning is not certain: a date, a fraction that is not exact, a frequency that is none of a year.
    case number
    /// A word that makes the statement uncertain.
    case hedge
    /// Words that are not known, or a broken statement.
    case piece
    case classWithoutShare
    /// A share or count for a month or quarter.
    case shareOfSpan
    /// People, in a line that is not about people: inspectors perhaps.
    case people
    /// A share of some of the line's objects only, or of objects that the line does not name.
    case part
    /// Several numbers that do not agree.
    case several
    /// A number of objects that may be the pool's size.
    case poolOrCount
    /// Classes with frequencies or counts of their own.
    case byClass
    /// A rule that is named, not stated.
    case reference
    /// More than anybody writes into such a cell.
    case tooLong
    /// Neither rate nor count.
    case empty

    /// The more telling of two comes last.
    static func < (a: PlanDoubt, b: PlanDoubt) -> Bool { a.rank < b.rank }

    private var rank: Int {
        switch self {
        case .piece: 0
        case .number, .part: 1
        case .numberWithoutUnit: 2
        case .classWithoutShare: 3
        default: 4 + rawValue
        }
    }
}
