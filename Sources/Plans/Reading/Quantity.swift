/// A number with its unit and bounds, as a statement of a cell says it.
struct Quantity: Hashable {
    /// What a quantity is of.
    enum Content: Hashable {
        /// A share of the pool, in parts per million.
        case share(Bounds)
        /// Objects to be drawn, and the token of their unit.
        case count(Bounds, unit: Int)
        /// How often within a span of time; the spans in a year, when the span stands behind the number.
        case times(Int, spansPerYear: Int?)
    }

    let content: Content
    /// The bound before the number; in a list it may hold for all.
    let bound: PlanWord?

    /// The share, when it is one.
    var share: Bounds? {
        guard case .share(let range) = content else { return nil }
        return range
    }
}

/// Reads quantities from the tokens of a cell. What it does not read for certain it does not read at all.
struct QuantityGrammar {
    let text: PlanText
    let tokens: [PlanToken]

    typealias Read<Value> = (Value, next: Int)

    func word(_ at: Int) -> PlanWord? { at < tokens.count ? tokens[at].word : nil }

    func plain(_ at: Int) -> String { at < tokens.count ? text.plain(tokens[at].range) : "" }

    func figure(_ at: Int) -> Figure? { at < tokens.count ? tokens[at].figure : nil }

    /// The first place from `at` on that is no blank.
    func skipSpaces(_ at: Int) -> Int {
        var at = at
        while at < tokens.count, tokens[at].kind == .space { at += 1 }
        return at
    }

    /// Reads one quantity: a bound, a number or a range of two, their unit, a bound behind.
    func quantity(at start: Int) -> Read<Quantity>? {
        var at = skipSpaces(start)
        var bound: PlanWord?
        if let word = word(at), [.atLeast, .atMost, .exactly].contains(word) {
            bound = word == .exactly ? nil : word
            at = skipSpaces(at + 1)
        }
        if let (content, next) = share(at) ?? count(at) ?? times(at) { return bounded(content, by: bound, at: next) }
        if case .every(let spans) = word(at), case .times(let number, nil) = times(skipSpaces(at + 1))?.0 {
            let next = skipSpaces(skipSpaces(at + 1) + 1) + 1
            return bounded(.times(number, spansPerYear: spans), by: bound, at: next)
        }
        // 「不超过名录库的20%」: what the share is of stands between its bound and itself.
        guard bound != nil else { return nil }
        var number = at
        while word(number) == .filler { number += 1 }
        if let (content, next) = share(number) ?? count(number) ?? times(number) {
            return bounded(content, by: bound, at: next)
        }
        var isNamed = true
        let naming: [PlanWord?] = [.filler, .noun, .ofPool, .base, .unit, .grade]
        while number < tokens.count,
            naming.contains(word(number)) || tokens[number].kind == .unknown || isAllOf(number)
        {
            if tokens[number].kind == .unknown || word(number) == .grade { isNamed = false }
            if word(number) == .base { isNamed = true }
            number += 1
        }
        // Words that are not known may stand there only where 总数的 or the like says that they name the pool.
        guard isNamed else { return nil }
        return share(number).flatMap { content, next in bounded(content, by: bound, at: next) }
    }

    /// Applies the bounds before and behind a quantity, and reads the span of time that it is for.
    private func bounded(_ content: Quantity.Content, by bound: PlanWord?, at start: Int) -> Read<Quantity>? {
        var at = start
        var content = content
        var bounds = bound.map { [$0] } ?? []
        let behind = skipSpaces(at)
        if word(behind) == .orMore || word(behind) == .orLess {
            bounds.append(word(behind) == .orMore ? .atLeast : .atMost)
            at = behind + 1
            // 「100户以上企业3%」: how large those are whose share it is.
            var objects = at
            while word(objects) == .noun || word(objects) == .filler { objects += 1 }
            if case .count = content, word(at) == .noun || plain(at) == "的", quantity(at: objects)?.0.share != nil {
                return nil
            }
        }
        // 不少于5户以上 says one thing twice; two that differ say nothing certain.
        guard Set(bounds).count <= 1 else { return nil }
        let isTimes = if case .times = content { true } else { false }
        switch spanBehind(at, afterTimes: isTimes) {
        case .none: break
        case .unclear: return nil
        case .some(let spans, let next):
            switch content {
            case .times(let number, nil): content = .times(number, spansPerYear: spans)
            case .times: return nil
            // A share or count for a part of the year is none of the year.
            default: guard spans == 1 else { return nil }
            }
            at = next
        }
        guard word(skipSpaces(at)) != .hedge else { return nil }
        if let direction = bounds.first {
            switch content {
            case .share(let range):
                guard let range = range.opened(direction) else { return nil }
                content = .share(range)
            case .count(let range, let unit):
                guard let range = range.opened(direction) else { return nil }
                content = .count(range, unit: unit)
            case .times:
                // A ceiling does not say how often.
                guard direction == .atLeast else { return nil }
            }
        }
        return (Quantity(content: content, bound: bound), at)
    }

    /// Whether 全部 or 所有 says of which objects the share is that follows: 「所有企业的5%」.
    func isAllOf(_ start: Int) -> Bool {
        guard ["全部", "所有"].contains(plain(start)) else { return false }
        var at = start + 1
        var isNamed = false
        while at < tokens.count {
            switch tokens[at].kind {
            case .unknown, .letters, .word(.noun), .word(.named), .word(.grade): isNamed = true
            case .word(.filler), .word(.ofPool), .word(.base), .word(.ofRate), .space: break
            default: return isNamed && quantity(at: at)?.0.share != nil
            }
            at += 1
        }
        return false
    }

