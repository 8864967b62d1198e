/// A number as it stands in the text, exact: in figures (`1,200`, `0.5`) or in Chinese numerals (十五、二十、两).
struct Figure: Hashable {
    /// The number without its decimal point.
    let digits: Int
    /// How many of the digits stand behind the point.
    let decimals: Int
    /// How many characters of figures it has before the point; 0 for Chinese numerals.
    let width: Int

    /// The number, when it is whole.
    var whole: Int? { decimals == 0 ? digits : nil }

    /// The number times `factor`, when that is whole.
    func times(_ factor: Int) -> Int? {
        let (product, overflow) = digits.multipliedReportingOverflow(by: factor)
        guard !overflow else { return nil }
        let divisor = (0..<decimals).reduce(1) { value, _ in value * 10 }
        return product.isMultiple(of: divisor) ? product / divisor : nil
    }

    /// Reads a number at a place; nothing when none begins there.
    ///
    /// - Parameter dates: whether a point or comma parts two numbers, as in `2024.3.1`.
    /// - Returns: where the number ends; without a figure when the characters are no number that can be told for certain.
    static func read(_ text: PlanText, at start: Int, dates: Bool) -> (figure: Figure?, end: Int)? {
        let plain = text.plain
        func isDigit(_ at: Int) -> Bool { at < plain.count && ("0"..."9").contains(plain[at]) }
        func run(_ at: Int) -> Int {
            var end = at
            while isDigit(end) { end += 1 }
            return end
        }
        guard isDigit(start) else { return dates ? chinese(plain, at: start) : chineseFraction(plain, at: start) }
        var end = run(start)
        var scalars = Array(plain[start..<end])
        if !dates, end - start <= 3 {
            // Only the half-width comma groups thousands, and only in threes: the other one parts items of a list.
            while end < plain.count, text.isWritten(",", at: end), run(end + 1) == end + 4 {
                scalars += plain[(end + 1)..<(end + 4)]
                end += 4
            }
        }
        let width = scalars.count
        if !dates, end < plain.count, plain[end] == ".", isDigit(end + 1) {
            let last = run(end + 1)
            scalars += plain[(end + 1)..<last]
            end = last
        }
        // 03.5% has lost or gained a digit; a day may be written 03.
        let isPadded = !dates && width > 1 && scalars[0] == "0"
        guard scalars.count <= 12, !isPadded else { return (nil, end) }
        let digits = scalars.reduce(0) { $0 * 10 + Int($1.value - 48) }
        return (Figure(digits: digits, decimals: scalars.count - width, width: width), end)
    }

    private static let numerals: [Unicode.Scalar: Int] = [
        "〇": 0, "零": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9,
    ]
    private static let powers: [Unicode.Scalar: Int] = ["十": 10, "百": 100, "千": 1_000]

    /// Reads Chinese numerals below ten thousand (十五, 二十, 一百零五, 两千), and years digit by digit (二〇二四).
    private static func chinese(_ plain: [Unicode.Scalar], at start: Int) -> (figure: Figure?, end: Int)? {
        var end = start
        while end < plain.count, numerals[plain[end]] != nil || powers[plain[end]] != nil { end += 1 }
        guard end > start else { return nil }
        let digits = plain[start..<end].compactMap { numerals[$0] }
        if digits.count == 4, end - start == 4 {
            return (Figure(digits: digits.reduce(0) { $0 * 10 + $1 }, decimals: 0, width: 0), end)
        }
        return (value(plain[start..<end]).map { Figure(digits: $0, decimals: 0, width: 0) }, end)
    }

    /// Reads Chinese numerals with or without a decimal point: 三点五, 零点二五.
    private static func chineseFraction(_ plain: [Unicode.Scalar], at start: Int) -> (figure: Figure?, end: Int)? {
        guard let (whole, point) = chinese(plain, at: start) else { return nil }
        var end = point + 1
        while end < plain.count, numerals[plain[end]] != nil { end += 1 }
        guard point < plain.count, plain[point] == "点", end > point + 1 else { return (whole, point) }
        let fraction = plain[(point + 1)..<end].compactMap { numerals[$0] }
        let isWhole = end == plain.count || powers[plain[end]] == nil
        guard let whole, fraction.count <= 6, isWhole else { return (nil, end) }
        let digits = fraction.reduce(whole.digits) { $0 * 10 + $1 }
        return (Figure(digits: digits, decimals: fraction.count, width: 0), end)
    }

    private static func value(_ scalars: ArraySlice<Unicode.Scalar>) -> Int? {
        if scalars.count == 1, let only = scalars.first { return numerals[only] ?? (only == "十" ? 10 : nil) }
        var total = 0
        var digit: Int?
        /// What the next digit counts when no power follows it; 一百二 is 120 in speech, so it is not read at all.
        var unit = 1
        var ceiling = 10_000
        for scalar in scalars {
            if let power = powers[scalar] {
                // Only ten may stand without a digit before it: 十五.
                guard power < ceiling, digit != nil || (power == 10 && total == 0) else { return nil }
                total += (digit ?? 1) * power
                digit = nil
                unit = power / 10
                ceiling = power
            } else if scalar == "零" || scalar == "〇" {
                guard digit == nil, total > 0, unit > 1 else { return nil }
                unit = 1
            } else {
                guard digit == nil else { return nil }
                digit = numerals[scalar]
            }
        }
        guard digit == nil || unit == 1 && total > 0 else { return nil }
        return total + (digit ?? 0)
    }
}
