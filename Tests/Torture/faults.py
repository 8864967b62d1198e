"""What is done to the processes, the servers and the links between them, each counted."""
import os
import random
import signal
import subprocess
import threading
import time

import processes
import psycopg


class Faults:
    """Breaks one thing after another until the time is over. `weights` say how often each is chosen."""

    # Relative shares of a full run of 20 seeds, as the counts of docs/reliability.md ask for.
    WEIGHTS = {"kill": 200, "pause": 50, "terminate": 50, "broker_kill": 20, "broker_restart": 20, "postgres_restart": 20,
               "terminate_backend": 500, "exhaust": 20, "lose_commit": 100, "cut": 100, "half": 60, "slow": 40, "disk_full": 5,
               "clock": 20}

    def __init__(self, supervisor, stack, database, links, dice, count, only=None):
        self.supervisor, self.stack, self.database, self.dice, self.count = supervisor, stack, database, dice, count
        self.postgres, self.broker = links
        self.weights = {name: weight for name, weight in self.WEIGHTS.items() if only is None or name in only}
        if not stack.can_fill_disk:
            self.weights.pop("disk_full", None)
        if supervisor.clock_file is None:
            self.weights.pop("clock", None)
        self.broker_lost = False
        self.log = []
        self.failures = []

    # What takes long and harms a process, a server or a link; one of each kind at a time.
    LANES = (("kill", "pause", "terminate", "clock"), ("broker_kill", "broker_restart", "postgres_restart", "disk_full",
             "exhaust"), ("terminate_backend", "lose_commit", "cut", "half", "slow"))
    SHARES = (1.0, 4.0, 0.5)

    def run(self, until, pause):
        """Three lanes of faults side by side, each with its own dice; `pause` seconds between two of the first, on average."""
        lanes = [threading.Thread(target=self._lane, args=(
            {name: self.weights[name] for name in lane if name in self.weights}, until, pause * share,
            random.Random(self.dice.random()))) for lane, share in zip(self.LANES, self.SHARES)]
        for lane in lanes:
            lane.start()
        for lane in lanes:
            lane.join()

    def _lane(self, weights, until, pause, dice):
        begin = time.monotonic()
        while weights and time.monotonic() < until:
            time.sleep(min(dice.expovariate(1 / pause), max(0, until - time.monotonic())))
            if time.monotonic() >= until:
                return
            name = dice.choices(list(weights), list(weights.values()))[0]
            self.log.append((round(time.monotonic() - begin, 1), name))
            try:
                getattr(self, name)()
            except (psycopg.Error, OSError, subprocess.SubprocessError) as error:
                self.failures.append(f"{name}: {error}")

    def victim(self):
        """Mostly one that holds something: a task's lease, or the outbox's relay."""
        if self.dice.random() < 0.6:
            try:
                owners = [row[0] for row in self.database(
                    "SELECT owner FROM cluster.tasks WHERE state = 'leased' UNION ALL"
                    " SELECT owner FROM cluster.leases WHERE until > clock_timestamp()")]
            except psycopg.Error:
                owners = []
            owners = [name for name in owners if name in self.supervisor.children]
            if owners:
                return self.dice.choice(owners)
        return self.dice.choice(list(self.supervisor.children))

    def kill(self):
        self.supervisor.kill(self.victim())

    def terminate(self):
        self.supervisor.terminate(self.victim())

    def pause(self):
        """Stops one in the midst of a task, or of relaying, for longer than its session and its lease."""
        seconds = self.supervisor.session_seconds
        query = "SELECT owner FROM cluster.tasks WHERE state = 'leased'"
        if self.dice.random() < 0.5:
            seconds = max(seconds, processes.RELAY_LEASE_SECONDS)
            query = "SELECT owner FROM cluster.leases WHERE EXISTS (SELECT FROM cluster.outbox WHERE sent_at IS NULL)"
        end = time.monotonic() + 8
        while time.monotonic() < end:
            names = [row[0] for row in self.database(query) if row[0] in self.supervisor.children]
            if names:
                time.sleep(self.dice.uniform(0, 0.05))
                self.supervisor.pause(self.dice.choice(names), seconds + self.dice.uniform(1, 3))
                return
            time.sleep(0.01)
        self.supervisor.pause(self.victim(), seconds + 1)

    def broker_kill(self):
        self.broker_lost = True
        self.stack.kill_broker()
        time.sleep(self.dice.uniform(0, 2))
        self.stack.up()
        self.count("broker SIGKILL, its last half second lost")

    def broker_restart(self):
        self.stack.stop_broker()
        self.stack.up()
        self.count("broker restarted")

    def postgres_restart(self):
        self.stack.stop_postgres(signal.SIGQUIT)
        time.sleep(self.dice.uniform(0, 1))
        self.stack.up()
        self.count("PostgreSQL immediate restart")

    def terminate_backend(self):
        rows = self.database("SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'"
                             " AND application_name IN ('w1', 'w2', 'w3', 'n1')")
        for row in self.dice.sample(rows, min(len(rows), self.dice.choice((1, 1, 1, 2, 5)))):
            self.database("SELECT pg_terminate_backend(%s)", row)
            self.count("pg_terminate_backend")

    def exhaust(self):
        """Holds every connection that the server still gives."""
        held = []
        try:
            while True:
                held.append(psycopg.connect(self.stack.conninfo, connect_timeout=3))
        except psycopg.Error:
            pass
        time.sleep(self.dice.uniform(2, 5))
        for connection in held:
            connection.close()
        self.count("every connection of the server taken")

    def lose_commit(self):
        before, end = self.postgres.lost_commits, time.monotonic() + 5
        self.postgres.lose_next_commit()
        while time.monotonic() < end and self.postgres.lost_commits == before:
            time.sleep(0.05)
        self.count("answer to COMMIT lost", self.postgres.lost_commits - before)

    def cut(self):
        link = self.dice.choice((self.postgres, self.broker))
        if link.cut():
            self.count("connection cut")

    def half(self):
        link = self.dice.choice((self.postgres, self.broker))
        if link.half():
            self.count("half a packet")

    def slow(self):
        self.dice.choice((self.postgres, self.broker)).slow(self.dice.uniform(0.05, 0.4), 5)
        self.count("link slow for 5 s")

    def disk_full(self):
        self.stack.fill_disk(self.dice.uniform(3, 6))
        self.stack.up()
        self.count("disk full on the database's side")

    def clock(self):
        self.supervisor.jump(self.dice.choice(("+3600", "-3600", "+86400", "-86400", "+7", "-7")))
        time.sleep(self.dice.uniform(3, 8))
        self.supervisor.jump("+0")
        self.count("clock jump, there and back")


