"""A department's registers on the feed topics, as docs/feeds.md says: markers to every partition, rows between them."""
import time

import county
import wire


class Feeder:
    """Sends feeds of one source until each has its receipt, and keeps what the registers must then hold."""

    def __init__(self, office, key, partitions):
        self.office, self.key, self.partitions = office, key, partitions
        self.model, self.last_version, self.reports = {}, 0, {}

    def messages(self, register, identifier, version, mode, rows):
        extensions = {"feedversion": str(version), "snapshot": identifier}
        when = county.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        source = self.key.sources[0]

        def event(name, kind, subject, data, more=()):
            return {"id": f"{identifier}:{name}", "source": source, "type": f"cn.yaohao.registers.{kind}.v1",
                    "subject": subject, "time": when, "data": wire.canonical(data), "extensions": {**extensions, **dict(more)}}

        def marker(word, kind, partition, more):
            body = {"register": register, "mode": mode, "partition": partition, "partitions": self.partitions,
                    "allow_shrink": False, **more}
            return partition, f"{source}/~{word}", event(f"{word}:{partition}", kind, register, body)

        begins = [marker("begin", "feed-begun", p, {}) for p in range(self.partitions)]
        pages, digests, counts = [], [[] for _ in range(self.partitions)], [0] * self.partitions
        size = 40
        for page, start in enumerate(range(0, len(rows), size)):
            part = rows[start:start + size]
            partition = page % self.partitions
            said = event(str(start), "rows-reported", register, {
                "rows": [{"position": start + place, "row": row} for place, row in enumerate(part)]},
                [("position", str(start))])
            digests[partition].append(wire.body_digest(said))
            counts[partition] += len(part)
            pages.append((partition, f"{source}/~rows/{identifier}/{page}", said))
        ends = [marker("end", "feed-ended", p, {"count": counts[p], "checksum": wire.sha256(b"".join(digests[p])).hex()})
                for p in range(self.partitions)]
        return begins + pages + ends

    def feed(self, register, mode, rows, age=0):
        """Sends, and again every few seconds until the receipt is there; returns the receipt. A feed of some age in ms is an
        older one that comes late: it must change nothing that a newer one has said."""
        self.last_version = max(self.last_version + 1, int(time.time() * 1000))
        version = self.last_version - age
        identifier = f"{register}-{version}"
        messages = self.messages(register, identifier, version, mode, rows)
        attempts = 0
        while identifier not in self.office.feed_receipts:
            if self.office.stopping:
                return None
            attempts += 1
            for partition, key, event in messages:
                sealed = wire.headers(event, wire.envelope(event, self.key))
                for _ in range(2 if self.office.dice.random() < self.office.noise[0] else 1):
                    self.office.produce("feed." + register, key, sealed, event["data"], partition)
            end = time.monotonic() + min(8 * attempts, 20)
            while time.monotonic() < end and identifier not in self.office.feed_receipts and not self.office.stopping:
                time.sleep(0.1)
        receipt = self.office.feed_receipts.get(identifier)
        if receipt is None:
            return None
        self.reports[identifier] = receipt
        if receipt["status"] == "accepted" and not age:
            held = self.model.setdefault(register, {})
            if mode == "snapshot":
                held.clear()
            held.update({row["id"]: row for row in rows})
        return receipt
