public import Cluster

/// The cap on the rate of a general item (一般检查事项抽查比例上限).
///
/// Source: 固政办发〔2021〕32号 四（一）1: a general item's rate has an upper cap, a key item's has none.
public enum RateCap {
    /// What speaks against stated rates of an item.
    ///
    /// - Parameters:
    ///   - item: the item's id.
    ///   - cap: in parts per million; `nil` for a key item.
    ///   - rates: each stated rate in parts per million, with the field that states it.
    public static func reasons(item: String, cap: Int?, rates: [(field: String, ppm: Int)]) -> [Reason] {
        guard let cap else { return [] }
        return rates.filter { $0.ppm > cap }.map { field, ppm in
            Reason(
                field: field, code: "rate.above-cap",
                message: "一般检查事项 \(item) 的抽查比例上限为 \(percent(ppm: cap))，所填 \(percent(ppm: ppm)) 超过上限 / "
                    + "the general item \(item) has a cap of \(cap) ppm; \(ppm) ppm is above it")
        }
    }

    /// The most objects of a pool that a cap allows, rounded as the draw rounds a rate: up.
    ///
    /// - Parameters:
    ///   - size: objects of the pool.
    ///   - cap: in parts per million.
    public static func most(of size: Int, cap: Int) -> Int { (size * cap + 999_999) / 1_000_000 }

    /// Parts per million as a percentage without rounding: 50,000 is `5%`, 12,345 is `1.2345%`.
    public static func percent(ppm: Int) -> String {
        let whole = String(ppm / 10_000)
        var fraction = String(ppm % 10_000 + 10_000).dropFirst()
        while fraction.last == "0" { fraction.removeLast() }
        return whole + (fraction.isEmpty ? "" : "." + fraction) + "%"
    }
}
