/// Reads the cell that says from when to when (抽查时间).
struct WindowReader {
    private(set) var window = PlanWindow()
    /// Pieces that are not understood, as written.
    private(set) var doubts: [(text: String, doubt: WindowDoubt)] = []

    private let text: PlanText
    private let year: Int?

    /// Reads a cell. Where a line is broken, the break may part statements or not: both ways must not say different things.
    ///
    /// - Parameter year: the year of the plan, where its title names it.
    static func read(_ cell: String, year: Int?) -> WindowReader {
        let parted = WindowReader(cell, year: year, breaks: .part)
        guard cell.contains(where: \.isNewline) else { return parted }
        let joined = WindowReader(cell, year: year, breaks: .join)
        guard joined.doubts.isEmpty else { return parted }
        guard parted.doubts.isEmpty, parted.window != joined.window else { return joined }
        var doubtful = parted
        doubtful.doubts = [(cell, .several)]
        return doubtful
    }

    private init(_ cell: String, year: Int?, breaks: PlanText.Breaks) {
        text = PlanText(cell, breaks: breaks)
        self.year = year
        let tokens = Self.withYear(PlanToken.tokens(of: text, vocabulary: .windows, dates: true))
        var windows: [(window: PlanWindow, range: Range<Int>)] = []
        for clause in Self.clauses(tokens) {
            guard let first = clause.first, let last = clause.last else { continue }
            let range = first.range.lowerBound..<last.range.upperBound
            switch read(clause) {
            case .success(let window): windows.append((window, range))
            case .failure(let doubt):
                if case .februaryWithoutYear(let first) = doubt { windows.append((PlanWindow(first: first), range)) }
                doubts.append((text.written(range), doubt))
            }
        }
        if Set(windows.map(\.window)).count == 1 {
            window = windows[0].window
        } else if let first = windows.first, let last = windows.last {
            doubts.append((text.written(first.range.lowerBound..<last.range.upperBound), .several))
        }
    }

    /// 「2025年（3月—11月）」 without its parentheses: the year is that of the months.
    private static func withYear(_ tokens: [PlanToken]) -> [PlanToken] {
        let marks = tokens.indices.filter { [.open, .close].contains(tokens[$0].word) }
        guard tokens.count > 4, tokens[0].figure?.width == 4, tokens[1].word == .year, marks == [2, tokens.count - 1],
            !tokens.dropFirst(2).contains(where: { $0.word == .year })
        else { return tokens }
        return tokens.filter { $0.word != .open && $0.word != .close }
    }

    /// The parts of a cell between commas and parentheses, without blanks, and without those that say nothing.
    private static func clauses(_ tokens: [PlanToken]) -> [[PlanToken]] {
        tokens.split { [.soft, .strong, .open, .close].contains($0.word) }
            .map { $0.filter { $0.kind != .space } }
            .filter { clause in !clause.allSatisfy { $0.word == .filler } }
    }

    private func read(_ clause: [PlanToken]) -> Result<PlanWindow, WindowDoubt> {
        if clause.contains(where: { $0.word == .hedge }) { return .failure(.hedge) }
        if clause.contains(where: { $0.kind == .unknown || $0.kind == .brokenFigure }) { return .failure(.piece) }
        if clause.contains(where: { if case .letters = $0.kind { true } else { false } }) { return .failure(.piece) }
        for token in clause {
            switch token.word {
            case .every(1): break
            case .every, .unevenSpan: return .failure(.frequency)
            default: break
            }
        }
        // 12月20日前公示: until when it is published says nothing of the inspection.
        let words = clause.map { text.plain($0.range) }
        let isPublished = words.contains { ["公示", "录入"].contains($0) }
        if isPublished, !words.contains("并"), !words.contains(where: { $0.contains("抽查") || $0.contains("检查") }) {
            return .failure(.piece)
        }
        let kept = clause.filter { $0.word != .filler && $0.word != .every(1) }
        return span(WindowPointGrammar(tokens: kept))
    }

    /// One stretch of time, as every form of writing it has it.
    private func span(_ grammar: WindowPointGrammar) -> Result<PlanWindow, WindowDoubt> {
        let count = grammar.tokens.count
        let isUntil = grammar.word(0) == .until || grammar.word(0) == .range
        guard let (first, next) = grammar.point(at: isUntil ? 1 : 0) else { return .failure(doubt(grammar)) }
        if isUntil {
            let end = grammar.word(next) == .before ? next + 1 : next
            return end == count ? deadline(first) : .failure(doubt(grammar))
        }
        if next == count { return single(first, doubt(grammar)) }
        switch grammar.word(next) {
        case .before, .until:
            return next + 1 == count ? deadline(first) : .failure(doubt(grammar))
        case .since where next + 1 == count: return beginning(first, doubt(grammar))
        case .since where grammar.word(next + 1) == .range: return range(first, grammar, next + 2)
        case .range: return range(first, grammar, next + 1)
        case .list: return list(first, grammar, next)
        default: return .failure(doubt(grammar))
        }
    }

    // MARK: Forms

    /// 3月, 三季度, 2024年; of 11月底 only the last day is named.
    private func single(_ point: WindowPoint, _ doubt: WindowDoubt) -> Result<PlanWindow, WindowDoubt> {
        switch point.kind {
        case .bare, .bareDay: return .failure(doubt)
        case .day: return .failure(.singleDay)
        case .endOfMonth, .endOfQuarter, .endOfYear: return deadline(point)
        default: return window(point, point)
        }
    }

