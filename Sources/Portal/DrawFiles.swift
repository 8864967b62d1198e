import Crypto
import JSON

/// The files of a draw's public bundle (公开验证包), byte for byte those of `yaohao round export --public`.
enum DrawFiles {
    static func files(
        _ texts: (definition: String, commitment: String, seed: String, result: String, digest: String)
    ) throws -> [(name: String, bytes: [UInt8])] {
        func line(_ text: String) -> [UInt8] { Array(text.utf8) + [0x0A] }
        let commitment = hex(SHA256.hash(data: Array(texts.commitment.utf8)))
        let seed = hex(SHA256.hash(data: Array(texts.seed.utf8)))
        let result = try JSONValue(parsing: texts.result)
        return [
            ("round.json", line(texts.definition)), ("commitment.json", line(texts.commitment)),
            ("seed.json", line(texts.seed)), ("result.json", result.canonical + [0x0A]),
            (
                "digests.json",
                (["commitment": .string(commitment), "seed": .string(seed), "result": .string(texts.digest)]
                    as JSONValue)
                    .canonical + [0x0A]
            ),
        ]
    }

    /// The verifier that shares no code with this program, and how to use it.
    static let verifier: [(name: String, bytes: [UInt8])] = [
        ("verify-draw.py", PackageResources.verify_draw_py), ("README.txt", PackageResources.bundle_readme_txt),
    ]

    private static func hex(_ digest: some Sequence<UInt8>) -> String {
        digest.map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }.joined()
    }
}
