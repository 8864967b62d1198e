import JSON
import Testing
import Web

@testable import Portal

@Suite("What a page's data say in words")
struct PresentationTests {
    private func presented(_ document: JSONValue) throws -> [String: Any] {
        let texts = try Texts(tables: [("texts", Array("state.drawn\t已抽取\tdrawn".utf8))])
        return Presentation(texts: texts, language: .chinese).values(document)
    }

    @Test("Instants, rates, codes and numbers get their wording beside them")
    func wording() throws {
        let values = try presented([
            "committed_at": "2026-11-26T07:00:12+08:00", "chance_ppm": 250_000, "state": "drawn", "lines": 1_234_567,
            "items": [],
        ])
        #expect(values["committed_at_text"] as? String == "2026-11-26 07:00")
        #expect(values["chance_ppm_text"] as? String == "25%")
        #expect(values["state_text"] as? String == "已抽取")
        #expect(values["lines_text"] as? String == "1,234,567")
        #expect(values["has_items"] as? Bool == false)
    }

    /// In whatever order a dictionary gives its members.
    @Test("No wording takes the place of what the data themselves hold", arguments: 1...60)
    func membersStay(size: Int) throws {
        var members: [String: JSONValue] = [:]
        for number in 0..<size {
            members["x\(number)"] = number.isMultiple(of: 2) ? ["inner": true] : [1]
            members["x\(number)_text"] = .string("own \(number)")
            members["has_x\(number)"] = .string("own \(number)")
        }
        let values = try presented(.object(members))
        for number in 0..<size {
            #expect(values["x\(number)_text"] as? String == "own \(number)")
            #expect(values["has_x\(number)"] as? String == "own \(number)")
        }
    }
}
