import Cluster
import Crypto
import Foundation
public import Logging
public import Postgres
import Registers
public import ServiceLifecycle

/// Hands publications to outside sites and digests to channels (推送).
///
/// Each delivery is a row: it is taken under a lease, tried, and tried again later and later for days, until it is taken
/// or given up. Every target has a loop of its own, so one that is down holds back nobody else; of one entity or
/// recipient the deliveries keep their order. Any number of couriers may run.
public struct Courier: Service {
    /// The first pause after a try that failed, doubled with each further one.
    static let firstPauseSeconds = 30
    /// The longest pause.
    static let longestPauseSeconds = 6 * 3_600
    /// How long a try may last before another courier takes it over; longer than any timeout.
    static let leaseSeconds = 120
    /// Days after which a message to people is not tried any more: it is old by then.
    static let giveUpMessagesAfterDays = 3

    /// Where deliveries go.
    enum Target: Sendable, Hashable {
        case site(Site)
        case channel(Channel)

        var kind: String { if case .site = self { "site" } else { "channel" } }
        var id: String {
            switch self {
            case .site(let site): site.id
            case .channel(let channel): channel.id
            }
        }
        var concurrency: Int { if case .site(let site) = self { site.concurrency } else { 1 } }
        var giveUpAfterDays: Int {
            if case .site(let site) = self { site.giveUpAfterDays } else { Courier.giveUpMessagesAfterDays }
        }
    }

    /// One try under a lease. The number of the attempt is its fencing token.
    struct Delivery: Sendable, Hashable {
        let id: Int
        let reference: String
        let attempt: Int
        let recipient: String?
        let body: String
    }

    /// What came of a try.
    enum Outcome: Sendable, Hashable {
        case taken(status: Int, answer: [UInt8])
        case refused(status: Int, answer: [UInt8])
        case unreachable(String)
    }

    let pool: PostgresPool
    let targets: [Target]
    let key: SigningKey?
    let clock: any NoticeClock
    let logger: Logger
    let http = HTTPClient()

    /// A courier for the targets of a configuration.
    public init(
        pool: PostgresPool, configuration: NotifierConfiguration, clock: any NoticeClock = DatabaseClock(),
        logger: Logger
    ) {
        self.pool = pool
        targets = configuration.sites.map(Target.site) + configuration.channels.list.map(Target.channel)
        key = configuration.key
        self.clock = clock
        self.logger = logger
    }

    /// Delivers until the service is told to stop; tries under way are finished.
    public func run() async throws {
        guard !targets.isEmpty else {
            try? await gracefulShutdown()
            return
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for target in targets { group.addTask { try await run(target) } }
            try await group.waitForAll()
        }
    }

