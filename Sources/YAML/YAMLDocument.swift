public import JSON
import Yams

/// Documents in YAML (1.2), read as the JSON that the rest of the house works with.
public enum YAMLDocument {
    /// Text that is no YAML, or YAML that has no counterpart in JSON; says where, in one line.
    public struct Malformed: Error, Sendable, Hashable, CustomStringConvertible {
        /// The place and what is wrong there.
        public let description: String
    }

    /// The documents of a text, parted by `---`, in their order.
    ///
    /// Plain scalars that are whole numbers, booleans or null are such; everything else is text.
    /// - Throws: `Malformed`.
    public static func all(in text: String) throws -> [JSONValue] {
        do {
            return try Yams.compose_all(yaml: text).map { try json($0) }
        } catch let error as YamlError {
            throw Malformed(description: "\(error)".replacing("\n", with: " "))
        }
    }

    private static func json(_ node: Node) throws -> JSONValue {
        switch node {
        case .scalar(let scalar):
            guard scalar.style == .plain || scalar.style == .any else { return .string(scalar.string) }
            switch scalar.string {
            case "", "~", "null": return .null
            case "true": return .bool(true)
            case "false": return .bool(false)
            default:
                if let number = Int64(scalar.string), String(number) == scalar.string { return .integer(number) }
                return .string(scalar.string)
            }
        case .sequence(let sequence): return .array(try sequence.map(json))
        case .mapping(let mapping):
            var members: [String: JSONValue] = [:]
            for (name, value) in mapping {
                guard let text = name.string, members.updateValue(try json(value), forKey: text) == nil else {
                    throw Malformed(description: "\(place(of: name))a key is no text, or there twice")
                }
            }
            return .object(members)
        case .alias:
            throw Malformed(description: "\(place(of: node))aliases are not understood; write the value out")
        }
    }

    private static func place(of node: Node) -> String { node.mark.map { "line \($0.line): " } ?? "" }
}
