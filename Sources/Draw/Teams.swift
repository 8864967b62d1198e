/// Matches the inspectors of one department to its visits: draw-v1 §7 (随机选派执法检查人员).
///
/// Fills as many slots as can be filled and makes the loads as even as possible: no assignment that fills them has a
/// smaller Σ load². The result depends neither on the order of `visits` nor on that of `inspectors`.
///
/// - Parameters:
///   - department: the department whose inspectors these are.
///   - seed: the 32 bytes of the draw's seed.
///   - visits: the visits this department takes part in, ids unique.
///   - inspectors: the inspectors of this department, ids unique.
/// - Returns: one assignment for each visit, in the order of `visits`.
public func matchTeams(
    department: String, seed: [UInt8], visits: [TeamVisit], inspectors: [InspectorLine]
) -> [TeamAssignment] {
    var matching = TeamsMatching(department: department, seed: seed, visits: visits, inspectors: inspectors)
    matching.fill()
    var place = [Int](repeating: 0, count: visits.count)
    for (visit, index) in matching.preference.order.enumerated() { place[index] = visit }
    return visits.indices.map { index in
        var assigned: [String] = []
        var missing: [String] = []
        for (number, slot) in matching.eligibility.slots(of: place[index]).enumerated() {
            let holder = matching.holder[slot]
            if holder != TeamsMatching.nobody {
                assigned.append(inspectors[Int(holder)].id)
            } else {
                let named = visits[index].specialties
                missing.append(number < named.count ? named[number] : "")
            }
        }
        return TeamAssignment(inspectors: assigned, missing: missing)
    }
}
