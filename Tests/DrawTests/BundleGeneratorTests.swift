import JSON
import Testing

@testable import Draw

@Suite("Made-up bundles")
struct BundleGeneratorTests {
    @Test("Every code is a valid 统一社会信用代码")
    func codes() throws {
        let generator = BundleGenerator(entities: 3_000, requests: 5, inspectors: 10, departments: 40, seed: 9)
        var roster: [UInt8] = []
        generator.writeRoster { roster += $0 }
        let lines = try RosterLine.lines(of: roster)
        #expect(lines.count == 3_000)
        #expect(lines.allSatisfy { CreditCode.isValid($0.id) })
        #expect(generator.departmentIDs.count == 40)
        #expect(Set(generator.departmentIDs).count == 40)
    }

    @Test("The check digits are those of GB 32100 and GB 11714")
    func checkDigits() {
        for code in ["91110000100000000X", "91350211M00010TR4M"] { #expect(!CreditCode.isValid(code)) }
        // Codes that companies print on their licences: Huawei, Alibaba (China), Tencent.
        for code in ["914403001922038216", "91330100799655058B", "9144030071526726XG"] {
            #expect(CreditCode.isValid(code), "\(code)")
        }
    }

    @Test("The same numbers give the same bytes, others do not")
    func repeatable() {
        func roster(_ seed: UInt64) -> [UInt8] {
            var bytes: [UInt8] = []
            BundleGenerator(entities: 50, requests: 3, inspectors: 4, departments: 2, seed: seed)
                .writeRoster { bytes += $0 }
            return bytes
        }
        #expect(roster(1) == roster(1))
        #expect(roster(1) != roster(2))
    }

    @Test(
        "Any size is drawn and verified",
        arguments: [
            (0, 0, 0, 1), (0, 3, 2, 2), (1, 1, 1, 1), (100, 0, 0, 5), (50, 120, 9, 3), (5_000, 12, 90, 8),
        ])
    func anySize(entities: Int, requests: Int, inspectors: Int, departments: Int) async throws {
        let generator = BundleGenerator(
            entities: entities, requests: requests, inspectors: inspectors, departments: departments, seed: 3)
        let files = try await BundleFixture.files(drawing: generator)
        let verification = try await Verification.verify(DrawBundle(files: files), threads: 2)
        #expect(verification.unchecked.isEmpty)
    }
}
