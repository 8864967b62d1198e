extension InspectorLine {
    /// The file's name in a bundle.
    public static let fileName = "inspectors.tsv"

    static let columns = ["id", "department", "regions", "specialties", "certificate_until", "load", "recused"]

    /// Reads a whole `inspectors.tsv`.
    /// - Throws: ``DrawError`` with line and column.
    public static func lines(of bytes: [UInt8]) throws -> [InspectorLine] {
        try bytes.withUnsafeBytes { bytes in
            var cursor = LineCursor(bytes, firstLine: 1, file: fileName, columns: columns)
            var lines: [InspectorLine] = []
            while try cursor.advance() {
                lines.append(
                    try cursor.reading {
                        try Columns.id(cursor[1], "department")
                        return try InspectorLine(
                            id: String(decoding: cursor[0], as: UTF8.self),
                            department: String(decoding: cursor[1], as: UTF8.self),
                            regions: Columns.list(cursor[2], "regions"),
                            specialties: Columns.list(cursor[3], "specialties"),
                            certificateUntil: Columns.day(cursor[4], "certificate_until"),
                            load: Columns.integer(cursor[5], "load"), recused: Columns.ids(cursor[6], "recused"))
                    })
            }
            return lines
        }
    }

    /// The line, without an LF.
    public var text: String {
        [
            id, department, regions.joined(separator: ","), specialties.joined(separator: ","), certificateUntil,
            String(load), recused.joined(separator: ","),
        ].joined(separator: "\t")
    }
}

extension FileDigest {
    /// The digest of a whole `inspectors.tsv`.
    /// - Parameter salt: the round's salt, 32 bytes.
    /// - Throws: ``DrawError`` with line and column, when the lines are not as they should be.
    public init(inspectors bytes: [UInt8], salt: [UInt8]) throws {
        let leaves = SaltedLeaves(salt: salt)
        let hashes = try bytes.withUnsafeBytes { bytes in
            var cursor = LineCursor(
                bytes, firstLine: 1, file: InspectorLine.fileName, columns: InspectorLine.columns)
            var hashes: [Hash] = []
            while try cursor.advance() { hashes.append(leaves.leaf(id: cursor[0], line: cursor.line)) }
            return hashes
        }
        self.init(lines: hashes.count, root: Merkle.root(hashes).hex)
    }
}
