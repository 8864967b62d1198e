import Foundation
import JSON
import Tables

/// A mapping with the columns of one file that it found.
struct MappingBinding {
    private let mapping: Mapping
    /// The places of each field's columns.
    private let places: [[Int]]
    private let skips: [Int?]
    private let width: Int

    /// Finds the mapping's columns under a heading.
    ///
    /// - Throws: `TableError` naming a column that is missing, there twice, or not mentioned.
    init(_ mapping: Mapping, heading: Heading, file: String, sheet: String) throws(TableError) {
        self.mapping = mapping
        width = heading.columns.count
        let listed = heading.columns.map(\.name).filter { !$0.isEmpty }.joined(separator: ", ")
        func place(_ alternatives: [String], _ key: String) throws(TableError) -> Int {
            for name in alternatives {
                // A column's full name goes before the lower part of another's.
                let whole = heading.columns.indices.filter { heading.columns[$0].names.first == name }
                let found =
                    whole.isEmpty ? heading.columns.indices.filter { heading.columns[$0].names.contains(name) } : whole
                if found.count == 1 { return found[0] }
                if found.count > 1 {
                    throw TableError(
                        file, sheet: sheet, line: heading.line, column: name,
                        "有 \(found.count) 列（\(found.map { heading.columns[$0].name }.joined(separator: "、"))），请在 \(mapping.name) 的 \(key) 写全名 / "
                            + "is there \(found.count) times; write its whole name in the mapping")
                }
            }
            throw TableError(
                file, sheet: sheet, line: heading.line, column: alternatives.joined(separator: " or "),
                "\(mapping.name) 的 \(key) 写了这一列，文件中没有；文件的列有：\(listed) / is missing, which the mapping names")
        }
        var places: [[Int]] = []
        for field in mapping.fields {
            var found: [Int] = []
            for names in field.source.columns { found.append(try place(names, "fields.\(field.column.name)")) }
            places.append(found)
        }
        self.places = places
        var skips: [Int?] = []
        for (index, skip) in mapping.skips.enumerated() { skips.append(try place([skip.column], "skip[\(index)]")) }
        self.skips = skips
        if !mapping.ignoresOthers {
            let used = Set(places.joined()).union(skips.compactMap { $0 })
            for (index, column) in heading.columns.enumerated() where !used.contains(index) && !column.names.isEmpty {
                guard column.names.contains(where: mapping.ignored.contains) else {
                    throw TableError(
                        file, sheet: sheet, line: heading.line, column: column.name,
                        "映射中没有这一列，请写进 \(mapping.name) 的 fields 或 ignore / is not in the mapping; add it to fields or to ignore"
                    )
                }
            }
        }
    }

    /// The register's row that a record is; `nil` when it is to be left out.
    func row(_ record: Table.Row) -> FileRow? {
        func cell(_ place: Int) -> String { place < record.cells.count ? record.cells[place] : "" }
        for (skip, place) in zip(mapping.skips, skips) {
            if let place, skip.applies(to: cell(place).trimmingCharacters(in: .whitespacesAndNewlines)) { return nil }
        }
        var body: [String: JSONValue] = [:]
        var findings: [Finding] = []
        for (field, places) in zip(mapping.fields, places) {
            let (value, finding) = field.value { .text(cell(places[$0])) }
            body[field.column.name] = value
            if let finding { findings.append(finding) }
            findings += places.compactMap { RegisterRows.cellError(cell($0), field.column.name) }
        }
        for index in record.cells.indices.dropFirst(width) where !record.cells[index].isEmpty {
            body["#\(index + 1)"] = .string(record.cells[index])
        }
        return FileRow(line: record.line, body: .object(body), findings: findings)
    }

    /// The register's row that an object is; `nil` when it is to be left out. Names within names are parted by `/`.
    static func row(_ mapping: Mapping, _ members: [String: JSONValue], line: Int) -> FileRow? {
        var cells: [String: SourceCell] = [:]
        flatten(.object(members), "", into: &cells)
        for skip in mapping.skips
        where skip.applies(to: (cells[skip.column]?.text ?? "").trimmingCharacters(in: .whitespacesAndNewlines)) {
            return nil
        }
        var body: [String: JSONValue] = [:]
        var findings: [Finding] = []
        for field in mapping.fields {
            let columns = field.source.columns
            let (value, finding) = field.value { index in
                columns[index].lazy.compactMap { cells[$0] }.first ?? .text("")
            }
            body[field.column.name] = value
            if let finding { findings.append(finding) }
        }
        if !mapping.ignoresOthers {
            let named = mapping.names
            for (name, cell) in cells where !named.contains(name) && !cell.text.isEmpty {
                body[name] = .string(cell.text)
            }
        }
        return FileRow(line: line, body: .object(body), findings: findings)
    }

    private static func flatten(_ value: JSONValue, _ name: String, into cells: inout [String: SourceCell]) {
        switch value {
        case .object(let members):
            for (key, value) in members {
                let key = Heading.normalised(key)
                flatten(value, name.isEmpty ? key : "\(name)/\(key)", into: &cells)
            }
        case .array(let elements): cells[name] = .list(elements.map(text))
        default: cells[name] = .text(text(value))
        }
    }

    private static func text(_ value: JSONValue) -> String {
        switch value {
        case .string(let text): text
        case .null: ""
        default: value.canonicalText
        }
    }
}
