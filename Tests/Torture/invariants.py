"""Checks from the outside: what producers were told, against what topics and tables hold."""
import collections
import json
import subprocess

import confluent_kafka
import wire

# The effect of each accepted submission: a query that gives 1 for it, by source, id, subject and body.
EFFECTS = {
    "rounds.round-opened": "SELECT count(*) FROM rounds.rounds WHERE id = %(subject)s",
    "rounds.witness-committed": "SELECT count(*) FROM rounds.witnesses WHERE round = %(subject)s AND source = %(source)s"
                                " AND commitment = %(data)s::jsonb ->> 'commitment'",
    "rounds.nonce-revealed": "SELECT count(*) FROM rounds.witnesses WHERE round = %(subject)s AND source = %(source)s"
                             " AND nonce = %(data)s::jsonb ->> 'nonce'",
    "rounds.draw-requested": "SELECT count(*) FROM rounds.requests WHERE round = %(subject)s"
                             " AND id = %(data)s::jsonb -> 'request' ->> 'id' AND body::jsonb = %(data)s::jsonb -> 'request'",
    "rounds.round-closed": "SELECT count(*) FROM rounds.rounds WHERE id = %(subject)s AND closed_at IS NOT NULL",
    # Where a reveal is missing it makes the round void instead.
    "rounds.public-value-stated": "SELECT (EXISTS (SELECT FROM rounds.public_statements WHERE round = %(subject)s"
                                  " AND witness = %(source)s AND value = %(data)s::jsonb ->> 'value')"
                                  " OR EXISTS (SELECT FROM rounds.rounds WHERE id = %(subject)s AND state = 'void'))::int",
    "registers.rule-set": "SELECT count(*) FROM registers.rules WHERE source = %(source)s AND submission = %(id)s",
    "registers.absence-reported": "SELECT count(*) FROM registers.statements WHERE source = %(source)s AND submission = %(id)s"
                                  " AND body = %(data)s::jsonb",
    "inspections.result-recorded": "SELECT count(*) FROM inspections.results WHERE source = %(source)s AND submission = %(id)s"
                                   " AND visit = %(subject)s",
    "inspections.result-reviewed": "SELECT count(*) FROM inspections.reviews WHERE source = %(source)s AND submission = %(id)s"
                                   " AND visit = %(subject)s",
    "plans": "SELECT count(*) FROM plans.steps WHERE source = %(source)s AND submission = %(id)s",
    # Approving a scheme is no step of the plan's life.
    "plans.scheme-approved": "SELECT count(*) FROM plans.schemes WHERE plan = %(subject)s AND line = %(data)s::jsonb ->> 'line'",
}
# What a refused submission must not have left behind, by source and id.
TRACES = ("registers.rules", "registers.statements", "inspections.results", "inspections.reviews", "plans.steps")


