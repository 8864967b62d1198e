import JSON
import Testing

@Suite struct JSONParserTests {
    @Test func readsEveryKindOfValue() throws {
        let text = #" {"a":[1,-2,0,true,false,null],"b":{"c":"d"},"空":"值","e":[],"f":{}} "#
        #expect(
            try JSONValue(parsing: text.utf8) == [
                "a": [1, -2, 0, true, false, nil], "b": ["c": "d"], "空": "值", "e": [], "f": [:],
            ])
    }

    @Test func readsEscapes() throws {
        let text = #""\"\\\/\b\f\n\r\t\u0041\u00e9\u6447\ud83d\ude00 😀""#
        #expect(try JSONValue(parsing: text.utf8) == .string("\"\\/\u{8}\u{c}\n\r\tAé摇😀 😀"))
    }

    @Test func takesBytesHoweverTheyAreKept() throws {
        let bytes = Array("xx[1]xx".utf8)
        #expect(try JSONValue(parsing: bytes[2..<5]) == [1])
        #expect(try JSONValue(parsing: "[1]".utf8.lazy.map { $0 }) == [1])
    }

    @Test(arguments: [
        ("", 1, 1, "ends"), (" ", 1, 2, "ends"), ("[1,", 1, 4, "ends"), ("[1 2]", 1, 4, "','"),
        ("{\"a\":1,\n \"a\":2}", 2, 2, "repeated"), ("{\"a\" 1}", 1, 6, "':'"), ("{a:1}", 1, 2, "name"),
        ("{\"a\":1,}", 1, 8, "name"), ("[1,]", 1, 4, "value"), ("1 1", 1, 3, "after"), ("\u{feff}1", 1, 1, "value"),
        ("1.5", 1, 1, "fraction"), ("1e3", 1, 1, "fraction"), ("[1E3]", 1, 2, "fraction"), ("01", 1, 1, "start with 0"),
        ("-0", 1, 1, "-0"), ("-", 1, 2, "digit"), ("+1", 1, 1, "value"), ("9007199254740992", 1, 1, "outside"),
        ("-9007199254740992", 1, 1, "outside"), ("99999999999999999999999", 1, 1, "outside"), ("NaN", 1, 1, "value"),
        ("nul", 1, 1, "value"), ("\"a", 1, 1, "end"), ("\"空\n\"", 1, 3, "control"), ("\"\\x\"", 1, 2, "escape"),
        ("\"\\ud800\"", 1, 2, "surrogate"), ("\"\\udc00\"", 1, 2, "surrogate"),
        ("\"\\ud800\\u0041\"", 1, 2, "surrogate"),
        ("\"\\u00g0\"", 1, 6, "hex"), ("\"\\", 1, 3, "end"), ("{\"a\":1", 1, 7, "'}'"), ("{", 1, 2, "name"),
        ("[", 1, 2, "ends"), ("'a'", 1, 1, "value"),
    ])
    func refuses(text: String, line: Int, column: Int, reason: String) throws {
        let error = try #require(throws: JSONSyntaxError.self) { try JSONValue(parsing: text.utf8) }
        #expect(error.line == line)
        #expect(error.column == column)
        #expect(error.message.contains(reason), "\(error)")
    }

    @Test(
        arguments: [
            [0x22, 0xff, 0x22], [0x22, 0xc0, 0x80, 0x22], [0x22, 0xed, 0xa0, 0x80, 0x22], [0x22, 0xe6, 0x91, 0x22],
            [0x22, 0xf4, 0x90, 0x80, 0x80, 0x22], [0x22, 0x5c, 0x6e, 0xff, 0x22],
            [0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d],
        ] as [[UInt8]])
    func refusesInvalidUTF8(bytes: [UInt8]) throws {
        let error = try #require(throws: JSONSyntaxError.self) { try JSONValue(parsing: bytes) }
        #expect(error.message.contains("UTF-8"))
    }

    @Test func refusesNestingBeyondSixtyFour() throws {
        func nested(_ depth: Int) -> [UInt8] {
            Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
        }
        #expect(throws: Never.self) { try JSONValue(parsing: nested(64)) }
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: nested(65)) }
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: Array(repeating: 0x5b, count: 1_000_000)) }
    }

    @Test func largestIntegersSurvive() throws {
        for integer in [JSONValue.largestInteger, -JSONValue.largestInteger] {
            #expect(try JSONValue(parsing: "\(integer)".utf8) == .integer(integer))
            #expect(JSONValue.integer(integer).canonicalText == "\(integer)")
        }
    }

    private func walk(_ text: String) throws -> (rest: [String: JSONValue], seen: [JSONValue], before: [Int]) {
        var seen: [JSONValue] = []
        var before: [Int] = []
        let rest = try JSONValue.parsing(Array(text.utf8), each: "rows") { element, members in
            seen.append(element)
            before.append(members.count)
        }
        return (rest, seen, before)
    }

    @Test func handsOverTheElementsOfOneList() throws {
        let text = #" { "a":[1], "rows" : [ {"x":[2]} , 3,"空",[] ] , "z":null } "#
        let (rest, seen, before) = try walk(text)
        #expect(seen == [["x": [2]], 3, "空", []])
        #expect(before == [1, 1, 1, 1], "what stands behind the list is not known yet")
        #expect(rest == ["a": [1], "z": nil])
        #expect(try JSONValue(parsing: text.utf8)["rows"] == .array(seen))
        #expect(try walk("{}").seen.isEmpty && walk(#"{"rows":[]}"#).seen.isEmpty)
    }

    @Test(arguments: [
        ("[]", 1, "object"), (#"{"rows":1}"#, 9, "list"), (#"{"rows":[],"rows":[]}"#, 12, "repeated"),
        (#"{"a":1,"rows":[1],"a":2}"#, 19, "repeated"), (#"{"rows":[1 2]}"#, 12, "','"),
        (#"{"rows":[1]} x"#, 14, "after"),
        (#"{"rows":[1,]}"#, 12, "value"), (#"{"rows":[1]"#, 12, "'}'"),
    ])
    func isAsStrictWithOneList(text: String, column: Int, reason: String) throws {
        let error = try #require(throws: JSONSyntaxError.self) { try walk(text) }
        #expect(error.column == column)
        #expect(error.message.contains(reason), "\(error)")
    }

    @Test func passesOnWhatIsThrownForAnElement() {
        struct Enough: Error {}
        #expect(throws: Enough.self) {
            try JSONValue.parsing(Array(#"{"rows":[1,2"#.utf8), each: "rows") { _, _ in throw Enough() }
        }
    }
}
