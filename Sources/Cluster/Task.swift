public import JSON
public import Postgres

/// A stage of work that this worker holds a lease on.
public struct LeasedTask: Sendable, Hashable {
    /// The row's id.
    public let id: Int64
    /// Which handler runs it.
    public let kind: String
    /// What it belongs to, such as a round's id.
    public let subject: String
    /// Tells tasks of one kind and subject apart.
    public let ordinal: Int
    /// What the handler needs to know.
    public let arguments: JSONValue
    /// The fencing token: larger than that of every earlier lease.
    public let token: Int64
    /// How often it has been tried, this time included.
    public let attempt: Int
}

/// What a slice does with one kind of task.
///
/// The handler computes outside of any transaction, for as long as it needs, and returns what is to be written; the
/// runner then writes it in one transaction that first checks the fencing token.
public struct TaskHandler: Sendable {
    /// Writes the outcome; its effects are stored in the same transaction.
    public typealias Completion = @Sendable (PostgresTransaction) async throws -> Effects

    /// The kind of task it takes.
    public let kind: String
    /// Computes.
    public let run: @Sendable (LeasedTask) async throws -> Completion

    /// A handler for one kind of task.
    public init(kind: String, run: @escaping @Sendable (LeasedTask) async throws -> Completion) {
        self.kind = kind
        self.run = run
    }
}

/// A lease was lost while its holder worked: somebody else has taken the task, and nothing was written.
public struct Fenced: Error, Sendable, Hashable {
    /// The task's id.
    public let task: Int64
}

/// Takes, renews and finishes tasks. All instants are the database's (`clock_timestamp()`).
public struct TaskStore: Sendable {
    let pool: PostgresPool
    let outbox: Outbox
    /// How long a lease holds without being renewed, in milliseconds.
    public let leaseMilliseconds: Int
    /// After how many tries a task is set aside as failed.
    public let maximumAttempts: Int

    /// A store over the table `cluster.tasks`.
    public init(pool: PostgresPool, topics: Topics, leaseMilliseconds: Int = 15_000, maximumAttempts: Int = 10) {
        self.pool = pool
        self.outbox = Outbox(topics: topics)
        self.leaseMilliseconds = leaseMilliseconds
        self.maximumAttempts = maximumAttempts
    }

    /// Takes the oldest task that is due and free, or whose lease has run out.
    ///
    /// - Parameters:
    ///   - owner: the worker's stable name.
    ///   - kinds: which handlers it has.
    public func take(owner: String, kinds: [String]) async throws -> LeasedTask? {
        let rows = try await pool.query(
            """
            UPDATE cluster.tasks SET state = 'leased', owner = \(owner), token = nextval('cluster.fencing'),
                lease_until = clock_timestamp() + \(leaseMilliseconds) * interval '1 millisecond',
                attempts = attempts + 1
            WHERE id = (
                SELECT id FROM cluster.tasks
                WHERE kind = ANY(\(kinds)) AND run_at <= clock_timestamp()
                    AND (state = 'ready' OR state = 'leased' AND lease_until <= clock_timestamp())
                ORDER BY run_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
            RETURNING id, kind, subject, ordinal, arguments::text AS arguments, token, attempts
            """)
        guard let row = rows.first else { return nil }
        return LeasedTask(
            id: try row.decode("id", as: Int64.self), kind: try row.decode("kind", as: String.self),
            subject: try row.decode("subject", as: String.self), ordinal: try row.decode("ordinal", as: Int.self),
            arguments: try JSONValue(parsing: Array(row.decode("arguments", as: String.self).utf8)),
            token: try row.decode("token", as: Int64.self), attempt: try row.decode("attempts", as: Int.self))
    }

    /// Holds the lease for longer.
    ///
    /// - Throws: `Fenced` when it is somebody else's by now.
    public func renew(_ task: LeasedTask) async throws {
        let renewed = try await pool.execute(
            """
            UPDATE cluster.tasks
            SET lease_until = clock_timestamp() + \(leaseMilliseconds) * interval '1 millisecond'
            WHERE id = \(task.id) AND token = \(task.token) AND state = 'leased'
            """)
        guard renewed == 1 else { throw Fenced(task: task.id) }
    }

    /// Writes the outcome of a task, once.
    ///
    /// - Throws: `Fenced`, with nothing written, when the lease is somebody else's by now.
    public func finish(_ task: LeasedTask, _ completion: TaskHandler.Completion) async throws {
        try await pool.transaction { transaction in
            let held = try await transaction.execute(
                """
                UPDATE cluster.tasks
                SET state = 'done', lease_until = NULL, finished_at = clock_timestamp(), failure = NULL
                WHERE id = \(task.id) AND token = \(task.token) AND state = 'leased'
                """)
            guard held == 1 else { throw Fenced(task: task.id) }
            let effects = try await completion(transaction)
            try await transaction.execute(
                "UPDATE cluster.tasks SET result = \(JSONText(effects.details)) WHERE id = \(task.id)")
            try await outbox.store(effects, in: transaction)
            CrashPoint.taskUncommitted.reached()
        }
        CrashPoint.taskCommitted.reached()
    }

    /// Gives a task back after a failure: due again after a pause that grows with the tries, or set aside as failed.
    ///
    /// - Parameters:
    ///   - task: the task.
    ///   - failure: what went wrong, without anything confidential.
    ///   - countsAsTry: `false` for faults that are nobody's doing, such as a lost connection.
    public func giveBack(_ task: LeasedTask, failure: String, countsAsTry: Bool) async throws {
        let pause = min(60_000, 250 << min(task.attempt, 8))
        let failed = countsAsTry && task.attempt >= maximumAttempts
        try await pool.execute(
            """
            UPDATE cluster.tasks SET state = \(failed ? "failed" : "ready"), lease_until = NULL, failure = \(failure),
                run_at = clock_timestamp() + \(pause) * interval '1 millisecond',
                attempts = \(countsAsTry ? task.attempt : task.attempt - 1)
            WHERE id = \(task.id) AND token = \(task.token) AND state = 'leased'
            """)
    }
}
