/// A place in time as a plan names it: a day, or a stretch with a first and a last day.
struct WindowPoint: Hashable {
    /// What is named.
    enum Kind: Hashable {
        case year
        case half(Int)
        case quarter(Int)
        case month(Int)
        /// A third of a month (上旬、中旬、下旬), from 0.
        case third(month: Int, Int)
        case day(month: Int, Int)
        /// 底, 末: the end of a month, a quarter or the year; only its last day is named.
        case endOfMonth(Int)
        case endOfQuarter(Int)
        case endOfYear
        /// A number whose unit stands at the other end of the range: 3-12月.
        case bare(Int)
        /// A day whose month stands at the other end: 3月1日-15日.
        case bareDay(Int)
    }

    var kind: Kind
    /// The year, where it stands beside it.
    var year: Int?
    /// 次年.
    var isNextYear = false
    /// Whether it is written with points or strokes: 2024.3.1.
    var isDotted = false

    /// The first month, where it is a stretch of whole months, and the last.
    var months: ClosedRange<Int>? {
        switch kind {
        case .year: 1...12
        case .half(let half): half == 1 ? 1...6 : 7...12
        case .quarter(let quarter): (quarter * 3 - 2)...(quarter * 3)
        case .month(let month): month...month
        default: nil
        }
    }

    /// Its first day; nothing where the text names only an end.
    func first(year: Int?) -> PlanDay? {
        if let months { return PlanDay(year: year, month: months.lowerBound, day: 1) }
        switch kind {
        case .third(let month, let third): return PlanDay(year: year, month: month, day: third * 10 + 1)
        case .day(let month, let day): return PlanDay(year: year, month: month, day: day)
        default: return nil
        }
    }

    /// Its last day; nothing for February of an unknown year.
    func last(year: Int?) -> PlanDay? {
        func end(_ month: Int) -> PlanDay? {
            PlanDay.lastDay(ofMonth: month, year: year).flatMap { PlanDay(year: year, month: month, day: $0) }
        }
        if let months { return end(months.upperBound) }
        switch kind {
        case .third(let month, let third):
            return third == 2 ? end(month) : PlanDay(year: year, month: month, day: third * 10 + 10)
        case .day(let month, let day): return PlanDay(year: year, month: month, day: day)
        case .endOfMonth(let month): return end(month)
        case .endOfQuarter(let quarter): return end(quarter * 3)
        case .endOfYear: return end(12)
        default: return nil
        }
    }
}

/// Reads places in time from tokens.
struct WindowPointGrammar {
    let tokens: [PlanToken]

    func word(_ at: Int) -> PlanWord? { at < tokens.count ? tokens[at].word : nil }

    private func figure(_ at: Int) -> Figure? { at < tokens.count ? tokens[at].figure : nil }

    /// Reads one place in time; nothing when none begins here, or when there is no such day.
    ///
    /// - Parameter dotted: whether 10.31 is a day, because a date with points stands before it.
    func point(at start: Int, dotted: Bool = false) -> (WindowPoint, next: Int)? {
        guard let (point, next) = compact(start) ?? separated(start, dotted: dotted) ?? spelled(start) else {
            return nil
        }
        return point.isValid ? (point, next) : nil
    }

    /// 20240301
    private func compact(_ at: Int) -> (WindowPoint, next: Int)? {
        guard let figure = figure(at), figure.width == 8 else { return nil }
        let (year, month, day) = (figure.digits / 10_000, figure.digits / 100 % 100, figure.digits % 100)
        guard Self.years.contains(year) else { return nil }
        return (WindowPoint(kind: .day(month: month, day), year: year, isDotted: true), at + 1)
    }

    /// 2024.3, 2024/3/1, 2024-03-01; behind such a day also 10.31.
    private func separated(_ at: Int, dotted: Bool) -> (WindowPoint, next: Int)? {
        guard let first = figure(at), let mark = word(at + 1), [.dot, .slash, .range].contains(mark),
            let second = figure(at + 2), (1...2).contains(second.width)
        else { return nil }
        guard first.width == 4, Self.years.contains(first.digits) else {
            guard dotted, mark != .range, (1...2).contains(first.width), word(at + 3) != mark else { return nil }
            return (WindowPoint(kind: .day(month: first.digits, second.digits), isDotted: true), at + 3)
        }
        // The unit behind the second number would make this a range of something else: 2024-11月.
        guard word(at + 3) != .month, word(at + 3) != .day, word(at + 3) != .quarter else { return nil }
        if word(at + 3) == mark, let third = figure(at + 4), (1...2).contains(third.width) {
            let next = word(at + 5) == .day ? at + 6 : at + 5
            return (
                WindowPoint(kind: .day(month: second.digits, third.digits), year: first.digits, isDotted: true), next
            )
        }
        return (WindowPoint(kind: .month(second.digits), year: first.digits, isDotted: true), at + 3)
    }

    /// 2024年3月1日, 三季度, 上半年, 11月底, 年底
    private func spelled(_ start: Int) -> (WindowPoint, next: Int)? {
        var at = start
        var year: Int?
        var isNextYear = false
        if let figure = figure(at), Self.years.contains(figure.digits), figure.width == 4 || figure.width == 0,
            word(at + 1) == .year
        {
            year = figure.digits
            at += 2
        } else if word(at) == .nextYear {
            isNextYear = true
            at += 1
        }
        func point(_ kind: WindowPoint.Kind, _ next: Int) -> (WindowPoint, next: Int) {
            (WindowPoint(kind: kind, year: year, isNextYear: isNextYear), next)
        }
        switch word(at) {
        case .wholeYear: return point(.year, at + 1)
        case .firstHalf: return point(.half(1), at + 1)
        case .secondHalf: return point(.half(2), at + 1)
        case .year where word(at + 1) == .end: return point(.endOfYear, at + 2)
        case .end where year != nil || isNextYear: return point(.endOfYear, at + 1)
        default: break
        }
        if word(at) == .ordinal, figure(at + 1) != nil { at += 1 }
        guard let number = figure(at)?.whole else { return year == nil ? nil : point(.year, at) }
        switch word(at + 1) {
        case .quarter:
            return word(at + 2) == .end ? point(.endOfQuarter(number), at + 3) : point(.quarter(number), at + 2)
        case .day: return year == nil && !isNextYear ? point(.bareDay(number), at + 2) : nil
        case .month: break
        default: return point(.bare(number), at + 1)
        }
        at += 2
        if case .third(let third) = word(at) { return point(.third(month: number, third), at + 1) }
        if word(at) == .end { return point(.endOfMonth(number), at + 1) }
        if let day = figure(at)?.whole {
            if word(at + 1) == .day { return point(.day(month: number, day), at + 2) }
            // 6月1-30日: the unit stands behind the second number.
            if word(at + 1) == .range, figure(at + 2) != nil, word(at + 3) == .day {
                return point(.day(month: number, day), at + 1)
            }
        }
        return point(.month(number), at)
    }

    private static let years = 2000...2099
}

extension WindowPoint {
    /// Whether there is such a month, quarter or day.
    var isValid: Bool {
        switch kind {
        case .year, .half, .endOfYear: true
        case .quarter(let quarter), .endOfQuarter(let quarter): (1...4).contains(quarter)
        case .month(let month), .endOfMonth(let month), .third(let month, _): (1...12).contains(month)
        case .day(let month, let day): PlanDay(year: year ?? 2000, month: month, day: day) != nil
        case .bare(let number): (1...12).contains(number)
        case .bareDay(let day): (1...31).contains(day)
        }
    }
}
