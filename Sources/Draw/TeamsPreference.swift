import Crypto

/// A hash that something is ordered by: ascending by bytes, as four big-endian words.
struct TeamsKey: Comparable {
    private let words: (UInt64, UInt64, UInt64, UInt64)

    init(_ digest: SHA256.Digest) {
        words = digest.withUnsafeBytes { bytes in
            func word(_ at: Int) -> UInt64 {
                UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
            }
            return (word(0), word(8), word(16), word(24))
        }
    }

    static func == (a: Self, b: Self) -> Bool { a.words == b.words }
    static func < (a: Self, b: Self) -> Bool { a.words < b.words }
}

/// The hashes of one department's stream: the order of its visits and each slot's order of preference (draw-v1 §7).
struct TeamsPreference {
    /// The order in which the visits are taken: indices into the visits given. Below, a visit is its place in it.
    let order: [Int]

    /// The state after `STREAMHEX`, which fills one block exactly, so that it is hashed only once.
    private let prefix: SHA256
    private let inspectorIDs: [[UInt8]]
    private let visitIDs: [String]

    /// The visit's id followed by an inspector's.
    private var message: [UInt8] = []
    private var messageVisit = -1
    private var messageVisitLength = 0

    /// Keys of the visit whose slots are being filled, which all its slots share.
    private var kept: [TeamsKey?]
    private var keptVisit = -1

    init(department: String, seed: [UInt8], visits: [TeamVisit], inspectors: [InspectorLine]) {
        let stream = SHA256.hash(data: Self.hex(seed) + Array(":match:\(department)".utf8))
        var prefix = SHA256()
        prefix.update(data: Self.hex(stream))
        self.prefix = prefix
        order = visits.indices.map { index in
            var state = prefix
            state.update(data: Array(visits[index].id.utf8))
            return (index: index, key: TeamsKey(state.finalize()))
        }.sorted { $0.key < $1.key }.map(\.index)
        visitIDs = order.map { visits[$0].id }
        inspectorIDs = inspectors.map { Array($0.id.utf8) }
        kept = [TeamsKey?](repeating: nil, count: inspectors.count)
    }

    private static func hex(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        let digits = Array("0123456789abcdef".utf8)
        return bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    }

    /// Keeps the keys of this visit from now on instead of those of the one before.
    mutating func keepKeys(of visit: Int) {
        keptVisit = visit
        for i in kept.indices { kept[i] = nil }
    }

    /// The key by which the slots of a visit order an inspector.
    mutating func key(visit: Int, inspector: Int) -> TeamsKey {
        if visit == keptVisit, let key = kept[inspector] { return key }
        if visit != messageVisit {
            messageVisit = visit
            message.removeAll(keepingCapacity: true)
            message.append(contentsOf: visitIDs[visit].utf8)
            messageVisitLength = message.count
        }
        message.removeSubrange(messageVisitLength...)
        message.append(contentsOf: inspectorIDs[inspector])
        var state = prefix
        message.withUnsafeBytes { state.update(bufferPointer: $0) }
        let key = TeamsKey(state.finalize())
        if visit == keptVisit { kept[inspector] = key }
        return key
    }

    /// Whom of `candidates` the slots of the visit prefer; `nil` when there is nobody.
    mutating func mostPreferred(of candidates: [UInt64], visit: Int) -> Int? {
        var best: (inspector: Int, key: TeamsKey)?
        var first: Int?
        candidates.forEachInspector { i in
            // One alone needs no hash.
            guard let before = first else {
                first = i
                return
            }
            let leader = best ?? (before, key(visit: visit, inspector: before))
            let challenger = (inspector: i, key: key(visit: visit, inspector: i))
            best = challenger.key < leader.key ? challenger : leader
        }
        return best?.inspector ?? first
    }
}
