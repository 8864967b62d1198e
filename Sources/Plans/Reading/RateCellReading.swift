/// What a cell says of rates, counts and frequencies, once its statements are held against each other.
struct RateCellReading {
    private(set) var share: OpenRange?
    private(set) var count: OpenRange?
    private(set) var times: Int?
    private(set) var classes: [ClassRate] = []
    /// Pieces that are not understood, as written.
    private(set) var doubts: [(text: String, doubt: PlanDoubt)] = []
    /// Whether the cell says, in so many words, that there is no rule.
    private(set) var saysNothing = false

    private typealias Fact = RateCellReader.Fact
    private let reader: RateCellReader
    private var doubted: [Int: PlanDoubt] = [:]

    init(_ cell: String, scope: String) {
        reader = RateCellReader(cell, scope: scope)
        readSubjects()
        for (token, doubt) in reader.unread.sorted(by: { $0.key < $1.key }) { mark(reader.clauses[token], doubt) }
        readShares()
        readCounts()
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
        kinds = [:]
        let shares = reader.facts.indices.filter { index in
            if case .share = reader.facts[index].content { reader.facts[index].subject != nil } else { false }
        }
        let names = shares.compactMap { index in reader.facts[index].subject.flatMap(name) }
        if shares.count > 1, names.count == shares.count, Set(names).count == names.count {
            for (index, name) in zip(shares, names) { kinds[index] = name }
        } else {
            for index in shares {
                for token in unknown(reader.facts[index].subject) { mark(reader.clauses[token], .piece) }
            }
        }
    }

    private var kinds: [Int: String] = [:]

    private func unknown(_ subject: Range<Int>?) -> [Int] {
        (subject ?? 0..<0).filter { at in
            switch reader.tokens[at].kind {
            case .unknown, .letters: !reader.isScope(at)
            default: false
            }
        }
    }

    /// The words of a subject, when they name a kind of objects: the last is one, or stands in the line's other cells.
    private func name(_ subject: Range<Int>) -> String? {
        guard let first = subject.first, let last = subject.last else { return nil }
        let isKind = reader.grammar.word(last) == .noun || reader.grammar.word(last) == .unit || reader.isScope(last)
        guard isKind, subject.allSatisfy({ reader.unread[$0] == nil }) else { return nil }
        return reader.text.written(reader.tokens[first].range.lowerBound..<reader.tokens[last].range.upperBound)
    }

    private mutating func readShares() {
        /// The statement and clause of the last share by class.
        var lastClass: Fact?
        var plain: [(fact: Fact, range: OpenRange)] = []
        for (index, fact) in reader.facts.enumerated() where doubted[fact.clause] == nil {
            switch fact.content {
            case .classes(let rates):
                classes += rates
                lastClass = fact
            case .share(let range):
                if let name = kinds[index] {
                    classes.append(ClassRate(name: name, rate: range))
                    lastClass = fact
                } else if let last = lastClass, statement(last) == statement(fact), !fact.isLabelled {
                    // 「A类1%，B类2%，10%」: whose share the last is, nobody can tell.
                    mark(fact.clause, .several)
                } else if range.max == 0 {
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
    private mutating func merged(_ parts: [(fact: Fact, range: OpenRange)]) -> OpenRange? {
        let distinct = Set(parts.map(\.range))
        if distinct.count <= 1 { return distinct.first }
        let floors = distinct.filter { $0.max == nil }
        let ceilings = distinct.filter { $0.min == nil }
        if distinct.count == 2, let floor = floors.first?.min, let ceiling = ceilings.first?.max, floor <= ceiling {
            return OpenRange(min: floor, max: ceiling)
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
        var counts: [(fact: Fact, range: OpenRange)] = []
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
        for label in reader.bareLabels where reader.grammar.word(label) == .ofRate && !saysShare {
            mark(reader.clauses[label], .piece)
        }
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
