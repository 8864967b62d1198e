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
    /// What stands between fields; a line break where nothing does.
    private let separator: UInt8
    private var pieces: TextSource.Pieces
    private let isDamaged: Bool
    private var buffer: [UInt8] = []
    private var position = 0
    private var line = 1
    private var isLast = false
    /// What the next record may need, by the one before.
    private var room = (cells: 0, bytes: 0)

    /// A reader at the beginning of a text.
    public init(_ source: TextSource, format: Format) {
        name = source.name
        self.format = format
        separator =
            switch format {
            case .csv: UInt8(ascii: ",")
            case .tsv: UInt8(ascii: "\t")
            case .lines: Self.newline
            }
        pieces = source.pieces()
        isDamaged = source.isDamaged
    }

    /// The next record; empty lines are left out.
    ///
    /// - Throws: `TableError` with the line.
    public mutating func next() throws(TableError) -> Table.Row? {
        while true {
            if let (row, end, lines) = try record() {
                position = end
                line += lines
                if row.cells.count == 1, row.cells[utf8: 0].isEmpty { continue }
                room = (row.cells.count, row.cells.size + 32)
                return row
            }
            if isLast { return nil }
            try refill()
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
        isLast = try !pieces.next(into: &buffer)
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

    /// A record while it is read.
    private struct Draft {
        var cells: Table.Row.Cells
        /// The place before which everything is in the text of the cells.
        var copied: Int
        /// Line breaks within fields.
        var breaks = 0

        /// Where a byte that is not copied yet will stand in the text.
        func place(_ at: Int) -> Int { cells.size + at - copied }

        mutating func copy(_ bytes: UnsafeBufferPointer<UInt8>, to end: Int) {
            cells.append(bytes[copied..<end])
            copied = end
        }
    }

    private func record(in bytes: UnsafeBufferPointer<UInt8>) throws(TableError) -> Found? {
        let separator = separator
        var draft = Draft(cells: Table.Row.Cells(room: room), copied: position)
        var at = position
        var isMisquoted = false
        func isBreak(_ at: Int) -> Bool {
            at == bytes.count || bytes[at] == Self.newline
                || bytes[at] == Self.carriageReturn && at + 1 < bytes.count && bytes[at + 1] == Self.newline
        }
        while true {
            let start = draft.place(at)
            if format == .csv, at < bytes.count, bytes[at] == Self.quote {
                let before = draft.breaks
                guard let mark = try closingMark(in: bytes, from: at + 1, &draft) else { return nil }
                at = mark + 1
                // Whether it is the closing mark shows only when the character behind it is there.
                if at == bytes.count, !isLast { return nil }
                if isBreak(at) || bytes[at] == separator {
                    draft.cells.add(at: start + 1..<draft.place(mark))
                } else {
                    if bytes[at] == Self.carriageReturn, at + 1 == bytes.count, !isLast { return nil }
                    // Over several lines the mark may have swallowed other rows.
                    guard draft.breaks == before else {
                        throw TableError(
                            name, line: line + draft.breaks,
                            "右引号后还有文字，请把内容中的引号双写 / there is text behind a closing quotation mark; double the marks in a field"
                        )
                    }
                    while at < bytes.count, bytes[at] != separator, !isBreak(at) { at += 1 }
                    if at == bytes.count, !isLast { return nil }
                    isMisquoted = true
                    draft.cells.add(at: start..<draft.place(at))
                }
            } else {
                let first = at
                while at < bytes.count, bytes[at] != Self.newline, bytes[at] != separator {
                    if bytes[at] == Self.quote, format == .csv { isMisquoted = true }
                    at += 1
                }
                if at == bytes.count, !isLast { return nil }
                let endsLine = at == bytes.count || bytes[at] == Self.newline
                let end = endsLine && at > first && bytes[at - 1] == Self.carriageReturn ? at - 1 : at
                draft.cells.add(at: start..<draft.place(end))
            }
            guard at < bytes.count, bytes[at] == separator, separator != Self.newline else { break }
            at += 1
            // A separator at the very end is followed by one more field, which is empty.
            if at == bytes.count, !isLast { return nil }
        }
        draft.copy(bytes, to: at)
        if at < bytes.count { at += bytes[at] == Self.newline ? 1 : 2 }
        let cells = isDamaged ? draft.cells.repaired : draft.cells
        return (Table.Row(line: line, cells: cells, isMisquoted: isMisquoted), at, draft.breaks + 1)
    }

    /// The place of the mark that closes a quoted field; `nil` when it is not there yet. Of doubled marks before it, the
    /// first alone is copied.
    private func closingMark(
        in bytes: UnsafeBufferPointer<UInt8>, from start: Int, _ draft: inout Draft
    ) throws(TableError) -> Int? {
        let opened = line + draft.breaks
        var at = start
        while at < bytes.count {
            if bytes[at] == Self.quote {
                at += 1
                guard at < bytes.count, bytes[at] == Self.quote else { return at - 1 }
                draft.copy(bytes, to: at)
                draft.copied = at + 1
            } else if bytes[at] == Self.newline {
                draft.breaks += 1
            }
            at += 1
        }
        guard isLast else { return nil }
        throw TableError(
            name, line: opened, "左引号没有对应的右引号，请补上 / a quotation mark is opened and never closed; close it")
    }
}
