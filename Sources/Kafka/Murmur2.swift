/// The partition that Java's default partitioner, and so this project's producers, give a key (分区算法).
///
/// With it a submitter knows in which partition its receipts will be.
///
/// - Parameters:
///   - key: The record's key.
///   - partitions: How many the topic has, at least 1.
/// - Returns: From 0 to `partitions - 1`.
///
/// Source: `Utils.murmur2` and `Utils.toPositive` of Apache Kafka's clients.
public func murmur2Partition(key: some Collection<UInt8>, partitions: Int32) -> Int32 {
    precondition(partitions > 0, "a topic has at least one partition")
    return Int32(murmur2(Array(key)) & 0x7fff_ffff) % partitions
}

/// MurmurHash2 with Kafka's seed.
func murmur2(_ data: [UInt8]) -> UInt32 {
    let m: UInt32 = 0x5bd1_e995
    var hash: UInt32 = 0x9747_b28c ^ UInt32(truncatingIfNeeded: data.count)
    let whole = data.count & ~3
    for i in stride(from: 0, to: whole, by: 4) {
        var k = UInt32(data[i]) | UInt32(data[i + 1]) << 8 | UInt32(data[i + 2]) << 16 | UInt32(data[i + 3]) << 24
        k &*= m
        k ^= k >> 24
        k &*= m
        hash &*= m
        hash ^= k
    }
    if whole < data.count {
        for i in (whole..<data.count).reversed() { hash ^= UInt32(data[i]) << UInt32(8 * (i - whole)) }
        hash &*= m
    }
    hash ^= hash >> 13
    hash &*= m
    hash ^= hash >> 15
    return hash
}
