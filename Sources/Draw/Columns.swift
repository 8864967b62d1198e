/// What is wrong with one column of a line; the reader adds file and line.
struct ColumnProblem: Error {
    let field: String
    let problem: String
    let remedy: String

    func error(file: String, line: Int) -> DrawError {
        DrawError(file: file, line: line, field: field, problem: problem, remedy: remedy)
    }
}

/// The columns of the frozen text files, each with its rule (draw-v1 §1).
enum Columns {
    static func id(_ bytes: UnsafeRawBufferPointer, _ field: String) throws {
        guard Grammar.isID(bytes) else {
            throw problem(field, bytes, "write an id of A-Z a-z 0-9 . _ -")
        }
    }

    static func text(_ bytes: UnsafeRawBufferPointer, _ field: String) throws -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ColumnProblem(field: field, problem: "this is not valid UTF-8", remedy: "save the file in UTF-8")
        }
        return text
    }

    static func list(
        _ bytes: UnsafeRawBufferPointer, _ field: String, where isValid: (String) -> Bool = { !$0.isEmpty },
        _ rule: String = "items that are not empty"
    ) throws -> [String] {
        guard !bytes.isEmpty else { return [] }
        let items = try text(bytes, field).utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
            .map { String(Substring($0)) }
        guard items.allSatisfy(isValid), Grammar.ascends(items) else {
            throw problem(field, bytes, "write \(rule), ascending, each once, with commas between and no spaces")
        }
        return items
    }

    static func ids(_ bytes: UnsafeRawBufferPointer, _ field: String) throws -> [String] {
        try list(bytes, field, where: Grammar.isID, "ids of A-Z a-z 0-9 . _ -")
    }

    static func integer(_ bytes: UnsafeRawBufferPointer, _ field: String) throws -> Int {
        guard let integer = Grammar.integer(bytes) else {
            throw problem(field, bytes, "write a whole number from 0 to 9007199254740991 in plain digits")
        }
        return integer
    }

    static func day(_ bytes: UnsafeRawBufferPointer, _ field: String) throws -> String {
        guard Grammar.isDay(bytes) else { throw problem(field, bytes, "write a day YYYY-MM-DD that exists") }
        return String(decoding: bytes, as: UTF8.self)
    }

    static func creditClass(_ bytes: UnsafeRawBufferPointer, _ field: String) throws -> CreditClass {
        if bytes.count == 1 {
            switch bytes[0] {
            case UInt8(ascii: "A"): return .a
            case UInt8(ascii: "B"): return .b
            case UInt8(ascii: "C"): return .c
            case UInt8(ascii: "D"): return .d
            case UInt8(ascii: "-"): return .none
            default: break
            }
        }
        throw problem(field, bytes, "write A, B, C, D or -")
    }

    static func problem(_ field: String, _ found: UnsafeRawBufferPointer, _ remedy: String) -> ColumnProblem {
        let shown = String(decoding: found.prefix(60), as: UTF8.self) + (found.count > 60 ? "…" : "")
        return ColumnProblem(field: field, problem: "found \"\(shown)\"", remedy: remedy)
    }
}

/// Walks over the lines of a tab-separated text, each ended by one LF, strictly ascending by the first column.
///
/// It borrows the bytes: they must stay where they are while it is used.
struct LineCursor {
    let file: String
    let columns: [String]
    let bytes: UnsafeRawBufferPointer
    /// The number of the current line, from 1.
    private(set) var number: Int
    /// Where the current line starts and its columns end; the last end is the LF's place.
    private(set) var start = 0
    private(set) var ends: [Int]
    private var position = 0
    private var previousID: Range<Int>?

    init(_ bytes: UnsafeRawBufferPointer, firstLine: Int, file: String, columns: [String]) {
        self.bytes = bytes
        self.number = firstLine - 1
        self.file = file
        self.columns = columns
        ends = [Int](repeating: 0, count: columns.count)
    }

    /// Moves to the next line and cuts it into columns.
    /// - Returns: whether there is one.
    /// - Throws: ``DrawError``.
    mutating func advance() throws -> Bool {
        guard position < bytes.count else { return false }
        if number > 0, start < position { previousID = start..<ends[0] }
        number += 1
        start = position
        var column = 0
        while true {
            guard position < bytes.count else {
                throw error("line end", "the last line has no LF", "end every line, the last included, with one LF")
            }
            let byte = bytes[position]
            position += 1
            // Few bytes are as small as the three that matter.
            guard byte <= 0x0d else { continue }
            if byte == 0x09 {
                if column < ends.count { ends[column] = position - 1 }
                column += 1
            } else if byte == 0x0a {
                if column < ends.count { ends[column] = position - 1 }
                break
            } else if byte == 0x0d {
                throw error("line end", "there is a CR", "end lines with one LF and nothing else")
            }
        }
        guard column == ends.count - 1 else {
            if let problem = byteOrderMark { throw problem }
            let names = columns.joined(separator: " ")
            throw error("columns", "there are \(column + 1)", "write \(ends.count), with tabs between: \(names)")
        }
        return try checkID()
    }

    private func checkID() throws -> Bool {
        let id = self[0]
        guard Grammar.isID(id) else {
            if let problem = byteOrderMark { throw problem }
            throw Columns.problem(columns[0], id, "write an id of A-Z a-z 0-9 . _ -").error(file: file, line: number)
        }
        if let previousID {
            let previous = UnsafeRawBufferPointer(rebasing: bytes[previousID])
            guard previous.lexicographicallyPrecedes(id) else { throw unsorted(after: previous) }
        }
        return true
    }

    private var byteOrderMark: DrawError? {
        guard number == 1, bytes.starts(with: [0xef, 0xbb, 0xbf]) else { return nil }
        return error("start", "there is a byte order mark", "save the file as UTF-8 without BOM")
    }

    private func unsorted(after previous: UnsafeRawBufferPointer) -> DrawError {
        DrawError.unsorted(
            file: file, line: number, field: columns[0], id: String(decoding: self[0], as: UTF8.self),
            previous: String(decoding: previous, as: UTF8.self))
    }

    func error(_ field: String, _ problem: String, _ remedy: String) -> DrawError {
        DrawError(file: file, line: number, field: field, problem: problem, remedy: remedy)
    }

    /// The current line without its LF.
    var line: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[start..<ends[ends.count - 1]]) }

    /// A column of the current line.
    subscript(column: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[(column == 0 ? start : ends[column - 1] + 1)..<ends[column]])
    }

    /// Runs what reads the current line's columns, and gives its errors file and line.
    func reading<Result>(_ read: () throws -> Result) throws -> Result {
        do {
            return try read()
        } catch let problem as ColumnProblem {
            throw problem.error(file: file, line: number)
        }
    }
}

extension DrawError {
    static func unsorted(file: String, line: Int, field: String, id: String, previous: String) -> DrawError {
        DrawError(
            file: file, line: line, field: field,
            problem: id == previous ? "\"\(id)\" is repeated" : "\"\(id)\" stands after \"\(previous)\"",
            remedy: "sort the lines by id, by bytes, each id once (LC_ALL=C sort)")
    }
}
