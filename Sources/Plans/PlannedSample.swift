public import Draw
import JSON

/// Between which numbers something lies, both ends included; an exact number is both.
public struct Bounds: Sendable, Hashable {
    /// The least; `nil` where only a ceiling is set.
    public let least: Int?
    /// The most; `nil` where only a floor is set.
    public let most: Int?

    /// Bounds of the given ends.
    public init(least: Int?, most: Int?) {
        self.least = least
        self.most = most
    }

    /// Reads a whole number, or `{min, max}` of which one may be left out.
    init(_ field: JSONField, in range: ClosedRange<Int>) throws {
        if case .integer = field.value {
            let exact = try field.integer(in: range)
            self.init(least: exact, most: exact)
            return
        }
        self = try field.object { reader in
            let least = try reader.optional("min")?.nullable()?.integer(in: range)
            let most = try reader.optional("max")?.nullable()?.integer(in: range)
            guard least != nil || most != nil, (least ?? range.lowerBound) <= (most ?? range.upperBound) else {
                throw field.error("min or max or both are expected, min not above max")
            }
            return Bounds(least: least, most: most)
        }
    }

    var json: JSONValue {
        if let least, least == most { return .integer(least) }
        return .object(["min": least, "max": most].compactMapValues { $0.map { .integer($0) } })
    }

    /// The number that the line promises at least: its floor, or without one its ceiling.
    public var planned: Int { least ?? most ?? 0 }
    /// The largest number that the line allows; without a ceiling its floor.
    public var largest: Int { most ?? least ?? 0 }
}

/// How much a line draws each time (抽查比例 or 抽查户数), in parts per million or entities.
public enum PlannedSample: Sendable, Hashable {
    /// One rate for every class.
    case rate(Bounds)
    /// Rates by credit class; a class that is not named is not drawn.
    case rates([CreditClass: Bounds])
    /// A number of entities.
    case count(Bounds)
    /// The county's rates by class (按县级默认比例).
    case county

    private static let wholePPM = 1_000_000

    init(_ field: JSONField) throws {
        self = try field.object { reader in
            let forms = [
                try reader.optional("rate_ppm").map { PlannedSample.rate(try Bounds($0, in: 0...Self.wholePPM)) },
                try reader.optional("rates_ppm").map { field in
                    PlannedSample.rates(
                        Dictionary(
                            uniqueKeysWithValues: try field.members().map { name, bounds in
                                guard let creditClass = CreditClass(rawValue: name) else {
                                    throw bounds.error("a credit class A, B, C, D or - is expected, found \"\(name)\"")
                                }
                                return (creditClass, try Bounds(bounds, in: 0...Self.wholePPM))
                            }))
                },
                try reader.optional("count").map {
                    PlannedSample.count(try Bounds($0, in: 1...Int(JSONValue.largestInteger)))
                },
                try reader.optional("county_rates").map { field in
                    guard try field.bool() else { throw field.error("true is expected; leave the key out otherwise") }
                    return PlannedSample.county
                },
            ].compactMap { $0 }
            guard let form = forms.first, forms.count == 1 else {
                throw field.error("exactly one of rate_ppm, rates_ppm, count, county_rates is expected")
            }
            return form
        }
    }

    var json: JSONValue {
        switch self {
        case .rate(let bounds): ["rate_ppm": bounds.json]
        case .rates(let rates):
            ["rates_ppm": .object(Dictionary(uniqueKeysWithValues: rates.map { ($0.rawValue, $1.json) }))]
        case .count(let bounds): ["count": bounds.json]
        case .county: ["county_rates": true]
        }
    }

    /// The same with the county's rates written out.
    ///
    /// - Parameter county: rates by class, in parts per million.
    func resolved(county: [CreditClass: Int]) -> PlannedSample {
        guard self == .county else { return self }
        return .rates(county.mapValues { Bounds(least: $0, most: $0) })
    }

    /// The bounds of each class's rate; `nil` for a number of entities.
    var ratesByClass: [CreditClass: Bounds]? {
        switch self {
        case .rate(let bounds): Dictionary(uniqueKeysWithValues: CreditClass.allCases.map { ($0, bounds) })
        case .rates(let rates): rates
        case .county: [:]
        case .count: nil
        }
    }

    /// What is drawn with the number that each bound promises, or allows at most.
    public func sample(largest: Bool = false) -> Sample {
        switch self {
        case .count(let bounds): .count(largest ? bounds.largest : bounds.planned)
        default: .rates((ratesByClass ?? [:]).mapValues { largest ? $0.largest : $0.planned })
        }
    }
}
