import JSON

/// The first place where a bundle is well-formed but not what the rules give.
public struct Difference: Error, Sendable, Hashable, CustomStringConvertible {
    /// The file.
    public let file: String
    /// The path in it, such as `visits[3].teams[0].inspectors[1]`.
    public let field: String
    /// What the rules give.
    public let expected: String
    /// What the file holds.
    public let found: String

    /// `result.json:1: visits[3].window[0]: expected "2026-03-01", found "2026-03-02"`.
    public var description: String {
        "\(file):1: \(field.isEmpty ? "whole" : field): expected \(Self.shortened(expected)), "
            + "found \(Self.shortened(found))"
    }

    private static func shortened(_ text: String) -> String { text.count > 200 ? text.prefix(200) + "…" : text }

    init(file: String, field: String, expected: String, found: String) {
        self.file = file
        self.field = field
        self.expected = expected
        self.found = found
    }

    init(file: String, _ difference: JSONDifference) {
        self.init(
            file: file, field: difference.path, expected: difference.expected?.canonicalText ?? "nothing",
            found: difference.found?.canonicalText ?? "nothing")
    }
}

/// What was recomputed of a bundle, and what could not be (核验): everything that was is as the rules give it.
public struct Verification: Sendable, Hashable {
    /// Something that is verified.
    public enum Part: String, Sendable, CaseIterable {
        /// The sample sizes and the rest of the commitment, from the round.
        case commitment
        /// The digests of roster and inspectors, and the sizes of the pools.
        case frozenFiles = "frozen-files"
        /// The contributions and the seed.
        case seed
        /// Which entities have the smallest tickets.
        case selections
        /// Which visits follow from the selections.
        case visits
        /// Which inspectors go.
        case teams
        /// The digest of the result.
        case digest
        /// The amendments after the draw.
        case amendments
        /// The proof of one entity.
        case proof

        /// What the part is called, Chinese and English.
        public var title: String {
            switch self {
            case .commitment: "承诺与样本量 commitment and sample sizes"
            case .frozenFiles: "名册与人员摘要、抽查范围户数 digests of roster and inspectors, sizes of pools"
            case .seed: "种子 seed"
            case .selections: "抽取对象 entities drawn"
            case .visits: "检查合并 merged visits"
            case .teams: "检查组 teams"
            case .digest: "结果摘要 digest of the result"
            case .amendments: "抽取后的变更 amendments after the draw"
            case .proof: "单户证明 proof of one entity"
            }
        }
    }

    /// What was recomputed and is right.
    public let checked: [Part]
    /// What could not be recomputed because the bundle leaves it out.
    public let unchecked: [Part]

    /// Recomputes everything that a bundle allows.
    /// - Throws: ``DrawError`` when a file is broken, ``Difference`` when all are well-formed but one is not what the
    ///   rules give.
    public static func verify(_ bundle: DrawBundle, threads: Int) async throws -> Verification {
        let definition = try bundle.definition()
        let file = try JSONFile(canonical: bundle.bytes("commitment.json"), name: "commitment.json")
        let found = try file.read { try Commitment($0) }
        let (named, contributions) = try bundle.read("seed.json") { field in
            let (commitment, contributions) = try Seed.read(field)
            guard let commitment else { throw JSONError(path: "commitment", message: "is missing; add it") }
            return (commitment, contributions)
        }
        let digests = try bundle.read("digests.json") { try DrawDigests($0) }
        let proof = try bundle.files["proof.json"].map { _ in try bundle.read("proof.json") { try EntityProof($0) } }

        let frozen = bundle.isPublic ? nil : try await bundle.frozen(threads: threads)
        let commitment = try frozen?.commitment ?? PublicBundle.commitment(definition, published: found)
        try compare(commitment.json, file.root, in: file.name)

        try compare(commitment.hash, named, in: "seed.json", at: "commitment")
        let seed = Seed(commitment: named, contributions: contributions)
        if let mismatch = seed.mismatch(with: definition.seedPolicy, round: definition.id) {
            // A nonce is well-formed whatever it opens; any other mismatch breaks the file's own rules.
            if case .opensAnother(let expected, let found) = mismatch.reason {
                try compare(
                    expected, found, in: "seed.json",
                    at: "contributions[\(mismatch.index ?? 0)].value (the commitment that this nonce opens)")
            }
            throw mismatch.error(file: "seed.json")
        }

        let resultBytes = try bundle.bytes(ResultFile.name)
        var checked: [Part] = [.commitment, .seed]
        var unchecked: [Part] = []
        if let frozen {
            let result = try await frozen.draw(seed: seed)
            try result.compare(with: resultBytes)
            checked += [.frozenFiles, .selections, .visits, .teams, .digest]
            if let amendments = bundle.files[Amendment.fileName] {
                try frozen.check(Amendment.lines(of: amendments), of: result)
                checked.append(.amendments)
            }
        } else {
            let isWhole = try PublicBundle.compare(resultBytes, commitment: commitment, seed: seed)
            checked += isWhole ? [.visits, .digest] : [.visits]
            unchecked += isWhole ? [.frozenFiles, .selections, .teams] : [.frozenFiles, .selections, .teams, .digest]
        }
        try compare(commitment.hash, digests.commitment, in: "digests.json", at: "commitment")
        try compare(seed.hex, digests.seed, in: "digests.json", at: "seed")
        if checked.contains(.digest) {
            try compare(Hash(of: resultBytes.dropLast()).hex, digests.result, in: "digests.json", at: "result")
        }
        if let proof {
            try check(proof, against: commitment, file: "proof.json")
            checked.append(.proof)
        }
        let order = { (part: Part) in Part.allCases.firstIndex(of: part) ?? 0 }
        return Verification(checked: checked.sorted { order($0) < order($1) }, unchecked: unchecked)
    }

