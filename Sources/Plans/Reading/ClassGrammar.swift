/// Classes with the shares that a text gives them: 「A类1%，B类2%」, 「A、B、C、D类企业分别按1%、2%、10%、30%抽取」.
struct ClassGrammar {
    let grammar: QuantityGrammar
    /// Whether an unknown token only names the objects that the line is about.
    let isScope: (Int) -> Bool

    private func word(_ at: Int) -> PlanWord? { grammar.word(at) }

    /// Reads a list of classes; nothing when none begins here.
    func classes(at start: Int) -> (names: [String], next: Int)? {
        var names: [String] = []
        /// Numbers and letters that get their 级 or 类 from the last of the list: 一、二、三级.
        var open: [String] = []
        var at = start
        while true {
            if let (name, next) = named(at) {
                // 低、中、高风险: what all are of stands behind the last.
                guard open.allSatisfy(Self.risks.contains), open.isEmpty || name.hasSuffix("风险") else { return nil }
                names += open.map { $0 + "风险" } + [name]
                open = []
                at = next
            } else if let (stems, next) = stems(at) {
                if let (grade, end) = grade(next) {
                    guard Set((open + stems).map(Self.script)).count == 1 else { return nil }
                    names += (open + stems).map { Self.name($0, grade: grade) }
                    open = []
                    at = end
                } else {
                    open += stems
                    at = next
                }
                // 三级甲等 is a class of its own.
                if word(at) == .rank, open.isEmpty, let last = names.popLast() {
                    names.append(last + grammar.plain(at))
                    at += 1
                }
            } else {
                return names.isEmpty ? loneLetter(start) : nil
            }
            // 二级以上, B级及以下 are classes of their own.
            let isBeyond = word(at) == .orMore || word(at) == .orLess
            if isBeyond, names.last?.last == "级" || grammar.plain(at).hasPrefix("及"), let last = names.popLast(),
                open.isEmpty
            {
                names.append(last + grammar.plain(at))
                at += 1
            }
            if let (other, next) = alias(at, of: names.last ?? ""), let last = names.popLast(), open.isEmpty {
                // Of 低风险（A类） the letter is the class; the word explains it.
                names.append(other.first?.isASCII == true && last.first?.isASCII != true ? other : last)
                at = next
            }
            var separator = at
            while word(separator) == .noun { separator += 1 }
            separator = grammar.skipSpaces(separator)
            let joined = word(separator) == .list || word(separator) == .slash
            if joined { separator = grammar.skipSpaces(separator + 1) }
            guard joined, named(separator) != nil || stems(separator) != nil else { break }
            // A number behind the list may be its first share: 「A类，5%」.
            if stems(separator) != nil, grammar.quantity(at: separator) != nil { break }
            at = separator
        }
        if open.isEmpty, !names.isEmpty { return (names, at) }
        // 「A、B、C、D分别按…」 needs no 类.
        if names.isEmpty, open.count > 1, open.allSatisfy({ $0.count == 1 && ("A"..."E").contains($0) }) {
            // Of letters in one run (ABCD) that is not certain without 分别 or 四类: they may be a name.
            var behind = at
            while word(behind) == .noun { behind += 1 }
            let isRun = Self.run(grammar.plain(start)) != nil
            if !isRun || word(behind) == .respectively || behindNumberOfClasses(open.count, at) > at {
                return (open, at)
            }
        }
        return loneLetter(start)
    }

    /// Reads the shares behind a list of classes; nothing when it is not certain which share is whose.
    func shares(of names: [String], at start: Int) -> (rates: [ClassRate], next: Int)? {
        if let inParentheses = shareInParentheses(of: names, at: start) { return inParentheses }
        var at = start
        var apart = false
        var commas = 0
        scan: while at < grammar.tokens.count {
            switch word(at) {
            // 总比例的50% is a share of a share; 占比 may be that of a class in the sample.
            case .ofRate where grammar.plain(at + 1) == "的" || grammar.plain(at) == "占比": break scan
            // A—1%
            case .range where at == start: break
            case .filler, .noun, .ofRate, .base, .colon, .every(1), .span(1): break
            case .unit where at > 0: break
            case .respectively: apart = true
            case nil where grammar.figure(at)?.whole == names.count && behindNumberOfClasses(names.count, at) > at:
                at = behindNumberOfClasses(names.count, at) - 1
            case .soft where commas == 0: commas += 1
            case nil where grammar.tokens[at].kind == .space: break
            case nil where grammar.tokens[at].kind == .unknown && isScope(at): break
            default: break scan
            }
            at += 1
        }
        guard var (quantities, next) = quantities(at: at, several: names.count > 1) else { return nil }
        guard quantities.allSatisfy({ $0.share != nil }) else { return nil }
        if quantities.count == 1, names.count > 1 {
            guard !apart, let only = quantities.first else { return nil }
            quantities = names.map { _ in only }
        }
        guard quantities.count == names.count, let shares = Self.bounded(quantities) else { return nil }
        guard Set(names).count == names.count else { return nil }
        while word(next) == .filler || word(next) == .ofRate { next += 1 }
        return (zip(names, shares).map { ClassRate(name: $0, rate: $1) }, next)
    }

