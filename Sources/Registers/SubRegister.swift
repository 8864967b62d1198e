import Cluster
import JSON
import Postgres

/// A named part of a register (子库): a saved rule, so that its rows are those that fit whenever one looks.
struct SubRegister: Statement {
    static let kind = "sub-register"
    static let eventType = "cn.yaohao.registers.sub-register-defined.v1"
    static let role = Role.feed

    let register: Register
    let conditions: [Condition]

    init(id: String, _ reader: inout JSONReader) throws {
        _ = try reader.required("name").wording()
        let field = try reader.required("register")
        register = try field.choice(of: Register.self)
        let rules = Self.rules(of: register)
        guard !rules.isEmpty else {
            throw field.error(
                "子库只用于 entities、inspectors、experts / sub-registers are of entities, inspectors or experts")
        }
        let rule = try reader.required("rule")
        conditions = try rule.members().map { name, field in
            guard let test = rules[name] else {
                throw field.error("不是以下之一：\(rules.keys.sorted().joined(separator: " ")) / is none of these")
            }
            return try Condition(name: name, test: test, field)
        }
        guard !conditions.isEmpty else { throw rule.error("至少一个条件 / is empty; name at least one condition") }
    }

    /// How a rule of a sub-register tests a row.
    enum Test: Sendable, Hashable {
        /// The column is one of the words.
        case isOne(of: String)
        /// The column begins with one of the words.
        case begins(of: String)
        /// The column's list has one of the words.
        case hasAny(of: String)
        /// The column's list has all of the words.
        case hasAll(of: String)
        /// Some element of the column's list begins with, or is the beginning of, one of the words; or the list is empty.
        case covers(of: String)
        /// The column lies between `min` and `max`.
        case range(of: String)
    }

    /// The rules that a register's sub-registers may use, by name. An entity's `credit` is its class in force.
    static func rules(of register: Register) -> [String: Test] {
        switch register {
        case .entities:
            [
                "permits": .hasAny(of: "permits"), "regulators": .hasAny(of: "regulators"),
                "all_regulators": .hasAll(of: "regulators"), "industries": .begins(of: "industry"),
                "regions": .begins(of: "region"), "kinds": .isOne(of: "kind"), "credit": .isOne(of: "class_in_force"),
                "risks": .hasAny(of: "risks"), "score": .range(of: "score"),
            ]
        case .inspectors:
            [
                "departments": .isOne(of: "department"), "units": .isOne(of: "unit"),
                "categories": .isOne(of: "category"),
                "regions": .covers(of: "regions"), "specialties": .hasAny(of: "specialties"),
                "qualifications": .hasAny(of: "qualifications"), "lines": .hasAny(of: "lines"),
                "experience": .hasAny(of: "experience"),
            ]
        case .experts:
            [
                "fields": .hasAny(of: "fields"), "organisation_kinds": .isOne(of: "organisation_kind"),
                "organisations": .isOne(of: "organisation"),
            ]
        case .classes, .departments, .items: [:]
        }
    }

    /// One condition; all of a rule must hold.
    struct Condition: Sendable, Hashable {
        let name: String
        let test: Test
        let words: [String]
        let bounds: ClosedRange<Int>

        init(name: String, test: Test, _ field: JSONField) throws {
            self.name = name
            self.test = test
            if case .range = test {
                words = []
                bounds = try field.object { reader in
                    let least = try reader.optional("min")?.integer(in: 0...1_000) ?? 0
                    let most = try reader.optional("max")?.integer(in: 0...1_000) ?? 1_000
                    guard least <= most else { throw field.error("min 大于 max / min is above max") }
                    return least...most
                }
            } else {
                bounds = 0...0
                words = try field.array { try $0.wording() }
                guard !words.isEmpty else { throw field.error("至少一项 / is empty; name at least one") }
            }
        }

        /// The condition on a row `r` of the register.
        var sql: SQL {
            switch test {
            case .isOne(let column): "r.\(identifier: column) = ANY(\(words)::text[])"
            case .begins(let column):
                "EXISTS (SELECT FROM unnest(\(words)::text[]) AS w (word) WHERE starts_with(r.\(identifier: column), w.word))"
            case .hasAny(let column): "r.\(identifier: column) && \(words)::text[]"
            case .hasAll(let column): "r.\(identifier: column) @> \(words)::text[]"
            case .covers(let column):
                """
                (r.\(identifier: column) = '{}' OR EXISTS (
                    SELECT FROM unnest(\(words)::text[]) AS w (word), unnest(r.\(identifier: column)) AS c (prefix)
                    WHERE starts_with(w.word, c.prefix) OR starts_with(c.prefix, w.word)))
                """
            case .range(let column): "r.\(identifier: column) BETWEEN \(bounds.lowerBound) AND \(bounds.upperBound)"
            }
        }
    }
}
