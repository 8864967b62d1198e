public import JSON

/// Who is drawn by one request (抽查对象名单), ascending by ticket.
public struct Selection: Sendable, Hashable {
    /// The request's id.
    public let request: String
    /// The ids of the entities.
    public let entities: [String]

    /// Makes a selection.
    public init(request: String, entities: [String]) {
        self.request = request
        self.entities = entities
    }
}

/// The smallest tickets of every request and stratum found so far: in one page, or in pages put together.
///
/// Each stratum holds no more entities than its sample, so that what is put together from all pages holds the winners.
public struct PageSelection: Sendable, Hashable {
    /// An entity that may be drawn, with what later stages need of it.
    struct Entity: Sendable, Hashable {
        let id: String
        let region: String
    }

    /// An entity's ticket in one stratum.
    struct Candidate: Sendable, Hashable {
        let ticket: Hash
        /// The index in `entities`.
        let entity: Int32
    }

    let entities: [Entity]
    /// For each request, in the order given, its candidates by class (one list for a request with a count).
    let strata: [[Candidate]]

    /// Selects from one page.
    /// - Parameters:
    ///   - page: the page's lines, each with its LF.
    ///   - firstLine: the number of its first line, from 1.
    ///   - requests: the round's requests.
    ///   - sampleSizes: how many each of these requests draws of its strata.
    ///   - seed: the round's seed, 32 bytes.
    /// - Throws: ``DrawError`` with line and column.
    public init(
        page: [UInt8], firstLine: Int, requests: [DrawRequest], sampleSizes: [StratumSizes], seed: [UInt8]
    ) throws {
        var selector = PageSelector(requests: requests, sampleSizes: sampleSizes, seed: seed)
        try page.withUnsafeBytes { try selector.add($0, firstLine: firstLine) }
        self = selector.selection
    }

    init(entities: [Entity], strata: [[Candidate]]) {
        self.entities = entities
        self.strata = strata
    }

    /// Puts together what was found in different pages, in any order.
    public static func merged(
        _ selections: [PageSelection], requests: [DrawRequest], sampleSizes: [StratumSizes]
    ) -> PageSelection {
        var entities: [Entity] = []
        var strata = SmallestTickets.strata(requests: requests, sampleSizes: sampleSizes)
        for selection in selections {
            let offset = Int32(entities.count)
            entities += selection.entities
            for (index, candidates) in selection.strata.enumerated() {
                for candidate in candidates where strata[index].takes(candidate.ticket) {
                    strata[index].take(Candidate(ticket: candidate.ticket, entity: candidate.entity + offset))
                }
            }
        }
        return PageSelection(compacting: entities, strata)
    }

    /// Leaves out the entities that no stratum holds any more.
    init(compacting entities: [Entity], _ strata: [SmallestTickets]) {
        var places = [Int32](repeating: -1, count: entities.count)
        var kept: [Entity] = []
        let moved = strata.map { stratum in
            stratum.candidates.map { candidate in
                let old = Int(candidate.entity)
                if places[old] < 0 {
                    places[old] = Int32(kept.count)
                    kept.append(entities[old])
                }
                return Candidate(ticket: candidate.ticket, entity: places[old])
            }
        }
        self.init(entities: kept, strata: moved)
    }

    /// Who is drawn, from what all pages put together hold; ascending by request.
    /// - Parameter requests: the requests as they were selected for.
    public func selections(requests: [DrawRequest]) -> [Selection] {
        winners(requests: requests).map { request, winners in
            Selection(request: request, entities: winners.map { entities[Int($0)].id })
        }
        .sorted { Grammar.precedes($0.request, $1.request) }
    }

    /// For each request, in the order given, the indices of who is drawn, ascending by ticket.
    func winners(requests: [DrawRequest]) -> [(request: String, entities: [Int32])] {
        let perRequest = CreditClass.allCases.count
        return requests.indices.map { index in
            let candidates = Array(strata[(index * perRequest)..<((index + 1) * perRequest)].joined())
            return (requests[index].id, candidates.sorted { $0.ticket < $1.ticket }.map(\.entity))
        }
    }

    /// The region of every entity that is held.
    public var regions: [String: String] {
        Dictionary(entities.map { ($0.id, $0.region) }) { first, _ in first }
    }

    /// The selection as it travels between stages.
    public var json: JSONValue {
        [
            "entities": .array(entities.map { [.string($0.id), .string($0.region)] }),
            "strata": .array(
                strata.map { .array($0.map { [.integer(Int64($0.entity)), .string($0.ticket.hex)] }) }),
        ]
    }

    /// Reads a selection back.
    /// - Throws: `JSONError` naming the field.
    public init(json: JSONValue) throws {
        self = try JSONField(json).object { reader in
            let entities = try reader.required("entities").array { entry in
                let columns = try entry.strings()
                guard columns.count == 2 else { throw entry.error("[id, region] is expected") }
                return Entity(id: columns[0], region: columns[1])
            }
            let strata = try reader.required("strata").array { stratum in
                try stratum.array { entry in
                    let columns = try entry.elements()
                    guard columns.count == 2 else { throw entry.error("[entity, ticket] is expected") }
                    return Candidate(
                        ticket: try columns[1].hash(),
                        entity: Int32(try columns[0].integer(in: 0...max(0, entities.count - 1))))
                }
            }
            return PageSelection(entities: entities, strata: strata)
        }
    }
}

/// Selects from pages one after another, keeping what it learnt about the columns' values.
struct PageSelector {
    private var matcher: PoolMatcher
    private var strata: [SmallestTickets]
    private var entities: [PageSelection.Entity] = []
    /// Each request's tickets; those of joint requests are all the same.
    private let tickets: [Tickets]
    private let classes: [Bool]

    init(requests: [DrawRequest], sampleSizes: [StratumSizes], seed: [UInt8]) {
        matcher = PoolMatcher(requests: requests)
        strata = SmallestTickets.strata(requests: requests, sampleSizes: sampleSizes)
        let seedHex = hexText(seed)
        tickets = requests.map { Tickets(seedHex: seedHex, request: $0) }
        classes = requests.map { if case .rates = $0.sample { true } else { false } }
    }

    mutating func add(_ page: UnsafeRawBufferPointer, firstLine: Int) throws {
        var cursor = LineCursor(page, firstLine: firstLine, file: RosterLine.fileName, columns: RosterLine.columns)
        let perRequest = CreditClass.allCases.count
        while try cursor.advance() {
            let credit = try matcher.match(cursor).index
            let id = cursor[0]
            var ticket: Hash?
            var entity: Int32?
            matcher.forEachMember { request in
                let stratum = request * perRequest + (classes[request] ? credit : 0)
                guard strata[stratum].limit > 0 else { return }
                let offered: Hash
                if !tickets[request].areShared {
                    offered = tickets[request].ticket(of: id)
                } else if let ticket {
                    offered = ticket
                } else {
                    offered = tickets[request].ticket(of: id)
                    ticket = offered
                }
                guard strata[stratum].takes(offered) else { return }
                if entity == nil {
                    entity = Int32(entities.count)
                    entities.append(
                        PageSelection.Entity(
                            id: String(decoding: id, as: UTF8.self), region: String(decoding: cursor[2], as: UTF8.self))
                    )
                }
                strata[stratum].take(PageSelection.Candidate(ticket: offered, entity: entity ?? 0))
            }
        }
    }

    var selection: PageSelection { PageSelection(compacting: entities, strata) }
}
