import Cluster
import JSON

/// A published result (公示): what one department found at one visit, under the name of the entity, in one version.
///
/// Nothing about inspectors and no credit class is in it.
struct Publication: Sendable, Hashable {
    /// What was found on one matter.
    struct Item: Sendable, Hashable {
        let item: String
        let categories: [String]
        let findings: String?
    }

    /// The CloudEvents type.
    static let eventType = "cn.yaohao.notices.result-published.v1"
    /// The most bytes of a message's earlier results; the broker takes 1 MB.
    static let maximumEarlierSize = 400_000

    let entity: String
    let entityName: String
    let visit: String
    let department: String
    /// 1 for the first; a correction is the next.
    let version: Int
    /// The id of the version in whose place it stands.
    let replaces: String?
    /// Why it was corrected.
    let reason: String?
    /// `YYYY-MM-DD`.
    let endedOn: String
    /// `YYYY-MM-DD`; `nil` when the calendar ends too early.
    let dueOn: String?
    let items: [Item]

    /// One for each visit, department and version, so that publishing again is seen.
    var id: String { Self.id(visit: visit, department: department, version: version) }

    /// As the function `notices.publication_id` of the database.
    static func id(visit: String, department: String, version: Int) -> String {
        "\(visit)/\(department)" + (version == 1 ? "" : "/\(version)")
    }

    /// The body; the same result gives the same bytes.
    var body: JSONValue {
        [
            "id": .string(id), "version": .integer(version), "replaces": .nullable(replaces),
            "reason": .nullable(reason), "entity": .string(entity), "entity_name": .string(entityName),
            "visit": .string(visit), "department": .string(department), "ended_on": .string(endedOn),
            "due_on": .nullable(dueOn),
            "items": .array(
                items.map { item in
                    [
                        "item": .string(item.item), "categories": .strings(item.categories),
                        "findings": .nullable(item.findings),
                    ]
                }),
        ]
    }

    /// The message on the compacted topic. The broker keeps only the last message of an entity, so each carries the
    /// earlier results of the entity too (归集于名下), corrected ones included.
    ///
    /// - Parameters:
    ///   - earlier: bodies of earlier publications of the entity, oldest first. When they grow too large for one
    ///     message the oldest are left out, and counted; the table `open.publications` has them all.
    ///   - topics: the county's topics.
    func message(earlier: [JSONValue], topics: Topics) -> Outgoing {
        var kept: [JSONValue] = []
        var size = 0
        for body in earlier.reversed() {
            size += body.canonical.count
            guard size <= Self.maximumEarlierSize else { break }
            kept.append(body)
        }
        var members: [String: JSONValue] = [
            "earlier": .array(kept.reversed()), "earlier_omitted": .integer(earlier.count - kept.count),
        ]
        if case .object(let own) = body { members.merge(own) { _, new in new } }
        return Outgoing(
            topic: topics.publications, key: entity, type: Self.eventType, subject: id, data: .object(members))
    }
}
