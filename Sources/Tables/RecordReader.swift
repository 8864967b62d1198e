/// Splits delimited text into records with the lines on which they begin, reading no further than it is asked.
public struct RecordReader {
    /// How records are written.
    public enum Format: Sendable {
        /// Comma-separated values: fields may be quoted, and then hold commas, line breaks and doubled quotes.
        ///
        /// Source: RFC 4180 §2; a line may end with LF alone, too.
        case csv
        /// Tab-separated values: no quoting, one record a line.
        case tsv
        /// Lines, each of one field.
        case lines
    }

    private static let quote = UInt8(ascii: "\"")
    private static let newline = UInt8(ascii: "\n")
    private static let carriageReturn = UInt8(ascii: "\r")

    private let name: String
    private let format: Format
    private let separator: UInt8?
    private var pieces: TextSource.Pieces
    private var buffer: [UInt8] = []
    private var position = 0
    private var line = 1
    private var isLast = false
    /// How many fields the record before had.
    private var width = 0

    /// A reader at the beginning of a text.
    public init(_ source: TextSource, format: Format) {
        name = source.name
        self.format = format
        separator =
            switch format {
            case .csv: UInt8(ascii: ",")
            case .tsv: UInt8(ascii: "\t")
            case .lines: nil
            }
        pieces = source.pieces()
    }

    /// The next record; empty lines are left out.
    ///
    /// - Throws: `TableError` with the line.
    public mutating func next() throws(TableError) -> Table.Row? {
        while true {
            if let (row, end, lines) = try record() {
                position = end
                line += lines
                width = row.cells.count
                if !row.cells.isEmpty { return row }
            } else if isLast {
                return nil
            } else {
                try refill()
            }
        }
    }

    private mutating func refill() throws(TableError) {
        buffer.removeFirst(position)
        position = 0
        guard buffer.count <= TableBounds.recordBytes else {
            throw TableError(
                name, line: line,
                "a record does not end within \(TableBounds.recordBytes >> 20) MiB; a quotation mark is opened and "
                    + "never closed; close it")
        }
        if let piece = try pieces.next() { buffer += piece } else { isLast = true }
    }

    private typealias Found = (row: Table.Row, end: Int, lines: Int)

    /// The record at the position; `nil` when the buffer ends before the record does.
    private func record() throws(TableError) -> Found? {
        guard position < buffer.count else { return nil }
        let result = buffer.withUnsafeBufferPointer { bytes in
            Result { () throws(TableError) -> Found? in try record(in: bytes) }
        }
        return try result.get()
    }

    private func record(in bytes: UnsafeBufferPointer<UInt8>) throws(TableError) -> Found? {
        var cells: [String] = []
        cells.reserveCapacity(width)
        var lines = 0
        var at = position
        var isMisquoted = false
        func isBreak(_ at: Int) -> Bool {
            at == bytes.count || bytes[at] == Self.newline
                || bytes[at] == Self.carriageReturn && at + 1 < bytes.count && bytes[at + 1] == Self.newline
        }
        while true {
            if format == .csv, at < bytes.count, bytes[at] == Self.quote {
                guard let (text, end, broken) = try quoted(in: bytes, at: at, line + lines) else { return nil }
                at = end
                lines += broken
                // Whether it is the closing mark shows only when the character behind it is there.
                if at == bytes.count, !isLast { return nil }
                guard isBreak(at) || bytes[at] == separator else {
                    if bytes[at] == Self.carriageReturn, at + 1 == bytes.count, !isLast { return nil }
                    // Over several lines the mark may have swallowed other rows.
                    guard broken == 0 else {
                        throw TableError(
                            name, line: line + lines,
                            "右引号后还有文字，请把内容中的引号双写 / there is text behind a closing quotation mark; double the marks in a field"
                        )
                    }
                    let rest = at
                    while at < bytes.count, bytes[at] != separator, !isBreak(at) { at += 1 }
                    if at == bytes.count, !isLast { return nil }
                    isMisquoted = true
                    let behind = String(decoding: UnsafeBufferPointer(rebasing: bytes[rest..<at]), as: UTF8.self)
                    cells.append("\"\(text)\"\(behind)")
                    guard at < bytes.count, bytes[at] == separator else { break }
                    at += 1
                    if at == bytes.count, !isLast { return nil }
                    continue
                }
                cells.append(text)
            } else {
                let start = at
                while at < bytes.count, bytes[at] != Self.newline, bytes[at] != separator {
                    if format == .csv, bytes[at] == Self.quote { isMisquoted = true }
                    at += 1
                }
                if at == bytes.count, !isLast { return nil }
                var end = at
                let endsLine = at == bytes.count || bytes[at] == Self.newline
                if endsLine, end > start, bytes[end - 1] == Self.carriageReturn { end -= 1 }
                cells.append(String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<end]), as: UTF8.self))
            }
            guard at < bytes.count, bytes[at] == separator else { break }
            at += 1
            // A separator at the very end is followed by one more field, which is empty.
            if at == bytes.count, !isLast { return nil }
        }
        if at < bytes.count { at += bytes[at] == Self.newline ? 1 : 2 }
        if cells == [""] { cells = [] }
        return (Table.Row(line: line, cells: cells, isMisquoted: isMisquoted), at, lines + 1)
    }

    /// A quoted field: its text, the place behind its closing mark, and its line breaks; `nil` when it is not all there.
    private func quoted(
        in bytes: UnsafeBufferPointer<UInt8>, at start: Int, _ opened: Int
    ) throws(TableError) -> (text: String, end: Int, lines: Int)? {
        var field: [UInt8] = []
        var lines = 0
        var at = start + 1
        while true {
            guard at < bytes.count else {
                guard isLast else { return nil }
                throw TableError(
                    name, line: opened, "左引号没有对应的右引号，请补上 / a quotation mark is opened and never closed; close it")
            }
            if bytes[at] == Self.quote {
                at += 1
                guard at < bytes.count, bytes[at] == Self.quote else { break }
            }
            if bytes[at] == Self.newline { lines += 1 }
            field.append(bytes[at])
            at += 1
        }
        return (String(decoding: field, as: UTF8.self), at, lines)
    }
}