    /// 「A类（1%）」; what stands in the parentheses is no share of the class where another share follows.
    private func shareInParentheses(of names: [String], at start: Int) -> (rates: [ClassRate], next: Int)? {
        guard word(start) == .open, let (quantity, end) = grammar.quantity(at: start + 1) else { return nil }
        guard let share = quantity.share, word(end) == .close else { return nil }
        var behind = end + 1
        while [.filler, .noun, .ofRate, .colon].contains(word(behind)) { behind += 1 }
        guard grammar.quantity(at: behind) == nil else { return nil }
        return (names.map { ClassRate(name: $0, rate: share) }, end + 1)
    }

    /// 「A、B、C、D四类企业分别」 says how many classes there are, and so must the list.
    private func behindNumberOfClasses(_ count: Int, _ start: Int) -> Int {
        guard count > 1, grammar.figure(start)?.whole == count else { return start }
        var at = word(start + 1) == .unit ? start + 2 : start + 1
        guard word(at) == .grade else { return start }
        while [.grade, .noun, .filler, .ofRate, .colon].contains(word(at)) { at += 1 }
        return at
    }

    // MARK: Names

    private func named(_ at: Int) -> (name: String, next: Int)? {
        guard word(at) == .named else { return nil }
        let next = word(at + 1) == .grade ? at + 2 : at + 1
        return (grammar.plain(at), next)
    }

    /// One stem, or letters that follow each other in one run: ABCD.
    private func stems(_ at: Int) -> ([String], next: Int)? {
        if at < grammar.tokens.count, case .letters(let letters) = grammar.tokens[at].kind, let run = Self.run(letters)
        {
            return (run, at + 1)
        }
        return stem(at).map { ([$0], $1) }
    }

    private static func run(_ letters: String) -> [String]? {
        letters.count > 1 && "ABCDE".contains(letters) ? letters.map(String.init) : nil
    }

    /// A letter, letters of one kind (AAA), or a small number, with 4A as both.
    private func stem(_ at: Int) -> (String, next: Int)? {
        guard at < grammar.tokens.count else { return nil }
        switch grammar.tokens[at].kind {
        case .letters(let letters) where Set(letters).count == 1 && letters.count <= 3 || letters == "IV":
            return (letters, at + 1)
        case .figure(let figure) where figure.decimals == 0 && (1...10).contains(figure.digits):
            if at + 1 < grammar.tokens.count, case .letters("A") = grammar.tokens[at + 1].kind {
                return (grammar.plain(at) + "A", at + 2)
            }
            // 五星级
            if grammar.plain(at + 1) == "星", word(at + 2) == .grade { return (grammar.plain(at) + "星", at + 2) }
            return (grammar.plain(at), at + 1)
        case .unknown where grammar.plain(at) == "第" && word(at + 2) == .grade && grammar.figure(at + 1)?.whole != nil:
            return ("第" + grammar.plain(at + 1), at + 2)
        case .unknown, .word(.filler), .word(.noun):
            let stem = grammar.plain(at)
            return Self.stems.contains(stem) || Self.risks.contains(stem) ? (stem, at + 1) : nil
        default: return nil
        }
    }

    private static let stems: Set<String> = ["甲", "乙", "丙", "丁", "特", "Ⅰ", "Ⅱ", "Ⅲ", "Ⅳ", "Ⅴ"]

    /// Whether a stem is of letters, of figures, or of Chinese numerals: those of one list are alike.
    private static func script(_ stem: String) -> Int {
        guard stem.allSatisfy(\.isASCII) else { return 0 }
        return stem.contains(where: \.isLetter) ? 1 : 2
    }

    /// How high a risk is, where 风险 stands behind the last of a list.
    private static let risks: Set<String> = ["低", "较低", "中", "中等", "一般", "较高", "高"]

    private func grade(_ at: Int) -> (String, next: Int)? {
        word(at) == .grade ? (grammar.plain(at), at + 1) : nil
    }

    /// 三级 is named with its grade, A类 by its letter.
    private static func name(_ stem: String, grade: String) -> String {
        stem.allSatisfy(\.isASCII) && stem.contains(where: \.isLetter)
            ? stem : stem + (grade.first.map(String.init) ?? "")
    }

