/// One line of a plan table (抽查计划表的一行) as a department wrote it: the text of its cells, empty where there is none.
public struct PlanLineCells: Sendable, Hashable {
    /// The columns, in the order of the house's own table; the raw value is the column's heading there.
    public enum Column: String, Sendable, CaseIterable {
        /// The document's title (文件标题); often the only place that names the year.
        case source
        /// The line's number in the document (序号).
        case sequence
        /// The task (抽查任务、抽查计划名称).
        case task
        /// The inspection items (抽查事项).
        case items
        /// Whom it concerns (抽查对象范围).
        case objectScope = "object_scope"
        /// The rate, the count and how often (抽查比例及频次).
        case ratioAndFrequency = "ratio_and_frequency"
        /// What holds by credit risk class (信用风险分类监管要求).
        case creditRule = "credit_rule"
        /// From when to when (抽查时间).
        case window
        /// How it is inspected (抽查方式).
        case method
        /// The leading department (发起部门、牵头部门).
        case initiator
        /// The other departments (配合部门、参与部门).
        case participants
        /// The kind of inspection or what else the document says (抽查类型、备注).
        case kind

        /// The column's name in Chinese, as officials call it.
        public var chinese: String {
            switch self {
            case .source: "文件标题"
            case .sequence: "序号"
            case .task: "抽查任务"
            case .items: "抽查事项"
            case .objectScope: "抽查对象范围"
            case .ratioAndFrequency: "抽查比例和频次"
            case .creditRule: "信用风险分类要求"
            case .window: "抽查时间"
            case .method: "抽查方式"
            case .initiator: "发起部门"
            case .participants: "配合部门"
            case .kind: "抽查类型"
            }
        }
    }

    private var texts: [Column: String]

    /// A line with the given texts; columns that are left out are empty.
    public init(_ texts: [Column: String] = [:]) { self.texts = texts.filter { !$0.value.isEmpty } }

    /// The text of a cell.
    public subscript(column: Column) -> String {
        get { texts[column] ?? "" }
        set { texts[column] = newValue.isEmpty ? nil : newValue }
    }
}
