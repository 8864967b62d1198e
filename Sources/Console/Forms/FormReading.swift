import JSON
import Registers
import Web

/// What a form's fields say, as the message's JSON, with everything that is wrong, by the field's path.
struct FormReading {
    private let sent: FormFields
    /// The names that were sent, so that rows can be found without trying.
    private let names: Set<String>
    private(set) var problems: [(path: String, message: Words)] = []

    /// The most rows of a list that are read.
    static let mostRows = 200

    private init(_ sent: FormFields) {
        self.sent = sent
        names = Set(sent.all.map(\.name))
    }

    /// Reads a form.
    ///
    /// - Returns: the message's body, and what is wrong; the body may be sent only if nothing is.
    static func read(
        _ form: Form, _ sent: FormFields
    ) -> (body: JSONValue, problems: [(path: String, message: Words)]) {
        var reading = FormReading(sent)
        let members = reading.members(form.fields, at: "")
        return (.object(fixed(form.fixed, over: members)), reading.problems)
    }

    /// What is fixed, within objects too, over what was sent.
    private static func fixed(
        _ fixed: [String: JSONValue], over sent: [String: JSONValue]
    ) -> [String: JSONValue] {
        sent.merging(fixed) { sent, fixed in
            guard case .object(let inner) = fixed, case .object(let members) = sent else { return fixed }
            return .object(Self.fixed(inner, over: members))
        }
    }

    private static func path(_ parent: String, _ name: String) -> String { parent.isEmpty ? name : parent + "." + name }

    private mutating func members(_ fields: [Field], at parent: String) -> [String: JSONValue] {
        var members: [String: JSONValue] = [:]
        for field in fields {
            let path = Self.path(parent, field.name)
            if let value = value(field, at: path) { members[field.name] = value }
        }
        return members
    }

    private mutating func note(_ path: String, _ chinese: String, _ english: String) -> JSONValue? {
        problems.append((path, Words(chinese, english)))
        return nil
    }

    private mutating func missing(_ field: Field, _ path: String) -> JSONValue? {
        guard field.isRequired else { return nil }
        return note(path, "请填写\(field.label.chinese)", "\(field.label.english): is missing; fill it in")
    }

    private mutating func value(_ field: Field, at path: String) -> JSONValue? {
        switch field.kind {
        case .text(let most):
            guard let text = sent.text(path) else { return missing(field, path) }
            guard !text.contains(where: \.isNewline) else { return note(path, "只能写一行", "is more than one line") }
            return tooLong(text, most, path) ?? .string(text)
        case .paragraph(let most):
            guard let text = sent.text(path) else { return missing(field, path) }
            return tooLong(text, most, path) ?? .string(text.replacing("\r\n", with: "\n"))
        case .lines(let most):
            let lines = (sent[path] ?? "").split(whereSeparator: \.isNewline).map { $0.trimmed }.filter { !$0.isEmpty }
            if lines.isEmpty, field.isRequired { return missing(field, path) }
            for line in lines where line.unicodeScalars.count > most {
                return note(path, "每行至多 \(most) 字", "a line is longer than \(most) characters")
            }
            return lines.isEmpty && field.initial == nil ? nil : .strings(lines)
        case .day:
            guard let text = sent.text(path) else { return missing(field, path) }
            guard Day(text) != nil else {
                return note(path, "“\(text)”不是有效日期，请写成 2026-03-01", "is no day; write it like 2026-03-01")
            }
            return .string(text)
        case .instant:
            guard let text = sent.text(path) else { return missing(field, path) }
            guard let instant = Self.instant(text) else {
                return note(
                    path, "“\(text)”不是有效时间，请写成 2026-03-01T08:30（北京时间）",
                    "is no instant; write it like 2026-03-01T08:30, in China’s time")
            }
            return .string(instant)
        case .json(let most):
            guard let text = sent.text(path) else { return missing(field, path) }
            if let tooLong = tooLong(text, most, path) { return tooLong }
            do {
                return try JSONValue(parsing: text)
            } catch {
                return note(path, "不是有效的 JSON：\(error)", "is no JSON: \(error)")
            }
        case .number(let bounds):
            guard let text = sent.text(path) else { return missing(field, path) }
            guard let number = Int(text), bounds.contains(number) else {
                return note(
                    path, "应为 \(bounds.lowerBound) 至 \(bounds.upperBound) 的整数",
                    "is no whole number from \(bounds.lowerBound) to \(bounds.upperBound)")
            }
            return .integer(number)
        case .percent:
            guard let text = sent.text(path) else { return missing(field, path) }
            guard let share = Self.partsPerMillion(text) else {
                return note(path, "应为 0 至 100 的百分数，最多四位小数", "is no percentage from 0 to 100 with at most four decimals")
            }
            return .integer(share)
        case .flag: return .bool(sent[path] == "true")
        case .choice(let choices):
            guard let value = sent.text(path) else { return missing(field, path) }
            guard choices.contains(where: { $0.value == value }) else {
                return note(path, "没有这一选项，请重新选择", "is none of the choices; choose again")
            }
            return .string(value)
        case .choices(let choices):
            let values = sent.values(path)
            guard !values.isEmpty else { return missing(field, path) }
            guard Set(values).isSubset(of: choices.map(\.value)) else {
                return note(path, "含有不存在的选项，请重新选择", "holds what is none of the choices; choose again")
            }
            return .strings(choices.map(\.value).filter(values.contains))
        default: return composed(field, at: path)
        }
    }

