/// How the draw's fields are spelled (draw-v1, introduction and §1).
public enum Grammar {
    /// The largest integer, 2⁵³−1.
    static let largestInteger = (1 << 53) - 1
    /// A rate of 100 %, in parts per million.
    static let wholePPM = 1_000_000

    /// Ids of rounds, requests, departments, entities and inspectors: `[A-Za-z0-9._-]+`.
    public static func isID(_ text: String) -> Bool { isID(text.utf8) }

    static func isID(_ text: some Collection<UInt8>) -> Bool {
        !text.isEmpty && text.allSatisfy(isIDByte)
    }

    /// Sources of contributions to the seed: `[A-Za-z0-9._:-]+`.
    public static func isSource(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { isIDByte($0) || $0 == UInt8(ascii: ":") }
    }

    /// 64 lower-case hexadecimal digits.
    public static func isHash(_ text: String) -> Bool { Hash(hex: text) != nil }

    /// A day that exists, `YYYY-MM-DD`.
    public static func isDay(_ text: String) -> Bool { isDay(text.utf8) }

    static func isDay(_ text: some Collection<UInt8>) -> Bool {
        guard let digits = digits(of: text, written: "dddd-dd-dd") else { return false }
        let year = digits[0] * 1000 + digits[1] * 100 + digits[2] * 10 + digits[3]
        let month = digits[4] * 10 + digits[5]
        let day = digits[6] * 10 + digits[7]
        guard year >= 1, (1...12).contains(month), day >= 1 else { return false }
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return day <= [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
    }

    /// An instant that exists, `YYYY-MM-DDThh:mm:ssZ`, without leap seconds.
    public static func isInstant(_ text: String) -> Bool {
        guard isDay(text.utf8.prefix(10)), let digits = digits(of: text.utf8.dropFirst(10), written: "Tdd:dd:ddZ")
        else { return false }
        return digits[0] * 10 + digits[1] < 24 && digits[2] < 6 && digits[4] < 6
    }

    /// The decimal digits of a text that is written as given, `d` standing for a digit.
    private static func digits(of text: some Collection<UInt8>, written form: StaticString) -> [Int]? {
        let form = UnsafeBufferPointer(start: form.utf8Start, count: form.utf8CodeUnitCount)
        guard text.count == form.count else { return nil }
        var digits: [Int] = []
        for (byte, expected) in zip(text, form) {
            if expected == UInt8(ascii: "d"), byte >= 0x30, byte <= 0x39 {
                digits.append(Int(byte - 0x30))
            } else if byte != expected || expected == UInt8(ascii: "d") {
                return nil
            }
        }
        return digits
    }

    /// An integer from 0 to 2⁵³−1 in decimal digits, without a sign or leading zeros; `nil` for anything else.
    static func integer(_ text: some Collection<UInt8>) -> Int? {
        guard let first = text.first, text.count <= 16, first != 0x30 || text.count == 1 else { return nil }
        var value = 0
        for byte in text {
            guard byte >= 0x30, byte <= 0x39 else { return nil }
            value = value * 10 + Int(byte - 0x30)
        }
        return value <= largestInteger ? value : nil
    }

    /// Whether `a` comes before `b` by UTF-8 bytes, as *ascending* always means. (`<` would compare normalised text.)
    public static func precedes(_ a: String, _ b: String) -> Bool { a.utf8.lexicographicallyPrecedes(b.utf8) }

    /// Whether texts ascend strictly, so that none is repeated.
    static func ascends(_ texts: some Sequence<String>) -> Bool {
        zip(texts, texts.dropFirst()).allSatisfy { precedes($0, $1) }
    }

    private static func isIDByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
