import Draw
import Registers

extension Scheme {
    /// The scheme as a document to be printed on A4, in Chinese.
    ///
    /// - Parameter approvedOn: the day of the approval; `nil` marks it as a draft.
    func html(approvedOn: Day?) -> String {
        let lead = name(plan.department)
        let title = line.title + (line.title.contains("抽查") ? "工作方案" : "随机抽查工作方案")
        let draws = line.draws > 1 ? "（全年 \(line.draws) 次之第 \(draw) 次）" : ""
        let sections: [(String, String)] = [
            ("抽查依据", basis), ("抽查事项", itemTable), ("抽查对象和比例", objects), ("检查方式和时间", methods),
            ("组织分工", division), ("工作步骤", steps), ("工作要求", requirements),
        ]
        let numbers = ["一", "二", "三", "四", "五", "六", "七"]
        let body = zip(numbers, sections).map { number, section in
            "<h2>\(number)、\(section.0)</h2>\n\(section.1)"
        }.joined(separator: "\n")
        let signature =
            approvedOn.map { "<p>批准日期：\($0.chinese)</p>" }
            ?? "<p>负责人（签字）：<span class=\"blank\"></span></p><p>日期：<span class=\"blank\"></span></p>"
        return """
            <!DOCTYPE html>
            <html lang="zh-CN">
            <head>
            <meta charset="utf-8">
            <title>\(title.escapedForMarkup)</title>
            <style>\(Self.style)</style>
            </head>
            <body>
            <p class="number">\(plan.id.escapedForMarkup) 第 \(plan.version) 版 · 第 \(line.id.escapedForMarkup) 行 · 第 \(draw) 次抽取\
            \(approvedOn == nil ? "<span class=\"draft\">草案 未经批准</span>" : "")</p>
            <h1>\(title.escapedForMarkup)</h1>
            <p class="subtitle">\(plan.year)年度\(plan.kind == .joint ? "部门联合" : "")抽查\(draws)　\(lead.escapedForMarkup)</p>
            \(body)
            <div class="signature"><p>\(lead.escapedForMarkup)</p>\(signature)</div>
            <p class="made">本方案由系统据计划和名录于 \(day.chinese) 生成；对象户数以抽取时冻结的名录为准。</p>
            </body>
            </html>

            """
    }

    private static let style = """
        @page { size: A4; margin: 30mm 26mm 28mm; }
        * { box-sizing: border-box; }
        body { font-family: FangSong, "仿宋", STFangsong, "Noto Serif CJK SC", "Source Han Serif SC", serif;
          font-size: 12pt; line-height: 1.75; color: #000; max-width: 158mm; margin: 0 auto; }
        h1 { font-size: 20pt; line-height: 1.4; text-align: center; margin: 6mm 0 2mm; font-weight: 700; }
        h2 { font-family: SimHei, "黑体", STHeiti, "Noto Sans CJK SC", "Source Han Sans SC", sans-serif;
          font-size: 13pt; font-weight: 700; margin: 6mm 0 2mm; break-after: avoid; }
        p { margin: 0 0 1.5mm; text-indent: 2em; text-align: justify; }
        .number, .subtitle, .made, .signature p { text-indent: 0; }
        .number { font-size: 10pt; border-bottom: 0.4mm solid #b00; padding-bottom: 1.5mm; }
        .draft { float: right; color: #b00; font-weight: 700; }
        .subtitle { text-align: center; margin-bottom: 4mm; }
        .made { font-size: 9pt; color: #555; margin-top: 10mm; }
        table { width: 100%; border-collapse: collapse; margin: 2mm 0 3mm; font-size: 10.5pt; line-height: 1.45; }
        thead { display: table-header-group; }
        tr { break-inside: avoid; }
        th, td { border: 0.25mm solid #000; padding: 1.2mm 1.8mm; text-align: left; vertical-align: middle; }
        th { font-weight: 700; text-align: center; background: #f2f2f2; }
        td.n { text-align: right; white-space: nowrap; }
        td.c { text-align: center; white-space: nowrap; }
        th, td:first-child { white-space: nowrap; }
        .signature { margin: 12mm 0 0 auto; width: 72mm; break-inside: avoid; }
        .blank { display: inline-block; width: 34mm; border-bottom: 0.25mm solid #000; }
        @media screen { body { padding: 12mm; max-width: 210mm; } }
        """

    private var basis: String {
        let laws = line.parts.flatMap(\.items).compactMap { items[$0]?.legalBasis }
        var unique: [String] = []
        for law in laws where !unique.contains(law) { unique.append(law) }
        let change = plan.version > 1 ? "（第 \(plan.version) 版）" : ""
        return Self.paragraph(
            "根据\(unique.isEmpty ? "有关法律法规" : unique.joined(separator: "、"))，按照《\(plan.title)》\(change)安排，"
                + "开展“\(line.title)”随机抽查，随机抽取检查对象，随机选派执法检查人员，抽查结果向社会公开。")
    }

    private var itemTable: String {
        Self.table(
            ["编号", "抽查事项", "执法依据", "类别", "检查表"],
            line.parts.flatMap(\.items).map { id in
                let item = items[id]
                let category = item.map { $0.capPPM.map { "一般（上限 \(RateCap.percent(ppm: $0))）" } ?? "重点" } ?? "—"
                let checklists = item?.checklists.map(\.title).joined(separator: "、") ?? ""
                return [
                    id, item?.name ?? "（清单中没有）", item?.legalBasis ?? "—", category,
                    checklists.isEmpty ? "—" : checklists,
                ]
            })
    }

