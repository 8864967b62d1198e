import JSON
import Testing

@Suite struct JSONCanonicalTests {
    /// The example of RFC 8785 §3.2.3, which orders names by UTF-16 code units.
    @Test func ordersNamesAsRFC8785Shows() throws {
        let value: JSONValue = [
            "\u{20ac}": "Euro Sign", "\r": "Carriage Return", "\u{fb33}": "Hebrew Letter Dalet With Dagesh",
            "1": "One", "😀": "Emoji: Grinning Face", "\u{80}": "Control", "ö": "Latin Small Letter O With Diaeresis",
        ]
        #expect(
            value.canonicalText == #"{"\r":"Carriage Return","1":"One","\#u{80}":"Control","#
                + #""ö":"Latin Small Letter O With Diaeresis","\#u{20ac}":"Euro Sign","#
                + #""😀":"Emoji: Grinning Face","\#u{fb33}":"Hebrew Letter Dalet With Dagesh"}"#)
    }

    @Test func shorterNamesComeFirst() {
        #expect((["ab": 1, "a": 2, "": 3] as JSONValue).canonicalText == #"{"":3,"a":2,"ab":1}"#)
    }

    @Test func escapesOnlyWhatMustBe() {
        let value: JSONValue = "\u{20ac}$\u{f}\u{a}A'\u{42}\u{22}\u{5c}\\\"/\u{7f}\u{8}\u{9}\u{c}\u{d}\u{0}"
        #expect(value.canonicalText == "\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\u{7f}\\b\\t\\f\\r\\u0000\"")
    }

    @Test func writesIntegersPlainly() {
        #expect(([0, -1, 9, 10, 1_000_000, -120] as JSONValue).canonicalText == "[0,-1,9,10,1000000,-120]")
    }

    @Test func parsingItBackGivesTheSameValue() throws {
        let value: JSONValue = ["a": [1, "x\u{1}😀\u{ffff}", nil, true], "b": ["c": [:], "d": []]]
        #expect(try JSONValue(parsing: value.canonical) == value)
    }

    @Test func appendsToWhatIsThere() {
        var output = Array("x".utf8)
        (["a": 1] as JSONValue).appendCanonical(to: &output)
        #expect(output == Array(#"x{"a":1}"#.utf8))
    }
}