class Stack:
    """The private servers of scripts/stack, started again after each fault as an operator would."""

    def __init__(self, root, folder):
        self.root, self.folder = root, folder
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("YAOHAO_") and name != "MUTANT"}
        self.environment["YAOHAO_STACK_DIR"] = folder
        self.can_fill_disk = False
        self.mount = os.path.join(folder, "postgres")

    def script(self, *arguments):
        done = subprocess.run([os.path.join(self.root, "scripts", "stack"), *arguments], env=self.environment, text=True,
                              capture_output=True, check=False)
        if done.returncode != 0:
            raise OSError(f"scripts/stack {' '.join(arguments)}: {done.stderr.strip()[-400:]}")
        return done.stdout

    def begin(self):
        """Starts both, PostgreSQL on a small file system of its own where that is allowed."""
        self.script("down", "--wipe")
        os.makedirs(self.mount, exist_ok=True)
        os.chmod(self.folder, 0o755)
        self.can_fill_disk = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1500m,mode=755", "tmpfs", self.mount],
                                            capture_output=True, check=False).returncode == 0
        self.up()
        settings = dict(line.split("export ", 1)[1].split("=", 1) for line in self.script("env").splitlines())
        self.settings = {name: value.strip("'") for name, value in settings.items()}
        self.conninfo = self.settings["YAOHAO_POSTGRES"]
        self.kafka_port = int(self.settings["YAOHAO_KAFKA"].rsplit(":", 1)[1])
        self.socket = os.path.join(self.conninfo.split("host=")[1].split()[0], ".s.PGSQL.5432")
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            for setting in ("max_wal_size = '256MB'", "wal_recycle = off", "wal_init_zero = on"):
                connection.execute("ALTER SYSTEM SET " + setting)
            connection.execute("SELECT pg_reload_conf()")

    def up(self):
        for attempt in range(5):
            try:
                self.script("up")
                return
            except OSError:
                if attempt == 4:
                    raise
                time.sleep(1)

    def end(self):
        try:
            self.script("down", "--wipe")
        except OSError:
            pass
        if self.can_fill_disk:
            subprocess.run(["umount", "-l", self.mount], capture_output=True, check=False)

    def broker_pid(self):
        with open(os.path.join(self.folder, "broker", "pid"), encoding="ascii") as file:
            return int(file.read())

    def kill_broker(self):
        self._end(self.broker_pid(), signal.SIGKILL)

    def stop_broker(self):
        self._end(self.broker_pid(), signal.SIGTERM)

    def stop_postgres(self, how):
        with open(os.path.join(self.mount, "data", "postmaster.pid"), encoding="ascii") as file:
            self._end(int(file.readline()), how)

    @staticmethod
    def _end(pid, how):
        os.kill(pid, how)
        for _ in range(200):
            try:
                with open(f"/proc/{pid}/stat", encoding="ascii") as file:
                    if file.read().rsplit(")", 1)[1].split()[0] == "Z":
                        return
            except OSError:
                return
            time.sleep(0.05)

    def fill_disk(self, seconds):
        filler = os.path.join(self.mount, "filler")
        with open(filler, "wb") as file:
            try:
                while True:
                    file.write(b"\0" * (1 << 20))
                    file.flush()
            except OSError:
                pass
        time.sleep(seconds)
        os.remove(filler)
