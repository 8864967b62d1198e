/// The first place where a JSON value is not the one that was expected.
public struct JSONDifference: Sendable, Hashable {
    /// The place, such as `visits[3].teams[0].inspectors`.
    public let path: String
    /// What was expected there; `nil` for nothing.
    public let expected: JSONValue?
    /// What is there; `nil` for nothing.
    public let found: JSONValue?

    /// Makes a difference.
    public init(path: String, expected: JSONValue?, found: JSONValue?) {
        self.path = path
        self.expected = expected
        self.found = found
    }
}

extension JSONField {
    /// The first place, in the canonical order of names, where this value differs from `expected`; strings are the same
    /// only if their bytes are.
    public func firstDifference(from expected: JSONValue) -> JSONDifference? {
        switch (expected, value) {
        case (.array(let wanted), .array(let given)):
            for (index, (one, other)) in zip(wanted, given).enumerated() {
                let element = JSONField(other, path: "\(path)[\(index)]")
                if let difference = element.firstDifference(from: one) { return difference }
            }
            guard wanted.count != given.count else { return nil }
            let index = min(wanted.count, given.count)
            return JSONDifference(
                path: "\(path)[\(index)]", expected: index < wanted.count ? wanted[index] : nil,
                found: index < given.count ? given[index] : nil)
        case (.object(let wanted), .object(let given)):
            for name in Set(wanted.keys).union(given.keys).sorted(by: { precedesByUTF16($0.utf8, $1.utf8) }) {
                let place = JSONField.path(path, name)
                guard let one = wanted[name], let other = given[name] else {
                    return JSONDifference(path: place, expected: wanted[name], found: given[name])
                }
                if let difference = JSONField(other, path: place).firstDifference(from: one) { return difference }
            }
            return nil
        case (.string(let wanted), .string(let given)) where wanted.utf8.elementsEqual(given.utf8): return nil
        case (.null, .null): return nil
        case (.bool(let wanted), .bool(let given)) where wanted == given: return nil
        case (.integer(let wanted), .integer(let given)) where wanted == given: return nil
        default: return JSONDifference(path: path, expected: expected, found: value)
        }
    }
}
