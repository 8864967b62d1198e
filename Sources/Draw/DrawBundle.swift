import JSON

/// The files of one draw as they lie in a folder (抽查档案): what auditors get, or what the public gets.
public struct DrawBundle: Sendable {
    /// The names of the files of a draw; a round's bundle may hold `amendments.jsonl` too.
    public static let fileNames = [
        "round.json", "secret.json", RosterLine.fileName, InspectorLine.fileName, "commitment.json", "seed.json",
        "result.json", "digests.json", "proof.json",
    ]

    /// The bytes by file name.
    public let files: [String: [UInt8]]

    /// Takes the bytes of the files that are there.
    public init(files: [String: [UInt8]]) { self.files = files }

    /// Whether the confidential files are left out: the roster, the inspectors and the salt.
    public var isPublic: Bool {
        files[RosterLine.fileName] == nil && files[InspectorLine.fileName] == nil && files["secret.json"] == nil
    }

    /// The bytes of a file that must be there.
    /// - Throws: ``DrawError`` when it is not.
    public func bytes(_ name: String) throws -> [UInt8] {
        guard let bytes = files[name] else {
            throw DrawError(file: name, problem: "the file is missing", remedy: "put it into the bundle's folder")
        }
        return bytes
    }

    /// Reads a JSON file that must be there, in canonical form.
    /// - Throws: ``DrawError`` naming what is wrong.
    func read<Value>(_ name: String, _ read: (JSONField) throws -> Value) throws -> Value {
        try JSONFile(canonical: bytes(name), name: name).read(read)
    }

    /// `round.json`.
    /// - Throws: ``DrawError`` naming what is wrong.
    public func definition() throws -> RoundDefinition { try read("round.json") { try RoundDefinition($0) } }

    /// The salt's 32 bytes, from `secret.json`.
    /// - Throws: ``DrawError`` naming what is wrong.
    public func salt() throws -> [UInt8] {
        try read("secret.json") { field in
            try field.object { reader in
                let salt = try reader.required("salt")
                // The message must not show what is secret.
                guard let hash = Hash(hex: try salt.string()) else {
                    throw salt.error("the salt's 32 bytes in lower-case hexadecimal digits are expected")
                }
                return hash.bytes
            }
        }
    }

    /// Counts and hashes the frozen files.
    /// - Throws: ``DrawError`` naming what is wrong.
    public func frozen(threads: Int) async throws -> FrozenRound {
        try await FrozenRound(
            definition: definition(), roster: bytes(RosterLine.fileName), inspectors: bytes(InspectorLine.fileName),
            salt: salt(), threads: threads)
    }

    /// The seed of a draw that is to be made, from the contributions in `seed.json`, however that file is spelled.
    ///
    /// It may name the commitment, and then it must be this one: contributions are made to one commitment only.
    /// - Throws: ``DrawError`` naming what is wrong.
    public func seed(for commitment: Commitment) throws -> Seed {
        let file = try JSONFile(parsing: bytes("seed.json"), name: "seed.json")
        let (named, contributions) = try file.read { try Seed.read($0) }
        if let named, named != commitment.hash {
            throw DrawError(
                file: file.name, line: 1, field: "commitment",
                problem: "the contributions were made to \(named), and the frozen files give \(commitment.hash)",
                remedy: "draw from exactly the files that were committed")
        }
        let seed = Seed(commitment: commitment.hash, contributions: contributions)
        let definition = commitment.definition
        if let mismatch = seed.mismatch(with: definition.seedPolicy, round: definition.id) {
            throw mismatch.error(file: file.name)
        }
        return seed
    }
}
