public import Cluster
import JSON

/// One thing that breaks a rule in a row: its field, a stable code, and a sentence in Chinese and English.
public typealias Finding = Reason

/// A row that breaks rules; it is quarantined (隔离) with all its findings.
public struct InvalidRow: Error, Sendable, Hashable {
    /// At least one.
    public let findings: [Finding]
}

/// Reads a row's members one by one and collects everything that breaks a rule, so that all is mended in one go.
struct RowReader {
    private let names: [String]
    private let values: ArraySlice<JSONValue>
    /// Which members have been read.
    private var isRead: [Bool]
    /// How many have not.
    private var left: Int
    /// Behind the member that was read last: rows are mostly read in the order in which they are written.
    private var next = 0
    private var findings: [Finding] = []

    /// - Parameter values: what stands under each name; as many.
    init(_ names: [String], _ values: ArraySlice<JSONValue>) {
        self.names = names
        self.values = values
        isRead = Array(repeating: false, count: names.count)
        left = names.count
    }

    init(_ cells: RowCells) { self.init(cells.columns, cells.values[...]) }

    init(_ body: JSONValue) throws(InvalidRow) {
        guard case .object(let members) = body else {
            throw InvalidRow(findings: [
                Finding(code: "row.object", message: "不是 JSON 对象，请写成 {…} / is not a JSON object; write {…}")
            ])
        }
        self.init(Array(members.keys), Array(members.values)[...])
    }

    mutating func note(_ field: String, _ code: String, _ chinese: String, _ english: String) {
        findings.append(Finding(field: field, code: code, message: "\(chinese) / \(english)"))
    }

    /// Takes a member out; `nil` when it is not there.
    private mutating func takeIfThere(_ field: String) -> JSONValue? {
        guard left > 0 else { return nil }
        for _ in names.indices {
            if next == names.count { next = 0 }
            defer { next += 1 }
            if names[next] == field {
                guard !isRead[next] else { return nil }
                isRead[next] = true
                left -= 1
                return values[values.startIndex + next]
            }
        }
        return nil
    }

    /// What a member that has not been read yet says; `nil` when it is not there.
    func peek(_ field: String) -> JSONValue? {
        names.firstIndex(of: field).flatMap { isRead[$0] ? nil : values[values.startIndex + $0] }
    }

    private mutating func take(_ field: String) -> JSONValue? {
        if let value = takeIfThere(field) { return value }
        note(field, "field.missing", "缺少此项，请补上", "is missing; add it")
        return nil
    }

    /// Takes out a member that may be left out, or `null`.
    private mutating func takeIfSaid(_ field: String) -> JSONValue? {
        guard let value = takeIfThere(field), value != .null else { return nil }
        return value
    }

    /// Text without control characters and outer spaces; lines of the frozen roster end with LF and their columns with
    /// a tab.
    mutating func text(_ field: String, mayBeEmpty: Bool = false) -> String {
        take(field).map { text($0, field, mayBeEmpty: mayBeEmpty) } ?? ""
    }

    private mutating func text(_ value: JSONValue, _ field: String, mayBeEmpty: Bool = false) -> String {
        guard let text = value.text else {
            note(field, "field.type", "应为文本", "is not text")
            return ""
        }
        if text.isEmpty, !mayBeEmpty {
            note(field, "field.empty", "不能为空，请填写", "is empty; fill it in")
        } else {
            checkCharacters(text, field)
        }
        return text
    }

    /// Text that may be left out: then it is empty.
    mutating func optionalText(_ field: String) -> String {
        takeIfSaid(field).map { text($0, field, mayBeEmpty: true) } ?? ""
    }

    /// One of a few words, or nothing.
    mutating func optionalChoice(_ field: String, of choices: [String]) -> String {
        let word = optionalText(field)
        checkChoice(word, field, of: choices)
        return word
    }

    /// An id of the draw's pattern, or nothing.
    mutating func optionalIdentifier(_ field: String) -> String {
        let id = optionalText(field)
        checkIdentifier(id, field)
        return id
    }

