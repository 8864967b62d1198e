/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014), for bundles that are made up: fast, and the same everywhere.
/// Nothing of a real draw is random in this way.
struct GeneratorRandom {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
        return word ^ word >> 31
    }

    /// A number from 0 to `bound` − 1; the bias is below `bound` / 2⁶⁴.
    mutating func below(_ bound: Int) -> Int { Int(next().multipliedFullWidth(by: UInt64(bound)).high) }

    /// Whether something with this many chances in a hundred happens.
    mutating func happens(_ percent: Int) -> Bool { below(100) < percent }

    mutating func pick<Element>(_ choices: [Element]) -> Element { choices[below(choices.count)] }

    /// One of the choices, each with its weight.
    mutating func pick<Element>(weighted choices: [(Element, Int)]) -> Element {
        var rest = below(choices.reduce(0) { $0 + $1.1 })
        for (element, weight) in choices {
            if rest < weight { return element }
            rest -= weight
        }
        return choices[choices.count - 1].0
    }

    /// Some of the choices, in their order, each with this many chances in a hundred.
    mutating func some<Element>(of choices: [Element], percent: Int) -> [Element] {
        choices.filter { _ in happens(percent) }
    }

    mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: next() >> 56) }
    }
}
