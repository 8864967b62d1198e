public import JSON

/// Proof (证明) that one entity's line stands in the committed roster, which reveals no other line: draw-v1 §1.
public struct EntityProof: Sendable, Hashable {
    /// The line, without its LF.
    public let line: String
    /// The line's key, in hexadecimal: the hash of `SALTHEX:ID`.
    public let key: String
    /// The line's place, from 0.
    public let index: Int
    /// The number of the roster's lines.
    public let lines: Int
    /// The audit path of RFC 6962, nearest sibling first, in hexadecimal.
    public let path: [String]

    /// Proves an entity's line.
    /// - Returns: `nil` when the roster has no such entity.
    /// - Throws: ``DrawError`` with line and column, when the roster is not as it should be.
    public init?(of id: String, roster: [UInt8], salt: [UInt8], threads: Int) async throws {
        let pages = RosterPages.split(roster)
        let leaves = SaltedLeaves(salt: salt)
        let found = try await RosterPages.map(pages, threads: threads) { pages, first in
            try roster.withUnsafeBytes { bytes in
                try pages.enumerated().map { index, page in
                    try Page(
                        UnsafeRawBufferPointer(rebasing: bytes[page]), number: first + index, leaves: leaves, id: id)
                }
            }
        }.flatMap { $0 }
        guard let number = found.firstIndex(where: { $0.proof != nil }), let proof = found[number].proof else {
            return nil
        }
        line = proof.line
        key = proof.key.hex
        index = number * PageCount.pageSize + proof.index
        lines = found.reduce(0) { $0 + $1.lines }
        path = (proof.path + Merkle.path(of: number, in: found.map(\.root))).map(\.hex)
    }

    /// What one page adds to a proof.
    private struct Page: Sendable {
        let root: Hash
        let lines: Int
        var proof: (line: String, key: Hash, index: Int, path: [Hash])?

        init(_ bytes: UnsafeRawBufferPointer, number: Int, leaves: SaltedLeaves, id: String) throws {
            var cursor = LineCursor(
                bytes, firstLine: number * PageCount.pageSize + 1, file: RosterLine.fileName,
                columns: RosterLine.columns)
            var hashes: [Hash] = []
            while try cursor.advance() {
                if cursor[0].elementsEqual(id.utf8) {
                    let line = try cursor.reading { try Columns.text(cursor.line, "line") }
                    proof = (line, leaves.key(cursor[0]), hashes.count, [])
                }
                hashes.append(leaves.leaf(id: cursor[0], line: cursor.line))
            }
            if let index = proof?.index { proof?.path = Merkle.path(of: index, in: hashes) }
            root = Merkle.root(hashes)
            lines = hashes.count
        }
    }

    /// Reads `proof.json`; its line must be a roster's.
    /// - Throws: `JSONError` naming the field.
    public init(_ field: JSONField) throws {
        let lineField: JSONField
        (self, lineField) = try field.object { reader in
            let line = try reader.required("line")
            return (try EntityProof(&reader, line: line.string()), line)
        }
        guard index < lines else { throw field.error("an \"index\" below \"lines\" is expected") }
        do {
            guard try RosterLine.lines(of: Array((line + "\n").utf8)).count == 1 else {
                throw lineField.error("one line is expected")
            }
        } catch let error as DrawError {
            throw lineField.error("\(error.field ?? ""): \(error.problem); \(error.remedy)")
        }
    }

    private init(_ reader: inout JSONReader, line: String) throws {
        self.line = line
        key = try reader.required("key").hash().hex
        index = try reader.required("index").integer()
        lines = try reader.required("lines").integer()
        path = try reader.required("path").array { try $0.hash().hex }
    }

    /// `proof.json`.
    public var json: JSONValue {
        [
            "line": .string(line), "key": .string(key), "index": .integer(index), "lines": .integer(lines),
            "path": .strings(path),
        ]
    }

    /// The root that the proof leads to, in hexadecimal; `nil` when its path is too long or too short.
    public var root: String? {
        guard let key = Hash(hex: key) else { return nil }
        let leaf = Array(line.utf8).withUnsafeBytes { Merkle.leaf(key: key, line: $0) }
        return Merkle.root(leaf: leaf, index: index, count: lines, path: path.compactMap { Hash(hex: $0) })?.hex
    }
}
