/// How a department writes days: `yyyy年M月d日`, `yyyy/M/d`, `yyyyMMdd`, or `excel` for days counted from 1899-12-30.
///
/// `M` and `d` stand for one digit or two, `MM` and `dd` for two; a time of day behind it is left out.
struct DatePattern: Sendable, Hashable {
    private enum Part: Hashable {
        case year
        case month(twoDigits: Bool)
        case day(twoDigits: Bool)
        case literal(Character)
    }

    /// As the mapping writes it.
    let text: String
    private let parts: [Part]

    init?(_ text: String) {
        self.text = text
        guard text != "excel" else {
            parts = []
            return
        }
        var parts: [Part] = []
        var rest = Substring(text)
        while let first = rest.first {
            switch first {
            case "y":
                guard rest.hasPrefix("yyyy") else { return nil }
                parts.append(.year)
                rest = rest.dropFirst(4)
            case "M", "d":
                let count = rest.prefix { $0 == first }.count
                guard count <= 2 else { return nil }
                parts.append(first == "M" ? .month(twoDigits: count == 2) : .day(twoDigits: count == 2))
                rest = rest.dropFirst(count)
            default:
                parts.append(.literal(first))
                rest = rest.dropFirst()
            }
        }
        func count(_ isPart: (Part) -> Bool) -> Int { parts.count(where: isPart) }
        guard count({ $0 == .year }) == 1,
            count({ if case .month = $0 { true } else { false } }) == 1,
            count({ if case .day = $0 { true } else { false } }) == 1
        else { return nil }
        self.parts = parts
    }

    /// The day that a text says in this pattern.
    func day(of text: String) -> Day? {
        if parts.isEmpty {
            guard let serial = Int(text), (1..<2_958_466).contains(serial) else { return nil }
            // 1900 has a 29 February that never was, the day of number 60.
            return serial == 60 ? nil : Day(number: serial - (serial < 60 ? 25_568 : 25_569))
        }
        var rest = Substring(text)
        func digits(_ counts: ClosedRange<Int>) -> Int? {
            let found = rest.prefix { ("0"..."9").contains($0) }.prefix(counts.upperBound)
            guard counts.contains(found.count) else { return nil }
            rest = rest.dropFirst(found.count)
            return Int(found)
        }
        var (year, month, day) = (0, 0, 0)
        for part in parts {
            switch part {
            case .year:
                guard let value = digits(4...4) else { return nil }
                year = value
            case .month(let two), .day(let two):
                guard let value = digits(two ? 2...2 : 1...2) else { return nil }
                if case .month = part { month = value } else { day = value }
            case .literal(let character):
                guard rest.first == character else { return nil }
                rest = rest.dropFirst()
            }
        }
        guard Self.isTime(rest) else { return nil }
        return Day(year: year, month: month, day: day)
    }

    /// A day as workbooks are read: `YYYY-MM-DD`, with or without a time.
    static func iso(_ text: String) -> Day? {
        guard isTime(text.dropFirst(10)) else { return nil }
        return Day(text.prefix(10))
    }

    /// Nothing, or a time of day.
    private static func isTime(_ text: Substring) -> Bool {
        guard let first = text.first else { return true }
        return (first == " " || first == "T") && text.dropFirst().allSatisfy { $0.isNumber || ":.Z".contains($0) }
    }
}
