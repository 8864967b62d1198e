import Cluster
import JSON

/// The joint conference office sets one of the county's rules (设定规则), or with `null` goes back to the program's.
struct RuleSetting: Statement {
    static let kind = "rule"
    static let eventType = "cn.yaohao.registers.rule-set.v1"
    static let role = Role.office
    /// The office speaks, whichever department keeps it.
    static let belongsToItsDepartment = false

    let id: String
    let isWithdrawn: Bool

    init(_ reader: inout JSONReader) throws {
        let key = try reader.required("key")
        let name = try key.string()
        id = name
        let field = try reader.required("value")
        let basis = try reader.required("basis").string("some text 法规依据") { !$0.allSatisfy(\.isWhitespace) }
        _ = try reader.optionalString("note")
        let rules = try CountyRules.embedded()
        guard let rule = rules.rules.first(where: { $0.key == name }) else {
            throw key.error("没有此规则，请用 yaohao rules list 查看 / no such rule; see yaohao rules list")
        }
        isWithdrawn = field.value == .null && rule.value != .null
        guard !isWithdrawn else { return }
        do {
            _ = try rules.setting(name, to: field.value, basis: basis)
        } catch let error as JSONError {
            throw JSONError(path: "value" + error.path.dropFirst(name.count), message: error.message)
        }
    }
}
