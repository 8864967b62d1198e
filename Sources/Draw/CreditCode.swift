/// 统一社会信用代码, the 18 characters that name an organisation in China: GB 32100-2015.
///
/// Authority and kind (2), region of registration (6), organisation code with its own check (9, GB 11714-1997), check.
public enum CreditCode {
    /// The 31 characters, ascending; I, O, S, V and Z are left out.
    static let alphabet = Array("0123456789ABCDEFGHJKLMNPQRTUWXY".utf8)

    private static let weights = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28]
    private static let organisationWeights = [3, 7, 9, 10, 5, 8, 4, 2]

    private static let values: [UInt8: Int] = Dictionary(
        uniqueKeysWithValues: alphabet.enumerated().map { ($1, $0) })

    /// The check character of a code's first 17; `nil` when they are not 17 of the alphabet.
    static func check(_ first: [UInt8]) -> UInt8? {
        let values = first.compactMap { Self.values[$0] }
        guard first.count == 17, values.count == 17 else { return nil }
        let sum = zip(values, weights).reduce(0) { sum, pair in sum + pair.0 * pair.1 }
        return alphabet[(31 - sum % 31) % 31]
    }

    /// The check character of an organisation code's first 8, each a digit or letter (GB 11714: A is 10, Z is 35).
    static func organisationCheck(_ first: some Collection<UInt8>) -> UInt8 {
        let sum = zip(first, organisationWeights).reduce(0) { sum, pair in
            sum + Int(pair.0 >= 0x41 ? pair.0 - 0x41 + 10 : pair.0 - 0x30) * pair.1
        }
        switch (11 - sum % 11) % 11 {
        case 10: return UInt8(ascii: "X")
        case let digit: return UInt8(ascii: "0") + UInt8(digit)
        }
    }

    /// Whether a code's characters, region and both checks are as the standards ask.
    public static func isValid(_ code: String) -> Bool {
        let bytes = Array(code.utf8)
        return bytes.count == 18 && bytes[2..<8].allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
            && check(Array(bytes[..<17])) == bytes[17] && organisationCheck(bytes[8..<16]) == bytes[16]
    }

    /// The code of an organisation registered since 2015, whose own code starts with MA.
    /// - Parameters:
    ///   - start: authority, kind and region, 8 characters.
    ///   - number: below 31⁶, the number in the register.
    static func code(start: String, number: Int) -> String {
        var bytes = Array(start.utf8) + Array("MA".utf8)
        var divisor = 31 * 31 * 31 * 31 * 31
        while divisor > 0 {
            bytes.append(alphabet[number / divisor % 31])
            divisor /= 31
        }
        bytes.append(organisationCheck(bytes[8..<16]))
        if let check = check(bytes) { bytes.append(check) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// How many numbers ``code(start:number:)`` can write.
    static let numbers = 31 * 31 * 31 * 31 * 31 * 31
}
