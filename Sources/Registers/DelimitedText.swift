/// Splits delimited text into records with the lines on which they begin.
enum DelimitedText {
    /// One record.
    struct Record: Hashable {
        /// The line of its first character, from 1.
        let line: Int
        /// Its fields.
        let fields: [[UInt8]]
    }

    /// What is wrong with the text, and on which line.
    struct Malformed: Error {
        let line: Int
        let message: String
    }

    private static let quote = UInt8(ascii: "\"")
    private static let comma = UInt8(ascii: ",")
    private static let newline = UInt8(ascii: "\n")
    private static let carriageReturn = UInt8(ascii: "\r")

    /// Reads comma-separated values: fields may be quoted, and then hold commas, line breaks and doubled quotes.
    ///
    /// Source: RFC 4180 §2; a line may end with LF alone, too. Lines that are empty are left out.
    static func csv(_ bytes: ArraySlice<UInt8>) throws(Malformed) -> [Record] {
        var records: [Record] = []
        var fields: [[UInt8]] = []
        var field: [UInt8] = []
        var line = 1
        var firstLine = 1
        var position = bytes.startIndex
        func isBreak(_ at: Int) -> Bool {
            at == bytes.endIndex || bytes[at] == newline
                || bytes[at] == carriageReturn && at + 1 < bytes.endIndex && bytes[at + 1] == newline
        }
        while position < bytes.endIndex {
            if bytes[position] == quote {
                let opened = line
                position += 1
                while true {
                    guard position < bytes.endIndex else {
                        throw Malformed(line: opened, message: "a quotation mark is opened and never closed; close it")
                    }
                    if bytes[position] == quote {
                        position += 1
                        guard position < bytes.endIndex, bytes[position] == quote else { break }
                    }
                    if bytes[position] == newline { line += 1 }
                    field.append(bytes[position])
                    position += 1
                }
                guard isBreak(position) || bytes[position] == comma else {
                    throw Malformed(
                        line: line,
                        message: "there is text behind a closing quotation mark; double the marks in a field")
                }
            } else {
                while !isBreak(position), bytes[position] != comma {
                    guard bytes[position] != quote else {
                        throw Malformed(
                            line: line,
                            message: "a quotation mark stands inside a field; quote the field and double the mark")
                    }
                    field.append(bytes[position])
                    position += 1
                }
            }
            fields.append(field)
            field = []
            if position < bytes.endIndex, bytes[position] == comma {
                position += 1
                // A comma at the very end is followed by one more field, which is empty.
                if position < bytes.endIndex { continue }
                fields.append([])
            }
            if position < bytes.endIndex { position += bytes[position] == newline ? 1 : 2 }
            line += 1
            if fields != [[]] { records.append(Record(line: firstLine, fields: fields)) }
            fields = []
            firstLine = line
        }
        return records
    }

    /// Reads tab-separated values: no quoting, one record a line. Lines that are empty are left out.
    static func tsv(_ bytes: ArraySlice<UInt8>) -> [Record] {
        lines(bytes).map { line, content in
            Record(
                line: line,
                fields: content.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false).map(Array.init))
        }
    }

    /// The lines that are not empty, without their LF or CRLF, with their numbers from 1.
    static func lines(_ bytes: ArraySlice<UInt8>) -> [(line: Int, content: ArraySlice<UInt8>)] {
        bytes.split(separator: newline, omittingEmptySubsequences: false).enumerated().compactMap { index, content in
            let content = content.last == carriageReturn ? content.dropLast() : content
            return content.isEmpty ? nil : (index + 1, content)
        }
    }
}
