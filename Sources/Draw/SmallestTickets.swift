/// The smallest tickets of one stratum, no more than its sample.
///
/// Candidates gather in a list; when it holds twice the sample, the larger half is dropped (quickselect, Hoare 1961) and
/// from then on only tickets below the largest that was kept are taken.
struct SmallestTickets {
    let limit: Int
    private var gathered: [PageSelection.Candidate] = []
    /// Tickets from here on are too large; `nil` while there is room for any.
    private var bound: Hash?

    init(limit: Int) { self.limit = limit }

    /// An empty one for each request and class; a request with a count uses its first.
    static func strata(requests: [DrawRequest], sampleSizes: [StratumSizes]) -> [SmallestTickets] {
        zip(requests, sampleSizes).flatMap { request, sizes in
            CreditClass.allCases.map { creditClass in
                switch request.sample {
                case .rates: SmallestTickets(limit: sizes[.creditClass(creditClass)] ?? 0)
                case .count: SmallestTickets(limit: creditClass.index == 0 ? sizes[.whole] ?? 0 : 0)
                }
            }
        }
    }

    /// The smallest tickets seen, in any order.
    var candidates: [PageSelection.Candidate] {
        var smallest = self
        smallest.dropLargest()
        return smallest.gathered
    }

    /// Whether a ticket may belong to the smallest.
    func takes(_ ticket: Hash) -> Bool {
        guard let bound else { return limit > 0 }
        return ticket < bound
    }

    /// Takes a candidate whose ticket ``takes(_:)`` admits.
    mutating func take(_ candidate: PageSelection.Candidate) {
        gathered.append(candidate)
        if gathered.count >= limit + max(limit, 64) { dropLargest() }
    }

    private mutating func dropLargest() {
        guard gathered.count > limit else { return }
        bound = gathered.withUnsafeMutableBufferPointer { Self.select(limit - 1, in: $0) }
        gathered.removeSubrange(limit...)
    }

    /// Moves the tickets smaller than the one at a place of the sorted order before it, and the larger ones behind.
    /// - Returns: the ticket of that place.
    private static func select(_ place: Int, in candidates: UnsafeMutableBufferPointer<PageSelection.Candidate>) -> Hash
    {
        var (low, high) = (0, candidates.count - 1)
        while low < high {
            // Tickets are hashes in no order, so any pivot is a random one.
            let pivot = candidates[(low + high) / 2].ticket
            var (left, right) = (low, high)
            while left <= right {
                while candidates[left].ticket < pivot { left += 1 }
                while pivot < candidates[right].ticket { right -= 1 }
                if left <= right {
                    candidates.swapAt(left, right)
                    left += 1
                    right -= 1
                }
            }
            if place <= right {
                high = right
            } else if place >= left {
                low = left
            } else {
                break
            }
        }
        return candidates[place].ticket
    }
}
