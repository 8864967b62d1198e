import Foundation
import JSON
import Testing
import YAML

@testable import Plans

@Suite("The schema of plans, docs/plan.schema.json")
struct PlanSchemaTests {
    static let drafted = "cn.yaohao.plans.plan-drafted.v1"

    static func examples() throws -> [JSONValue] {
        let folder = MessageSchema.project.appending(path: "examples/guyang/plans")
        return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().flatMap { name in
            try YAMLDocument.all(in: String(contentsOf: folder.appending(path: name), encoding: .utf8))
        }
    }

    @Test("is the one that the messages have")
    func same() throws {
        let text = try Data(contentsOf: MessageSchema.project.appending(path: "docs/plan.schema.json"))
        let schema = try JSONValue(parsing: Array(text))
        for type in [Self.drafted, "cn.yaohao.plans.plan-changed.v1"] {
            #expect(try MessageSchema(type: type).root["$defs"] == schema["$defs"])
        }
    }

    @Test("admits the examples, which fit together, and every document as it is kept")
    func examples() throws {
        let schema = try MessageSchema(type: Self.drafted)
        let examples = try Self.examples()
        #expect(examples.count >= 2)
        for example in examples {
            #expect(example["type"] == .string(Self.drafted))
            let data = try #require(example["data"])
            try schema.check(data)
            let plan = try Plan(json: #require(data["plan"]))
            #expect(plan.problems() == [] && example["subject"] == .string(plan.id))
            try schema.check(["plan": plan.json])
        }
    }

    @Test(
        "refuses what the reader refuses",
        arguments: ["rates", "methods", "draws", "windows", "extra", "parts", "kind", "year"])
    func refuses(what: String) throws {
        let example = try #require(try Self.examples().first?["data"]?["plan"])
        guard case .object(var plan) = example, var lines = example["lines"]?.elements,
            case .object(var line)? = lines.first
        else { return }
        switch what {
        case "rates": line["sample"] = ["rate_ppm": 1_000_001]
        case "methods": line["methods"] = ["phone"]
        case "draws": line["draws"] = 0
        case "windows": line["windows"] = [["2026-01-01"]]
        case "extra": line["rate"] = 1
        case "parts": line["parts"] = [["department": "GAJ"]]
        case "kind": plan["kind"] = "both"
        default: plan["year"] = "2026"
        }
        lines[0] = .object(line)
        plan["lines"] = .array(lines)
        #expect(throws: JSONError.self) { try Plan(json: .object(plan)) }
        #expect(throws: MessageSchema.Problem.self) {
            try MessageSchema(type: Self.drafted).check(["plan": .object(plan)])
        }
    }
}
