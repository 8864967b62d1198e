import Cluster
import JSON

/// What may be said about a plan on the topic of plan submissions. Each body is read strictly: a field that is missing,
/// wrong or unknown is an error that names its path.
enum PlanMessage {
    /// The CloudEvents types, as `docs/asyncapi.yaml` lists them.
    enum Kind {
        static let drafted = "cn.yaohao.plans.plan-drafted.v1"
        static let changed = "cn.yaohao.plans.plan-changed.v1"
        static let checked = "cn.yaohao.plans.plan-checked.v1"
        static let approved = "cn.yaohao.plans.plan-approved.v1"
        static let reported = "cn.yaohao.plans.plan-reported.v1"
        static let received = "cn.yaohao.plans.plan-received.v1"
        static let published = "cn.yaohao.plans.plan-published.v1"
        static let confirmed = "cn.yaohao.plans.participation-confirmed.v1"
        static let mergeDecided = "cn.yaohao.plans.merge-decided.v1"
        static let schemeApproved = "cn.yaohao.plans.scheme-approved.v1"
    }

    /// A new text: the first of a plan, or one in the place of a text that was not published (填报).
    struct Drafted {
        let plan: Plan

        init(_ data: [UInt8]) throws {
            var reader = try JSONReader(parsing: data)
            plan = try Plan(json: reader.value("plan"), path: "plan")
            try reader.finish()
        }
    }

    /// A new text of a plan that is in force, with what changes and why (调整).
    struct Changed {
        let plan: Plan
        let what: String
        let why: String

        init(_ data: [UInt8]) throws {
            var reader = try JSONReader(parsing: data)
            plan = try Plan(json: reader.value("plan"), path: "plan")
            what = try reader.required("what").filled()
            why = try reader.required("why").filled()
            try reader.finish()
        }
    }

    /// A step of a version that needs no more than its name: checked, approved, reported, published, confirmed.
    struct Step {
        let plan: String
        let version: Int
        let note: String?

        init(_ data: [UInt8]) throws {
            var reader = try JSONReader(parsing: data)
            plan = try reader.required("plan").planID()
            version = try reader.required("version").integer(in: 1...9_999)
            note = try reader.optionalString("note")
            try reader.finish()
        }
    }

    /// The office's receipt (联席会议办公室回执), or the plan back with the reason.
    struct Received {
        enum Outcome: String, CaseIterable { case received, returned }

        let plan: String
        let version: Int
        let outcome: Outcome
        let reason: String?

        init(_ data: [UInt8]) throws {
            var reader = try JSONReader(parsing: data)
            plan = try reader.required("plan").planID()
            version = try reader.required("version").integer(in: 1...9_999)
            outcome = try reader.required("outcome").choice()
            reason = try reader.optional("reason")?.nullable()?.filled()
            guard outcome == .received || reason != nil else {
                throw reader.error("reason", "退回计划须写明理由 / say why the plan is returned")
            }
            try reader.finish()
        }
    }

    /// The department's answer to a proposed merging of its lines (内部联合的确认或不采纳).
    struct MergeDecided {
        enum Decision: String, CaseIterable { case confirmed, declined }

        let plan: String
        let version: Int
        let lines: [String]
        let decision: Decision
        let reason: String?

        init(_ data: [UInt8]) throws {
            var reader = try JSONReader(parsing: data)
            plan = try reader.required("plan").planID()
            version = try reader.required("version").integer(in: 1...9_999)
            lines = try reader.required("lines").array { try $0.planID() }
            guard Set(lines).count == lines.count, lines.count >= 2 else {
                throw reader.error("lines", "至少两个不同的计划行 / name at least two lines, each once")
            }
            decision = try reader.required("decision").choice()
            reason = try reader.optional("reason")?.nullable()?.filled()
            guard decision == .confirmed || reason != nil else {
                throw reader.error("reason", "不采纳须写明理由 / say why the merging is declined")
            }
            try reader.finish()
        }
    }

    /// The 负责人's approval of the scheme (工作方案) of one draw.
    struct SchemeApproved {
        let plan: String
        let version: Int
        let line: String
        let draw: Int

        init(_ data: [UInt8]) throws {
            var reader = try JSONReader(parsing: data)
            plan = try reader.required("plan").planID()
            version = try reader.required("version").integer(in: 1...9_999)
            line = try reader.required("line").planID()
            draw = try reader.optional("draw")?.integer(in: 1...366) ?? 1
            try reader.finish()
        }
    }
}
