import JSON

/// What can be recomputed without the roster, the inspectors and the salt.
enum PublicBundle {
    /// The commitment that follows from a round and from what is published of its frozen files.
    /// - Throws: ``DrawError`` or ``Difference`` when the two don't belong together.
    static func commitment(_ definition: RoundDefinition, published: Commitment) throws -> Commitment {
        let requests = definition.ascendingRequests
        try Verification.compare(
            .strings(requests.map(\.id)), JSONField(.strings(published.requests.map(\.id)), path: "requests' ids"),
            in: "commitment.json")
        for (index, request) in requests.enumerated() {
            let sizes = published.poolSizes[index]
            let isInForm: Bool
            switch request.sample {
            case .count: isInForm = Set(sizes.keys) == [.whole]
            case .rates: isInForm = sizes[.whole] == nil && sizes.values.allSatisfy { $0 > 0 }
            }
            guard isInForm else {
                throw DrawError(
                    file: "commitment.json", line: 1, field: "requests[\(index)].pool_sizes",
                    problem: "these are not the strata of the request's sample",
                    remedy: "list * for a count, and the credit classes that are present for rates")
            }
        }
        return Commitment(
            definition: definition, roster: published.roster, inspectors: published.inspectors,
            poolSizes: published.poolSizes)
    }

    /// Compares what a published result says with what follows from its own selections.
    /// - Returns: whether the result is whole, with the inspectors' names, so that its digest can be compared.
    /// - Throws: ``DrawError`` when the file is broken, ``Difference`` at the first place that does not follow.
    static func compare(_ file: [UInt8], commitment: Commitment, seed: Seed) throws -> Bool {
        var selections: [(field: JSONField, selection: Selection)] = []
        var drawn: [ResultFile.DrawnVisit] = []
        let (named, seedField) = try ResultFile.read(
            file, selection: { field, selection, _ in selections.append((field, selection)) },
            visit: { visit, _ in drawn.append(visit) })
        try Verification.compare(.string(commitment.hash), named, in: ResultFile.name)
        try Verification.compare(.string(seed.hex), seedField, in: ResultFile.name)
        try compare(selections, commitment, seed)
        return try compare(
            drawn, commitment,
            makeVisits(
                round: commitment.definition.id, requests: commitment.requests, selections: selections.map(\.selection))
        )
    }

    private static func compare(
        _ selections: [(field: JSONField, selection: Selection)], _ commitment: Commitment, _ seed: Seed
    ) throws {
        let requests = commitment.requests
        try Verification.compare(
            .strings(requests.map(\.id)),
            JSONField(.strings(selections.map(\.selection.request)), path: "selections' requests"), in: ResultFile.name)
        for (index, (field, selection)) in selections.enumerated() {
            let size = commitment.sampleSizes[index].values.reduce(0, +)
            let tickets = Tickets(seedHex: seed.hex, request: requests[index])
            let drawn = selection.entities.map { tickets.ticket(of: $0) }
            guard drawn.count == size, zip(drawn, drawn.dropFirst()).allSatisfy({ $0 < $1 }) else {
                throw Difference(
                    file: ResultFile.name, field: field.path + ".entities",
                    expected: "\(size) entities ascending by ticket",
                    found: drawn.count == size ? "another order" : "\(drawn.count)")
            }
        }
    }

    private static func compare(
        _ drawn: [ResultFile.DrawnVisit], _ commitment: Commitment, _ expected: [Visit]
    ) throws -> Bool {
        let requests = Dictionary(commitment.requests.map { ($0.id, $0) }, uniquingKeysWith: { one, _ in one })
        let isWhole = drawn.allSatisfy { $0.teams.allSatisfy { $0.inspectors != nil } }
        for (index, found) in drawn.enumerated() {
            guard index < expected.count else {
                throw Difference(
                    file: ResultFile.name, field: found.field.path, expected: "nothing",
                    found: found.field.value.canonicalText)
            }
            // The teams are compared below, as far as they can be.
            var members = expected[index].members
            members["teams"] = found.field.value["teams"]
            try Verification.compare(.object(members), found.field, in: ResultFile.name)
            try compareTeams(of: found, expected[index], requests, isWhole: isWhole)
        }
        if drawn.count < expected.count {
            throw Difference(
                file: ResultFile.name, field: "visits[\(drawn.count)]",
                expected: JSONValue.object(expected[drawn.count].members).canonicalText, found: "nothing")
        }
        return isWhole
    }

    /// Without names, a team can still be told from an impossible one: its empty slots are slots of the visit.
    private static func compareTeams(
        of drawn: ResultFile.DrawnVisit, _ visit: Visit, _ requests: [String: DrawRequest], isWhole: Bool
    ) throws {
        let path = drawn.field.path + ".teams"
        try Verification.compare(
            .strings(visit.departments),
            JSONField(.strings(drawn.teams.map(\.department)), path: path + "' departments"), in: ResultFile.name)
        for (index, team) in drawn.teams.enumerated() {
            guard isWhole || team.inspectors == nil else {
                throw DrawError(
                    file: ResultFile.name, line: 1, field: "\(path)[\(index)].inspectors",
                    problem: "some teams have inspectors and others don't",
                    remedy: "name the inspectors of all teams or of none")
            }
            let own = visit.requests.compactMap { requests[$0] }.filter { $0.department == team.department }
            let need = TeamVisit(visit, region: "", requests: own)
            let size = max(2, need.specialties.count, need.team)
            var slots = (need.specialties + Array(repeating: "", count: size - need.specialties.count)).makeIterator()
            let areSlots = team.missing.allSatisfy { missing in
                while let slot = slots.next() { if slot.utf8.elementsEqual(missing.utf8) { return true } }
                return false
            }
            let filled = team.inspectors.map { $0.count == size - team.missing.count && Set($0).count == $0.count }
            guard areSlots, filled ?? true else {
                throw Difference(
                    file: ResultFile.name, field: "\(path)[\(index)]", expected: "\(size) slots, filled or missing",
                    found: "another team")
            }
        }
    }
}
