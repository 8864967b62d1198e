import JSON
public import Tables
import YAML

/// How to read a department's own columns, code lists and dates as a register's (映射): a file in YAML.
///
/// ```yaml
/// register: entities
/// fields:
///   id: {from: [统一社会信用代码, 主体代码], tidy: [halfwidth, upper]}
///   name: {from: 企业名称}
///   credit: {from: 风险等级, codes: {低: A, 中: B, 高: D}, empty: "-"}
///   region: {constant: "150222"}
///   permits: {from: 许可, separators: "、"}
/// ignore: [序号]
/// skip: [{column: 状态, is: [注销]}]
/// ```
///
/// `docs/feeds.md` describes every key.
public struct Mapping: Sendable {
    /// The file's name, for messages.
    public let name: String
    /// The register that it makes rows of.
    public let register: Register
    /// The sheet of a workbook that it is for, when it names one.
    public let sheet: String?
    /// The rules by the register's columns, in their order.
    let fields: [MappedField]
    /// Columns of the file that say nothing to the register, by normalised name.
    let ignored: Set<String>
    /// Whether all columns that are not named are ignored.
    let ignoresOthers: Bool
    /// Which rows are no rows of the register.
    let skips: [SkipRule]

    /// A row that meets it is left out, and counted.
    struct SkipRule: Sendable {
        enum Condition: Sendable {
            case isOne(of: Set<String>)
            case isNone(of: Set<String>)
            case contains([String])
            case isEmpty
        }

        let column: String
        let condition: Condition

        func applies(to text: String) -> Bool {
            switch condition {
            case .isOne(let words): words.contains(text)
            case .isNone(let words): !words.contains(text)
            case .contains(let words): words.contains { text.contains($0) }
            case .isEmpty: text.isEmpty
            }
        }
    }

    /// Every normalised name of a column that it mentions.
    var names: Set<String> {
        ignored.union(fields.flatMap { $0.source.columns.joined() }).union(skips.map(\.column))
    }

    /// Reads a mapping file.
    ///
    /// - Throws: `TableError`, naming the file and the line or key.
    public init(name: String, text: String) throws(TableError) {
        let documents: [JSONValue]
        do { documents = try YAMLDocument.all(in: text) } catch { throw TableError(name, "\(error)") }
        guard documents.count == 1, let document = documents.first else {
            throw TableError(name, "holds \(documents.count) documents; a mapping is one")
        }
        do {
            try self.init(name: name, document: document)
        } catch let error as JSONError {
            throw TableError(name, "\(error)")
        } catch {
            throw TableError(name, "\(error)")
        }
    }

    private init(name: String, document: JSONValue) throws {
        self.name = name
        var reader = try JSONReader(document)
        let register = try reader.required("register").choice(of: Register.self)
        self.register = register
        sheet = try reader.optionalString("sheet")
        _ = try reader.optionalString("title")
        var rules = Dictionary(
            uniqueKeysWithValues: try reader.required("fields").members().map { ($0.name, $0.field) })
        var fields: [MappedField] = []
        for column in register.columns {
            guard let field = rules.removeValue(forKey: column.name) else {
                guard column.isRequired else { continue }
                throw reader.error(
                    "fields.\(column.name)",
                    "缺少这一项，请写明取自哪一列，或给出固定值 / is missing; name the column it comes from, or give a constant")
            }
            fields.append(try MappedField(column: column, field))
        }
        if let unknown = rules.keys.min() {
            throw reader.error(
                "fields.\(unknown)",
                "不是 \(register.rawValue) 的列 / is no column of \(register.rawValue); its columns are \(register.columns.map(\.name).joined(separator: ","))"
            )
        }
        self.fields = fields
        if let ignore = reader.optional("ignore")?.nullable() {
            if case .string("*") = ignore.value {
                (ignored, ignoresOthers) = ([], true)
            } else {
                (ignored, ignoresOthers) = (Set(try ignore.array { try $0.word() }.map(Heading.normalised)), false)
            }
        } else {
            (ignored, ignoresOthers) = ([], false)
        }
        skips = try reader.optional("skip")?.nullable()?.array { try SkipRule($0) } ?? []
        try reader.finish()
    }
}

extension Mapping.SkipRule {
    fileprivate init(_ field: JSONField) throws {
        self = try field.object { reader in
            let column = Heading.normalised(try reader.required("column").word())
            var conditions: [Condition] = []
            if let field = reader.optional("is") { conditions.append(.isOne(of: Set(try field.words()))) }
            if let field = reader.optional("not") { conditions.append(.isNone(of: Set(try field.words()))) }
            if let field = reader.optional("contains") { conditions.append(.contains(try field.words())) }
            if let field = reader.optional("empty"), try field.bool() { conditions.append(.isEmpty) }
            guard conditions.count == 1 else {
                throw field.error("needs exactly one of: is, not, contains, empty")
            }
            return Mapping.SkipRule(column: column, condition: conditions[0])
        }
    }
}

extension JSONField {
    /// Text, or what YAML took for a number or a flag where a word was meant.
    func word() throws -> String {
        switch value {
        case .integer(let number): String(number)
        case .bool(let flag): flag ? "true" : "false"
        default: try string()
        }
    }

    /// A word, or a list of them.
    func words() throws -> [String] {
        guard case .array = value else { return [try word()] }
        return try array { try $0.word() }
    }
}
