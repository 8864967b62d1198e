import JSON
import Testing

@Suite struct JSONReaderTests {
    enum Method: String, CaseIterable { case onsite, written }

    struct Message: Equatable {
        var id: String
        var count: Int?
        var methods: [Method]
        var replaces: String?
        var rates: [String: Int]
    }

    func read(_ value: JSONValue) throws -> Message {
        try JSONField(value).object { reader in
            try Message(
                id: reader.required("id").string("an id", where: { !$0.isEmpty }),
                count: reader.optional("count")?.integer(in: 1...5),
                methods: reader.required("methods").array { try $0.choice() },
                replaces: reader.required("replaces").nullable()?.string(),
                rates: reader.required("more").object { more in
                    Dictionary(
                        uniqueKeysWithValues: try more.required("rates").members().map {
                            ($0.name, try $0.field.integer())
                        })
                })
        }
    }

    let good: JSONValue = [
        "id": "x", "count": 3, "methods": ["onsite", "written"], "replaces": nil, "more": ["rates": ["A": 1, "-": 2]],
    ]

    func changed(_ key: String, _ value: JSONValue?) -> JSONValue {
        guard case .object(var members) = good else { return good }
        members[key] = value
        return .object(members)
    }

    @Test func readsWhatIsThere() throws {
        let expected = Message(
            id: "x", count: 3, methods: [.onsite, .written], replaces: nil, rates: ["A": 1, "-": 2])
        #expect(try read(good) == expected)
        #expect(try read(changed("count", nil)).count == nil)
        #expect(try read(changed("replaces", "y")).replaces == "y")
    }

    @Test func namesTheFieldThatIsWrong() throws {
        let cases: [(JSONValue, String)] = [
            (changed("id", nil), "id: is missing; add it"),
            (changed("id", ""), "id: an id is expected, found \"\""),
            (changed("id", 1), "id: a string is expected, found an integer"),
            (changed("count", 6), "count: an integer from 1 to 5 is expected, found 6"),
            (changed("count", nil as JSONValue), "count: an integer is expected, found null"),
            (changed("methods", ["onsite", "x"]), "methods[1]: one of onsite, written is expected, found \"x\""),
            (changed("methods", [:]), "methods: a list is expected, found an object"),
            (changed("more", ["rates": ["a.b": "x"]]), "more.rates[\"a.b\"]: an integer is expected, found a string"),
            (changed("more", ["rates": [:], "z": 1, "y": 1]), "more.y: this key is not known here; remove it"),
            (changed("more", [:]), "more.rates: is missing; add it"),
            (changed("zz", 1), "zz: this key is not known here; remove it"),
            ("text", "an object is expected, found a string"),
        ]
        for (value, message) in cases {
            let error = #expect(throws: JSONError.self) { try read(value) }
            // Where, in Chinese and in English.
            let path = message.contains(": ") ? String(message.prefix { $0 != " " }) : ""
            #expect(error?.description.hasPrefix(path) == true)
            #expect(error?.description.hasSuffix(" / " + message.dropFirst(path.isEmpty ? 0 : path.count + 1)) == true)
            #expect(error?.description.unicodeScalars.contains { $0.properties.isIdeographic } == true)
        }
    }
}
