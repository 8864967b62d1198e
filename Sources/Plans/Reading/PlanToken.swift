/// A token of a plan's cell: a number, a known word or sign, or text that is not known.
struct PlanToken: Hashable {
    /// What a token is.
    enum Kind: Hashable {
        /// A number, without its unit.
        case figure(Figure)
        /// Characters of a number that is none for certain, such as 一百二.
        case brokenFigure
        /// A word or sign of the vocabulary.
        case word(PlanWord)
        /// Latin letters, as capitals: classes, or parts of names such as 4S店.
        case letters(String)
        /// Text that the vocabulary does not hold.
        case unknown
        /// A blank between two digits.
        case space
    }

    let kind: Kind
    /// Where it stands, in scalars.
    let range: Range<Int>

    /// The word, when it is one.
    var word: PlanWord? {
        guard case .word(let word) = kind else { return nil }
        return word
    }

    /// The number, when it is one.
    var figure: Figure? {
        guard case .figure(let figure) = kind else { return nil }
        return figure
    }

    /// Splits a text into tokens: numbers, the longest known words, and what is between them.
    ///
    /// - Parameter dates: whether a point or comma parts two numbers, as in `2024.3.1`.
    static func tokens(of text: PlanText, vocabulary: PlanVocabulary, dates: Bool = false) -> [PlanToken] {
        var tokens: [PlanToken] = []
        var at = 0
        while at < text.plain.count {
            let start = at
            let kind: Kind
            if let (word, end) = vocabulary.longest(in: text.plain, at: at) {
                kind = .word(word)
                at = end
            } else if !dates, text.plain[at] == ".", !text.isDigit(at: at + 1) {
                // Before a digit it may be what is left of a decimal fraction.
                kind = .word(.strong)
                at += 1
            } else if text.plain[at] == " " {
                kind = .space
                at += 1
            } else if let (figure, end) = Figure.read(text, at: at, dates: dates) {
                kind = figure.map(Kind.figure) ?? .brokenFigure
                at = end
            } else if ("A"..."Z").contains(text.plain[at]) {
                while at < text.plain.count, ("A"..."Z").contains(text.plain[at]) { at += 1 }
                kind = .letters(text.plain(start..<at))
            } else {
                kind = .unknown
                at += 1
            }
            if let last = tokens.last, last.kind == kind, kind == .unknown || kind == .space {
                tokens[tokens.count - 1] = PlanToken(kind: kind, range: last.range.lowerBound..<at)
            } else {
                tokens.append(PlanToken(kind: kind, range: start..<at))
            }
        }
        return tokens
    }
}

/// The words that a reader of plans knows, found longest first.
struct PlanVocabulary: Sendable {
    private let words: [[Unicode.Scalar]: PlanWord]
    private let longest: Int

    init(_ groups: [(PlanWord, String)]) {
        var words: [[Unicode.Scalar]: PlanWord] = [:]
        for (word, texts) in groups {
            for text in texts.split(separator: " ") { words[Array(text.unicodeScalars)] = word }
        }
        self.words = words
        longest = words.keys.map(\.count).max() ?? 0
    }

    /// The longest word that begins at a place, and where it ends.
    func longest(in text: [Unicode.Scalar], at start: Int) -> (PlanWord, Int)? {
        for length in stride(from: min(longest, text.count - start), to: 0, by: -1) {
            if let word = words[Array(text[start..<start + length])] { return (word, start + length) }
        }
        return nil
    }
}
