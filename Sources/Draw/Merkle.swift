/// The Merkle tree (默克尔树) of RFC 6962 §2.1 over a file's lines, with draw-v1's salted leaves.
///
/// The left subtree holds the largest power of two smaller than the count; joining neighbours layer by layer, with one
/// left over moving up as it is, builds the same tree. A full page of 4,096 lines is a full subtree, so pages are hashed
/// on their own and their roots are joined afterwards.
public enum Merkle {
    /// The root over hashes that are leaves, or roots of equally large full subtrees (the last may be smaller).
    public static func root(_ hashes: [Hash]) -> Hash {
        guard !hashes.isEmpty else { return Hash(of: []) }
        var layer = hashes
        var count = layer.count
        while count > 1 {
            for parent in 0..<(count / 2) { layer[parent] = node(layer[2 * parent], layer[2 * parent + 1]) }
            if count % 2 == 1 { layer[count / 2] = layer[count - 1] }
            count = (count + 1) / 2
        }
        return layer[0]
    }

    /// The audit path of the hash at `index`, nearest sibling first.
    public static func path(of index: Int, in hashes: [Hash]) -> [Hash] {
        var path: [Hash] = []
        var layer = hashes
        var index = index
        while layer.count > 1 {
            if index ^ 1 < layer.count { path.append(layer[index ^ 1]) }
            layer = stride(from: 0, to: layer.count, by: 2).map {
                $0 + 1 < layer.count ? node(layer[$0], layer[$0 + 1]) : layer[$0]
            }
            index /= 2
        }
        return path
    }

    /// The root that a leaf and its audit path lead to; `nil` when the path is too long or too short for the place.
    public static func root(leaf: Hash, index: Int, count: Int, path: [Hash]) -> Hash? {
        guard index >= 0, index < count else { return nil }
        var (hash, index, count) = (leaf, index, count)
        var siblings = path.makeIterator()
        while count > 1 {
            if index ^ 1 < count {
                guard let sibling = siblings.next() else { return nil }
                hash = index % 2 == 1 ? node(sibling, hash) : node(hash, sibling)
            }
            index /= 2
            count = (count + 1) / 2
        }
        return siblings.next() == nil ? hash : nil
    }

    /// An inner node: the hash of 0x01 ‖ left ‖ right.
    static func node(_ left: Hash, _ right: Hash) -> Hash {
        withUnsafeTemporaryAllocation(byteCount: 72, alignment: 8) { buffer in
            // The 65 bytes end at the buffer's end, so that both hashes are aligned.
            buffer[7] = 1
            left.write(to: buffer, at: 8)
            right.write(to: buffer, at: 40)
            return HashPrefix.empty.hash(UnsafeRawBufferPointer(rebasing: buffer[7...]))
        }
    }

    /// A leaf: the hash of 0x00 ‖ key ‖ the line without its LF.
    static func leaf(key: Hash, line: UnsafeRawBufferPointer) -> Hash {
        withUnsafeTemporaryAllocation(byteCount: 40 + line.count, alignment: 8) { buffer in
            buffer[7] = 0
            key.write(to: buffer, at: 8)
            UnsafeMutableRawBufferPointer(rebasing: buffer[40...]).copyMemory(from: line)
            return HashPrefix.empty.hash(UnsafeRawBufferPointer(rebasing: buffer[7...]))
        }
    }
}

/// The leaves of one file: each line under a key that only the salt's holders can compute.
struct SaltedLeaves: Sendable {
    private let prefix: HashPrefix

    init(salt: [UInt8]) { prefix = HashPrefix(hexText(salt)) }

    /// The key of an id: the hash of `SALTHEX:ID`.
    func key(_ id: UnsafeRawBufferPointer) -> Hash {
        withUnsafeTemporaryAllocation(byteCount: 1 + id.count, alignment: 1) { buffer in
            buffer[0] = UInt8(ascii: ":")
            UnsafeMutableRawBufferPointer(rebasing: buffer[1...]).copyMemory(from: id)
            return prefix.hash(UnsafeRawBufferPointer(buffer))
        }
    }

    func leaf(id: UnsafeRawBufferPointer, line: UnsafeRawBufferPointer) -> Hash {
        Merkle.leaf(key: key(id), line: line)
    }
}
