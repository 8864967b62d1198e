public import JSON

/// What defines a round (抽查轮次) beside the frozen files: `round.json` (draw-v1 §3).
public struct RoundDefinition: Sendable, Hashable {
    /// The round's id.
    public let id: String
    /// The number of this commitment in the county's chain, from 1.
    public let sequence: Int
    /// The commitment before, in hexadecimal; `nil` exactly at sequence 1.
    public let previous: String?
    /// The commitment of the void round that this one succeeds, in hexadecimal.
    public let replaces: String?
    /// The instant of the freeze.
    public let asOf: String
    /// The requests, in any order; their ids are unique.
    public let requests: [DrawRequest]
    /// Whose contributions make the seed.
    public let seedPolicy: SeedPolicy

    /// Makes a definition.
    public init(
        id: String, sequence: Int, previous: String?, replaces: String?, asOf: String, requests: [DrawRequest],
        seedPolicy: SeedPolicy
    ) {
        self.id = id
        self.sequence = sequence
        self.previous = previous
        self.replaces = replaces
        self.asOf = asOf
        self.requests = requests
        self.seedPolicy = seedPolicy
    }

    /// Reads `round.json`.
    /// - Throws: `JSONError` naming the field.
    public init(json: JSONValue) throws { try self.init(JSONField(json)) }

    init(_ field: JSONField) throws {
        self = try field.object { reader in
            let id = try reader.required("id").id()
            let requests = try reader.required("requests").array { try DrawRequest(json: $0.value, path: $0.path) }
            return try RoundDefinition(id: id, requests: requests, &reader)
        }
    }

    /// Reads what `round.json` and `commitment.json` have in common, and checks what several fields make together.
    init(id: String, requests: [DrawRequest], _ reader: inout JSONReader) throws {
        let previous = try reader.required("previous")
        try self.init(
            id: id, sequence: reader.required("sequence").integer(in: 1...Grammar.largestInteger),
            previous: previous.nullable()?.hash().hex, replaces: reader.required("replaces").nullable()?.hash().hex,
            asOf: reader.required("as_of").instant(), requests: requests,
            seedPolicy: SeedPolicy(reader.required("seed_policy")))
        guard (self.previous == nil) == (sequence == 1) else {
            throw previous.error("null is expected at sequence 1 and the previous commitment at any other")
        }
        var ids = Set<String>()
        for (index, request) in requests.enumerated() where !ids.insert(request.id).inserted {
            throw JSONError(path: "requests[\(index)].id", message: "the id \"\(request.id)\" is repeated")
        }
    }

    /// The requests ascending by id, as the commitment lists them.
    public var ascendingRequests: [DrawRequest] { requests.sorted { Grammar.precedes($0.id, $1.id) } }

    /// `round.json`.
    public var json: JSONValue {
        var members = sharedMembers
        members["id"] = .string(id)
        members["requests"] = .array(requests.map(\.json))
        return .object(members)
    }

    var sharedMembers: [String: JSONValue] {
        [
            "sequence": .integer(sequence), "previous": .nullable(previous), "replaces": .nullable(replaces),
            "as_of": .string(asOf), "seed_policy": seedPolicy.json,
        ]
    }
}
