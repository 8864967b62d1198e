public import Foundation
import Glibc

/// The text of a file, of whichever encoding, as UTF-8 piece by piece; it can be read again and again.
public struct TextSource: Sendable {
    /// How text is encoded.
    enum Encoding: String, Sendable {
        case utf8 = "UTF-8"
        case utf16LittleEndian = "UTF-16LE"
        case utf16BigEndian = "UTF-16BE"
        /// What is written as GBK or GB 2312 is GB 18030, too.
        case gb18030 = "GB18030"
    }

    /// The file's name, for messages.
    public let name: String
    private let content: Data
    let encoding: Encoding
    /// Whether a few of its lines are no text.
    let isDamaged: Bool
    private let start: Int

    private static let pieceSize = 1 << 18

    /// Opens a file and finds out its encoding. The file is mapped, not read into memory.
    ///
    /// - Throws: `TableError` when it cannot be read, or is in no encoding that is understood.
    public init(path: String) throws(TableError) {
        let content: Data
        do { content = try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped) } catch {
            throw TableError(path, "无法读取，请核对文件名 / cannot be read; name a file that exists")
        }
        try self.init(name: path, content: content)
    }

    /// Takes bytes and finds out their encoding.
    ///
    /// - Throws: `TableError` when they are in no encoding that is understood.
    public init(name: String, content: Data) throws(TableError) {
        self.name = name
        self.content = content
        if content.starts(with: [0xEF, 0xBB, 0xBF]) {
            (encoding, start, isDamaged) = (.utf8, 3, false)
        } else if content.starts(with: [0xFF, 0xFE]) {
            (encoding, start, isDamaged) = (.utf16LittleEndian, 2, false)
        } else if content.starts(with: [0xFE, 0xFF]) {
            (encoding, start, isDamaged) = (.utf16BigEndian, 2, false)
        } else if Self.isUTF8(content) {
            (encoding, start, isDamaged) = (.utf8, 0, false)
            return
        } else {
            (encoding, start) = (try Self.guess(name, content), 0)
            isDamaged = encoding == .utf8
            // What is damaged shows in its rows.
            if isDamaged { return }
        }
        if encoding == .utf8 {
            guard Self.isUTF8(content) else { throw Self.notText(name, content, says: "UTF-8") }
            return
        }
        var pieces = self.pieces()
        var text: [UInt8] = []
        while try pieces.next(into: &text) { text.removeAll(keepingCapacity: true) }
    }

    private static func isUTF8(_ content: Data) -> Bool {
        content.withUnsafeBytes { bytes in
            var start = 0
            while start < bytes.count {
                let end = end(of: bytes, from: start)
                let piece = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
                if String(validating: piece, as: UTF8.self) == nil { return false }
                start = end
            }
            return true
        }
    }

    /// Where a piece of UTF-8 ends: not in the midst of a character.
    private static func end(of bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        let whole = min(start + pieceSize, bytes.count)
        var end = whole
        while end < bytes.count, whole - end < 3, bytes[end] & 0xC0 == 0x80 { end -= 1 }
        return end
    }

    /// UTF-8 if nearly all of it is, else GB 18030, unless it is plainly UTF-8 that is damaged.
    ///
    /// A few damaged lines do not stop the others: what cannot be decoded there becomes U+FFFD.
    private static func guess(_ name: String, _ content: Data) throws(TableError) -> Encoding {
        var line = 0
        var firstBad: Int?
        var good = 0
        var bad = 0
        content.withUnsafeBytes { bytes in
            for text in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
                line += 1
                guard text.contains(where: { $0 >= 0x80 }) else { continue }
                if String(validating: text, as: UTF8.self) != nil {
                    good += 1
                } else {
                    bad += 1
                    firstBad = firstBad ?? line
                }
            }
        }
        guard let firstBad else { return .utf8 }
        if bad * 10 <= good { return .utf8 }
        if good > bad {
            throw TableError(
                name, line: firstBad,
                "这一行不是 UTF-8，而其他行是：文件已损坏，请重新导出 / is not UTF-8, though other lines are; the file is damaged, export it again"
            )
        }
        return .gb18030
    }

    private static func notText(_ name: String, _ content: Data, says: String) -> TableError {
        var line = 0
        for text in content.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            line += 1
            if String(validating: text, as: UTF8.self) == nil { break }
        }
        return TableError(name, line: line, "不是 \(says)，请重新导出为 UTF-8 / is not \(says); export the file again as UTF-8")
    }

    /// The text from its beginning.
    func pieces() -> Pieces { Pieces(name: name, content: content, position: start, encoding: encoding) }

    /// Pieces of text in UTF-8, each of whole characters.
    struct Pieces {
        let name: String
        let content: Data
        var position: Int
        let encoding: Encoding
        private var converter: Converter?
        private var line = 1

        init(name: String, content: Data, position: Int, encoding: Encoding) {
            self.name = name
            self.content = content
            self.position = position
            self.encoding = encoding
        }

        /// Appends the next piece to a text.
        ///
        /// - Returns: whether there was one.
        mutating func next(into text: inout [UInt8]) throws(TableError) -> Bool {
            guard position < content.count else { return false }
            if encoding == .utf8 {
                content.withUnsafeBytes { bytes in
                    let end = TextSource.end(of: bytes, from: position)
                    text.append(contentsOf: bytes[position..<end])
                    position = end
                }
                return true
            }
            let base = content.startIndex
            let end = min(position + TextSource.pieceSize, content.count)
            if converter == nil { converter = Converter(from: encoding.rawValue) }
            guard let converter else {
                throw TableError(name, "is in \(encoding.rawValue), which this system cannot convert; save it as UTF-8")
            }
            let (converted, used) = converter.convert(Array(content[(base + position)..<(base + end)]))
            line += converted.count { $0 == UInt8(ascii: "\n") }
            let isLast = end == content.count
            // What is wrong in the midst of a piece leaves much more behind than an unfinished character.
            guard used > 0, !(isLast && position + used < end), end - position - used < 4 else {
                throw TableError(
                    name, line: line,
                    "既不是 UTF-8 也不是 \(encoding.rawValue)，请重新导出为 UTF-8 / is neither UTF-8 nor \(encoding.rawValue); export the file again as UTF-8"
                )
            }
            position += used
            text += converted
            return true
        }
    }
}

/// A conversion into UTF-8 by the C library.
private final class Converter {
    private let descriptor: iconv_t

    init?(from encoding: String) {
        descriptor = iconv_open("UTF-8", encoding)
        // iconv_open says (iconv_t)-1 when it does not know an encoding.
        guard Int(bitPattern: descriptor) != -1 else { return nil }
    }

    deinit {
        if Int(bitPattern: descriptor) != -1 { iconv_close(descriptor) }
    }

    /// What could be converted, and how many bytes of the input it took.
    func convert(_ input: [UInt8]) -> (text: [UInt8], used: Int) {
        var input = input.map { CChar(bitPattern: $0) }
        var output = [CChar](repeating: 0, count: input.count * 3 + 16)
        let (used, made) = input.withUnsafeMutableBufferPointer { source in
            output.withUnsafeMutableBufferPointer { target in
                var from = source.baseAddress
                var fromLeft = source.count
                var to = target.baseAddress
                var toLeft = target.count
                _ = iconv(descriptor, &from, &fromLeft, &to, &toLeft)
                return (source.count - fromLeft, target.count - toLeft)
            }
        }
        return (output.prefix(made).map { UInt8(bitPattern: $0) }, used)
    }
}
