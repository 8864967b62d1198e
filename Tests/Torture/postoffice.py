"""Sends what departments say, again and again until the receipt is back, as docs/architecture.md asks of submitters.

It is an unreliable post office on purpose: it sends some things twice, holds some back so that others overtake them, and
puts in messages that nobody signed, that were signed wrongly, or that are no messages at all.
"""
import collections
import json
import threading
import time
import uuid

import confluent_kafka
import county
import wire


class Submission:
    def __init__(self, event, key, signer):
        self.event, self.key, self.signer = event, key, signer
        self.topic = county.topic_of(event["type"])
        self.data = json.loads(event["data"])
        self.receipt, self.done = None, threading.Event()
        self.sent, self.due, self.attempts = 0, 0.0, 0

    @property
    def id(self):
        return (self.event["source"], self.event["id"])


class Forgery(collections.namedtuple("Forgery", "kind topic source id")):
    """A message that must have no effect and be on record."""


class Stop(Exception):
    """The run is over."""


class PostOffice:
    """`noise` are the shares of duplicates, held back and forged messages."""

    def __init__(self, servers, prefix, dice, count, noise=(0.10, 0.10, 0.01), patience=6):
        self.prefix, self.dice, self.count, self.noise, self.patience = prefix, dice, count, noise, patience
        self.servers = servers
        self.lock = threading.RLock()
        self.pending, self.all, self.forgeries = {}, {}, []
        self.conflicts, self.premature, self.feed_receipts = [], [], {}
        self.is_kept = lambda source, identifier: None  # whether a submission is in the database; None when it is away
        self.stopping = False
        self.nonce = 0
        self.producer = confluent_kafka.Producer({
            "bootstrap.servers": servers, "message.timeout.ms": 8000, "linger.ms": 2, "log_level": 0,
            "reconnect.backoff.max.ms": 1000})
        self.threads = [threading.Thread(target=self._send_loop, daemon=True),
                        threading.Thread(target=self._receipt_loop, daemon=True)]

    def start(self):
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.stopping = True
        for thread in self.threads:
            thread.join(timeout=10)

    # ---- What departments call
    def make(self, key, event_type, subject, data, source=None, identifier=None):
        self.nonce += 1
        return {"id": identifier or f"t{self.nonce}-{self.dice.getrandbits(48):012x}", "source": source or key.sources[0],
                "type": "cn.yaohao." + event_type + ".v1", "subject": subject,
                "time": county.now().strftime("%Y-%m-%dT%H:%M:%SZ"), "data": wire.canonical(data)}

    def post(self, key, event_type, subject, data, source=None):
        """Gives something to be sent; its receipt comes later."""
        with self.lock:
            submission = Submission(self.make(key, event_type, subject, data, source), subject, key)
            delay = self.dice.uniform(0, 2) if self.dice.random() < self.noise[1] else 0
            if delay:
                self.count("held back, so that others overtake it")
            submission.due = time.monotonic() + delay
            self.pending[submission.id] = self.all[submission.id] = submission
        return submission

    def wait(self, *submissions):
        """The receipts, in the order of the submissions."""
        for submission in submissions:
            while not submission.done.wait(0.2):
                if self.stopping:
                    raise Stop()
        return [submission.receipt for submission in submissions]

    def say(self, key, event_type, subject, data, source=None):
        return self.wait(self.post(key, event_type, subject, data, source))[0]

    # ---- Sending
    def _send_loop(self):
        while not self.stopping:
            self.producer.poll(0.05)
            with self.lock:
                due = [s for s in self.pending.values() if s.due <= time.monotonic()]
                for submission in due:
                    self._send(submission)

    def _send(self, submission):
        submission.attempts += 1
        submission.due = time.monotonic() + min(self.patience * submission.attempts, 15)
        signature = wire.envelope(submission.event, submission.signer)
        self.produce(submission.topic, submission.key, wire.headers(submission.event, signature), submission.event["data"])
        if submission.attempts > 1:
            self.count("sent again for want of a receipt")
        if self.dice.random() < self.noise[0]:
            self.count("sent twice at once")
            self.produce(submission.topic, submission.key, wire.headers(submission.event, signature), submission.event["data"])
        if self.dice.random() < self.noise[2] * 4:
            self._forge(submission, signature)

    def produce(self, topic, key, headers, value, partition=None):
        for _ in range(200):
            try:
                more = {} if partition is None else {"partition": partition}
                self.producer.produce(self.prefix + topic, key=key, value=value, headers=headers, **more)
                return
            except BufferError:
                self.producer.poll(0.05)

    def _forge(self, submission, signature):
        """One of: no signature, a strange key's, another body, another department's source, another id, no message at all,
        and the same message replayed (which has no second effect)."""
        kind = self.dice.choice(("unsigned", "stranger", "tampered", "other-source", "renamed", "noise", "replayed"))
        event = dict(submission.event, id="f-" + uuid.UUID(int=self.dice.getrandbits(128)).hex)
        value, sealed = event["data"], None
        if kind == "stranger":
            sealed = wire.envelope(event, wire.Key(self.dice, submission.signer.department, ["result"]))
        elif kind == "tampered":
            sealed = wire.envelope(event, submission.signer)
            value = value[:-1] + b',"forged":true}'
        elif kind == "other-source":
            event["source"] = "dept:XFDD" if submission.signer.department != "XFDD" else "dept:GAJ"
            sealed = wire.envelope(event, submission.signer)
        elif kind == "renamed":
            sealed = signature
        elif kind == "replayed":
            self.count("replayed under its own id")
            self.produce(submission.topic, "elsewhere-" + str(submission.key), wire.headers(submission.event, signature),
                         submission.event["data"])
            return
        if kind == "noise":
            key = "noise-" + event["id"]
            self.produce(submission.topic, key, [("ce_id", b"\xff\xfe")], self.dice.randbytes(200))
            self.forgeries.append(Forgery(kind, submission.topic, None, key))
        else:
            key = "forged-" + event["id"]
            self.produce(submission.topic, key, wire.headers(dict(event, data=value), sealed), value)
            self.forgeries.append(Forgery(kind, submission.topic, event["source"], key))
        self.count("forged or poisonous: " + kind)

    # ---- Receipts
    def _receipt_loop(self):
        consumer = confluent_kafka.Consumer({
            "bootstrap.servers": self.servers, "group.id": self.prefix + "torture", "enable.auto.commit": False,
            "auto.offset.reset": "earliest", "isolation.level": "read_uncommitted", "log_level": 0,
            "receive.message.max.bytes": 1000000000, "reconnect.backoff.max.ms": 1000})
        topic = self.prefix + "receipts"
        while not self.stopping:
            try:
                partitions = consumer.list_topics(topic, timeout=5).topics[topic].partitions
                break
            except confluent_kafka.KafkaException:
                continue
        consumer.assign([confluent_kafka.TopicPartition(topic, p, 0) for p in partitions])
        while not self.stopping:
            message = consumer.poll(0.2)
            if message is None or message.error():
                continue
            self._take(json.loads(message.value()))
        consumer.close()

    def _take(self, receipt):
        with self.lock:
            submission = self.all.get((receipt["source"], receipt["id"]))
            if submission is None:
                self.feed_receipts.setdefault(receipt["id"], receipt)
                return
            if submission.receipt is None:
                if self.is_kept(*submission.id) is False:
                    self.premature.append(submission.id)
                submission.receipt = receipt
                self.pending.pop(submission.id, None)
                submission.done.set()
            elif wire.canonical(submission.receipt) != wire.canonical(receipt):
                self.conflicts.append((submission.receipt, receipt))
