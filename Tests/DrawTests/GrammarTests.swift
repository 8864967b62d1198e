import Testing

@testable import Draw

@Suite("How fields are spelled")
struct GrammarTests {
    @Test(arguments: ["2026-02-28", "2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31"])
    func days(text: String) { #expect(Grammar.isDay(text)) }

    @Test(arguments: [
        "2026-02-29", "1900-02-29", "2026-04-31", "2026-13-01", "2026-00-10", "2026-01-00", "0000-01-01", "2026-1-01",
        "2026-01-011", "2026/01/01", "２026-01-01", "", "dddd-dd-dd",
    ])
    func notDays(text: String) { #expect(!Grammar.isDay(text)) }

    @Test func instants() {
        #expect(Grammar.isInstant("2026-02-28T23:59:59Z"))
        for text in [
            "2026-02-28T24:00:00Z", "2026-02-28T23:60:00Z", "2026-02-28T23:59:60Z", "2026-02-28T23:59:59",
            "2026-02-29T23:59:59Z", "2026-02-28 23:59:59Z", "2026-02-28T23:59:59+08:00", "2026-02-28",
        ] { #expect(!Grammar.isInstant(text), "\(text)") }
    }

    @Test func idsAndSources() {
        #expect(Grammar.isID("Az09._-"))
        for text in ["", "a b", "a:b", "é", "a\u{301}", "空", "a\n"] { #expect(!Grammar.isID(text), "\(text)") }
        #expect(Grammar.isSource("witness:A.b_c-1"))
        #expect(!Grammar.isSource("a/b"))
    }

    @Test func integers() {
        #expect(Grammar.integer("0".utf8) == 0)
        #expect(Grammar.integer("9007199254740991".utf8) == 9_007_199_254_740_991)
        for text in ["", "00", "01", "-1", "+1", "1.0", "1e3", "9007199254740992", "90071992547409910", " 1", "１"] {
            #expect(Grammar.integer(text.utf8) == nil, "\(text)")
        }
    }

    @Test func ascendingIsByBytes() {
        #expect(Grammar.ascends(["Z", "a", "é", "空", "😀"]))
        #expect(Grammar.ascends(["e\u{301}", "é"]), "not normalised")
        #expect(!Grammar.ascends(["a", "a"]))
    }

    @Test(arguments: [
        ("ddddddd", true), ("dddddd", false), ("hhhhh", true), ("hhhh", false), ("ddhhh", false), ("dddhhh", true),
        ("ddhhhh", true), ("ddd-ddd-d", true), ("no digits", false), ("", false),
        (String(repeating: "d", count: 500), true),
    ])
    func twentyBits(pattern: String, isEnough: Bool) {
        #expect(PublicSource(source: "s", description: "", pattern: pattern).carriesEnough == isEnough)
    }

    @Test func publicValues() {
        let source = PublicSource(source: "s", description: "", pattern: "dd,h+第d期")
        #expect(source.matches("09,f+第3期"))
        for value in ["9,f+第3期", "09,F+第3期", "09,g+第3期", "09,f+第3", "09,f-第3期", "０9,f+第3期", "09,f+第3期\n"] {
            #expect(!source.matches(value), "\(value)")
        }
    }
}