    /// 11月底前, 10月31日前. Whether 11月前 includes November nobody can tell.
    private func deadline(_ point: WindowPoint) -> Result<PlanWindow, WindowDoubt> {
        switch point.kind {
        case .endOfMonth, .endOfQuarter, .endOfYear, .day:
            guard !point.isNextYear || year != nil else { return .failure(.yearUnknown) }
            let year = point.year ?? year.map { point.isNextYear ? $0 + 1 : $0 }
            guard let last = point.last(year: year) else {
                return .failure(year == nil ? .februaryWithoutYear(first: nil) : .piece)
            }
            return .success(PlanWindow(last: last))
        default: return .failure(.unclearEnd)
        }
    }

    private func beginning(_ point: WindowPoint, _ doubt: WindowDoubt) -> Result<PlanWindow, WindowDoubt> {
        guard !point.isNextYear, let first = point.first(year: point.year ?? year) else { return .failure(doubt) }
        return .success(PlanWindow(first: first))
    }

    private func range(
        _ first: WindowPoint, _ grammar: WindowPointGrammar, _ at: Int
    ) -> Result<PlanWindow, WindowDoubt> {
        let dotted = if case .day = first.kind { first.isDotted } else { false }
        guard var (second, next) = grammar.point(at: at, dotted: dotted) else { return .failure(doubt(grammar)) }
        if grammar.word(next) == .before {
            // 9月—10月前: whether October is in it nobody can tell.
            if case .failure(let doubt) = deadline(second) { return .failure(doubt) }
            next += 1
        }
        guard next == grammar.tokens.count else { return .failure(doubt(grammar)) }
        var first = first
        if case .bare(let number) = first.kind {
            switch second.kind {
            case .month, .endOfMonth: first.kind = .month(number)
            case .quarter: first.kind = .quarter(number)
            default: return .failure(.numberWithoutUnit)
            }
        }
        if case .bare = second.kind { return .failure(.piece) }
        if case .bareDay(let day) = second.kind {
            guard case .day(let month, _) = first.kind, second.year == nil else { return .failure(doubt(grammar)) }
            second.kind = .day(month: month, day)
        }
        guard first.isValid, second.isValid else { return .failure(.piece) }
        return window(first, second)
    }

    /// 5月、6月: one stretch when the months go on; with a gap it is none.
    private func list(
        _ first: WindowPoint, _ grammar: WindowPointGrammar, _ start: Int
    ) -> Result<PlanWindow, WindowDoubt> {
        var points = [first]
        var at = start
        while grammar.word(at) == .list {
            guard let (point, next) = grammar.point(at: at + 1) else { return .failure(doubt(grammar)) }
            points.append(point)
            at = next
        }
        guard at == grammar.tokens.count, let last = points.last else { return .failure(doubt(grammar)) }
        // 二、三季度: the unit behind the last is that of all.
        for index in points.indices {
            guard case .bare(let number) = points[index].kind else { continue }
            switch last.kind {
            case .month, .endOfMonth: points[index].kind = .month(number)
            case .quarter: points[index].kind = .quarter(number)
            default: return .failure(.numberWithoutUnit)
            }
        }
        guard points.dropFirst().allSatisfy({ $0.year == nil && !$0.isNextYear }) else { return .failure(.several) }
        let months = points.compactMap(\.months)
        guard months.count == points.count else { return .failure(.several) }
        let goesOn = zip(months, months.dropFirst()).allSatisfy { $0.upperBound + 1 == $1.lowerBound }
        return goesOn ? window(points[0], points[points.count - 1]) : .failure(.gap)
    }

    private func window(_ first: WindowPoint, _ second: WindowPoint) -> Result<PlanWindow, WindowDoubt> {
        guard !first.isNextYear else { return .failure(.piece) }
        let from = first.year ?? year
        // Of 「3月—2024年10月」 the first year is that of the second only when the plan is of that year.
        guard first.year != nil || second.year == nil || second.year == year else { return .failure(.yearUnknown) }
        guard !second.isNextYear || from != nil else { return .failure(.yearUnknown) }
        let to = second.year ?? from.map { second.isNextYear ? $0 + 1 : $0 }
        guard let begin = first.first(year: from) else { return .failure(.piece) }
        guard let end = second.last(year: to) else {
            return .failure(to == nil ? .februaryWithoutYear(first: begin) : .piece)
        }
        guard begin <= end else { return .failure(.backwards) }
        return .success(PlanWindow(first: begin, last: end))
    }

    /// What is wrong with a clause that is no stretch of time.
    private func doubt(_ grammar: WindowPointGrammar) -> WindowDoubt {
        let hasUnit = grammar.tokens.contains { token in
            switch token.word {
            case .month, .quarter, .day, .year: true
            default: false
            }
        }
        return !hasUnit && grammar.tokens.contains { $0.figure != nil } ? .numberWithoutUnit : .piece
    }
}

/// Why a window is not understood.
enum WindowDoubt: Error, Hashable {
    case numberWithoutUnit, piece, hedge, frequency, several, gap, singleDay, unclearEnd, backwards, yearUnknown
    case februaryWithoutYear(first: PlanDay?)
}
