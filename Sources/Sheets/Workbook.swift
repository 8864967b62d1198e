/// Why a workbook cannot be written: the sheet and cell where there is one, what is wrong, and what would be right.
public struct SheetError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Where: `月报表!B3`, a sheet's name, or a file.
    public let place: String
    /// What is wrong and what would be right, in Chinese and English.
    public let message: String

    /// `月报表!B3: …`
    public var description: String { "\(place): \(message)" }

    init(_ place: String, _ message: String) {
        self.place = place
        self.message = message
    }
}

/// A workbook (工作簿) in the format of ECMA-376 (`.xlsx`), written by libxlsxwriter.
///
/// It is a value: nothing is written before `write`, which checks everything first, and the same workbook always gives
/// the same bytes.
public struct Workbook: Sendable, Hashable {
    /// The sheets in their order, at least one.
    public var sheets: [Sheet]
    /// The document's title, at most 255 characters.
    public var title: String
    /// When it was made, in seconds since 1970-01-01T00:00:00Z. It is an argument so that files can be compared.
    public var created: Int

    /// A workbook of the given sheets.
    public init(_ sheets: [Sheet], title: String = "", created: Int) {
        self.sheets = sheets
        self.title = title
        self.created = created
    }

    /// What spreadsheets can hold.
    enum Bounds {
        static let rows = 1_048_576
        static let columns = 16_384
        static let text = 32_767
        static let name = 31
        static let integer = 1 << 53
    }

    /// - Throws: `SheetError` for the first thing that no spreadsheet could hold.
    func check() throws(SheetError) {
        guard !sheets.isEmpty else { throw SheetError(title, "没有工作表 / add at least one sheet") }
        guard title.utf16.count <= 255, !title.unicodeScalars.contains(where: Self.isUnwritable) else {
            throw SheetError(title, "标题过长或含有不能写入的字符 / shorten the title to 255 plain characters")
        }
        guard (1...4_102_444_800).contains(created) else {
            throw SheetError(title, "制作时间不在 1970—2099 年 / created lies outside of 1970 to 2099")
        }
        var names: Set<String> = []
        for sheet in sheets {
            try Self.check(name: sheet.name)
            guard names.insert(sheet.name.lowercased()).inserted else {
                throw SheetError(sheet.name, "工作表重名（不分大小写）/ two sheets have this name")
            }
            try Self.check(sheet)
        }
    }

    private static func check(name: String) throws(SheetError) {
        guard (1...Bounds.name).contains(name.utf16.count) else {
            throw SheetError(name, "工作表名称须有 1 至 31 个字符 / a sheet's name has 1 to 31 characters")
        }
        guard !name.contains(where: { "[]:*?/\\".contains($0) }), !name.hasPrefix("'"), !name.hasSuffix("'"),
            !name.unicodeScalars.contains(where: isUnwritable)
        else {
            throw SheetError(name, "工作表名称不能含有 []:*?/\\，也不能以单引号开头或结尾 / rename the sheet")
        }
    }

    private static func check(_ sheet: Sheet) throws(SheetError) {
        func inBounds(_ position: Sheet.Position) -> Bool {
            (0..<Bounds.rows).contains(position.row) && (0..<Bounds.columns).contains(position.column)
        }
        for (index, merge) in sheet.merges.enumerated() {
            let place = "\(sheet.name)!\(merge.first):\(merge.last)"
            guard inBounds(merge.first), inBounds(merge.last) else {
                throw SheetError(place, "超出工作表范围 / lies outside of a sheet")
            }
            guard !sheet.merges[..<index].contains(where: merge.overlaps) else {
                throw SheetError(place, "与另一合并区域重叠 / overlaps another merged rectangle")
            }
        }
        for (position, cell) in sheet.cells.sorted(by: { $0.key < $1.key }) {
            let place = "\(sheet.name)!\(inBounds(position) ? "\(position)" : "(\(position.row),\(position.column))")"
            guard inBounds(position) else { throw SheetError(place, "超出工作表范围 / lies outside of a sheet") }
            guard !sheet.merges.contains(where: { $0.contains(position) && $0.first != position }) else {
                throw SheetError(place, "被合并区域遮住 / is hidden by a merged rectangle; write to its first cell")
            }
            switch cell.value {
            case .text(let text):
                guard text.utf16.count <= Bounds.text else {
                    throw SheetError(place, "超过 32767 个字符 / is longer than 32,767 characters")
                }
                guard !text.unicodeScalars.contains(where: isUnwritable) else {
                    throw SheetError(place, "含有不能写入的字符（如 U+0000）/ holds characters that XML cannot carry")
                }
            case .integer(let number), .ppm(let number):
                guard (-Bounds.integer...Bounds.integer).contains(number) else {
                    throw SheetError(
                        place, "\(number) 超出 ±2^53，表格不能精确保存 / is beyond ±2^53, which no sheet keeps exactly")
                }
            case .blank: break
            }
        }
        for (column, width) in sheet.columnWidths
        where !(0..<Bounds.columns).contains(column) || !(0...255).contains(width) {
            throw SheetError("\(sheet.name)", "列 \(column) 宽度 \(width) 无效 / a column's width is 0 to 255")
        }
        for (row, height) in sheet.rowHeights where !(0..<Bounds.rows).contains(row) || !(0...409).contains(height) {
            throw SheetError("\(sheet.name)", "行 \(row) 高度 \(height) 无效 / a row's height is 0 to 409")
        }
        guard sheet.footer.utf16.count <= 255 else {
            throw SheetError(sheet.name, "页脚超过 255 个字符 / shorten the footer")
        }
    }

    /// What neither C text nor XML 1.0 can carry; other control characters are escaped by the format.
    private static func isUnwritable(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "\0" || scalar.value == 0xFFFE || scalar.value == 0xFFFF
    }
}
