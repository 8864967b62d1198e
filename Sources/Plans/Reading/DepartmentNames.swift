/// The departments that a cell names (牵头部门、配合部门), however they are parted: by commas, strokes, blanks, line breaks, or
/// the words for "and". Part of a name is nobody's: 住房和城乡建设局 is one, 民政局和公安局 are two.
enum DepartmentNames {
    /// Reads the names in the order in which they stand.
    static func read(_ cell: String) -> [String] {
        cell.unicodeScalars.split { "、,;/".unicodeScalars.contains(PlanText.plain($0)) }.flatMap { piece in
            words(of: Substring(piece)).flatMap(parted).map(withoutRole).filter { !saysNothing($0) }
        }
    }

    /// What the name of a department ends with.
    private static let endings = [
        "局", "委", "委员会", "部门", "办", "办公室", "中心", "大队", "支队", "总队", "机构", "厅", "署", "公司", "银行",
    ]
    private static let conjunctions = ["以及", "及", "和", "与", "会同"]

    private static func isWhole(_ name: some StringProtocol) -> Bool { endings.contains { name.hasSuffix($0) } }

    /// A blank or a line break parts names where the one before it is whole; else it is layout, unless no name is whole.
    private static func words(of piece: Substring) -> [String] {
        let words = piece.split(whereSeparator: \.isWhitespace).map(String.init)
        guard words.contains(where: isWhole) else { return words }
        return words.reduce(into: []) { names, word in
            // A remark in brackets belongs to the name before it.
            if let last = names.last, !isWhole(withoutRole(last)) || word.hasPrefix("(") || word.hasPrefix("（") {
                names[names.count - 1] = last + word
            } else {
                names.append(word)
            }
        }
    }

    private static func parted(_ name: String) -> [String] {
        for conjunction in conjunctions {
            var from = name.startIndex
            while let found = name[from...].firstRange(of: conjunction) {
                let before = withoutRole(String(name[..<found.lowerBound]))
                if isWhole(before), found.upperBound < name.endIndex {
                    return [before] + parted(String(name[found.upperBound...]))
                }
                from = found.upperBound
            }
        }
        return [name]
    }

    /// Without a remark in brackets on the part that it takes, or on how many there are.
    private static func withoutRole(_ name: String) -> String {
        name.replacing(/[(（](?:牵头|主办|发起|配合|协办|参与|联合|\d+[家个])(?:单位|部门)?[)）]$/, with: "")
    }

    private static func saysNothing(_ name: String) -> Bool {
        ["无", "暂无", "没有"].contains(name) || name.allSatisfy { "-—–－*.·".contains($0) }
    }
}
