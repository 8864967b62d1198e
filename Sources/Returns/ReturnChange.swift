public import JSON

/// A figure that is not what it was when it was submitted.
public struct ReturnChange: Sendable, Hashable {
    /// The line's key, such as `SCJG/SCJG-1/internal` or `all`.
    public let line: String
    /// The line's name.
    public let name: String
    /// The figure's path within it, such as `inspected` or `categories.未发现问题`.
    public let figure: String
    /// As submitted; `null` where there was none.
    public let then: JSONValue
    /// As it is now; `null` where there is none any more.
    public let now: JSONValue

    /// Everything that differs, in the order of the lines.
    public static func list(from old: ReturnSection, to new: ReturnSection) -> [ReturnChange] {
        let before = Dictionary(old.lines.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
        let after = Dictionary(new.lines.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
        let keys = old.lines.map(\.key) + new.lines.map(\.key).filter { before[$0] == nil }
        return keys.flatMap { key -> [ReturnChange] in
            let left = flat(before[key]?.figures)
            let right = flat(after[key]?.figures)
            return Set(left.keys).union(right.keys).sorted().compactMap { figure in
                left[figure] == right[figure]
                    ? nil
                    : ReturnChange(
                        line: key, name: before[key]?.name ?? after[key]?.name ?? key, figure: figure,
                        then: left[figure] ?? .null, now: right[figure] ?? .null)
            }
        }
    }

    /// For programs.
    public var json: JSONValue {
        ["line": .string(line), "name": .string(name), "figure": .string(figure), "then": then, "now": now]
    }

    private static func flat(_ figures: Figures?) -> [String: JSONValue] {
        guard case .object(let members)? = figures?.json else { return [:] }
        var flat: [String: JSONValue] = [:]
        for (name, value) in members {
            if case .object(let inner) = value {
                for (key, value) in inner { flat["\(name).\(key)"] = value }
            } else {
                flat[name] = value
            }
        }
        return flat
    }
}
