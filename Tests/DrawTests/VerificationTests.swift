import Foundation
import JSON
import Testing

@testable import Draw

@Suite("Verification")
struct VerificationTests {
    @Test("The worked draws are right in every part", arguments: Vector.all)
    func whole(vector: Vector) async throws {
        let bundle = try BundleFixture(vector.name)
        let verification = try await Verification.verify(bundle.bundle(), threads: 2)
        #expect(verification.checked == Verification.Part.allCases.filter { $0 != .amendments })
        #expect(verification.unchecked.isEmpty)
    }

    /// Bytes all over a small bundle, each turned into another one that differs in one bit.
    @Test("A bundle with one bit changed anywhere is refused", arguments: DrawBundle.fileNames)
    func oneBit(file: String) async throws {
        let fixture = try BundleFixture()
        let bundle = try fixture.bundle()
        var random = GeneratorRandom(seed: UInt64(file.utf8.count))
        var bytes = try fixture.bytes(file)
        for position in stride(from: 0, to: bytes.count, by: 1 + bytes.count / 80) {
            let kept = bytes[position]
            bytes[position] ^= 1 << UInt8(random.below(8))
            let changed = bundle.files.merging([file: bytes]) { $1 }
            await #expect(throws: (any Error).self, "\(file), byte \(position) is \(bytes[position])") {
                try await Verification.verify(DrawBundle(files: changed), threads: 1)
            }
            bytes[position] = kept
        }
    }

    /// What is well-formed but another thing, and the first place where it shows.
    static let differences: [(file: String, path: [JSONStep], value: JSONValue?, named: String)] = [
        ("commitment.json", ["roster", "lines"], 13, "commitment.json:1: roster.lines: expected 12, found 13"),
        (
            "commitment.json", ["requests", 1, "sample_sizes", "C"], 0,
            "requests[1].sample_sizes.C: expected 1, found 0"
        ),
        ("commitment.json", ["requests", 1, "team"], 3, "commitment.json:1: requests[1].team"),
        ("round.json", ["requests", 1, "team"], 3, "commitment.json:1: requests[1].team: expected 3, found 2"),
        ("seed.json", ["contributions", 0, "value"], "03,09,14,20,27,31+06", "result.json:1: seed"),
        (
            "seed.json", ["contributions", 1, "value"], .string(String(repeating: "0", count: 64)),
            "seed.json:1: contributions[1].value"
        ),
        ("seed.json", ["commitment"], .string(String(repeating: "0", count: 64)), "seed.json:1: commitment"),
        ("result.json", ["visits", 0, "teams", 0, "inspectors", 1], "15020000000", "visits[0].teams[0].inspectors[1]"),
        ("result.json", ["visits", 0, "window", 0], "2026-03-20", "result.json:1: visits[0].window[0]"),
        ("result.json", ["visits", 0], nil, "result.json:1: visits[0]"),
        ("result.json", ["selections", 1], nil, "result.json:1: selections[1]"),
        ("result.json", ["selections", 0, "entities"], ["12150222MAJ5U2RH6B"], "selections[0].entities[0]"),
        ("digests.json", ["result"], .string(String(repeating: "0", count: 64)), "digests.json:1: result"),
        ("proof.json", ["index"], 7, "proof.json:1: path"),
        ("proof.json", ["path", 0], nil, "proof.json:1: path"),
        ("proof.json", ["lines"], 11, "proof.json:1: lines"),
    ]

    @Test("A difference is named with its place, status 1", arguments: differences.indices)
    func difference(index: Int) throws {
        let (file, path, value, named) = Self.differences[index]
        let bundle = try BundleFixture()
        try bundle.changeJSON(file, path, to: value)
        let command = try Run.yaohao("verify", bundle.path)
        #expect(command.status == 1)
        #expect(command.errors.split(separator: "\n").count == 1)
        #expect(command.errors.contains(named), "\(command.errors)")
    }

    static let broken: [(file: String, change: @Sendable (String) -> String, named: String)] = [
        ("result.json", { $0.replacingOccurrences(of: ",\"visits\"", with: ", \"visits\"") }, "result.json:1: column"),
        ("result.json", { $0 + "\n" }, "result.json:2"),
        ("result.json", { String($0.dropLast()) }, "result.json:1"),
        ("result.json", { $0.replacingOccurrences(of: "onsite", with: "phone") }, "result.json:1: visits[0].method"),
        (
            "result.json", { $0.replacingOccurrences(of: "0a3f10c1", with: "0A3F10C1") },
            "result.json:1: visits[0].visit"
        ),
        (
            "commitment.json", { $0.replacingOccurrences(of: "yaohao-draw-v1", with: "v2") },
            "commitment.json:1: version"
        ),
        ("digests.json", { $0.replacingOccurrences(of: "{", with: "{ ") }, "digests.json:1: column 2"),
        ("seed.json", { $0.replacingOccurrences(of: "+05", with: "+5") }, "seed.json:1: contributions[0].value"),
        ("proof.json", { $0.replacingOccurrences(of: "\\tA\\t", with: "\\tE\\t") }, "proof.json:1: line"),
        ("roster.tsv", { $0.replacingOccurrences(of: "\n", with: "\r\n") }, "roster.tsv:1: line end"),
    ]

    @Test("A broken file is status 2, even where it also differs", arguments: broken.indices)
    func brokenFile(index: Int) throws {
        let (file, change, named) = Self.broken[index]
        let bundle = try BundleFixture()
        try bundle.change(file, change)
        let command = try Run.yaohao("verify", bundle.path)
        #expect(command.status == 2)
        #expect(command.errors.contains(named), "\(command.errors)")
    }

    @Test("A missing file is status 2", arguments: DrawBundle.fileNames.filter { $0 != "proof.json" })
    func missing(file: String) throws {
        let bundle = try BundleFixture()
        try bundle.remove(file)
        let command = try Run.yaohao("verify", bundle.path)
        #expect(command.status == 2)
        #expect(command.errors.contains("\(file): the file is missing"), "\(command.errors)")
    }

    @Test("One entity's proof", arguments: ["tiny", "large"])
    func proof(vector: String) throws {
        let bundle = try BundleFixture(vector)
        let id = try #require(
            String(decoding: bundle.bytes("roster.tsv"), as: UTF8.self).split(separator: "\n").last?
                .split(separator: "\t").first)
        let proved = try Run.yaohao("prove", bundle.path, String(id))
        #expect(proved.status == 0)
        try bundle.write("mine.json", Array(proved.output.utf8))
        let check = try Run.yaohao(
            "verify", "--proof", "\(bundle.path)/mine.json", "--commitment", "\(bundle.path)/commitment.json")
        #expect(check.status == 0)
        #expect(check.output.contains(id))
        try bundle.changeJSON("mine.json", ["line"], to: .string("\(id)\tA\t150222100\tF5211\tenterprise\t\tSCJG\t7"))
        #expect(
            try Run.yaohao(
                "verify", "--proof", "\(bundle.path)/mine.json", "--commitment", "\(bundle.path)/commitment.json"
            ).status == 1)
        #expect(try Run.yaohao("prove", bundle.path, "NOBODY").status == 1)
    }
}

