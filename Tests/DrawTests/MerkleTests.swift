import Testing

@testable import Draw

@Suite("Merkle tree")
struct MerkleTests {
    /// The definition of RFC 6962 §2.1, recursively.
    func head(_ leaves: ArraySlice<Hash>) -> Hash {
        if leaves.isEmpty { return Hash(of: []) }
        if leaves.count == 1 { return leaves[leaves.startIndex] }
        let middle = leaves.startIndex + split(leaves.count)
        return Hash(of: [1] + head(leaves[..<middle]).bytes + head(leaves[middle...]).bytes)
    }

    func path(_ index: Int, _ leaves: ArraySlice<Hash>) -> [Hash] {
        guard leaves.count > 1 else { return [] }
        let middle = leaves.startIndex + split(leaves.count)
        return index < middle
            ? path(index, leaves[..<middle]) + [head(leaves[middle...])]
            : path(index, leaves[middle...]) + [head(leaves[..<middle])]
    }

    /// The largest power of two smaller than the count.
    func split(_ count: Int) -> Int {
        var power = 1
        while power * 2 < count { power *= 2 }
        return power
    }

    @Test("Roots and audit paths are those of RFC 6962", arguments: 0...33)
    func rfc6962(count: Int) {
        let leaves = (0..<count).map { Hash(of: "\($0)") }
        #expect(Merkle.root(leaves) == head(leaves[...]))
        for index in 0..<count {
            let path = Merkle.path(of: index, in: leaves)
            #expect(path == self.path(index, leaves[...]))
            #expect(Merkle.root(leaf: leaves[index], index: index, count: count, path: path) == head(leaves[...]))
            #expect(Merkle.root(leaf: leaves[index], index: index, count: count, path: path + [leaves[0]]) == nil)
            if !path.isEmpty {
                #expect(Merkle.root(leaf: leaves[index], index: index, count: count, path: path.dropLast()) == nil)
            }
        }
        #expect(Merkle.root(leaf: Hash(of: ""), index: count, count: count, path: []) == nil)
    }

    @Test("Roots of full pages join to the root of the whole", arguments: [1, 4, 5, 8, 11, 16])
    func pages(count: Int) {
        let leaves = (0..<count).map { Hash(of: "\($0)") }
        let pages = stride(from: 0, to: count, by: 4).map { Merkle.root(Array(leaves[$0..<min($0 + 4, count)])) }
        #expect(Merkle.root(pages) == Merkle.root(leaves))
    }

    @Test("Hashes are written and ordered by bytes")
    func hashes() {
        #expect(Hash(of: "abc").hex == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        let hash = Hash(of: "x")
        #expect(Hash(bytes: hash.bytes) == hash)
        #expect(Hash(hex: hash.hex) == hash)
        #expect(Hash(hex: hash.hex.uppercased()) == nil)
        #expect(Hash(bytes: [1, 2]) == nil)
        let some = (0..<100).map { Hash(of: "\($0)") }
        #expect(some.sorted() == some.sorted { $0.hex < $1.hex })
    }
}
