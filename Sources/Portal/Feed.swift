import JSON
import Web

/// A page's list as an Atom feed (RFC 4287): results or draws, newest first.
struct Feed {
    let xml: String

    init(page: Page, path: String, base: String, texts: Texts, _ language: Language) {
        let entries = Self.list(page.data["results"]) + Self.list(page.data["draws"])
        let updated = entries.compactMap(Self.instant).max() ?? "1970-01-01T00:00:00+00:00"
        var xml = """
            <?xml version="1.0" encoding="utf-8"?>
            <feed xmlns="http://www.w3.org/2005/Atom" xml:lang="\(language.tag)">
            <title>\(Chart.escaped(page.title)) · \(Chart.escaped(texts.text("site", language)))</title>
            <id>\(Chart.escaped(base + path))</id>
            <link rel="self" href="\(Chart.escaped(base + path)).atom"/>
            <link rel="alternate" href="\(Chart.escaped(base + path))"/>
            <updated>\(updated)</updated>
            <author><name>\(Chart.escaped(texts.text("site", language)))</name></author>

            """
        for entry in entries {
            guard let address = Self.text(entry["address"]) else { continue }
            let id = Self.text(entry["entity_name"]).map { name in
                "\(name) — \(Self.text(entry["department_name"]) ?? "")"
            }
            let title = id ?? "\(texts.text("draw", language)) \(Self.text(entry["round"]) ?? "")"
            let found = Self.list(entry["items"]).map { item in
                "\(Self.text(item["item_name"]) ?? ""): "
                    + Self.list(item["categories"]).compactMap(Self.text).joined(separator: "、")
            }.joined(separator: "\n")
            let state = Self.text(entry["state"]).map { texts.text("state.\($0)", language) }
            xml += """
                <entry><title>\(Chart.escaped(title))</title><id>\(Chart.escaped(base + address))</id>\
                <link href="\(Chart.escaped(base + address))"/><updated>\(Self.instant(entry) ?? updated)</updated>\
                <summary>\(Chart.escaped(state ?? found))</summary></entry>

                """
        }
        self.xml = xml + "</feed>\n"
    }

    private static func instant(_ entry: JSONValue) -> String? {
        text(entry["published_at"]) ?? text(entry["drawn_at"]) ?? text(entry["committed_at"])
            ?? text(entry["opened_at"])
    }

    private static func text(_ value: JSONValue?) -> String? {
        if case .string(let text)? = value { text } else { nil }
    }

    private static func list(_ value: JSONValue?) -> [JSONValue] {
        if case .array(let values)? = value { values } else { [] }
    }
}
