/// What a cell says of rates, counts and frequencies, once its statements are held against each other.
struct RateCellReading {
    private(set) var share: Bounds?
    private(set) var count: Bounds?
    private(set) var times: Int?
    private(set) var classes: [ClassRate] = []
    /// Pieces that are not understood, as written.
    private(set) var doubts: [(text: String, doubt: PlanDoubt)] = []
    /// Whether the cell says, in so many words, that there is no rule.
    private(set) var saysNothing = false

    /// Whether it says a share, a count or a frequency.
    var saysSomething: Bool { share != nil || count != nil || times != nil || !classes.isEmpty }

    private typealias Fact = RateCellReader.Fact
    private let reader: RateCellReader
    private let scope: PlanScope
    private var doubted: [Int: PlanDoubt] = [:]

    /// Reads a cell. Where a line is broken, the break may part statements or not: both ways must not say different things.
    static func read(_ cell: String, scope: PlanScope) -> RateCellReading {
        let parted = RateCellReading(cell, scope: scope, breaks: .part)
        guard cell.contains(where: \.isNewline) else { return parted }
        let joined = RateCellReading(cell, scope: scope, breaks: .join)
        guard joined.doubts.isEmpty else { return parted }
        if !parted.doubts.isEmpty { return joined }
        guard parted.says(the: joined) else {
            var doubtful = parted
            doubtful.doubts = [(cell, .several)]
            return doubtful
        }
        return parted
    }

    private func says(the other: RateCellReading) -> Bool {
        share == other.share && count == other.count && times == other.times && Set(classes) == Set(other.classes)
    }

    private init(_ cell: String, scope: PlanScope, breaks: PlanText.Breaks) {
        reader = RateCellReader(cell, scope: scope, breaks: breaks)
        self.scope = scope
        readSubjects()
        for (token, doubt) in reader.unread.sorted(by: { $0.key < $1.key }) { mark(reader.clauses[token], doubt) }
        readShares()
        readCounts()
        readParts()
        readTimes()
        readRest()
        collect()
    }

    /// The facts of clauses without a doubt, in the order of the text.
    private var facts: [Fact] { reader.facts.filter { doubted[$0.clause] == nil } }

    private mutating func mark(_ clause: Int, _ doubt: PlanDoubt) {
        doubted[clause] = max(doubted[clause] ?? doubt, doubt)
    }

    private func statement(_ fact: Fact) -> Int {
        reader.clauses.firstIndex(of: fact.clause).map { reader.statements[$0] } ?? 0
    }

    // MARK: Shares

    /// Several shares, each with a kind of objects before it, are shares by kind; a single one is that of the pool.
    private mutating func readSubjects() {
        let shares = reader.facts.indices.filter { index in
            guard case .share = reader.facts[index].content else { return false }
            return reader.facts[index].subject.map { !isGeneric($0) } ?? false
        }
        let names = shares.map { index in reader.facts[index].subject.map(kindNames) ?? [] }
        let all = names.joined()
        let several = shares.count > 1 || !classFacts.isEmpty
        if several, names.allSatisfy({ !$0.isEmpty }), Set(all).count == all.count {
            for (index, names) in zip(shares, names) { kinds[index] = names }
        } else {
            for index in shares {
                guard let subject = reader.facts[index].subject else { continue }
                if reader.facts[index].isOfBase { continue }
                if !unknown(subject).isEmpty || !scope.isWhole(plain(subject)) {
                    mark(reader.facts[index].clause, .part)
                }
            }
        }
        for objects in reader.objects where !isGeneric(objects) && !scope.isWhole(plain(objects)) {
            mark(reader.clauses[objects.lowerBound], .part)
        }
    }

    private func plain(_ subject: Range<Int>) -> String {
        guard let first = subject.first, let last = subject.last else { return "" }
        return reader.text.plain(reader.tokens[first].range.lowerBound..<reader.tokens[last].range.upperBound)
    }

    /// The kinds of objects that each share is of, by fact.
    private var kinds: [Int: [String]] = [:]

