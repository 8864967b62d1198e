import Cluster
import JSON

/// The joint conference office sets one of the county's rules (设定规则), or withdraws it: then the program's counts.
struct RuleSetting: Statement {
    static let kind = "rule"
    static let eventType = "cn.yaohao.registers.rule-set.v1"
    static let role = Role.office
    static let idMember = "key"
    /// The office speaks, whichever department keeps it.
    static let belongsToItsDepartment = false

    init(id: String, _ reader: inout JSONReader) throws {
        let value = try reader.value("value")
        let basis = try reader.required("basis").wording()
        _ = try reader.optionalString("note")
        do {
            _ = try CountyRules.embedded().setting(id, to: value, basis: basis)
        } catch let error as JSONError {
            guard error.path != id || CountyRules.knows(id) else {
                throw JSONError(path: "key", message: error.message)
            }
            throw JSONError(path: "value" + error.path.dropFirst(id.count), message: error.message)
        }
    }
}
