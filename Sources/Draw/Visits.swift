import JSON

/// One visit (检查) that merges what several requests want of one entity: draw-v1 §6.
public struct Visit: Sendable, Hashable {
    /// The first 32 hexadecimal digits of the hash of `ROUND:ENTITY:METHOD:REQUESTID,REQUESTID…`.
    public let id: String
    /// The entity's id.
    public let entity: String
    /// How the inspection is made.
    public let method: InspectionMethod
    /// The ids of the requests, ascending.
    public let requests: [String]
    /// The days that fit every request.
    public let window: DayWindow
    /// The departments of the requests, ascending, once each.
    public let departments: [String]

    /// Makes a visit.
    public init(
        id: String, entity: String, method: InspectionMethod, requests: [String], window: DayWindow,
        departments: [String]
    ) {
        self.id = id
        self.entity = entity
        self.method = method
        self.requests = requests
        self.window = window
        self.departments = departments
    }

    /// The members that `result.json` holds beside the teams.
    var members: [String: JSONValue] {
        [
            "visit": .string(id), "entity": .string(entity), "method": .string(method.rawValue),
            "requests": .strings(requests), "window": window.json, "departments": .strings(departments),
        ]
    }
}

/// Merges the selections into the smallest possible number of visits (合并检查): draw-v1 §6.
/// - Parameters:
///   - round: the round's id.
///   - requests: the round's requests, in any order.
///   - selections: who is drawn, in any order.
/// - Returns: the visits, ascending by id.
public func makeVisits(round: String, requests: [DrawRequest], selections: [Selection]) -> [Visit] {
    var numbers: [String: Int32] = [:]
    var entities: [String] = []
    var chosen: [String: [Int32]] = [:]
    for selection in selections {
        chosen[selection.request, default: []] += selection.entities.map { entity in
            if let number = numbers[entity] { return number }
            let number = Int32(entities.count)
            numbers[entity] = number
            entities.append(entity)
            return number
        }
    }
    var merging = VisitMerging(round: round, requests: requests)
    return merging.visits(entities, chosen: chosen).visits
}

/// The merging of one round: entities with the same requests share what follows from these.
struct VisitMerging {
    /// What requests become when they are merged into one visit.
    private struct Merged {
        let method: InspectionMethod
        let requests: [String]
        let window: DayWindow
        let departments: [String]
        /// `:METHOD:REQUESTID,REQUESTID…`.
        let suffix: String
    }

    private let prefix: HashPrefix
    /// In the order in which days are chosen: by last day, first day, id.
    private let requests: [DrawRequest]
    private var numbers: [[Int]: Int] = [:]
    private var merged: [Merged] = []

    init(round: String, requests: [DrawRequest]) {
        prefix = HashPrefix(round + ":")
        self.requests = requests.sorted {
            if $0.window.last != $1.window.last { return $0.window.last < $1.window.last }
            if $0.window.first != $1.window.first { return $0.window.first < $1.window.first }
            return Grammar.precedes($0.id, $1.id)
        }
    }

    /// Merges what is chosen, entities given by their index.
    /// - Returns: the visits, ascending by id, and the index of each one's entity.
    mutating func visits(
        _ entities: [String], chosen: [String: [Int32]]
    ) -> (visits: [Visit], entities: [Int32]) {
        var pairs: [(entity: Int32, request: Int32)] = []
        for (index, request) in requests.enumerated() {
            for entity in chosen[request.id] ?? [] { pairs.append((entity, Int32(index))) }
        }
        // For each entity, its requests in the order in which days are chosen.
        let wanted = Buckets(pairs, count: entities.count)
        var found: [(hash: Hash, entity: Int32, merged: Int32)] = []
        var message: [UInt8] = []
        for entity in entities.indices {
            for group in groups(wanted[entity]) {
                let number = merge(group)
                message.removeAll(keepingCapacity: true)
                message += entities[entity].utf8
                message += merged[number].suffix.utf8
                let hash = message.withUnsafeBytes { prefix.hash($0) }
                found.append((hash, Int32(entity), Int32(number)))
            }
        }
        found.sort { $0.hash < $1.hash }
        let visits = found.map { found in
            let merged = merged[Int(found.merged)]
            return Visit(
                id: hexText(found.hash.bytes.prefix(16)), entity: entities[Int(found.entity)], method: merged.method,
                requests: merged.requests, window: merged.window, departments: merged.departments)
        }
        return (visits, found.map(\.entity))
    }

    /// Splits one entity's requests so that one day fits every window in a group.
    private func groups(_ wanted: ArraySlice<Int32>) -> [[Int]] {
        // Most entities are drawn by one request only.
        if wanted.count == 1 { return wanted.map { [Int($0)] } }
        var groups: [[Int]] = []
        for method in InspectionMethod.allCases {
            let own = wanted.map { Int($0) }.filter { requests[$0].method == method }
            groups += own.filter { !requests[$0].joint }.map { [$0] }
            var rest = own.filter { requests[$0].joint }
            while let first = rest.first {
                let day = requests[first].window.last
                groups.append(rest.filter { requests[$0].window.first <= day })
                rest.removeAll { requests[$0].window.first <= day }
            }
        }
        return groups
    }

    /// The number of what a group of requests becomes.
    private mutating func merge(_ group: [Int]) -> Int {
        if let number = numbers[group] { return number }
        let members = group.map { requests[$0] }.sorted { Grammar.precedes($0.id, $1.id) }
        let ids = members.map(\.id)
        let method = members[0].method
        merged.append(
            Merged(
                method: method, requests: ids,
                window: DayWindow(
                    first: members.map(\.window.first).max() ?? "", last: members.map(\.window.last).min() ?? ""),
                departments: Set(members.map(\.department)).sorted(by: Grammar.precedes),
                suffix: ":\(method.rawValue):\(ids.joined(separator: ","))"))
        numbers[group] = merged.count - 1
        return merged.count - 1
    }
}

/// Numbers sorted into buckets, keeping their order.
private struct Buckets {
    private var ends: [Int]
    private var values: [Int32]

    init(_ pairs: [(entity: Int32, request: Int32)], count: Int) {
        ends = [Int](repeating: 0, count: count + 1)
        values = [Int32](repeating: 0, count: pairs.count)
        for pair in pairs { ends[Int(pair.entity) + 1] += 1 }
        for bucket in 0..<count { ends[bucket + 1] += ends[bucket] }
        // Each bucket's start moves to its end while the values are put in.
        var next = ends
        for pair in pairs {
            values[next[Int(pair.entity)]] = pair.request
            next[Int(pair.entity)] += 1
        }
    }

    subscript(bucket: Int) -> ArraySlice<Int32> { values[ends[bucket]..<ends[bucket + 1]] }
}

extension TeamVisit {
    /// What matching needs of a visit for one of its departments.
    /// - Parameters:
    ///   - region: the entity's region.
    ///   - requests: this department's requests of the visit.
    public init(_ visit: Visit, region: String, requests: [DrawRequest]) {
        var specialties = requests.first?.specialties ?? []
        if requests.count > 1 || specialties.count > 1 {
            specialties = Set(requests.flatMap(\.specialties)).sorted(by: Grammar.precedes)
        }
        self.init(
            id: visit.id, region: region, entity: visit.entity, lastDay: visit.window.last, specialties: specialties,
            team: requests.map(\.team).max() ?? 0)
    }
}
