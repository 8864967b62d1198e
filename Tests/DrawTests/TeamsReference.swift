import Crypto
import Draw

/// `matchTeams` written word for word from draw-v1 §7, and slow: a whole breadth-first search for every slot.
///
/// - Parameters:
///   - department: the department whose inspectors these are.
///   - seed: the 32 bytes of the draw's seed.
///   - visits: the visits this department takes part in, ids unique, in any order.
///   - inspectors: the inspectors of this department, ids unique, in any order.
/// - Returns: one assignment for each visit, in the order of `visits`.
func referenceTeams(
    department: String, seed: [UInt8], visits: [TeamVisit], inspectors: [InspectorLine]
) -> [TeamAssignment] {
    func hash(_ text: String) -> [UInt8] { Array(SHA256.hash(data: Array(text.utf8))) }
    func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef")
        return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
    func ascending(_ a: [UInt8], _ b: [UInt8]) -> Bool { a.lexicographicallyPrecedes(b) }

    let stream = hex(hash("\(hex(seed)):match:\(department)"))
    let taken = visits.indices.map { (visit: $0, key: hash(stream + visits[$0].id)) }
        .sorted { ascending($0.key, $1.key) }.map(\.visit)

    struct Slot {
        let visit: Int
        let specialty: String?
    }
    var slots: [Slot] = []
    for v in taken {
        let named = visits[v].specialties
        for specialty in named { slots.append(Slot(visit: v, specialty: specialty)) }
        for _ in named.count..<max(2, named.count, visits[v].team) { slots.append(Slot(visit: v, specialty: nil)) }
    }

    func mayFill(_ i: Int, _ slot: Slot) -> Bool {
        let inspector = inspectors[i]
        let visit = visits[slot.visit]
        return inspector.certificateUntil >= visit.lastDay
            && (inspector.regions.isEmpty || inspector.regions.contains { visit.region.utf8.starts(with: $0.utf8) })
            && !inspector.recused.contains(visit.entity)
            && (slot.specialty.map { named in
                inspector.specialties.contains { $0.utf8.elementsEqual(named.utf8) }
            } ?? true)
    }
    func preferred(_ slot: Slot) -> [Int] {
        inspectors.indices.filter { mayFill($0, slot) }
            .map { (inspector: $0, key: hash(stream + visits[slot.visit].id + inspectors[$0].id)) }
            .sorted { ascending($0.key, $1.key) }.map(\.inspector)
    }

    let preference = slots.map(preferred)
    var holder = [Int?](repeating: nil, count: slots.count)
    var held = [[Int]](repeating: [], count: inspectors.count)  // ascending
    var load = inspectors.map(\.load)

    for new in slots.indices {
        // What each queued slot would be left for: its holder would move to `parent`.
        var parent: [Int: Int] = [:]
        var queue = [new]
        var next = 0
        var met = Set<Int>()
        var winner: (inspector: Int, slot: Int)?
        while next < queue.count {
            let s = queue[next]
            next += 1
            for i in preference[s] where holder[s] != i {
                if let other = held[i].first(where: { slots[$0].visit == slots[s].visit }) {
                    if parent[other] == nil {
                        parent[other] = s
                        queue.append(other)
                    }
                } else if met.insert(i).inserted {
                    if winner.map({ load[i] < load[$0.inspector] }) ?? true { winner = (i, s) }
                    for t in held[i] where parent[t] == nil {
                        parent[t] = s
                        queue.append(t)
                    }
                }
            }
        }
        guard let winner else { continue }
        load[winner.inspector] += 1
        var moving = winner.inspector
        var s: Int? = winner.slot
        while let to = s {
            let before = holder[to]
            holder[to] = moving
            held[moving].append(to)
            held[moving].sort()
            if let before {
                held[before].removeAll { $0 == to }
                moving = before
            }
            s = parent[to]
        }
    }

    var result = visits.map { _ in (inspectors: [String](), missing: [String]()) }
    for s in slots.indices {
        if let i = holder[s] {
            result[slots[s].visit].inspectors.append(inspectors[i].id)
        } else {
            result[slots[s].visit].missing.append(slots[s].specialty ?? "")
        }
    }
    return result.map { TeamAssignment(inspectors: $0.inspectors, missing: $0.missing) }
}
