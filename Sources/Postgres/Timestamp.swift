import Foundation

/// Conversions between `Date` and PostgreSQL's timestamps, which count microseconds from 2000-01-01 00:00 UTC.
enum Timestamp {
    /// 2000-01-01 in seconds after `Date`'s reference date (2001-01-01): 2000 was a leap year.
    static let epoch = -366.0 * 86_400

    /// The instant of a binary timestamp; nil for ±infinity, which no `Date` can be.
    static func date(microseconds: Int64) -> Date? {
        guard microseconds != .max, microseconds != .min else { return nil }
        let (seconds, rest) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
        return Date(timeIntervalSinceReferenceDate: Double(seconds) + epoch + Double(rest) / 1_000_000)
    }

    /// `2026-03-01 08:00:00.123456+00`, read alike under every `DateStyle`. Years before 1 get the suffix BC; what no
    /// timestamp can hold is left for the server to refuse.
    static func text(of date: Date) -> String {
        let interval = date.timeIntervalSinceReferenceDate - epoch
        guard interval.isFinite, interval.magnitude < 9e12 else { return interval < 0 ? "-infinity" : "infinity" }
        let seconds = interval.rounded(.down)
        // Rounding a fraction near 1 must carry into the seconds.
        let fraction = Int64(((interval - seconds) * 1_000_000).rounded())
        let microseconds = Int64(seconds) * 1_000_000 + fraction
        let (days, time) = floorDivision(microseconds, 86_400_000_000)
        let (year, month, day) = civil(daysSince2000: days)
        let (wholeSeconds, micros) = floorDivision(time, 1_000_000)
        let clock = [wholeSeconds / 3_600, wholeSeconds / 60 % 60, wholeSeconds % 60].map { padded($0, 2) }
        let shownYear = padded(year > 0 ? year : 1 - year, 4)
        return "\(shownYear)-\(padded(month, 2))-\(padded(day, 2)) \(clock.joined(separator: ":"))"
            + ".\(padded(micros, 6))+00\(year > 0 ? "" : " BC")"
    }

    /// `YYYY-MM-DD` of a binary `date`, which counts days from 2000-01-01; nil for ±infinity and years before 1.
    static func text(ofDay days: Int32) -> String? {
        guard days != .max, days != .min else { return nil }
        let (year, month, day) = civil(daysSince2000: Int64(days))
        return year > 0 ? "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))" : nil
    }

    /// Year, month and day in the proleptic Gregorian calendar, counting years from 1 March so that the leap day is
    /// the last one (Hinnant, "chrono-compatible low-level date algorithms", civil_from_days).
    private static func civil(daysSince2000: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = floorDivision(daysSince2000 + 730_425, 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    private static func floorDivision(_ value: Int64, _ divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    private static func padded(_ value: Int64, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
