import Foundation
import JSON

/// As much of JSON Schema 2020-12 as `docs/schemas` uses; a keyword that isn't understood is an error, so that nothing
/// goes unchecked.
struct MessageSchema {
    struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    let root: JSONValue

    /// The project's folder.
    static let project = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")

    /// The schema of a type of message.
    init(type: String) throws {
        let file = Self.project.appending(path: "docs/schemas/\(type).json")
        root = try JSONValue(parsing: Array(try Data(contentsOf: file)))
    }

    /// Throws the first thing that is wrong with a body.
    func check(_ body: JSONValue) throws { try check(body, root, at: "$") }

    private func check(_ value: JSONValue, _ schema: JSONValue, at path: String) throws {
        guard case .object(let keywords) = schema else {
            throw Problem(description: "\(path): the schema is no object")
        }
        func fail(_ what: String) -> Problem { Problem(description: "\(path): \(what)") }
        for (keyword, rule) in keywords {
            switch keyword {
            case "$schema", "$id", "$defs", "title", "description", "format": break
            case "$ref":
                guard let name = rule.text, name.hasPrefix("#/$defs/"),
                    let target = root["$defs"]?[String(name.dropFirst(8))]
                else { throw fail("\(rule) leads nowhere") }
                try check(value, target, at: path)
            case "type":
                let allowed = rule.elements ?? [rule]
                guard allowed.contains(where: { $0.text.map { Self.value(value, is: $0) } == true }) else {
                    throw fail("is \(value.kind)")
                }
            case "enum":
                guard rule.elements?.contains(value) == true else { throw fail("is none of the choices") }
            case "anyOf", "oneOf":
                let fitting = (rule.elements ?? []).count { (try? check(value, $0, at: path)) != nil }
                guard keyword == "anyOf" ? fitting >= 1 : fitting == 1 else { throw fail("fits \(fitting) forms") }
            case "properties", "additionalProperties", "required", "propertyNames":
                guard case .object(let members) = value else { break }
                try check(members, keyword, rule, keywords, at: path)
            case "items", "minItems", "maxItems", "uniqueItems":
                guard let elements = value.elements else { break }
                switch (keyword, rule) {
                case ("items", _):
                    for (index, element) in elements.enumerated() { try check(element, rule, at: "\(path)[\(index)]") }
                case ("minItems", .integer(let least)):
                    guard elements.count >= least else { throw fail("is too short") }
                case ("maxItems", .integer(let most)):
                    guard elements.count <= most else { throw fail("is too long") }
                case ("uniqueItems", true):
                    guard Set(elements).count == elements.count else { throw fail("repeats an element") }
                default: throw fail("\(keyword) is not understood")
                }
            case "minLength", "maxLength":
                guard let text = value.text, let bound = rule.number else { break }
                let count = text.unicodeScalars.count
                guard keyword == "minLength" ? count >= bound : count <= bound else {
                    throw fail("has \(count) characters")
                }
            case "pattern":
                guard let text = value.text, let pattern = rule.text else { break }
                guard try Regex(pattern).firstMatch(in: text) != nil else { throw fail("is not \(pattern)") }
            case "minimum", "maximum":
                guard let number = value.number, let bound = rule.number else { break }
                guard keyword == "minimum" ? number >= bound : number <= bound else { throw fail("is \(number)") }
            default: throw fail("the keyword \(keyword) is not understood")
            }
        }
    }

    private func check(
        _ members: [String: JSONValue], _ keyword: String, _ rule: JSONValue, _ keywords: [String: JSONValue],
        at path: String
    ) throws {
        switch (keyword, rule) {
        case ("properties", .object(let properties)):
            for (name, schema) in properties {
                if let member = members[name] { try check(member, schema, at: "\(path).\(name)") }
            }
        case ("additionalProperties", _):
            for (name, member) in members where keywords["properties"]?[name] == nil {
                if rule == false { throw Problem(description: "\(path).\(name): is not in the schema") }
                try check(member, rule, at: "\(path).\(name)")
            }
        case ("required", .array(let names)):
            for name in names.compactMap(\.text) where members[name] == nil {
                throw Problem(description: "\(path).\(name): is missing")
            }
        case ("propertyNames", _):
            for name in members.keys { try check(.string(name), rule, at: "\(path).\(name)") }
        default: throw Problem(description: "\(path): \(keyword) is not understood")
        }
    }

    private static func value(_ value: JSONValue, is type: String) -> Bool {
        switch (value, type) {
        case (.null, "null"), (.bool, "boolean"), (.integer, "integer"), (.string, "string"), (.array, "array"),
            (.object, "object"):
            true
        default: false
        }
    }
}
