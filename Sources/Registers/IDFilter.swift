/// A set of ids of fixed size: it forgets none that was put in, and now and then takes one for its own that is not.
///
/// Source: Bloom, "Space/Time Trade-offs in Hash Coding with Allowable Errors" (1970).
struct IDFilter {
    /// 4 MB: of a million ids, one in six thousand is mistaken.
    private static let bits: UInt64 = 1 << 25
    private var words = [UInt64](repeating: 0, count: Int(bits / 64))

    /// Puts an id in.
    ///
    /// - Returns: whether it is certain that it was not there.
    mutating func insert(_ id: UnsafeRawBufferPointer) -> Bool {
        var hasher = Hasher()
        hasher.combine(bytes: id)
        let hash = UInt64(bitPattern: Int64(hasher.finalize()))
        var isNew = false
        // Three places, each from other bits.
        for shift: UInt64 in [0, 19, 38] {
            let place = (hash >> shift) % Self.bits
            let bit: UInt64 = 1 << (place % 64)
            if words[Int(place / 64)] & bit == 0 { isNew = true }
            words[Int(place / 64)] |= bit
        }
        return isNew
    }
}
