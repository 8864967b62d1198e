import Cluster
import Foundation
import Inspections
import JSON
import Postgres
import Registers
import Returns
import Testing

/// Numbers that look random and are the same every time (SplitMix64).
struct SeededNumbers: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// A generated county with drawn rounds, results submitted by the real handlers, publications and follow-ups, and
/// everything that was put in kept in memory, so that returns can be counted a second time from it.
struct ReturnCounty {
    struct Task {
        let visit: String
        let round: String
        let entity: String
        let department: String
        let items: [String]
        let departments: [String]
        let requests: [String]
        let team: [String]
        let first: Day
        let last: Day
    }

    struct Request {
        let round: String
        let id: String
        let department: String
        let items: [String]
        let pool: Int
        let drawn: Int
    }

    static let categories = ["未发现问题", "发现问题已责令改正", "通过登记的住所（经营场所）无法联系", "未按规定公示应当公示的信息"]

    let stack: TestStack
    let inbox: Inbox
    private let worker: PostgresPool
    let keys: [String: SigningKey]
    let departments: [String]
    let today: Day
    private(set) var tasks: [Task] = []
    private(set) var requests: [Request] = []
    /// Accepted bodies of results, by visit and department.
    private(set) var results: [String: JSONValue] = [:]
    /// Visits that could not be made, with the day.
    private(set) var failed: [String: Day] = [:]
    private(set) var published: Set<String> = []
    /// Follow-ups: id, visit and department, kind, items, and whether each is closed.
    private(set) var followUps: [(id: String, part: String, kind: String, items: [String], isClosed: Bool)] = []
    private var serial = 0

    init(_ stack: TestStack, departments count: Int) async throws {
        self.stack = stack
        departments = (1...count).map { "D\($0)" }
        var keys: [String: SigningKey] = [:]
        for department in departments { keys[department] = try await stack.key(department, [.result, .approve]) }
        keys["LXHY"] = try await stack.key("LXHY", [.office])
        self.keys = keys
        worker = PostgresPool(conninfo: stack.conninfo, setup: "SET ROLE yaohao_worker", logger: stack.logger)
        inbox = Inbox(
            pool: worker, topics: stack.topics, directory: KeyDirectory(pool: stack.pool),
            handlers: Inspections.handlers(topics: stack.topics) + Returns.handlers)
        let row = try await stack.pool.query(
            "SELECT (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date::text AS today"
        ).first
        today = try #require(try row.flatMap { Day(try $0.decode("today", as: String.self)) })
        for department in departments {
            try await stack.pool.execute(
                """
                INSERT INTO registers.departments (id, source, version, valid_from, name, lead)
                VALUES (\(department), 'test', 1, now() - interval '1 year', \("试验部门" + department), \(department == "D1"))
                """)
            for number in 1...3 {
                try await stack.pool.execute(
                    """
                    INSERT INTO registers.items (id, source, version, valid_from, name, legal_basis, department,
                        object_kind, methods, category, cap_ppm)
                    VALUES (\("\(department)-\(number)"), 'test', 1, now() - interval '1 year',
                        \("试验事项\(number)"), '试验依据', \(department), '企业', '{onsite}', 'general', 50000)
                    """)
            }
        }
        try await stack.pool.execute("INSERT INTO rounds.counties (county) VALUES ('150222') ON CONFLICT DO NOTHING")
    }

    func close() async { await worker.close() }

