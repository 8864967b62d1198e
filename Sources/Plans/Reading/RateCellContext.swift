/// What stands around a number and says what it is of.
extension RateCellReader {
    /// Blanks out the numbers of a numbered list, 「1.…；2.…」 or 「（一）…（二）…」, when they count from one without a gap.
    static func withoutNumbering(_ tokens: [PlanToken]) -> [PlanToken] {
        func word(_ at: Int) -> PlanWord? { tokens.indices.contains(at) ? tokens[at].word : nil }
        var marks: [(number: Int?, range: Range<Int>)] = []
        for at in tokens.indices where at == 0 || word(at - 1) == .strong || word(at - 1) == .soft {
            let isInParentheses = word(at) == .open
            let figure = isInParentheses ? at + 1 : at
            guard tokens.indices.contains(figure), let number = tokens[figure].figure?.whole else { continue }
            let ends: [PlanWord?] = isInParentheses ? [.close] : [.strong, .list]
            guard ends.contains(word(figure + 1)), tokens.indices.contains(figure + 2) else { continue }
            marks.append((number, at..<figure + 2))
        }
        guard marks.count > 1, marks.map(\.number) == (1...marks.count).map({ $0 }) else { return tokens }
        var tokens = tokens
        for mark in marks {
            for at in mark.range { tokens[at] = PlanToken(kind: .space, range: tokens[at].range) }
        }
        return tokens
    }

    /// A number that has its unit in the word before it: 抽查频次：2, 抽查户数：5.
    func labelled(_ at: Int, _ pending: Pending) -> (Fact.Content, next: Int)? {
        guard let label = pending.labelAt, let figure = grammar.figure(at)?.whole, figure > 0 else { return nil }
        let next = grammar.skipSpaces(at + 1)
        guard next >= tokens.count || tokens[next].word?.parts == true else { return nil }
        switch pending.label {
        case .ofTimes where grammar.plain(label).contains("次"): return (.times(figure), at + 1)
        case .ofCount where grammar.plain(label).contains(where: { "户家".contains($0) }):
            return (.count(Bounds(exactly: figure)), at + 1)
        default: return nil
        }
    }

    /// The number of a pool, whatever its unit.
    func pool(_ at: Int) -> Int? {
        guard let figure = grammar.figure(at), figure.decimals == 0 else { return nil }
        let unit = grammar.skipSpaces(at + 1)
        if grammar.word(unit) == .unit { return unit + 1 }
        let labels: [PlanWord?] = [.ofRate, .ofCount, .ofTimes]
        let ends = unit >= tokens.count || tokens[unit].word?.parts == true || labels.contains(grammar.word(unit))
        return ends ? at + 1 : nil
    }

    /// Whether a count may as well be the pool's size: 「检查对象120户，抽查比例10%」.
    func isMaybePool(_ at: Int, _ next: Int, _ pending: Pending) -> Bool {
        if let subject = pending.subject, grammar.plain(subject.upperBound - 1).hasSuffix("对象") { return true }
        // A share follows in the same statement, and says that it is one.
        var behind = next
        var isLabelled = false
        while behind < tokens.count, statements[behind] == statements[at] {
            if case .share = tokens[behind].word { return pending.subject != nil || isLabelled }
            if tokens[behind].word == .ofRate || tokens[behind].word == .filler { isLabelled = true }
            behind += 1
        }
        return false
    }

    /// Whether words before a count say that it is of the whole county or register: 「10%（全县50家）」.
    func isOfWhole(_ at: Int) -> Bool {
        // All of them are drawn: 「对辖区内20家企业全部检查」.
        let isAll = tokens.indices.contains { index in
            statements[index] == statements[at]
                && (tokens[index].word == .fixed(1_000_000)
                    || tokens[index].figure?.whole == 100 && grammar.word(index + 1) == .share(10_000))
        }
        if isAll { return false }
        var before = at - 1
        while before >= 0, clauses[before] == clauses[at], tokens[before].word?.parts != true {
            if grammar.word(before) == .filler, Self.wholes.contains(where: { grammar.plain(before).contains($0) }) {
                return true
            }
            before -= 1
        }
        return false
    }

    private static let wholes = [
        "全县", "全市", "全区", "全省", "全旗", "全州", "辖", "区域内", "县域内", "本县", "本市", "库", "在册", "在营", "存续",
    ]

    /// Whether a count is what a share is of: 「120户的10%」, 「从120户中抽取10户」.
    func isPool(behind next: Int) -> Bool {
        var at = next
        while grammar.word(at) == .noun { at += 1 }
        guard ["的", "中", "内", "里", "抽", "抽取"].contains(grammar.plain(at)) else { return false }
        while grammar.word(at) == .filler { at += 1 }
        switch grammar.quantity(at: at)?.0.content {
        case .share: return true
        case .count: return grammar.plain(next) != "的"
        default: return false
        }
    }

    /// Whether a subject is all that stands in parentheses, and its last word is a kind of objects.
    func isAside(_ subject: Range<Int>) -> Bool {
        guard let last = subject.last, grammar.word(last) == .noun, var before = subject.first else { return false }
        repeat { before -= 1 } while before >= 0 && grammar.word(before) == .filler
        return before >= 0 && grammar.word(before) == .open && grammar.word(last + 1) == .close
    }