    private func run(_ target: Target) async throws {
        var failures = 0
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            do {
                let (tried, failed) = try await deliver(to: target)
                // A target that takes nothing is left alone for a while, whatever waits for it.
                failures = failed ? failures + 1 : 0
                if tried > 0, !failed { continue }
            } catch is CancellationError {
                return
            } catch {
                failures += 1
                logger.warning(
                    "delivery interrupted", metadata: ["target": "\(target.id)", "error": "\(error)"])
            }
            let pause = failures == 0 ? 2 : min(300, 2 << min(failures, 8))
            try? await cancelWhenGracefulShutdown { try await Task.sleep(for: .seconds(pause)) }
        }
    }

    /// Tries what is due for every target now, each target by itself, until nothing is due.
    ///
    /// - Returns: how many were tried.
    @discardableResult
    func deliverAll() async throws -> Int {
        try await withThrowingTaskGroup(of: Int.self) { group in
            for target in targets {
                group.addTask {
                    var total = 0
                    while true {
                        let (tried, _) = try await deliver(to: target)
                        guard tried > 0 else { return total }
                        total += tried
                    }
                }
            }
            return try await group.reduce(0, +)
        }
    }

    /// Tries as many deliveries as a target takes at a time.
    func deliver(to target: Target) async throws -> (tried: Int, failed: Bool) {
        let now = try await clock.now(pool)
        if case .site(let site) = target { try await enqueue(for: site, now: now) }
        let deliveries = try await claim(target, now: now)
        let outcomes = await withTaskGroup(of: (Delivery, Outcome).self) { group in
            for delivery in deliveries { group.addTask { (delivery, await attempt(delivery, to: target)) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        var failed = false
        for (delivery, outcome) in outcomes {
            try await record(outcome, of: delivery, to: target, now: now)
            if case .taken = outcome { continue }
            failed = true
            logger.warning(
                "a delivery was not taken",
                metadata: [
                    "target": "\(target.id)", "reference": "\(delivery.reference)", "attempt": "\(delivery.attempt)",
                ])
        }
        return (deliveries.count, failed)
    }

    /// Makes a row of every publication that a site has not been handed.
    private func enqueue(for site: Site, now: Moment) async throws {
        try await pool.execute(
            """
            INSERT INTO notices.deliveries (kind, target, reference, ordering_key, next_try_at, made_at)
            SELECT 'site', \(site.id), p.id, p.entity, \(now.instant)::text::timestamptz,
                \(now.instant)::text::timestamptz
            FROM open.publications p
            WHERE NOT EXISTS (SELECT FROM notices.deliveries d
                WHERE d.kind = 'site' AND d.target = \(site.id) AND d.reference = p.id)
            ORDER BY p.published_at, p.version, p.id LIMIT 1000
            ON CONFLICT DO NOTHING
            """)
    }

    /// Takes deliveries whose time has come, the oldest of each key, under a lease. Times that lie further ahead than any
    /// pause were set by a clock that was wrong, and do not count.
    private func claim(_ target: Target, now: Moment) async throws -> [Delivery] {
        try await pool.query(
            """
            WITH due AS (
                SELECT d.id FROM notices.deliveries d
                WHERE d.kind = \(target.kind) AND d.target = \(target.id) AND d.state = 'waiting'
                    AND NOT d.next_try_at <@ tstzrange(\(now.instant)::text::timestamptz,
                        \(now.instant)::text::timestamptz + \(Self.longestPauseSeconds * 2) * interval '1 second', '(]')
                    AND coalesce(NOT d.lease_until <@ tstzrange(\(now.instant)::text::timestamptz,
                        \(now.instant)::text::timestamptz + \(Self.leaseSeconds) * interval '1 second', '(]'), true)
                    AND NOT EXISTS (SELECT FROM notices.deliveries e
                        WHERE e.kind = d.kind AND e.target = d.target AND e.ordering_key = d.ordering_key
                            AND e.state = 'waiting' AND e.id < d.id)
                ORDER BY d.next_try_at, d.id LIMIT \(target.concurrency)
                FOR UPDATE SKIP LOCKED)
            UPDATE notices.deliveries d SET attempts = d.attempts + 1, tried_at = \(now.instant)::text::timestamptz,
                lease_until = \(now.instant)::text::timestamptz + \(Self.leaseSeconds) * interval '1 second'
            FROM due WHERE d.id = due.id
            RETURNING d.id, d.reference, d.attempts, d.recipient,
                coalesce(d.body, (SELECT p.body FROM open.publications p WHERE p.id = d.reference)) AS body
            """
        ).map { row in
            Delivery(
                id: try row.decode("id", as: Int.self), reference: try row.decode("reference", as: String.self),
                attempt: try row.decode("attempts", as: Int.self),
                recipient: try row.decode("recipient", as: String?.self),
                body: try row.decode("body", as: String.self))
        }
    }

    private func attempt(_ delivery: Delivery, to target: Target) async -> Outcome {
        do {
            switch target {
            case .site(let site):
                guard let key else { return .unreachable("no signing_key is configured") }
                let answer = try await http.post(
                    .publication(id: delivery.reference, body: Array(delivery.body.utf8), to: site, key: key))
                return outcome(of: answer, byRobot: false)
            case .channel(let channel):
                if case .mail(let program, let from, let addresses) = channel.kind {
                    return try await mail(delivery, program: program, from: from, addresses: addresses)
                }
                let post = try HTTPPost.message(
                    id: delivery.reference, text: delivery.body, to: channel, key: key,
                    milliseconds: Int(Date().timeIntervalSince1970 * 1_000))
                guard let post else { return .unreachable("no address") }
                let isRobot = if case .webhook = channel.kind { false } else { true }
                return outcome(of: try await http.post(post), byRobot: isRobot)
            }
        } catch {
            return .unreachable(String("\(error)".prefix(500)))
        }
    }

    private func outcome(of answer: HTTPAnswer, byRobot: Bool) -> Outcome {
        answer.isTaken(byRobot: byRobot)
            ? .taken(status: answer.status, answer: answer.body)
            : .refused(status: answer.status, answer: answer.body)
    }

    private func mail(
        _ delivery: Delivery, program: String, from: String, addresses: [String: [String]]
    ) async throws -> Outcome {
        guard let to = delivery.recipient.flatMap({ addresses[$0] }), !to.isEmpty else {
            return .unreachable("no address for \(delivery.recipient ?? "")")
        }
        let lines = delivery.body.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
        let mail = Mail(
            from: from, to: to, subject: String(lines[0]), text: String(lines.last ?? ""),
            id: "yaohao-\(delivery.id)", date: Date())
        let (status, complaint) = try await mail.send(by: program)
        return status == 0
            ? .taken(status: 0, answer: Array(complaint.utf8)) : .refused(status: status, answer: Array(complaint.utf8))
    }

    /// How long to wait after so many tries that failed.
    static func pauseSeconds(afterAttempts attempts: Int) -> Int {
        min(longestPauseSeconds, firstPauseSeconds << min(attempts - 1, 20))
    }

    /// Writes down what came of a try, unless another courier has taken it over meanwhile.
    private func record(
        _ outcome: Outcome, of delivery: Delivery, to target: Target, now: Moment
    ) async throws {
        let (status, answer, error): (Int?, [UInt8]?, String?) =
            switch outcome {
            case .taken(let status, let answer): (status, answer, nil)
            case .refused(let status, let answer): (status, answer, "status \(status)")
            case .unreachable(let error): (nil, nil, error)
            }
        let isTaken = if case .taken = outcome { true } else { false }
        let pause = Self.pauseSeconds(afterAttempts: delivery.attempt)
        let beginning = answer.map { String(decoding: $0.prefix(1_000), as: UTF8.self).replacing("\0", with: "") }
        try await pool.execute(
            """
            UPDATE notices.deliveries SET lease_until = NULL, status = \(optional: status)::int4,
                answer_sha256 = \(optional: answer.map { hexText(SHA256.hash(data: $0)) }),
                answer = \(optional: beginning), error = \(optional: error),
                body_sha256 = \(hexText(SHA256.hash(data: Array(delivery.body.utf8)))),
                delivered_at = CASE WHEN \(isTaken) THEN \(now.instant)::text::timestamptz END,
                state = CASE WHEN \(isTaken) THEN 'delivered'
                    WHEN made_at + \(target.giveUpAfterDays) * interval '1 day' <= \(now.instant)::text::timestamptz
                        THEN 'failed'
                    ELSE 'waiting' END,
                next_try_at = \(now.instant)::text::timestamptz + \(pause) * interval '1 second'
            WHERE id = \(delivery.id) AND attempts = \(delivery.attempt)::int4 AND state = 'waiting'
            """)
    }
}
