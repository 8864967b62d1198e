/// The slots each inspector holds, ascending, in chunks that say who could be of interest inside.
///
/// A search asks again and again for an inspector's first slot that somebody of a given set could take. An inspector
/// can hold a hundred thousand slots, so every chunk of at most 64 keeps two sets that cover those of its slots:
/// - `direct`: whoever may fill a slot of the chunk and does not serve its visit;
/// - `reach`: those, and whoever could after moves within a slot's visit.
///
/// The sets may be too large, never too small: what stops being true is not taken back at once, but when a look
/// through the whole chunk has found nobody of the set it was asked for. Each such look removes at least one entry, so
/// that looks in vain are paid for by the changes before them. `allDirect` and `allReach` do the same for all slots of
/// an inspector.
struct TeamsHeldSlots {
    private static let capacity = 64

    /// For each inspector, chunks in ascending order of their slots.
    private(set) var chunks: [[Int]]
    private var slots: [Int32] = []
    private var counts: [Int] = []
    private var unused: [Int] = []

    /// A row for each chunk.
    var direct: InspectorSets
    /// A row for each chunk.
    var reach: InspectorSets
    /// A row for each inspector.
    var allDirect: InspectorSets
    /// A row for each inspector.
    var allReach: InspectorSets

    init(inspectors: Int, width: Int) {
        chunks = [[Int]](repeating: [], count: inspectors)
        direct = InspectorSets(count: 0, width: width)
        reach = InspectorSets(count: 0, width: width)
        allDirect = InspectorSets(count: inspectors, width: width)
        allReach = InspectorSets(count: inspectors, width: width)
    }

    /// Places of a chunk's slots, for `slot(at:)`.
    func places(of chunk: Int) -> Range<Int> {
        chunk * Self.capacity..<chunk * Self.capacity + counts[chunk]
    }

    func slot(at place: Int) -> Int { Int(slots[place]) }

    /// Adds a slot to an inspector; `cover` must follow once everything has been moved.
    mutating func insert(_ slot: Int, for inspector: Int) {
        guard var at = position(of: slot, for: inspector) else {
            chunks[inspector].append(newChunk())
            return put(slot, into: chunks[inspector][0])
        }
        var chunk = chunks[inspector][at]
        if counts[chunk] == Self.capacity {
            let last = places(of: chunk).upperBound - 1
            let next = newChunk()
            chunks[inspector].insert(next, at: at + 1)
            // New slots come in ascending order: behind the last one nothing is split, and chunks stay full.
            let kept = slot > self.slot(at: last) ? Self.capacity : Self.capacity / 2
            for place in places(of: chunk).dropFirst(kept) { put(self.slot(at: place), into: next) }
            if kept < Self.capacity {
                direct.copy(chunk, to: next)
                reach.copy(chunk, to: next)
            }
            counts[chunk] = kept
            if counts[next] == 0 || slot > self.slot(at: places(of: next).lowerBound) { at += 1 }
            chunk = chunks[inspector][at]
        }
        put(slot, into: chunk)
    }

    /// Takes a slot away from an inspector.
    mutating func remove(_ slot: Int, from inspector: Int) {
        guard let at = position(of: slot, for: inspector) else { return }
        let chunk = chunks[inspector][at]
        let places = places(of: chunk)
        guard let place = places.first(where: { self.slot(at: $0) == slot }) else { return }
        for next in place + 1..<max(place + 1, places.upperBound) { slots[next - 1] = slots[next] }
        counts[chunk] -= 1
        if counts[chunk] == 0 {
            chunks[inspector].remove(at: at)
            direct.clear(chunk)
            reach.clear(chunk)
            unused.append(chunk)
        }
    }

    /// Makes one word of the sets of the chunk and the inspector cover a slot that the inspector holds.
    mutating func cover(_ slot: Int, of inspector: Int, word: Int, direct: UInt64, reach: UInt64) {
        guard let at = position(of: slot, for: inspector) else { return }
        let chunk = chunks[inspector][at]
        self.direct[chunk, word] |= direct
        self.reach[chunk, word] |= reach
        allDirect[inspector, word] |= direct
        allReach[inspector, word] |= reach
    }

    /// Index of the last chunk that starts at or before the slot, else of the first one; `nil` when there is none.
    private func position(of slot: Int, for inspector: Int) -> Int? {
        let list = chunks[inspector]
        if list.isEmpty { return nil }
        var low = 0
        var high = list.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if self.slot(at: list[middle] * Self.capacity) <= slot { low = middle } else { high = middle }
        }
        return low
    }

    private mutating func newChunk() -> Int {
        if let chunk = unused.popLast() { return chunk }
        let nobody = [UInt64](repeating: 0, count: direct.width)
        direct.append(nobody)
        reach.append(nobody)
        slots.append(contentsOf: repeatElement(0, count: Self.capacity))
        counts.append(0)
        return counts.count - 1
    }

    private mutating func put(_ slot: Int, into chunk: Int) {
        let places = places(of: chunk)
        var place = places.upperBound
        while place > places.lowerBound, self.slot(at: place - 1) > slot {
            slots[place] = slots[place - 1]
            place -= 1
        }
        slots[place] = Int32(slot)
        counts[chunk] += 1
    }
}
