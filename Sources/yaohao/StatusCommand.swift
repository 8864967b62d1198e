import ArgumentParser
import Cluster
import Foundation
import JSON
import Kafka
import Notices
import Postgres
import Registers

/// `yaohao status`: how the cluster is.
struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Lag, outbox, leases, dead letters, deadlines and registers · 运行状态",
        discussion:
            "Exit status 1 when something needs an operator: a failed task, a dead letter, a stale feed, something overdue."
    )

    @Flag(help: "As JSON · 以 JSON 输出") var json = false

    func run() async throws {
        let settings = try settings()
        let (text, notices, feeds) = try await withPool(settings) { pool in
            let text = try await pool.query(
                """
                SELECT jsonb_build_object(
                    'outbox', (SELECT jsonb_build_object('unsent', count(*) FILTER (WHERE sent_at IS NULL),
                        'sent', count(*) FILTER (WHERE sent_at IS NOT NULL),
                        'oldest_unsent_seconds', floor(extract(epoch FROM clock_timestamp()
                            - min(created_at) FILTER (WHERE sent_at IS NULL)))::bigint) FROM cluster.outbox),
                    'inbox', (SELECT jsonb_build_object(
                        'accepted', count(*) FILTER (WHERE receipt ->> 'status' = 'accepted'),
                        'rejected', count(*) FILTER (WHERE receipt ->> 'status' = 'rejected')) FROM cluster.inbox),
                    'leases', COALESCE((SELECT jsonb_agg(jsonb_build_object('task', id, 'kind', kind, 'round', subject,
                        'owner', owner, 'expired', lease_until <= clock_timestamp()) ORDER BY id)
                        FROM cluster.tasks WHERE state = 'leased'), '[]'),
                    'tasks', (SELECT jsonb_build_object('ready', count(*) FILTER (WHERE state = 'ready'),
                        'leased', count(*) FILTER (WHERE state = 'leased'),
                        'done', count(*) FILTER (WHERE state = 'done'),
                        'failed', count(*) FILTER (WHERE state = 'failed')) FROM cluster.tasks),
                    'dead_letters', (SELECT count(*) FROM cluster.waiting_letters),
                    'registers', jsonb_build_object(
                        'departments', (SELECT count(*) FROM registers.departments WHERE valid_to IS NULL),
                        'items', (SELECT count(*) FROM registers.items WHERE valid_to IS NULL),
                        'entities', (SELECT count(*) FROM registers.entities WHERE valid_to IS NULL),
                        'inspectors', (SELECT count(*) FROM registers.inspectors WHERE valid_to IS NULL),
                        'quarantine', (SELECT count(DISTINCT (register, source, id)) FROM registers.quarantine
                            WHERE superseded_at IS NULL)),
                    'schema', (SELECT max(number) FROM public.yaohao_migrations)
                )::text AS report
                """
            ).first?.decode("report", as: String.self)
            return (text, try await NoticesCounts.read(from: pool), try await FeedFreshness.all(in: pool))
        }
        guard case .object(var report) = try JSONValue(parsing: text ?? "{}") else { return }
        report["publications"] = ["stored": .integer(notices.publications)]
        report["deadlines"] = [
            "open": .integer(notices.open), "late": .integer(notices.late),
            "without_calendar": .integer(notices.withoutCalendar),
        ]
        report["feeds"] = .array(feeds.map(\.json))
        report["deliveries"] = [
            "retrying": .integer(notices.waitingDeliveries), "failed": .integer(notices.failedDeliveries),
        ]
        report["lag"] = try await lag(settings)
        let troubles = [
            (report["tasks"]?["failed"]?.number, "失败的任务 tasks that failed"),
            (report["dead_letters"]?.number, "死信，见 yaohao dead-letters list · dead letters"),
            (notices.late, "逾期事项，见 yaohao deadlines · things overdue"),
            (notices.withoutCalendar, "缺少日历、算不出的期限 deadlines without a calendar"),
            (notices.failedDeliveries, "推送失败，见 yaohao deliveries · deliveries that failed"),
            (feeds.count { $0.state == .error }, "更新超期的数据来源 stale feeds"),
        ].filter { ($0.0 ?? 0) > 0 }
        if json {
            say(JSONValue.object(report).canonicalText)
        } else {
            for (name, value) in report.sorted(by: { $0.key < $1.key }) {
                for line in StatusText.lines(name, value) { say(line) }
            }
        }
        for feed in feeds where feed.state != .fresh {
            let since = feed.lastAccepted ?? "从未 never"
            complain(
                "\(feed.state == .error ? "更新超期 stale" : "更新将超期 getting stale"): \(feed.register.rawValue) \(feed.source): "
                    + "\(feed.hours) h, last \(since); 提醒 warn \(feed.limits.warning) h, 报错 error \(feed.limits.error) h"
            )
        }
        for (count, what) in troubles { complain("需要处理 needs an operator: \(count ?? 0) \(what)") }
        if !troubles.isEmpty { throw ExitStatus.answerIsNo }
    }

    /// How many messages each group has yet to take.
    private func lag(_ settings: Settings) async throws -> JSONValue {
        do {
            let admin = try KafkaAdmin(settings: settings.kafka, logger: logger(settings))
            var lags: [String: JSONValue] = [:]
            for (group, topics) in Processes.groups(settings.topics) {
                lags[group] = .integer(try await admin.lag(group: group, topics: topics).values.reduce(0, +))
            }
            await admin.close()
            return .object(lags)
        } catch {
            complain("the broker: \(error)")
            throw ExitStatus.unreachable
        }
    }
}
