import Cluster
import JSON
import Postgres
import Registers
import Web

/// What a form is built from: who fills it in, what it is about, and the county's data.
struct FormSource: Sendable {
    let account: Account
    /// The address's fields, such as `visit`.
    let query: FormFields
    /// A transaction that sees what the person's department may see.
    let database: PostgresTransaction

    /// The department that speaks.
    var department: String { account.department }

    /// What the form is about; `nil` makes the page one that isn't there.
    func about(_ name: String) -> String? { query.text(name) }

    /// Today in China, by the database's clock.
    func today() async throws -> String {
        try await database.query("SELECT (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date::text AS day").first?
            .decode("day", as: String.self) ?? ""
    }

    /// The official categories of what is found (检查结果类别); `states` asks for those that prevent a visit.
    func categories(preventing states: Bool = false) async throws -> [Field.Choice] {
        try await choices(
            """
            SELECT name AS id, name FROM inspections.categories WHERE NOT \(states) OR prevents_visit
            ORDER BY array_position(ARRAY['clear', 'finding', 'state'], kind), name
            """)
    }

    /// The items in force of a department's catalogue.
    func items(of department: String? = nil) async throws -> [Field.Choice] {
        try await choices(
            """
            SELECT id, id || ' ' || name AS name FROM registers.items
            WHERE valid_to IS NULL AND department = \(department ?? self.department) ORDER BY id
            """)
    }

    /// The departments in force.
    func departments(others: Bool = false) async throws -> [Field.Choice] {
        try await choices(
            """
            SELECT id, name || '（' || id || '）' AS name FROM registers.departments
            WHERE valid_to IS NULL AND (NOT \(others) OR id <> \(department)) ORDER BY id
            """)
    }

    /// The department's inspectors.
    func inspectors() async throws -> [Field.Choice] {
        try await choices(
            """
            SELECT id, name || '（' || certificate || '）' AS name FROM registers.inspectors
            WHERE valid_to IS NULL AND department = \(department) ORDER BY name, id
            """)
    }

    /// Kinds of follow-up (后续处置).
    func consequenceKinds() async throws -> [Field.Choice] {
        try await choices("SELECT kind AS id, name FROM inspections.consequence_kinds ORDER BY kind")
    }

    private func choices(_ sql: SQL) async throws -> [Field.Choice] {
        try await database.query(sql).map {
            Field.Choice(
                try $0.decode("id", as: String.self), Words(same: try $0.decode("name", as: String.self)))
        }
    }
}

/// A form that can be opened, by the last part of its address.
struct FormKind: Sendable {
    let slug: String
    /// The CloudEvents type of what is submitted.
    let type: String
    /// What the person must be allowed to submit.
    let role: Role
    /// Which form a message would have been filled in on: the address's fields.
    let about: @Sendable (JSONValue) -> [String: String?]
    /// Builds it; `nil` when there is nothing that it could be about, or nothing of this department's.
    let build: @Sendable (FormSource) async throws -> Form?

    init(
        slug: String, type: String, role: Role,
        about: @escaping @Sendable (JSONValue) -> [String: String?] = FormKind.members,
        build: @escaping @Sendable (FormSource) async throws -> Form?
    ) {
        self.slug = slug
        self.type = type
        self.role = role
        self.about = about
        self.build = build
    }

    /// Every form of the console.
    static let list: [FormKind] = visits + results + leads + plans + rounds + returns + registers + rules + notices

    /// They by the last part of their address.
    static let all: [String: FormKind] = Dictionary(
        list.map { ($0.slug, $0) }, uniquingKeysWith: { first, _ in first })

    /// The members of a message that are single values: most forms are about some of them.
    static let members: @Sendable (JSONValue) -> [String: String?] = { body in
        guard case .object(let members) = body else { return [:] }
        return members.mapValues { value in value.text ?? value.number.map { String($0) } }
    }
}

extension Field {
    /// Files that prove something: they stay with the department, and only name and hash are sent.
    static let evidence = Field(
        "evidence", Words("证据文件", "Evidence"),
        .rows(
            blank: 1,
            [
                Field("name", Words("文件名", "File name"), .text(most: 255)),
                Field("sha256", Words("SHA-256 散列值", "SHA-256"), .text(most: 64)),
            ]),
        hint: Words(
            "文件由本部门保存，这里只报送文件名和散列值；选取文件即可在本机算出。",
            "Files stay with you; only name and hash are sent. Choosing a file computes the hash on this device."),
        isRequired: false)

    /// A remark.
    static let note = Field("note", Words("备注", "Remark"), .paragraph(most: 2_000), isRequired: false)
}