    /// One drawn round of some visits by random sets of departments.
    mutating func draw(_ round: String, visits: Int, _ numbers: inout SeededNumbers) async throws {
        var drawn: [Request] = []
        for department in departments {
            for number in 1...2 {
                let items =
                    number == 1 ? ["\(department)-1"] : ["\(department)-2", "\(department)-3"]
                drawn.append(
                    Request(
                        round: round, id: "Q-\(department)-\(number)", department: department, items: items,
                        pool: Int.random(in: 100...999, using: &numbers), drawn: Int.random(in: 1...99, using: &numbers)
                    ))
            }
        }
        requests += drawn
        let commitment: JSONValue = [
            "requests": .array(
                drawn.map { ["id": .string($0.id), "pool_sizes": ["A": .integer($0.pool - 10), "D": 10]] })
        ]
        try await stack.pool.execute(
            """
            INSERT INTO rounds.rounds (id, county, state, opened_by, commitment_json, drawn_at)
            VALUES (\(round), '150222', 'drawn', 'dept:D1', \(commitment.canonicalText), now() - interval '90 days')
            """)
        for request in drawn {
            let body: JSONValue = ["items": .array(request.items.map { .string($0) })]
            try await stack.pool.execute(
                """
                INSERT INTO rounds.requests (round, id, department, body)
                VALUES (\(round), \(request.id), \(request.department), \(body.canonicalText))
                """)
            let entities = (0..<request.drawn).map { "X\($0)" }
            try await stack.pool.execute(
                "INSERT INTO rounds.selections (round, request, entities) VALUES (\(round), \(request.id), \(entities))"
            )
        }
        for number in 0..<visits {
            let visit = "\(round)-V\(number)"
            let entity = "E\(Int.random(in: 0..<40, using: &numbers))"
            let named = Array(departments.shuffled(using: &numbers).prefix(Int.random(in: 1...3, using: &numbers)))
                .sorted()
            let asked = named.flatMap { department -> [Request] in
                let own = drawn.filter { $0.department == department }
                return Bool.random(using: &numbers) ? own : [own[Int.random(in: 0..<own.count, using: &numbers)]]
            }
            let first = today.adding(days: -Int.random(in: 0...75, using: &numbers))
            let last = first.adding(days: Int.random(in: 5...60, using: &numbers))
            try await stack.pool.execute(
                """
                INSERT INTO rounds.visits (round, id, entity, region, method, requests, departments, window_first,
                    window_last)
                VALUES (\(round), \(visit), \(entity), '150222', 'onsite', \(asked.map(\.id)), \(named),
                    \("\(first)")::text::date, \("\(last)")::text::date)
                """)
            for department in named {
                let team = (1...Int.random(in: 2...3, using: &numbers)).map { "\(department)-I\($0)" }
                try await stack.pool.execute(
                    """
                    INSERT INTO rounds.teams (round, visit, department, inspectors, missing)
                    VALUES (\(round), \(visit), \(department), \(team), '{}')
                    """)
                tasks.append(
                    Task(
                        visit: visit, round: round, entity: entity, department: department,
                        items: asked.filter { $0.department == department }.flatMap(\.items).sorted(),
                        departments: named, requests: asked.filter { $0.department == department }.map(\.id),
                        team: team,
                        first: first, last: last))
            }
        }
    }

