public import JSON

/// What one source adds to the seed: a witness's nonce in hexadecimal, or a public value.
public struct Contribution: Sendable, Hashable {
    /// The source, as the seed policy names it.
    public let source: String
    /// The nonce or the value.
    public let value: String

    /// Makes a contribution.
    public init(source: String, value: String) {
        self.source = source
        self.value = value
    }
}

/// The seed (种子) of a round: everything random follows from it (draw-v1 §4).
public struct Seed: Sendable, Hashable {
    /// The commitment that the contributions belong to, in hexadecimal.
    public let commitment: String
    /// The contributions, ascending by source.
    public let contributions: [Contribution]
    /// The seed itself: the hash of the canonical ``json``.
    public let hash: Hash

    /// Makes a seed of contributions in any order; ``mismatch(with:round:)`` says whether they are the right ones.
    public init(commitment: String, contributions: [Contribution]) {
        self.commitment = commitment
        self.contributions = contributions.sorted { Grammar.precedes($0.source, $1.source) }
        hash = Hash(of: Self.json(commitment, self.contributions).canonical)
    }

    /// The seed's 64 hexadecimal digits.
    public var hex: String { hash.hex }

    /// `seed.json`.
    public var json: JSONValue { Self.json(commitment, contributions) }

    private static func json(_ commitment: String, _ contributions: [Contribution]) -> JSONValue {
        [
            "commitment": .string(commitment),
            "contributions": .array(
                contributions.map { ["source": .string($0.source), "value": .string($0.value)] }),
        ]
    }

    /// Reads `seed.json`, or the contributions alone, as the input of a draw may give them.
    /// - Returns: the commitment, `nil` when the file names none, and the contributions in the file's order.
    /// - Throws: `JSONError` naming the field, also when the contributions do not ascend.
    public static func read(_ field: JSONField) throws -> (commitment: String?, contributions: [Contribution]) {
        try field.object { reader in
            let list = try reader.required("contributions")
            let contributions = try list.array { entry in
                try entry.object { reader in
                    try Contribution(
                        source: reader.required("source").string(), value: reader.required("value").string())
                }
            }
            guard Grammar.ascends(contributions.map(\.source)) else {
                throw list.error("contributions ascending by \"source\", each source once, are expected")
            }
            return (try reader.optional("commitment")?.hash().hex, contributions)
        }
    }

    /// A contribution that is not what the policy asks for.
    public struct Mismatch: Error, Sendable, Hashable {
        /// What is wrong with it.
        public enum Reason: Sendable, Hashable {
            /// The policy names this source, and it has not contributed.
            case missing
            /// The policy does not name this source.
            case unknown
            /// A public value that is not written as its pattern says.
            case pattern(String)
            /// A nonce that is not 64 lower-case hexadecimal digits.
            case notANonce
            /// A nonce whose commitment is another one.
            case opensAnother(expected: String, found: String)
        }
        /// The contribution's index in ascending order; `nil` for one that is missing.
        public let index: Int?
        /// The source.
        public let source: String
        /// What is wrong.
        public let reason: Reason
    }

    /// The first contribution that is not what the policy asks for (draw-v1 §4); `nil` when all are in and right.
    /// - Parameter round: the round's id.
    public func mismatch(with policy: SeedPolicy, round: String) -> Mismatch? {
        var expected: [String: Source] = [:]
        for witness in policy.witnesses { expected[witness.source] = .witness(witness) }
        for event in policy.publicSources { expected[event.source] = .event(event) }
        for source in expected.keys.sorted(by: Grammar.precedes)
        where !contributions.contains(where: { $0.source == source }) {
            return Mismatch(index: nil, source: source, reason: .missing)
        }
        for (index, contribution) in contributions.enumerated() {
            let reason: Mismatch.Reason?
            switch expected.removeValue(forKey: contribution.source) {
            case .witness(let witness): reason = Self.mismatch(contribution, witness, round)
            case .event(let event): reason = event.matches(contribution.value) ? nil : .pattern(event.pattern)
            case nil: reason = .unknown
            }
            if let reason { return Mismatch(index: index, source: contribution.source, reason: reason) }
        }
        return nil
    }

    private enum Source {
        case witness(Witness)
        case event(PublicSource)
    }

    private static func mismatch(_ contribution: Contribution, _ witness: Witness, _ round: String) -> Mismatch.Reason?
    {
        guard Grammar.isHash(contribution.value) else { return .notANonce }
        let opened = SeedPolicy.witnessCommitment(
            round: round, source: contribution.source, nonce: contribution.value)
        return opened == witness.commitment ? nil : .opensAnother(expected: witness.commitment, found: opened)
    }
}

extension Seed.Mismatch {
    /// The mismatch as an error in `seed.json`.
    func error(file: String) -> DrawError {
        let field = index.map { "contributions[\($0)].value" } ?? "contributions"
        let (problem, remedy) =
            switch reason {
            case .missing:
                (
                    "the contribution of \(source) is missing",
                    "add it; a round without it is void and is never drawn"
                )
            case .unknown:
                ("\(source) is no source of this round's seed_policy", "remove it")
            case .pattern(let pattern):
                (
                    "the value of \(source) is not written as \(pattern)",
                    "d is a decimal digit, h a lower-case hexadecimal one, the rest stands for itself"
                )
            case .notANonce:
                ("the nonce of \(source) is not 64 lower-case hexadecimal digits", "write the nonce's 32 bytes so")
            case .opensAnother(let expected, let found):
                (
                    "the nonce of \(source) opens \(found), not its commitment \(expected)",
                    "give the nonce that the witness committed to"
                )
            }
        return DrawError(file: file, line: 1, field: field, problem: problem, remedy: remedy)
    }
}
