/// What a line says of its objects in its other cells, to tell whether words beside a rate name all of them or a part.
struct PlanScope {
    /// The objects (抽查对象范围), in plain form.
    let objects: String
    /// These, the items and the task.
    let all: String

    init(_ cells: PlanLineCells) {
        objects = PlanText(cells[.objectScope], breaks: .join).plainText
        all = [cells[.objectScope], cells[.items], cells[.task]]
            .map { PlanText($0, breaks: .join).plainText }.joined(separator: "\n")
    }

    /// Whether the words before a rate name all of the line's objects, and not some of several kinds.
    func isWhole(_ words: String) -> Bool {
        if words == objects || words.contains("对象") && !words.contains("重点") { return true }
        let isList = objects.replacing("涉及", with: "").contains { "、和及与,;/".contains($0) }
        if objects.contains(words) { return !isList }
        return Self.general.contains(words) && !(isList && objects.contains("个体"))
    }

    /// Words that any kind of object may be called by.
    private static let general: Set<String> = [
        "企业", "单位", "机构", "主体", "市场主体", "经营主体", "经营者", "场所", "项目", "公司", "各类企业", "各类单位", "对象", "户", "家",
    ]
}
