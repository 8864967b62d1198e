import Cluster
import Foundation
import JSON
import Tables

/// How one of a register's columns comes from a department's.
struct MappedField: Sendable {
    /// Where the value comes from. Columns are lists of alternatives, of which a file has one.
    enum Source: Sendable {
        case column([String])
        case joined([[String]], with: String)
        case constant(JSONValue)

        var columns: [[String]] {
            switch self {
            case .column(let names): [names]
            case .joined(let columns, _): columns
            case .constant: []
            }
        }
    }

    /// What is done to the text before anything else; outer spaces always go.
    enum Tidying: String, Sendable, CaseIterable {
        /// Full-width letters, digits and signs become the usual ones.
        case halfwidth
        /// Small letters become capitals.
        case upper
        /// All spaces go.
        case nospace
        /// Everything but digits goes.
        case digits
    }

    let column: Register.Column
    let source: Source
    let tidyings: [Tidying]
    let separators: Set<Character>
    let codes: [String: String]?
    /// What stands for a value that the code list does not have; without it that is an error.
    let otherwise: String?
    /// What stands for an empty cell.
    let empty: String?
    let dates: [DatePattern]
    /// Whether the text is a percentage, which becomes parts per million.
    let isPercent: Bool
    let prefix: String
    let suffix: String

    /// Reads a rule.
    ///
    /// - Throws: `JSONError`.
    init(column: Register.Column, _ field: JSONField) throws {
        self = try field.object { reader in
            var sources: [Source] = []
            if let from = reader.optional("from") {
                sources.append(.column(try from.words().map(Heading.normalised)))
            }
            if let join = reader.optional("join") {
                let columns = try join.array { try $0.words().map(Heading.normalised) }
                sources.append(.joined(columns, with: try reader.optional("with")?.string() ?? ""))
            }
            if let constant = reader.optional("constant") {
                sources.append(.constant(try Self.constant(constant, column)))
            }
            guard sources.count == 1 else { throw field.error("needs exactly one of: from, join, constant") }
            if sources[0].columns.contains(where: \.isEmpty) { throw field.error("names no column") }
            var codes: [String: String]?
            if let list = reader.optional("codes") {
                codes = [:]
                for (name, value) in try list.members() {
                    // As the text will be when it is looked up.
                    codes?[name.trimmingCharacters(in: .whitespaces)] = try value.word()
                }
            }
            return MappedField(
                column: column, source: sources[0],
                tidyings: try reader.optional("tidy")?.array { try $0.choice() } ?? [],
                separators: Set(try reader.optional("separators")?.string() ?? "；;、"),
                codes: codes, otherwise: try reader.optional("otherwise")?.word(),
                empty: try reader.optional("empty")?.word(),
                dates: try reader.optional("dates")?.words().map { text in
                    guard let pattern = DatePattern(text) else {
                        throw field.error("dates: '\(text)' has no year, month and day; write yyyy年M月d日 or excel")
                    }
                    return pattern
                } ?? [],
                isPercent: try reader.optional("percent")?.bool() ?? false,
                prefix: try reader.optional("prefix")?.word() ?? "", suffix: try reader.optional("suffix")?.word() ?? ""
            )
        }
    }

    private init(
        column: Register.Column, source: Source, tidyings: [Tidying], separators: Set<Character>,
        codes: [String: String]?, otherwise: String?, empty: String?, dates: [DatePattern],
        isPercent: Bool, prefix: String, suffix: String
    ) {
        self.column = column
        self.source = source
        self.tidyings = tidyings
        self.separators = separators
        self.codes = codes
        self.otherwise = otherwise
        self.empty = empty
        self.dates = dates
        self.isPercent = isPercent
        self.prefix = prefix
        self.suffix = suffix
    }

    private static func constant(_ field: JSONField, _ column: Register.Column) throws -> JSONValue {
        switch (field.value, column.kind) {
        case (.array, .list): Register.Column.list(try field.strings())
        case (.null, _), (.integer, .number), (.bool, .flag): field.value
        case (_, .list): Register.Column.list([try field.word()])
        default: column.value(of: try field.word())
        }
    }

