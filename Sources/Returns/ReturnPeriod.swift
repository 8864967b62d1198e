public import Registers

/// What is returned to the joint conference office (联席会议办公室), and how often.
///
/// Source: 固政办发〔2021〕32号 五（五）.
public enum ReturnKind: String, Sendable, CaseIterable {
    /// Each month (月报表).
    case monthly
    /// For January to June (半年工作总结).
    case halfYear = "half-year"
    /// For the year (年度工作总结).
    case annual

    /// As officials call it.
    public var chinese: String {
        switch self {
        case .monthly: "月报表"
        case .halfYear: "半年工作总结"
        case .annual: "年度工作总结"
        }
    }
}

/// The time that a return or summary is about.
public struct ReturnPeriod: Sendable, Hashable {
    /// What is returned.
    public let kind: ReturnKind
    /// `2026-03`, `2026-H1` or `2026`.
    public let name: String
    /// The first day.
    public let first: Day
    /// The last day.
    public let last: Day

    /// Reads `YYYY-MM`, `YYYY-H1` or `YYYY`, as the kind wants it; `nil` for anything else.
    public init?(_ kind: ReturnKind, _ name: String) {
        let months: ClosedRange<Int>
        switch kind {
        case .monthly:
            guard let first = Day(name + "-01") else { return nil }
            months = first.parts.month...first.parts.month
        case .halfYear:
            guard name.utf8.count == 7, name.hasSuffix("-H1") else { return nil }
            months = 1...6
        case .annual:
            guard name.utf8.count == 4 else { return nil }
            months = 1...12
        }
        guard let year = Day(name.prefix(4) + "-01-01")?.year, year >= 2000,
            let first = Day(year: year, month: months.lowerBound, day: 1),
            let next = months.upperBound == 12
                ? Day(year: year + 1, month: 1, day: 1) : Day(year: year, month: months.upperBound + 1, day: 1)
        else { return nil }
        self.kind = kind
        self.name = name
        self.first = first
        self.last = next.adding(days: -1)
    }

    /// From the first day of its year to its last day; `nil` where that is the period itself.
    var yearToDate: (first: Day, last: Day)? {
        guard kind == .monthly, let start = Day(year: first.year, month: 1, day: 1) else { return nil }
        return (start, last)
    }

    /// `2026年3月`, `2026年上半年` or `2026年`.
    public var chinese: String {
        switch kind {
        case .monthly: "\(first.year)年\(first.parts.month)月"
        case .halfYear: "\(first.year)年上半年"
        case .annual: "\(first.year)年"
        }
    }
}

/// A share in parts per million, rounded down, so that one million is said of nothing but the whole; `nil` of nothing.
public func partsPerMillion(_ part: Int, of whole: Int) -> Int? {
    whole > 0 ? part * 1_000_000 / whole : nil
}

/// A share in percent with all its digits, such as `33.3333%`, or `—` of nothing.
public func percent(_ ppm: Int?) -> String {
    guard let ppm else { return "—" }
    let digits = String(ppm % 10_000)
    var fraction = String(repeating: "0", count: 4 - digits.count) + digits
    while fraction.hasSuffix("0") { fraction.removeLast() }
    return "\(ppm / 10_000)" + (fraction.isEmpty ? "" : "." + fraction) + "%"
}
