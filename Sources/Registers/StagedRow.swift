import Cluster
import JSON

/// A row with what the rules said about it by itself.
struct StagedRow {
    /// What it says.
    enum Content {
        /// The row, which breaks no rule by itself.
        case good(PlacedCells)
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

    /// The rows of a message, one after the other.
    ///
    /// - Throws: `Undeliverable` when it is no message of rows; then what `body` was given counts for nothing.
    static func each(
        of event: CloudEvent, position: Int, register: Register, _ body: (StagedRow) -> Void
    ) throws(Undeliverable) {
        guard (event.data == nil) == (event.type == FeedMessage.EventType.retirement) else {
            throw Undeliverable(code: "envelope", reason: "rows need a body, and a retirement must have none")
        }
        guard let data = event.data else {
            let id = try checked(event.subject ?? "")
            return body(StagedRow(position: position, id: id, content: .retirement, findings: []))
        }
        if event.type == FeedMessage.EventType.row {
            return body(
                try StagedRow(position: position, id: checked(event.subject ?? ""), bytes: data, register: register))
        }
        do {
            try each(ofPage: data, position: position, register: register, body)
        } catch let error as Undeliverable {
            throw error
        } catch {
            throw Undeliverable(
                code: "envelope", reason: "the body is not {\"rows\": […]} with at least one row, and perhaps columns")
        }
    }

    /// Columns that stand behind the rows.
    private struct ColumnsComeLate: Error {}

    private static func each(
        ofPage data: [UInt8], position: Int, register: Register, _ body: (StagedRow) -> Void
    ) throws {
        var columns: PageColumns?
        var last: Int?
        let members: [String: JSONValue]
        do {
            members = try JSONValue.parsing(data, each: "rows") { element, members in
                let known = try columns ?? PageColumns(members["columns"], register)
                columns = known
                let row: StagedRow
                switch element {
                case .array(let cells):
                    if last == nil, members["columns"] == nil { throw ColumnsComeLate() }
                    row = try Self.row(cells, known)
                default: row = try Self.row(element, known)
                }
                guard last.map({ row.position > $0 }) ?? (row.position == position) else {
                    throw Undeliverable(
                        code: "envelope", reason: "the positions of the rows do not ascend from ce_position")
                }
                last = row.position
                body(row)
            }
        } catch is ColumnsComeLate {
            let page = try JSONValue(parsing: data)
            guard page["columns"] != nil else { throw ColumnsComeLate() }
            // In canonical JSON they come first.
            return try each(ofPage: page.canonical, position: position, register: register, body)
        }
        guard last != nil, members.keys.allSatisfy({ $0 == "columns" }) else {
            throw Undeliverable(code: "envelope", reason: "a page has rows, at least one, and perhaps columns")
        }
        // Rows that are objects need none, but what stands there must be columns.
        _ = try PageColumns(members["columns"], register)
    }

    /// A row of a page as an object: `{position, row, findings}`.
    private static func row(_ element: JSONValue, _ columns: PageColumns) throws(Undeliverable) -> StagedRow {
        guard case .object(var parts) = element, let place = parts.removeValue(forKey: "position")?.number,
            let body = parts.removeValue(forKey: "row")
        else { throw Undeliverable(code: "envelope", reason: "a row has no position and row") }
        let found = parts.removeValue(forKey: "findings")
        guard parts.isEmpty, let findings = Self.findings(found) else {
            throw Undeliverable(code: "envelope", reason: "the row at \(place) is not {position, row, findings}")
        }
        return StagedRow(
            position: place, id: shortened(body["id"]?.text ?? ""), content: .object(body), sent: findings,
            columns.register)
    }

    /// A row of a page as a list: its position, and its cells under the page's columns.
    private static func row(_ cells: [JSONValue], _ columns: PageColumns) throws(Undeliverable) -> StagedRow {
        guard let place = cells.first?.number, cells.count == columns.names.count + 1 else {
            throw Undeliverable(
                code: "envelope", reason: "a row is not its position and as many cells as the page has columns")
        }
        let placed = PlacedCells(values: cells.dropFirst(), places: columns.places)
        let id = shortened(columns.id(in: cells.dropFirst()))
        let findings = columns.register.findings { RowReader(columns.names, cells.dropFirst()) }
        guard findings.isEmpty else {
            let body = JSONValue.object(Dictionary(zip(columns.names, cells.dropFirst())) { first, _ in first })
            return StagedRow(position: place, id: id, content: .bad(body.canonical), findings: findings)
        }
        return StagedRow(position: place, id: id, content: .good(placed), findings: [])
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

    /// A row with what its sender found wrong with it.
    init(position: Int, id: String, content: RowContent, sent: [Finding], _ register: Register) {
        var findings = register.findings(in: content)
        if !sent.isEmpty {
            // Of a field that its sender could not make sense of, the rules say nothing more.
            let fields = Set(sent.map(\.field))
            findings = sent + findings.filter { !fields.contains($0.field) }
        }
        let body = content.body
        self.init(
            position: position, id: id,
            content: findings.isEmpty ? .good(PlacedCells(body, register)) : .bad(body.canonical), findings: findings)
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
            content: findings.isEmpty ? .good(PlacedCells(body, register)) : .bad(bytes), findings: findings)
    }
}

/// The columns of a page's lists, and where each of the register's columns stands among them.
struct PageColumns {
    let register: Register
    let names: [String]
    let places: [Int?]
    private let idPlace: Int?

    /// - Parameter value: the page's `columns`; a page of objects has none.
    init(_ value: JSONValue?, _ register: Register) throws(Undeliverable) {
        let names = value?.elements?.compactMap(\.text) ?? []
        guard names.count == value?.elements?.count ?? 0, Set(names).count == names.count,
            value == nil || !names.isEmpty
        else { throw Undeliverable(code: "envelope", reason: "columns are not a list of names, each once") }
        self.register = register
        self.names = names
        places = register.columns.map { names.firstIndex(of: $0.name) }
        idPlace = names.firstIndex(of: "id")
    }

    /// What a row's cells say of its id.
    func id(in cells: ArraySlice<JSONValue>) -> String {
        idPlace.flatMap { cells[cells.startIndex + $0].text } ?? ""
    }
}

/// What a row says under each of its register's columns.
struct PlacedCells {
    /// The cells as they were sent.
    let values: ArraySlice<JSONValue>
    /// Where each column's cell stands among them, from 0; `nil` where the row says nothing.
    let places: [Int?]

    /// Cells as they were sent.
    init(values: ArraySlice<JSONValue>, places: [Int?]) {
        self.values = values
        self.places = places
    }

    /// The members of an object.
    init(_ body: JSONValue, _ register: Register) {
        values = register.columns.map { body[$0.name] ?? .null }[...]
        places = Array(values.indices)
    }

    /// What stands under a column, by its place in the register; `null` where the row says nothing.
    subscript(column: Int) -> JSONValue {
        places[column].map { values[values.startIndex + $0] } ?? .null
    }
}
