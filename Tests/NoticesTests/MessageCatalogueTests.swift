import Cluster
import Foundation
import JSON
import Registers
import Testing

@testable import Notices

@Suite("The list of messages, docs/asyncapi.yaml")
struct MessageCatalogueTests {
    static func catalogue() throws -> String {
        try String(contentsOf: MessageSchema.project.appending(path: "docs/asyncapi.yaml"), encoding: .utf8)
    }

    /// The types of the catalogue's messages: keys of `components.messages`, four spaces deep.
    static func types(indented depth: Int = 4) throws -> Set<String> {
        let key = try Regex("^ {\(depth)}(cn\\.yaohao\\.[a-z0-9.-]+):$", as: (Substring, Substring).self)
        return Set(
            try catalogue().split(separator: "\n").compactMap { line in line.wholeMatch(of: key).map { String($0.1) } })
    }

    @Test("names exactly the types that the code knows")
    func sameTypes() throws {
        let literal = /"(cn\.yaohao\.[a-z]+\.[a-z-]+\.v[0-9]+)"/
        var inCode: Set<String> = []
        let sources = MessageSchema.project.appending(path: "Sources")
        let files = try #require(FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil))
        for case let file as URL in files where file.pathExtension == "swift" {
            let text = try String(contentsOf: file, encoding: .utf8)
            for match in text.matches(of: literal) { inCode.insert(String(match.1)) }
        }
        let listed = try Self.types()
        #expect(inCode.subtracting(listed).sorted() == [], "in Sources, not in docs/asyncapi.yaml")
        #expect(listed.subtracting(inCode).sorted() == [], "in docs/asyncapi.yaml, not in Sources")
    }

    @Test("puts every message on a topic, and names every topic")
    func topics() throws {
        #expect(try Self.types(indented: 6) == Self.types())
        let catalogue = try Self.catalogue()
        for (name, _) in Topics(prefix: "").all {
            #expect(catalogue.contains("address: '{prefix}\(name)'"), "\(name)")
        }
    }

    @Test("has a schema of its own for every message")
    func schemas() throws {
        let catalogue = try Self.catalogue()
        for type in try Self.types() {
            let schema = try MessageSchema(type: type).root
            #expect(schema["$schema"] == "https://json-schema.org/draft/2020-12/schema")
            #expect(schema["$id"] == .string("urn:yaohao:schema:\(type)"))
            #expect(catalogue.contains("$ref: schemas/\(type).json"), "\(type)")
        }
        let folder = MessageSchema.project.appending(path: "docs/schemas")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(Set(files) == Set(try Self.types().map { $0 + ".json" }))
    }

    @Test("describes publications as they are sent")
    func publication() throws {
        let schema = try MessageSchema(type: Publication.eventType)
        let earlier = PublicationTests.publication(visit: "V0").body
        let message = PublicationTests.publication(version: 2).message(earlier: [earlier], topics: Topics())
        let body = try #require(message.data)
        try schema.check(body)
        for extra in ["inspectors", "credit", "score"] {
            guard case .object(var members) = body else { return }
            members[extra] = []
            #expect(throws: MessageSchema.Problem.self) { try schema.check(.object(members)) }
        }
    }

    @Test("describes reminders as they are sent")
    func reminder() throws {
        let schema = try MessageSchema(type: Digest.eventType)
        let digests = try ReminderTests.digests(
            [ReminderTests.reminder([.inspectors, .contact, .head, .office], people: ["I1"])], today: "2026-03-31")
        #expect(digests.count == 4)
        let templates = try Templates()
        for digest in digests {
            let message = JSONValue.string(templates.message(digest))
            try schema.check(.object(digest.json.merging(["message": message]) { _, new in new }))
        }
    }

    @Test("refuses results that the handler refuses by their form")
    func results() throws {
        let schema = try MessageSchema(type: "cn.yaohao.inspections.result-recorded.v1")
        let item: JSONValue = ["item": "SCJG-1", "categories": ["未发现问题"]]
        let body: JSONValue = ["visit": "V", "department": "SCJG", "ended_on": "2026-03-10", "items": [item]]
        try schema.check(body)
        let bad: [JSONValue] = [
            ["visit": "V", "department": "SCJG", "ended_on": "2026-03-10"],
            ["visit": "V", "department": "SCJG", "ended_on": "2026-03-10", "items": [["item": "SCJG-1"]]],
            [
                "visit": "V", "department": "SCJG", "ended_on": "2026-03-10",
                "items": [["item": "SCJG-1", "categories": []]],
            ],
            ["visit": 1, "department": "SCJG", "ended_on": "2026-03-10", "items": [item]],
        ]
        for body in bad { #expect(throws: MessageSchema.Problem.self) { try schema.check(body) } }
    }
}