    /// A list that may be left out: then it is empty.
    mutating func optionalList(
        _ field: String, of elements: (chinese: String, english: String) = ("", ""),
        where isElement: (String) -> Bool = { _ in true }
    ) -> [String] {
        takeIfSaid(field).map { list($0, field, of: elements, where: isElement) } ?? []
    }

    /// A flag that may be left out: then it is false.
    mutating func optionalFlag(_ field: String) -> Bool {
        takeIfSaid(field).map { flag($0, field) } ?? false
    }

    /// A day that may be left out.
    mutating func optionalDay(_ field: String) -> Day? {
        guard let value = takeIfSaid(field), value != "" else { return nil }
        return day(value, field)
    }

    /// A day whose member must be there, though it may be empty or `null`.
    mutating func nullableDay(_ field: String) -> Day? {
        guard let value = take(field), value != .null, value != "" else { return nil }
        return day(value, field)
    }

    private mutating func checkCharacters(_ text: String, _ field: String) {
        if Self.isPlain(text) { return }
        if text.unicodeScalars.contains(where: { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }) {
            note(field, "text.control", "含有制表符、换行等控制字符，请删去", "has a tab, a line break or the like; remove it")
        } else if text.unicodeScalars.contains("\u{FFFD}") {
            note(
                field, "text.damaged", "有无法识别的字符（�），请对照原件重新填写", "has characters that cannot be read (�); enter it again"
            )
        } else if text.first?.isWhitespace == true || text.last?.isWhitespace == true {
            note(field, "text.space", "首尾有空格，请删去", "begins or ends with a space; remove it")
        }
    }

