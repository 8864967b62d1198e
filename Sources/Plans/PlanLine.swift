import Cluster
public import Draw
public import JSON
import Registers

/// One line of a plan (计划行): what is inspected, where, how much, how, when and by whom. A draw request that names the
/// line has to agree with it.
public struct PlanLine: Sendable, Hashable {
    /// What one department does of a line.
    public struct Part: Sendable, Hashable {
        /// The department.
        public let department: String
        /// The unit of it that does the work (股室、大队、所), where that is said.
        public let unit: String?
        /// The items of its catalogue (抽查事项).
        public let items: [String]
        /// Specialties of which each team has somebody.
        public let specialties: [String]
        /// The least number of inspectors.
        public let team: Int

        var json: JSONValue {
            [
                "department": .string(department), "unit": .nullable(unit), "items": .strings(items),
                "specialties": .strings(specialties), "team": .integer(team),
            ]
        }
    }

    /// Its id, unique in the plan and the same in every version that has the line.
    public let id: String
    /// What is to be done (抽查任务).
    public let title: String
    /// Who is inspected, in words (检查对象).
    public let objects: String?
    /// Who is inspected, by the register.
    public let pool: Pool
    /// How many are drawn, each time.
    public let sample: PlannedSample
    /// How many times a year (频次).
    public let draws: Int
    /// How the inspection may be made.
    public let methods: [InspectionMethod]
    /// The days on which visits may be made; with as many windows as draws, each draw has its own.
    public let windows: [DayWindow]
    /// Whether its visits may be merged with other requests'.
    public let joint: Bool
    /// Whether it shares tickets with other requests.
    public let coordination: Coordination
    /// What each department does, the lead's first.
    public let parts: [Part]
    /// What people should know about it.
    public let note: String?

    init(_ field: JSONField) throws {
        self = try field.object { reader in
            try PlanLine(
                id: reader.required("id").planID(), title: reader.required("title").filled(),
                objects: reader.optional("objects")?.nullable()?.filled(), pool: Pool(reader.required("pool")),
                sample: PlannedSample(reader.required("sample")),
                draws: reader.optional("draws")?.integer(in: 1...366) ?? 1,
                methods: reader.required("methods").array { try $0.choice() },
                windows: reader.required("windows").array { try DayWindow($0) },
                joint: reader.optional("joint")?.bool() ?? true,
                coordination: reader.optional("coordination")?.choice() ?? .joint,
                parts: reader.required("parts").array { try Part($0) },
                note: reader.optional("note")?.nullable()?.filled())
        }
    }

    init(
        id: String, title: String, objects: String?, pool: Pool, sample: PlannedSample, draws: Int,
        methods: [InspectionMethod], windows: [DayWindow], joint: Bool, coordination: Coordination, parts: [Part],
        note: String?
    ) {
        self.id = id
        self.title = title
        self.objects = objects
        self.pool = pool
        self.sample = sample
        self.draws = draws
        self.methods = methods
        self.windows = windows
        self.joint = joint
        self.coordination = coordination
        self.parts = parts
        self.note = note
    }

    /// The line with every key.
    public var json: JSONValue {
        [
            "id": .string(id), "title": .string(title), "objects": .nullable(objects), "pool": pool.json,
            "sample": sample.json, "draws": .integer(draws), "methods": .strings(methods.map(\.rawValue)),
            "windows": .array(windows.map(\.json)), "joint": .bool(joint),
            "coordination": .string(coordination.rawValue), "parts": .array(parts.map(\.json)),
            "note": .nullable(note),
        ]
    }

    /// The line with the county's rates written out.
    func resolved(county: [CreditClass: Int]) -> PlanLine {
        PlanLine(
            id: id, title: title, objects: objects, pool: pool, sample: sample.resolved(county: county), draws: draws,
            methods: methods, windows: windows, joint: joint, coordination: coordination, parts: parts, note: note)
    }

    /// The window of a draw, from 0.
    public func window(ofDraw draw: Int) -> DayWindow? {
        windows.indices.contains(draw) ? windows[draw] : windows.last
    }

    func problems(of plan: Plan, path: String) -> [Reason] {
        var reasons: [Reason] = []
        func note(_ field: String, _ code: String, _ message: String) {
            reasons.append(Reason(field: "\(path).\(field)", code: code, message: message))
        }
        if methods.isEmpty || Set(methods).count != methods.count {
            note("methods", "line.methods", "请至少写一种检查方式，且不重复")
        }
        if windows.isEmpty || windows.count > draws {
            note("windows", "line.windows", "检查时间段至少一个，且不多于抽取次数 \(draws)")
        }
        for (index, window) in windows.enumerated() {
            let days = [window.first, window.last].compactMap { Day($0) }
            if days.contains(where: { $0.year != plan.year }) {
                note(
                    "windows[\(index)]", "line.year", "检查时间 \(window.first) 至 \(window.last) 不在计划年度 \(plan.year) 年内")
            }
        }
        let departments = parts.map(\.department)
        if departments.isEmpty || Set(departments).count != departments.count {
            note("parts", "line.parts", "请至少写一个部门，每个部门只写一次")
        }
        let strangers = departments.filter { !plan.departments.contains($0) }
        if !strangers.isEmpty {
            note("parts", "line.department", "\(strangers.joined(separator: "、")) 不是本计划的部门；请列入 participants 或删去")
        }
        if plan.kind == .joint, departments.count < 2 {
            note("parts", "line.parts", "联合抽查的计划行至少有两个部门")
        }
        for (index, part) in parts.enumerated() {
            if part.items.isEmpty || Set(part.items).count != part.items.count {
                note("parts[\(index)].items", "line.items", "请至少写一个抽查事项，且不重复")
            }
        }
        return reasons
    }
}

extension PlanLine.Part {
    init(_ field: JSONField) throws {
        self = try field.object { reader in
            try PlanLine.Part(
                department: reader.required("department").planID(),
                unit: reader.optional("unit")?.nullable()?.filled(),
                items: reader.required("items").array { try $0.planID() },
                specialties: reader.optional("specialties")?.array { try $0.filled() } ?? [],
                team: reader.optional("team")?.integer(in: 0...DrawRequest.largestTeam) ?? 2)
        }
    }
}
