import JSON
import Testing

@Suite("JSON")
struct JSONTests {
    @Test("The canonical form has no white space, ordered members and the shortest escapes")
    func canonical() throws {
        let text = "{ \"b\" : [1, -2, true, null],\n \"a\\u4e2d\": \"\\u000f\\n\\\"\\\\\\/\\ud83d\\ude00\" }"
        let value = try JSONValue(parsing: text)
        let expected = "{\"a中\":\"\\u000f\\n\\\"\\\\/😀\",\"b\":[1,-2,true,null]}"
        #expect(String(decoding: value.canonical, as: UTF8.self) == expected)
        #expect(try JSONValue(parsing: value.canonical) == value)
    }

    @Test("Members are ordered by UTF-16 units, which is not the order of their bytes")
    func order() {
        let value: JSONValue = ["\u{FB33}": 1, "\u{1F600}": 2]
        #expect(String(decoding: value.canonical, as: UTF8.self) == "{\"\u{1F600}\":2,\"\u{FB33}\":1}")
    }

    @Test(
        "Whatever is not strict JSON of whole numbers is refused, with its place",
        arguments: [
            "", "{", "[1,]", "{\"a\":1,\"a\":2}", "1.0", "1e3", "01", "-0", "-", "\"\u{1}\"", "\"\\ud800\"", "\"\\x\"",
            "nul",
            "1 2", "{\"a\" 1}", "9223372036854775808", "{1:2}", String(repeating: "[", count: 65),
        ])
    func refused(text: String) {
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
        #expect(error?.line == 1)
    }

    @Test("Bytes that are not UTF-8 are refused")
    func encoding() {
        #expect(throws: JSONError.self) { try JSONValue(parsing: [0x22, 0xFF, 0x22]) }
    }

    @Test("A reader names the path of what is missing, wrong or unknown")
    func reader() throws {
        var reader = try JSONReader(parsing: Array("{\"list\":[{\"n\":\"x\"}],\"more\":1}".utf8))
        var item = try #require(try reader.objects("list").first)
        let wrong = #expect(throws: JSONError.self) { try item.integer("n") }
        #expect(wrong?.path == "list[0].n")
        let missing = #expect(throws: JSONError.self) { try item.string("gone") }
        #expect(missing?.path == "list[0].gone")
        let unknown = #expect(throws: JSONError.self) { try reader.finish() }
        #expect(unknown?.path == "more")
    }
}
