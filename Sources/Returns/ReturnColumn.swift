import Registers

/// A column of part two of the form.
struct ReturnColumn: Sendable {
    /// What a cell of it shows.
    enum Value: Sendable, Hashable {
        case text(String)
        case number(Int)
        case ppm(Int?)

        /// For people; rates with all their digits.
        var text: String {
            switch self {
            case .text(let text): text
            case .number(let number): String(number)
            case .ppm(let ppm): percent(ppm)
            }
        }
    }

    /// Its name for programs, such as `inspected` or `category:未发现问题`.
    let key: String
    /// Its heading.
    let title: String
    /// Whether the annexed form has it, as far as its copy goes; the others are this project's additions.
    let isOfForm: Bool
    /// Its value in a line; sums have no row.
    let value: @Sendable (ReturnRow?, Figures) -> Value

    private init(
        _ key: String, _ title: String, isOfForm: Bool = false,
        _ value: @escaping @Sendable (ReturnRow?, Figures) -> Value
    ) {
        self.key = key
        self.title = title
        self.isOfForm = isOfForm
        self.value = value
    }

    /// The columns of a return, the form's own first.
    static func all(of report: ReturnReport) -> [ReturnColumn] {
        let names = report.names
        func number(_ key: String, _ title: String, _ value: @escaping @Sendable (Figures) -> Int) -> ReturnColumn {
            ReturnColumn(key, title) { _, figures in .number(value(figures)) }
        }
        var columns = [
            ReturnColumn("item", "抽查事项名称", isOfForm: true) { row, _ in .text(row?.name ?? "") },
            ReturnColumn("rate", "抽查比例", isOfForm: true) { _, figures in .ppm(figures.ratePPM) },
            ReturnColumn("kind", "抽查类型") { row, _ in .text(row.map { $0.joint ? "部门联合" : "部门内部" } ?? "") },
        ]
        if report.department == nil {
            columns.append(
                ReturnColumn("department", "抽查部门") { row, _ in
                    .text(row.map { names[$0.department] ?? $0.department } ?? "")
                })
        }
        columns += [
            ReturnColumn("object", "检查对象") { row, _ in .text(row?.objectKind ?? "") },
            ReturnColumn("planned", "计划比例") { row, figures in .text(row == nil ? "" : figures.plannedText) },
            number("pool", "基数") { $0.pool }, number("drawn", "抽取户数") { $0.drawn },
            number("due", "应抽户数") { $0.due }, number("inspected", "已查户数") { $0.inspected },
            number("failed", "无法检查") { $0.failed }, number("published", "已公示") { $0.published },
            number("unpublished", "未公示") { $0.unpublished },
            ReturnColumn("published_ppm", "公示率") { _, figures in .ppm(figures.publishedPPM) },
        ]
        columns += report.categories.map { name in number("category:\(name)", name) { $0.categories[name] ?? 0 } }
        columns += report.followUpKinds.map { kind in
            number("follow-up:\(kind.kind)", kind.name) { $0.followUpsByKind[kind.kind] ?? 0 }
        }
        columns += [
            number("follow-ups", "后续处置") { $0.followUps }, number("closed", "办结") { $0.closed },
            ReturnColumn("closed_ppm", "办结率") { _, figures in .ppm(figures.closedPPM) },
            ReturnColumn("departments", "参与部门（联合）") { row, figures in
                row == nil
                    ? .text(figures.departments.isEmpty ? "" : "\(figures.departments.count)个")
                    : .text(figures.departments.sorted().map { names[$0] ?? $0 }.joined(separator: "、"))
            },
            number("inspector_visits", "检查人员人次") { $0.inspectorVisits },
        ]
        return columns
    }
}

extension ReturnReport {
    /// The title, with the month in the form's brackets.
    var title: String {
        switch period.kind {
        case .monthly: "市场监管领域部门联合“双随机、一公开”抽查工作月报表（ \(period.first.parts.month)月 ）"
        case .halfYear, .annual: "“双随机、一公开”监管\(period.chinese)工作总结统计表"
        }
    }

    /// What part three says of leads.
    static func leadsText(_ leads: [String: Int]) -> String {
        func count(_ what: String) -> Int { leads[what] ?? 0 }
        let received = count("complaint") + count("referral") + count("monitoring")
        return "收到线索\(received)件（投诉举报\(count("complaint"))、转办交办\(count("referral"))、数据监测\(count("monitoring"))），"
            + "检查\(count("inspected"))件，立案\(count("filed"))件，办结\(count("concluded"))件"
    }
}
