import JSON
import Registers
import Testing

@Suite("Code lists")
struct CodeListTests {
    @Test(
        "know divisions by their first six digits: all of Inner Mongolia, and of the other provinces that they are there",
        arguments: [
            ("150222", true), ("150222100", true), ("150222100001", true), ("150200", true), ("150299", false),
            ("152921", true), ("152999001", false), ("110105", true), ("990000", false), ("160000", false),
        ])
    func regions(code: String, isKnown: Bool) throws {
        #expect(try CodeLists(.embedded()).knows(region: code) == isKnown)
    }

    @Test(
        "know industries by section, division and group, with or without the section's letter; a class goes with its group",
        arguments: [
            ("F", true), ("F52", true), ("F521", true), ("F5212", true), ("52", true), ("521", true), ("5212", true),
            ("H6210", true), ("C3963", true), ("A5212", false), ("F520", false), ("F5200", false), ("F99", false),
            ("X", false), ("", false), ("F52121", false), ("零售业", false), ("f52", false), ("F52 ", false),
        ])
    func industries(code: String, isKnown: Bool) throws {
        #expect(try CodeLists(.embedded()).knows(industry: code) == isKnown)
    }

    @Test("take what the county adds, and everything where it has the form alone checked")
    func settings() throws {
        let added = try CountyRules.embedded()
            .setting("region_codes", to: ["check": "list", "more": ["150271"]], basis: "据")
            .setting("industry_codes", to: ["check": "list", "more": ["W01"]], basis: "据")
        #expect(CodeLists(added).knows(region: "150271003") && !CodeLists(added).knows(region: "150272"))
        #expect(CodeLists(added).knows(industry: "W01") && !CodeLists(added).knows(industry: "W02"))
        let open = try CountyRules.embedded()
            .setting("region_codes", to: ["check": "form", "more": []], basis: "据")
            .setting("industry_codes", to: ["check": "form", "more": []], basis: "据")
        #expect(CodeLists(open).knows(region: "990000") && CodeLists(open).knows(industry: "零售业"))
        #expect(throws: JSONError.self) {
            try CountyRules.embedded().setting("region_codes", to: ["check": "maybe", "more": []], basis: "据")
        }
    }
}
