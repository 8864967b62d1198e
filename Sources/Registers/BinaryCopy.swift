import JSON
import Postgres

/// Rows in `COPY`'s binary format.
///
/// Source: PostgreSQL documentation, COPY, "Binary Format"; `array_recv`, `jsonb_recv`, `date_recv`.
struct BinaryCopy {
    /// What the data begins with.
    fileprivate static let header: [UInt8] =
        Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0x00] + [UInt8](repeating: 0, count: 8)
    /// What the data ends with.
    fileprivate static let trailer: [UInt8] = [0xFF, 0xFF]

    private static let textType: UInt32 = 25
    /// 2000-01-01, from which days are counted, in days since 1970-01-01.
    private static let epoch = 10_957

    private(set) var bytes: [UInt8] = []

    /// Makes room for so many bytes more.
    mutating func reserve(_ count: Int) { bytes.reserveCapacity(bytes.count + count) }

    /// Begins a row of so many fields.
    mutating func begin(fields: Int) {
        bytes += [UInt8(truncatingIfNeeded: fields >> 8), UInt8(truncatingIfNeeded: fields)]
    }

    /// Leaves room for a length, to be set where what it counts has ended.
    mutating func beginLength() -> Int {
        append(UInt32(0))
        return bytes.count
    }

    /// Puts the length of what was appended since before it.
    mutating func setLength(from start: Int) {
        withUnsafeBytes(of: UInt32(bytes.count - start).bigEndian) { length in
            for (index, byte) in length.enumerated() { bytes[start - 4 + index] = byte }
        }
    }

    /// What stands before a value of so many bytes, which is not appended itself.
    mutating func append(length: Int) { append(UInt32(length)) }

    mutating func appendNull() { append(UInt32.max) }

    mutating func append(bigint number: Int) {
        append(UInt32(8))
        append(UInt32(truncatingIfNeeded: number >> 32))
        append(UInt32(truncatingIfNeeded: number))
    }

    mutating func append(integer number: Int) {
        append(UInt32(4))
        append(UInt32(truncatingIfNeeded: number))
    }

    mutating func append(boolean flag: Bool) {
        append(UInt32(1))
        bytes.append(flag ? 1 : 0)
    }

    mutating func append(day: Day) { append(integer: day.number - Self.epoch) }

    mutating func append(text: String) {
        append(UInt32(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }

    /// A `bytea`, `uuid`, or any other value in its binary form.
    mutating func append(raw field: [UInt8]) {
        append(UInt32(field.count))
        bytes += field
    }

    /// A `jsonb`.
    mutating func append(json text: [UInt8]) {
        append(UInt32(text.count + 1))
        bytes.append(1)
        bytes += text
    }

    /// A `text[]`.
    mutating func append(list: [JSONValue]) {
        let start = beginLength()
        append(UInt32(list.isEmpty ? 0 : 1))  // dimensions
        append(UInt32(0))  // no nulls
        append(Self.textType)
        if !list.isEmpty {
            append(UInt32(list.count))
            append(UInt32(1))  // the lower bound
            for element in list { append(text: element.text ?? "") }
        }
        setLength(from: start)
    }

    private mutating func append(_ value: UInt32) {
        for shift: UInt32 in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }
}

extension PostgresTransaction {
    /// Runs a `COPY … FROM STDIN (FORMAT binary)`, whose rows `body` writes.
    func copyInBinary(
        _ statement: String, _ body: nonisolated(nonsending) (inout CopyWriter) async throws -> Void
    ) async throws {
        try await copyIn(statement) { writer in
            try await writer.write(BinaryCopy.header)
            try await body(&writer)
            try await writer.write(BinaryCopy.trailer)
        }
    }
}