    /// Whether a subject only says that there are objects: 检查对象.
    private func isGeneric(_ subject: Range<Int>) -> Bool {
        subject.allSatisfy { ["对象", "检查对象", "抽查对象", "监管对象"].contains(reader.grammar.plain($0)) }
    }

    private func unknown(_ subject: Range<Int>?) -> [Int] {
        (subject ?? 0..<0).filter { at in
            switch reader.tokens[at].kind {
            case .unknown, .letters: !reader.isScope(at)
            default: false
            }
        }
    }

    /// The kinds of objects that a subject names, as written: the last word of each is one, or stands in the line's
    /// other cells. Nothing when a part of the subject names none.
    private func kindNames(_ subject: Range<Int>) -> [String] {
        let parts = subject.split { [.list, .slash].contains(reader.grammar.word($0)) }
        let names = parts.compactMap { part -> String? in
            guard let first = part.first, let last = part.last else { return nil }
            let isKind =
                reader.grammar.word(last) == .noun || reader.grammar.word(last) == .unit || reader.isScope(last)
                || reader.tokens[last].kind == .unknown && reader.tokens[last].range.count > 1
                    && Self.endsOfKinds.contains(reader.grammar.plain(last).last ?? " ")
            guard isKind, part.allSatisfy({ reader.unread[$0] == nil }) else { return nil }
            let begin = reader.tokens[reader.nameBegins(first)].range.lowerBound
            return reader.text.written(begin..<reader.tokens[last].range.upperBound)
        }
        return names.count == parts.count ? names : []
    }

    /// What the names of kinds of objects end in: 眼镜店, 养鸡场.
    private static let endsOfKinds: Set<Character> = Set("店站场厂馆院园矿校船")

    private mutating func readShares() {
        /// The statement and clause of the last share by class.
        var lastClass: Fact?
        var plain: [(fact: Fact, range: Bounds)] = []
        for (index, fact) in reader.facts.enumerated() where doubted[fact.clause] == nil {
            switch fact.content {
            case .classes(let rates):
                classes += rates
                lastClass = fact
            case .share(let range):
                if let names = kinds[index] {
                    classes += names.map { ClassRate(name: $0, rate: range) }
                    lastClass = fact
                } else if let last = lastClass, statement(last) == statement(fact), !fact.isLabelled {
                    // 「A类1%，B类2%，10%」: whose share the last is, nobody can tell.
                    mark(fact.clause, .several)
                } else if range.most == 0 {
                    mark(fact.clause, .number)
                } else {
                    plain.append((fact, range))
                }
            default: break
            }
        }
        if Set(classes.map(\.name)).count != classes.count {
            for fact in facts { if case .classes = fact.content { mark(fact.clause, .several) } }
            classes = []
        }
        share = merged(plain)
    }

    /// A floor and a ceiling make a range, the same thing said twice is said once, anything else is not certain.
    private mutating func merged(_ parts: [(fact: Fact, range: Bounds)]) -> Bounds? {
        let distinct = Set(parts.map(\.range))
        if distinct.count <= 1 { return distinct.first }
        let floors = distinct.filter { $0.most == nil }
        let ceilings = distinct.filter { $0.least == nil }
        if distinct.count == 2, let floor = floors.first?.least, let ceiling = ceilings.first?.most, floor <= ceiling {
            return Bounds(least: floor, most: ceiling)
        }
        for part in parts { mark(part.fact.clause, .several) }
        return nil
    }

    // MARK: Counts and times

    private var classFacts: [Int] {
        reader.facts.indices.filter { index in
            if case .classes = reader.facts[index].content { true } else { kinds[index] != nil }
        }
    }

    private mutating func readCounts() {
        var counts: [(fact: Fact, range: Bounds)] = []
        for (index, fact) in reader.facts.enumerated() where doubted[fact.clause] == nil {
            guard case .count(let range) = fact.content else { continue }
            // 「A类5%，B类10%（20户）」: the count may be of one class alone.
            if classFacts.contains(where: { $0 < index && statement(reader.facts[$0]) == statement(fact) }) {
                mark(fact.clause, .byClass)
            } else {
                counts.append((fact, range))
            }
        }
        count = merged(counts)
    }

