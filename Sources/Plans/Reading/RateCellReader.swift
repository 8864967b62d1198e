/// Reads the cells that say how much is inspected and how often: statement by statement, until every token has its place.
///
/// A statement that holds a token without one counts for nothing, and is shown to the department as it stands.
struct RateCellReader {
    /// What a statement says.
    struct Fact {
        enum Content {
            case share(Bounds), count(Bounds), times(Int), classes([ClassRate])
            /// The pool's size, or that there is no rule: understood, and nothing to report.
            case nothing
        }
        let content: Content
        let clause: Int
        /// The words before it that say whose share it is.
        let subject: Range<Int>?
        /// Whether 抽查比例 or the like stands before it.
        let isLabelled: Bool
        /// Whether the words before it only say what the whole is: 辖区学校总数的.
        let isOfBase: Bool
        /// Whether 抽查 or the like stands before it.
        let isDrawn: Bool
    }

    let text: PlanText
    let tokens: [PlanToken]
    /// The clause (between commas) that each token stands in, and the statement (between full stops).
    let clauses: [Int]
    let statements: [Int]
    private(set) var facts: [Fact] = []
    /// The tokens that have no place, with the reason where it is known better than from the token itself.
    private(set) var unread: [Int: PlanDoubt] = [:]
    /// Words such as 抽查比例 that no number follows, and 根据 without the rule itself.
    private(set) var bareLabels: [Int] = []
    private(set) var citations: [Int] = []
    /// What stands behind a share and says whose it is: 「5%的企业」.
    private(set) var objects: [Range<Int>] = []

    let grammar: QuantityGrammar
    private let scope: PlanScope

    /// - Parameter scope: what else the line says of its objects; words of it may stand beside a number.
    init(_ cell: String, scope: PlanScope, breaks: PlanText.Breaks = .part) {
        text = PlanText(cell, breaks: breaks)
        tokens = Self.withoutNumbering(PlanToken.tokens(of: text, vocabulary: .rates))
        grammar = QuantityGrammar(text: text, tokens: tokens)
        self.scope = scope
        var clause = 0
        var statement = 0
        var clauses: [Int] = []
        var statements: [Int] = []
        for token in tokens {
            switch token.word {
            case .strong: (clause, statement) = (clause + 1, statement + 1)
            case .soft, .open, .close: clause += 1
            default: break
            }
            clauses.append(clause)
            statements.append(statement)
        }
        (self.clauses, self.statements) = (clauses, statements)
        read()
    }

    // MARK: Scanning

    /// What has been seen since the last separator, waiting for a number.
    struct Pending {
        var subject: Range<Int>?
        var unknown: [Int] = []
        var label: PlanWord?
        var labelAt: Int?
        /// All that 比例、频次 and the like have named.
        var labels: Set<PlanWord> = []
        var citing: Int?
        var isBase = false
        /// Whether 抽查 or the like stands there: what is counted is drawn.
        var isDrawn = false
        /// Whether a number stands before it in the same clause.
        var isBehindFact = false

        mutating func name(_ at: Int) { subject = (subject?.lowerBound ?? at)..<(at + 1) }
    }

    /// A span of time that has been named (每季度), waiting for 次.
    struct Span {
        let perYear: Int
        let at: Int
        var alone = true
    }

    private mutating func read() {
        var pending = Pending()
        var span: Span?
        var at = 0
        while at < tokens.count {
            let statement = statements[at]
            let next = step(at, &pending, &span)
            let ends = next >= tokens.count
            // What stands behind a number, 「5%的企业、」, is no subject of the next; 「企业、个体5%」 is one.
            let isList = tokens[at].word == .list || tokens[at].word == .slash
            if ends || clauses[next] != clauses[at] || isList && pending.isBehindFact { close(&pending) }
            if ends || statements[next] != statement { close(&span) }
            at = next
        }
    }

