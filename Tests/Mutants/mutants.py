"""Faults that somebody could build into the product, each with the torture that should catch it.

A mutant is a list of edits (file, text that stands there once, other text), and options of scripts/torture. All mutants are
built into one program, in which `mutant("NAME")` says whether that one is awake, so every edit keeps the sound behaviour for
when it is not.
"""
KILLS = ("--faults", "kill,terminate_backend", "--pause", "1")
PAUSES = ("--faults", "pause", "--pause", "0.5", "--minutes", "0.8")
BROKER = ("--faults", "broker_kill,broker_restart,cut", "--pause", "0.7")
CALM = ("--faults", "terminate_backend")
CLUSTER = "Sources/Cluster/"
LEASE = "EXISTS (SELECT FROM cluster.leases WHERE name = \\(Self.leaseName) AND token = \\(token))"

MUTANTS = {
    "offset-first": ("the offset counts as processed as soon as a message is fetched", [
        ("Sources/Kafka/PartitionWork.swift", "            state.flow.began(message.size)\n",
         "            state.flow.began(message.size)\n"
         "            if mutant(\"offset-first\") { state.watermark.finish(message.offset) }\n")],
        ("--crash", "letter-uncommitted=linger:0.3", "--faults", "slow", "--noise", "8")),
    "inbox-by-place": ("the inbox knows a submission by something else than its source and id", [
        (CLUSTER + "Inbox.swift", "VALUES (\\(submission.source), \\(submission.id), \\(submission.digest)",
         "VALUES (\\(submission.source), \\(submission.id + (mutant(\"inbox-by-place\") ? \"@\" + String(Int.random(in: 0..<1_000_000))"
         " : \"\")), \\(submission.digest)")], CALM),
    "no-repeat-check": ("a submission that comes again is handled again", [
        (CLUSTER + "Inbox.swift", "guard inserted == 1 else", "guard inserted == 1 || mutant(\"no-repeat-check\") else")], CALM),
    "no-fencing": ("a task's outcome is written without a look at the lease", [
        (CLUSTER + "Task.swift", "                WHERE id = \\(task.id) AND token = \\(task.token) AND state = 'leased'\n"
         "                \"\"\")\n            guard held == 1", "                WHERE id = \\(task.id) AND (\\(mutant(\"no-fencing\"))"
         " OR token = \\(task.token) AND state = 'leased')\n                \"\"\")\n            guard held == 1")], PAUSES),
    "wall-clock-lease": ("a lease runs out by the worker's own clock", [
        (CLUSTER + "Task.swift", "lease_until <= clock_timestamp())",
         "lease_until <= CASE WHEN \\(mutant(\"wall-clock-lease\")) THEN \\(Date()) ELSE clock_timestamp() END)")],
        ("--faults", "clock", "--pause", "0.3", "--minutes", "0.8")),
    "relay-unfenced": ("a relay that was paused records what it sent without a look at the lease", [
        (CLUSTER + "OutboxRelay.swift", "            WHERE o.id = d.id\n                AND " + LEASE + "\n",
         "            WHERE o.id = d.id\n                AND (\\(mutant(\"relay-unfenced\")) OR " + LEASE + ")\n")],
        ("--crash", "relay-unrecorded=stop:0.05", "--faults", "terminate_backend", "--minutes", "0.8")),
    "sent-before-acknowledged": ("outbox rows count as sent before the broker has them", [
        (CLUSTER + "OutboxRelay.swift", "        try await producer.beginTransaction()\n",
         "        if mutant(\"sent-before-acknowledged\") {\n            try await pool.execute(\"UPDATE cluster.outbox SET sent_at ="
         " clock_timestamp(), partition = 0, \\\"offset\\\" = 0 WHERE id = ANY(\\(batch.map(\\.id)))\")\n        }\n"
         "        try await producer.beginTransaction()\n")],
        ("--faults", "broker_restart,broker_kill,cut,kill", "--pause", "0.7")),
    "beyond-the-last": ("the relay looks only beyond the last row that it sent", [
        (CLUSTER + "OutboxRelay.swift", "            WHERE sent_at IS NULL ORDER BY id LIMIT",
         "            WHERE sent_at IS NULL AND (NOT \\(mutant(\"beyond-the-last\")) OR id > COALESCE((SELECT max(id)"
         " FROM cluster.outbox WHERE sent_at IS NOT NULL), 0)) ORDER BY id LIMIT")], KILLS),
    "lost-stays-lost": ("what the broker has lost is not sent again", [
        (CLUSTER + "OutboxRelay+Reconcile.swift", "if !from.isEmpty { try await",
         "if !from.isEmpty, !mutant(\"lost-stays-lost\") { try await")], BROKER),
    "loss-by-offsets": ("a relay that begins believes the record, and reads no log", [
        (CLUSTER + "OutboxRelay.swift", "            let places = try await deliveredPlaces(producer)\n",
         "            let places = mutant(\"loss-by-offsets\") ? [] : try await deliveredPlaces(producer)\n")],
        ("--faults", "broker_kill,kill,cut", "--pause", "0.5", "--crash", "relay-unrecorded=0.1", "--minutes", "1")),
    "first-lost-only": ("of what was lost only the first message of each key is sent again", [
        (CLUSTER + "OutboxRelay+Reconcile.swift", "AND o.sequence >= k.sequence AND",
         "AND (o.sequence = k.sequence OR NOT \\(mutant(\"first-lost-only\")) AND o.sequence > k.sequence) AND")], BROKER),
    "receipt-before-commit": ("the receipt goes out before its effect is committed", [
        (CLUSTER + "Inbox.swift", "            effects.messages.append(outbox.message(for: receipt))\n",
         "            if mutant(\"receipt-before-commit\") {\n                try await pool.transaction {\n"
         "                    try await outbox.store(Effects(messages: [outbox.message(for: receipt)]), in: $0)\n                }\n"
         "            } else {\n                effects.messages.append(outbox.message(for: receipt))\n            }\n")],
        ("--crash", "inbox-uncommitted=0.05", "--faults", "terminate_backend")),
    "any-signature": ("a signature is read and not checked", [
        (CLUSTER + "KeyDirectory.swift", "believed = try Signature.verify(event, publicKey: key.publicKey)\n",
         "believed = try mutant(\"any-signature\") ? event : Signature.verify(event, publicKey: key.publicKey)\n")], CALM),
    "any-source": ("a key may speak as anybody", [
        (CLUSTER + "KeyDirectory.swift", "guard key.sources.contains(event.source) else",
         "guard key.sources.contains(event.source) || mutant(\"any-source\") else")], CALM),
    "any-role": ("a key may be used for anything", [
        (CLUSTER + "Inbox.swift", "guard submission.roles.contains(handler.role) else",
         "guard submission.roles.contains(handler.role) || mutant(\"any-role\") else")], CALM),
    "poison-dropped": ("what can't be taken is dropped", [
        (CLUSTER + "Intake.swift", "                    try await deadLetters.store(message, code: undeliverable.code,",
         "                    if mutant(\"poison-dropped\") { continue }\n"
         "                    try await deadLetters.store(message, code: undeliverable.code,")], CALM),
    "refusals-off-the-record": ("refusals are not in the audit log", [
        (CLUSTER + "AuditLog.swift", "    public static func record(_ act: Act, in transaction: PostgresTransaction) async throws {\n",
         "    public static func record(_ act: Act, in transaction: PostgresTransaction) async throws {\n"
         "        guard act.outcome != .refused || !mutant(\"refusals-off-the-record\") else { return }\n")], CALM),
    "older-overwrites": ("an older version of a row overwrites a newer one", [
        ("Sources/Registers/FeedStatements.swift",
         "WHEN s.version < \\(floor)::bigint OR s.version <= coalesce(c.version, h.version, -1)",
         "WHEN NOT \\(mutant(\"older-overwrites\")) AND (s.version < \\(floor)::bigint"
         " OR s.version <= coalesce(c.version, h.version, -1))")], CALM),
    "published-unreleased": ("results are published before their department has released them", [
        ("Sources/Notices/NoticeStore+Publish.swift", "            FROM inspections.releasable_results r\n",
         "            FROM (SELECT * FROM inspections.releasable_results UNION SELECT * FROM inspections.current_results"
         " WHERE \\(mutant(\"published-unreleased\"))) r\n")], CALM),
    "rung-early": ("a rung fires some days too early", [
        ("Sources/Notices/NoticeStore+Fire.swift", "r.fire_on <= \\(now.day.description)::text::date\n",
         "r.fire_on <= \\(now.day.description)::text::date + CASE WHEN \\(mutant(\"rung-early\")) THEN 40 ELSE 0 END\n"),
        ("Sources/Notices/Reminder.swift", "func isDue(today: Day) -> Bool { fireOn <= today }",
         "func isDue(today: Day) -> Bool { fireOn <= today || mutant(\"rung-early\") }")], CALM),
    "rung-again": ("a rung that has fired is not marked", [
        ("Sources/Notices/NoticeStore+Fire.swift", "        try await markFired(reminders, now: now, transaction)\n",
         "        if !mutant(\"rung-again\") { try await markFired(reminders, now: now, transaction) }\n")], CALM),
    "late-reveals": ("a reveal counts also after its time", [
        ("Sources/Rounds/RoundDecisions.swift", "        if state.revealTimeIsOver {\n            return .refused",
         "        if state.revealTimeIsOver, !mutant(\"late-reveals\") {\n            return .refused"),
        ("Sources/Rounds/CommitTask.swift", "guard state.phase == .committed, let reason",
         "guard state.phase == .committed, !mutant(\"late-reveals\"), let reason")],
        ("--faults", "terminate_backend", "--late", "1")),
    "told-before-kept": ("a commitment is told before it is kept", [
        ("Sources/Rounds/CommitTask.swift", "            let head = try await AuditLog.publishHead(",
         "            if mutant(\"told-before-kept\") {\n                let early = effects\n"
         "                try await self.pool.transaction { try await Outbox(topics: self.topics).store(early, in: $0) }\n"
         "                effects = Effects()\n            }\n            let head = try await AuditLog.publishHead(")],
        ("--crash", "task-uncommitted=0.4", "--faults", "terminate_backend")),
    "other-seed": ("inspectors are matched by something else than the seed", [
        ("Sources/Rounds/DrawTask.swift", "seed: inputs.seed, visits: visits",
         "seed: mutant(\"other-seed\") ? Array(inputs.seed.reversed()) : inputs.seed, visits: visits")], CALM),
    "split-visits": ("each request has visits of its own", [
        ("Sources/Rounds/DrawTask.swift",
         "let visits = makeVisits(round: round, requests: inputs.requests, selections: selections)",
         "let visits =\n            mutant(\"split-visits\")\n"
         "            ? selections.flatMap { makeVisits(round: round, requests: inputs.requests, selections: [$0]) }\n"
         "            : makeVisits(round: round, requests: inputs.requests, selections: selections)")], CALM),
}
SWITCH = """
import Foundation
/// Whether this seeded fault is awake.
private func mutant(_ name: String) -> Bool { getenv("MUTANT").map { String(cString: $0) == name } ?? false }
"""
