extension PlanLineReading {
    /// The reading as officials read it: what is understood, what is not, and what to fill in; one statement a line.
    public var text: [String] {
        var lines: [String] = []
        func add(_ name: String, _ value: String?) { if let value { lines.append("  \(name)：\(value)") } }
        add("抽查比例", rate.map { Self.text($0, Self.percent) })
        add("抽查数量", count.map { Self.text($0) { "\($0)户（家、个）" } })
        add("抽查频次", timesPerYear.map { "每年\($0)次" })
        if !ratesByClass.isEmpty {
            add("分类比例", ratesByClass.map { "\($0.name) \(Self.text($0.rate, Self.percent))" }.joined(separator: "，"))
        }
        switch (window.first?.text, window.last?.text) {
        case (let first?, let last?): add("抽查时间", "\(first) 至 \(last)")
        case (let first?, nil): add("抽查时间", "\(first) 起")
        case (nil, let last?): add("抽查时间", "\(last) 前")
        case (nil, nil): break
        }
        let names = ["onsite": "现场检查", "written": "书面检查", "online": "网络检查"]
        add("抽查方式", methods.isEmpty ? nil : methods.compactMap { names[$0] }.joined(separator: "、"))
        add("牵头部门", leads.isEmpty ? nil : leads.joined(separator: "、"))
        add("配合部门", participants.isEmpty ? nil : participants.joined(separator: "、"))
        for piece in notUnderstood {
            let what = piece.text.isEmpty ? "（空白）" : "“\(piece.text.replacing("\n", with: " "))”"
            lines.append("  看不懂：\(piece.cell.chinese)中的\(what)：\(piece.why)")
            lines.append("  请填写：\(piece.fillIn)")
        }
        return lines
    }

    private static func text(_ range: Bounds, _ unit: (Int) -> String) -> String {
        switch (range.least, range.most) {
        case (let min?, let max?): min == max ? unit(min) : "\(unit(min))至\(unit(max))"
        case (let min?, nil): "不低于\(unit(min))"
        case (nil, let max?): "不超过\(unit(max))"
        case (nil, nil): ""
        }
    }

    /// Parts per million as a percentage, exact: 5,000 is 0.5%.
    private static func percent(_ ppm: Int) -> String {
        var fraction = String(ppm % 10_000 + 10_000).dropFirst()
        while fraction.last == "0" { fraction.removeLast() }
        return "\(ppm / 10_000)" + (fraction.isEmpty ? "" : ".\(fraction)") + "%"
    }
}
