public import JSON
public import Postgres

/// The joint registers (联合两库), computed: every object that a joint item applies to, every inspector who can be sent,
/// and what is left out.
///
/// Source: 固政办发〔2021〕32号 四（二）2.
public struct JointRegisters: Sendable, Hashable {
    /// Something that is left out.
    public struct Omission: Sendable, Hashable {
        /// `inspectors`, `items` or `entities`.
        public let register: String
        /// The row's id.
        public let id: String
        /// The department whose it is, if it is one's.
        public let department: String
        /// Why.
        public let reason: Reason

        /// As commands print it.
        public var json: JSONValue {
            [
                "register": .string(register), "id": .string(id), "department": .string(department),
                "reason": .string(reason.rawValue), "message": .string(reason.message),
            ]
        }
    }

    /// Why something is left out.
    public enum Reason: String, Sendable, CaseIterable {
        /// The inspector has no certificate.
        case noCertificate = "certificate.missing"
        /// The inspector's certificate has expired.
        case expired = "certificate.expired"
        /// The inspector is away.
        case absent
        /// The joint item applies to no object.
        case noObject = "item.no-object"
        /// Nobody can be sent for the joint item, or nobody with a specialty that it needs.
        case noInspector = "item.no-inspector"
        /// No joint item applies to the entity.
        case noItem = "entity.no-item"

        /// The sentence for people, with the remedy.
        public var message: String {
            switch self {
            case .noCertificate: "无执法证，不参加抽取；取得后请补报证号和有效期 / has no certificate; report it once there is one"
            case .expired: "执法证已过期，不参加抽取；换证后请更新有效期 / the certificate has expired; update it once renewed"
            case .absent: "当日缺勤 / is away on the day"
            case .noObject:
                "没有适用对象；请核对 kinds、industries、permits 及对象的监管部门 / applies to no object; "
                    + "compare its kinds, industries and permits with the objects' and their regulators"
            case .noInspector: "本部门没有可派的具备所需专业的人员 / the department has nobody to send with what it needs"
            case .noItem: "没有适用的联合抽查事项 / no joint item applies to it"
            }
        }
    }

    /// How many joint items are in force.
    public let items: Int
    /// How many objects they apply to.
    public let objects: Int
    /// How many inspectors can be sent.
    public let inspectors: Int
    /// What is left out, by register and id.
    public let omissions: [Omission]

    /// Computes them.
    public init(as reading: RegisterReading, from database: some PostgresQueryable) async throws {
        let arguments: SQL = "(\(reading.instant)::text::timestamptz, \(reading.day.description)::text::date)"
        let row = try await database.query(
            """
            SELECT (SELECT count(*) FROM registers.joint_items_at\(arguments)) AS items,
                (SELECT count(*) FROM registers.joint_objects_at\(arguments)) AS objects,
                (SELECT count(*) FROM registers.joint_inspectors_at\(arguments) i WHERE i.omitted IS NULL) AS inspectors
            """
        ).first
        guard let row else { throw PostgresError(.decoding, "no counts") }
        items = try row.decode("items", as: Int.self)
        objects = try row.decode("objects", as: Int.self)
        inspectors = try row.decode("inspectors", as: Int.self)
        omissions = try await database.query(
            """
            SELECT register, id, department, reason FROM registers.joint_omissions_at\(arguments)
            ORDER BY register, reason, id
            """
        ).compactMap { row in
            guard let reason = Reason(rawValue: try row.decode("reason", as: String.self)) else { return nil }
            return Omission(
                register: try row.decode("register", as: String.self), id: try row.decode("id", as: String.self),
                department: try row.decode("department", as: String.self), reason: reason)
        }
    }

    /// The objects with the joint items that apply to each, ascending by id.
    public static func objects(
        as reading: RegisterReading, from database: some PostgresQueryable
    ) async throws -> [(entity: String, items: [String])] {
        try await database.query(
            """
            SELECT entity, items FROM registers.joint_objects_at(
                \(reading.instant)::text::timestamptz, \(reading.day.description)::text::date) ORDER BY entity
            """
        ).map { (try $0.decode("entity", as: String.self), try $0.decode("items", as: [String].self)) }
    }

    /// The inspectors who can be sent, with their departments, ascending by id.
    public static func inspectors(
        as reading: RegisterReading, from database: some PostgresQueryable
    ) async throws -> [(inspector: String, department: String)] {
        try await database.query(
            """
            SELECT inspector, department FROM registers.joint_inspectors_at(
                \(reading.instant)::text::timestamptz, \(reading.day.description)::text::date)
            WHERE omitted IS NULL ORDER BY inspector
            """
        ).map { (try $0.decode("inspector", as: String.self), try $0.decode("department", as: String.self)) }
    }
}