    /// The value of a row, and what could not be made sense of.
    ///
    /// - Parameter cell: the value of one of the rule's columns, by their order.
    func value(_ cell: (Int) -> SourceCell) -> (value: JSONValue, finding: Finding?) {
        let found: SourceCell
        switch source {
        case .constant(let value): return (value, nil)
        case .column: found = cell(0)
        case .joined(let columns, let glue):
            found = .text(columns.indices.map { tidied(cell($0).text) }.filter { !$0.isEmpty }.joined(separator: glue))
        }
        var finding: Finding?
        func translated(_ text: String) -> String {
            let (text, problem) = translate(text)
            finding = finding ?? problem
            return text
        }
        if column.kind == .list {
            var elements: [String]
            switch found {
            case .list(let list): elements = list.map(tidied)
            case .text(let text): elements = text.split(whereSeparator: separators.contains).map { tidied(String($0)) }
            }
            elements.removeAll(where: \.isEmpty)
            if elements.isEmpty, let empty { elements = [empty] } else { elements = elements.map(translated) }
            return (Register.Column.list(elements), finding)
        }
        let text = tidied(found.text)
        if text.isEmpty { return (column.value(of: empty ?? ""), nil) }
        return (column.value(of: translated(text)), finding)
    }

    private func tidied(_ text: String) -> String {
        var text = text
        for tidying in tidyings {
            switch tidying {
            case .halfwidth: text = text.precomposedStringWithCompatibilityMapping
            case .upper: text = text.uppercased()
            case .nospace: text.removeAll(where: \.isWhitespace)
            case .digits: text.removeAll { !("0"..."9").contains($0) }
            }
        }
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private func translate(_ text: String) -> (text: String, finding: Finding?) {
        if let codes {
            if let code = codes[text] { return (code, nil) }
            if let otherwise { return (otherwise, nil) }
            if dates.isEmpty, !isPercent {
                let known = codes.keys.sorted(by: utf8Precedes).joined(separator: " ")
                return (
                    text,
                    Finding(
                        field: column.name, code: "code.unknown",
                        message: "“\(text)”不在映射的代码表中（\(known)），请更正或补充代码表 / "
                            + "'\(text)' is not in the mapping's code list; correct it, or add it to the list")
                )
            }
        }
        if !dates.isEmpty {
            if let day = DatePattern.iso(text) ?? dates.lazy.compactMap({ $0.day(of: text) }).first {
                return (prefix + day.description + suffix, nil)
            }
            return (
                text,
                Finding(
                    field: column.name, code: "date.format",
                    message: "“\(text)”不是映射所列格式的日期（\(dates.map(\.text).joined(separator: " "))） / "
                        + "'\(text)' is a date in none of the mapping's formats")
            )
        }
        if isPercent {
            if let ppm = Self.partsPerMillion(text) { return (String(ppm), nil) }
            return (
                text,
                Finding(
                    field: column.name, code: "percent.format",
                    message: "“\(text)”不是0至100%之间的百分比 / '\(text)' is no percentage from 0 to 100%")
            )
        }
        return (prefix + text + suffix, nil)
    }

    /// `5%`, `5‰` or a bare `5`, which is 5%; exact, in parts per million.
    private static func partsPerMillion(_ text: String) -> Int? {
        var number = Substring(text)
        var digits = 4
        switch number.last {
        case "%", "％": number.removeLast()
        case "‰": (number, digits) = (number.dropLast(), 3)
        default: break
        }
        let parts = number.trimmingCharacters(in: .whitespaces).split(separator: ".", omittingEmptySubsequences: false)
        let fraction = parts.count == 2 ? parts[1] : ""
        guard parts.count <= 2, parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy { ("0"..."9").contains($0) } }),
            fraction.count <= digits, let whole = parts.first, whole.count <= 4,
            let ppm = Int(whole + fraction + String(repeating: "0", count: digits - fraction.count)), ppm <= 1_000_000
        else { return nil }
        return ppm
    }
}

/// A cell of a department's file.
enum SourceCell: Hashable, Sendable {
    case text(String)
    case list([String])

    /// The text, a list's elements parted by `;`.
    var text: String {
        switch self {
        case .text(let text): text
        case .list(let list): list.joined(separator: ";")
        }
    }
}
