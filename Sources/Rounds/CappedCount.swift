import Draw
import Registers

/// The cap on general items for requests by number (一般检查事项抽查户数上限). A number becomes a rate only with the size
/// of the pool, which the plan's check knew as it was on its day; here it is as it is now.
extension RequestFacts {
    /// The requests that are asked about whose number has a cap.
    var counted: [Int] {
        undrawn.indices.filter { index in
            guard undrawn[index].isExamined, case .count = undrawn[index].request.sample else { return false }
            return undrawn[index].request.items.contains { caps[$0] != nil }
        }
    }

    func cappedCounts() -> [RequestRules.Finding] {
        counted.flatMap { index -> [RequestRules.Finding] in
            let request = undrawn[index].request
            guard case .count(let count) = request.sample else { return [] }
            let size = survey.groups.reduce(0) { $0 + ($1.pools.contains(undrawn.count + index) ? $1.count : 0) }
            return request.items.compactMap { item in
                guard let cap = caps[item] else { return nil }
                let before = earlier[request.id]?[item] ?? 0
                let most = RateCap.most(of: size, cap: cap)
                guard min(count, size) + before > most else { return nil }
                let drawn = before > 0 ? "，计划行今年其他次已抽或待抽 \(before) 户" : ""
                return RequestRules.Finding(
                    rule: .generalCap, request: request.id, field: "sample.count", code: "count.above-cap",
                    message: "一般检查事项 \(item) 的年度抽查比例上限为 \(RateCap.percent(ppm: cap))，范围内现有 \(size) 户，最多 \(most) 户"
                        + "\(drawn)，申请 \(count) 户超过上限；请减少户数，或先调整计划 / "
                        + "of the pool’s \(size) objects the general item \(item) allows \(most) a year"
                        + "\(before > 0 ? ", \(before) are taken" : ""), \(count) are asked for")
            }
        }
    }
}
