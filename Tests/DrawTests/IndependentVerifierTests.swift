import Foundation
import Testing

@testable import Draw

@Suite("Two programs that share no code")
struct IndependentVerifierTests {
    /// A small round of random size, and a byte of it changed somewhere.
    @Test("They accept the same draws, and refuse the same changed ones", arguments: 0..<100)
    func agree(seed: UInt64) async throws {
        var random = GeneratorRandom(seed: seed)
        let departments = 1 + random.below(6)
        let bundle = try await BundleFixture(
            drawing: BundleGenerator(
                entities: random.below(120), requests: random.below(14), inspectors: random.below(30),
                departments: departments, seed: seed))
        _ = try await Verification.verify(bundle.bundle(), threads: 1)
        let accepted = try Run.independentVerifier(bundle.path)
        #expect(accepted.status == 0, "\(accepted.errors)")

        let files = DrawBundle.fileNames.filter { $0 != "proof.json" }
        let file = files[Int(seed) % files.count]
        var bytes = try bundle.bytes(file)
        guard !bytes.isEmpty else { return }
        let position = random.below(bytes.count)
        bytes[position] ^= 1 << UInt8(random.below(8))
        try bundle.write(file, bytes)
        let changed = try bundle.bundle()
        await #expect(throws: (any Error).self, "\(file), byte \(position)") {
            try await Verification.verify(changed, threads: 1)
        }
        #expect(try Run.independentVerifier(bundle.path).status != 0, "\(file), byte \(position)")
    }
}
