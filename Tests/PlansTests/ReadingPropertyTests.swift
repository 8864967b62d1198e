import Plans
import Testing

/// SplitMix64, so that a failure can be repeated.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
        return word ^ word >> 31
    }

    mutating func pick<Element>(_ choices: [Element]) -> Element {
        choices[Int.random(in: choices.indices, using: &self)]
    }
}

/// A line with the numbers that it was made from.
private struct MadeLine {
    var cells = PlanLineCells([.source: "某县2026年度抽查工作计划"])
    var says = PlanLineReading()

    init(_ random: inout SplitMix) {
        var statements: [String] = []
        if Bool.random(using: &random) {
            let (text, rate) = Self.rate(&random)
            statements.append(random.pick(["", "抽查比例", "抽查比例：", "按", "每年抽查比例"]) + text)
            says.rate = rate
        } else {
            let names = random.pick([["A", "B", "C", "D"], ["低风险", "中风险", "高风险"], ["一级", "二级", "三级"], ["守信", "失信"]])
            let mark = names[0] == "A" ? "类" : ""
            let rates = names.map { _ in Self.rate(&random) }
            let isExact = rates.allSatisfy { $0.1.exact != nil }
            if isExact, Bool.random(using: &random) {
                statements.append(
                    names.joined(separator: "、") + mark + "企业分别按" + rates.map(\.0).joined(separator: "、") + "抽取")
            } else {
                let joint = random.pick(["，", "；", "、"])
                statements.append(zip(names, rates).map { "\($0)\(mark)\($1.0)" }.joined(separator: joint))
            }
            says.ratesByClass = zip(names, rates).map { ClassRate(name: $0, rate: $1.1) }
        }
        if Bool.random(using: &random) {
            let number = Int.random(in: 1...300, using: &random)
            let unit = random.pick(["户", "家", "个", "所"])
            switch Int.random(in: 0..<3, using: &random) {
            case 0: (statements, says.count) = (["\(number)\(unit)"] + statements, Bounds(least: number, most: number))
            case 1: (statements, says.count) = (["不少于\(number)\(unit)"] + statements, Bounds(least: number, most: nil))
            default:
                statements.insert("\(number)-\(number + 10)\(unit)", at: 0)
                says.count = Bounds(least: number, most: number + 10)
            }
        }
        if Bool.random(using: &random) {
            let number = Int.random(in: 1...4, using: &random)
            let spans = random.pick([("年", 1), ("半年", 2), ("季度", 4), ("月", 12)])
            let forms = [
                "\(number)次/\(spans.0)", "每\(spans.0)\(number)次", "每\(spans.0)不少于\(number)次",
                "每\(spans.0)至少抽查\(number)次",
            ]
            statements.append(random.pick(forms))
            says.timesPerYear = number * spans.1
        }
        cells[.ratioAndFrequency] = statements.joined(separator: "；")
        let first = Int.random(in: 1...12, using: &random)
        let last = Int.random(in: first...12, using: &random)
        cells[.window] = random.pick([
            "\(first)月-\(last)月", "\(first)-\(last)月", "2026年\(first)月至\(last)月", "2026.\(first)—2026.\(last)",
            "\(first)月—\(last)月底",
        ])
        let days = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][last - 1]
        says.window = PlanWindow(
            first: PlanDay(year: 2026, month: first, day: 1), last: PlanDay(year: 2026, month: last, day: days))
    }

    private static func percent(_ ppm: Int) -> String {
        var fraction = String(ppm % 10_000 + 10_000).dropFirst()
        while fraction.last == "0" { fraction.removeLast() }
        return "\(ppm / 10_000)" + (fraction.isEmpty ? "" : "." + fraction)
    }

    private static func rate(_ random: inout SplitMix) -> (String, Bounds) {
        let ppm = random.pick([1, 10, 100, 5_000, 10_000]) * Int.random(in: 1...60, using: &random)
        let high = ppm + 10_000 * Int.random(in: 1...30, using: &random)
        let sign = random.pick(["%", "％", " %"])
        switch Int.random(in: 0..<9, using: &random) {
        case 0: return ("不低于\(percent(ppm))\(sign)", Bounds(least: ppm, most: nil))
        case 1: return ("≥\(percent(ppm))\(sign)", Bounds(least: ppm, most: nil))
        case 2: return ("不超过\(percent(ppm))\(sign)", Bounds(least: nil, most: ppm))
        case 3: return ("\(percent(ppm))\(sign)以上", Bounds(least: ppm, most: nil))
        case 4: return ("\(percent(ppm))\(sign)-\(percent(high))\(sign)", Bounds(least: ppm, most: high))
        case 5: return ("\(percent(ppm))~\(percent(high))\(sign)", Bounds(least: ppm, most: high))
        default: return ("\(percent(ppm))\(sign)", Bounds(least: ppm, most: ppm))
        }
    }
}

@Suite("Lines made from numbers")
struct ReadingPropertyTests {
    @Test("are read back to the same numbers, and are certain", arguments: 0..<40)
    func readBack(seed: Int) {
        var random = SplitMix(state: UInt64(seed))
        for _ in 0..<100 {
            let made = MadeLine(&random)
            let reading = PlanLineReader.read(made.cells)
            #expect(reading == made.says, "\(made.cells[.ratioAndFrequency]) ¦ \(made.cells[.window])")
        }
    }

    @Test("that are damaged are either not certain, or say what their own digits say", arguments: 0..<40)
    func damaged(seed: Int) {
        var random = SplitMix(state: UInt64(seed) &* 7_919)
        for _ in 0..<100 {
            var cells = MadeLine(&random).cells
            let column = Bool.random(using: &random) ? PlanLineCells.Column.ratioAndFrequency : .window
            cells[column] = Self.mutated(cells[column], &random)
            let reading = PlanLineReader.read(cells)
            guard reading.certain else { continue }
            Self.expectEveryDigitIsSaid(reading, cells)
            Self.expectBoundsAreWritten(reading, cells[.ratioAndFrequency])
        }
    }