    // MARK: Shares

    /// A share, or a number that gets its unit from the other end of its range.
    private enum End {
        case bare(Figure)
        case share(ppm: Int, unit: Int)

        func ppm(unit: Int) -> Int? {
            switch self {
            case .bare(let figure): figure.times(unit)
            case .share(let ppm, _): ppm
            }
        }
    }

    private func share(_ at: Int) -> Read<Quantity.Content>? {
        if case .fixed(let ppm) = word(at), !isAllOf(at) { return (.share(Bounds(exactly: ppm)), at + 1) }
        guard let (low, next) = shareEnd(at) else { return nil }
        let mark = skipSpaces(next)
        guard word(mark) == .range else {
            guard case .share(let ppm, _) = low, ppm <= 1_000_000 else { return nil }
            return (.share(Bounds(exactly: ppm)), next)
        }
        guard let (high, end) = shareEnd(skipSpaces(mark + 1)) else { return nil }
        // 10-20%, 百分之二至五: the unit of the one is that of both.
        let unit: Int
        switch (low, high) {
        case (_, .share(_, let given)): unit = given
        case (.share(_, let given), .bare) where word(at)?.isShareBefore == true: unit = given
        default: return nil
        }
        guard let least = low.ppm(unit: unit), let most = high.ppm(unit: unit), least <= most, most <= 1_000_000 else {
            return nil
        }
        return (.share(Bounds(least: least, most: most)), end)
    }

    private func shareEnd(_ at: Int) -> Read<End>? {
        if case .shareOf(let unit) = word(at), let figure = figure(at + 1), let ppm = figure.times(unit) {
            return (.share(ppm: ppm, unit: unit), at + 2)
        }
        guard let figure = figure(at) else { return nil }
        let behind = skipSpaces(at + 1)
        if case .share(let unit) = word(behind) {
            return figure.times(unit).map { (.share(ppm: $0, unit: unit), behind + 1) }
        }
        if word(behind) == .fraction, let upper = self.figure(behind + 1)?.whole, let lower = figure.whole, lower > 0 {
            // 三分之一 is no whole number of parts per million.
            guard (upper * 1_000_000).isMultiple(of: lower), upper <= lower else { return nil }
            return (.share(ppm: upper * 1_000_000 / lower, unit: 1), behind + 2)
        }
        return (.bare(figure), at + 1)
    }

    // MARK: Counts

    private func count(_ at: Int) -> Read<Quantity.Content>? {
        guard let low = figure(at)?.whole, low > 0 else { return nil }
        var next = skipSpaces(at + 1)
        let ownUnit = word(next) == .unit
        if ownUnit { next = skipSpaces(next + 1) }
        guard word(next) == .range else {
            return ownUnit ? (.count(Bounds(exactly: low), unit: skipSpaces(at + 1)), skipSpaces(at + 1) + 1) : nil
        }
        let second = skipSpaces(next + 1)
        let unit = skipSpaces(second + 1)
        guard let high = figure(second)?.whole, word(unit) == .unit, low <= high else { return nil }
        guard !ownUnit || plain(skipSpaces(at + 1)) == plain(unit) else { return nil }
        return (.count(Bounds(least: low, most: high), unit: unit), unit + 1)
    }

    // MARK: Times

    private func times(_ at: Int) -> Read<Quantity.Content>? {
        guard let number = figure(at)?.whole, (1...366).contains(number) else { return nil }
        let behind = skipSpaces(at + 1)
        return word(behind) == .times ? (.times(number, spansPerYear: nil), behind + 1) : nil
    }

    private enum Span {
        case none, unclear
        case some(perYear: Int, next: Int)
    }

    /// The span of time behind a quantity: `/年`, `/季度`, `/3个月`, 每年.
    private func spanBehind(_ start: Int, afterTimes: Bool) -> Span {
        var at = skipSpaces(start)
        let slash = word(at) == .slash
        if slash { at = skipSpaces(at + 1) }
        switch word(at) {
        case .every(let spans) where slash || afterTimes: return .some(perYear: spans, next: at + 1)
        case .span(let spans) where slash: return .some(perYear: spans, next: at + 1)
        // 3户/次, 5%/批: for each of something that is no span of time.
        case .unevenSpan, .times, .unit, .noun: return slash || word(at) == .unevenSpan ? .unclear : .none
        default: break
        }
        guard slash, let number = figure(at)?.whole, number > 0 else { return .none }
        switch word(at + 1) {
        case .span(let spans): return number == 1 ? .some(perYear: spans, next: at + 2) : .unclear
        case .months where (12).isMultiple(of: number): return .some(perYear: 12 / number, next: at + 2)
        case .months: return .unclear
        default: return .none
        }
    }
}

extension PlanWord {
    /// Whether it is a share's unit that stands before its number.
    var isShareBefore: Bool {
        if case .shareOf = self { true } else { false }
    }
}

extension Bounds {
    /// An exact number as a floor or a ceiling; nothing when the number is a range already.
    func opened(_ bound: PlanWord) -> Bounds? {
        guard let exact else { return nil }
        return bound == .atLeast ? Bounds(least: exact, most: nil) : Bounds(least: nil, most: exact)
    }
}
