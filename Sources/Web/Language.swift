/// The languages that pages come in; Chinese first.
public enum Language: String, CaseIterable, Sendable, Hashable {
    /// 简体中文.
    case chinese = "zh"
    /// English.
    case english = "en"

    /// The language tag (BCP 47) for `lang` attributes and `Content-Language`.
    public var tag: String { self == .chinese ? "zh-CN" : "en" }

    /// The cookie that keeps a choice.
    public static let cookie = "lang"

    /// What to answer in: what the address asks for, else what was chosen before, else what the browser prefers, else
    /// Chinese.
    ///
    /// - Parameters:
    ///   - query: the value of `?lang=`.
    ///   - cookie: the value of the cookie.
    ///   - accepted: `Accept-Language` (RFC 9110 §12.5.4).
    public static func negotiated(query: String?, cookie: String?, accepted: String?) -> Language {
        if let language = query.flatMap(Language.init(rawValue:)) ?? cookie.flatMap(Language.init(rawValue:)) {
            return language
        }
        var best: (language: Language, weight: Double)?
        for range in (accepted ?? "").split(separator: ",").prefix(32) {
            let parts = range.split(separator: ";").map { $0.trimmingSpaces() }
            guard let tag = parts.first?.lowercased() else { continue }
            let weight = parts.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) } ?? 1
            guard let language = allCases.first(where: { tag == $0.rawValue || tag.hasPrefix($0.rawValue + "-") }),
                weight > 0, weight > best?.weight ?? 0
            else { continue }
            best = (language, weight)
        }
        return best?.language ?? .chinese
    }
}

extension Substring {
    func trimmingSpaces() -> Substring {
        var text = self
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }
}