    /// Signs a body and lets the real handler take it.
    @discardableResult
    mutating func say(_ type: String, _ subject: String, _ body: JSONValue, by department: String) async throws
        -> Receipt
    {
        serial += 1
        let event = try Signature.sign(
            CloudEvent(
                id: "S-\(serial)", source: "dept:\(department)", type: type, subject: subject, data: body.canonical),
            with: try #require(keys[department]))
        return try await inbox.take(
            headers: event.headers.map { ($0.name, Array($0.value.utf8)) }, value: event.data)
    }

    /// Inspects, publishes and follows up a share of what is open.
    mutating func work(_ numbers: inout SeededNumbers) async throws {
        for task in tasks where results[key(task)] == nil && failed[key(task)] == nil {
            let lot = Int.random(in: 0..<10, using: &numbers)
            let reach = today.number - task.first.number
            let day = task.first.adding(days: Int.random(in: 0...max(reach, 0), using: &numbers))
            if lot < 6 {
                try await record(task, on: day, &numbers)
            } else if lot == 6 {
                failed[key(task)] = day
                try await stack.pool.execute(
                    """
                    INSERT INTO inspections.visit_events (visit, department, kind, on_day, object_state, source, submission)
                    VALUES (\(task.visit), \(task.department), 'failed', \("\(day)")::text::date, '注销', 'test', 'test')
                    """)
            }
        }
    }

    private func key(_ task: Task) -> String { "\(task.visit)/\(task.department)" }

    private mutating func record(_ task: Task, on day: Day, _ numbers: inout SeededNumbers) async throws {
        var items: [JSONValue] = []
        for item in task.items {
            let category = Self.categories[Int.random(in: 0..<Self.categories.count, using: &numbers)]
            var names: [JSONValue] = [.string(category)]
            if Bool.random(using: &numbers) { names.append("暂停营业") }
            items.append(["item": .string(item), "categories": .array(names)])
        }
        var body: [String: JSONValue] = [
            "visit": .string(task.visit), "department": .string(task.department), "ended_on": .string("\(day)"),
            "items": .array(items),
        ]
        if Bool.random(using: &numbers) { body["inspectors"] = .array(task.team.prefix(2).map { .string($0) }) }
        let receipt = try await say(
            "cn.yaohao.inspections.result-recorded.v1", task.visit, .object(body), by: task.department)
        #expect(receipt.status == .accepted, "\(receipt.reasons)")
        results[key(task)] = .object(body)
        if Int.random(in: 0..<3, using: &numbers) > 0 {
            published.insert(key(task))
            try await stack.pool.execute(
                """
                INSERT INTO open.publications (id, entity, entity_name, visit, department, ended_on, body)
                VALUES (\(key(task)), \(task.entity), '试验', \(task.visit), \(task.department), \("\(day)")::text::date, '{}')
                """)
        }
        guard Int.random(in: 0..<3, using: &numbers) == 0 else { return }
        let kind = ["none", "stop", "correction", "case"][Int.random(in: 0..<4, using: &numbers)]
        let isDone = Bool.random(using: &numbers) && (kind == "correction" || kind == "case")
        let about = Array(task.items.prefix(Int.random(in: 1...task.items.count, using: &numbers)))
        let id = "C-\(followUps.count)"
        followUps.append((id, key(task), kind, about, isDone || kind == "none" || kind == "stop"))
        try await stack.pool.execute(
            """
            INSERT INTO inspections.consequences (id, kind, department, visit, version, entity, items, ordered_on, demand,
                due_on, source, submission)
            VALUES (\(id), \(kind), \(task.department), \(task.visit), 1, \(task.entity), \(about),
                \("\(day)")::text::date, '试验', \("\(day.adding(days: 15))")::text::date, 'test', 'test')
            """)
        if isDone {
            try await stack.pool.execute(
                """
                INSERT INTO inspections.consequence_events (consequence, kind, on_day, source, submission)
                VALUES (\(id), 'done', \("\(today)")::text::date, 'test', 'test')
                """)
        }
    }

    /// A second version of some results, on another day and by others (更正).
    mutating func correct(_ numbers: inout SeededNumbers) async throws -> Int {
        var count = 0
        for task in tasks where Int.random(in: 0..<6, using: &numbers) == 0 {
            guard case .object(var body)? = results[key(task)] else { continue }
            count += 1
            body["inspectors"] = .array([.string(task.team[1])])
            body["items"] = .array(
                task.items.map { ["item": .string($0), "categories": ["发现问题已责令改正", "迁出"]] })
            results[key(task)] = .object(body)
            try await stack.pool.execute(
                """
                INSERT INTO inspections.results
                    (visit, department, entity, round, ended_on, inspectors, source, submission, version, reason)
                SELECT visit, department, entity, round, ended_on, \([task.team[1]]), 'test', 'test', 2, '更正'
                FROM inspections.results WHERE visit = \(task.visit) AND department = \(task.department)
                """)
            for item in task.items {
                try await stack.pool.execute(
                    """
                    INSERT INTO inspections.result_items (visit, department, version, item, categories)
                    VALUES (\(task.visit), \(task.department), 2, \(item), \(["发现问题已责令改正", "迁出"]))
                    """)
            }
        }
        return count
    }

    // MARK: Counting again

    /// The figures of one line, counted by hand from what was put in; `nil` for an item or kind takes all.
    func recount(first: Day, last: Day, department: String?, item: String?, joint: Bool?) throws -> Figures {
        var figures = Figures()
        var draws: Set<String> = []
        for task in tasks {
            guard department == nil || task.department == department, task.first <= last else { continue }
            let isJoint = task.departments.count > 1
            guard joint == nil || isJoint == joint, item == nil || task.items.contains(item ?? "") else { continue }
            let result = results[key(task)]
            let endedOn = result.flatMap { Day($0["ended_on"]?.text ?? "") }
            let failedOn = result == nil ? failed[key(task)] : nil
            let doneOn = endedOn ?? failedOn
            let isInPeriod = doneOn.map { first <= $0 && $0 <= last } ?? false
            let isOpen = (doneOn.map { $0 > last } ?? true) && task.last.year >= first.year
            guard isInPeriod || isOpen else { continue }
            figures.due += 1
            if isJoint { figures.departments.formUnion(task.departments) }
            for request in requests
            where request.round == task.round && task.requests.contains(request.id)
                && (item.map { request.items.contains($0) } ?? true)
                && draws.insert("\(request.round)/\(request.id)").inserted
            {
                figures.pool += request.pool
                figures.drawn += request.drawn
            }
            if failedOn != nil, isInPeriod { figures.failed += 1 }
            guard let result, isInPeriod else { continue }
            figures.inspected += 1
            if published.contains(key(task)) { figures.published += 1 }
            figures.inspectorVisits += result["inspectors"]?.elements?.count ?? task.team.count
            for entry in result["items"]?.elements ?? [] where item == nil || entry["item"]?.text == item {
                for category in entry["categories"]?.elements ?? [] {
                    figures.categories[category.text ?? "", default: 0] += 1
                }
            }
            for followUp in followUps
            where followUp.part == key(task) && (item.map { followUp.items.contains($0) } ?? true) {
                figures.followUpsByKind[followUp.kind, default: 0] += 1
                if followUp.kind != "none" {
                    figures.followUps += 1
                    if followUp.isClosed { figures.closed += 1 }
                }
            }
        }
        return figures
    }
}
