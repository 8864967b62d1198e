import Foundation
import JSON
import Web

/// Shows a form: each field's part of the page, with what was typed and what is wrong.
struct FormView {
    let site: Site
    let language: Language
    /// What was typed; `nil` when the form is shown for the first time.
    let sent: FormFields?
    /// What is wrong, by path; paths that no field has are told at the top.
    let problems: [(path: String, message: Words)]

    /// The ids that elements of the page have.
    static func id(_ path: String) -> String {
        "f-" + path.map { $0.isLetter || $0.isNumber ? String($0) : "-" }.joined()
    }

    /// What is wrong, for the top of the page: each with where it is, if the page has such a field.
    func summary(in html: String) -> [[String: Any]] {
        problems.map { problem in
            let id = Self.id(problem.path)
            let isLinked = html.contains("id=\"\(id)\"")
            let text = problem.message(language)
            return [
                "href": "#" + id, "linked": isLinked,
                "text": isLinked || problem.path.isEmpty ? text : "\(problem.path)：\(text)",
            ]
        }
    }

    /// All fields of a form.
    func fields(_ form: Form) throws -> String { try fields(form.fields, at: "") }

    private func fields(_ fields: [Field], at parent: String) throws -> String {
        try fields.map { try part($0, at: parent.isEmpty ? $0.name : parent + "." + $0.name) }.joined()
    }

    private func part(_ field: Field, at path: String) throws -> String {
        let messages = problems.filter { $0.path == path }.map { $0.message(language) }
        let id = Self.id(path)
        var values: [String: Any] = [
            "id": id, "name": path, "label": field.label(language), "required": field.isRequired,
            "errors": messages, "wrong": !messages.isEmpty, "children": "", "options": [[String: Any]](),
            "value": typed(field, path),
        ]
        // A key that is not there shows nothing; an empty text would.
        values["hint"] = field.hint?(language)
        let described = (field.hint == nil ? [] : [id + "-hint"]) + (messages.isEmpty ? [] : [id + "-error"])
        if !described.isEmpty { values["described"] = described.joined(separator: " ") }
        try show(field, at: path, in: &values)
        return try site.fragment("field", values, language: language)
    }

