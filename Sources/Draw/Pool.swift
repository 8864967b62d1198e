public import JSON

/// An entity's credit class (信用等级). The order is the one that breaks ties of remainders (draw-v1 §2).
public enum CreditClass: String, Sendable, CaseIterable {
    /// The worst class.
    case d = "D"
    /// The class above D.
    case c = "C"
    /// The class above C.
    case b = "B"
    /// The best class.
    case a = "A"
    /// Not classified.
    case none = "-"

    /// The place in the order of ties, from 0.
    var index: Int {
        switch self {
        case .d: 0
        case .c: 1
        case .b: 2
        case .a: 3
        case .none: 4
        }
    }
}

/// Which entities a request draws from (抽查对象范围): a conjunction of conditions (draw-v1 §1).
///
/// An absent condition does not restrict; an empty list matches nothing. Lists keep their order, which is hashed.
public struct Pool: Sendable, Hashable {
    /// Credit classes, matched exactly.
    public var credit: [CreditClass]?
    /// Kinds of entity, matched exactly.
    public var kinds: [String]?
    /// Prefixes of the region's code.
    public var regions: [String]?
    /// Prefixes of the industry's code.
    public var industries: [String]?
    /// Permits, of which one must be held.
    public var permits: [String]?
    /// Departments, of which one must regulate the entity.
    public var regulators: [String]?
    /// The largest number of visits that the entity has had this year.
    public var maxVisits: Int?

    /// Makes a pool; without arguments it is the whole roster.
    public init(
        credit: [CreditClass]? = nil, kinds: [String]? = nil, regions: [String]? = nil, industries: [String]? = nil,
        permits: [String]? = nil, regulators: [String]? = nil, maxVisits: Int? = nil
    ) {
        self.credit = credit
        self.kinds = kinds
        self.regions = regions
        self.industries = industries
        self.permits = permits
        self.regulators = regulators
        self.maxVisits = maxVisits
    }

    /// Reads a pool.
    /// - Throws: `JSONError` naming the field.
    public init(_ field: JSONField) throws {
        self = try field.object { reader in
            try Pool(
                credit: reader.optional("credit")?.array { try $0.choice() },
                kinds: reader.optional("kinds")?.strings(), regions: reader.optional("regions")?.strings(),
                industries: reader.optional("industries")?.strings(), permits: reader.optional("permits")?.strings(),
                regulators: reader.optional("regulators")?.strings(),
                maxVisits: reader.optional("max_visits")?.integer())
        }
    }

    /// The pool as the commitment holds it.
    public var json: JSONValue {
        var members: [String: JSONValue] = [:]
        members["credit"] = credit.map { .strings($0.map(\.rawValue)) }
        members["kinds"] = kinds.map { .strings($0) }
        members["regions"] = regions.map { .strings($0) }
        members["industries"] = industries.map { .strings($0) }
        members["permits"] = permits.map { .strings($0) }
        members["regulators"] = regulators.map { .strings($0) }
        members["max_visits"] = maxVisits.map { .integer($0) }
        return .object(members)
    }
}