    /// Reads what begins at a token, and returns where to go on.
    private mutating func step(_ at: Int, _ pending: inout Pending, _ span: inout Span?) -> Int {
        let classGrammar = ClassGrammar(grammar: grammar, isScope: isScope)
        if let (names, next) = classGrammar.classes(at: at) {
            if let (rates, end) = classGrammar.shares(of: names, at: next) {
                add(.classes(rates), at, &pending)
                if span?.perYear != 1 { span?.alone = false }
                return end
            }
            for index in at..<next { unread[index] = .classWithoutShare }
            return next
        }
        if pending.subject == nil, let (rates, next) = kinds(at, classGrammar) {
            add(.classes(rates), at, &pending)
            return next
        }
        if let next = pool(statedAt: at, pending) {
            add(.nothing, at, &pending)
            return next
        }
        if pending.label == .ofPool, let next = pool(at) {
            add(.nothing, at, &pending)
            return next
        }
        if let (quantity, next) = grammar.quantity(at: at) {
            add(quantity, at, next, &pending, &span)
            return next
        }
        if let (content, next) = labelled(at, pending) {
            add(content, at, &pending)
            return next
        }
        return word(at, &pending, &span)
    }

    /// Takes a token that begins no quantity.
    private mutating func word(_ at: Int, _ pending: inout Pending, _ span: inout Span?) -> Int {
        switch tokens[at].kind {
        case .space: break
        case .unknown, .letters:
            if !isScope(at) { pending.unknown.append(at) }
            if beginsName(at - 1, pending) { pending.name(at - 1) }
            pending.name(at)
        case .brokenFigure: unread[at] = .number
        case .figure(let figure):
            // 2024年 says which year, not how much.
            if figure.width == 4, (2000..<2100).contains(figure.digits), grammar.word(at + 1) == .span(1) {
                return at + 2
            }
            if figure.whole == 1, grammar.word(at + 1) == .span(1) { return name(span: 1, at, at + 2, &span) }
            unread[at] =
                grammar.word(at + 1) == nil || grammar.word(at + 1)?.parts == true ? .numberWithoutUnit : .number
        case .word(let word):
            switch word {
            case .noun, .unit:
                if beginsName(at - 1, pending) { pending.name(at - 1) }
                pending.name(at)
            // 信用等级, but also the 级 of 市级: part of a name that is not known.
            case .grade where tokens[at].range.count > 1: break
            case .grade:
                pending.unknown.append(at)
                pending.name(at)
            case .filler where grammar.plain(at).contains(where: { "抽查".contains($0) }): pending.isDrawn = true
            case .filler, .soft, .strong, .list, .slash, .colon, .open, .close: break
            case .fixed where grammar.isAllOf(at): break
            // 总比例的50% is a share of a share.
            case .ofRate where grammar.plain(at + 1) == "的" && grammar.quantity(at: at + 2)?.0.share != nil:
                unread[at] = .number
            case .ofPool where grammar.quantity(at: at + 1)?.0.share != nil:
                (pending.unknown, pending.isBase) = ([], true)
            case .ofRate, .ofCount, .ofTimes, .ofPool:
                (pending.label, pending.labelAt) = (word, at)
                pending.labels.insert(word)
            case .every(let perYear): return name(span: perYear, at, at + 1, &span)
            case .each:
                if let number = grammar.figure(at + 1)?.whole, number > 0 {
                    if grammar.word(at + 2) == .months, (12).isMultiple(of: number) {
                        return name(span: 12 / number, at, at + 3, &span)
                    }
                    if number == 1, grammar.word(at + 2) == .span(1) { return name(span: 1, at, at + 3, &span) }
                }
                unread[at] = .number
            case .citing: pending.citing = at
            case .base: (pending.unknown, pending.isBase) = ([], true)
            case .span(1): break
            case .span(let perYear):
                // 半年一次
                guard case .times = grammar.quantity(at: at + 1)?.0.content else {
                    unread[at] = .piece
                    break
                }
                return name(span: perYear, at, at + 1, &span)
            case .nothing: add(.nothing, at, &pending)
            case .hedge where pending.label == .ofPool: break
            case .makesUp where isShareOfDrawn(at, pending) || isShareOfPool(at, pending): break
            case .hedge: unread[at] = .hedge
            default: unread[at] = .piece
            }
        }
        return at + 1
    }

