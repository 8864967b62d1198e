/// Workbooks of Excel 2007 and later (`.xlsx`).
///
/// Source: ECMA-376 part 1, §18 (SpreadsheetML).
enum Workbook {
    /// The sheets of a workbook as people see them, in their order.
    static func tables(name: String, bytes: [UInt8]) throws(TableError) -> [Table] {
        let archive = try ZipArchive(name: name, bytes: bytes)
        func read(_ path: String, _ reader: some XMLPart.Reader) throws(TableError) -> Bool {
            guard let part = try archive.part(path) else { return false }
            try XMLPart.read(part, of: name, part: path, into: reader)
            return true
        }
        let root = Relations()
        _ = try read("_rels/.rels", root)
        let path =
            root.targets.values.first { $0.type.hasSuffix("/officeDocument") }.map { resolve($0.target, "") }
            ?? "xl/workbook.xml"
        let book = BookReader()
        guard try read(path, book), !book.sheets.isEmpty else {
            throw TableError(name, "不是工作簿或没有工作表，请重新另存为 .xlsx / is no workbook, or has no sheet; save it as .xlsx again")
        }
        let folder = path.split(separator: "/").dropLast().joined(separator: "/")
        let file = path.split(separator: "/").last.map(String.init) ?? ""
        let relations = Relations()
        _ = try read("\(folder)/_rels/\(file).rels", relations)
        func target(_ suffix: String) -> String? {
            relations.targets.values.first { $0.type.hasSuffix(suffix) }.map { resolve($0.target, folder) }
        }
        let strings = SharedStrings()
        if let path = target("/sharedStrings") { _ = try read(path, strings) }
        let styles = Styles()
        if let path = target("/styles") { _ = try read(path, styles) }
        var tables: [Table] = []
        for sheet in book.sheets {
            // Charts and dialogs are sheets without cells.
            guard let relation = relations.targets[sheet.relation], relation.type.hasSuffix("/worksheet") else {
                continue
            }
            let reader = SheetReader(
                file: name, sheet: sheet.name, strings: strings.strings, formats: styles.formats,
                startsIn1904: book.startsIn1904)
            let path = resolve(relation.target, folder)
            guard try read(path, reader) else {
                throw TableError(name, sheet: sheet.name, "its part \(path) is missing; save it again")
            }
            tables.append(Table(name: sheet.name, rows: try reader.rows(), isHidden: sheet.isHidden))
        }
        return tables
    }

    /// A relation's target as the name of a part.
    private static func resolve(_ target: String, _ folder: String) -> String {
        if target.hasPrefix("/") { return String(target.dropFirst()) }
        var path = folder.split(separator: "/").map(String.init)
        for step in target.split(separator: "/") {
            switch step {
            case "..": if !path.isEmpty { path.removeLast() }
            case ".": break
            default: path.append(String(step))
            }
        }
        return path.joined(separator: "/")
    }

    /// Parts by the id of their relation.
    private final class Relations: XMLPart.Reader {
        var targets: [String: (type: String, target: String)] = [:]

        func begin(_ name: String, _ attributes: [String: String]) {
            guard name == "Relationship", let id = attributes["Id"] else { return }
            targets[id] = (attributes["Type"] ?? "", attributes["Target"] ?? "")
        }

        func end(_ name: String) {}
        func text(_ text: String) {}
    }

    /// The sheets, and from when days are counted.
    private final class BookReader: XMLPart.Reader {
        var sheets: [(name: String, relation: String, isHidden: Bool)] = []
        var startsIn1904 = false

        func begin(_ name: String, _ attributes: [String: String]) {
            switch name {
            case "sheet":
                let relation = attributes.first { $0.key == "r:id" || $0.key.hasSuffix(":id") }?.value ?? ""
                sheets.append((attributes["name"] ?? "", relation, (attributes["state"] ?? "visible") != "visible"))
            case "workbookPr": startsIn1904 = ["1", "true"].contains(attributes["date1904"] ?? "")
            default: break
            }
        }

        func end(_ name: String) {}
        func text(_ text: String) {}
    }

    /// Text that cells share; how it is read aloud (振假名, `rPh`) is left out.
    private final class SharedStrings: XMLPart.Reader {
        var strings: [String] = []
        private var current = ""
        private var isText = false
        private var isPhonetic = false

        func begin(_ name: String, _ attributes: [String: String]) {
            switch name {
            case "si": current = ""
            case "rPh": isPhonetic = true
            case "t": isText = !isPhonetic
            default: break
            }
        }

        func end(_ name: String) {
            switch name {
            case "si": strings.append(current)
            case "rPh": isPhonetic = false
            case "t": isText = false
            default: break
            }
        }

        func text(_ text: String) { if isText { current += text } }
    }

    /// The number format of each cell style.
    private final class Styles: XMLPart.Reader {
        var formats: [CellFormat] = []
        private var codes: [Int: String] = [:]
        private var isInCells = false

        func begin(_ name: String, _ attributes: [String: String]) {
            switch name {
            case "numFmt":
                if let id = attributes["numFmtId"].flatMap({ Int($0) }) { codes[id] = attributes["formatCode"] ?? "" }
            case "cellXfs": isInCells = true
            case "xf" where isInCells:
                let id = attributes["numFmtId"].flatMap { Int($0) } ?? 0
                formats.append(CellFormat(id: id, code: codes[id]))
            default: break
            }
        }

        func end(_ name: String) { if name == "cellXfs" { isInCells = false } }
        func text(_ text: String) {}
    }
}
