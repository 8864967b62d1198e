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

    /// How anything may be inspected.
    public static let knownMethods = ["online", "onsite", "written"]

    /// Reads a row.
    ///
    /// - Throws: `InvalidRow` with everything that breaks a rule.
    public init(json: JSONValue) throws(InvalidRow) {
        var reader = try RowReader(json)
        id = reader.identifier("id")
        name = reader.text("name")
        legalBasis = reader.text("legal_basis")
        department = reader.identifier("department")
        objectKind = reader.text("object_kind")
        methods = reader.list(
            "methods", of: ("不是 onsite、written 或 online", "is none of onsite, written, online"),
            where: Self.knownMethods.contains)
        if json["methods"]?.elements?.isEmpty == true {
            reader.note("methods", "field.empty", "至少填写一种检查方式", "is empty; name at least one method")
        }
        category = reader.choice("category", of: ["general", "key"])
        capPPM = reader.optionalNumber("cap_ppm", in: 0...1_000_000)
        switch (category, json["cap_ppm"]) {
        case ("general", .null?):
            reader.note(
                "cap_ppm", "cap.missing", "一般检查事项须填写年度抽查比例上限（百万分之几）",
                "a general item needs its yearly cap in parts per million")
        case ("key", let cap?) where cap != .null:
            reader.note("cap_ppm", "cap.key", "重点检查事项不设上限，请留空", "a key item has no cap; leave it empty")
        default: break
        }
        try reader.finish()
    }
}
