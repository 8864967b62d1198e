/// PostgreSQL's exact number (`numeric`), read from its binary form (`numeric_send` in the server's `numeric.c`):
/// how many digits to the base 10,000, the weight of the first, the sign, how many decimals to show, the digits.
struct Numeric: CustomStringConvertible {
    /// The number as PostgreSQL prints it: `-12.50`, `NaN`, `Infinity`.
    let description: String

    init(_ value: PostgresValue) throws {
        description = try value.withBytes { bytes in
            func word(_ index: Int) throws -> UInt16 {
                guard index * 2 + 2 <= bytes.count else { throw value.unfit("cut off") }
                return UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self))
            }
            let count = Int(try word(0))
            let weight = Int(Int16(bitPattern: try word(1)))
            let sign = try word(2)
            let decimals = Int(try word(3))
            switch sign {
            case 0xC000: return "NaN"
            case 0xD000: return "Infinity"
            case 0xF000: return "-Infinity"
            default: break
            }
            /// The four decimal digits at a power of 10,000; digits that aren't sent are zero.
            func group(at power: Int) throws -> String {
                let index = weight - power
                guard index >= 0, index < count else { return "0000" }
                let digits = String(try word(4 + index))
                return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
            }
            var whole = ""
            for power in stride(from: max(weight, 0), through: 0, by: -1) { whole += try group(at: power) }
            var text = (sign == 0x4000 ? "-" : "") + (whole.drop { $0 == "0" }.isEmpty ? "0" : whole.drop { $0 == "0" })
            if decimals > 0 {
                var fraction = ""
                var power = -1
                while fraction.count < decimals {
                    fraction += try group(at: power)
                    power -= 1
                }
                text += "." + fraction.prefix(decimals)
            }
            return text
        }
    }
}
