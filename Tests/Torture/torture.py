"""Drives a whole county through the private servers while it breaks things, then checks what it was promised.

  torture --yaohao BINARY --folder DIR [--seed N] [--seeds COUNT] [--minutes M] [--faults NAME,…]

scripts/torture calls it. It knows the product by its documents only: it writes, signs and sends the messages itself, starts
the real processes, and judges by receipts, topics and tables. The same seed makes the same choices; when they fall is up to
the machine. Exit status 0 when every invariant held, 1 when one was broken, 2 for wrong usage, 3 when the servers fail.
"""
import argparse
import base64
import collections
import faulthandler
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
import county
import faults
import feeds
import invariants
import monitor
import postoffice
import processes
import proxy
import psycopg
import scenario

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
PREFIX, PARTITIONS = "yaohao.", processes.PARTITIONS
# Short, so that a worker that is gone or paused is missed after seconds.
LEASE_MS, SESSION_SECONDS, PACE_MS = 4000, 6, 200
TITLES = {1: "a receipt's effect, exactly once", 2: "in = accepted + rejected + dead letters + pending; pending reaches 0",
          3: "one result a draw, reproduced; commitment before reveals", 4: "one merge, nobody twice",
          5: "published = accepted and due, each once, same bytes", 6: "order per key; older never overwrites newer",
          7: "a paused worker that comes back changes nothing", 8: "each rung once, never early",
          9: "forged messages have no effect and are on record", 10: "the audit chain is whole"}


class Database:
    """Queries of the torture itself, past every proxy; each on its own connection, tried again while the server is away."""

    def __init__(self, conninfo):
        self.conninfo, self.local = conninfo, threading.local()

    def __call__(self, sql, parameters=None):
        end = time.monotonic() + 40
        while True:
            try:
                connection = getattr(self.local, "connection", None)
                if connection is None or connection.closed:
                    connection = self.local.connection = psycopg.connect(
                        self.conninfo, autocommit=True, connect_timeout=5, application_name="torture")
                cursor = connection.execute(sql, parameters)
                return cursor.fetchall() if cursor.description else []
            except psycopg.OperationalError:
                self.local.connection = None
                if time.monotonic() > end:
                    raise
                time.sleep(0.3)


