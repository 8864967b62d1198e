/// Tables of documents of Word 2007 and later (`.docx`).
///
/// Source: ECMA-376 part 1, §17.4 (tables of WordprocessingML).
enum DocumentTables {
    /// The tables of a document, each named by its place and the paragraph before it.
    static func tables(name: String, bytes: [UInt8]) throws(TableError) -> [Table] {
        let archive = try ZipArchive(name: name, bytes: bytes)
        guard let part = try archive.part("word/document.xml") else {
            throw TableError(name, "is no document; save it as .docx again")
        }
        let reader = Reader(file: name)
        try XMLPart.read(part, of: name, part: "word/document.xml", into: reader)
        guard !reader.tables.isEmpty else {
            throw TableError(name, "没有表格 / has no table; name a file that has one")
        }
        return reader.tables
    }

    private final class Reader: XMLPart.Reader {
        private let file: String
        var tables: [Table] = []
        /// How many tables one within the other the reader is in; those inside give their text to the cell around.
        private var depth = 0
        private var rows: [Table.Row] = []
        private var line = 0
        private var cells: [String] = []
        private var above: [String] = []
        private var cell = ""
        private var span = 1
        private var continues = false
        private var isText = false
        private var paragraph = ""
        private var title = ""
        private var count = 0

        init(file: String) { self.file = file }

        func begin(_ name: String, _ attributes: [String: String]) throws(TableError) {
            func value() -> String? { attributes.first { $0.key == "w:val" || $0.key.hasSuffix(":val") }?.value }
            switch name {
            case "tbl":
                depth += 1
                if depth == 1 { (rows, line, above) = ([], 0, []) }
            case "tr" where depth == 1: (line, cells) = (line + 1, [])
            case "tc" where depth == 1: (cell, span, continues) = ("", 1, false)
            case "gridSpan" where depth == 1:
                span = value().flatMap { Int($0) } ?? 1
                guard (1...1_000).contains(span) else { throw TableError(file, "has a cell over \(span) columns") }
            case "gridBefore", "gridAfter":
                guard depth == 1, let count = value().flatMap({ Int($0) }), (0...1_000).contains(count) else { break }
                if name == "gridBefore" { cells += [String](repeating: "", count: count) }
            case "vMerge" where depth == 1: continues = (value() ?? "continue") == "continue"
            case "p": if depth == 0 { paragraph = "" } else if !cell.isEmpty { cell += "\n" }
            case "t": isText = true
            case "tab": text(inRun: " ")
            case "br", "cr": text(inRun: "\n")
            default: break
            }
        }

        private func text(inRun text: String) {
            if depth == 0 { paragraph += text } else { cell += text }
        }

        func text(_ text: String) { if isText { self.text(inRun: text) } }

        func end(_ name: String) throws(TableError) {
            switch name {
            case "t": isText = false
            case "p" where depth == 0:
                let words = paragraph.split(whereSeparator: \.isWhitespace).joined(separator: " ")
                if !words.isEmpty { title = words }
            case "tc" where depth == 1:
                while cell.hasSuffix("\n") { cell.removeLast() }
                let place = cells.count
                let text = continues && above.indices.contains(place) ? above[place] : cell
                cells += [String](repeating: text, count: span)
                count += span
                guard count <= TableBounds.cells else { throw TableError(file, "has too many cells; split it") }
            case "tr" where depth == 1:
                above = cells
                if cells.contains(where: { !$0.isEmpty }) { rows.append(Table.Row(line: line, cells: cells)) }
            case "tbl":
                depth -= 1
                if depth == 0 {
                    let number = "表\(tables.count + 1)"
                    tables.append(Table(name: title.isEmpty ? number : "\(number) \(title)", rows: rows))
                    title = ""
                }
            default: break
            }
        }
    }
}
