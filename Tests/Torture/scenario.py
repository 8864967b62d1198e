"""What a county does while things break: plans, rounds, results, reviews, feeds and absences, over and over."""
import hashlib
import threading
import time

import county
from postoffice import Stop


class Scenario:
    """Runs cycles of a plan, a round, its results and their release, several at a time."""

    def __init__(self, office, world, feeder, database, dice, count, late, reveal_seconds):
        self.late, self.reveal_seconds = late, reveal_seconds
        self.office, self.world, self.feeder, self.database = office, world, feeder, database
        self.dice, self.count = dice, count
        self.rounds, self.refused, self.failures = {}, [], []
        self.commitments, self.finals, self.wrongly_accepted = {}, {}, []
        self.feeder_of_clerks = type(feeder)(office, feeder.key, feeder.partitions)
        self.threads, self.number = [], 0
        self.lock = threading.Lock()
        self.winding_down = False

    # ---- Before the faults
    def found(self):
        """Registers and rules, without which nothing can be said."""
        for register, rows in (("departments", self.world.departments), ("items", self.world.items),
                               ("entities", list(self.world.entities.values())), ("inspectors", self.world.inspectors)):
            receipt = self.feeder.feed(register, "snapshot", rows)
            report = receipt["details"]
            if report["inserted"] != len(rows):
                raise RuntimeError(f"{register}: {receipt}")
        for key, value in (("plan_rule_severities", {name: "warning" for name in county.SEVERITIES}),
                           ("quiet_hours", county.quiet_hour())):
            receipt = self.office.say(self.world.keys["office"], "registers.rule-set", key, {
                "key": key, "value": value, "basis": "虚构"})
            if receipt["status"] != "accepted":
                raise RuntimeError(receipt)

    # ---- The cycles
    def start(self, cycles):
        for worker in [self._cycles] * cycles + [self._feeds, self._clerks, self._absences, self._wrong]:
            thread = threading.Thread(target=self._guard, args=(worker,), daemon=True)
            self.threads.append(thread)
            thread.start()

    def join(self, seconds):
        """Lets what is begun come to its end; true when all did."""
        self.winding_down = True
        end = time.monotonic() + seconds
        for thread in self.threads:
            thread.join(max(0, end - time.monotonic()))
        return not any(thread.is_alive() for thread in self.threads)

    def _guard(self, worker):
        try:
            worker()
        except Stop:
            pass
        except Exception as error:  # pylint: disable=broad-except
            self.failures.append(f"{worker.__name__}: {type(error).__name__}: {error}")

    def _cycles(self):
        while not self.winding_down:
            with self.lock:
                self.number += 1
                number = self.number
            self.cycle(number)

    def accepted(self, receipts, what):
        """Whether all are accepted. A refusal is a true answer too, but none that this scenario asked for."""
        bad = [receipt for receipt in receipts if receipt["status"] != "accepted"]
        for receipt in bad:
            self.refused.append((what, receipt["type"], receipt["reasons"]))
        return not bad

    def cycle(self, number):
        keys, office = self.world.keys, self.office
        plans = [self.world.plan(f"P{number}-J", "SCJG", ["SCJG", "WJW", "XFDD"], 150000),
                 self.world.plan(f"P{number}-G", "GAJ", ["GAJ"], 100000)]
        for plan in plans:
            if not self.publish(plan):
                return
        round_id = f"R{number}"
        if not self.open(round_id, None):
            return
        nonces = {name: self.dice.randbytes(32).hex() for name in county.WITNESSES}
        said = [self.commit(round_id, name, nonces[name]) for name in county.WITNESSES]
        for plan in plans:
            rate = plan["lines"][0]["sample"]["rate_ppm"]
            for part in plan["lines"][0]["parts"]:
                department = part["department"]
                said.append(office.post(keys[department], "rounds.draw-requested", round_id,
                                        self.world.request(round_id, plan, department, rate)))
        if not self.accepted(office.wait(*said), "collecting"):
            return
        if not self.draw(round_id, nonces):
            return
        self.results(round_id)

    def publish(self, plan):
        """Drafted, checked, approved, reported, received, confirmed, published, its scheme approved."""
        keys, lead = self.world.keys, plan["department"]
        named = {"plan": plan["id"], "version": 1}
        steps = [(keys[lead], "plan-drafted", {"plan": plan})]
        steps += [(keys[lead + "-head"], step, named) for step in ("plan-checked", "plan-approved", "plan-reported")]
        steps.append((keys["office"], "plan-received", {**named, "outcome": "received"}))
        steps += [(keys[p + "-head"], "participation-confirmed", named) for p in plan.get("participants", [])]
        steps += [(keys[lead + "-head"], "plan-published", named),
                  (keys[lead + "-head"], "scheme-approved", {**named, "line": "1", "draw": 1})]
        return all(self.accepted([self.office.say(key, "plans." + step, plan["id"], data)], "plan")
                   for key, step, data in steps)

    def open(self, round_id, replaces):
        data = {"round": round_id, "county": county.COUNTY, "witnesses": [f"witness:{name}" for name in county.WITNESSES],
                "public": [{"source": county.PUBLIC_SOURCE + "-" + round_id, "description": "虚构的公共随机值", "pattern": "dddddddd"}]}
        if replaces:
            data["replaces"] = replaces
        return self.accepted([self.office.say(self.world.keys["SCJG"], "rounds.round-opened", round_id, data)], "open")

    def witness(self, name, what, round_id, data):
        return self.office.post(self.world.keys[name], what, round_id, {"round": round_id, **data}, f"witness:{name}")

    def commit(self, round_id, name, nonce):
        source = f"witness:{name}"
        commitment = hashlib.sha256(f"yaohao-witness-v1:{round_id}:{source}:{nonce}".encode()).hexdigest()
        return self.witness(name, "rounds.witness-committed", round_id, {"source": source, "commitment": commitment})

    def state(self, round_id):
        rows = self.database("SELECT state, commitment, reveal_by < clock_timestamp(), result_digest FROM open.rounds"
                             " WHERE id = %s", (round_id,))
        return rows[0] if rows else (None, None, None, None)

    def until(self, round_id, reached):
        while True:
            state = self.state(round_id)
            if reached(state) or state[0] == "void":
                return state
            if self.office.stopping:
                raise Stop()
            time.sleep(0.3)

    def draw(self, round_id, nonces):
        """Closes, reveals, states the public value; a round that voids because faults held up a reveal has a successor."""
        for attempt in range(3):
            this = round_id if attempt == 0 else f"{round_id}-{attempt + 1}"
            if attempt:
                if not self.open(this, previous):
                    return False
                nonces = {name: self.dice.randbytes(32).hex() for name in county.WITNESSES}
                if not self.accepted(self.office.wait(*[self.commit(this, n, nonces[n]) for n in nonces]), "commit"):
                    return False
            previous = this
            closing = self.office.say(self.world.keys["SCJG"], "rounds.round-closed", this,
                                      {"round": this, "reveal_within_seconds": self.reveal_seconds * (attempt + 1)})
            if not self.accepted([closing], "close"):
                return False
            state = self.until(this, lambda s: s[1] is not None)
            if state[1] is not None:
                self.commitments[this] = state[1]
                late = self.dice.choice(county.WITNESSES) if self.dice.random() < self.late and attempt == 0 else None

                def reveal(names, commitment=state[1], this=this, nonces=nonces):
                    return self.office.wait(*[self.witness(n, "rounds.nonce-revealed", this, {
                        "source": f"witness:{n}", "nonce": nonces[n], "commitment": commitment}) for n in names])
                reveal([name for name in nonces if name != late])
                self.until(this, lambda s: s[2])
                if late:
                    self.count("(county) reveals withheld until it was too late")
                    self.must_refuse(reveal([late])[0], "a reveal after its time")
                value = f"{self.dice.randrange(10 ** 8):08d}"
                for name in county.WITNESSES[:2]:
                    self.office.wait(self.witness(name, "rounds.public-value-stated", this, {
                        "source": county.PUBLIC_SOURCE + "-" + this, "value": value}))
                state = self.until(this, lambda s: s[3] is not None)
            if state[0] != "void":
                self.rounds[this] = "drawn"
                self.count("(county) rounds drawn")
                self.drawn = this
                return self.remember(round_id, this)
            self.rounds[this] = "void"
            self.count("(county) rounds void, a reveal came too late")
        return False

    def remember(self, round_id, drawn):
        with self.lock:
            self.finals[round_id] = drawn
        return True

    def results(self, round_id):
        """Every department records what it found, its head releases most of it; what is not released must stay unpublished."""
        drawn = self.finals[round_id]
        teams = self.database("SELECT visit, department, inspectors FROM rounds.teams WHERE round = %s ORDER BY 1, 2", (drawn,))
        keys, said = self.world.keys, []
        for visit, department, inspectors in teams:
            said.append(self.office.post(keys[department], "inspections.result-recorded", visit,
                                         self.world.result(visit, department, inspectors)))
        self.accepted(self.office.wait(*said), "results")
        released = [self.office.post(keys[department + "-head"], "inspections.result-reviewed", visit, {
            "visit": visit, "department": department, "version": 1, "decision": "approved"})
                    for visit, department, _ in teams if self.dice.random() < 0.92]
        self.accepted(self.office.wait(*released), "reviews")
        self.count("(county) results released", len(released))

    # ---- Beside the cycles
    def _feeds(self):
        """Deltas of entities, each with a newer edition of some rows."""
        edition = 0
        while not self.winding_down:
            edition += 1
            rows = [self.world.entity(identifier, edition)
                    for identifier in self.dice.sample(sorted(self.world.entities), 30)]
            receipt = self.feeder.feed("entities", "delta", sorted(rows, key=lambda row: row["id"]))
            if receipt is None:
                return
            self.count("(county) feeds")
            if edition % 3 == 0:
                old = [self.world.entity(row["id"], 0) for row in rows[:10]]
                self.feeder.feed("entities", "delta", sorted(old, key=lambda row: row["id"]), age=3_600_000)
                self.count("(county) feeds that come an hour late")
            time.sleep(2)

    def _clerks(self):
        """Certificates that end, for the notifier's ladders."""
        number = 0
        while not self.winding_down:
            number += 1
            if self.feeder_of_clerks.feed("inspectors", "delta", [self.world.clerk(number)]) is None:
                return
            time.sleep(3)

    def must_refuse(self, receipt, what):
        """A receipt that refuses is the right one."""
        self.count("(county) wrong submissions")
        if receipt["status"] != "rejected":
            self.wrongly_accepted.append((what, receipt))

    def _wrong(self):
        """What departments must not say: results of other departments' parts or of no visit, requests in no open round,
        draws against plans of others."""
        keys, say = self.world.keys, self.office.say
        number = 0
        while not self.winding_down:
            number += 1
            visits = self.database("SELECT visit, department, inspectors FROM rounds.teams ORDER BY random() LIMIT 1")
            for visit, department, inspectors in visits:
                other = next(name for name in county.INSPECTING if name != department)
                result = self.world.result(visit, department, inspectors)
                self.must_refuse(say(keys[other], "inspections.result-recorded", visit, result), "another department's result")
                self.must_refuse(say(keys[other + "-head"], "inspections.result-reviewed", visit, {
                    "visit": visit, "department": department, "version": 1, "decision": "approved"}), "another department's review")
            nowhere = self.world.result("0" * 32, "GAJ", [])
            self.must_refuse(say(keys["GAJ"], "inspections.result-recorded", "0" * 32, nowhere), "a result of no visit")
            self.must_refuse(say(keys["GAJ"], "registers.rule-set", "plan_rule_severities", {
                "key": "plan_rule_severities", "value": {name: "warning" for name in county.SEVERITIES}, "basis": "虚构"}),
                             "a rule without the role")
            self.must_refuse(say(keys["GAJ"], "rounds.round-closed", "R0", {"round": "R0", "reveal_within_seconds": 5}),
                             "closing without the role")
            self.must_refuse(say(keys["SCJG"], "rounds.round-opened", "R1", {
                "round": "R1", "county": county.COUNTY, "witnesses": ["witness:SFJ"],
                "public": [{"source": "public:x", "description": "虚构", "pattern": "dddddddd"}]}), "a round opened twice") \
                if self.finals else None
            time.sleep(3)

    def _absences(self):
        """Small statements all the time, so that there is always something under way."""
        number = 0
        while not self.winding_down:
            number += 1
            inspector = self.dice.choice([row for row in self.world.inspectors if row["department"] == "GAJ"])["id"]
            day = f"{self.world.year + 1}-01-{1 + number % 28:02d}"
            self.accepted([self.office.say(self.world.keys["GAJ"], "registers.absence-reported", f"A{number % 40}", {
                "id": f"A{number % 40}", "inspector": inspector, "from": day, "to": day, "reason": f"虚构 {number}"})], "absence")
            time.sleep(0.2)
