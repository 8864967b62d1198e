public import JSON

/// The team (检查组) that one department sends to a visit, as `result.json` holds it: draw-v1 §8.
public struct Team: Sendable, Hashable {
    /// The department.
    public let department: String
    /// Ids of the inspectors in slot order, empty slots left out.
    public let inspectors: [String]
    /// The specialty of each empty slot in slot order, `""` for a general one.
    public let missing: [String]

    /// Makes a team.
    public init(department: String, inspectors: [String], missing: [String]) {
        self.department = department
        self.inspectors = inspectors
        self.missing = missing
    }

    var json: JSONValue {
        ["department": .string(department), "inspectors": .strings(inspectors), "missing": .strings(missing)]
    }
}

/// The result (抽查结果) of a draw: draw-v1 §8.
public struct DrawResult: Sendable, Hashable {
    /// The commitment, in hexadecimal.
    public let commitment: String
    /// The seed, in hexadecimal.
    public let seed: String
    /// Who is drawn, ascending by request.
    public let selections: [Selection]
    /// The visits, ascending by id.
    public let visits: [Visit]
    /// For each visit its teams, ascending by department.
    public let teams: [[Team]]

    /// Makes a result of parts that are in their order already.
    public init(commitment: String, seed: String, selections: [Selection], visits: [Visit], teams: [[Team]]) {
        self.commitment = commitment
        self.seed = seed
        self.selections = selections
        self.visits = visits
        self.teams = teams
    }

    /// The canonical form of `result.json` as a whole, without the LF after it.
    public var canonical: [UInt8] {
        var whole: [UInt8] = []
        write { whole += $0 }
        return whole
    }

    /// The hash of the canonical form, in hexadecimal.
    public var hash: String { Hash(of: canonical).hex }

    /// Writes the canonical form in pieces of about a megabyte, so that it never is in memory as a whole.
    public func write(to sink: ([UInt8]) throws -> Void) rethrows {
        let pieceSize = 1 << 20
        var piece: [UInt8] = []
        piece.reserveCapacity(pieceSize + (1 << 16))
        piece += "{\"commitment\":\"\(commitment)\",\"seed\":\"\(seed)\",\"selections\":[".utf8
        for (index, selection) in selections.enumerated() {
            piece += (index == 0 ? "{\"entities\":[" : ",{\"entities\":[").utf8
            for (index, entity) in selection.entities.enumerated() {
                if index > 0 { piece.append(UInt8(ascii: ",")) }
                JSONValue.appendCanonical(entity, to: &piece)
                if piece.count >= pieceSize {
                    try sink(piece)
                    piece.removeAll(keepingCapacity: true)
                }
            }
            piece += "],\"request\":".utf8
            JSONValue.appendCanonical(selection.request, to: &piece)
            piece.append(UInt8(ascii: "}"))
        }
        piece += "],\"visits\":[".utf8
        for index in visits.indices {
            if index > 0 { piece.append(UInt8(ascii: ",")) }
            appendVisit(index, to: &piece)
            if piece.count >= pieceSize {
                try sink(piece)
                piece.removeAll(keepingCapacity: true)
            }
        }
        piece += "]}".utf8
        try sink(piece)
    }

    private func appendVisit(_ index: Int, to piece: inout [UInt8]) {
        let visit = visits[index]
        piece += "{\"departments\":".utf8
        Self.append(visit.departments, to: &piece)
        piece += ",\"entity\":".utf8
        JSONValue.appendCanonical(visit.entity, to: &piece)
        piece += ",\"method\":".utf8
        JSONValue.appendCanonical(visit.method.rawValue, to: &piece)
        piece += ",\"requests\":".utf8
        Self.append(visit.requests, to: &piece)
        piece += ",\"teams\":[".utf8
        for (index, team) in teams[index].enumerated() {
            piece += (index == 0 ? "{\"department\":" : ",{\"department\":").utf8
            JSONValue.appendCanonical(team.department, to: &piece)
            piece += ",\"inspectors\":".utf8
            Self.append(team.inspectors, to: &piece)
            piece += ",\"missing\":".utf8
            Self.append(team.missing, to: &piece)
            piece.append(UInt8(ascii: "}"))
        }
        piece += "],\"visit\":".utf8
        JSONValue.appendCanonical(visit.id, to: &piece)
        piece += ",\"window\":[".utf8
        JSONValue.appendCanonical(visit.window.first, to: &piece)
        piece.append(UInt8(ascii: ","))
        JSONValue.appendCanonical(visit.window.last, to: &piece)
        piece += "]}".utf8
    }

    private static func append(_ texts: [String], to piece: inout [UInt8]) {
        piece.append(UInt8(ascii: "["))
        for (index, text) in texts.enumerated() {
            if index > 0 { piece.append(UInt8(ascii: ",")) }
            JSONValue.appendCanonical(text, to: &piece)
        }
        piece.append(UInt8(ascii: "]"))
    }

    /// One visit with its teams, as `result.json` holds it.
    func visitJSON(_ index: Int) -> JSONValue {
        var members = visits[index].members
        members["teams"] = .array(teams[index].map(\.json))
        return .object(members)
    }
}

/// The hashes of a draw's documents: `digests.json`.
public struct DrawDigests: Sendable, Hashable {
    /// The commitment.
    public let commitment: String
    /// The seed.
    public let seed: String
    /// The hash of the result's canonical form.
    public let result: String

    /// Makes the digests, each in hexadecimal.
    public init(commitment: String, seed: String, result: String) {
        self.commitment = commitment
        self.seed = seed
        self.result = result
    }

    init(_ field: JSONField) throws {
        self = try field.object { reader in
            try DrawDigests(
                commitment: reader.required("commitment").hash().hex, seed: reader.required("seed").hash().hex,
                result: reader.required("result").hash().hex)
        }
    }

    /// `digests.json`.
    public var json: JSONValue {
        ["commitment": .string(commitment), "seed": .string(seed), "result": .string(result)]
    }
}