class Checks:
    """Findings by the number of the invariant in docs/reliability.md."""

    def __init__(self, database):
        self.database = database
        self.findings = collections.defaultdict(list)
        self.looked_at = collections.Counter()

    def hold(self, number, holds, what, detail=""):
        self.looked_at[number] += 1
        if not holds:
            self.findings[number].append(f"{what}{': ' + str(detail)[:600] if detail != '' else ''}")
        return holds

    def none(self, number, what, sql, parameters=()):
        """Holds when the query gives no row."""
        rows = self.database(sql, parameters)
        self.hold(number, not rows, what, rows[:3])

    # ---- 1
    def effects(self, office):
        for submission in office.all.values():
            event, receipt = submission.event, submission.receipt
            if not self.hold(1, receipt is not None, "no receipt in the end", submission.id):
                continue
            kind = event["type"].removeprefix("cn.yaohao.").removesuffix(".v1")
            query = EFFECTS.get(kind) or EFFECTS.get(kind.split(".")[0])
            names = {"source": event["source"], "id": event["id"], "subject": event["subject"], "data": event["data"].decode()}
            stored = self.database("SELECT digest, receipt FROM cluster.inbox WHERE source = %(source)s AND id = %(id)s", names)
            if not self.hold(1, len(stored) == 1, "a receipt without its row in the inbox", submission.id):
                continue
            self.hold(1, bytes(stored[0][0]) == wire.body_digest(event), "the inbox has another body", submission.id)
            self.hold(1, stored[0][1] == receipt, "the receipt that was sent is not the stored one", submission.id)
            if receipt["status"] == "accepted":
                found = self.database(query, names)[0][0]
                self.hold(1, found == 1, f"accepted {kind}, but its effect is there {found} times", submission.id)
            else:
                for table in TRACES:
                    found = self.database(f"SELECT count(*) FROM {table} WHERE source = %(source)s AND submission = %(id)s",
                                          names)[0][0]
                    self.hold(1, found == 0, f"refused, and yet in {table}", submission.id)
        for early in office.premature:
            self.hold(1, False, "a receipt was told before its effect was kept", early)
        for told, other in office.conflicts:
            self.hold(1, False, "two different receipts for one submission", (told, other))
        known = {f"{source} {identifier}" for source, identifier in office.all}
        strangers = [row[0] for row in self.database("SELECT source || ' ' || id FROM cluster.inbox")]
        for stranger in strangers:
            self.hold(9, stranger in known, "the inbox has something that nobody entitled said", stranger)
        duplicates = self.database("SELECT source, submission, count(*) FROM inspections.results GROUP BY 1, 2 HAVING count(*) > 1")
        self.hold(1, not duplicates, "one submission, two results", duplicates)

    # ---- 2
    def nothing_pending(self, office):
        self.hold(2, not office.pending, "submissions without a receipt",
                  [(s.event["type"], s.attempts) for s in office.pending.values()][:5])
        self.none(2, "outbox rows not sent", "SELECT topic, count(*) FROM cluster.outbox WHERE sent_at IS NULL GROUP BY 1")
        self.none(2, "tasks that are neither done nor to come", "SELECT kind, state, failure, count(*) FROM cluster.tasks"
                  " WHERE state NOT IN ('done', 'cancelled') AND run_at < clock_timestamp() GROUP BY 1, 2, 3")
        self.none(2, "inbox rows without a receipt", "SELECT source, id FROM cluster.inbox WHERE receipt IS NULL")
        counted = self.database("SELECT count(*) FILTER (WHERE receipt ->> 'status' = 'accepted'),"
                                " count(*) FILTER (WHERE receipt ->> 'status' = 'rejected'), count(*) FROM cluster.inbox")[0]
        told = collections.Counter(s.receipt["status"] for s in office.all.values() if s.receipt)
        self.hold(2, counted == (told["accepted"], told["rejected"], len(office.all)),
                  "in = accepted + rejected + pending does not add up", (counted, dict(told), len(office.all)))

    # ---- 3
    def draws(self, binary, environment, verifier, folder, scenario):
        drawn = self.database("SELECT id, commitment, result_digest FROM rounds.rounds WHERE state IN ('drawn', 'closed')")
        for round_id, commitment, digest in drawn:
            seen = scenario.commitments.get(round_id)
            self.hold(3, seen == commitment, "the commitment is not the one that the witnesses saw", (round_id, seen, commitment))
            bundle = f"{folder}/bundle-{round_id}"
            done = subprocess.run([binary, "round", "export", round_id, "--out", bundle], env=environment, capture_output=True,
                                  text=True, check=False)
            if not self.hold(3, done.returncode == 0, f"round export {round_id}", done.stderr):
                continue
            for command in ([binary, "verify", bundle], ["/usr/bin/python3", verifier, bundle]):
                done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
                self.hold(3, done.returncode == 0, f"{command[0].rsplit('/', 1)[-1]}: {round_id} is not reproduced", done.stderr)
        self.none(3, "a reveal that was accepted before its commitment was kept",
                  "SELECT r.id, w.source FROM rounds.witnesses w JOIN rounds.rounds r ON r.id = w.round"
                  " WHERE w.revealed_at < r.committed_at OR w.revealed_at >= r.reveal_by")
        self.none(3, "a draw without all reveals", "SELECT r.id FROM rounds.rounds r JOIN rounds.witnesses w ON w.round = r.id"
                  " WHERE r.seed IS NOT NULL AND (w.nonce IS NULL OR w.named_commitment <> r.commitment)")
        self.none(3, "the chain of commitments has a gap", "SELECT sequence FROM (SELECT sequence, row_number()"
                  " OVER (PARTITION BY county ORDER BY sequence) AS place FROM rounds.rounds WHERE sequence IS NOT NULL) AS c"
                  " WHERE sequence <> place")
        self.none(3, "a round drawn twice: two events of its result", "SELECT headers ->> 'ce_subject', count(*) FROM"
                  " cluster.outbox WHERE headers ->> 'ce_type' = 'cn.yaohao.rounds.round-drawn.v1' GROUP BY 1 HAVING count(*) > 1")
        self.none(3, "two events of one commitment", "SELECT headers ->> 'ce_subject', count(*) FROM cluster.outbox"
                  " WHERE headers ->> 'ce_type' = 'cn.yaohao.rounds.round-committed.v1' GROUP BY 1 HAVING count(*) > 1")

    def commitments(self, topics):
        """Every commitment that was ever told is the one that is kept."""
        kept = dict(self.database("SELECT id, commitment FROM rounds.rounds"))
        for message in topics["events"]:
            if message.headers.get("ce_type") == "cn.yaohao.rounds.round-committed.v1":
                said = json.loads(message.value)
                self.hold(3, kept.get(said["round"]) == said["commitment"], "a commitment was told that is not kept", said)

    # ---- 4
    def visits(self):
        self.none(4, "one entity, two visits of one method in a round", "SELECT round, entity, method FROM rounds.visits v"
                  " WHERE EXISTS (SELECT FROM rounds.requests r WHERE r.round = v.round AND r.id = ANY (v.requests)"
                  " AND (r.body::jsonb ->> 'joint')::boolean)"
                  " GROUP BY 1, 2, 3 HAVING count(*) > 1")
        self.none(4, "somebody twice in a visit", "SELECT round, visit, i FROM rounds.teams, unnest(inspectors) AS i"
                  " GROUP BY 1, 2, 3 HAVING count(*) > 1")
        self.none(4, "a visit whose departments are not its teams'", "SELECT v.id FROM rounds.visits v WHERE v.departments <>"
                  " ARRAY(SELECT t.department FROM rounds.teams t WHERE t.round = v.round AND t.visit = v.id"
                  ' ORDER BY t.department COLLATE "C")')
        self.none(4, "drawn and in no visit", "SELECT s.round, s.request, e FROM rounds.selections s, unnest(s.entities) AS e"
                  " WHERE NOT EXISTS (SELECT FROM rounds.visits v WHERE v.round = s.round AND v.entity = e"
                  " AND s.request = ANY (v.requests))")

    # ---- 5
    def publications(self, topics):
        self.none(5, "released and not published", "SELECT r.visit, r.department FROM inspections.reviews r"
                  " WHERE decision = 'approved' AND NOT EXISTS (SELECT FROM open.publications p"
                  " WHERE p.visit = r.visit AND p.department = r.department AND p.version = r.version)")
        self.none(5, "published and not released", "SELECT p.id FROM open.publications p WHERE NOT EXISTS (SELECT FROM"
                  " inspections.reviews r WHERE r.decision = 'approved' AND p.visit = r.visit AND p.department = r.department"
                  " AND p.version = r.version)")
        stored = {row[0]: row[1] for row in self.database("SELECT id, body FROM open.publications")}
        sent = collections.defaultdict(set)
        for message in topics["publications"]:
            sent[json.loads(message.value)["id"]].add(message.value)
        for identifier in stored:
            self.hold(5, identifier in sent, "published and never sent", identifier)
        for identifier, bodies in sent.items():
            self.hold(5, identifier in stored, "sent and not in the table", identifier)
            self.hold(5, len(bodies) == 1, "one publication, sent with different bytes", identifier)
        twice = self.database("SELECT body ->> 'id', count(*) FROM (SELECT convert_from(body, 'UTF8')::jsonb AS body FROM"
                              " cluster.outbox WHERE headers ->> 'ce_type' = 'cn.yaohao.notices.result-published.v1') AS o"
                              " GROUP BY 1 HAVING count(*) > 1")
        self.hold(5, not twice, "one publication, two rows in the outbox", twice)

    # ---- 6
    def order(self, topics, broker_lost):
        """Of each key: every sequence is there, repeats carry the same bytes, the last one is the newest."""
        for name, messages in topics.items():
            if name.startswith("feed.") or name.endswith("submissions") or name == "draw-requests":
                continue
            keys = collections.defaultdict(list)
            for message in messages:
                if message.headers.get("ce_source") == "yaohao":
                    keys[message.key].append(message)
            wanted = {row[0]: row[1] for row in self.database("SELECT key, sequence FROM cluster.outbox_keys WHERE topic LIKE %s",
                                                              ("%." + name,))}
            for key, last in wanted.items():
                had, first_seen = {}, []
                for message in keys.get(key.encode(), []):
                    sequence = int(message.headers["ce_sequence"])
                    if sequence not in had:
                        first_seen.append(sequence)
                        had[sequence] = message
                    else:
                        same = (message.value, message.headers["ce_id"]) == (had[sequence].value, had[sequence].headers["ce_id"])
                        self.hold(6, same, f"{name}: a repeat with other bytes", (key, sequence))
                self.hold(6, set(had) == set(range(1, last + 1)), f"{name}: sequences of a key are missing",
                          (key, sorted(set(range(1, last + 1)) - set(had))[:5], last))
                if keys.get(key.encode()):
                    final = int(keys[key.encode()][-1].headers["ce_sequence"])
                    self.hold(6, final == last, f"{name}: the last message of a key is not its newest",
                              (key, final, last, [(message.partition, message.offset, int(message.headers["ce_sequence"]),
                                                   message.time) for message in keys[key.encode()][-9:]]))
                if not broker_lost:
                    self.hold(6, first_seen == sorted(first_seen), f"{name}: out of order", (key, first_seen[:20]))

    def registers(self, feeder, clerks):
        """The register holds what was last fed, row by row."""
        model = {**feeder.model, "inspectors": {**feeder.model.get("inspectors", {}), **clerks.model.get("inspectors", {})}}
        for register, rows in model.items():
            columns = "name" if register != "inspectors" else "certificate"
            held = dict(self.database(f"SELECT id, {columns} FROM registers.{register} WHERE valid_to IS NULL"))
            self.hold(6, held == {identifier: row[columns] for identifier, row in rows.items()},
                      f"{register}: not what was last fed", [(k, held.get(k), r[columns]) for k, r in rows.items()
                                                            if held.get(k) != r[columns]][:3])
            self.none(6, f"{register}: two rows of an id at a time", f"SELECT a.id FROM registers.{register} a JOIN"
                      f" registers.{register} b ON a.id = b.id AND a.ctid <> b.ctid AND a.valid_from < coalesce(b.valid_to,"
                      " 'infinity') AND b.valid_from < coalesce(a.valid_to, 'infinity')")
        for identifier, receipt in {**feeder.reports, **clerks.reports}.items():
            details = receipt["details"]
            if receipt["status"] == "accepted":
                self.hold(1, details["read"] + details["absent"] == sum(details[name] for name in (
                    "inserted", "updated", "unchanged", "retired", "quarantined")), "a feed's report does not add up", receipt)
                found = self.database("SELECT count(*) FROM registers.feeds WHERE id = %s AND accepted", (identifier,))[0][0]
                self.hold(1, found == 1, f"an accepted feed is applied {found} times", identifier)

    # ---- 8
    def rungs(self):
        self.none(8, "a rung that fired early", "SELECT kind, subject, rung, fire_on, sent_at FROM notices.reminders"
                  " WHERE (sent_at AT TIME ZONE 'Asia/Shanghai')::date < fire_on")
        self.looked_at[8] += self.database("SELECT count(*) FROM notices.reminders")[0][0]
        self.none(8, "a rung that is due and has not fired", "SELECT r.kind, r.subject, r.rung, r.fire_on FROM notices.rungs r"
                  " JOIN notices.deadlines d USING (kind, subject) WHERE r.fired_at IS NULL AND d.met_at IS NULL"
                  " AND d.withdrawn_at IS NULL AND d.due_on IS NOT NULL AND d.made_at < clock_timestamp() - interval '30 s'"
                  " AND r.fire_on <= (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date")
        self.none(8, "a rung that fired twice", "SELECT kind, subject, rung, audience, recipient FROM notices.reminders"
                  " GROUP BY 1, 2, 3, 4, 5 HAVING count(*) > 1")

    # ---- 9
    def forgeries(self, office, topics):
        """Whatever the broker still has of them is on record; nobody sends a forgery again that the broker has lost."""
        there = {message.key.decode("utf-8", "replace") for name in topics for message in topics[name] if message.key}
        letters = collections.Counter(bytes(row[0]).decode("utf-8", "replace") for row in self.database(
            "SELECT key FROM cluster.dead_letters WHERE key IS NOT NULL"))
        for forgery in office.forgeries:
            if forgery.id in there:
                self.hold(9, letters[forgery.id] >= 1, f"{forgery.kind}: not on record", forgery)
            acts = self.database("SELECT count(*) FROM cluster.acts WHERE kind = 'submission' AND id = %s",
                                 (forgery.id.removeprefix("forged-"),))[0][0]
            self.hold(9, acts == 0, f"{forgery.kind}: has had an effect", forgery)

    # ---- 10
    def audit(self, binary, environment):
        done = subprocess.run([binary, "audit", "verify", "--json"], env=environment, capture_output=True, text=True, check=False)
        self.hold(10, done.returncode == 0, "audit verify", (done.stdout + done.stderr)[:600])


