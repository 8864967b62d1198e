import JSON
import Registers
import Web

/// Fills in a form from a message: what `FormReading` reads, the other way round. What the form does not ask for is left
/// out, and what is of another kind than the form asks for is shown as it was sent.
struct FormFilling {
    private var fields: [(name: String, value: String)] = []

    /// The fields that would have given the message.
    static func fill(_ form: Form, from body: JSONValue) -> FormFields {
        var filling = FormFilling()
        filling.members(form.fields, body, at: "")
        return FormFields(filling.fields)
    }

    /// What stands in fields before anything is typed, by path.
    static func given(_ fields: [Field], at parent: String) -> [String: String] {
        var filling = FormFilling()
        for field in fields {
            let path = parent.isEmpty ? field.name : parent + "." + field.name
            if let initial = field.initial, initial != .null { filling.add(field, initial, at: path) }
            switch field.kind {
            case .group(let inner): filling.fields += given(inner, at: path).map { ($0.key, $0.value) }
            case .single(let inner): filling.fields += given(inner, at: path + "[0]").map { ($0.key, $0.value) }
            default: break
            }
        }
        return Dictionary(filling.fields.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    }

    private mutating func members(_ fields: [Field], _ object: JSONValue, at parent: String) {
        for field in fields {
            guard let value = object[field.name], value != .null else { continue }
            add(field, value, at: parent.isEmpty ? field.name : parent + "." + field.name)
        }
    }

    private mutating func add(_ field: Field, _ value: JSONValue, at path: String) {
        switch field.kind {
        case .choices:
            for element in value.elements ?? [value] { fields.append((path, field.text(of: element))) }
        case .group(let inner): members(inner, value, at: path)
        case .single(let inner): members(inner, value.elements?.first ?? .null, at: path + "[0]")
        case .each(let rows):
            for (index, row) in rows.enumerated() {
                let element = value.elements?.first { element in row.fixed.allSatisfy { element[$0.key] == $0.value } }
                members(row.fields, element ?? .null, at: "\(path)[\(index)]")
            }
        case .rows(_, let inner):
            for (index, element) in (value.elements ?? []).prefix(FormReading.mostRows).enumerated() {
                members(inner, element, at: "\(path)[\(index)]")
            }
        case .variant(let variants):
            guard let variant = variants.first(where: { $0.fits(value) }) else { return }
            fields.append((path, variant.name))
            members(variant.fields, value, at: path)
        case .window: window(value, at: path)
        case .windows:
            for (index, element) in (value.elements ?? []).prefix(FormReading.mostRows).enumerated() {
                window(element, at: "\(path)[\(index)]")
            }
        default: fields.append((path, field.text(of: value)))
        }
    }

    private mutating func window(_ value: JSONValue, at path: String) {
        for (index, day) in (value.elements ?? []).prefix(2).enumerated() {
            fields.append(("\(path)[\(index)]", day.text ?? day.canonicalText))
        }
    }
}

extension Field.Variant {
    /// Whether an object is of this form.
    func fits(_ object: JSONValue) -> Bool {
        (fixed.keys + fields.map(\.name)).contains { object[$0] != nil }
    }
}

extension Field {
    /// A value as it stands in the field.
    func text(of value: JSONValue) -> String {
        switch (kind, value) {
        case (.json, _): value.indented
        case (_, .null): ""
        case (.percent, .integer(let share)): FormView.percent(Int(share))
        case (.instant, .string(let text)): FormView.china(text)
        case (_, .string(let text)): text
        case (.lines, .array(let elements)): elements.map { $0.text ?? $0.canonicalText }.joined(separator: "\n")
        default: value.canonicalText
        }
    }
}

extension FormView {
    /// An instant in UTC as day and time of China, as the field for instants has it; anything else as it is.
    static func china(_ text: String) -> String {
        guard let match = text.wholeMatch(of: /([0-9-]{10})T([0-9]{2})(:[0-9]{2}:[0-9]{2})Z/), let day = Day(match.1),
            let hour = Int(match.2), hour < 24
        else { return text }
        let local = (hour + 8) % 24
        return "\(hour < 16 ? day : day.adding(days: 1))T\(local < 10 ? "0" : "")\(local)\(match.3)"
    }
}

extension JSONValue {
    /// The value in lines, for people; members by name.
    var indented: String { lines(indent: "") }

    private func lines(indent: String) -> String {
        let inner = indent + "  "
        switch self {
        case .array(let elements) where elements.contains { $0.elements != nil || $0.isObject }:
            return "[\n" + elements.map { inner + $0.lines(indent: inner) }.joined(separator: ",\n") + "\n\(indent)]"
        case .object(let members) where !members.isEmpty:
            return "{\n"
                + members.sorted { $0.key < $1.key }.map { name, value in
                    inner + JSONValue.string(name).canonicalText + ": " + value.lines(indent: inner)
                }.joined(separator: ",\n") + "\n\(indent)}"
        default: return canonicalText
        }
    }

    private var isObject: Bool { if case .object = self { true } else { false } }
}
