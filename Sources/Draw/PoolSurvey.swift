/// How the entities of a roster lie in pools (对象分布): entities of one class that are in the same pools are counted
/// together, so that what depends on class and pools only is worked out once a group.
public struct PoolSurvey: Sendable, Hashable {
    /// Entities of one class in the same pools.
    public struct Group: Sendable, Hashable {
        /// Their credit class.
        public let credit: CreditClass
        /// The pools that hold them, by index, ascending; at least one.
        public let pools: [Int]
        /// How many they are.
        public let count: Int
        /// The first of their ids, ascending.
        public let examples: [String]

        /// A group of the given parts.
        public init(credit: CreditClass, pools: [Int], count: Int, examples: [String] = []) {
            self.credit = credit
            self.pools = pools
            self.count = count
            self.examples = examples
        }
    }

    /// The number of entities, those in no pool included.
    public let entities: Int
    /// The groups, each in another set of pools or of another class.
    public let groups: [Group]
    /// How many of a group's ids are kept.
    public static let keptExamples = 20

    /// A survey of the given groups.
    public init(entities: Int, groups: [Group]) {
        self.entities = entities
        self.groups = groups
    }

    /// Surveys a roster.
    /// - Parameters:
    ///   - roster: lines of `roster.tsv`, ascending.
    ///   - pools: the pools.
    /// - Throws: ``DrawError`` with line and column.
    public init(roster: [UInt8], pools: [Pool]) throws {
        struct Key: Hashable {
            let credit: CreditClass
            let members: [UInt64]
        }
        var matcher = PoolMatcher(
            requests: pools.map {
                DrawRequest(
                    id: "-", department: "-", items: [], pool: $0, sample: .count(0), method: .onsite, joint: false,
                    coordination: .independent, window: DayWindow(first: "", last: ""), specialties: [], team: 0)
            })
        var numbers: [Key: Int] = [:]
        var found: [(key: Key, count: Int, examples: [String])] = []
        let entities = try roster.withUnsafeBytes { bytes in
            var cursor = LineCursor(bytes, firstLine: 1, file: RosterLine.fileName, columns: RosterLine.columns)
            var entities = 0
            while try cursor.advance() {
                entities += 1
                let credit = try matcher.match(cursor)
                guard matcher.members.contains(where: { $0 != 0 }) else { continue }
                let key = Key(credit: credit, members: matcher.members)
                let number = numbers[key] ?? found.count
                if number == found.count {
                    numbers[key] = number
                    found.append((key, 0, []))
                }
                found[number].count += 1
                if found[number].examples.count < Self.keptExamples {
                    found[number].examples.append(String(decoding: cursor[0], as: UTF8.self))
                }
            }
            return entities
        }
        self.init(
            entities: entities,
            groups: found.map { key, count, examples in
                Group(
                    credit: key.credit,
                    pools: pools.indices.filter { key.members[$0 / 64] >> UInt64($0 % 64) & 1 == 1 }, count: count,
                    examples: examples)
            })
    }
}
