"""How the demonstration speaks, and how it runs the commands and processes of yaohao and ends them again."""
import ctypes
import json
import os
import signal
import subprocess
import sys
import time

# So that people can watch a small draw, and a worker that is killed is missed after seconds.
PACE = {"YAOHAO_TASK_PACE_MS": "300", "YAOHAO_LEASE_MS": "5000", "YAOHAO_LOG_LEVEL": "info"}


class Stopped(Exception):
    """Nothing further makes sense; the sentence says why."""


def die_with_parent():
    """The kernel ends the child if this script is killed, so that no process is left behind (Linux)."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Bar:
    """A progress bar on a terminal; a line now and then elsewhere."""

    def __init__(self, title, total):
        self.title, self.total, self.shown, self.at = title, max(total, 1), None, 0.0
        self.begin = time.monotonic()

    def show(self, done):
        done = min(done, self.total)
        now = time.monotonic()
        if done == self.shown or (not sys.stdout.isatty() and done < self.total and now - self.at < 5):
            return
        self.shown, self.at = done, now
        filled = done * 24 // self.total
        line = f"   {self.title} [{'#' * filled}{'.' * (24 - filled)}] {done}/{self.total} {now - self.begin:.0f}s"
        end = "\n" if done == self.total or not sys.stdout.isatty() else ""
        print(("\r" if sys.stdout.isatty() else "") + line, end=end, flush=True)


class Console:
    """Steps, promises, commands whose answers are awaited, and processes that run until they are stopped."""

    def __init__(self, binary, run):
        self.binary, self.run = binary, run
        self.logs, self.keys = os.path.join(run, "logs"), os.path.join(run, "keys")
        self.children, self.promises, self.seconds = {}, [], {}
        self.stage_begin = time.monotonic()
        for folder in (self.logs, self.keys):
            os.makedirs(folder, mode=0o700, exist_ok=True)

    def step(self, number, chinese, english):
        print(f"\n\033[1m{number}. {chinese}\033[0m\n   {english}", flush=True)
        self.stage_begin = time.monotonic()

    def end_step(self, name):
        self.seconds[name] = round(time.monotonic() - self.stage_begin, 1)

    def say(self, chinese, english=""):
        print(f"   {chinese}" + (f" · {english}" if english else ""), flush=True)

    def promise(self, kept, chinese, english, detail=""):
        self.promises.append((bool(kept), chinese, english, detail))
        if not kept:
            self.say(f"✗ {chinese}", f"{english} {detail}")
        return kept

    def begin(self, *arguments):
        """Starts a command whose answer is awaited later."""
        return subprocess.Popen([self.binary, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                preexec_fn=die_with_parent)

    def end(self, process, accepted=(0,), seconds=90):
        try:
            out, err = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise Stopped(f"no answer within {seconds} s: {' '.join(process.args[1:4])}") from None
        with open(os.path.join(self.logs, "commands.log"), "a", encoding="utf-8") as log:
            log.write(f"$ yaohao {' '.join(process.args[1:])}\n{out}{err}exit status {process.returncode}\n")
        if process.returncode not in accepted:
            raise Stopped(f"yaohao {' '.join(process.args[1:4])}: exit status {process.returncode}: {err.strip()[-600:]}")
        return out

    def yaohao(self, *arguments, accepted=(0,), seconds=90):
        return self.end(self.begin(*arguments), accepted, seconds)

    def key(self, department):
        return os.path.join(self.keys, f"{department}.key")

    def status(self):
        """The status command ends with 1 when something needs an operator; the report comes all the same."""
        return json.loads(self.yaohao("status", "--json", accepted=(0, 1)))

    def until(self, title, total, count, seconds):
        """Waits until `count()` reaches the total, with a bar; false when the time is over."""
        bar, end = Bar(title, total), time.monotonic() + seconds
        while True:
            done = count()
            bar.show(done)
            if done >= total:
                return True
            if time.monotonic() > end:
                print()
                return False
            time.sleep(0.2)

    def together(self, title, commands, accepted=(0,), seconds=90):
        """Runs commands at the same time, each a process of its own; what each said, by name."""
        running = {name: self.begin(*arguments) for name, arguments in commands.items()}
        # One whose answer fills its pipe waits for its turn; none waits for another, so all of them end.
        said, bar = {}, Bar(title, len(running))
        try:
            for number, (name, process) in enumerate(running.items(), 1):
                said[name] = self.end(process, accepted, seconds)
                bar.show(number)
        finally:
            for process in running.values():
                if process.poll() is None:
                    process.kill()
                    process.wait()
        return said

    def start(self, name, *arguments):
        log = open(os.path.join(self.logs, f"{name}.log"), "ab")
        self.children[name] = subprocess.Popen([self.binary, *arguments], stdout=log, stderr=log,
                                               env={**os.environ, **PACE}, preexec_fn=die_with_parent)
        log.close()

    def check_children(self):
        for name, process in self.children.items():
            if process.poll() is not None:
                raise Stopped(f"{name} ended by itself with status {process.returncode}; see {self.logs}/{name}.log")

    def stop_children(self):
        """Asks all to finish (SIGTERM) and waits; returns those that had to be killed or ended badly."""
        for process in self.children.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        bad = []
        for name, process in self.children.items():
            try:
                status = process.wait(timeout=35)
            except subprocess.TimeoutExpired:
                process.kill()
                status = process.wait()
            if status != 0:
                bad.append(f"{name}: {status}")
        self.children = {}
        return bad


def write_lines(path, documents):
    with open(path, "w", encoding="utf-8") as file:
        for document in documents:
            file.write(json.dumps(document, ensure_ascii=False) + "\n")
