public import JSON

/// The digest (摘要) of a frozen text file: draw-v1 §1.
public struct FileDigest: Sendable, Hashable {
    /// The number of lines.
    public let lines: Int
    /// The Merkle root over the lines, in hexadecimal.
    public let root: String

    /// Makes a digest.
    public init(lines: Int, root: String) {
        self.lines = lines
        self.root = root
    }

    init(_ field: JSONField) throws {
        self = try field.object { reader in
            try FileDigest(lines: reader.required("lines").integer(), root: reader.required("root").hash().hex)
        }
    }

    /// `{"lines", "root"}`.
    public var json: JSONValue { ["lines": .integer(lines), "root": .string(root)] }
}

/// The commitment (承诺) to everything that is drawn from, published before the seed can be known: draw-v1 §3.
public struct Commitment: Sendable, Hashable {
    /// The version of the draw that this is.
    public static let version = "yaohao-draw-v1"

    /// The round, its requests ascending by id.
    public let definition: RoundDefinition
    /// The digest of the roster.
    public let roster: FileDigest
    /// The digest of the inspectors' file.
    public let inspectors: FileDigest
    /// The sizes of each request's strata, in the order of the requests' ids.
    public let poolSizes: [StratumSizes]
    /// How many are drawn of each stratum, in the order of the requests' ids.
    public let sampleSizes: [StratumSizes]

    /// Makes a commitment.
    /// - Parameter poolSizes: for each request, ascending by id, the sizes of its strata.
    public init(definition: RoundDefinition, roster: FileDigest, inspectors: FileDigest, poolSizes: [StratumSizes]) {
        let requests = definition.ascendingRequests
        self.init(
            definition: definition, roster: roster, inspectors: inspectors, poolSizes: poolSizes,
            sampleSizes: zip(requests, poolSizes).map { $0.sample.sampleSizes(poolSizes: $1) })
    }

    private init(
        definition: RoundDefinition, roster: FileDigest, inspectors: FileDigest, poolSizes: [StratumSizes],
        sampleSizes: [StratumSizes]
    ) {
        self.definition = RoundDefinition(
            id: definition.id, sequence: definition.sequence, previous: definition.previous,
            replaces: definition.replaces, asOf: definition.asOf, requests: definition.ascendingRequests,
            seedPolicy: definition.seedPolicy)
        self.roster = roster
        self.inspectors = inspectors
        self.poolSizes = poolSizes
        self.sampleSizes = sampleSizes
    }

    /// Reads `commitment.json` as it stands; whether its sizes follow from one another is for ``Verification``.
    /// - Throws: `JSONError` naming the field.
    public init(json: JSONValue) throws { try self.init(JSONField(json)) }

    init(_ field: JSONField) throws {
        self = try field.object { reader in
            _ = try reader.required("version").string("\"\(Self.version)\"", where: { $0 == Self.version })
            var (poolSizes, sampleSizes): ([StratumSizes], [StratumSizes]) = ([], [])
            let list = try reader.required("requests")
            let requests = try list.array { entry in
                try entry.object { reader in
                    poolSizes.append(try StratumSizes(reader.required("pool_sizes")))
                    sampleSizes.append(try StratumSizes(reader.required("sample_sizes")))
                    return try DrawRequest(&reader)
                }
            }
            guard Grammar.ascends(requests.map(\.id)) else {
                throw list.error("requests ascending by id, each once, are expected")
            }
            let definition = try RoundDefinition(id: reader.required("round").id(), requests: requests, &reader)
            return try Commitment(
                definition: definition, roster: FileDigest(reader.required("roster")),
                inspectors: FileDigest(reader.required("inspectors")), poolSizes: poolSizes, sampleSizes: sampleSizes)
        }
    }

    /// The requests, ascending by id.
    public var requests: [DrawRequest] { definition.requests }

    /// `commitment.json`.
    public var json: JSONValue {
        var members = definition.sharedMembers
        members["version"] = .string(Self.version)
        members["round"] = .string(definition.id)
        members["roster"] = roster.json
        members["inspectors"] = inspectors.json
        members["requests"] = .array(
            requests.indices.map { index in
                var request = requests[index].members
                request["pool_sizes"] = poolSizes[index].json
                request["sample_sizes"] = sampleSizes[index].json
                return .object(request)
            })
        return .object(members)
    }

    /// The commitment itself: the hash of the canonical ``json``, in hexadecimal.
    public var hash: String { Hash(of: json.canonical).hex }

    /// The sample sizes that a stored `commitment.json` holds, in the order of the requests' ids.
    /// - Throws: `JSONError` naming the field.
    public static func sampleSizes(_ json: JSONValue) throws -> [StratumSizes] {
        try Commitment(json: json).sampleSizes
    }
}
