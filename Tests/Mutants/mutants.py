"""Faults that somebody could build into the product, each with the torture that should catch it.

A mutant is a list of edits (file, text that stands there once, other text), and the options of scripts/torture.
"""
KILLS = ("--faults", "kill,terminate_backend", "--pause", "1")
PAUSES = ("--faults", "pause", "--pause", "0.5")
BROKER = ("--faults", "broker_kill,broker_restart,cut", "--pause", "0.7")
CALM = ("--faults", "terminate_backend")
CLUSTER = "Sources/Cluster/"

MUTANTS = {
    "offset-first": ("the offset counts as processed as soon as a message is fetched", [
        ("Sources/Kafka/PartitionWork.swift", "            state.flow.began(message.size)\n",
         "            state.flow.began(message.size)\n            state.watermark.finish(message.offset)\n")],
        ("--crash", "letter-uncommitted=0.5", "--faults", "kill", "--pause", "1", "--noise", "5")),
    "inbox-by-place": ("the inbox knows a submission by something else than its source and id", [
        (CLUSTER + "Inbox.swift", "VALUES (\\(submission.source), \\(submission.id), \\(submission.digest)",
         "VALUES (\\(submission.source), \\(submission.id + \"@\" + String(Int.random(in: 0..<1_000_000))), \\(submission.digest)")],
        CALM),
    "no-repeat-check": ("a submission that comes again is handled again", [
        (CLUSTER + "Inbox.swift", "                ON CONFLICT DO NOTHING\n                \"\"\")\n            guard inserted",
         "                ON CONFLICT (source, id) DO UPDATE SET received_at = clock_timestamp()\n                \"\"\")\n"
         "            guard inserted")], CALM),
    "no-fencing": ("a task's outcome is written without a look at the lease", [
        (CLUSTER + "Task.swift", "                WHERE id = \\(task.id) AND token = \\(task.token) AND state = 'leased'\n"
         "                \"\"\")\n            guard held == 1", "                WHERE id = \\(task.id)\n"
         "                \"\"\")\n            guard held == 1")], PAUSES),
    "wall-clock-lease": ("a lease runs out by the worker's own clock", [
        (CLUSTER + "Task.swift", "lease_until <= clock_timestamp())", "lease_until <= \\(Date()))"),
        (CLUSTER + "Task.swift", "public import JSON\n", "import Foundation\npublic import JSON\n")],
        ("--faults", "clock", "--pause", "0.3")),
    "relay-unfenced": ("a relay that was paused records what it sent without a look at the lease", [
        (CLUSTER + "OutboxRelay.swift", "            WHERE o.id = d.id\n                AND EXISTS (SELECT FROM cluster.leases"
         " WHERE name = \\(Self.leaseName) AND token = \\(token))\n", "            WHERE o.id = d.id\n")],
        ("--faults", "pause", "--pause", "0.5", "--crash", "")),
    "sent-before-acknowledged": ("outbox rows count as sent before the broker has them", [
        (CLUSTER + "OutboxRelay.swift", "        try await producer.beginTransaction()\n",
         "        try await pool.execute(\"UPDATE cluster.outbox SET sent_at = clock_timestamp(), partition = 0, \\\"offset\\\" = 0"
         " WHERE id = ANY(\\(batch.map(\\.id)))\")\n        try await producer.beginTransaction()\n")],
        ("--faults", "broker_restart,broker_kill,cut,kill", "--pause", "0.7")),
    "beyond-the-last": ("the relay looks only beyond the last row that it sent", [
        (CLUSTER + "OutboxRelay.swift", "            WHERE sent_at IS NULL ORDER BY id LIMIT",
         "            WHERE sent_at IS NULL AND id > COALESCE((SELECT max(id) FROM cluster.outbox WHERE sent_at IS NOT NULL), 0)"
         " ORDER BY id LIMIT")], KILLS),
    "lost-stays-lost": ("what the broker has lost is not sent again", [
        (CLUSTER + "OutboxRelay.swift", "            if span.lowerBound <= newest {", "            if span.lowerBound < 0 {"),
        (CLUSTER + "OutboxRelay.swift", "        try await resendLost(token: token, state)\n", "")], BROKER),
    "newest-not-last": ("what was lost is sent again behind newer messages of its key", [
        (CLUSTER + "OutboxRelay.swift", "                sent.removeAll { $0.place == place }\n", "")], BROKER),
    "receipt-before-commit": ("the receipt goes out before its effect is committed", [
        (CLUSTER + "Inbox.swift", "            effects.messages.append(outbox.message(for: receipt))\n            try await outbox.store(effects",
         "            try await pool.transaction {\n                try await outbox.store(Effects(messages: [outbox.message(for: receipt)]), in: $0)\n"
         "            }\n            try await outbox.store(effects")],
        ("--crash", "inbox-uncommitted=0.05", "--faults", "terminate_backend")),
    "any-signature": ("a signature is read and not checked", [
        (CLUSTER + "KeyDirectory.swift", "            believed = try Signature.verify(event, publicKey: key.publicKey)\n",
         "            believed = event\n")], CALM),
    "any-source": ("a key may speak as anybody", [
        (CLUSTER + "KeyDirectory.swift", "guard key.sources.contains(event.source) else", "guard !key.sources.isEmpty else")], CALM),
    "any-role": ("a key may be used for anything", [
        (CLUSTER + "Inbox.swift", "guard submission.roles.contains(handler.role) else", "guard !submission.roles.isEmpty else")], CALM),
    "poison-dropped": ("what can't be taken is dropped", [
        (CLUSTER + "Intake.swift", "                    try await deadLetters.store(message, code: undeliverable.code, reason:"
         " undeliverable.reason)\n", "")], CALM),
    "refusals-off-the-record": ("refusals are not in the audit log", [
        (CLUSTER + "AuditLog.swift", "    public static func record(_ act: Act, in transaction: PostgresTransaction) async throws {\n",
         "    public static func record(_ act: Act, in transaction: PostgresTransaction) async throws {\n"
         "        guard act.outcome != .refused else { return }\n")], CALM),
    "older-overwrites": ("an older version of a row overwrites a newer one", [
        ("Sources/Registers/FeedStatements.swift", "WHEN s.version < \\(floor)::bigint OR s.version <= coalesce(c.version, h.version, -1)",
         "WHEN s.version < -1 AND coalesce(\\(floor)::bigint, c.version, h.version) IS NULL")], CALM),
    "published-unreleased": ("results are published before their department has released them", [
        ("Sources/Notices/NoticeStore+Publish.swift", "            FROM inspections.releasable_results r\n",
         "            FROM inspections.current_results r\n")], CALM),
    "rung-early": ("a rung fires some days too early", [
        ("Sources/Notices/NoticeStore+Fire.swift", "r.fire_on <= \\(now.day.description)::text::date\n",
         "r.fire_on <= \\(now.day.description)::text::date + 5\n"),
        ("Sources/Notices/NoticeStore+Fire.swift", ".filter { $0.isDue(today: now.day) && !$0.recipients",
         ".filter { !$0.recipients")], CALM),
    "rung-again": ("a rung that has fired is not marked", [
        ("Sources/Notices/NoticeStore+Fire.swift", "        try await markFired(reminders, now: now, transaction)\n", "")], CALM),
    "late-reveals": ("a reveal counts also after its time", [
        ("Sources/Rounds/RoundDecisions.swift", "        if state.revealTimeIsOver {\n            return .refused",
         "        if state.revealTimeIsOver && state.isClosed == false {\n            return .refused"),
        ("Sources/Rounds/CommitTask.swift", "            guard state.phase == .committed, let reason",
         "            guard state.phase == .opened, let reason")], ("--faults", "terminate_backend", "--late", "1")),
    "told-before-kept": ("a commitment is told before it is kept", [
        ("Sources/Rounds/CommitTask.swift", "            var effects = Effects(messages: [\n", "            let early = Effects(messages: [\n"),
        ("Sources/Rounds/CommitTask.swift", "            let head = try await AuditLog.publishHead(",
         "            try await self.pool.transaction { try await Outbox(topics: self.topics).store(early, in: $0) }\n"
         "            var effects = Effects()\n            let head = try await AuditLog.publishHead(")],
        ("--crash", "task-uncommitted=0.4", "--faults", "terminate_backend")),
    "other-seed": ("inspectors are matched by something else than the seed", [
        ("Sources/Rounds/DrawTask.swift", "seed: inputs.seed, visits: visits", "seed: inputs.seed.reversed(), visits: visits")], CALM),
    "split-visits": ("each request has visits of its own", [
        ("Sources/Rounds/DrawTask.swift",
         "let visits = makeVisits(round: round, requests: inputs.requests, selections: selections)",
         "let visits = selections.flatMap { makeVisits(round: round, requests: inputs.requests, selections: [$0]) }")], CALM),
}