    /// A single letter that stands right before its share: 「A：1%」.
    private func loneLetter(_ at: Int) -> (names: [String], next: Int)? {
        guard at < grammar.tokens.count, case .letters(let letter) = grammar.tokens[at].kind else { return nil }
        guard letter.count == 1, ("A"..."E").contains(letter) else { return nil }
        let next = grammar.skipSpaces(at + 1)
        let mark: [PlanWord?] = [.colon, .open, .range]
        let share = mark.contains(word(next)) ? next + 1 : next
        if grammar.quantity(at: share)?.0.share != nil { return ([letter], next) }
        // 「信用等级为A的企业，按1%」
        let before = at > 1 ? grammar.plain(at - 2) + grammar.plain(at - 1) : ""
        let isNamed = ["级为", "类为", "别为", "结果为"].contains { before.hasSuffix($0) }
        return isNamed && (grammar.plain(next) == "的" || word(next) == .noun) ? ([letter], next) : nil
    }

    /// Another name of a class in parentheses; the letter of the two, or else nothing that helps.
    private func alias(_ at: Int, of name: String) -> (String, next: Int)? {
        guard word(at) == .open else { return nil }
        // （优秀） explains a letter, when it is a word alone; 三级（甲等） is another class.
        if Self.script(name) == 1, at + 2 < grammar.tokens.count, word(at + 2) == .close,
            grammar.tokens[at + 1].kind == .unknown || grammar.plain(at + 1) == "一般"
        {
            return (grammar.plain(at + 1), at + 3)
        }
        func closed(_ name: String, _ next: Int) -> (String, next: Int)? {
            var next = next
            while word(next) == .noun { next += 1 }
            return word(next) == .close ? (name, next + 1) : nil
        }
        if let (name, next) = named(at + 1) { return closed(name, next) }
        guard let (stem, next) = stem(at + 1) else { return nil }
        if let (grade, end) = grade(next) { return closed(Self.name(stem, grade: grade), end) }
        return Self.script(stem) == 1 ? closed(stem, next) : nil
    }

    // MARK: Shares

    /// One quantity, or several in a list.
    private func quantities(at start: Int, several: Bool) -> ([Quantity], next: Int)? {
        if several, let list = bareList(at: start) { return list }
        guard var (last, next) = grammar.quantity(at: start) else { return nil }
        var all = [last]
        while several {
            let mark = grammar.skipSpaces(next)
            guard let word = word(mark), [.list, .soft, .slash, .strong].contains(word) else { break }
            guard let (quantity, end) = grammar.quantity(at: mark + 1), quantity.share != nil else { break }
            // 「A、B类5%；10%」: what stands behind a full stop belongs to no list.
            guard word != .strong else { return nil }
            (last, next) = (quantity, end)
            all.append(last)
        }
        return (all, next)
    }

    /// Numbers whose unit stands behind the last of them: 「1、2、10、30%」.
    private func bareList(at start: Int) -> ([Quantity], next: Int)? {
        var figures: [Figure] = []
        var at = grammar.skipSpaces(start)
        while let figure = grammar.figure(at) {
            figures.append(figure)
            let behind = grammar.skipSpaces(at + 1)
            if case .share(let unit) = word(behind) {
                guard figures.count > 1, word(grammar.skipSpaces(behind + 1)) != .range else { return nil }
                let shares = figures.compactMap { $0.times(unit) }.filter { $0 <= 1_000_000 }
                guard shares.count == figures.count else { return nil }
                return (
                    shares.map { Quantity(content: .share(Bounds(exactly: $0)), bound: nil) }, behind + 1
                )
            }
            guard word(behind) == .list else { return nil }
            at = grammar.skipSpaces(behind + 1)
        }
        return nil
    }

    /// The shares, when each has its own bound or the bound before the first holds for all.
    private static func bounded(_ quantities: [Quantity]) -> [Bounds]? {
        let shares = quantities.compactMap(\.share)
        guard let first = quantities.first, let bound = first.bound, quantities.count > 1 else {
            // A bound behind the last of several exact numbers may be meant for all of them.
            let isOpen = shares.contains { $0.least == nil || $0.most == nil }
            return shares.count == 1 || !isOpen || shares.allSatisfy { $0.exact == nil } ? shares : nil
        }
        if quantities.allSatisfy({ $0.bound != nil }) { return shares }
        guard quantities.dropFirst().allSatisfy({ $0.bound == nil }) else { return nil }
        let rest = shares.dropFirst().compactMap { $0.opened(bound) }
        return rest.count == shares.count - 1 ? [shares[0]] + rest : nil
    }
}
