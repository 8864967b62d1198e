import Cluster
import Postgres

/// What becomes of the rows of a feed that is whole, and whether it may be applied: all that is found out before anything
/// is changed. The outcomes of rows stay in the transaction's table `judged`.
struct FeedJudgement {
    /// How many rows would be inserted, updated and so on.
    let report: FeedReport
    /// Why the feed is refused as a whole; empty when it is not.
    let reasons: [Reason]
    /// The instant from which it is valid.
    let now: String

    /// Judges the rows that were taken.
    init(_ load: FeedLoad, as heading: FeedHeading) async throws {
        let (statements, transaction, rules) = (load.statements, load.transaction, load.rules)
        now = load.now
        var report = FeedReport()
        if load.isAllNew {
            report.read = load.rows
            report.inserted = load.rows
            self.report = report
            reasons = []
            return
        }
        var unknown = FeedStatements.Unknown()
        if let query = statements.unknownDepartments {
            unknown.departments = try await transaction.query(query).map {
                try $0.decode("department", as: String.self)
            }
        }
        if let query = statements.codes {
            for row in try await transaction.query(query) {
                let code = try row.decode("code", as: String.self)
                if try row.decode("field", as: String.self) == "region" {
                    if !load.codes.knows(region: code) { unknown.regions.append(code) }
                } else if !load.codes.knows(industry: code) {
                    unknown.industries.append(code)
                }
            }
        }
        try await transaction.execute(statements.judge(floor: load.floor, unknown: unknown))
        var current = 0
        for row in try await transaction.query(statements.outcomes) {
            let count = try row.decode("count", as: Int.self)
            report.read += count
            switch try row.decode("outcome", as: String.self) {
            case "inserted": report.inserted = count
            case "updated": report.updated = count
            case "unchanged": report.unchanged += count
            case "outdated":
                report.outdated = count
                report.unchanged += count
            case "retired": report.retired = count
            default: report.quarantined = count
            }
        }
        if let row = try await transaction.query(statements.absence(heading)).first {
            current = try row.decode("current", as: Int.self)
            report.absent = try row.decode("absent", as: Int.self)
            report.retired += report.absent
        }
        report.examples = try await transaction.query(statements.examples).map { row in
            FeedReport.Example(
                position: try row.decode("position", as: Int.self), id: try row.decode("id", as: String.self),
                field: try row.decode("field", as: String.self), code: try row.decode("code", as: String.self),
                message: try row.decode("message", as: String.self))
        }

        var reasons: [Reason] = []
        let limit = rules.shrinkLimitPPM
        if !heading.allowShrink, report.retired * 1_000_000 > current * limit {
            let share = limit % 10_000 == 0 ? "\(limit / 10_000)%" : "\(limit) ppm"
            reasons = [
                Reason(
                    code: "feed.shrink",
                    message: "将停用 \(current) 条中的 \(report.retired) 条，超过 \(share)，未予入库；确认无误后请加 --allow-shrink 重报 / "
                        + "would retire \(report.retired) of \(current) rows, more than \(share), so nothing was taken; "
                        + "if that is right, feed it again with --allow-shrink")
            ]
        }
        self.report = report
        self.reasons = reasons
    }
}