@Suite("Verification of what the public gets")
struct PublicVerificationTests {
    /// What is public of a worked draw: no roster, inspectors and salt, and no inspectors' names.
    func publicBundle(_ vector: String, withNames: Bool = false) throws -> BundleFixture {
        let bundle = try BundleFixture(vector)
        for name in ["roster.tsv", "inspectors.tsv", "secret.json"] { try bundle.remove(name) }
        guard !withNames else { return bundle }
        var result = try JSONValue(parsing: bundle.bytes("result.json"))
        for (visit, drawn) in try #require(result["visits"]?.elements).enumerated() {
            for team in try #require(drawn["teams"]?.elements).indices {
                result = try result.replacing(
                    ["visits", .element(visit), "teams", .element(team), "inspectors"], with: nil)
            }
        }
        try bundle.write("result.json", result.canonical + [0x0a])
        return bundle
    }

    @Test("It says what could not be checked, and is right", arguments: Vector.all)
    func right(vector: Vector) async throws {
        let verification = try await Verification.verify(publicBundle(vector.name).bundle(), threads: 1)
        #expect(verification.checked == [.commitment, .seed, .visits, .proof])
        #expect(verification.unchecked == [.frozenFiles, .selections, .teams, .digest])
        let named = try await Verification.verify(publicBundle(vector.name, withNames: true).bundle(), threads: 1)
        #expect(named.checked == [.commitment, .seed, .visits, .digest, .proof])
        #expect(named.unchecked == [.frozenFiles, .selections, .teams])
    }

    @Test func statusIsZeroAndTheGapsAreNamed() throws {
        let bundle = try publicBundle("small")
        let command = try Run.yaohao("verify", bundle.path, "--json")
        #expect(command.status == 0)
        #expect(
            try JSONValue(parsing: command.output) == [
                "verified": true, "checked": ["commitment", "seed", "visits", "proof"],
                "unchecked": ["frozen-files", "selections", "teams", "digest"],
            ])
    }

    static let forgeries: [(file: String, path: [JSONStep], value: JSONValue?)] = [
        ("commitment.json", ["requests", 0, "sample_sizes", "C"], 2),
        ("commitment.json", ["requests", 0, "pool_sizes", "C"], 700),
        ("round.json", ["requests", 0, "team"], 9),
        ("result.json", ["selections", 1, "entities", 0], nil),
        ("result.json", ["selections", 1, "entities", 0], "12150203MA1UA0B94A"),
        ("result.json", ["selections", 1, "request"], "REQ-000"),
        ("result.json", ["visits", 0], nil),
        ("result.json", ["visits", 0, "entity"], "12150203MA1UA0B94A"),
        ("result.json", ["visits", 0, "teams", 0, "missing"], ["drug"]),
        ("result.json", ["visits", 0, "teams", 0, "department"], "WJW"),
        ("result.json", ["visits", 0, "window", 1], "2026-05-31"),
        ("digests.json", ["seed"], .string(String(repeating: "0", count: 64))),
    ]

    @Test("Forgeries are refused as far as they can be seen", arguments: forgeries.indices)
    func forgery(index: Int) async throws {
        let (file, path, value) = Self.forgeries[index]
        let bundle = try publicBundle("small")
        try bundle.changeJSON(file, path, to: value)
        let files = try bundle.bundle()
        await #expect(throws: Difference.self) { try await Verification.verify(files, threads: 1) }
    }
}
