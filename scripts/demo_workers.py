"""The demonstration's workers: who takes part in what, and what the private broker needs when one dies."""
import os
import signal
import time

from demo_console import Stopped

# What each worker takes part in.
WORKERS = {"w1": "feeds,registers,plans,rounds", "w2": "rounds,inspections", "w3": "rounds,inspections"}
GROUPS = {name: len(slices.split(",")) + 1 for name, slices in WORKERS.items()}  # rounds has two
DRAWING = ("select", "merge", "match", "seal")  # the tasks after the seed, as their kinds end


class Workers:
    def form_groups(self):
        """Waits until every worker has its part in every consumer group.

        The private broker, unlike Apache Kafka, sometimes never answers a member that joins while others do; started
        again under its name, it is answered.
        """
        for _ in range(6):
            end = time.monotonic() + 10
            while time.monotonic() < end:
                waiting = [worker for worker in WORKERS if len(self.groups_of(worker)) < GROUPS[worker]]
                if not waiting:
                    return
                time.sleep(0.1)
            for worker in waiting:
                process = self.children.pop(worker)
                process.kill()
                process.wait()
                os.remove(os.path.join(self.logs, worker + ".log"))
                self.start(worker, "worker", "--name", worker, "--only", WORKERS[worker])
        raise Stopped("the private broker did not let every worker in; run the demonstration again")

    def settle_groups(self, returned):
        """Makes sure, after a worker has come back, that each partition is one worker's.

        The private broker, unlike Apache Kafka, gives a group's leader that comes back under its name the partitions
        of another member. Started again, the others get what the leader has worked out for them.
        """
        self.form_groups()
        others = [worker for worker in WORKERS if worker != returned]
        taken = [partition for worker in WORKERS for partition in self.partitions_of(worker)]
        if len(taken) == len(set(taken)):
            return
        for worker in others:
            process = self.children.pop(worker)
            process.send_signal(signal.SIGTERM)
            process.wait()
            os.remove(os.path.join(self.logs, worker + ".log"))
            self.start(worker, "worker", "--name", worker, "--only", WORKERS[worker])
        self.form_groups()

    def partitions_of(self, worker):
        """The partitions that a worker has now, by its log."""
        held = set()
        with open(os.path.join(self.logs, worker + ".log"), encoding="utf-8") as lines:
            for line in lines:
                if "partitions assigned" in line or "partitions revoked" in line:
                    named = set(line.split("kafka.partitions=[")[1].split("] worker")[0].split(", ")) - {""}
                    held = held | named if "partitions assigned" in line else held - named
        return sorted(held)

    def groups_of(self, worker):
        """The groups in which a worker has its partitions, by its log."""
        with open(os.path.join(self.logs, worker + ".log"), encoding="utf-8") as lines:
            return {word for line in lines if "partitions assigned" in line
                    for word in line.split() if word.startswith("kafka.group=")}

    def kill_a_worker(self):
        """Kills a worker that holds a lease of the round, and makes sure by the lease that stayed behind."""
        end = time.monotonic() + 20
        while time.monotonic() < end:
            held = {lease["owner"]: lease["task"] for lease in self.status()["leases"]
                    if lease["round"] == self.round and lease["owner"] in self.children
                    and lease["kind"].endswith(DRAWING)}
            for worker in held:
                process = self.children[worker]
                process.kill()
                process.wait()
                del self.children[worker]
                left = [lease for lease in self.status()["leases"] if lease["owner"] == worker]
                if left:
                    self.say(f"{worker} 被 SIGKILL 终止，任务 {left[0]['task']}（{left[0]['kind']}）的租约留了下来",
                             "its lease runs out, another worker takes the task")
                    return worker
                self.start(worker, "worker", "--name", worker, "--only", WORKERS[worker])  # between two tasks: nothing was taken from it
                break
            if self.show()["state"] in ("drawn", "closed"):
                return None
            time.sleep(0.02)
        return None
