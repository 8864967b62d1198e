import Cluster
import JSON
import Registers

/// What flows back into an entity's credit record (信用记录): a finding that was released, a consequence and its end.
///
/// It is told to the credit system as an event; the register's own class is the feed's to say and is not touched.
struct CreditFact: Sendable {
    /// The CloudEvents type of the event.
    static let eventType = "cn.yaohao.inspections.credit-fact.v1"

    /// What is told.
    enum Kind: String, Sendable {
        /// A finding of a released version; a later version of the same ground takes its place.
        case finding
        /// A released version in which nothing was found.
        case clear
        /// A consequence was ordered.
        case ordered
        /// A consequence is done.
        case done
    }

    let kind: Kind
    let entity: String
    let department: String
    /// The visit or lead.
    let ground: String
    /// The version of the visit's result; `nil` for a lead.
    let version: Int?
    let items: [String]
    /// Categories of a finding; empty otherwise.
    let categories: [String]
    /// The consequence's id and kind.
    let consequence: (id: String, kind: String)?
    let on: Day

    /// As the event carries it.
    var json: JSONValue {
        [
            "kind": .string(kind.rawValue), "entity": .string(entity), "department": .string(department),
            "ground": .string(ground), "version": version.map { .integer($0) } ?? .null, "items": .strings(items),
            "categories": .strings(categories), "consequence": .nullable(consequence?.id),
            "consequence_kind": .nullable(consequence?.kind), "on": .string(on.description),
        ]
    }

    func message(_ topics: Topics) -> Outgoing {
        Outgoing(topic: topics.events, key: entity, type: Self.eventType, subject: ground, data: json)
    }

    /// One fact for each matter of a released version on which something was found; one in all where nothing was.
    static func findings(of accepted: AcceptedResult, _ kinds: [String: CategoryKind]) -> [CreditFact] {
        let found = accepted.result.items.filter { item in item.categories.contains { kinds[$0] == .finding } }
        func fact(_ kind: Kind, _ items: [String], _ categories: [String]) -> CreditFact {
            CreditFact(
                kind: kind, entity: accepted.entity, department: accepted.result.department,
                ground: accepted.result.visit, version: accepted.version, items: items, categories: categories,
                consequence: nil, on: accepted.endedOn)
        }
        guard !found.isEmpty else { return [fact(.clear, accepted.result.items.map(\.item), [])] }
        return found.map { item in fact(.finding, [item.item], item.categories.filter { kinds[$0] == .finding }) }
    }
}
