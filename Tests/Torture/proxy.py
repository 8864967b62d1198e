"""A proxy that stands between the processes and a server, and breaks what passes through it.

It knows three things to do to a connection: delay it, cut it, and let only half of a packet through. To PostgreSQL's it can
do a fourth: let a COMMIT through and lose its answer. On the broker's link it puts its own address where the broker names its
own, so that clients come back through it.
"""
import asyncio
import socket
import struct
import threading
import time


class Link:
    def __init__(self, number):
        self.number, self.writers, self.doomed = number, [], None

    def close(self):
        for writer in self.writers:
            writer.transport.abort()


class Proxy:
    """Listens on a free port of the loopback; `target` is a unix socket's path or a port."""

    def __init__(self, target, dice, rewrite=False):
        self.target, self.dice, self.rewrite = target, dice, rewrite
        self.links, self.delay_until, self.delay = {}, 0.0, 0.0
        self.lose_commits, self.lost_commits, self.number = 0, 0, 0
        self.refuse = False
        self.port = None
        self.ready = threading.Event()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        self.ready.wait(10)

    def _run(self):
        asyncio.set_event_loop(self.loop)

        async def serve():
            server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
            self.port = server.sockets[0].getsockname()[1]
            self.ready.set()
            await server.serve_forever()
        self.loop.run_until_complete(serve())

    async def _accept(self, reader, writer):
        self.number += 1
        link = Link(self.number)
        link.writers.append(writer)
        try:
            if isinstance(self.target, str):
                inner, outer = await asyncio.open_unix_connection(self.target)
            else:
                inner, outer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        link.writers.append(outer)
        for end in (writer, outer):
            sock = end.get_extra_info("socket")
            if sock is not None and sock.family == socket.AF_INET:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.links[link.number] = link
        try:
            await asyncio.gather(self._pump(reader, outer, link, True), self._pump(inner, writer, link, False))
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            link.close()
            self.links.pop(link.number, None)

    async def _pump(self, reader, writer, link, upward):
        framed = self.rewrite and not upward
        while True:
            if framed:
                head = await reader.readexactly(4)
                data = head + self._renamed(await reader.readexactly(struct.unpack(">I", head)[0]))
            else:
                data = await reader.read(65536)
            if not data:
                break
            if time.monotonic() < self.delay_until:
                await asyncio.sleep(self.dice.uniform(0, self.delay))
            if upward and self.lose_commits and link.doomed is None and b"COMMIT\x00" in data:
                self.lose_commits -= 1
                link.doomed = "commit"
            elif link.doomed == "half":
                writer.write(data[:max(1, len(data) // 2)])
                await writer.drain()
                break
            elif not upward and link.doomed == "commit":
                # The server has committed, or not; whoever asked will never be told.
                self.lost_commits += 1
                break
            writer.write(data)
            await writer.drain()
        link.close()

    def _renamed(self, data):
        """The broker's own address with the proxy's port instead: a string of either length form, and four bytes."""
        for head in (b"\x00\x09", b"\x0a"):
            data = data.replace(head + b"127.0.0.1" + struct.pack(">I", self.target),
                                head + b"127.0.0.1" + struct.pack(">I", self.port))
        return data

    # ---- Faults; called from other threads
    def cut(self):
        """Cuts one connection; whether there was one."""
        return self._with_one(lambda link: link.close())

    def half(self):
        """Lets half of a connection's next packet through, then cuts it."""
        def doom(link):
            link.doomed = "half"
        return self._with_one(doom)

    def _with_one(self, act):
        links = list(self.links.values())
        if not links:
            return False
        self.loop.call_soon_threadsafe(act, self.dice.choice(links))
        return True

    def slow(self, delay, seconds):
        """Delays each packet by up to `delay` seconds for a while."""
        self.delay, self.delay_until = delay, time.monotonic() + seconds

    def lose_next_commit(self):
        self.lose_commits += 1
