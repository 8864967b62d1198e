import Cluster
import Crypto
import Foundation
import JSON

/// The rows of pages in `COPY`'s binary format, for `registers.feed_rows`.
///
/// Source: PostgreSQL documentation, COPY, "Binary Format"; `array_recv`, `jsonb_recv`.
struct FeedCopy {
    /// The statement that takes them.
    static let statement = """
        COPY registers.feed_rows (feed, position, id, version, cells, raw, findings) FROM STDIN (FORMAT binary)
        """
    /// What the data begins with.
    static let header: [UInt8] = Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0x00] + [UInt8](repeating: 0, count: 8)
    /// What the data ends with.
    static let trailer: [UInt8] = [0xFF, 0xFF]

    private static let textType: UInt32 = 25

    private(set) var bytes: [UInt8] = []

    /// Appends the rows of a page.
    mutating func append(_ page: StagedPage) {
        let feed = page.feed.digest
        for row in page.rows {
            append16(7)
            append(feed)
            append(integer: row.position)
            append(text: row.id)
            append(integer: page.version)
            switch row.content {
            case .good(let cells):
                append(cells)
                appendNull()
            case .bad(let raw):
                appendNull()
                append(raw)
            case .retirement:
                appendNull()
                appendNull()
            }
            if row.findings.isEmpty {
                appendNull()
            } else {
                // A NUL can be no part of PostgreSQL's JSON; the row's own bytes have it.
                let findings = row.findings.map { finding in
                    Finding(
                        field: finding.field.withoutNUL, code: finding.code.withoutNUL,
                        message: finding.message.withoutNUL
                    ).json
                }
                append([1] + JSONValue.array(findings).canonical)
            }
        }
    }

    private mutating func append(_ cells: [JSONValue]) {
        let start = bytes.count
        append32(0)
        append32(1)  // dimensions
        append32(1)  // there may be nulls
        append32(Self.textType)
        append32(UInt32(cells.count))
        append32(1)  // the lower bound
        for cell in cells {
            switch cell {
            case .string(let text): append(text: text)
            case .integer(let number): append(text: String(number))
            case .bool(let flag): append(text: flag ? "true" : "false")
            case .array(let elements): append(literal: elements)
            case .null, .object: appendNull()
            }
        }
        setLength(of: start)
    }

    /// A list as PostgreSQL's array literal.
    private mutating func append(literal elements: [JSONValue]) {
        let start = bytes.count
        append32(0)
        bytes.append(UInt8(ascii: "{"))
        for (index, element) in elements.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes.append(UInt8(ascii: "\""))
            var text = element.text ?? ""
            text.withUTF8 { text in
                for byte in text {
                    if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { bytes.append(UInt8(ascii: "\\")) }
                    bytes.append(byte)
                }
            }
            bytes.append(UInt8(ascii: "\""))
        }
        bytes.append(UInt8(ascii: "}"))
        setLength(of: start)
    }

    /// Puts the length of a field that is complete before it.
    private mutating func setLength(of start: Int) {
        withUnsafeBytes(of: UInt32(bytes.count - start - 4).bigEndian) { length in
            for (index, byte) in length.enumerated() { bytes[start + index] = byte }
        }
    }

    private mutating func append16(_ value: UInt16) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    private mutating func append32(_ value: UInt32) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    private mutating func appendNull() { append32(UInt32.max) }

    private mutating func append(integer: Int) {
        append32(8)
        append32(UInt32(truncatingIfNeeded: integer >> 32))
        append32(UInt32(truncatingIfNeeded: integer))
    }

    private mutating func append(_ field: [UInt8]) {
        append32(UInt32(field.count))
        bytes += field
    }

    private mutating func append(text: String) {
        append32(UInt32(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }
}

extension String {
    fileprivate var withoutNUL: String { utf8.contains(0) ? replacing("\0", with: "") : self }
}

extension FeedName {
    /// What tells the feed apart in the tables of feeds under way: 16 bytes of SHA-256.
    var digest: [UInt8] {
        var hash = SHA256()
        for part in [register.rawValue, source, id] {
            hash.update(data: SHA256.hash(data: Array(part.utf8)).map { $0 })
        }
        return Array(hash.finalize().prefix(16))
    }

    /// The number of the advisory lock that those who store its rows share, and whoever applies it has alone.
    var lock: Int64 { digest.prefix(8).reduce(0) { $0 << 8 | Int64($1) } }

    /// The same as PostgreSQL's `uuid`.
    var uuid: String { hexText(digest) }
}
