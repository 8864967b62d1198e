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
        guard let place = feed.register.columns.firstIndex(where: { $0 == feed.register.departmentColumn }) else {
            return []
        }
        var found: Set<String> = []
        var last = JSONValue.null
        for row in rows {
            guard case .good(let cells) = row.content, cells[place] != last else { continue }
            last = cells[place]
            switch last {
            case .string(let id): found.insert(id)
            case .array(let ids): for id in ids { if let id = id.text { found.insert(id) } }
            default: break
            }
        }
        return found.sorted()
    }
}

extension StagedPage {
    /// The divisions, by six digits, and the industries that its good rows name; none where the register's rows name none.
    var codes: (regions: [String], industries: [String]) {
        let columns = feed.register.columns
        guard feed.register == .entities, let region = columns.firstIndex(where: { $0.name == "region" }),
            let industry = columns.firstIndex(where: { $0.name == "industry" })
        else { return ([], []) }
        var regions: Set<String> = []
        var industries: Set<String> = []
        var last: (region: String?, industry: String?)
        for row in rows {
            guard case .good(let cells) = row.content else { continue }
            let (place, trade) = (cells[region].text, cells[industry].text)
            if let place, place != last.region { regions.insert(String(place.prefix(6))) }
            if let trade, trade != last.industry { industries.insert(trade) }
            last = (place, trade)
        }
        return (regions.sorted(), industries.sorted())
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
        /// The row, which breaks no rule by itself: what stands under each of the register's columns.
        case good([JSONValue])
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
        guard let page = try? JSONValue(parsing: data), case .object(let members) = page,
            let elements = members["rows"]?.elements, !elements.isEmpty,
            let columns = try? PageColumns(members["columns"], register),
            members.count == (members["columns"] == nil ? 1 : 2)
        else {
            throw Undeliverable(
                code: "envelope", reason: "the body is not {\"rows\": […]} with at least one row, and perhaps columns")
        }
        var rows: [StagedRow] = []
        rows.reserveCapacity(elements.count)
        for element in elements {
            let row: (position: Int, content: RowContent, findings: [Finding]) =
                switch element {
                case .array(let cells): try Self.row(cells, columns)
                default: try Self.row(element)
                }
            guard rows.isEmpty ? row.position == position : row.position > rows.last?.position ?? position else {
                throw Undeliverable(
                    code: "envelope", reason: "the positions of the rows do not ascend from ce_position")
            }
            rows.append(
                try StagedRow(
                    position: row.position, id: shortened(row.content["id"]?.text ?? ""), content: row.content,
                    sent: row.findings,
                    columns))
        }
        return rows
    }

    /// A row of a page as an object: `{position, row, findings}`.
    private static func row(
        _ element: JSONValue
    ) throws(Undeliverable) -> (position: Int, content: RowContent, findings: [Finding]) {
        guard case .object(var parts) = element, let place = parts.removeValue(forKey: "position")?.number,
            let body = parts.removeValue(forKey: "row")
        else { throw Undeliverable(code: "envelope", reason: "a row has no position and row") }
        let found = parts.removeValue(forKey: "findings")
        guard parts.isEmpty, let findings = Self.findings(found) else {
            throw Undeliverable(code: "envelope", reason: "the row at \(place) is not {position, row, findings}")
        }
        return (place, .object(body), findings)
    }

    /// A row of a page as a list: its position, and its cells under the page's columns.
    private static func row(
        _ cells: [JSONValue], _ columns: PageColumns
    ) throws(Undeliverable) -> (position: Int, content: RowContent, findings: [Finding]) {
        guard let place = cells.first?.number,
            let cells = RowCells(columns: columns.names, values: Array(cells.dropFirst()))
        else {
            throw Undeliverable(
                code: "envelope", reason: "a row is not its position and as many cells as the page has columns")
        }
        return (place, .cells(cells), [])
    }

    /// The id by which a row is kept; one that is too long, or holds what PostgreSQL's text cannot, is none, and the row is
    /// kept whole in quarantine.
    private static func shortened(_ id: String) -> String {
        guard id.utf8.count > longestID || id.utf8.contains(0) else { return id }
        var kept = String.UnicodeScalarView()
        var count = 0
        for scalar in id.unicodeScalars where scalar.value != 0 {
            count += UTF8.width(scalar)
            guard count <= longestID else { break }
            kept.append(scalar)
        }
        return String(kept)
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

    init(position: Int, id: String, content: Content, findings: [Finding]) {
        self.position = position
        self.id = id
        self.content = content
        self.findings = findings
    }

    init(position: Int, id: String, content: RowContent, sent: [Finding], _ columns: PageColumns) {
        var findings = columns.register.findings(in: content)
        if !sent.isEmpty {
            // Of a field that its sender could not make sense of, the rules say nothing more.
            let fields = Set(sent.map(\.field))
            findings = sent + findings.filter { !fields.contains($0.field) }
        }
        self.init(
            position: position, id: id,
            content: findings.isEmpty ? .good(columns.cells(of: content)) : .bad(content.body.canonical),
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
            position: position, id: id,
            content: findings.isEmpty ? .good(register.cells(of: body)) : .bad(bytes), findings: findings)
    }
}

/// The columns of a page's lists, and where each of the register's columns stands among them.
struct PageColumns {
    let register: Register
    let names: [String]
    private let places: [Int?]

    /// - Parameter value: the page's `columns`; a page of objects has none.
    init(_ value: JSONValue?, _ register: Register) throws(Undeliverable) {
        let names = value?.elements?.compactMap(\.text) ?? []
        guard names.count == value?.elements?.count ?? 0, Set(names).count == names.count,
            value == nil || !names.isEmpty
        else { throw Undeliverable(code: "envelope", reason: "columns are not a list of names, each once") }
        self.register = register
        self.names = names
        places = register.columns.map { names.firstIndex(of: $0.name) }
    }

    /// What a row says under each of the register's columns; `null` where it says nothing.
    func cells(of content: RowContent) -> [JSONValue] {
        switch content {
        case .cells(let cells): places.map { place in place.map { cells.values[$0] } ?? .null }
        case .object(let body): register.cells(of: body)
        }
    }
}

extension Register {
    /// What an object says under each of the columns; `null` where it says nothing.
    func cells(of body: JSONValue) -> [JSONValue] {
        guard case .object(let members) = body else { return columns.map { _ in .null } }
        return columns.map { members[$0.name] ?? .null }
    }
}
