import Draw
import JSON
import Testing

@Suite("The worked draws, byte for byte")
struct VectorTests {
    @Test("Commitment", arguments: Vector.all)
    func commitment(vector: Vector) async throws {
        let commitment = try await vector.frozen().commitment
        #expect(try commitment.json.canonical + [0x0a] == vector.bytes("commitment.json"))
        #expect(try Commitment(json: vector.json("commitment.json")) == commitment)
    }

    @Test("Round, seed and digests", arguments: Vector.all)
    func documents(vector: Vector) async throws {
        #expect(try vector.definition().json.canonical + [0x0a] == vector.bytes("round.json"))
        let seed = try vector.seed()
        #expect(try seed.json.canonical + [0x0a] == vector.bytes("seed.json"))
        #expect(try seed.mismatch(with: vector.definition().seedPolicy, round: vector.definition().id) == nil)
        let digests = DrawDigests(
            commitment: try Commitment(json: vector.json("commitment.json")).hash, seed: seed.hex,
            result: Hash(of: try vector.bytes("result.json").dropLast()).hex)
        #expect(try digests.json.canonical + [0x0a] == vector.bytes("digests.json"))
    }

    @Test("Result", arguments: Vector.all)
    func result(vector: Vector) async throws {
        let result = try await vector.frozen().draw(seed: vector.seed())
        #expect(try result.canonical + [0x0a] == vector.bytes("result.json"))
    }

    @Test("The result does not depend on the number of threads", arguments: [1, 3, 7])
    func threads(count: Int) async throws {
        let vector = Vector(name: "large")
        let result = try await vector.frozen(threads: count).draw(seed: vector.seed())
        #expect(try result.canonical + [0x0a] == vector.bytes("result.json"))
    }

    @Test("Proof of one entity", arguments: Vector.all)
    func proof(vector: Vector) async throws {
        let published = try EntityProof(JSONField(vector.json("proof.json")))
        let id = try #require(published.line.split(separator: "\t").first.map(String.init))
        let proof = try await EntityProof(of: id, roster: vector.bytes("roster.tsv"), salt: vector.salt(), threads: 2)
        #expect(proof == published)
        #expect(try published.json.canonical + [0x0a] == vector.bytes("proof.json"))
        #expect(published.root == (try Commitment(json: vector.json("commitment.json"))).roster.root)
    }

    /// As a cluster does it: every page on its own, results carried as JSON and put together in any order.
    @Test("Pages counted and selected apart, carried as JSON, give the same", arguments: Vector.all)
    func pages(vector: Vector) async throws {
        let requests = try vector.definition().ascendingRequests
        let salt = try vector.salt()
        let lines = try vector.bytes("roster.tsv").split(separator: 0x0a)
        let pages = stride(from: 0, to: lines.count, by: PageCount.pageSize).map { start in
            (
                first: start + 1,
                bytes: lines[start..<min(start + PageCount.pageSize, lines.count)].flatMap { $0 + [0x0a] }
            )
        }
        let counts = try pages.map { page in
            let count = try PageCount(page: page.bytes, firstLine: page.first, requests: requests, salt: salt)
            return try PageCount(json: JSONValue(parsing: count.json.canonical))
        }
        let commitment = Commitment(
            definition: try vector.definition(), roster: try PageCount.digest(of: counts),
            inspectors: try FileDigest(inspectors: vector.bytes("inspectors.tsv"), salt: salt),
            poolSizes: PageCount.poolSizes(of: counts, requests: requests))
        #expect(try commitment.json.canonical + [0x0a] == vector.bytes("commitment.json"))

        let seed = try vector.seed()
        let found = try pages.reversed().map { page in
            let selection = try PageSelection(
                page: page.bytes, firstLine: page.first, requests: requests, sampleSizes: commitment.sampleSizes,
                seed: seed.hash.bytes)
            return try PageSelection(json: JSONValue(parsing: selection.json.canonical))
        }
        let selection = PageSelection.merged(found, requests: requests, sampleSizes: commitment.sampleSizes)
        let selections = selection.selections(requests: requests)
        let visits = makeVisits(
            round: commitment.definition.id, requests: requests.reversed(), selections: selections.reversed())
        let published = try vector.json("result.json")
        #expect(
            published["selections"]
                == .array(selections.map { ["request": .string($0.request), "entities": .strings($0.entities)] }))
        #expect(published["visits"]?.elements?.map { $0["visit"]?.text } == visits.map(\.id))
    }
}