class Message:
    def __init__(self, message):
        self.key, self.value = message.key(), message.value()
        self.partition, self.offset, self.time = message.partition(), message.offset(), message.timestamp()[1] / 1000
        self.headers = {}
        for name, value in message.headers() or []:
            self.headers[name] = (value or b"").decode("utf-8", "replace")


def read_topics(servers, prefix, names):
    """Every message of each topic, in the order of its partition."""
    consumer = confluent_kafka.Consumer({
        "bootstrap.servers": servers, "group.id": prefix + "audit", "enable.auto.commit": False, "auto.offset.reset": "earliest",
        "isolation.level": "read_uncommitted", "receive.message.max.bytes": 1000000000, "log_level": 0,
        "enable.partition.eof": True})
    found = {}
    for name in names:
        topic = prefix + name
        partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
        consumer.assign([confluent_kafka.TopicPartition(topic, p, 0) for p in partitions])
        messages, ended = collections.defaultdict(list), set()
        while len(ended) < len(partitions):
            message = consumer.poll(10)
            if message is None:
                break
            if message.error():
                if message.error().code() == confluent_kafka.KafkaError._PARTITION_EOF:
                    ended.add(message.partition())
                continue
            messages[message.partition()].append(Message(message))
        found[name] = [message for partition in sorted(messages) for message in messages[partition]]
    consumer.close()
    return found
