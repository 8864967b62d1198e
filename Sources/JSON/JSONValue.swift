/// A JSON text (RFC 8259) as a value.
///
/// The project's JSON holds no floating-point number: what is hashed must have one spelling, so rates are integers in
/// parts per million. Integers keep to ±(2⁵³−1), the range in which every JSON implementation agrees (RFC 7493 §2.2).
///
/// Strings compare as Swift strings do, by canonical equivalence. Where bytes decide, compare ``canonical`` forms.
public enum JSONValue: Sendable, Hashable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A number without fraction and exponent.
    case integer(Int64)
    /// A string of Unicode scalar values.
    case string(String)
    /// A list of values.
    case array([JSONValue])
    /// Members by name; their order in the text carries no meaning.
    case object([String: JSONValue])

    /// The largest magnitude of an integer, 2⁵³−1.
    public static let largestInteger: Int64 = (1 << 53) - 1

    /// The member `key` of an object; `nil` when there is none or this is no object.
    public subscript(key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members[key]
    }

    /// What kind of value this is, as error messages call it.
    public var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .integer: "an integer"
        case .string: "a string"
        case .array: "a list"
        case .object: "an object"
        }
    }
}

extension JSONValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral {
    /// Makes `null`.
    public init(nilLiteral: ()) { self = .null }
    /// Makes `true` or `false`.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// Makes an integer.
    public init(integerLiteral value: Int64) { self = .integer(value) }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral {
    /// Makes a string.
    public init(stringLiteral value: String) { self = .string(value) }
    /// Makes a list.
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    /// Makes an object; of a name given twice the last value stays.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(Dictionary(elements) { _, last in last })
    }
}

extension JSONValue {
    /// Makes an integer from an `Int`.
    public static func integer(_ value: Int) -> JSONValue { .integer(Int64(value)) }
    /// Makes a list of strings.
    public static func strings(_ values: some Sequence<String>) -> JSONValue { .array(values.map { .string($0) }) }
    /// Makes a string, or `null` when there is none.
    public static func nullable(_ value: String?) -> JSONValue { value.map { .string($0) } ?? .null }
}