    private func show(_ field: Field, at path: String, in values: inout [String: Any]) throws {
        switch field.kind {
        case .text(let most):
            values["input"] = ["type": "text", "most": most]
        case .percent: values["input"] = ["type": "text", "mode": "decimal"]
        case .day: values["input"] = ["type": "date"]
        case .instant: values["input"] = ["type": "datetime-local"]
        case .number(let bounds):
            values["input"] = ["type": "number", "least": "\(bounds.lowerBound)", "greatest": "\(bounds.upperBound)"]
        case .paragraph, .lines: values["area"] = true
        case .json: values["area"] = ["code": true]
        case .flag:
            let isOn = sent.map { $0[path] == "true" } ?? (field.initial == true)
            values["box"] = ["checked": isOn]
        case .choice(let choices) where choices.count > 6:
            values["select"] = true
            values["options"] = options(choices, chosen: chosen(field, path), at: path)
        case .choice(let choices):
            values["radios"] = true
            values["options"] = options(choices, chosen: chosen(field, path), at: path)
        case .choices(let choices):
            values["boxes"] = true
            values["options"] = options(choices, chosen: chosen(field, path), at: path)
        case .group(let fields):
            values["set"] = true
            values["children"] = try self.fields(Self.inherit(fields, field.initial), at: path)
        case .single(let fields):
            values["set"] = true
            values["children"] = try self.fields(Self.inherit(fields, field.initial?.elements?.first), at: path + "[0]")
        case .each(let rows):
            values["set"] = true
            values["children"] = try rows.enumerated().map { index, row in
                try site.fragment(
                    "row",
                    [
                        "heading": row.heading, "details": row.details,
                        "children": try fields(row.fields, at: "\(path)[\(index)]"),
                    ], language: language)
            }.joined()
        case .rows(let blank, let fields):
            values["set"] = true
            values["adding"] = true
            values["children"] = try (0..<rowCount(field, path, blank)).map { index in
                try site.fragment(
                    "row",
                    [
                        "heading": "\(index + 1)", "details": [String](), "added": true,
                        "children": try self.fields(
                            Self.inherit(fields, Self.element(field.initial, index)), at: "\(path)[\(index)]"),
                    ], language: language)
            }.joined()
            // What a script adds: as if the form were shown for the first time.
            let token = "NEW\(path.split(separator: "[NEW").count - 1)"
            let blank = FormView(site: site, language: language, sent: nil, problems: [])
            values["token"] = token
            values["blank"] = try site.fragment(
                "row",
                [
                    "heading": token, "details": [String](), "added": true,
                    "children": try blank.fields(fields, at: "\(path)[\(token)]"),
                ], language: language)
        case .variant(let variants):
            values["set"] = true
            let chosen =
                sent.map { $0.text(path) } ?? variants.first { $0.fits(field.initial ?? .null) }?.name
            values["children"] = try variants.map { variant in
                try site.fragment(
                    "variant",
                    [
                        "id": Self.id(path) + "-" + variant.name, "name": path, "value": variant.name,
                        "label": variant.label(language), "checked": variant.name == chosen,
                        "children": try fields(Self.inherit(variant.fields, field.initial), at: path),
                    ], language: language)
            }.joined()
        case .window:
            values["set"] = true
            values["children"] = try window(at: path, Self.element(field.initial, 0), Self.element(field.initial, 1))
        case .windows(let blank):
            values["set"] = true
            let known = field.initial?.elements?.count ?? 0
            let typed = (0..<FormReading.mostRows).last { sent?["\(path)[\($0)][0]"] != nil }
            values["children"] = try (0..<max(known, blank, (typed ?? -1) + 1)).map { index in
                try part(
                    Field(
                        "", Words("第 \(index + 1) 段", "Window \(index + 1)"), .window,
                        initial: Self.element(field.initial, index)),
                    at: "\(path)[\(index)]")
            }.joined()
        }
    }

    private func options(_ choices: [Field.Choice], chosen: Set<String>, at path: String) -> [[String: Any]] {
        choices.enumerated().map { index, choice in
            [
                "value": choice.value, "text": choice.label(language), "chosen": chosen.contains(choice.value),
                // The first has the field's own id, which the list of errors links to.
                "optionID": index == 0 ? Self.id(path) : "\(Self.id(path))-\(index)",
            ]
        }
    }

    private func typed(_ field: Field, _ path: String) -> String {
        if let sent { return sent[path] ?? "" }
        return field.initial.map(field.text(of:)) ?? ""
    }

    private func chosen(_ field: Field, _ path: String) -> Set<String> {
        if let sent { return Set(sent.values(path)) }
        return Set(field.initial?.elements?.compactMap(\.text) ?? [field.initial?.text].compactMap { $0 })
    }

    private func rowCount(_ field: Field, _ path: String, _ blank: Int) -> Int {
        guard let sent else { return (field.initial?.elements?.count ?? 0) + blank }
        let last = (0..<FormReading.mostRows).last { index in
            sent.all.contains { $0.name.hasPrefix("\(path)[\(index)].") }
        }
        return max(blank, (last ?? -1) + 1)
    }

    private func window(at path: String, _ first: JSONValue?, _ last: JSONValue?) throws -> String {
        try site.fragment(
            "pair",
            [
                "children": try part(Field("", Words("起", "From"), .day, initial: first), at: path + "[0]")
                    + part(Field("", Words("止", "To"), .day, initial: last), at: path + "[1]")
            ], language: language)
    }

    private static func element(_ list: JSONValue?, _ index: Int) -> JSONValue? {
        guard let elements = list?.elements, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    /// Fields with what stands there already, as members of an object.
    private static func inherit(_ fields: [Field], _ object: JSONValue?) -> [Field] {
        guard let object, object != .null else { return fields }
        return fields.map { field in
            var field = field
            field.initial = object[field.name] ?? field.initial
            return field
        }
    }

    /// `30000` as `3`.
    static func percent(_ share: Int) -> String {
        let (whole, rest) = share.quotientAndRemainder(dividingBy: 10_000)
        guard rest > 0 else { return String(whole) }
        var decimals = String(String(10_000 + rest).dropFirst())
        while decimals.hasSuffix("0") { decimals.removeLast() }
        return "\(whole).\(decimals)"
    }
}
