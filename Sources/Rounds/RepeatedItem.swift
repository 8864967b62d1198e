import Draw
import Registers

/// Not the same item at the same object more often in a year than the county allows (同一事项对同一对象一年不重复抽查).
///
/// The plan's rule says what is expected before anything is drawn. Here it is certain: what was drawn this year, what
/// rounds that are not drawn yet may draw, and what the requests of one round may draw beside one another count together.
/// Requests that are always served by the same visit count once.
extension RequestFacts {
    /// What one visit always serves: requests of a round that may be merged, by one method, from the same first day. The
    /// draw gives each visit a day; of such requests it takes none without the others.
    private struct Visit: Hashable {
        var round: String
        var method: InspectionMethod?
        var first: String
        /// The request that is never merged.
        var alone: String?
    }

    private func visit(_ index: Int) -> Visit {
        let (round, request) = (undrawn[index].round, undrawn[index].request)
        return request.joint
            ? Visit(round: round, method: request.method, first: request.window.first)
            : Visit(round: round, first: "", alone: request.id)
    }

    /// For each item that is asked about, the requests that have it.
    private var byItem: [String: [Int]] {
        var byItem: [String: [Int]] = [:]
        for index in undrawn.indices {
            for item in undrawn[index].request.items { byItem[item, default: []].append(index) }
        }
        return byItem
    }

    /// Whether so many visits for one item are asked for that it matters whose pools overlap.
    func mayOverlap(mostPerYear: Int) -> Bool {
        byItem.values.contains { members in
            members.contains { undrawn[$0].isExamined } && Set(members.map(visit)).count > mostPerYear
        }
    }

    func repeatedItems(mostPerYear: Int) -> [RequestRules.Finding] {
        let byItem = byItem
        return undrawn.indices.filter { undrawn[$0].isExamined }.flatMap { index -> [RequestRules.Finding] in
            undrawn[index].request.items.flatMap { item -> [RequestRules.Finding] in
                let members = byItem[item] ?? []
                return [
                    drawnBefore(index, item, members, mostPerYear), overlapping(index, item, members, mostPerYear),
                ].compactMap { $0 }
            }
        }
    }

    /// Objects of the pool that were drawn already.
    private func drawnBefore(
        _ index: Int, _ item: String, _ members: [Int], _ most: Int
    ) -> RequestRules.Finding? {
        let count = drawn.filter { $0.item == item }.reduce(0) { sum, drawn in
            sum
                + drawn.survey.groups.reduce(0) { sum, group in
                    guard group.pools.contains(index) else { return sum }
                    let visits = Set(members.filter(group.pools.contains).map(visit)).count
                    return drawn.times + visits > most ? sum + group.count : sum
                }
        }
        guard count > 0 else { return nil }
        return finding(
            index, "item.repeated",
            "抽查对象中有 \(count) 户今年已因事项 \(item) 被抽中，再抽将超过每年 \(most) 次；请调整计划，在抽查对象范围中写 max_visits: 0 排除已查对象 / "
                + "\(count) objects of the pool were drawn for \(item) this year already, the most is \(most); "
                + "change the plan to max_visits: 0, which leaves out what was visited")
    }

    /// Objects that other requests may draw for the item, too, by another visit.
    private func overlapping(
        _ index: Int, _ item: String, _ members: [Int], _ most: Int
    ) -> RequestRules.Finding? {
        var count = 0
        var others: Set<Int> = []
        for group in survey.groups where group.pools.contains(index) {
            let own = members.filter(group.pools.contains)
            guard Set(own.map(visit)).count > most else { continue }
            count += group.count
            others.formUnion(own.filter { visit($0) != visit(index) })
        }
        guard count > 0 else { return nil }
        let names = others.sorted().map { (round: undrawn[$0].round, request: undrawn[$0].request.id) }
        let elsewhere = names.filter { $0.round != undrawn[index].round }
        guard elsewhere.isEmpty else {
            let list = elsewhere.map { "\($0.round) 的 \($0.request)" }.joined(separator: "、")
            return finding(
                index, "item.undrawn",
                "事项 \(item) 的其他申请（轮次 \(list)）尚未抽取，抽查对象有 \(count) 户重叠；请待其抽取、作废或撤回后再申请 / "
                    + "requests of other rounds for \(item) are not drawn yet and share \(count) objects; "
                    + "wait until they are drawn, void or withdrawn")
        }
        let list = names.map(\.request).joined(separator: "、")
        return finding(
            index, "item.overlaps",
            "与本轮申请 \(list) 都含事项 \(item)，抽查对象有 \(count) 户重叠，又不一定由同一次检查完成；"
                + "请并为一项申请，或都写成 joint 并写同一检查方式、同一起始日，或把范围分开，或撤回其一 / "
                + "\(list) of this round share \(count) objects and \(item), and need not be served by one visit; "
                + "ask for them at once, or joint with one method and one first day, or from pools apart, or withdraw one"
        )
    }

    private func finding(_ index: Int, _ code: String, _ message: String) -> RequestRules.Finding {
        RequestRules.Finding(
            rule: .sameItem, request: undrawn[index].request.id, field: "pool", code: code, message: message)
    }
}
