/// The unified social credit code (统一社会信用代码): 18 characters, the last of which checks the others.
///
/// Source: GB 32100-2015 §4 and appendix B.
public enum UnifiedSocialCreditCode {
    /// The characters in the order of their values: digits and capitals without I, O, S, V and Z.
    private static let alphabet = Array("0123456789ABCDEFGHJKLMNPQRTUWXY".utf8)
    private static let values = Dictionary(uniqueKeysWithValues: alphabet.enumerated().map { ($0.element, $0.offset) })

    /// The character that checks the first 17; `nil` when one of them is not of the alphabet, or there are fewer.
    public static func checkCharacter(of code: some StringProtocol) -> Character? {
        let first = Array(code.utf8.prefix(17))
        guard first.count == 17 else { return nil }
        var sum = 0
        var weight = 1
        for byte in first {
            guard let value = values[byte] else { return nil }
            sum += value * weight
            weight = weight * 3 % 31
        }
        return Character(Unicode.Scalar(alphabet[(31 - sum % 31) % 31]))
    }

    /// Whether the text is a code with its right check character.
    public static func isValid(_ code: some StringProtocol) -> Bool {
        code.utf8.count == 18 && code.last == checkCharacter(of: code)
    }

    /// Whether an id has the shape of a code (two characters, six digits of a region, ten characters), whatever its
    /// letters' case, so that a wrong character in it is a mistake and no other kind of id.
    public static func isAttempted(by id: some StringProtocol) -> Bool {
        let bytes = Array(id.utf8)
        func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
        func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte & 0xDF) }
        return bytes.count == 18 && bytes.allSatisfy { isDigit($0) || isLetter($0) } && bytes[2..<8].allSatisfy(isDigit)
    }
}