    @Test(
        "made of any characters at all are read without a crash, and what is certain has its digits", arguments: 0..<40)
    func noise(seed: Int) {
        var random = SplitMix(state: UInt64(seed) &* 104_729)
        let alphabet = Array(
            "0123456789%.,-—~/；，、。：（）年月日次户家个每季度半分别抽查比例不低于超过以上下A类BC级三一十百千分之前起至底第\n ABC≥≤=约左右\u{0}\u{301}𠮷🙂﷽")
        for _ in 0..<200 {
            func text() -> String {
                String(
                    (0..<Int.random(in: 0...18, using: &random)).map { _ in random.pick(alphabet) })
            }
            let cells = PlanLineCells([.ratioAndFrequency: text(), .creditRule: text(), .window: text()])
            let reading = PlanLineReader.read(cells)
            #expect(reading == PlanLineReader.read(cells))
            #expect(reading.certain == reading.notUnderstood.isEmpty)
            // By scalars: a piece may begin within what Swift takes for one character.
            for piece in reading.notUnderstood {
                #expect(Array(cells[piece.cell].unicodeScalars).contains(Array(piece.text.unicodeScalars)))
            }
        }
    }

    @Test("with a cell of any length are read in no time to speak of")
    func long() {
        for text in ["A类5%，3户；", "5%；", "A、", "不低于企业", "1.", "（"] {
            let cells = PlanLineCells([.ratioAndFrequency: String(repeating: text, count: 100_000), .window: "3月"])
            let reading = PlanLineReader.read(cells)
            #expect(!reading.certain && reading.rate == nil && reading.window.first?.text == "03-01")
        }
    }

    private static func mutated(_ text: String, _ random: inout SplitMix) -> String {
        var characters = Array(text)
        guard !characters.isEmpty else { return text }
        let at = Int.random(in: 0..<characters.count, using: &random)
        switch Int.random(in: 0..<5, using: &random) {
        case 0, 1: characters.remove(at: at)
        case 2: characters.insert(random.pick(characters), at: at)
        case 3: characters.swapAt(at, Int.random(in: 0..<characters.count, using: &random))
        default: characters.removeSubrange(at..<Swift.min(at + 2, characters.count))
        }
        return String(characters)
    }

    /// Runs of digits, with their fractions.
    private static func numbers(in text: String) -> [String] {
        text.split { !($0.isNumber && $0.isASCII) && $0 != "." }.map(String.init)
    }

    /// The numbers of a certain reading, as they must stand in the text: none may be left out or come from nowhere.
    private static func expectEveryDigitIsSaid(_ reading: PlanLineReading, _ cells: PlanLineCells) {
        var said: Set<String> = []
        func percent(_ ppm: Int?) {
            guard let ppm else { return }
            var fraction = String(ppm % 10_000 + 10_000).dropFirst()
            while fraction.last == "0" { fraction.removeLast() }
            said.insert("\(ppm / 10_000)" + (fraction.isEmpty ? "" : "." + fraction))
        }
        for item in reading.ratesByClass { said.formUnion(numbers(in: item.name)) }
        for rate in [reading.rate].compactMap({ $0 }) + reading.ratesByClass.map(\.rate) {
            percent(rate.least)
            percent(rate.most)
        }
        if let count = reading.count { said.formUnion([count.least, count.most].compactMap { $0 }.map(String.init)) }
        if let times = reading.timesPerYear {
            said.formUnion([1, 2, 4, 12].filter { times % $0 == 0 }.map { "\(times / $0)" })
        }
        func plain(_ number: String) -> String {
            guard number.contains(".") else { return Int(number).map(String.init) ?? number }
            var number = Substring(number)
            while number.last == "0" { number.removeLast() }
            if number.last == "." { number.removeLast() }
            return number.first == "." ? "0" + number : String(number)
        }
        // 1年 and 每1年 are spans of time, said by the frequency or not at all.
        for number in numbers(in: cells[.ratioAndFrequency].replacing("1年", with: "年")) where number != "." {
            #expect(said.contains(plain(number)), "\(number) of \(cells[.ratioAndFrequency]) is not said")
        }
        let days = [reading.window.first, reading.window.last].compactMap { $0 }
        let parts = Set(days.flatMap { [$0.year ?? 0, $0.month, $0.day] })
        for number in cells[.window].split(whereSeparator: { !$0.isNumber }).compactMap({ Int($0) }) {
            #expect(parts.contains(number), "\(number) of \(cells[.window]) is not said")
        }
    }

    /// A floor or ceiling stands in the text by its words, and words that bound something are not passed over.
    private static func expectBoundsAreWritten(_ reading: PlanLineReading, _ text: String) {
        let text = text.filter { !$0.isWhitespace }
        let rates = [reading.rate].compactMap { $0 } + reading.ratesByClass.map(\.rate)
        let floors = rates.filter { $0.most == nil }.count
        let ceilings = rates.filter { $0.least == nil }.count
        let hasFloor = ["不低于", "≥", "以上", "不少于", "至少"].contains { text.contains($0) }
        let hasCeiling = text.contains("不超过")
        #expect(floors == 0 || hasFloor, "\(text)")
        #expect(ceilings == 0 || hasCeiling, "\(text)")
        if hasCeiling { #expect(ceilings > 0, "\(text)") }
        if text.contains("不低于") || text.contains("≥") {
            // A damaged unit may make it a floor of something else.
            #expect(floors > 0 || reading.count?.most == nil || reading.timesPerYear != nil, "\(text)")
        }
    }
}
