import JSON
import Registers

/// How the fields of this slice's messages are read; each error says what is wrong and what would be right.
extension JSONField {
    /// An id (编号): one line of 1 to 128 characters.
    func identifier() throws -> String {
        let text = try string()
        guard (1...128).contains(text.unicodeScalars.count),
            !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
        else { throw error("应为 1 至 128 字的编号，不含控制字符 / is no id of 1 to 128 characters in one line") }
        return text
    }

    /// Text for people, which says something.
    func wording(atMost most: Int = CheckedItem.maximumFindings) throws -> String {
        let text = try string()
        guard !text.allSatisfy(\.isWhitespace) else { throw error("不能为空，请填写 / is empty; write something") }
        guard text.unicodeScalars.count <= most else {
            throw error("超过 \(most) 字，请精简 / is longer than \(most) characters; shorten it")
        }
        guard !text.unicodeScalars.contains("\0") else {
            throw error("含有空字符（U+0000），请删去 / has a NUL character; remove it")
        }
        return text
    }

    /// An instant in UTC to the second, `YYYY-MM-DDThh:mm:ssZ`.
    func instant() throws -> String {
        let text = try string()
        let bytes = Array(text.utf8)
        func number(_ range: Range<Int>) -> Int? { Int(String(decoding: bytes[range], as: UTF8.self)) }
        guard bytes.count == 20, Day(text.prefix(10)) != nil, bytes[10] == UInt8(ascii: "T"),
            bytes[19] == UInt8(ascii: "Z"),
            bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":"),
            let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
            (0...23).contains(hour), (0...59).contains(minute), (0...59).contains(second)
        else {
            throw error("“\(text)”不是有效时间，请写成 YYYY-MM-DDThh:mm:ssZ / write an instant in UTC as YYYY-MM-DDThh:mm:ssZ")
        }
        return text
    }

    /// The SHA-256 of a file: 64 lower-case hexadecimal digits.
    func sha256() throws -> String {
        try string("64 位小写十六进制散列值 / 64 lower-case hexadecimal digits") { text in
            text.utf8.count == 64 && text.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) }
        }
    }

    /// A list that has something in it, each once.
    func identifiers() throws -> [String] {
        let list = try array { try $0.identifier() }
        guard !list.isEmpty else { throw error("至少一项 / is empty; name at least one") }
        for (index, element) in try elements().enumerated() where list.firstIndex(of: list[index]) != index {
            throw element.error("“\(list[index])”重复 / is repeated; name it once")
        }
        return list
    }
}

extension JSONReader {
    /// Text for people that may be absent or `null`.
    mutating func optionalWording(_ name: String) throws -> String? {
        try optional(name)?.nullable()?.wording()
    }

    /// An id that may be absent or `null`.
    mutating func optionalIdentifier(_ name: String) throws -> String? {
        try optional(name)?.nullable()?.identifier()
    }
}
