import JSON
import Mustache
import Web

/// What is known not to be there, so that a template does not look for it further out.
struct Absent: MustacheCustomRenderable {
    var renderText: String { "" }
    var isNull: Bool { true }
}

/// Turns a page's data into what its template reads: beside each instant, rate, code and list there is its wording.
///
/// `x_at` gets `x_at_text` (minutes, by the county's clock), `x_ppm` a percentage, a code such as `state` the text
/// `state.VALUE` of the table, a list `x` gets `has_x`, a whole number its digits in groups. What the data hold under such a
/// name themselves stays as it is.
struct Presentation {
    let texts: Texts
    let language: Language

    /// The members of an object with their wording.
    func values(_ document: JSONValue) -> [String: Any] {
        guard case .object(let members) = document else { return [:] }
        var values: [String: Any] = members.mapValues { shown($0) ?? Absent() }
        for (key, value) in members {
            if members[key + "_text"] == nil { values[key + "_text"] = wording(key, value) ?? Absent() }
            if case .array(let elements) = value, members["has_" + key] == nil {
                values["has_" + key] = !elements.isEmpty
            }
        }
        return values
    }

    private func shown(_ value: JSONValue) -> Any? {
        switch value {
        case .object: values(value)
        case .array(let elements): elements.compactMap(shown)
        default: value.forTemplate
        }
    }

    private func wording(_ key: String, _ value: JSONValue) -> String? {
        switch value {
        case .string(let text) where key.hasSuffix("_at") || key == "at":
            String(text.prefix(16)).replacing("T", with: " ")
        case .string(let text):
            texts[language]["\(key).\(text)"]
        // What was counted is shown to a hundredth of a percent; what was set, as it was set.
        case .integer(let number) where key == "chance_ppm" || key == "rate_ppm":
            Self.percent((Int(number) + 50) / 100 * 100)
        case .integer(let number) where key.hasSuffix("_ppm"): Self.percent(Int(number))
        case .integer(let number): Self.grouped(Int(number))
        case .array(let elements) where key == "methods":
            elements.compactMap { element in
                if case .string(let text) = element { texts.text("method.\(text)", language) } else { nil }
            }.joined(separator: comma)
        case .array(let elements) where key == "departments" || key == "categories" || key == "specialties":
            Self.strings(elements).joined(separator: comma)
        case .array(let windows) where key == "windows":
            windows.map { window in
                if case .array(let days) = window { Self.strings(days).joined(separator: " – ") } else { "" }
            }.joined(separator: comma)
        case .object(let members) where key == "pool": pool(members)
        case .object(let members) where key == "sample": sample(members)
        case .object(let members) where key == "pool_sizes" || key == "sample_sizes": classes(members)
        default: nil
        }
    }

    private var comma: String { language == .chinese ? "、" : ", " }

    private static func strings(_ elements: [JSONValue]) -> [String] {
        elements.compactMap { element in
            switch element {
            case .string(let text): text
            case .integer(let number): String(number)
            default: nil
            }
        }
    }

    /// Who may be drawn, in words.
    private func pool(_ members: [String: JSONValue]) -> String {
        let parts = members.sorted { $0.key < $1.key }.compactMap { key, value -> String? in
            let name = texts.text("pool.\(key)", language)
            switch value {
            case .array(let elements):
                return name + " "
                    + Self.strings(elements).map {
                        key == "credit" ? $0 : texts[language]["kind.\($0)"] ?? $0
                    }.joined(separator: comma)
            case .integer(let number): return "\(name) \(number)"
            default: return nil
            }
        }
        return parts.isEmpty
            ? texts.text("pool.all", language) : parts.joined(separator: language == .chinese ? "；" : "; ")
    }

    /// How many of them, in words: a count, one rate, or rates by class; a plan may leave a range.
    private func sample(_ members: [String: JSONValue]) -> String {
        if let count = members["count"] {
            return bounds(count, Self.grouped) + (language == .chinese ? " 户" : " objects")
        }
        if let rate = members["rate_ppm"] { return bounds(rate, Self.percent) }
        guard case .object(let rates)? = members["rates_ppm"] else { return "" }
        let texts = rates.sorted { Self.rank($0.key) < Self.rank($1.key) }.map {
            (className($0), bounds($1, Self.percent))
        }
        // One rate for all needs to be said once.
        if let first = texts.first, texts.count == 5, texts.allSatisfy({ $0.1 == first.1 }) { return first.1 }
        return texts.map { "\($0) \($1)" }.joined(separator: comma)
    }

    /// A number, or from where to where.
    private func bounds(_ value: JSONValue, _ written: (Int) -> String) -> String {
        func number(_ value: JSONValue?) -> String? {
            if case .integer(let number)? = value { written(Int(number)) } else { nil }
        }
        if let exact = number(value) { return exact }
        return switch (number(value["min"]), number(value["max"])) {
        case (let least?, let most?): "\(least)–\(most)"
        case (let least?, nil): "≥ \(least)"
        case (nil, let most?): "≤ \(most)"
        case (nil, nil): ""
        }
    }

    /// Figures by class; nothing where there are no classes.
    private func classes(_ members: [String: JSONValue]) -> String? {
        guard members["*"] == nil else { return nil }
        return members.sorted { Self.rank($0.key) < Self.rank($1.key) }.compactMap { name, value in
            if case .integer(let number) = value { "\(className(name)) \(Self.grouped(Int(number)))" } else { nil }
        }.joined(separator: comma)
    }

    private func className(_ name: String) -> String { name == "-" ? texts.text("class.none", language) : name }

    /// The classes as officials list them, `-` for those without one last.
    private static func rank(_ name: String) -> String { name == "-" ? "~" : name }

    /// `3.5 %`; as many digits as parts per million need.
    static func percent(_ ppm: Int) -> String {
        let (whole, rest) = ppm.quotientAndRemainder(dividingBy: 10_000)
        var digits = String(rest)
        digits = String(repeating: "0", count: 4 - digits.count) + digits
        while digits.hasSuffix("0") { digits.removeLast() }
        return digits.isEmpty ? "\(whole)%" : "\(whole).\(digits)%"
    }

    /// `1,234,567`.
    static func grouped(_ number: Int) -> String {
        var groups: [String] = []
        var digits = String(number.magnitude)
        while digits.count > 3 {
            groups.insert(String(digits.suffix(3)), at: 0)
            digits.removeLast(3)
        }
        return (number < 0 ? "-" : "") + ([digits] + groups).joined(separator: ",")
    }
}