    private var objects: String {
        let size = pool.values.reduce(0, +)
        let conditions = line.pool.conditions
        var regulators = ""
        if let departments = line.pool.regulators {
            regulators = "，由\(departments.map(name).joined(separator: "、"))监管"
        }
        let scope =
            "检查对象：\(line.objects ?? line.title)。抽取范围为检查对象名录库中"
            + (conditions.isEmpty ? "全部对象" : conditions.joined(separator: "，且") + "的对象") + regulators
            + "，现有 \(size) 户。"
        guard let rates = line.sample.ratesByClass else {
            guard case .count(let bounds) = line.sample else { return Self.paragraph(scope) }
            let least = drawn.least.values.reduce(0, +)
            let most = drawn.most.values.reduce(0, +)
            return Self.paragraph(scope)
                + Self.paragraph(
                    "本次抽取 \(bounds.countText)（按现有名录为 \(least == most ? "\(least)" : "\(least)—\(most)") 户），不分信用风险等级。")
        }
        let rows = [CreditClass.a, .b, .c, .d, .none].filter { pool[$0] ?? 0 > 0 || rates[$0] != nil }.map { credit in
            let stratum = Stratum.creditClass(credit)
            let least = drawn.least[stratum] ?? 0
            let most = drawn.most[stratum] ?? 0
            return [
                credit == .none ? "未分类" : credit.rawValue, "\(pool[credit] ?? 0)", rates[credit]?.percentText ?? "0%",
                least == most ? "\(least)" : "\(least)—\(most)",
            ]
        }
        let least = drawn.least.values.reduce(0, +)
        let most = drawn.most.values.reduce(0, +)
        let total = ["合计", "\(size)", "", least == most ? "\(least)" : "\(least)—\(most)"]
        return Self.paragraph(scope)
            + Self.table(["信用风险等级", "现有户数", "抽查比例", "拟抽户数"], rows + [total], numbers: true)
    }

    private var methods: String {
        let days = window.flatMap { window in
            Day(window.first).flatMap { first in Day(window.last).map { "\(first.chinese)至\($0.chinese)" } }
        }
        var text = Self.paragraph(
            "检查方式：\(line.methods.map(\.chinese).joined(separator: "、"))。检查时间：\(days ?? "—")。")
        if line.joint {
            text += Self.paragraph("同一对象被多个部门或多个事项同时抽中的，合并为一次检查，做到“进一次门、查多项事”。")
        }
        if !together.isEmpty {
            text += Self.paragraph(
                "与“\(together.map(\.title).joined(separator: "”“"))”实行内部联合，在同一轮次抽取、同次检查。")
        }
        return text
    }

    private var division: String {
        let rows = line.parts.map { part in
            [
                name(part.department) + (part.unit.map { "（\($0)）" } ?? ""),
                part.department == plan.department ? "牵头" : "配合",
                part.items.map { items[$0]?.name ?? $0 }.joined(separator: "；"), "\(max(2, part.team)) 人",
                part.specialties.isEmpty ? "不限" : part.specialties.joined(separator: "、"),
            ]
        }
        return Self.table(["部门", "分工", "负责事项", "每组至少", "专业要求"], rows)
    }

    private var steps: String {
        let confirm =
            line.parts.count > 1
            ? "牵头部门与配合部门同时报送本部门的抽取申请，写明本计划行" : "报送抽取申请，写明本计划行"
        return [
            "申请：\(confirm)；轮次截止后，检查对象名录和执法检查人员名录即行冻结，并公布承诺。",
            "抽取：见证人揭示随机数、公共随机值产生后，由系统随机抽取检查对象，任何人可以重新计算核对。",
            "匹配：抽取后 \(matchWorkingDays) 个工作日内随机匹配执法检查人员；与检查对象有利害关系的应当回避。",
            "检查：检查人员不少于两人，出示执法证件，按检查表逐项检查并如实记录；检查对象名单在检查开始前不得泄露。",
            "公示：谁检查、谁录入、谁公开，检查结束后 \(publicationWorkingDays) 个工作日内归集到检查对象名下并向社会公示。",
            "处置：发现问题的依法责令改正、立案查处或移送，做好后续监管衔接。",
        ].enumerated().map { Self.paragraph("（\(["一", "二", "三", "四", "五", "六"][$0])）\($1)") }.joined()
    }

    private var requirements: String {
        let text = [
            "严格按照抽取结果开展检查，不得擅自增减、更换检查对象；确需调整计划的，按程序重新审核、批准、上报和公布。",
            "严格遵守廉洁纪律，不得妨碍检查对象正常的生产经营活动；检查中发现安全隐患的，立即处置并报告。",
        ].map(Self.paragraph).joined()
        return text + (line.note.map { Self.paragraph("备注：\($0)") } ?? "")
    }

    private static func paragraph(_ text: String) -> String { "<p>\(text.escapedForMarkup)</p>\n" }

    /// - Parameter numbers: whether all columns but the first hold numbers.
    private static func table(_ headings: [String], _ rows: [[String]], numbers: Bool = false) -> String {
        let head = headings.map { "<th>\($0.escapedForMarkup)</th>" }.joined()
        let body = rows.map { row in
            "<tr>"
                + row.enumerated().map { column, cell in
                    "<td\(numbers ? (column == 0 ? " class=\"c\"" : " class=\"n\"") : "")>\(cell.escapedForMarkup)</td>"
                }.joined() + "</tr>\n"
        }.joined()
        return "<table><thead><tr>\(head)</tr></thead><tbody>\n\(body)</tbody></table>\n"
    }
}
