/// Reads a line of a plan as departments write it: what is certain becomes numbers, the rest is named and left alone.
///
/// Pure: the same cells always give the same reading.
public enum PlanLineReader {
    /// Reads a line.
    public static func read(_ cells: PlanLineCells) -> PlanLineReading {
        let scope = PlanScope(cells)
        var reading = PlanLineReading(
            methods: methods(cells[.method]), leads: DepartmentNames.read(cells[.initiator]),
            participants: DepartmentNames.read(cells[.participants]))

        let written = cells[.ratioAndFrequency]
        // A stroke in a cell says that nothing is to be said.
        var cells = cells
        for column in [PlanLineCells.Column.ratioAndFrequency, .creditRule, .window] where isBlank(cells[column]) {
            cells[column] = ""
        }
        for column in [PlanLineCells.Column.ratioAndFrequency, .creditRule, .window]
        where cells[column].unicodeScalars.count > longestCell {
            let beginning = String(cells[column].prefix(100))
            reading.notUnderstood.append(PlanDoubt.tooLong.explained(beginning, in: column))
            cells[column] = ""
        }
        let rate = RateCellReading.read(cells[.ratioAndFrequency], scope: scope)
        let credit = RateCellReading.read(cells[.creditRule], scope: scope)
        reading.rate = rate.share
        reading.count = rate.count
        reading.timesPerYear = rate.times
        reading.ratesByClass = rate.classes
        reading.notUnderstood += rate.doubts.map { $0.doubt.explained($0.text, in: .ratioAndFrequency) }
        if rate.doubts.isEmpty, !rate.saysSomething, reading.certain {
            let isBlank = cells[.ratioAndFrequency].isEmpty || rate.saysNothing
            if !isBlank || !credit.saysSomething {
                reading.notUnderstood.append(
                    (isBlank ? PlanDoubt.empty : .piece).explained(written, in: .ratioAndFrequency))
            }
        }
        add(credit, cells[.creditRule], to: &reading)

        let window = WindowReader.read(cells[.window], year: year(of: cells))
        reading.window = window.window
        reading.notUnderstood += window.doubts.map { $0.doubt.explained($0.text) }
        return reading
    }

    /// What the credit cell adds: shares by class, and whatever else it says that the rate cell does not say already.
    private static func add(_ credit: RateCellReading, _ text: String, to reading: inout PlanLineReading) {
        let cell = PlanLineCells.Column.creditRule
        reading.notUnderstood += credit.doubts.map { doubt in
            let kind = doubt.doubt == .piece || doubt.doubt == .hedge ? PlanDoubt.reference : doubt.doubt
            return kind.explained(doubt.text, in: cell)
        }
        func differs<Value: Equatable>(_ value: Value?, _ known: Value?) -> Bool {
            value != nil && known != nil && value != known
        }
        if differs(credit.share, reading.rate) || differs(credit.count, reading.count)
            || differs(credit.times, reading.timesPerYear)
            || !credit.classes.isEmpty && !reading.ratesByClass.isEmpty
                && Set(credit.classes) != Set(reading.ratesByClass)
        {
            reading.notUnderstood.append(PlanDoubt.several.explained(text, in: cell))
            return
        }
        reading.rate = reading.rate ?? credit.share
        reading.count = reading.count ?? credit.count
        reading.timesPerYear = reading.timesPerYear ?? credit.times
        if reading.ratesByClass.isEmpty { reading.ratesByClass = credit.classes }
        if !credit.saysSomething, !credit.saysNothing, credit.doubts.isEmpty, !text.isEmpty {
            reading.notUnderstood.append(PlanDoubt.reference.explained(text, in: cell))
        }
    }

    /// A cell with more characters is no statement of a rate or a window, and is not read.
    private static let longestCell = 1_000

    private static func isBlank(_ text: String) -> Bool {
        PlanText(text).plain.allSatisfy { "-/\\*.".unicodeScalars.contains($0) || $0 == "\n" }
    }

    // MARK: The other cells

    /// The year of the plan: the only one that the document's title names, or that the task begins with.
    static func year(of cells: PlanLineCells) -> Int? {
        // Of 「2024年抽查计划（2023年12月修订）」 the second is a date.
        let title = years(in: cells[.source]).filter { $0.kind != .date }
        let annual = Set(title.filter { $0.kind == .annual }.map(\.year))
        if annual.count == 1 { return annual.first }
        let all = Set(title.map(\.year))
        if !all.isEmpty { return all.count == 1 ? all.first : nil }
        // 「2023年度年报抽查」 is of 2024: a year of reports is none of the plan.
        guard let first = years(in: cells[.task]).first, first.at == 0 else { return nil }
        return ["报告", "年报", "公示信息"].contains { cells[.task].contains($0) } ? nil : first.year
    }

    private enum YearKind {
        case plain, annual, date
    }

    /// The years that a text names (2024年, 2024年度, the 2023 of 2023—2024年), and where they stand.
    private static func years(in text: String) -> [(year: Int, at: Int, kind: YearKind)] {
        let text = PlanText(text, breaks: .join)
        let vocabulary = PlanVocabulary([(.year, "年 年度"), (.month, "月"), (.range, "- 至 、")])
        let tokens = PlanToken.tokens(of: text, vocabulary: vocabulary, dates: true)
        return tokens.indices.compactMap { index in
            guard let figure = tokens[index].figure, figure.width == 4 || figure.width == 0 else { return nil }
            guard (2000..<2100).contains(figure.digits), index + 1 < tokens.count else { return nil }
            let behind = tokens[index + 1]
            let isRange = behind.word == .range && index + 2 < tokens.count && tokens[index + 2].figure?.width == 4
            guard behind.word == .year || isRange else { return nil }
            let isDate = index + 3 < tokens.count && tokens[index + 3].word == .month
            let kind: YearKind = isDate ? .date : behind.word == .year && behind.range.count == 2 ? .annual : .plain
            return (figure.digits, tokens[index].range.lowerBound, kind)
        }
    }

    /// The methods of a text, by the words that stand for them.
    private static func methods(_ text: String) -> [String] {
        let words = [
            ("online", ["网络", "网上", "线上", "在线"]), ("onsite", ["现场", "实地"]), ("written", ["书面", "案卷", "材料"]),
        ]
        return words.filter { _, words in words.contains { text.contains($0) } }.map(\.0)
    }
}