    /// Where a pool ends that 共 states: 「5户（辖区共48户）」, 「名录库共120家，抽取6家」. It is certain only beside a number
    /// to be drawn that is no larger: in 「1%（共30户）」 the second may be drawn.
    func pool(statedAt at: Int, _ pending: Pending) -> Int? {
        guard ["共", "共计", "总共"].contains(grammar.plain(at)), !pending.isDrawn, pending.unknown.isEmpty else {
            return nil
        }
        guard let number = grammar.figure(at + 1)?.whole, let next = pool(at + 1) else { return nil }
        if let last = facts.last, clauses[at] == last.clause + 1, opens(clauses[at]), grammar.word(next) == .close,
            case .count(let drawn) = last.content, let most = drawn.most, most <= number
        {
            return next
        }
        guard !facts.contains(where: { statement(of: $0) == statements[at] }), grammar.word(next) == .soft else {
            return nil
        }
        var behind = next + 1
        var isDrawn = false
        while grammar.word(behind) == .filler {
            if grammar.plain(behind).contains(where: { "抽查".contains($0) }) { isDrawn = true }
            behind += 1
        }
        guard isDrawn, case .count(let drawn, _) = grammar.quantity(at: behind)?.0.content else { return nil }
        return drawn.most.map { $0 <= number } ?? false ? next : nil
    }

    /// Whether 占 says what share of the pool the objects to be drawn are that stand before it: 「抽查30家（占15%）」.
    func isShareOfDrawn(_ at: Int, _ pending: Pending) -> Bool {
        guard pending.subject == nil, let last = facts.last, last.isDrawn, clauses[at] - last.clause <= 1 else {
            return false
        }
        if case .count = last.content { return statement(of: last) == statements[at] }
        return false
    }

    /// Whether a word that says nothing elsewhere begins a name here: 中型饭店, 内资企业, 在产矿山, 平台企业.
    func beginsName(_ at: Int, _ pending: Pending) -> Bool {
        guard pending.subject == nil, at >= 0 else { return false }
        let isBound = ["中", "内", "已", "在"].contains(grammar.plain(at)) && tokens[at + 1].kind == .unknown
        guard isBound || ["平台", "信用", "本地"].contains(grammar.plain(at)) else { return false }
        return at == 0 || tokens[at - 1].word?.parts == true || tokens[at - 1].word == .colon
            || ["对", "按", "其中"].contains(grammar.plain(at - 1))
    }

    /// Where the name of a kind of objects begins: with 存续 or 风险, which say nothing elsewhere, if they stand first.
    func nameBegins(_ first: Int) -> Int {
        let before = first - 1
        guard before >= 0, Self.beginnings.contains(grammar.plain(before)) else { return first }
        let isFirst = before == 0 || tokens[before - 1].word?.parts == true || tokens[before - 1].word == .colon
        return isFirst || ["对", "按", "其中"].contains(grammar.plain(before - 1)) ? before : first
    }

    private static let beginnings: Set<String> = ["存续", "在册", "在营", "登记在册", "风险", "专业型", "通用型"]

    /// Whether 占 only says that a share is one of the whole pool: 「占总数的10%」.
    func isShareOfPool(_ at: Int, _ pending: Pending) -> Bool {
        let next = grammar.word(at + 1)
        guard pending.subject == nil, next == .ofPool || next == .base else { return false }
        return grammar.quantity(at: at + 2)?.0.share != nil
    }

    /// Whether a clause stands in parentheses.
    private func opens(_ clause: Int) -> Bool {
        clauses.firstIndex(of: clause).map { grammar.word($0) == .open } ?? false
    }

    private func statement(of fact: Fact) -> Int? { clauses.firstIndex(of: fact.clause).map { statements[$0] } }

    /// Kinds of objects in a list with the shares that stand behind 分别: 「企业、个体工商户分别为3%、1%」.
    func kinds(_ start: Int, _ shares: ClassGrammar) -> ([ClassRate], next: Int)? {
        var names: [String] = []
        var at = start
        while true {
            let first = at
            while at < tokens.count, isKindOrName(at) { at += 1 }
            guard at > first, grammar.word(at - 1) == .noun || isScope(at - 1) else { return nil }
            names.append(text.written(tokens[first].range.lowerBound..<tokens[at - 1].range.upperBound))
            guard grammar.word(at) == .list else { break }
            at += 1
        }
        guard names.count > 1 else { return nil }
        var mark = at
        let between: [PlanWord?] = [.filler, .ofRate, .colon]
        while between.contains(grammar.word(mark)) { mark += 1 }
        guard grammar.word(mark) == .respectively, let (rates, next) = shares.shares(of: names, at: at) else {
            return nil
        }
        return (rates, next)
    }

    private func isKindOrName(_ at: Int) -> Bool {
        switch tokens[at].kind {
        case .unknown, .word(.noun): true
        default: false
        }
    }
}
