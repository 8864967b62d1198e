import Crypto

/// A SHA-256 hash (散列值). Ascending order is by bytes.
public struct Hash: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The 32 bytes as four big-endian words, so that comparing takes four steps at most.
    private let words: (UInt64, UInt64, UInt64, UInt64)

    init(_ digest: SHA256.Digest) { words = digest.withUnsafeBytes { Self.words($0) } }

    private static func words(_ bytes: UnsafeRawBufferPointer) -> (UInt64, UInt64, UInt64, UInt64) {
        func word(_ index: Int) -> UInt64 {
            UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self))
        }
        return (word(0), word(1), word(2), word(3))
    }

    /// The hash of some bytes.
    public init(of bytes: some Sequence<UInt8>) {
        let hashed = bytes.withContiguousStorageIfAvailable { HashPrefix.empty.hash(UnsafeRawBufferPointer($0)) }
        self = hashed ?? Array(bytes).withUnsafeBytes { HashPrefix.empty.hash($0) }
    }

    /// The hash of a string's UTF-8.
    public init(of text: String) { self.init(of: text.utf8) }

    /// A hash from its 32 bytes; `nil` for any other number of bytes.
    public init?(bytes: some Collection<UInt8>) {
        let bytes = Array(bytes)
        guard bytes.count == 32 else { return nil }
        words = bytes.withUnsafeBytes { Self.words($0) }
    }

    /// A hash from 64 lower-case hexadecimal digits; `nil` for anything else.
    public init?(hex: String) {
        guard hex.utf8.count == 64 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(64)
        for digit in hex.utf8 {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): bytes.append(digit - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): bytes.append(digit - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
        self.init(bytes: stride(from: 0, to: 64, by: 2).lazy.map { bytes[$0] << 4 | bytes[$0 + 1] })
    }

    /// The 32 bytes.
    public var bytes: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
            write(to: UnsafeMutableRawBufferPointer(buffer), at: 0)
            count = 32
        }
    }

    /// The 64 lower-case hexadecimal digits.
    public var hex: String { hexText(bytes) }

    /// Writes the 32 bytes into a buffer.
    func write(to buffer: UnsafeMutableRawBufferPointer, at offset: Int) {
        buffer.storeBytes(of: words.0.bigEndian, toByteOffset: offset, as: UInt64.self)
        buffer.storeBytes(of: words.1.bigEndian, toByteOffset: offset + 8, as: UInt64.self)
        buffer.storeBytes(of: words.2.bigEndian, toByteOffset: offset + 16, as: UInt64.self)
        buffer.storeBytes(of: words.3.bigEndian, toByteOffset: offset + 24, as: UInt64.self)
    }

    /// Whether two hashes are the same.
    public static func == (a: Hash, b: Hash) -> Bool { a.words == b.words }

    /// Whether `a` comes before `b` by bytes.
    public static func < (a: Hash, b: Hash) -> Bool {
        a.words.0 == b.words.0 ? a.words < b.words : a.words.0 < b.words.0
    }

    /// Feeds the bytes to a hasher of the standard library.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
        hasher.combine(words.2)
        hasher.combine(words.3)
    }

    /// The 64 hexadecimal digits.
    public var description: String { hex }
}

/// The two digits of each byte, the first one in the low half.
private let hexPairs: [UInt16] = {
    let digits = Array("0123456789abcdef".utf8)
    return (0..<256).map { UInt16(digits[$0 >> 4]) | UInt16(digits[$0 & 15]) << 8 }
}()

/// SHA-256 of messages that all begin alike: the state after the beginning is kept and copied.
///
/// A stream in hexadecimal is 64 bytes, one block exactly, so that of `STREAMHEX ‖ id` only the id is left to hash.
struct HashPrefix: Sendable {
    static let empty = HashPrefix(state: SHA256())

    private let state: SHA256

    private init(state: SHA256) { self.state = state }

    init(_ beginning: String) {
        var state = SHA256()
        state.update(data: Array(beginning.utf8))
        self.state = state
    }

    func hash(_ rest: UnsafeRawBufferPointer) -> Hash {
        var state = state
        state.update(bufferPointer: rest)
        return Hash(state.finalize())
    }

    func hash(_ rest: String) -> Hash {
        var rest = rest
        return rest.withUTF8 { hash(UnsafeRawBufferPointer($0)) }
    }
}

/// Bytes in lower-case hexadecimal digits.
func hexText(_ bytes: some Collection<UInt8>) -> String {
    String(unsafeUninitializedCapacity: 2 * bytes.count) { output in
        for (index, byte) in bytes.enumerated() {
            let pair = hexPairs[Int(byte)]
            output[2 * index] = UInt8(truncatingIfNeeded: pair)
            output[2 * index + 1] = UInt8(truncatingIfNeeded: pair >> 8)
        }
        return 2 * bytes.count
    }
}
