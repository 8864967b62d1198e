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
                var rows = try FeedFile(file, retiring: ids)
                var page: [StagedRow] = []
                while let row = try rows.next() {
                    page.append(try Self.staged(row, heading.register))
                    if page.count == Self.pageRows {
                        try await Self.store(page, heading, transaction)
                        page = []
                    }
                }
                if !page.isEmpty { try await Self.store(page, heading, transaction) }
                let judgement = try await FeedJudgement(heading, FeedStatements(name: heading.name), transaction)
                throw TakenBack(preview: FeedPreview(judgement))
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

    private static func staged(_ row: FeedRow, _ register: Register) throws -> StagedRow {
        guard let content = row.content else {
            return StagedRow(position: row.position, id: row.id, content: .retirement, findings: [])
        }
        var columns = try PageColumns(nil, register)
        if case .cells(let cells) = content { columns = try PageColumns(.strings(cells.columns), register) }
        return StagedRow(position: row.position, id: row.id, content: content, sent: row.findings, columns)
    }

    private static func store(
        _ rows: [StagedRow], _ heading: FeedHeading, _ transaction: PostgresTransaction
    ) async throws {
        let page = StagedPage(
            feed: heading.name, version: heading.version, position: rows[0].position, partition: 0, digest: [],
            rows: rows)
        _ = try await transaction.query(FeedIntake.insertion(of: [page]))
        var copy = FeedCopy()
        copy.append(page)
        let bytes = copy.bytes
        try await transaction.copyIn(FeedCopy.statement) { writer in
            try await writer.write(FeedCopy.header)
            try await writer.write(bytes)
            try await writer.write(FeedCopy.trailer)
        }
    }
}
