import Cluster
import Foundation
import JSON
import Plans
import Postgres
import Registers
import Testing

/// Takes plans through their life by the real handlers, with a key for each person who has a say in it.
struct PlanOffice {
    let stack: TestStack
    let inbox: Inbox
    /// By department: who drafts, who checks and approves.
    private(set) var drafters: [String: SigningKey] = [:]
    private(set) var heads: [String: SigningKey] = [:]
    let office: SigningKey

    /// - Parameter areRulesWarnings: whether what breaks a rule of plans is only pointed out in this county.
    init(_ stack: TestStack, departments: [String], areRulesWarnings: Bool = true) async throws {
        self.stack = stack
        inbox = Inbox(
            pool: stack.pool, topics: stack.topics, directory: KeyDirectory(pool: stack.pool),
            handlers: Plans(topics: stack.topics).handlers)
        for department in departments {
            drafters[department] = try await stack.key(department, [.plan])
            heads[department] = try await stack.key(department, [.review, .approve])
        }
        office = try await stack.key("LXHY", [.office])
        if areRulesWarnings { try await set() }
    }

    /// From now on what breaks a rule of plans is only pointed out in this county, but for those that are given.
    func set(errors: Set<CountyRules.PlanRule> = []) async throws {
        let severities = Dictionary(
            uniqueKeysWithValues: CountyRules.PlanRule.allCases.map { rule in
                (rule.rawValue, JSONValue.string(errors.contains(rule) ? "error" : "warning"))
            })
        let body: JSONValue = ["value": .object(severities), "basis": "试验"]
        try await stack.pool.execute(
            """
            INSERT INTO registers.statements (kind, id, valid_from, body, source, submission, department)
            VALUES ('rule', 'plan_rule_severities', clock_timestamp(), \(JSONText(body)), 'dept:LXHY',
                \(UUID().uuidString), 'LXHY')
            """)
    }

    /// What one of the people says of a plan, and the receipt.
    func say(_ type: String, of plan: String, _ data: JSONValue, by key: SigningKey?) async throws -> Receipt {
        let key = try #require(key)
        let event = try Signature.sign(
            CloudEvent(
                id: UUID().uuidString, source: key.sources[0], type: "cn.yaohao.plans.\(type).v1", subject: plan,
                time: Date().instantText, data: data.canonical), with: key)
        return try await inbox.take(headers: event.headers.map { ($0.name, Array($0.value.utf8)) }, value: event.data)
    }

    func accept(_ type: String, of plan: String, _ data: JSONValue, by key: SigningKey?) async throws {
        let receipt = try await say(type, of: plan, data, by: key)
        #expect(receipt.status == .accepted, "\(type): \(receipt.reasons)")
    }

    /// A step that needs no more than plan and version.
    func step(_ type: String, _ plan: String, _ version: Int, by key: SigningKey?) async throws -> Receipt {
        try await say(type, of: plan, ["plan": .string(plan), "version": .integer(version)], by: key)
    }

    /// Takes a document from draft to publication, a change by `plan-changed`.
    func publish(_ document: JSONValue) async throws {
        let plan = try #require(document["id"]?.text)
        let department = try #require(document["department"]?.text)
        let version = try #require(document["version"]?.number)
        if version == 1 {
            try await accept("plan-drafted", of: plan, ["plan": document], by: drafters[department])
        } else {
            try await accept(
                "plan-changed", of: plan, ["plan": document, "what": "调整", "why": "试验"], by: drafters[department])
        }
        let named: JSONValue = ["plan": .string(plan), "version": .integer(version)]
        for type in ["plan-checked", "plan-approved", "plan-reported"] {
            try await accept(type, of: plan, named, by: heads[department])
        }
        try await accept(
            "plan-received", of: plan, ["plan": .string(plan), "version": .integer(version), "outcome": "received"],
            by: office)
        for participant in (document["participants"]?.elements ?? []).compactMap(\.text) {
            try await accept("participation-confirmed", of: plan, named, by: heads[participant])
        }
        try await accept("plan-published", of: plan, named, by: heads[department])
    }

    func approveSchemes(_ document: JSONValue) async throws {
        let plan = try #require(document["id"]?.text)
        let department = try #require(document["department"]?.text)
        for line in document["lines"]?.elements ?? [] {
            for draw in 1...(line["draws"]?.number ?? 1) {
                try await accept(
                    "scheme-approved", of: plan,
                    [
                        "plan": .string(plan), "version": document["version"] ?? 1, "line": line["id"] ?? "",
                        "draw": .integer(draw),
                    ], by: heads[department])
            }
        }
    }

    /// A plan of one department with a line for each request, of the request's id, as often as `draws` says.
    static func document(
        _ id: String, version: Int = 1, department: String, requests: [JSONValue], draws: Int = 1
    ) throws -> JSONValue {
        let lines = try requests.map { request -> JSONValue in
            let window = try #require(request["window"])
            return [
                "id": request["id"] ?? "", "title": "随机抽查", "pool": request["pool"] ?? [:],
                "sample": request["sample"] ?? [:], "draws": .integer(draws), "methods": [request["method"] ?? ""],
                "windows": [window], "joint": request["joint"] ?? true, "coordination": request["coordination"] ?? "",
                "parts": [
                    [
                        "department": .string(department), "items": request["items"] ?? [],
                        "specialties": request["specialties"] ?? [], "team": request["team"] ?? 2,
                    ]
                ],
            ]
        }
        let year = try #require(requests.first?["window"]?.elements?.first?.text.flatMap { Int($0.prefix(4)) })
        return [
            "id": .string(id), "department": .string(department), "year": .integer(year), "version": .integer(version),
            "kind": "annual", "title": "年度抽查工作计划", "lines": .array(lines),
        ]
    }
}
