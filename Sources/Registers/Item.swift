public import JSON

/// What is inspected (抽查事项), as a line of the county's item catalogue.
public struct Item: Sendable, Hashable {
    /// An id of the draw's pattern.
    public let id: String
    /// Its name.
    public let name: String
    /// The law and article that it rests on.
    public let legalBasis: String
    /// The department that inspects it, by id.
    public let department: String
    /// The kind of entity it applies to.
    public let objectKind: String
    /// How it may be inspected: `onsite`, `written`, `online`, ascending.
    public let methods: [String]
    /// `general` (一般检查事项) or `key` (重点检查事项).
    public let category: String
    /// The largest share of entities a year, in parts per million; general items have one, key items none.
    public let capPPM: Int?

    /// Who inspects (抽查主体), or nothing: then the department.
    public let subject: String
    /// By what power (执法权限), or nothing.
    public let authority: String
    /// How often, in words (抽查频次), or nothing.
    public let frequency: String
    /// The line of business (业务条线), or nothing.
    public let line: String
    /// The first day on which it may be inspected; `nil` for always so far.
    public let inForceFrom: Day?
    /// The last day on which it may be inspected; `nil` for no end.
    public let inForceUntil: Day?
    /// Whether it stands on the joint list (跨部门联合抽查事项清单).
    public let joint: Bool
    /// The batch with which it came onto the joint list, or nothing.
    public let jointBatch: String
    /// Why it stays off the joint list, one of `outsideReasons`, or nothing.
    public let outsideReason: String
    /// The checklist's id, or nothing: then the one that was defined for the item.
    public let checklist: String
    /// The specialties that inspecting it needs, ascending.
    public let specialties: [String]
    /// Kinds of entities that it applies to, ascending; together with the next two, instead of `objectKind`.
    public let kinds: [String]
    /// Prefixes of industries (GB/T 4754) that it applies to, ascending.
    public let industries: [String]
    /// Permits of which an entity that it applies to holds one, ascending.
    public let permits: [String]

    /// Why an item may stay off the joint list. Source: 固政办发〔2021〕32号 四（二）1.
    public static let outsideReasons = ["法定检查方式", "国务院或部委专门要求", "投诉举报", "专项执法检查"]
    /// How anything may be inspected.
    public static let knownMethods = ["online", "onsite", "written"]

    /// Reads a row.
    ///
    /// - Throws: `InvalidRow` with everything that breaks a rule.
    public init(json: JSONValue) throws(InvalidRow) { try self.init(RowReader(json)) }

    init(_ reader: RowReader) throws(InvalidRow) {
        var reader = reader
        id = reader.identifier("id")
        name = reader.text("name")
        legalBasis = reader.text("legal_basis")
        department = reader.identifier("department")
        objectKind = reader.text("object_kind")
        let saidMethods = reader.peek("methods")
        methods = reader.list(
            "methods", of: ("不是 onsite、written 或 online", "is none of onsite, written, online"),
            where: Self.knownMethods.contains)
        if saidMethods?.elements?.isEmpty == true {
            reader.note("methods", "field.empty", "至少填写一种检查方式", "is empty; name at least one method")
        }
        category = reader.choice("category", of: ["general", "key"])
        let saidCap = reader.peek("cap_ppm")
        capPPM = reader.nullableNumber("cap_ppm", in: 0...1_000_000)
        switch (category, saidCap) {
        case ("general", .null?):
            reader.note(
                "cap_ppm", "cap.missing", "一般检查事项须填写年度抽查比例上限（百万分之几）",
                "a general item needs its yearly cap in parts per million")
        case ("key", let cap?) where cap != .null:
            reader.note("cap_ppm", "cap.key", "重点检查事项不设上限，请留空", "a key item has no cap; leave it empty")
        default: break
        }
        subject = reader.optionalText("subject")
        authority = reader.optionalText("authority")
        frequency = reader.optionalText("frequency")
        line = reader.optionalText("line")
        inForceFrom = reader.optionalDay("in_force_from")
        inForceUntil = reader.optionalDay("in_force_until")
        if let from = inForceFrom, let until = inForceUntil, until < from {
            reader.note("in_force_until", "date.order", "早于生效日期", "is before in_force_from")
        }
        joint = reader.optionalFlag("joint")
        jointBatch = reader.optionalText("joint_batch")
        outsideReason = reader.optionalChoice("outside_reason", of: Self.outsideReasons)
        checklist = reader.optionalIdentifier("checklist")
        specialties = reader.optionalList("specialties")
        kinds = reader.optionalList("kinds")
        industries = reader.optionalList("industries")
        permits = reader.optionalList("permits")
        if joint {
            for (field, value, chinese) in [
                ("subject", subject, "抽查主体"), ("authority", authority, "执法权限"), ("joint_batch", jointBatch, "批次"),
            ] where value.isEmpty {
                reader.note(field, "joint.incomplete", "联合抽查事项须填写\(chinese)", "is needed for an item of the joint list")
            }
            if !outsideReason.isEmpty {
                reader.note(
                    "outside_reason", "joint.outside", "已列入联合抽查事项清单，不应填写不纳入的理由",
                    "the item is on the joint list; leave the reason for staying outside empty")
            }
        } else if !jointBatch.isEmpty {
            reader.note("joint_batch", "joint.batch", "未列入联合抽查事项清单（joint 为否），不应填写批次", "is for items of the joint list")
        }
        try reader.finish()
    }
}
