import Cluster
import JSON

/// The joint conference office says after how many hours without an accepted feed one source of a register is stale
/// (更新时限); without it the county's rule `freshness_hours` of the register counts.
struct FreshnessSetting: Statement {
    static let kind = "freshness"
    static let eventType = "cn.yaohao.registers.freshness-set.v1"
    static let role = Role.office
    static let belongsToItsDepartment = false

    init(id: String, _ reader: inout JSONReader) throws {
        _ = try reader.required("register").choice(of: Register.self)
        _ = try reader.required("source").string("a source 来源") { (1...128).contains($0.utf8.count) }
        let warn = try reader.integer("warn_hours", in: 1...1_000_000)
        let error = try reader.required("error_hours")
        guard try error.integer(in: 1...1_000_000) >= warn else {
            throw error.error("小于 warn_hours / is below warn_hours")
        }
    }
}
