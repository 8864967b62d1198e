import Foundation

/// How a workbook shows a number (数字格式).
///
/// Days are written `YYYY-MM-DD` whatever the format's order, percentages with `%`, and every other number exactly: what
/// a format rounds off for the eye is not lost.
///
/// Source: ECMA-376 part 1, §18.8.30 (number formats) and §18.17.4 (dates and times).
struct CellFormat: Hashable {
    /// What is shown of a number.
    private enum Kind: Hashable {
        case number
        case percent
        /// At least so many digits, zeros in front.
        case padded(Int)
        case date(Parts)
    }

    /// The parts of a date that are shown.
    private struct Parts: OptionSet, Hashable {
        let rawValue: Int
        static let year = Parts(rawValue: 1)
        static let month = Parts(rawValue: 2)
        static let day = Parts(rawValue: 4)
        static let time = Parts(rawValue: 8)
    }

    private let kind: Kind

    /// The format of cells without one.
    static let general = CellFormat(id: 0, code: nil)

    /// A format by its id, and its code when the workbook defines it.
    init(id: Int, code: String?) {
        if let code {
            kind = Self.kind(of: code)
        } else {
            switch id {
            case 9, 10: kind = .percent
            case 14, 15, 27...31, 36, 50...54, 57, 58: kind = .date([.year, .month, .day])
            case 16: kind = .date([.month, .day])
            case 17: kind = .date([.year, .month])
            case 22: kind = .date([.year, .month, .day, .time])
            case 18...21, 32...35, 45...47, 55, 56: kind = .date(.time)
            default: kind = .number
            }
        }
    }

    private static func kind(of code: String) -> Kind {
        // The first section is the one of positive numbers. Literals, colours, locales and padding say nothing here,
        // but an elapsed time in brackets does.
        var plain = ""
        var skip = false
        var isQuoted = false
        var bracket: String?
        scan: for character in code {
            if skip {
                skip = false
                continue
            }
            if isQuoted {
                isQuoted = character != "\""
                continue
            }
            if let text = bracket {
                if character == "]" {
                    if !text.isEmpty, text.allSatisfy({ "hmsHMS".contains($0) }) { plain += "h" }
                    bracket = nil
                } else {
                    bracket = text + String(character)
                }
                continue
            }
            switch character {
            case "\"": isQuoted = true
            case "\\", "_", "*": skip = true
            case "[": bracket = ""
            case ";": break scan
            default: plain += character.lowercased()
            }
        }
        if plain.hasPrefix("general") || plain == "@" { return .number }
        var parts: Parts = []
        var last: Character = " "
        for character in plain {
            switch character {
            case "y", "e": parts.insert(.year)
            case "d": parts.insert(.day)
            case "h", "s": parts.insert(.time)
            // A month, or minutes when it stands behind hours.
            case "m" where last != "h" && last != "m": parts.insert(.month)
            default: break
            }
            if character.isLetter { last = character }
        }
        if parts.contains(.time), !parts.contains(.year), !parts.contains(.day) { parts.remove(.month) }
        // Digits beside letters: scientific notation and the like.
        if !parts.isEmpty, !plain.contains(where: { "0#?".contains($0) }) || parts.contains(.time) {
            return .date(parts)
        }
        if plain.contains("%") { return .percent }
        if plain.count > 1, plain.allSatisfy({ $0 == "0" }) { return .padded(plain.count) }
        return .number
    }

    /// The number as it is shown; `nil` when it has more digits than a workbook keeps.
    func text(of number: Double, startsIn1904: Bool) -> String? {
        switch kind {
        case .number: return Self.plain(number)
        case .percent: return Self.plain(number * 100).map { $0 + "%" }
        case .padded(let width):
            guard let text = Self.plain(number), number >= 0 else { return Self.plain(number) }
            return String(repeating: "0", count: max(0, width - text.count)) + text
        case .date(let parts):
            guard number >= 0, number < 2_958_466 else { return Self.plain(number) }
            return Self.date(number, parts, startsIn1904: startsIn1904)
        }
    }

    /// Without an exponent, to 15 digits.
    private static func plain(_ number: Double) -> String? {
        if number == number.rounded() {
            guard abs(number) < 1e15 else { return nil }
            return String(Int64(number))
        }
        let text = String(format: "%.15g", number)
        guard text.contains("e") else { return text }
        var fixed = String(format: "%.20f", number)
        while fixed.hasSuffix("0") { fixed.removeLast() }
        return fixed
    }

    private static func date(_ serial: Double, _ parts: Parts, startsIn1904: Bool) -> String {
        // Rounded to the second; Excel's calendar of 1900 has a 29 February that never was.
        let seconds = Int((serial * 86_400).rounded())
        let days = seconds / 86_400
        let time = seconds % 86_400
        let clock =
            String(format: "%02d:%02d", time / 3_600, time / 60 % 60)
            + (time % 60 == 0 ? "" : String(format: ":%02d", time % 60))
        if parts == .time { return clock }
        let since1970 = startsIn1904 ? days - 24_107 : days - (days < 60 ? 25_568 : 25_569)
        var instant = time_t(since1970 * 86_400)
        var civil = tm()
        gmtime_r(&instant, &civil)
        let (year, month, day) = (Int(civil.tm_year) + 1900, Int(civil.tm_mon) + 1, Int(civil.tm_mday))
        if !parts.contains(.day) {
            if parts.contains(.year) { return parts.contains(.month) ? "\(year)年\(month)月" : "\(year)年" }
            return "\(month)月"
        }
        if !parts.contains(.year) { return "\(month)月\(day)日" }
        let whole = String(format: "%04d-%02d-%02d", year, month, day)
        return parts.contains(.time) && time != 0 ? whole + " " + clock : whole
    }
}
