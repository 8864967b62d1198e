import Foundation

/// JSON as other systems export it: numbers with a fraction or an exponent, which the project's own JSON has none of.
///
/// `620.0` and `6.2e2` are the whole number 620. What is no whole number becomes text, so that the field it stands in says
/// what is wrong with it, and not the whole line.
enum LooseNumbers {
    /// The line with such numbers written as whole numbers or as text; all else is left as it is.
    static func mended(_ line: String) -> String {
        var mended: [UInt8] = []
        let bytes = Array(line.utf8)
        var isInText = false
        var at = 0
        while at < bytes.count {
            let byte = bytes[at]
            if isInText {
                mended.append(byte)
                if byte == UInt8(ascii: "\\"), at + 1 < bytes.count {
                    at += 1
                    mended.append(bytes[at])
                } else if byte == UInt8(ascii: "\"") {
                    isInText = false
                }
                at += 1
            } else if byte == UInt8(ascii: "-") || isDigit(byte) {
                let end = bytes[at...].firstIndex { !isDigit($0) && !"+-.eE".utf8.contains($0) } ?? bytes.count
                mended += number(bytes[at..<end])
                at = end
            } else {
                isInText = byte == UInt8(ascii: "\"")
                mended.append(byte)
                at += 1
            }
        }
        return String(decoding: mended, as: UTF8.self)
    }

    private static func number(_ token: ArraySlice<UInt8>) -> [UInt8] {
        guard isLoose(token) else { return Array(token) }
        let text = String(decoding: token, as: UTF8.self)
        if let value = Decimal(string: text, locale: Locale(identifier: "en_US_POSIX")), value.isFinite,
            let whole = Int64("\(value)"), whole.magnitude < 1 << 53
        {
            return Array(String(whole).utf8)
        }
        return Array("\"\(text)\"".utf8)
    }

    /// Whether it is a number of RFC 8259 with a fraction, an exponent or both.
    private static func isLoose(_ token: ArraySlice<UInt8>) -> Bool {
        var rest = token
        func digits() -> Int {
            let count = rest.prefix(while: isDigit).count
            rest = rest.dropFirst(count)
            return count
        }
        func take(_ bytes: StaticString) -> Bool {
            guard let first = rest.first, bytes.withUTF8Buffer({ $0.contains(first) }) else { return false }
            rest = rest.dropFirst()
            return true
        }
        _ = take("-")
        let leading = rest.first
        let whole = digits()
        guard whole > 0, whole == 1 || leading != UInt8(ascii: "0") else { return false }
        var isLoose = false
        if take(".") {
            guard digits() > 0 else { return false }
            isLoose = true
        }
        if take("eE") {
            _ = take("+-")
            guard digits() > 0 else { return false }
            isLoose = true
        }
        return isLoose && rest.isEmpty
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
