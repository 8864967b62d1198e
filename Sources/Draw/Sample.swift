public import JSON

/// How many entities a request draws (抽查比例 or 抽查户数).
public enum Sample: Sendable, Hashable {
    /// Rates in parts per million by credit class; a class without a rate has rate 0.
    case rates([CreditClass: Int])
    /// A number of entities of the whole pool, at most the pool itself.
    case count(Int)

    /// Reads a sample.
    /// - Throws: `JSONError` naming the field.
    public init(_ field: JSONField) throws {
        self = try field.object { reader in
            switch (reader.optional("rates_ppm"), reader.optional("count")) {
            case (let rates?, nil):
                return try .rates(
                    Dictionary(
                        uniqueKeysWithValues: rates.members().map { name, rate in
                            guard let creditClass = CreditClass(rawValue: name) else {
                                throw rate.error("a credit class A, B, C, D or - is expected, found \"\(name)\"")
                            }
                            return (creditClass, try rate.integer(in: 0...Grammar.wholePPM))
                        }))
            case (nil, let count?): return .count(try count.integer())
            default: throw field.error("either \"rates_ppm\" or \"count\" is expected")
            }
        }
    }

    /// The sample as the commitment holds it.
    public var json: JSONValue {
        switch self {
        case .count(let count): ["count": .integer(count)]
        case .rates(let rates):
            ["rates_ppm": .object(Dictionary(uniqueKeysWithValues: rates.map { ($0.rawValue, .integer($1)) }))]
        }
    }
}

/// A part of a pool that is drawn from on its own (层): a credit class, or the whole.
public enum Stratum: Sendable, Hashable {
    /// The entities of one credit class.
    case creditClass(CreditClass)
    /// The whole pool, for a request with a count.
    case whole

    /// The name in `pool_sizes` and `sample_sizes`.
    public var name: String {
        switch self {
        case .creditClass(let creditClass): creditClass.rawValue
        case .whole: "*"
        }
    }

    /// The stratum of that name.
    public init?(name: String) {
        if name == "*" {
            self = .whole
        } else if let creditClass = CreditClass(rawValue: name) {
            self = .creditClass(creditClass)
        } else {
            return nil
        }
    }
}

/// A number of entities for each stratum.
public typealias StratumSizes = [Stratum: Int]

extension Sample {
    /// The sizes of the strata (draw-v1 §2): the credit classes that are present, or the whole pool, even when empty.
    /// - Parameter byClass: the number of the pool's entities of each class.
    public func poolSizes(byClass: [CreditClass: Int]) -> StratumSizes {
        switch self {
        case .count: return [.whole: byClass.values.reduce(0, +)]
        case .rates:
            let present = byClass.filter { $0.value > 0 }
            return Dictionary(uniqueKeysWithValues: present.map { (.creditClass($0), $1) })
        }
    }

    /// How many are drawn of each stratum (draw-v1 §2), by largest remainders.
    public func sampleSizes(poolSizes: StratumSizes) -> StratumSizes {
        switch self {
        case .count(let count): return poolSizes.mapValues { min(count, $0) }
        case .rates(let rates):
            var sizes = StratumSizes()
            var remainders: [(stratum: CreditClass, remainder: Int)] = []
            for creditClass in CreditClass.allCases {
                guard let size = poolSizes[.creditClass(creditClass)] else { continue }
                let rate = rates[creditClass] ?? 0
                // N × rate = 10⁶ × whole + rest, taken apart so that no product overflows.
                let rest = size % Grammar.wholePPM * rate
                sizes[.creditClass(creditClass)] = size / Grammar.wholePPM * rate + rest / Grammar.wholePPM
                remainders.append((creditClass, rest % Grammar.wholePPM))
            }
            let leftOver = (remainders.reduce(0) { $0 + $1.remainder } + Grammar.wholePPM - 1) / Grammar.wholePPM
            // The sort is stable, and the classes were taken in the order that breaks ties.
            for (creditClass, _) in remainders.sorted(by: { $0.remainder > $1.remainder }).prefix(leftOver) {
                sizes[.creditClass(creditClass), default: 0] += 1
            }
            return sizes
        }
    }
}

extension StratumSizes {
    /// The sizes as the commitment holds them.
    public var json: JSONValue {
        .object([String: JSONValue](uniqueKeysWithValues: map { ($0.key.name, .integer($0.value)) }))
    }

    /// Reads sizes.
    /// - Throws: `JSONError` naming the field.
    public init(_ field: JSONField) throws {
        self = try Dictionary(
            uniqueKeysWithValues: field.members().map { name, size in
                guard let stratum = Stratum(name: name) else {
                    throw size.error("a credit class A, B, C, D, - or * is expected, found \"\(name)\"")
                }
                return (stratum, try size.integer())
            })
    }
}
