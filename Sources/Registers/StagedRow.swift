import Cluster
import JSON

/// The rows that one message carries.
struct StagedPage {
    let feed: FeedName
    let version: Int
    /// That of the first row.
    let position: Int
    let partition: Int
    let digest: [UInt8]
    let rows: [StagedRow]

    /// The departments that its good rows name, ascending.
    var departments: [String] {
        guard let column = feed.register.departmentColumn else { return [] }
        var found: Set<String> = []
        for row in rows {
            guard case .good(let body) = row.content else { continue }
            switch body[column.name] {
            case .string(let id): found.insert(id)
            case .array(let ids): for id in ids { if let id = id.text { found.insert(id) } }
            default: break
            }
        }
        return found.sorted()
    }
}

extension Register {
    /// The column in which rows name departments; `nil` where they name none.
    var departmentColumn: Column? { columns.first { $0.name == "regulators" || $0.name == "department" } }
}

/// A row with what the rules said about it by itself.
struct StagedRow {
    /// What it says.
    enum Content {
        /// The row, which breaks no rule by itself.
        case good(JSONValue)
        /// The bytes of one that does.
        case bad([UInt8])
        /// Its id is no longer valid.
        case retirement
    }

    let position: Int
    let id: String
    let content: Content
    let findings: [Finding]

    /// The longest id that is kept, in bytes.
    static let longestID = 1_000

    /// The rows of a message.
    ///
    /// - Throws: `Undeliverable` when it is no message of rows.
    static func all(of event: CloudEvent, position: Int, register: Register) throws(Undeliverable) -> [StagedRow] {
        guard (event.data == nil) == (event.type == FeedMessage.EventType.retirement) else {
            throw Undeliverable(code: "envelope", reason: "rows need a body, and a retirement must have none")
        }
        guard let data = event.data else {
            let id = try checked(event.subject ?? "")
            return [StagedRow(position: position, id: id, content: .retirement, findings: [])]
        }
        if event.type == FeedMessage.EventType.row {
            return [
                try StagedRow(position: position, id: checked(event.subject ?? ""), bytes: data, register: register)
            ]
        }
        guard let page = try? JSONValue(parsing: data), case .object(let members) = page, members.count == 1,
            let elements = members["rows"]?.elements, !elements.isEmpty
        else { throw Undeliverable(code: "envelope", reason: "the body is not {\"rows\": […]} with at least one row") }
        var rows: [StagedRow] = []
        rows.reserveCapacity(elements.count)
        for element in elements {
            guard case .object(var parts) = element, let place = parts.removeValue(forKey: "position")?.number,
                place > rows.last?.position ?? position - 1, rows.isEmpty ? place == position : true,
                let body = parts.removeValue(forKey: "row")
            else {
                throw Undeliverable(
                    code: "envelope",
                    reason: "a row has no position and row, or the positions do not ascend from ce_position")
            }
            let found = parts.removeValue(forKey: "findings")
            guard parts.isEmpty, let findings = Self.findings(found) else {
                throw Undeliverable(code: "envelope", reason: "the row at \(place) is not {position, row, findings}")
            }
            rows.append(
                try StagedRow(
                    position: place, id: checked(body["id"]?.text ?? ""), body: body, sent: findings, register: register
                ))
        }
        return rows
    }

    private static func checked(_ id: String) throws(Undeliverable) -> String {
        guard id.utf8.count <= longestID, !id.utf8.contains(0) else {
            throw Undeliverable(code: "envelope", reason: "an id is too long or holds a NUL")
        }
        return id
    }

    private static func findings(_ value: JSONValue?) -> [Finding]? {
        guard let value else { return [] }
        guard let elements = value.elements, !elements.isEmpty else { return nil }
        var findings: [Finding] = []
        for element in elements {
            guard let field = element["field"]?.text, let code = element["code"]?.text,
                let message = element["message"]?.text
            else { return nil }
            findings.append(Finding(field: field, code: code, message: message))
        }
        return findings
    }

    private init(position: Int, id: String, content: Content, findings: [Finding]) {
        self.position = position
        self.id = id
        self.content = content
        self.findings = findings
    }

    private init(position: Int, id: String, body: JSONValue, sent: [Finding], register: Register) {
        // Of a field that its sender could not make sense of, the rules say nothing more.
        let fields = Set(sent.map(\.field))
        let findings = sent + register.findings(in: body).filter { !fields.contains($0.field) }
        self.init(
            position: position, id: id, content: findings.isEmpty ? .good(body) : .bad(body.canonical),
            findings: findings)
    }

    /// A row in a message of its own; `id` is the message's subject.
    private init(position: Int, id: String, bytes: [UInt8], register: Register) {
        let body: JSONValue
        do { body = try JSONValue(parsing: bytes) } catch {
            self.init(
                position: position, id: id, content: .bad(bytes),
                findings: [Finding(code: "row.json", message: "不是有效的 JSON / is not JSON: \(error)")])
            return
        }
        var findings = register.findings(in: body)
        if let named = body["id"]?.text, named != id {
            findings.append(
                Finding(
                    field: "id", code: "id.subject", message: "编号与消息的 ce_subject 不一致 / is not the message's ce_subject")
            )
        }
        self.init(
            position: position, id: id, content: findings.isEmpty ? .good(body) : .bad(bytes), findings: findings)
    }
}
