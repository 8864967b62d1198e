public import JSON

/// How an inspection is made (检查方式).
public enum InspectionMethod: String, Sendable, CaseIterable {
    /// 现场检查.
    case onsite
    /// 书面检查.
    case written
    /// 网络检查.
    case online
}

/// Whether requests share tickets and so tend to draw the same entities.
public enum Coordination: String, Sendable, CaseIterable {
    /// The round's common tickets.
    case joint
    /// Tickets of the request's own.
    case independent
}

/// The days on which a visit may be made (检查时间), both ends included.
public struct DayWindow: Sendable, Hashable {
    /// The first day, `YYYY-MM-DD`.
    public let first: String
    /// The last day, `YYYY-MM-DD`.
    public let last: String

    /// Makes a window; both days must be valid and in order.
    public init(first: String, last: String) {
        self.first = first
        self.last = last
    }

    /// Reads `[first, last]`.
    /// - Throws: `JSONError` naming the field.
    public init(_ field: JSONField) throws {
        let days = try field.array { try $0.string("a day YYYY-MM-DD that exists", where: Grammar.isDay) }
        guard days.count == 2, days[0] <= days[1] else {
            throw field.error("[first day, last day] is expected, the first not after the last")
        }
        self.init(first: days[0], last: days[1])
    }

    /// `[first, last]`.
    public var json: JSONValue { [.string(first), .string(last)] }
}

/// What one department asks to be drawn (抽取申请): draw-v1 §1.
public struct DrawRequest: Sendable, Hashable {
    /// The request's id, unique in the round.
    public var id: String
    /// The department that asks.
    public var department: String
    /// The inspection items.
    public var items: [String]
    /// Which entities are drawn from.
    public var pool: Pool
    /// How many are drawn.
    public var sample: Sample
    /// How the inspection is made.
    public var method: InspectionMethod
    /// Whether its visits may be merged with those of other requests.
    public var joint: Bool
    /// Whether it shares tickets with other requests.
    public var coordination: Coordination
    /// When the visits may be made.
    public var window: DayWindow
    /// Specialties of which each needs an inspector.
    public var specialties: [String]
    /// The smallest number of inspectors; below 2 it counts as 2.
    public var team: Int

    /// The largest `team` that is taken: a limit of this implementation, so that no request can exhaust memory.
    public static let largestTeam = 10_000

    /// Makes a request.
    public init(
        id: String, department: String, items: [String], pool: Pool, sample: Sample, method: InspectionMethod,
        joint: Bool, coordination: Coordination, window: DayWindow, specialties: [String], team: Int
    ) {
        self.id = id
        self.department = department
        self.items = items
        self.pool = pool
        self.sample = sample
        self.method = method
        self.joint = joint
        self.coordination = coordination
        self.window = window
        self.specialties = specialties
        self.team = team
    }

    /// Reads a request; every key is mandatory and no other is allowed.
    /// - Parameter path: where in a larger document the value stands, for errors.
    /// - Throws: `JSONError` naming the field.
    public init(json: JSONValue, path: String = "") throws {
        self = try JSONField(json, path: path).object { try DrawRequest(&$0) }
    }

    /// Reads the keys of a request and leaves the others to the caller.
    init(_ reader: inout JSONReader) throws {
        try self.init(
            id: reader.required("id").id(), department: reader.required("department").id(),
            items: reader.required("items").strings(), pool: Pool(reader.required("pool")),
            sample: Sample(reader.required("sample")), method: reader.required("method").choice(),
            joint: reader.required("joint").bool(), coordination: reader.required("coordination").choice(),
            window: DayWindow(reader.required("window")), specialties: reader.required("specialties").strings(),
            team: reader.required("team").integer(in: 0...Self.largestTeam))
    }

    /// The request as `round.json` holds it.
    public var json: JSONValue { .object(members) }

    var members: [String: JSONValue] {
        [
            "id": .string(id), "department": .string(department), "items": .strings(items), "pool": pool.json,
            "sample": sample.json, "method": .string(method.rawValue), "joint": .bool(joint),
            "coordination": .string(coordination.rawValue), "window": window.json,
            "specialties": .strings(specialties), "team": .integer(team),
        ]
    }
}

extension JSONField {
    /// An id of a round, request, department, entity or inspector.
    func id() throws -> String { try string("an id of A-Z a-z 0-9 . _ -", where: Grammar.isID) }

    /// A hash in hexadecimal.
    func hash() throws -> Hash {
        guard let hash = Hash(hex: try string()) else {
            throw error("64 lower-case hexadecimal digits are expected, found \(value.canonicalText)")
        }
        return hash
    }

    /// An instant.
    func instant() throws -> String {
        try string("an instant YYYY-MM-DDThh:mm:ssZ that exists", where: Grammar.isInstant)
    }
}
