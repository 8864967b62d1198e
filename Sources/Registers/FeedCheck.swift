public import Cluster
public import JSON
public import Tables

/// What a file would say if it were fed, found out without any server (试读): which rows would be taken, and which not.
///
/// What only the registers know (other sources, departments, what is there already) is not looked at.
public struct FeedCheck: Sendable {
    /// Rows of data.
    public private(set) var read = 0
    /// Rows that break no rule.
    public private(set) var good = 0
    /// Rows that would be quarantined.
    public var quarantined: Int { read - good }
    /// Rows that the mapping leaves out.
    public private(set) var skipped = 0
    /// Titles, totals, notes and the like.
    public private(set) var omitted = OmittedRows()
    /// Why rows would be quarantined, by position; the first 1,000.
    public private(set) var problems: [Problem] = []
    /// The first rows as they would be sent.
    public private(set) var samples: [JSONValue] = []

    private static let listed = 1_000

    /// A rule that a row breaks.
    public struct Problem: Sendable, Hashable {
        /// The line of the file, or row of the sheet.
        public let position: Int
        /// The row's id.
        public let id: String
        /// The rule.
        public let finding: Finding
    }

    /// Reads a file to its end.
    ///
    /// - Throws: `TableError` when it cannot be read.
    ///
    /// - Parameter codes: the county's lists of codes; rows are held against them as a worker does it.
    public init(_ file: RegisterFile, codes: CodeLists) throws(TableError) {
        var rows = try file.rows()
        var seen: [String: (position: Int, isGood: Bool, isNoted: Bool)] = [:]
        while let row = try rows.next() {
            read += 1
            let fields = Set(row.findings.map(\.field))
            var found = row.findings + file.register.findings(in: row.content).filter { !fields.contains($0.field) }
            if found.isEmpty, file.register == .entities {
                found = codes.findings(
                    region: row.content["region"]?.text ?? "", industry: row.content["industry"]?.text ?? "")
            }
            for finding in found { note(row.line, row.id, finding) }
            var isGood = found.isEmpty
            if isGood { good += 1 }
            if !row.id.isEmpty {
                if var first = seen[row.id] {
                    if !first.isNoted {
                        if first.isGood {
                            good -= 1
                            note(first.position, row.id, Self.repeated(row.line))
                        }
                        first.isNoted = true
                        seen[row.id] = first
                    }
                    if isGood {
                        good -= 1
                        isGood = false
                        note(row.line, row.id, Self.repeated(first.position))
                    }
                } else {
                    seen[row.id] = (row.line, isGood, false)
                }
            }
            if samples.count < 3 { samples.append(row.body) }
        }
        skipped = rows.skipped
        omitted = rows.omitted
        problems.sort { $0.position < $1.position }
    }

    private mutating func note(_ position: Int, _ id: String, _ finding: Finding) {
        if problems.count < Self.listed { problems.append(Problem(position: position, id: id, finding: finding)) }
    }

    private static func repeated(_ line: Int) -> Finding {
        Finding(
            field: "id", code: "id.repeated",
            message: "编号与第 \(line) 行重复，请只保留一行 / the id is also on line \(line); keep one row")
    }

    /// The sum in one line.
    public var line: String {
        let left = omitted.count == 0 ? "" : "; 未计入 left out: \(omitted.description)"
        return "read \(read) = good \(good) + quarantined \(quarantined); 按映射跳过 skipped \(skipped)\(left)"
    }

    /// As `yaohao feed --check --json` prints it.
    public var json: JSONValue {
        [
            "read": .integer(read), "good": .integer(good), "quarantined": .integer(quarantined),
            "skipped": .integer(skipped),
            "omitted": [
                "titles": .integer(omitted.titles), "empty": .integer(omitted.empty),
                "headings": .integer(omitted.headings), "totals": .integer(omitted.totals),
                "notes": .integer(omitted.notes),
            ],
            "problems": .array(
                problems.map {
                    [
                        "position": .integer($0.position), "id": .string($0.id), "field": .string($0.finding.field),
                        "code": .string($0.finding.code), "message": .string($0.finding.message),
                    ]
                }),
            "samples": .array(samples),
        ]
    }
}