    /// Checks one entity's proof against a published commitment.
    /// - Throws: ``Difference`` when the proof does not lead to the roster's root.
    public static func check(_ proof: EntityProof, against commitment: Commitment, file: String) throws {
        try compare(String(commitment.roster.lines), String(proof.lines), in: file, at: "lines")
        guard let root = proof.root else {
            throw Difference(
                file: file, field: "path", expected: "as many hashes as the place in the tree has siblings",
                found: String(proof.path.count))
        }
        guard root == commitment.roster.root else {
            throw Difference(
                file: file, field: "path", expected: "the roster's root \(commitment.roster.root)", found: root)
        }
    }

    static func compare(_ expected: JSONValue, _ found: JSONField, in file: String) throws {
        if let difference = found.firstDifference(from: expected) { throw Difference(file: file, difference) }
    }

    private static func compare(_ expected: String, _ found: String, in file: String, at field: String) throws {
        guard expected == found else { throw Difference(file: file, field: field, expected: expected, found: found) }
    }
}

extension DrawResult {
    /// Compares this result with a file, piece by piece.
    /// - Throws: ``DrawError`` when the file is broken, ``Difference`` at the first place where it is another one.
    func compare(with file: [UInt8]) throws {
        var position = 0
        var isSame = true
        write { piece in
            isSame = isSame && file[min(position, file.count)...].starts(with: piece)
            position += piece.count
        }
        if isSame, file.count == position + 1, file[position] == 0x0a { return }

        var first: JSONDifference?
        func note(_ expected: JSONValue?, _ field: JSONField) {
            guard first == nil else { return }
            if let expected {
                first = field.firstDifference(from: expected)
            } else {
                first = JSONDifference(path: field.path, expected: nil, found: field.value)
            }
        }
        var (selectionCount, visitCount) = (0, 0)
        let (commitment, seed) = try ResultFile.read(
            file,
            selection: { field, _, index in
                selectionCount += 1
                note(selections.indices.contains(index) ? selections[index].json : nil, field)
            },
            visit: { drawn, index in
                if visitCount == 0, selectionCount < selections.count {
                    first = first ?? missing("selections[\(selectionCount)]", selections[selectionCount].json)
                }
                visitCount += 1
                note(visits.indices.contains(index) ? visitJSON(index) : nil, drawn.field)
            })
        for (expected, field) in [(self.commitment, commitment), (self.seed, seed)] {
            try Verification.compare(.string(expected), field, in: ResultFile.name)
        }
        if selectionCount < selections.count {
            first = first ?? missing("selections[\(selectionCount)]", selections[selectionCount].json)
        } else if visitCount < visits.count {
            first = first ?? missing("visits[\(visitCount)]", visitJSON(visitCount))
        }
        if let first { throw Difference(file: ResultFile.name, first) }
    }

    private func missing(_ path: String, _ expected: JSONValue) -> JSONDifference {
        JSONDifference(path: path, expected: expected, found: nil)
    }
}

extension FrozenRound {
    /// Checks the amendments of a result of this round.
    func check(_ amendments: [Amendment], of result: DrawResult) throws {
        let amended = Set(amendments.map(\.visit))
        let regions = try regions(of: Set(result.visits.filter { amended.contains($0.id) }.map(\.entity)))
        try AmendmentVerification(
            result: result, inspectors: inspectors, requests: commitment.requests, region: { regions[$0] }
        ).check(amendments)
    }
}

extension Selection {
    var json: JSONValue { ["request": .string(request), "entities": .strings(entities)] }
}