    /// Shares by class that may be parts of what is drawn, not of the pool: 「30户，其中A类40%、B类60%」.
    private mutating func readParts() {
        let exact = classes.compactMap(\.rate.exact)
        let isDivided =
            count != nil && exact.count > 1 && exact.count == classes.count && exact.reduce(0, +) == 1_000_000
        // 「3%，其中高风险企业不低于50%」: no class has so little that 3% could be the whole's.
        let whole = share.flatMap { $0.most ?? $0.least }
        let isAbove = whole.map { whole in
            classes.contains { $0.rate.exact != 1_000_000 }
                && classes.allSatisfy { ($0.rate.least ?? $0.rate.most ?? 0) > whole }
        }
        let isPart = reader.tokens.indices.contains { reader.grammar.plain($0) == "其中" } && isAbove == true
        guard !classes.isEmpty, isDivided || isPart else { return }
        for index in classFacts { mark(reader.facts[index].clause, .several) }
        classes = []
    }

    private mutating func readTimes() {
        var found: [(index: Int, number: Int)] = []
        for (index, fact) in reader.facts.enumerated() where doubted[fact.clause] == nil {
            if case .times(let number) = fact.content { found.append((index, number)) }
        }
        guard let first = found.first else { return }
        guard Set(found.map(\.number)).count == 1 else {
            for item in found { mark(reader.facts[item.index].clause, classFacts.isEmpty ? .several : .byClass) }
            return
        }
        let own = classFacts.contains { reader.facts[$0].clause == reader.facts[first.index].clause }
        let between = classFacts.contains { $0 < first.index } && classFacts.contains { $0 > first.index }
        if found.count == 1, own || between {
            mark(reader.facts[first.index].clause, .byClass)
        } else {
            times = first.number
        }
    }

    // MARK: What is left

    private mutating func readRest() {
        saysNothing = facts.contains { if case .nothing = $0.content { true } else { false } }
        let saysShare = share != nil || !classes.isEmpty
        // A statement without a number says something that has no place here: 「每年按照年度检查计划开展」.
        let stated = Set(reader.facts.map { statement($0) }).union(methodStatements)
        for (index, token) in reader.tokens.enumerated()
        where !stated.contains(reader.statements[index]) && token.word?.parts != true && token.kind != .space {
            if doubted[reader.clauses[index]] == nil { mark(reader.clauses[index], .piece) }
        }
        if classes.isEmpty { for citation in reader.citations { mark(reader.clauses[citation], .reference) } }
        for label in reader.bareLabels {
            let isSaid =
                switch reader.grammar.word(label) {
                case .ofRate: saysShare
                case .ofCount: count != nil
                case .ofTimes: times != nil
                default: true
                }
            if !isSaid { mark(reader.clauses[label], .piece) }
        }
    }

    /// Statements that only say how it is inspected: 「抽查方式：现场检查」.
    private var methodStatements: Set<Int> {
        let statements = Dictionary(grouping: reader.tokens.indices) { reader.statements[$0] }
        return Set(
            statements.filter { _, tokens in
                tokens.contains { ["方式", "抽查方式", "检查方式"].contains(reader.grammar.plain($0)) }
                    && tokens.allSatisfy { at in
                        let word = reader.grammar.word(at)
                        return word == .filler || word == .colon || word?.parts == true
                    }
            }.keys)
    }

    /// The doubted clauses as written; neighbours with the same doubt are shown as one.
    private mutating func collect() {
        var pieces: [(range: Range<Int>, clause: Int, doubt: PlanDoubt)] = []
        for (index, token) in reader.tokens.enumerated() {
            guard let doubt = doubted[reader.clauses[index]], token.kind != .space else { continue }
            if let last = pieces.last, last.doubt == doubt, reader.clauses[index] - last.clause <= 1 {
                pieces[pieces.count - 1].range = last.range.lowerBound..<token.range.upperBound
                pieces[pieces.count - 1].clause = reader.clauses[index]
            } else if token.word?.parts != true {
                pieces.append((token.range, reader.clauses[index], doubt))
            }
        }
        doubts = pieces.map { (reader.text.written($0.range), $0.doubt) }
    }
}
