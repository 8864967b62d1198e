"""The processes under test, and a supervisor that starts again whatever ends, as systemd would."""
import ctypes
import os
import re
import signal
import subprocess
import threading
import time

# What each takes part in. Few members a group, since processes are killed and come back all the time.
WORKERS = {"w1": "feeds,registers,plans,rounds", "w2": "rounds,inspections", "w3": "rounds,inspections"}
# rounds has a second group, of its tasks; the notifier has one.
GROUPS = {name: len(slices.split(",")) + 1 for name, slices in WORKERS.items()} | {"n1": 1}
# How long the private broker may leave a member without an answer before it is started again.
PATIENCE = 12
# How long the relay's lease holds, whatever the tasks' does.
RELAY_LEASE_SECONDS = 10
PARTITIONS = 3


# Whose clocks jump; the others' and the servers' stay.
MOVED_CLOCKS = ("w3", "n1")


def die_with_parent():
    """The kernel ends the child if this program is killed, so that no process is left behind (Linux)."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Supervised:
    def __init__(self, name, arguments):
        self.name, self.arguments = name, arguments
        self.process, self.started, self.log_from, self.stopped = None, 0.0, 0, False


class Supervisor:
    """Starts, watches and breaks the processes. `count(fault)` notes what was done."""

    def __init__(self, binary, environment, folder, count, session_seconds):
        self.binary, self.environment, self.folder, self.count = binary, environment, folder, count
        self.session_seconds = session_seconds
        library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
        self.clock_file = os.path.join(folder, "clock") if os.path.exists(library) else None
        self.clock = {} if self.clock_file is None else {
            "LD_PRELOAD": library, "FAKETIME_TIMESTAMP_FILE": self.clock_file, "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_RESET": "1"}
        self.jump("+0")
        self.lock = threading.RLock()
        self.children = {name: Supervised(name, ("worker", "--name", name, "--only", slices))
                         for name, slices in WORKERS.items()}
        self.children["n1"] = Supervised("n1", ("notifier", "--name", "n1"))
        self.running, self.ended, self.unshared = False, False, None
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.unexpected = []

    def start(self):
        self.running = True
        for child in self.children.values():
            self._launch(child)
        self.thread.start()

    def log(self, child):
        return os.path.join(self.folder, child.name + ".log")

    def _launch(self, child):
        with open(self.log(child), "ab") as log:
            child.log_from = log.tell()
            # By way of env: libfaketime changes the environment of the first program it is in, where Swift looks for its
            # arguments.
            child.process = subprocess.Popen(["/usr/bin/env", self.binary, *child.arguments], stdout=log, stderr=log,
                                             env={**self.environment, "PGAPPNAME": child.name,
                                                  **(self.clock if child.name in MOVED_CLOCKS else {})}, preexec_fn=die_with_parent)
        child.started, child.stopped = time.monotonic(), False

    def groups(self, child):
        """The groups in which it has had its partitions since it was started, by its log."""
        with open(self.log(child), "rb") as log:
            log.seek(child.log_from)
            return {word for line in log if b"partitions assigned" in line
                    for word in line.split() if word.startswith(b"kafka.group=")}

    def _watch(self):
        # The kernel ends children when the thread that started them ends, so this one stays until they have ended.
        while not self.ended:
            time.sleep(0.3)
            with self.lock:
                if not self.running:
                    continue
                for child in self.children.values():
                    status = child.process.poll()
                    if status is not None and self.running:
                        for point in re.findall(rb"^crash point (\S+)$", self._since_start(child), re.MULTILINE):
                            self.count("crash point " + point.decode())
                        # Killed by us, or by a crash point (SIGKILL), or asked to end; else it is worth a look.
                        if status == 1 and self._fenced(child):
                            self.count("(broker) member fenced by its own former self, started again")
                        elif status == -signal.SIGABRT and b"rd_kafka_sticky_assignor_state_destroy" in self._since_start(child):
                            self.count("(librdkafka < 2.3) aborted while leaving a group, its issue 4312")
                        # librdkafka gives the failed client's memory back while its thread is yet to begin, hence the latter.
                        elif status in (1, -signal.SIGSEGV) and self.clock and b"background thread(s) to initialize" in self._since_start(child):
                            self.count("(libfaketime) a start while the clock was set back")
                        elif status == 3:
                            self.count("(process) a server was away at its start, started again")
                        elif status == -signal.SIGTERM and b"started" not in self._since_start(child):
                            pass  # asked to end before it had begun to listen
                        elif status not in (0, -signal.SIGKILL):
                            self.unexpected.append(f"{child.name} ended with {status}")
                        self._launch(child)
                    elif not child.stopped and self._has_stopped_itself(child):
                        child.stopped = True
                        threading.Thread(target=self._rest, daemon=True, args=(
                            child, child.process, max(self.session_seconds, RELAY_LEASE_SECONDS) + 2,
                            "SIGSTOP at a crash point, longer than session and lease")).start()
                    elif not child.stopped and time.monotonic() - child.started > PATIENCE \
                            and len(self.groups(child)) < GROUPS[child.name]:
                        # The private broker, unlike Apache Kafka, sometimes never answers a member that joins.
                        self.count("(broker) member never answered, started again")
                        child.process.kill()
                        child.process.wait()
                        self._launch(child)
                self._share_out()

    @staticmethod
    def _has_stopped_itself(child):
        try:
            with open(f"/proc/{child.process.pid}/stat", encoding="utf-8", errors="replace") as file:
                return file.read().rsplit(") ", 1)[1][0] == "T"
        except (OSError, IndexError):
            return False

    def _rest(self, child, process, seconds, what):
        """One that was stopped goes on after so long, unless it was started again meanwhile."""
        time.sleep(seconds)
        with self.lock:
            if child.process is process:
                process.send_signal(signal.SIGCONT)
                child.stopped = False
                child.started = max(child.started, time.monotonic() - PATIENCE + 8)
        self.count(what)

    def _show(self, child):
        """Writes what a process that does not end is doing into its log, where there is a debugger."""
        with open(self.log(child), "ab") as log:
            try:
                subprocess.run(["gdb", "-p", str(child.process.pid), "-batch", "-ex", "thread apply all bt 12"], stdout=log,
                               stderr=subprocess.DEVNULL, check=False, timeout=60)
            except (OSError, subprocess.TimeoutExpired):
                pass

    def _fenced(self, child):
        """Whether it ended because the broker took it for the older of two members of one name."""
        return b"FENCED_INSTANCE_ID" in self._since_start(child)

    def _since_start(self, child):
        with open(self.log(child), "rb") as log:
            log.seek(child.log_from)
            return log.read()

    def held(self, child):
        """The partitions that it has now, by its log."""
        held = set()
        for line in self._since_start(child).splitlines():
            if b"partitions assigned" in line or b"partitions revoked" in line:
                named = set(line.split(b"kafka.partitions=[")[1].split(b"]  worker")[0].split(b"] worker")[0].split(b", ")) - {b""}
                held = held | named if b"assigned" in line else held - named
        return held

    def shares(self):
        """Whether each partition of the groups that workers share is exactly one's."""
        taken = [partition for child in self.children.values() for partition in self.held(child)
                 if partition.split(b"[")[0].endswith((b"draw-requests", b"result-submissions", b"tasks"))]
        return len(taken) == len(set(taken)) == 3 * PARTITIONS

    def settled(self):
        """Whether every process has its part in all of its groups, and each partition is one's."""
        with self.lock:
            return all(len(self.groups(child)) >= GROUPS[child.name] for child in self.children.values()) and self.shares()

    def _share_out(self):
        """The private broker, unlike Apache Kafka, gives a member that comes back under its name the partitions of another,
        and leaves its own to nobody. Members that join while no other is there are given them rightly."""
        if not self.shares():
            if self.unshared is None:
                self.unshared = time.monotonic()
            elif time.monotonic() - self.unshared > PATIENCE + 8:
                self.count("(broker) partitions given to nobody, the workers started again")
                for child in self.children.values():
                    if child.name in WORKERS and not child.stopped:
                        child.process.kill()
                self.unshared = None
        else:
            self.unshared = None

    def settle(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.settled():
            time.sleep(0.3)
        return self.settled()

    def restart(self, name):
        """Ends a process as an operator would, and starts it."""
        with self.lock:
            child = self.children[name]
            child.process.terminate()
            try:
                child.process.wait(timeout=35)
            except subprocess.TimeoutExpired:
                child.process.kill()
                child.process.wait()
                self.unexpected.append(f"{name} did not end within 35 s of SIGTERM")
            self._launch(child)

    # ---- Faults
    def kill(self, name):
        with self.lock:
            self.children[name].process.kill()
            self.children[name].process.wait()
            self.count("SIGKILL of a process")

    def terminate(self, name):
        """SIGTERM under load; whether it ended well is checked by its status."""
        with self.lock:
            process = self.children[name].process
            process.terminate()
        try:
            status = process.wait(timeout=40)
        except subprocess.TimeoutExpired:
            self._show(self.children[name])
            self.unexpected.append(f"{name} did not end within 40 s of SIGTERM")
            process.kill()
            return
        if status == -signal.SIGTERM and self._since_start(self.children[name]).count(b"started") == 0:
            self.count("SIGTERM before it had started")
            return
        # Nobody but this program and crash points kills: the watch may have, for what the broker did to the group meanwhile.
        if status not in (0, 3, -signal.SIGABRT, -signal.SIGTERM, -signal.SIGKILL):
            self.unexpected.append(f"{name} ended with {status} after SIGTERM")
        self.count("SIGTERM under load")

    def pause(self, name, seconds):
        """SIGSTOP for longer than session and lease."""
        with self.lock:
            child = self.children[name]
            process = child.process
            child.stopped = True
            process.send_signal(signal.SIGSTOP)
        self._rest(child, process, seconds, "SIGSTOP longer than session and lease")

    def jump(self, seconds):
        """Sets how far the clocks of some processes are from everybody else's, such as `+3600`."""
        if self.clock_file is not None:
            with open(self.clock_file + ".new", "w", encoding="ascii") as file:
                file.write(seconds + "\n")
            os.replace(self.clock_file + ".new", self.clock_file)

    def heal(self):
        """Nothing is stopped any more, and nothing crashes at its crash points."""
        armed = self.environment.pop("YAOHAO_FAULTS", None)
        with self.lock:
            for child in self.children.values():
                child.process.send_signal(signal.SIGCONT)
                child.stopped = False
                if armed:
                    child.process.kill()

    def stop(self):
        with self.lock:
            self.running = False
        for child in self.children.values():
            child.process.send_signal(signal.SIGCONT)
            child.process.terminate()
        for child in self.children.values():
            try:
                status = child.process.wait(timeout=35)
            except subprocess.TimeoutExpired:
                self._show(child)
                child.process.kill()
                status = child.process.wait()
            if status == -signal.SIGABRT and b"rd_kafka_sticky_assignor_state_destroy" in self._since_start(child):
                self.count("(librdkafka < 2.3) aborted while leaving a group, its issue 4312")
            elif status != 0:
                self.unexpected.append(f"{child.name} ended with {status} when all was stopped")
        self.ended = True
