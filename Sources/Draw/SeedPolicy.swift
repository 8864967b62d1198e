public import JSON

/// A witness (见证人) of a round: it has committed to a nonce before the round was committed (draw-v1 §3).
public struct Witness: Sendable, Hashable {
    /// The witness's source.
    public let source: String
    /// The hash of `yaohao-witness-v1:ROUND:SOURCE:NONCEHEX`, in hexadecimal.
    public let commitment: String

    /// Makes a witness.
    public init(source: String, commitment: String) {
        self.source = source
        self.commitment = commitment
    }

    /// Reads a witness.
    /// - Throws: `JSONError` naming the field.
    public init(_ field: JSONField) throws {
        self = try field.object { reader in
            try Witness(
                source: reader.required("source").source(), commitment: reader.required("commitment").hash().hex)
        }
    }

    /// The witness as `round.json` holds it.
    public var json: JSONValue { ["source": .string(source), "commitment": .string(commitment)] }
}

/// A public event (公共随机来源) whose value nobody can know before all witnesses have revealed (draw-v1 §3).
public struct PublicSource: Sendable, Hashable {
    /// The event's source.
    public let source: String
    /// Which event it is, in words.
    public let description: String
    /// How its value is written: `d` a decimal digit, `h` a lower-case hexadecimal one, anything else itself.
    public let pattern: String

    /// Makes a public source; see ``carriesEnough`` for what its pattern must hold.
    public init(source: String, description: String, pattern: String) {
        self.source = source
        self.description = description
        self.pattern = pattern
    }

    /// Reads a public source.
    /// - Throws: `JSONError` naming the field.
    public init(_ field: JSONField) throws {
        self = try field.object { reader in
            let pattern = try reader.required("pattern")
            let event = try PublicSource(
                source: reader.required("source").source(), description: reader.required("description").string(),
                pattern: pattern.string())
            guard event.carriesEnough else {
                throw pattern.error("a pattern of at least 20 bits is expected, such as ddddddd or hhhhh")
            }
            return event
        }
    }

    /// Whether the pattern carries at least 20 bits, a decimal digit log₂ 10 and a hexadecimal one 4 of them.
    public var carriesEnough: Bool {
        var values = 1
        for byte in pattern.utf8 {
            if byte == UInt8(ascii: "d") { values *= 10 }
            if byte == UInt8(ascii: "h") { values *= 16 }
            if values >= 1 << 20 { return true }
        }
        return false
    }

    /// Whether a value is written as the pattern says.
    public func matches(_ value: String) -> Bool {
        value.utf8.count == pattern.utf8.count
            && zip(value.utf8, pattern.utf8).allSatisfy { byte, form in
                let isDigit = byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
                switch form {
                case UInt8(ascii: "d"): return isDigit
                case UInt8(ascii: "h"): return isDigit || byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "f")
                default: return byte == form
                }
            }
    }

    /// The public source as `round.json` holds it.
    public var json: JSONValue {
        ["source": .string(source), "description": .string(description), "pattern": .string(pattern)]
    }
}

/// Whose contributions make the seed (种子规则): draw-v1 §3.
public struct SeedPolicy: Sendable, Hashable {
    /// The instant before which all witnesses reveal and after which the public events happen.
    public let revealBy: String
    /// The witnesses, ascending by source, at least one.
    public let witnesses: [Witness]
    /// The public sources, ascending by source, at least one.
    public let publicSources: [PublicSource]

    /// Makes a policy.
    public init(revealBy: String, witnesses: [Witness], publicSources: [PublicSource]) {
        self.revealBy = revealBy
        self.witnesses = witnesses
        self.publicSources = publicSources
    }

    /// Reads a policy.
    /// - Throws: `JSONError` naming the field.
    public init(_ field: JSONField) throws {
        self = try field.object { reader in
            let (witnesses, publicSources) = (try reader.required("witnesses"), try reader.required("public"))
            let policy = try SeedPolicy(
                revealBy: reader.required("reveal_by").instant(), witnesses: witnesses.array { try Witness($0) },
                publicSources: publicSources.array { try PublicSource($0) })
            for (field, sources) in [
                (witnesses, policy.witnesses.map(\.source)), (publicSources, policy.publicSources.map(\.source)),
            ] {
                guard !sources.isEmpty, Grammar.ascends(sources) else {
                    throw field.error("at least one source is expected, ascending by \"source\", each once")
                }
            }
            if let source = Set(policy.witnesses.map(\.source)).intersection(policy.publicSources.map(\.source)).first {
                throw publicSources.error("the source \"\(source)\" is a witness's already")
            }
            return policy
        }
    }

    /// The policy as `round.json` holds it.
    public var json: JSONValue {
        [
            "reveal_by": .string(revealBy), "witnesses": .array(witnesses.map(\.json)),
            "public": .array(publicSources.map(\.json)),
        ]
    }

    /// What a witness publishes of its nonce: the hash of `yaohao-witness-v1:ROUND:SOURCE:NONCEHEX`.
    public static func witnessCommitment(round: String, source: String, nonce: String) -> String {
        Hash(of: "yaohao-witness-v1:\(round):\(source):\(nonce)").hex
    }

    /// Whether a nonce of 64 lower-case hexadecimal digits is the one that a witness has committed to.
    public static func opens(_ commitment: String, round: String, source: String, nonce: String) -> Bool {
        Grammar.isHash(nonce) && witnessCommitment(round: round, source: source, nonce: nonce) == commitment
    }
}

extension JSONField {
    fileprivate func source() throws -> String {
        try string("a source of A-Z a-z 0-9 . _ : -", where: Grammar.isSource)
    }
}
