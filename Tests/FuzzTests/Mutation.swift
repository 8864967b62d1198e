import JSON

/// Made-up damage to good texts: of bytes, and of the structure of JSON. The same number gives the same damage, so that a
/// case that fails can be had again.
struct Mutation: RandomNumberGenerator {
    private var state: UInt64
    /// Whether a list was made very long already: lists within lists would take up all memory before any decoder sees them.
    private var isLong = false

    init(case number: Int) { state = UInt64(truncatingIfNeeded: number) &* 0x9E37_79B9_7F4A_7C15 }

    /// SplitMix64 (Steele, Lea, Flood 2014).
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    /// Pieces that have broken decoders before.
    static let pieces: [[UInt8]] =
        [
            "\0", "\u{FEFF}", "\"", "\\", "\\u0000", "\\ud800", "\\udfff\\ud800", "{", "}", "[", "]", ",", ":", "null",
            "true",
            "-", "-0", "00", "1e9", "0.1", "9007199254740991", "9007199254740992", "-9007199254740992",
            "99999999999999999999999999", "\t", "\r", "\n", "\r\n\r\n", "\u{2028}", "编号", "a\u{0301}", "2026-02-30",
            "9999-12-31", "0000-00-00", "2026-03-01T00:00:60Z", ".", "..", "/", "A", "-1", "E\u{0}", "''", ";DROP", "*",
            "%s", "𠮷",
        ].map { Array($0.utf8) } + [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0x80]]

    /// One of the seeds, damaged in one to four places.
    mutating func bytes(_ seeds: [[UInt8]]) -> [UInt8] {
        var bytes = seeds[below(seeds.count)]
        if below(3) == 0, let value = try? JSONValue(parsing: bytes) { bytes = json(value, depth: 0).canonical }
        for _ in 0...below(4) where below(8) != 0 { damage(&bytes, seeds) }
        return bytes
    }

    private mutating func damage(_ bytes: inout [UInt8], _ seeds: [[UInt8]]) {
        let place = below(bytes.count + 1)
        switch below(9) {
        case 0 where place < bytes.count: bytes[place] ^= UInt8(1 << below(8))
        case 1 where place < bytes.count: bytes[place] = UInt8(truncatingIfNeeded: next())
        case 2: bytes.insert(contentsOf: Self.pieces[below(Self.pieces.count)], at: place)
        case 3: bytes.removeSubrange(place..<min(bytes.count, place + below(20)))
        case 4: bytes.removeSubrange(place...)
        case 5:
            let slice = bytes[place..<min(bytes.count, place + 1 + below(64))]
            bytes.insert(contentsOf: slice, at: below(bytes.count + 1))
        case 6:
            let other = seeds[below(seeds.count)]
            bytes = Array(bytes[..<place]) + other[below(other.count + 1)...]
        case 7 where below(20) == 0:
            // Deep, or long.
            let piece = below(2) == 0 ? Array("[{\"a\":".utf8) : Self.pieces[below(Self.pieces.count)]
            bytes.insert(contentsOf: (0..<(1 << below(14))).flatMap { _ in piece }, at: place)
        default: bytes.insert(contentsOf: Self.pieces[below(Self.pieces.count)], at: place)
        }
    }

    /// The value with some of its parts missing, doubled, or of another kind.
    mutating func json(_ value: JSONValue, depth: Int) -> JSONValue {
        if below(12) == 0 { return scalar() }
        switch value {
        case .object(let members):
            var changed = members
            for (name, member) in members.sorted(by: { $0.key < $1.key }) {
                switch below(16) {
                case 0: changed[name] = nil
                case 1: changed[name + "x"] = member
                case 2: changed[name] = .array([member, member])
                default: changed[name] = json(member, depth: depth + 1)
                }
            }
            return .object(changed)
        case .array(let elements):
            var changed = elements.map { json($0, depth: depth + 1) }
            if below(6) == 0 { changed += changed.reversed() }
            if below(6) == 0 { changed = [] }
            if below(40) == 0, !isLong, let first = changed.first {
                isLong = true
                changed = [JSONValue](repeating: first, count: 2_000)
            }
            return .array(changed)
        default: return below(6) == 0 ? scalar() : value
        }
    }

    private mutating func scalar() -> JSONValue {
        switch below(7) {
        case 0: .null
        case 1: .bool(below(2) == 0)
        case 2: .integer([0, 1, -1, 9_007_199_254_740_991, -9_007_199_254_740_991, 1_000_001][below(6)])
        case 3: .array([])
        case 4: .object([:])
        case 5: .string(String(repeating: "长", count: 1 << below(12)))
        default: .string(String(decoding: Self.pieces[below(Self.pieces.count)], as: UTF8.self))
        }
    }
}
