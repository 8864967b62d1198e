import Testing

@testable import Web

@Suite("What language and format a page comes in") struct NegotiationTests {
    @Test(
        "The address decides, then the cookie, then the browser, then Chinese",
        arguments: [
            (nil, nil, nil, Language.chinese), (nil, nil, "en-GB,en;q=0.9", .english),
            (nil, nil, "fr, en;q=0.2, zh-CN;q=0.8", .chinese), (nil, nil, "zh;q=0, en;q=0.1", .english),
            (nil, nil, "fr", .chinese), (nil, "en", "zh", .english), ("zh", "en", "en", .chinese),
            ("xx", nil, "en", .english), (nil, "'; DROP", "*", .chinese), (nil, nil, ",;q=,;;", .chinese),
        ] as [(String?, String?, String?, Language)])
    func language(query: String?, cookie: String?, accepted: String?, expected: Language) {
        #expect(Language.negotiated(query: query, cookie: cookie, accepted: accepted) == expected)
    }

    @Test(
        "Data comes only to those who name it before pages",
        arguments: [
            (nil, Format.html), ("*/*", .html), ("text/html,application/json", .html), ("application/json", .json),
            ("application/json;q=0.9, */*", .json), ("application/atom+xml", .atom), ("a", .html), ("", .html),
        ] as [(String?, Format)])
    func format(accepted: String?, expected: Format) {
        #expect(Negotiating<Answer>.accepted(accepted, of: [.html, .json, .atom]) == expected)
    }

    @Test(
        "Fields are read as the URL Standard says, and mistakes are errors",
        arguments: [
            ("q=%E6%98%A5%20%E8%8A%BD&lang=en", "春 芽"), ("q=a+b", "a b"), ("q=", nil), ("x=1", nil), ("q=%20x%20", "x"),
            ("q=1=2", "1=2"),
        ] as [(String, String?)])
    func fields(text: String, expected: String?) throws {
        #expect(try FormFields(parsing: text).text("q") == expected)
    }

    @Test(
        "Broken escapes, broken UTF-8 and control characters are refused",
        arguments: ["q=%", "q=%zz", "q=%ff", "q=%00", "%1b=x"])
    func malformed(text: String) {
        #expect(throws: FormFields.Problem.self) { try FormFields(parsing: text) }
    }

    @Test("What is encoded is read back, whatever it is") func roundTrip() throws {
        let values = ["a&b=c", "春芽 %", "\"<>'", "+", "\u{1F600}"]
        let fields = FormFields(values.map { (name: $0, value: $0) })
        #expect(try FormFields(parsing: fields.query()) == fields)
    }
}
