public import JSON

/// One line of part two of the form (随机抽查工作开展情况): an item of a department, joint inspections apart.
public struct ReturnRow: Sendable, Hashable {
    /// The department.
    public let department: String
    /// The item's id.
    public let item: String
    /// The item's name (抽查事项名称).
    public let name: String
    /// Whether by several departments together (部门联合), else by one (内部).
    public let joint: Bool
    /// What is inspected (检查对象).
    public let objectKind: String
    /// The figures.
    public let figures: Figures

    /// `DEPARTMENT/ITEM/joint` or `DEPARTMENT/ITEM/internal`.
    public var key: String { "\(department)/\(item)/\(joint ? "joint" : "internal")" }

    var json: JSONValue {
        [
            "department": .string(department), "item": .string(item), "name": .string(name), "joint": .bool(joint),
            "object_kind": .string(objectKind), "figures": figures.json,
        ]
    }
}

/// The figures of a stretch of time: lines, and sums that count every visit of a department once.
public struct ReturnSection: Sendable, Hashable {
    /// The lines, by department, item, internal first.
    public var rows: [ReturnRow] = []
    /// Inspections by one department.
    public var alone = Figures()
    /// Inspections by several.
    public var joint = Figures()
    /// All.
    public var all = Figures()
    /// Leads (个案线索): received by origin, and inspected, filed, concluded.
    public var leads: [String: Int] = [:]

    /// Nothing at all.
    public init() {}

    /// Whether there is nothing to report (零报告).
    public var isZero: Bool { rows.isEmpty && leads.isEmpty }

    /// The sum of two departments' sections.
    public static func + (left: ReturnSection, right: ReturnSection) -> ReturnSection {
        var sum = left
        sum.rows += right.rows
        sum.alone = left.alone + right.alone
        sum.joint = left.joint + right.joint
        sum.all = left.all + right.all
        sum.leads.merge(right.leads, uniquingKeysWith: +)
        return sum
    }

    /// The sums with their keys and names.
    var sums: [(key: String, name: String, figures: Figures)] {
        [("internal", "部门内部抽查合计", alone), ("joint", "部门联合抽查合计", joint), ("all", "合计", all)]
    }

    /// Each line and sum.
    var lines: [(key: String, name: String, figures: Figures)] {
        rows.map { ($0.key, $0.name + ($0.joint ? "（联合）" : ""), $0.figures) } + sums
    }

    var json: JSONValue {
        [
            "rows": .array(rows.map(\.json)), "internal": alone.json, "joint": joint.json, "all": all.json,
            "leads": .object(leads.mapValues { .integer($0) }),
        ]
    }

    init(json: JSONValue) throws {
        var reader = try JSONReader(json)
        rows = try reader.required("rows").array { field in
            var row = try JSONReader(field)
            return ReturnRow(
                department: try row.string("department"), item: try row.string("item"), name: try row.string("name"),
                joint: try row.bool("joint"), objectKind: try row.string("object_kind"),
                figures: try Figures(json: row.value("figures"), path: field.path))
        }
        alone = try Figures(json: reader.value("internal"))
        joint = try Figures(json: reader.value("joint"))
        all = try Figures(json: reader.value("all"))
        leads = try Figures.counts(reader.required("leads"))
    }
}

/// A return (报表) or summary's figures, of a department or of the county.
public struct ReturnReport: Sendable, Hashable {
    /// A kind of follow-up.
    public struct FollowUpKind: Sendable, Hashable {
        /// Its id.
        public let kind: String
        /// Its name in Chinese.
        public let name: String
    }

    /// The department; `nil` for the county.
    public let department: String?
    /// Its name, or the county's.
    public let name: String
    /// What it is about.
    public let period: ReturnPeriod
    /// Part one.
    public let mechanisms: [Mechanism]
    /// Part two, of the period.
    public let section: ReturnSection
    /// The same from the year's beginning (本年累计), in monthly returns.
    public let year: ReturnSection?
    /// Result categories in their order.
    public let categories: [String]
    /// Kinds of follow-ups, in their order.
    public let followUpKinds: [FollowUpKind]
    /// Names of departments.
    public let names: [String: String]

    init(
        department: String?, name: String, period: ReturnPeriod, mechanisms: [Mechanism], section: ReturnSection,
        year: ReturnSection?, categories: [String], followUpKinds: [FollowUpKind], names: [String: String]
    ) {
        self.department = department
        self.name = name
        self.period = period
        self.mechanisms = mechanisms
        self.section = section
        self.year = year
        self.categories = categories
        self.followUpKinds = followUpKinds
        self.names = names
    }

    /// The document that is frozen when it is submitted. It has no instant in it: the same figures are the same bytes.
    public var json: JSONValue {
        [
            "department": department.map { .string($0) } ?? .null, "name": .string(name),
            "kind": .string(period.kind.rawValue), "period": .string(period.name), "first": .string("\(period.first)"),
            "last": .string("\(period.last)"), "zero": .bool(section.isZero),
            "mechanisms": .array(mechanisms.map { ["question": .string($0.question), "answer": .string($0.answer)] }),
            "section": section.json, "year": year?.json ?? .null,
            "categories": .array(categories.map { .string($0) }),
            "follow_up_kinds": .array(followUpKinds.map { ["kind": .string($0.kind), "name": .string($0.name)] }),
            "names": .object(names.mapValues { .string($0) }),
        ]
    }

    /// Reads what `json` wrote.
    ///
    /// - Throws: `JSONError`.
    public init(json: JSONValue) throws {
        var reader = try JSONReader(json)
        department = try reader.optionalString("department")
        name = try reader.string("name")
        let kind = try reader.required("kind").choice(of: ReturnKind.self)
        guard let period = ReturnPeriod(kind, try reader.string("period")) else {
            throw reader.error("period", "is no period of the kind \(kind.rawValue)")
        }
        self.period = period
        mechanisms = try reader.required("mechanisms").array { field in
            var part = try JSONReader(field)
            return Mechanism(question: try part.string("question"), answer: try part.string("answer"))
        }
        section = try ReturnSection(json: reader.value("section"))
        year = try reader.optional("year")?.nullable().map { try ReturnSection(json: $0.value) }
        categories = try reader.strings("categories")
        followUpKinds = try reader.required("follow_up_kinds").array { field in
            var part = try JSONReader(field)
            return FollowUpKind(kind: try part.string("kind"), name: try part.string("name"))
        }
        names = Dictionary(
            try reader.required("names").members().map { ($0.name, try $0.field.string()) },
            uniquingKeysWith: { first, _ in first })
    }
}
