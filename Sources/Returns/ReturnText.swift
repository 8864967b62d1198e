import JSON

/// A return as lines of text.
public enum ReturnText {
    /// The form, then the additions; `frozen` adds when it was submitted and approved, problems and answers.
    public static func lines(_ report: ReturnReport, frozen: FrozenReturn? = nil) -> [String] {
        var lines = [
            report.title,
            "填报单位（地区）：\(report.name)    填报时间：\(frozen?.submittedAt ?? "未报送")"
                + (frozen.map { "    填报人：\($0.filledBy)    \($0.approval)" } ?? ""),
            "一、“双随机、一公开”制度机制建设情况",
        ]
        for (index, mechanism) in report.mechanisms.enumerated() {
            lines.append("\(index + 1)\t\(mechanism.question)\t\(mechanism.answer)")
        }
        lines.append("二、随机抽查工作开展情况（第三栏起为本系统增列）")
        lines += table(report.section, report)
        if report.section.isZero { lines.append("零报告：本期没有应抽、已查的任务，也没有线索。") }
        lines.append("三、个案线索处置情况（增列）\t" + ReturnReport.leadsText(report.section.leads))
        if let year = report.year {
            lines.append("本年累计（增列）")
            lines += table(year, report)
            lines.append("个案线索\t" + ReturnReport.leadsText(year.leads))
        }
        for remark in frozen?.remarks ?? [] {
            lines.append(
                "\(remark.what == "problem" ? "存在问题" : "工作建议")\(remark.number)：\(remark.text)"
                    + (remark.answer.map { "    办公室答复：\($0)" } ?? "    （待答复）"))
        }
        lines.append("注：户数按检查任务计（户次）；各比率按百万分比计算，不足一个百万分点的舍去；无基数的记“—”。")
        return lines
    }

    /// The headings of part two and its lines, sums last.
    public static func cells(
        _ section: ReturnSection, of report: ReturnReport
    ) -> (titles: [String], lines: [[String]]) {
        let columns = ReturnColumn.all(of: report)
        let rows = section.rows.map { row in columns.map { $0.value(row, row.figures).text } }
        let sums = section.sums.map { sum in
            columns.map { $0.key == "item" ? sum.name : $0.value(nil, sum.figures).text }
        }
        return (columns.map(\.title), rows + sums)
    }

    private static func table(_ section: ReturnSection, _ report: ReturnReport) -> [String] {
        let (titles, lines) = cells(section, of: report)
        return ([titles] + lines).map { $0.joined(separator: "\t") }
    }

    /// What is not as it was submitted.
    public static func lines(_ changes: [ReturnChange]) -> [String] {
        changes.isEmpty
            ? ["报送后没有变化 / nothing has changed since"]
            : changes.map {
                "\($0.line)\t\($0.name)\t\($0.figure)\t\($0.then.canonicalText) → \($0.now.canonicalText)"
            }
    }
}
