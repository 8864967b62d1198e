public import JSON

/// The figures of one line of a return, all whole numbers.
public struct Figures: Sendable, Hashable {
    /// Objects in the pools of the draws that the visits come from (基数).
    public var pool = 0
    /// Objects drawn from them (抽取户数).
    public var drawn = 0
    /// Draws whose pool is not known; then the rate is not stated.
    public var poolsUnknown = 0
    /// What the plan's lines say about rates and counts.
    public var planned: Set<JSONValue> = []
    /// Visits to be made or made in the period (应抽户数).
    public var due = 0
    /// Visits inspected in the period (已查户数).
    public var inspected = 0
    /// Visits that could not be made (无法检查).
    public var failed = 0
    /// Inspected visits that are published (已公示).
    public var published = 0
    /// Results by category (检查结果).
    public var categories: [String: Int] = [:]
    /// Follow-ups by kind (后续处置).
    public var followUpsByKind: [String: Int] = [:]
    /// Follow-ups that ask for something: all but 无需后续处置.
    public var followUps = 0
    /// Of these, closed (办结).
    public var closed = 0
    /// Departments that took part in joint visits (参与部门).
    public var departments: Set<String> = []
    /// Inspectors at visits (检查人员人次).
    public var inspectorVisits = 0

    /// Nothing at all.
    public init() {}

    /// Inspected and not published yet (未公示).
    public var unpublished: Int { inspected - published }
    /// 抽查比例: drawn of pool.
    public var ratePPM: Int? { poolsUnknown == 0 ? partsPerMillion(drawn, of: pool) : nil }
    /// 公示率: published of inspected.
    public var publishedPPM: Int? { partsPerMillion(published, of: inspected) }
    /// 办结率: closed of follow-ups.
    public var closedPPM: Int? { partsPerMillion(closed, of: followUps) }

    /// Reads what `json` wrote, or the database counted.
    ///
    /// - Throws: `JSONError`.
    public init(json: JSONValue, path: String = "") throws {
        var reader = try JSONReader(json, path: path)
        pool = try reader.integer("pool")
        drawn = try reader.integer("drawn")
        poolsUnknown = try reader.integer("pools_unknown")
        planned = Set(try reader.array("planned"))
        due = try reader.integer("due")
        inspected = try reader.integer("inspected")
        failed = try reader.integer("failed")
        published = try reader.integer("published")
        categories = try Self.counts(reader.required("categories"))
        followUpsByKind = try Self.counts(reader.required("follow_ups_by_kind"))
        followUps = try reader.integer("follow_ups")
        closed = try reader.integer("closed")
        departments = Set(try reader.strings("departments"))
        inspectorVisits = try reader.integer("inspector_visits")
    }

    static func counts(_ field: JSONField) throws -> [String: Int] {
        Dictionary(
            try field.members().map { ($0.name, try $0.field.integer()) }, uniquingKeysWith: { first, _ in first })
    }

    /// With the rates in parts per million, rounded down; `null` of nothing.
    public var json: JSONValue {
        func counts(_ counts: [String: Int]) -> JSONValue { .object(counts.mapValues { .integer($0) }) }
        func ppm(_ ppm: Int?) -> JSONValue { ppm.map { .integer($0) } ?? .null }
        return [
            "pool": .integer(pool), "drawn": .integer(drawn), "pools_unknown": .integer(poolsUnknown),
            "planned": .array(planned.sorted { $0.canonicalText < $1.canonicalText }), "rate_ppm": ppm(ratePPM),
            "due": .integer(due), "inspected": .integer(inspected), "failed": .integer(failed),
            "published": .integer(published), "unpublished": .integer(unpublished), "published_ppm": ppm(publishedPPM),
            "categories": counts(categories), "follow_ups_by_kind": counts(followUpsByKind),
            "follow_ups": .integer(followUps), "closed": .integer(closed), "closed_ppm": ppm(closedPPM),
            "departments": .array(departments.sorted().map { .string($0) }),
            "inspector_visits": .integer(inspectorVisits),
        ]
    }

    /// The sum: what one department counts, another does not.
    public static func + (left: Figures, right: Figures) -> Figures {
        var sum = left
        sum.pool += right.pool
        sum.drawn += right.drawn
        sum.poolsUnknown += right.poolsUnknown
        sum.planned.formUnion(right.planned)
        sum.due += right.due
        sum.inspected += right.inspected
        sum.failed += right.failed
        sum.published += right.published
        sum.categories.merge(right.categories, uniquingKeysWith: +)
        sum.followUpsByKind.merge(right.followUpsByKind, uniquingKeysWith: +)
        sum.followUps += right.followUps
        sum.closed += right.closed
        sum.departments.formUnion(right.departments)
        sum.inspectorVisits += right.inspectorVisits
        return sum
    }

    /// The plan's rates and counts in words, such as `A 1%、D 100%` or `20户`.
    var plannedText: String {
        func bounds(_ value: JSONValue?, _ word: (Int) -> String) -> String? {
            switch (value?["min"]?.number, value?["max"]?.number) {
            case (let least?, let most?): least == most ? word(least) : "\(word(least))—\(word(most))"
            case (let least?, nil): "不低于\(word(least))"
            case (nil, let most?): "不超过\(word(most))"
            case (nil, nil): nil
            }
        }
        return planned.compactMap { line -> String? in
            if let count = bounds(line["counts"], { "\($0)户" }) { return count }
            guard case .object(let rates)? = line["rates"] else { return nil }
            let parts = rates.sorted { $0.key < $1.key }.compactMap { name, rate in
                bounds(rate) { percent($0) }.map { (name: name, rate: $0) }
            }
            if let first = parts.first, parts.count > 1, parts.allSatisfy({ $0.rate == first.rate }) {
                return first.rate
            }
            return parts.map { "\($0.name) \($0.rate)" }.joined(separator: "、")
        }.sorted().joined(separator: "；")
    }
}
