public import JSON

/// One line of `amendments.jsonl` (抽取后的变更): what could not be done as drawn, why, and what was done instead.
///
/// Each line carries the hash of the one before, the first that of `result.json`: draw-v1 §9.
public struct Amendment: Sendable, Hashable {
    /// What was changed.
    public enum Change: Sendable, Hashable {
        /// Somebody else fills a slot; `nil` where nobody is left. Who was not asked is named, so that anybody can
        /// compute it again.
        case substitute(slot: Int, replaced: String, by: String?, excluded: [String])
        /// The entity could not be inspected; the state in which it was met.
        case entityGone(String)
    }

    /// The number within the round, from 1.
    public let number: Int
    /// The visit's id.
    public let visit: String
    /// The department whose part it is.
    public let department: String
    /// What was changed.
    public let change: Change
    /// Why.
    public let reason: String
    /// When, `YYYY-MM-DDThh:mm:ssZ`.
    public let at: String
    /// The hash of the line before, 64 hexadecimal digits.
    public let previous: String

    /// The file's name in a bundle.
    public static let fileName = "amendments.jsonl"

    /// A line of the given parts.
    public init(
        number: Int, visit: String, department: String, change: Change, reason: String, at: String, previous: String
    ) {
        self.number = number
        self.visit = visit
        self.department = department
        self.change = change
        self.reason = reason
        self.at = at
        self.previous = previous
    }

    /// Reads a line.
    /// - Throws: `JSONError` naming the member.
    init(_ field: JSONField) throws {
        self = try field.object { reader in
            let kind = try reader.required("kind").string("substitute, entity-gone") {
                ["substitute", "entity-gone"].contains($0)
            }
            let change: Change =
                if kind == "substitute" {
                    .substitute(
                        slot: try reader.integer("slot", in: 0...1_000), replaced: try reader.string("replaced"),
                        by: try reader.required("substitute").nullable()?.string(),
                        excluded: try reader.strings("excluded"))
                } else {
                    .entityGone(try reader.string("state"))
                }
            return Amendment(
                number: try reader.integer("number", in: 1...1_000_000_000), visit: try reader.string("visit"),
                department: try reader.string("department"), change: change, reason: try reader.string("reason"),
                at: try reader.string("at"), previous: try reader.required("previous").hash().hex)
        }
    }

    /// Reads `amendments.jsonl`: canonical lines, each with an LF after it.
    /// - Throws: ``DrawError`` with line and field.
    static func lines(of bytes: [UInt8]) throws -> [Amendment] {
        var pieces = bytes.split(separator: 0x0a, omittingEmptySubsequences: false)
        guard pieces.popLast()?.isEmpty == true else {
            throw DrawError(
                file: fileName, problem: "the LF at the end is missing", remedy: "end each line with one LF")
        }
        return try pieces.enumerated().map { index, piece in
            do {
                let file = try JSONFile(canonical: piece + [0x0a], name: fileName)
                return try file.read { try Amendment($0) }
            } catch let error as DrawError {
                throw DrawError(
                    file: fileName, line: index + 1, field: error.field, problem: error.problem, remedy: error.remedy)
            }
        }
    }

    /// The line as JSON.
    public var json: JSONValue {
        var members: [String: JSONValue] = [
            "number": .integer(number), "visit": .string(visit), "department": .string(department),
            "reason": .string(reason), "at": .string(at), "previous": .string(previous),
        ]
        switch change {
        case .substitute(let slot, let replaced, let substitute, let excluded):
            members["kind"] = "substitute"
            members["slot"] = .integer(slot)
            members["replaced"] = .string(replaced)
            members["substitute"] = .nullable(substitute)
            members["excluded"] = .strings(excluded)
        case .entityGone(let state):
            members["kind"] = "entity-gone"
            members["state"] = .string(state)
        }
        return .object(members)
    }

    /// The line's text, canonical, without an LF.
    public var line: String { json.canonicalText }

    /// The SHA-256 of the line's text.
    public var hash: Hash { Hash(of: line) }
}
