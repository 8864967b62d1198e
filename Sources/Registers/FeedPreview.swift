public import Cluster
import JSON
public import Postgres
import Tables

/// What feeding a file would change in the register as it is now (比对), found out by judging its rows as a worker does, in
/// a transaction that is taken back.
public struct FeedPreview: Sendable {
    /// How many rows would be inserted, updated, left alone, retired and quarantined, with the first examples.
    public let report: FeedReport
    /// Why the feed would be refused as a whole; empty when it would not.
    public let reasons: [Reason]

    private struct TakenBack: Error {
        let preview: FeedPreview
    }

    /// Rows that are judged and staged at a time.
    private static let pageRows = 2_000

    /// Compares a file with its register.
    ///
    /// - Parameters:
    ///   - file: the file; `nil` for a feed that only retires.
    ///   - ids: what a delta retires.
    ///   - heading: what the feed would be.
    /// - Throws: `TableError`, `PostgresError`.
    public init(_ file: RegisterFile?, retiring ids: [String], as heading: FeedHeading, in pool: PostgresPool)
        async throws
    {
        do {
            try await pool.transaction { transaction in
                try await transaction.script("SET LOCAL ROLE yaohao_worker")
                let statements = FeedStatements(name: heading.name)
                _ = try await transaction.query(statements.lockRegister)
                var load = try await FeedLoad(statements, transaction, goesStraight: false)
                var rows = try FeedFile(file, retiring: ids)
                var page: StagedPage?
                while let row = try rows.next() {
                    if page == nil {
                        page = StagedPage(
                            feed: heading.name, version: heading.version, position: row.position, partition: 0,
                            digest: [])
                    }
                    page?.append(StagedRow(row, heading.register))
                    if let full = page, full.rows == Self.pageRows {
                        try await Self.take(full, &load)
                        page = nil
                    }
                }
                if let page { try await Self.take(page, &load) }
                throw TakenBack(preview: FeedPreview(try await FeedJudgement(load, as: heading)))
            }
        } catch let end as TakenBack {
            self = end.preview
            return
        }
        throw PostgresError(.decoding, "the comparison has no end")
    }

    private init(_ judgement: FeedJudgement) {
        report = judgement.report
        reasons = judgement.reasons
    }

    private static func take(_ page: StagedPage, _ load: inout FeedLoad) async throws {
        // What is said of a page is found in its table.
        _ = try await load.transaction.query(FeedIntake.insertion(of: [page]))
        try await load.take(page.contents)
    }
}

extension StagedRow {
    /// A row as a worker would make it of what is sent.
    fileprivate init(_ row: FeedRow, _ register: Register) {
        guard let content = row.content else {
            self.init(position: row.position, id: row.id, content: .retirement, findings: [])
            return
        }
        self.init(position: row.position, id: row.id, content: content, sent: row.findings, register)
    }
}
