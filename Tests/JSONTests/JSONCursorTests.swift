import JSON
import Testing

@Suite struct JSONCursorTests {
    func walk(_ text: String) throws -> (JSONValue, [JSONValue]) {
        var cursor = JSONCursor(Array(text.utf8))
        var elements: [JSONValue] = []
        try cursor.expect(#"{"a":"#)
        let first = try cursor.value()
        try cursor.expect(#","b":"#)
        try cursor.elements { element, index in
            #expect(index == elements.count)
            elements.append(element)
        }
        try cursor.expect("}\n")
        try cursor.finish()
        return (first, elements)
    }

    @Test func givesOnePieceAfterAnother() throws {
        let (first, elements) = try walk(#"{"a":{"x":"空"},"b":[1,[],{"y":null}]}"# + "\n")
        #expect(first == ["x": "空"])
        #expect(elements == [1, [], ["y": nil]])
        #expect(try walk(#"{"a":1,"b":[]}"# + "\n").1.isEmpty)
    }

    @Test(arguments: [
        (#"{"a":1, "b":[]}"#, 7), (#"{"a":1,"b":[1, 2]}"#, 15), (#"{"a":1,"b":[{"d":1,"c":2}]}"#, 15),
        (#"{"a":"\u0041","b":[]}"#, 7), (#"{"a":1,"b":[1,]}"#, 15), (#"{"a":1,"b":[1]"#, 15), (#"{"a":1,"b":[1}"#, 14),
        (#"{"a":1,"b":[]}"# + "\n\n", 1), (#"{"b":1,"b":[]}"#, 1), (#"{"a":1.0,"b":[]}"#, 6),
    ])
    func refusesWhatIsNotCanonical(text: String, column: Int) throws {
        let error = try #require(throws: JSONSyntaxError.self) { try walk(text.hasSuffix("\n") ? text : text + "\n") }
        #expect(error.column == column, "\(error)")
    }

    @Test func findsTheFirstDifference() throws {
        func difference(_ expected: JSONValue, _ found: JSONValue) -> JSONDifference? {
            JSONField(found, path: "x").firstDifference(from: expected)
        }
        let value: JSONValue = ["a": [1, ["b": "c"]], "d": nil]
        #expect(difference(value, value) == nil)
        #expect(difference(value, ["a": [1, ["b": "e"]], "d": nil])?.path == "x.a[1].b")
        #expect(difference(value, ["a": [1], "d": true])?.path == "x.a[1]")
        #expect(difference(value, ["a": [1, ["b": "c"], 2], "d": nil])?.found == 2)
        #expect(difference(value, ["a": [1, ["b": "c"]]])?.path == "x.d")
        #expect(difference(value, ["a": 1, "d": nil])?.expected == [1, ["b": "c"]])
        #expect(difference("é", "e\u{301}") != nil, "canonically equivalent, but other bytes")
    }
}
