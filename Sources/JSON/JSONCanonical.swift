extension JSONValue {
    /// The canonical form of RFC 8785 (JCS): no white space, names ascending by UTF-16 code units, shortest escapes.
    public var canonical: [UInt8] {
        var output: [UInt8] = []
        appendCanonical(to: &output)
        return output
    }

    /// The canonical form as text, for logs and columns of type `text`.
    public var canonicalText: String { String(decoding: canonical, as: UTF8.self) }

    /// Appends the canonical form of RFC 8785, so that large documents can be written piece by piece.
    public func appendCanonical(to output: inout [UInt8]) {
        switch self {
        case .null: output.append(contentsOf: "null".utf8)
        case .bool(let value): output.append(contentsOf: (value ? "true" : "false").utf8)
        case .integer(let value): Self.appendCanonical(value, to: &output)
        case .string(let value): Self.appendCanonical(value, to: &output)
        case .array(let elements):
            output.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                element.appendCanonical(to: &output)
            }
            output.append(UInt8(ascii: "]"))
        case .object(let members):
            output.append(UInt8(ascii: "{"))
            let ascending = members.sorted { precedesByUTF16($0.key.utf8, $1.key.utf8) }
            for (index, member) in ascending.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                Self.appendCanonical(member.key, to: &output)
                output.append(UInt8(ascii: ":"))
                member.value.appendCanonical(to: &output)
            }
            output.append(UInt8(ascii: "}"))
        }
    }

    /// Appends an integer's canonical form.
    public static func appendCanonical(_ value: Int64, to output: inout [UInt8]) {
        var magnitude = value.magnitude
        if magnitude < 10 {
            if value < 0 { output.append(UInt8(ascii: "-")) }
            output.append(UInt8(ascii: "0") + UInt8(magnitude))
            return
        }
        if value < 0 { output.append(UInt8(ascii: "-")) }
        let start = output.count
        while magnitude > 0 {
            output.append(UInt8(ascii: "0") + UInt8(magnitude % 10))
            magnitude /= 10
        }
        output[start...].reverse()
    }

    /// Appends a string's canonical form, quotes included.
    public static func appendCanonical(_ string: String, to output: inout [UInt8]) {
        var string = string
        string.withUTF8 { appendCanonical(utf8: $0, to: &output) }
    }

    /// Appends the canonical form of a string that is given by its UTF-8, quotes included.
    public static func appendCanonical(utf8 text: UnsafeBufferPointer<UInt8>, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        var start = 0
        for place in text.indices where mustBeEscaped(text[place]) {
            output.append(contentsOf: UnsafeBufferPointer(rebasing: text[start..<place]))
            appendEscaped(text[place], to: &output)
            start = place + 1
        }
        output.append(contentsOf: UnsafeBufferPointer(rebasing: text[start...]))
        output.append(UInt8(ascii: "\""))
    }

    private static func appendEscaped(_ byte: UInt8, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\\"))
        switch byte {
        case 0x22, 0x5c: output.append(byte)
        case 0x08: output.append(UInt8(ascii: "b"))
        case 0x09: output.append(UInt8(ascii: "t"))
        case 0x0a: output.append(UInt8(ascii: "n"))
        case 0x0c: output.append(UInt8(ascii: "f"))
        case 0x0d: output.append(UInt8(ascii: "r"))
        default:
            let digits = Array("0123456789abcdef".utf8)
            output.append(contentsOf: "u00".utf8)
            output.append(digits[Int(byte >> 4)])
            output.append(digits[Int(byte & 15)])
        }
    }
}

private func mustBeEscaped(_ byte: UInt8) -> Bool { byte < 0x20 || byte == 0x22 || byte == 0x5c }

/// Whether `a` comes before `b` by UTF-16 code units, decided on their UTF-8.
///
/// The two orders differ in one place only: characters beyond U+FFFF (lead bytes from F0) are surrogates in UTF-16 and
/// so come before U+E000…U+FFFF (lead bytes EE and EF).
func precedesByUTF16(_ a: some Sequence<UInt8>, _ b: some Sequence<UInt8>) -> Bool {
    var left = a.makeIterator()
    var right = b.makeIterator()
    while true {
        switch (left.next(), right.next()) {
        case (_, nil): return false
        case (nil, _): return true
        case (let x?, let y?):
            if x == y { continue }
            if x >= 0xee, y >= 0xee, (x >= 0xf0) != (y >= 0xf0) { return x >= 0xf0 }
            return x < y
        }
    }
}