    /// Fields that are made of fields.
    private mutating func composed(_ field: Field, at path: String) -> JSONValue? {
        switch field.kind {
        case .group(let fields):
            let members = members(fields, at: path)
            return members.isEmpty && !field.isRequired ? nil : .object(members)
        case .single(let fields): return [.object(members(fields, at: path + "[0]"))]
        case .each(let rows):
            return .array(
                rows.enumerated().map { index, row in
                    .object(row.fixed.merging(members(row.fields, at: "\(path)[\(index)]")) { fixed, _ in fixed })
                })
        case .rows(_, let fields):
            let indices = (0..<Self.mostRows).filter { index in
                let row = "\(path)[\(index)]"
                let written = names.filter { $0.hasPrefix(row + ".") && sent.text($0) != nil }
                // What stands there from the beginning does not make a row filled in.
                let given = written.isEmpty ? [:] : FormFilling.given(fields, at: row)
                return written.contains { sent.text($0) != given[$0] }
            }
            if indices.isEmpty, field.isRequired {
                return note(path, "\(field.label.chinese)至少一行", "\(field.label.english): fill in at least one")
            }
            let rows = indices.map { JSONValue.object(members(fields, at: "\(path)[\($0)]")) }
            return rows.isEmpty && field.initial == nil ? nil : .array(rows)
        case .variant(let variants):
            guard let name = sent.text(path) else { return missing(field, path) }
            guard let variant = variants.first(where: { $0.name == name }) else {
                return note(path, "没有这一选项，请重新选择", "is none of the choices; choose again")
            }
            return .object(variant.fixed.merging(members(variant.fields, at: path)) { fixed, _ in fixed })
        case .windows:
            let filled = (0..<Self.mostRows).filter { index in
                ["[0]", "[1]"].contains { sent.text("\(path)[\(index)]" + $0) != nil }
            }
            guard !filled.isEmpty else { return missing(field, path) }
            return .array(filled.compactMap { composed(Field("", field.label, .window), at: "\(path)[\($0)]") })
        case .window:
            let days = ["[0]", "[1]"].map { sent.text(path + $0).flatMap { Day($0) } }
            guard let first = days[0], let last = days[1], first <= last else {
                return note(path, "请填写起止日期，起始日不晚于截止日", "needs a first day and a last day that is no earlier")
            }
            return [.string(first.description), .string(last.description)]
        default: return nil
        }
    }

    private mutating func tooLong(_ text: String, _ most: Int, _ path: String) -> JSONValue? {
        guard text.unicodeScalars.count > most else { return nil }
        problems.append((path, Words("超过 \(most) 字，请精简", "is longer than \(most) characters; shorten it")))
        return .null
    }

    /// A day and time of China as an instant in UTC, `YYYY-MM-DDThh:mm:ssZ`; `nil` when it is none.
    ///
    /// China has had one zone without summer time since 1992: UTC+8.
    static func instant(_ text: String) -> String? {
        guard let match = text.wholeMatch(of: /([0-9-]{10})[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?/),
            let day = Day(match.1), let hour = Int(match.2), let minute = Int(match.3),
            let second = Int(match.4 ?? "0"), hour < 24, minute < 60, second < 60
        else { return nil }
        let isDayBefore = hour < 8
        let parts = [isDayBefore ? hour + 16 : hour - 8, minute, second].map { $0 < 10 ? "0\($0)" : "\($0)" }
        return "\(isDayBefore ? day.adding(days: -1) : day)T\(parts.joined(separator: ":"))Z"
    }

    /// `3`, `0.5` or `12.5 %` as parts per million; `nil` when it is no such share.
    static func partsPerMillion(_ text: String) -> Int? {
        let number = text.replacing("％", with: "%").split(separator: "%", maxSplits: 1).first.map { $0.trimmed } ?? ""
        let parts = number.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let whole = Int(parts[0]), (0...100).contains(whole) else { return nil }
        let decimals = parts.count == 2 ? String(parts[1]) : "0"
        guard (1...4).contains(decimals.count), decimals.allSatisfy({ $0.isASCII && $0.isNumber }),
            let fraction = Int(decimals + String(repeating: "0", count: 4 - decimals.count))
        else { return nil }
        let share = whole * 10_000 + fraction
        return share <= 1_000_000 ? share : nil
    }
}

extension Substring {
    /// Without white space at both ends.
    var trimmed: String {
        let inner = drop(while: \.isWhitespace)
        guard let last = inner.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(inner[...last])
    }
}