class Torture:
    def __init__(self, options):
        self.options = options
        self.dice = random.Random(options.seed)
        self.counts, self.lock = collections.Counter(), threading.Lock()
        self.folder = os.path.abspath(options.folder)
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        self.stack = faults.Stack(ROOT, os.environ.get("YAOHAO_STACK_DIR") or os.path.join(self.folder, "stack"))
        self.supervisor = None

    def count(self, what, number=1):
        with self.lock:
            self.counts[what] += number

    def say(self, text):
        print(f"torture: {time.monotonic() - self.begin:6.1f}s {text}", file=sys.stderr, flush=True)

    def yaohao(self, *arguments):
        done = subprocess.run([self.options.yaohao, *arguments], env=self.direct, text=True, capture_output=True, check=False)
        if done.returncode != 0:
            raise OSError(f"yaohao {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def set_up(self):
        self.begin = time.monotonic()
        self.say(f"seed {self.options.seed}: private servers")
        self.stack.begin()
        self.direct = {**self.stack.environment, **self.stack.settings, "YAOHAO_PARTITIONS": str(PARTITIONS)}
        self.yaohao("migrate")
        self.database = Database(self.stack.conninfo)
        monitor.install(self.database)
        self.postgres = proxy.Proxy(self.stack.socket, random.Random(self.dice.random()))
        self.broker = proxy.Proxy(self.stack.kafka_port, random.Random(self.dice.random()), rewrite=True)
        environment = {
            **self.direct, "YAOHAO_POSTGRES": f"host=127.0.0.1 port={self.postgres.port} user=yaohao dbname=yaohao "
            "sslmode=disable gssencmode=disable connect_timeout=5", "YAOHAO_KAFKA": f"127.0.0.1:{self.broker.port}",
            "YAOHAO_LEASE_MS": str(LEASE_MS), "YAOHAO_TASK_PACE_MS": str(PACE_MS),
            "YAOHAO_KAFKA_SESSION_TIMEOUT_MS": str(SESSION_SECONDS * 1000), "YAOHAO_KAFKA_HEARTBEAT_INTERVAL_MS": "1000"}
        if os.environ.get("MUTANT"):  # the processes only: the checks use the program as it should be
            environment["MUTANT"] = os.environ["MUTANT"]
        if self.options.crash:
            environment["YAOHAO_FAULTS"] = "development " + self.options.crash
        self.world = county.County(random.Random(self.dice.random()))
        for key in self.world.keys.values():
            self.yaohao("keys", "register", "--department", key.department, "--roles", ",".join(sorted(key.roles)),
                        *[word for source in key.sources for word in ("--source", source)],
                        "--public-key", base64.b64encode(key.public).decode())
        self.supervisor = processes.Supervisor(self.options.yaohao, environment, self.folder, self.count, SESSION_SECONDS)
        self.supervisor.start()
        self.office = postoffice.PostOffice(self.stack.settings["YAOHAO_KAFKA"], PREFIX, random.Random(self.dice.random()),
                                            self.count, noise=(0.10, 0.10, 0.01 * self.options.noise))
        self.office.is_kept = self.is_kept
        self.office.start()
        self.feeder = feeds.Feeder(self.office, self.world.keys["SCJG"], PARTITIONS)
        self.scenario = scenario.Scenario(self.office, self.world, self.feeder, self.database,
                                          random.Random(self.dice.random()), self.count, self.options.late, self.options.reveal)
        if not self.supervisor.settle(120):
            raise OSError("the private broker let not every process in within 120 s")
        self.say("processes have their partitions; registers")
        self.scenario.found()

    def is_kept(self, source, identifier):
        """Whether the inbox has a submission at this moment, as it must when its receipt is read."""
        try:
            with psycopg.connect(self.stack.conninfo, autocommit=True, connect_timeout=1) as connection:
                return connection.execute("SELECT FROM cluster.inbox WHERE source = %s AND id = %s",
                                          (source, identifier)).rowcount == 1
        except psycopg.Error:
            return None

    def break_things(self):
        self.say(f"faults for {self.options.minutes} minutes")
        only = None if self.options.faults is None else set(self.options.faults.split(","))
        self.faults = faults.Faults(self.supervisor, self.stack, self.database, (self.postgres, self.broker),
                                    random.Random(self.dice.random()), self.count, only)
        self.scenario.start(2)
        self.faults.run(time.monotonic() + self.options.minutes * 60, self.options.pause)
        self.supervisor.heal()

    def pending(self):
        """What is under way, by the outside: submissions without receipt, unsent rows, due tasks, unpublished results."""
        unsent, tasks, unpublished = self.database("""
            SELECT (SELECT count(*) FROM cluster.outbox WHERE sent_at IS NULL),
                (SELECT count(*) FROM cluster.tasks WHERE state IN ('ready', 'leased') AND run_at < clock_timestamp()),
                (SELECT count(*) FROM inspections.reviews r WHERE decision = 'approved' AND NOT EXISTS (
                    SELECT FROM open.publications p WHERE (p.visit, p.department, p.version) = (r.visit, r.department, r.version)))
            """)[0]
        return {"receipts": len(self.office.pending), "outbox": unsent, "tasks": tasks, "publications": unpublished}

    def calm_down(self):
        """After the last fault: what was under way then must be done within a minute; then what was begun ends."""
        last_fault = time.monotonic()
        waiting = [s for s in self.office.all.values() if s.receipt is None]
        rows = [row[0] for row in self.database("SELECT id FROM cluster.outbox WHERE sent_at IS NULL")]
        tasks = [row[0] for row in self.database("SELECT id FROM cluster.tasks WHERE state IN ('ready', 'leased')"
                                                 " AND run_at < clock_timestamp()")]
        self.say(f"faults over; under way: {len(waiting)} submissions, {len(rows)} outbox rows, {len(tasks)} tasks")
        with self.office.lock:
            for submission in waiting:
                submission.due = 0
        left = (1, 1, 1)
        while any(left) and time.monotonic() < last_fault + min(120, self.options.give_up):
            time.sleep(0.2)
            left = (sum(s.receipt is None for s in waiting),
                    self.database("SELECT count(*) FROM cluster.outbox WHERE sent_at IS NULL AND id = ANY (%s)", (rows,))[0][0],
                    self.database("SELECT count(*) FROM cluster.tasks WHERE state IN ('ready', 'leased') AND id = ANY (%s)",
                                  (tasks,))[0][0])
        self.recovery = time.monotonic() - last_fault
        self.say(f"all of that done {self.recovery:.1f} s after the last fault" if not any(left) else f"NOT done: {left}")
        self.left = left
        self.ended = self.scenario.join(self.options.give_up)
        self.say("what was begun has come to its end" if self.ended else "NOT everything that was begun came to its end")
        if not self.ended:
            faulthandler.dump_traceback(all_threads=True)
            for row in self.database("SELECT id, state, closed_at, reveal_by, committed_at, seeded_at, drawn_at FROM rounds.rounds"):
                self.say(str([str(value) for value in row]))
        end = time.monotonic() + min(60, self.options.give_up / 2)
        while any(self.pending().values()) and time.monotonic() < end:
            time.sleep(0.3)
        self.office.stop()
        self.supervisor.stop()

    def check(self):
        self.say("checking")
        checks = self.checks = invariants.Checks(self.database)
        checks.hold(2, not any(self.left), "not done 120 s after the last fault (receipts, outbox, tasks)", self.left)
        checks.hold(2, self.recovery <= 60, "pending reached 0 later than 60 s after the last fault", f"{self.recovery:.1f} s")
        checks.hold(2, self.ended, "a cycle of the county hangs", self.scenario.failures)
        checks.hold(2, not self.scenario.failures, "the county's program failed", self.scenario.failures)
        checks.hold(2, not self.supervisor.unexpected, "a process ended as it should not", self.supervisor.unexpected)
        for refusal in self.scenario.refused:
            checks.hold(1, False, "refused, though nothing was wrong with it", refusal)
        for what, receipt in self.scenario.wrongly_accepted:
            checks.hold(9, False, f"accepted: {what}", receipt)
        names = ("receipts", "events", "publications", "notices", "dead-letters", "plan-submissions", "draw-requests",
                 "result-submissions", "register-submissions")
        topics = invariants.read_topics(self.stack.settings["YAOHAO_KAFKA"], PREFIX, names)
        checks.effects(self.office)
        checks.nothing_pending(self.office)
        checks.draws(self.options.yaohao, self.direct, os.path.join(ROOT, "scripts", "verify-draw"), self.folder, self.scenario)
        checks.visits()
        checks.publications(topics)
        checks.order(topics, self.faults.broker_lost)
        checks.commitments(topics)
        checks.registers(self.feeder, self.scenario.feeder_of_clerks)
        monitor.check(checks)
        checks.rungs()
        checks.forgeries(self.office, topics)
        checks.audit(self.options.yaohao, self.direct)

    def report(self):
        findings = {number: texts for number, texts in sorted(self.checks.findings.items()) if texts}
        summary = {"seed": self.options.seed, "minutes": self.options.minutes, "counts": dict(sorted(self.counts.items())),
                   "submissions": len(self.office.all), "recovery_seconds": round(self.recovery, 1),
                   "checks": dict(sorted(self.checks.looked_at.items())), "findings": findings,
                   "fault_failures": self.faults.failures[:10]}
        with open(os.path.join(self.folder, "report.json"), "w", encoding="utf-8") as file:
            json.dump(summary, file, ensure_ascii=False, indent=1)
        print(f"\nseed {self.options.seed}: {len(self.office.all)} submissions")
        for name, number in sorted(self.counts.items()):
            print(f"  {number:6d}  {name}")
        for number, title in TITLES.items():
            broken = findings.get(number, [])
            print(f" {'✗' if broken else '✓'} {number:2d}. {title}: {self.checks.looked_at[number]} checks, {len(broken)} broken")
            for text, times in collections.Counter(text.split(": ")[0] for text in broken).items():
                print(f"      {times} × {next(t for t in broken if t.startswith(text))[:500]}")
        return (1 if findings else 0), summary


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--yaohao", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=1, help="so many seeds one after another, from --seed on")
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--pause", type=float, default=2.0, help="seconds between two faults to processes, on average")
    parser.add_argument("--faults", help="only these: " + ",".join(faults.Faults.WEIGHTS))
    parser.add_argument("--crash", default="", help="crash points with their chances, POINT=CHANCE …; see docs/reliability.md")
    parser.add_argument("--late", type=float, default=0.15, help="share of rounds with a reveal that is withheld")
    parser.add_argument("--reveal", type=int, default=15, help="seconds that witnesses have to reveal")
    parser.add_argument("--noise", type=float, default=1, help="how many times as many forged messages")
    parser.add_argument("--give-up", type=float, default=300, help="seconds that what was begun has to come to its end")
    parser.add_argument("--folder", required=True)
    options = parser.parse_args()
    unknown = set((options.faults or "kill").split(",")) - set(faults.Faults.WEIGHTS)
    if unknown:
        parser.error(f"--faults: {', '.join(sorted(unknown))}: no such fault; use {', '.join(faults.Faults.WEIGHTS)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    status, summaries = 0, []
    for _ in range(options.seeds):
        one, summary = run(options)
        status = max(status, one)
        if summary:
            summaries.append(summary)
        options.seed += 1
    if options.seeds > 1:
        total(options, summaries)
    return status


def run(options):
    """One seed: the exit status, and the report's summary if it came to one."""
    torture = Torture(options)
    try:
        torture.set_up()
        torture.break_things()
        torture.calm_down()
        torture.check()
        return torture.report()
    except OSError as error:
        print(f"torture: {error}", file=sys.stderr)
        return 3, None
    finally:
        if torture.supervisor:
            for child in torture.supervisor.children.values():
                torture.supervisor.running = False
                if child.process and child.process.poll() is None:
                    child.process.kill()
        torture.stack.end()


def total(options, summaries):
    """What all seeds came to, also in total.json beside the folder of the last."""
    counts, checks = collections.Counter(), collections.Counter()
    for summary in summaries:
        counts.update(summary["counts"])
        checks.update(summary["checks"])
    broken = {str(summary["seed"]): summary["findings"] for summary in summaries if summary["findings"]}
    whole = {"seeds": [summary["seed"] for summary in summaries], "minutes": options.minutes, "counts": dict(sorted(counts.items())),
             "submissions": sum(summary["submissions"] for summary in summaries),
             "recovery_seconds": max((summary["recovery_seconds"] for summary in summaries), default=None),
             "checks": dict(sorted(checks.items())), "findings": broken}
    with open(options.folder.rstrip("/") + "-total.json", "w", encoding="utf-8") as file:
        json.dump(whole, file, ensure_ascii=False, indent=1)
    print(f"\n{len(summaries)} of {options.seeds} seeds: {whole['submissions']} submissions, {sum(checks.values())} checks,"
          f" {sum(len(texts) for findings in broken.values() for texts in findings.values())} broken")
    for name, number in sorted(counts.items()):
        print(f"  {number:6d}  {name}")
    for seed, findings in broken.items():
        for number, texts in findings.items():
            for text in texts[:5]:
                print(f" ✗ seed {seed}, {number}: {text[:500]}")


if __name__ == "__main__":
    sys.exit(main())
