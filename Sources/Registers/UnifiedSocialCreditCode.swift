/// The unified social credit code (统一社会信用代码): 18 characters, the last of which checks the others.
///
/// Source: GB 32100-2015 §4 and appendix B.
public enum UnifiedSocialCreditCode {
    /// The characters in the order of their values: digits and capitals without I, O, S, V and Z.
    private static let alphabet = Array("0123456789ABCDEFGHJKLMNPQRTUWXY".utf8)
    /// The value of each byte; 255 where it has none.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 255, count: 256)
        for (value, byte) in alphabet.enumerated() { values[Int(byte)] = UInt8(value) }
        return values
    }()

    /// The character that checks the first 17; `nil` when one of them is not of the alphabet, or there are fewer.
    public static func checkCharacter(of code: some StringProtocol) -> Character? {
        checkByte(of: code).map { Character(Unicode.Scalar($0)) }
    }

    private static func checkByte(of code: some StringProtocol) -> UInt8? {
        var sum = 0
        var weight = 1
        var count = 0
        for byte in code.utf8 where count < 17 {
            let value = values[Int(byte)]
            guard value != 255 else { return nil }
            sum += Int(value) * weight
            weight = weight * 3 % 31
            count += 1
        }
        return count == 17 ? alphabet[(31 - sum % 31) % 31] : nil
    }

    /// Whether the text is a code with its right check character.
    public static func isValid(_ code: some StringProtocol) -> Bool {
        code.utf8.count == 18 && code.utf8.dropFirst(17).first == checkByte(of: code)
    }

    /// Whether an id has the shape of a code (two characters, six digits of a region, ten characters), whatever its
    /// letters' case, so that a wrong character in it is a mistake and no other kind of id.
    public static func isAttempted(by id: some StringProtocol) -> Bool {
        var count = 0
        for byte in id.utf8 {
            let isDigit = (0x30...0x39).contains(byte)
            guard isDigit || (0x41...0x5A).contains(byte & 0xDF) && !(2..<8).contains(count) else { return false }
            count += 1
        }
        return count == 18
    }
}
