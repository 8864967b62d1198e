import Draw
import Foundation
import JSON
import Testing

/// One folder of worked draws: the specification's own examples, byte for byte.
struct Vector: Sendable, CustomTestStringConvertible {
    static let all = ["county", "crossing", "edges", "large", "small", "tiny", "understaffed"].map { Vector(name: $0) }

    let name: String
    var testDescription: String { name }

    func bytes(_ file: String) throws -> [UInt8] {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        return Array(try Data(contentsOf: folder.appending(path: "Vectors/\(name)/\(file)")))
    }

    func json(_ file: String) throws -> JSONValue { try JSONValue(parsing: bytes(file)) }

    func definition() throws -> RoundDefinition { try RoundDefinition(json: json("round.json")) }

    func salt() throws -> [UInt8] {
        try JSONField(json("secret.json")).object { try bytesOf(hex: $0.required("salt").string()) }
    }

    func frozen(threads: Int = 2) async throws -> FrozenRound {
        try await FrozenRound(
            definition: definition(), roster: bytes("roster.tsv"), inspectors: bytes("inspectors.tsv"), salt: salt(),
            threads: threads)
    }

    func seed() throws -> Seed {
        let (commitment, contributions) = try Seed.read(JSONField(json("seed.json")))
        return Seed(commitment: commitment ?? "", contributions: contributions)
    }
}

func bytesOf(hex: String) -> [UInt8] { Hash(hex: hex)?.bytes ?? [] }