    /// Whether bytes alone tell that nothing is wrong with a text: no control character, no lead byte of one (C2) or of a
    /// space (E1 to E3) at an end, nothing damaged (EF BF BD).
    private static func isPlain(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            guard let first = bytes.first, let last = bytes.last, first > 0x20, last > 0x20 else {
                return bytes.isEmpty
            }
            var found: UInt8 = 0
            for byte in bytes {
                found |= byte < 0x20 || byte == 0x7F || byte == 0xC2 ? 1 : 0
                found |= byte == 0xEF ? 2 : 0
            }
            let isDamaged =
                found & 2 != 0
                && bytes.indices.dropLast(2).contains {
                    bytes[$0] == 0xEF && bytes[$0 + 1] == 0xBF && bytes[$0 + 2] == 0xBD
                }
            func maySpace(_ lead: UInt8) -> Bool { (0xE1...0xE3).contains(lead) }
            return found & 1 == 0 && !isDamaged && !maySpace(first)
                && (last < 0x80 || bytes.count < 3 || !maySpace(bytes[bytes.count - 3]))
        }
    }

    /// An id of the draw's pattern, `[A-Za-z0-9._-]+`, of at most 128 bytes.
    mutating func identifier(_ field: String) -> String {
        let id = text(field)
        checkIdentifier(id, field)
        return id
    }

    private mutating func checkIdentifier(_ id: String, _ field: String) {
        guard !id.isEmpty, !Self.isIdentifier(id) else { return }
        note(
            field, "id.pattern", "编号只能含字母、数字和 . _ -，最多 128 个字符",
            "an id has letters, digits and . _ - only, 128 of them at most")
    }

    static func isIdentifier(_ id: String) -> Bool {
        (1...128).contains(id.utf8.count)
            && id.utf8.allSatisfy {
                switch $0 {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
                default: false
                }
            }
    }

    static func isDigits(_ text: String, _ count: ClosedRange<Int>) -> Bool {
        count.contains(text.utf8.count) && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }

    /// A list of text, ascending by bytes and without repeats; no element has a comma, which parts them in the roster.
    mutating func list(
        _ field: String, of elements: (chinese: String, english: String) = ("", ""),
        where isElement: (String) -> Bool = { _ in true }
    ) -> [String] {
        take(field).map { list($0, field, of: elements, where: isElement) } ?? []
    }

    private mutating func list(
        _ value: JSONValue, _ field: String, of elements: (chinese: String, english: String),
        where isElement: (String) -> Bool
    ) -> [String] {
        guard let array = value.elements, array.allSatisfy({ $0.text != nil }) else {
            note(field, "field.type", "应为文本的列表", "is not a list of text")
            return []
        }
        let list = array.compactMap(\.text)
        for (left, right) in zip(list, list.dropFirst()) where !utf8Precedes(left, right) {
            note(field, "list.order", "应按字节升序且不重复", "is not ascending by bytes and without repeats")
            break
        }
        for text in list {
            let before = findings.count
            checkCharacters(text, field)
            if findings.count > before { break }
            if text.isEmpty || text.utf8.contains(where: { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: ";") }) {
                note(
                    field, "list.element", "列表的每一项不能为空，也不能含逗号或分号",
                    "an element is empty or has a comma or semicolon; write each element by itself")
                break
            }
            guard isElement(text) else {
                note(field, "list.element", "“\(text)”\(elements.chinese)", "'\(text)' \(elements.english)")
                break
            }
        }
        return list
    }

    /// One of a few words.
    mutating func choice(_ field: String, of choices: [String]) -> String {
        let word = text(field)
        checkChoice(word, field, of: choices)
        return word
    }

    private mutating func checkChoice(_ word: String, _ field: String, of choices: [String]) {
        guard !word.isEmpty, !choices.contains(word) else { return }
        let explained = choices.map { choice in Self.chinese[choice].map { "\(choice)（\($0)）" } ?? choice }
        note(
            field, "field.choice", "“\(word)”不是以下之一：\(explained.joined(separator: " "))",
            "'\(word)' is none of: \(choices.joined(separator: " "))")
    }

    /// What words that the registers are written in stand for.
    private static let chinese = [
        "civil_servant": "行政执法类公务员", "qualified_staff": "具有行政执法资格的工作人员", "general": "一般检查事项", "key": "重点检查事项",
        "onsite": "现场检查", "written": "书面检查", "online": "网络检查", "laboratory": "检验检测机构", "institute": "科研院所",
        "association": "行业协会",
    ]

    mutating func flag(_ field: String) -> Bool { take(field).map { flag($0, field) } ?? false }

    private mutating func flag(_ value: JSONValue, _ field: String) -> Bool {
        guard case .bool(let flag) = value else {
            note(field, "field.type", "应为 true（是）或 false（否）", "is neither true nor false")
            return false
        }
        return flag
    }

    mutating func day(_ field: String) -> Day { take(field).map { day($0, field) } ?? Day(number: 0) }

    private mutating func day(_ value: JSONValue, _ field: String) -> Day {
        let text = text(value, field)
        guard let day = Day(text) else {
            if !text.isEmpty {
                note(
                    field, "date.invalid", "“\(text)”不是有效日期，请写成 YYYY-MM-DD",
                    "'\(text)' is not a day of the calendar; write YYYY-MM-DD")
            }
            return Day(number: 0)
        }
        return day
    }

    /// A number whose member must be there, though it may be `null`.
    mutating func nullableNumber(_ field: String, in bounds: ClosedRange<Int>) -> Int? {
        take(field).flatMap { number($0, field, in: bounds) }
    }

    mutating func optionalNumber(_ field: String, in bounds: ClosedRange<Int>) -> Int? {
        takeIfThere(field).flatMap { number($0, field, in: bounds) }
    }

    private mutating func number(_ value: JSONValue, _ field: String, in bounds: ClosedRange<Int>) -> Int? {
        guard value != .null else { return nil }
        guard let number = value.number, bounds.contains(number) else {
            note(
                field, "number.range", "应为 \(bounds.lowerBound) 至 \(bounds.upperBound) 的整数",
                "is not a whole number from \(bounds.lowerBound) to \(bounds.upperBound)")
            return nil
        }
        return number
    }

    /// Ends the reading.
    ///
    /// - Throws: `InvalidRow` with everything that was found, members that nobody asked for included.
    mutating func finish() throws(InvalidRow) {
        guard left > 0 || !findings.isEmpty else { return }
        for name in zip(names, isRead).filter({ !$0.1 }).map(\.0).sorted() {
            note(name, "field.unknown", "没有此项，请删去", "is not a field of this register; remove it")
        }
        guard findings.isEmpty else { throw InvalidRow(findings: findings) }
    }
}