    private mutating func name(span perYear: Int, _ at: Int, _ next: Int, _ span: inout Span?) -> Int {
        close(&span)
        span = Span(perYear: perYear, at: at)
        return next
    }

    private mutating func add(_ content: Fact.Content, _ at: Int, _ pending: inout Pending) {
        facts.append(
            Fact(
                content: content, clause: clauses[at], subject: pending.subject,
                isLabelled: pending.label == .ofRate || pending.label == .ofCount, isOfBase: pending.isBase,
                isDrawn: pending.isDrawn))
        // 「抽查比例5次」 is damaged; a number of objects may well stand under 抽查比例.
        let fitting: Set<PlanWord> =
            switch content {
            case .share, .classes: [.ofRate]
            case .count: [.ofRate, .ofCount]
            case .times: [.ofTimes]
            case .nothing: pending.labels
            }
        if let label = pending.labelAt, pending.labels.isDisjoint(with: fitting) { unread[label] = .piece }
        // Whose share it is must be known; of a count or a frequency any unknown word is one too many.
        if case .share = content {} else { for index in pending.unknown { unread[index] = .piece } }
        if let citing = pending.citing {
            if case .classes = content {} else { unread[citing] = .reference }
        }
        pending = Pending(isBehindFact: true)
    }

    private mutating func add(
        _ quantity: Quantity, _ at: Int, _ next: Int, _ pending: inout Pending, _ span: inout Span?
    ) {
        switch quantity.content {
        case .share(let range):
            if let other = span, other.perYear != 1 { span?.alone = false }
            add(.share(range), at, &pending)
        case .count(let range, let unit):
            if isPool(behind: next) { return add(.nothing, at, &pending) }
            if ["人", "名"].contains(grammar.plain(unit)), !scope.objects.contains(where: { "人员师士".contains($0) }) {
                unread[unit] = .people
            }
            if let other = span, other.perYear != 1 { span?.alone = false }
            let isDrawn = pending.isDrawn || pending.label == .ofCount || quantity.bound != nil
            if !isDrawn, isMaybePool(at, next, pending) || isOfWhole(at) { unread[at] = .poolOrCount }
            add(.count(range), at, &pending)
        case .times(let number, let behind):
            if let before = span, let behind, before.perYear != behind { unread[at] = .piece }
            add(.times(number * (behind ?? span?.perYear ?? 1)), at, &pending)
            span = nil
        }
    }

    // MARK: Ends

    private mutating func close(_ pending: inout Pending) {
        if let subject = pending.subject, pending.unknown.isEmpty || isAside(subject) {
            // 「（已开工项目）」 says of what, and no more.
            pending.unknown = []
            if pending.isBehindFact { objects.append(subject) }
        }
        for index in pending.unknown { unread[index] = .piece }
        if let label = pending.labelAt { bareLabels.append(label) }
        if let citing = pending.citing { citations.append(citing) }
        pending = Pending()
    }

    /// A span of time that no 次 has followed: 每季度 alone is a frequency; beside a share it makes it one of a quarter.
    private mutating func close(_ span: inout Span?) {
        defer { span = nil }
        guard let open = span, open.perYear != 1 else { return }
        guard open.alone else { return unread[open.at] = .shareOfSpan }
        facts.append(
            Fact(
                content: .times(open.perYear), clause: clauses[open.at], subject: nil, isLabelled: false,
                isOfBase: false, isDrawn: false))
    }

    /// Whether a token only names the objects that the line is about.
    func isScope(_ at: Int) -> Bool {
        guard tokens[at].range.count > 1 else { return false }
        return scope.all.contains(grammar.plain(at))
    }
}

extension PlanWord {
    /// Whether it parts what stands before it from what stands behind.
    var parts: Bool { [.strong, .soft, .list, .slash, .open, .close].contains(self) }
}
