public import JSON

/// What a line of a plan says, as far as it is certain, and what of it is not understood.
///
/// A number stands here only when the text says it; nothing is filled in by guessing.
public struct PlanLineReading: Sendable, Hashable {
    /// The share of the pool to be drawn (抽查比例) in parts per million, `0...1_000_000`.
    public var rate: Bounds?
    /// How many objects are to be drawn (抽查数量); the pool's size (基数) is not a count.
    public var count: Bounds?
    /// How often in a year (抽查频次); with 不少于 the least.
    public var timesPerYear: Int?
    /// The share by credit class, grade or kind of object, in the order of the text.
    public var ratesByClass: [ClassRate]
    /// From when to when (抽查时间).
    public var window: PlanWindow
    /// How: `onsite`, `written`, `online`, as far as the text names them.
    public var methods: [String]
    /// The departments that lead (发起、牵头部门).
    public var leads: [String]
    /// The other departments (配合、参与部门).
    public var participants: [String]
    /// What is left over of the rate, credit and window cells; empty exactly when the line is certain.
    public var notUnderstood: [NotUnderstood]

    /// Whether nothing of the rate, credit and window cells is left over.
    public var certain: Bool { notUnderstood.isEmpty }

    /// A reading; everything may be left out.
    public init(
        rate: Bounds? = nil, count: Bounds? = nil, timesPerYear: Int? = nil, ratesByClass: [ClassRate] = [],
        window: PlanWindow = PlanWindow(), methods: [String] = [], leads: [String] = [], participants: [String] = [],
        notUnderstood: [NotUnderstood] = []
    ) {
        self.rate = rate
        self.count = count
        self.timesPerYear = timesPerYear
        self.ratesByClass = ratesByClass
        self.window = window
        self.methods = methods
        self.leads = leads
        self.participants = participants
        self.notUnderstood = notUnderstood
    }
}

extension Bounds {
    /// Exactly one number.
    init(exactly number: Int) { self.init(least: number, most: number) }

    /// The number, when it is exactly one.
    public var exact: Int? { least == most ? least : nil }
}

/// The share of one class of objects.
public struct ClassRate: Sendable, Hashable {
    /// The class as the text names it: `A`, `守信`, `三级`, `生产企业`.
    public let name: String
    /// Its share in parts per million.
    public let rate: Bounds

    /// The share of a class.
    public init(name: String, rate: Bounds) {
        self.name = name
        self.rate = rate
    }
}

/// A day as far as the text names it: the year may be unknown.
public struct PlanDay: Sendable, Hashable, Comparable {
    /// The year, where the line or the document's title names it.
    public let year: Int?
    /// The month, 1–12.
    public let month: Int
    /// The day of the month, from 1.
    public let day: Int

    /// A day; nothing when there is no such day. 29 February needs a year.
    public init?(year: Int?, month: Int, day: Int) {
        guard (1...12).contains(month), day >= 1 else { return nil }
        guard day <= Self.lastDay(ofMonth: month, year: year) ?? 28 else { return nil }
        self.year = year
        self.month = month
        self.day = day
    }

    /// The last day of a month; nothing for February of an unknown year.
    public static func lastDay(ofMonth month: Int, year: Int?) -> Int? {
        switch month {
        case 4, 6, 9, 11: 30
        case 2: year.map { $0 % 4 == 0 && ($0 % 100 != 0 || $0 % 400 == 0) ? 29 : 28 }
        default: 31
        }
    }

    /// Whether one day comes before another; days without a year are of the same year.
    public static func < (a: PlanDay, b: PlanDay) -> Bool {
        (a.year ?? b.year ?? 0, a.month, a.day) < (b.year ?? a.year ?? 0, b.month, b.day)
    }

    /// `YYYY-MM-DD`, or `MM-DD` where the year is unknown.
    public var text: String {
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return (year.map { "\($0)-" } ?? "") + "\(two(month))-\(two(day))"
    }
}

/// From when to when, as far as the text says it.
public struct PlanWindow: Sendable, Hashable {
    /// The first day.
    public var first: PlanDay?
    /// The last day.
    public var last: PlanDay?

    /// A window; either end may be open.
    public init(first: PlanDay? = nil, last: PlanDay? = nil) {
        self.first = first
        self.last = last
    }
}

/// A piece of a cell that is not understood, for the department to mend. Texts are in Chinese.
public struct NotUnderstood: Sendable, Hashable {
    /// The piece, word for word.
    public let text: String
    /// The cell it stands in.
    public let cell: PlanLineCells.Column
    /// Why it is not understood.
    public let why: String
    /// What to write instead.
    public let fillIn: String

    /// A piece that is not understood.
    public init(text: String, cell: PlanLineCells.Column, why: String, fillIn: String) {
        self.text = text
        self.cell = cell
        self.why = why
        self.fillIn = fillIn
    }

    /// As JSON: `text`, `cell`, `why`, `fill_in`.
    public var json: JSONValue {
        ["text": .string(text), "cell": .string(cell.chinese), "why": .string(why), "fill_in": .string(fillIn)]
    }
}

extension PlanLineReading {
    /// The reading as one JSON object, as `docs/plan-line.schema.json` describes it; what the text does not say is `null`.
    ///
    /// - Parameter line: the number of the data line, from 1.
    public func json(line: Int) -> JSONValue {
        func number(_ value: Int?) -> JSONValue { value.map { .integer($0) } ?? .null }
        let classes = Dictionary(ratesByClass.map { ($0.name, $0.rate.json) }) { first, _ in first }
        return [
            "line": .integer(line),
            "rate_min_ppm": number(rate?.least), "rate_max_ppm": number(rate?.most),
            "count_min": number(count?.least), "count_max": number(count?.most),
            "times_per_year": number(timesPerYear),
            "rates_by_class": ratesByClass.isEmpty ? .null : .object(classes),
            "window_first": .nullable(window.first?.text), "window_last": .nullable(window.last?.text),
            "certain": .bool(certain),
            "not_understood": .array(notUnderstood.map(\.json)),
        ]
    }
}
