public import JSON
public import Tables

/// Which columns of a table say what: by the headings that departments use, or by a mapping of a department's own.
///
/// A mapping is a JSON object (a file in YAML): `columns` with our column → their heading, or a list of headings whose
/// cells are read as one; `title`, the document's title, where the table does not say it; `sheet`, the only one to read.
public struct PlanColumns: Sendable {
    /// Headings by column, as a mapping gives them; nothing for the usual ones.
    private let own: [PlanLineCells.Column: [String]]?
    /// The document's title, where the table does not say it.
    public let title: String?
    /// The only sheet to read.
    public let sheet: String?

    /// The headings that departments use.
    public init() { (own, title, sheet) = (nil, nil, nil) }

    /// The headings of a mapping.
    ///
    /// - Throws: `JSONError` naming the key.
    public init(mapping: JSONValue) throws {
        var reader = try JSONReader(mapping)
        title = try reader.optionalString("title")
        sheet = try reader.optionalString("sheet")
        var own: [PlanLineCells.Column: [String]] = [:]
        for (name, field) in try reader.required("columns").members() {
            guard let column = PlanLineCells.Column(rawValue: name) else {
                throw field.error(
                    "is no column of a plan; the columns are "
                        + PlanLineCells.Column.allCases.map(\.rawValue).joined(separator: ", "))
            }
            let headings =
                if case .array = field.value { try field.array { try $0.string() } } else { [try field.string()] }
            own[column] = headings.map(Heading.normalised)
        }
        guard own[.ratioAndFrequency] != nil else {
            throw reader.error("columns.ratio_and_frequency", "is missing; name the heading of the rate 抽查比例")
        }
        try reader.finish()
        self.own = own
    }

    /// The column that a heading stands for; nothing when it is none of a plan's, or the mapping does not name it.
    func column(of name: String) -> PlanLineCells.Column? {
        if let own { return own.first { $0.value.contains(name) }?.key }
        if let column = PlanLineCells.Column(rawValue: name) { return column }
        guard Self.isHeading(name) else { return nil }
        return Self.usual.first { rule in
            rule.words.contains { name.contains($0) } && !rule.butNot.contains { name.contains($0) }
        }?.column
    }

    /// Whether a text may be a heading at all: the cells below one hold numbers, or more than a name.
    private static func isHeading(_ name: String) -> Bool {
        let name = name.replacing(#/20\d\d年度?/#, with: "")
        return name.count <= 30 && !name.contains { $0.isNumber || "。；，".contains($0) }
    }

    /// The mapping's headings that a table does not have.
    func missing(in heading: Heading) -> [String] {
        let names = Set(heading.columns.flatMap(\.names))
        return (own ?? [:]).values.joined().filter { !names.contains($0) }.sorted()
    }

    private typealias Rule = (column: PlanLineCells.Column, words: [String], butNot: [String])

    /// The words of headings, the more telling first: 信用风险分类监管要求 is no 抽查要求, 抽查对象数量 no 抽查对象.
    private static let usual: [Rule] = [
        (.creditRule, ["信用", "风险分类", "差异化"], ["代码"]),
        (
            .ratioAndFrequency,
            [
                "比例", "频次", "频率", "次数", "比率", "周期", "抽查数", "检查数", "抽取数", "抽查户数", "检查户数", "抽查家数", "目标数", "任务数",
                "对象数",
            ], ["基数", "总数", "名录"]
        ),
        (
            .window, ["时间", "时限", "时段", "起止", "期限", "检查日期", "抽查日期", "实施日期", "完成日期"],
            ["公示", "公开", "录入", "制定", "发布", "成立"]
        ),
        (.participants, ["配合", "参与", "联合", "协同", "联查", "协办"], ["是否", "类型", "方式", "事项", "名称", "对象", "范围"]),
        (
            .initiator,
            ["牵头", "发起", "主体", "责任部门", "责任单位", "责任科室", "执行科室", "责任股室", "实施部门", "实施单位", "组织部门", "主办"],
            ["方式", "市场主体", "经营主体", "层级"]
        ),
        (.method, ["方式", "方法"], ["发起", "监管方式"]),
        (.kind, ["类型", "类别", "备注", "层级", "模式", "说明"], []),
        (.objectScope, ["对象", "范围", "市场主体", "经营主体"], ["基数", "总数"]),
        (.task, ["任务", "计划名称", "领域", "抽查计划", "行业"], ["编号"]),
        (.items, ["事项", "内容", "项目"], ["依据"]),
        (.sequence, ["序号", "编号"], []),
        (.source, ["文件", "来源"], []),
    ]
}
