#!/usr/bin/env python3
"""Traffic of one or several flows for the lab: a server with any number of sockets, its client, and what each logged.

    traffic.py receive KIND --at ADDRESS --log FILE --count N [--how recv|epoll|uring|busy|wait-all]
    traffic.py send    KIND --at ADDRESS --log FILE --count N --go FIFO

Both print "ready" when they can start; the sender then waits for a line in FIFO. A message begins with its length and
its number; numbers count within a flow. Logs are kept in memory and written at the end.
"""
import argparse
import collections
import json
import os
import random
import select
import socket
import struct
import sys
import time

import uring
from workload import SILENCE, SIZES, PAUSES, SO_RCVBUFFORCE, TCP_HEADER, TIMESPEC, about, kernel_stamp, monotonic, set_comm

SO_TIMESTAMPNS, SO_BUSY_POLL, SO_PREFER_BUSY_POLL = 35, 46, 69  # asm-generic/socket.h
BUSY_POLL = 20_000  # microseconds a reader polls the card before it sleeps

# How a kind of traffic looks: connections and datagram sockets of the server, how many messages go at once, their
# sizes, and the pause between bursts in seconds. `split`: each socket has a process of its own.
Kind = collections.namedtuple("Kind", "tcp udp bursts sizes pause split", defaults=[False])
KINDS = {
    "udp-single": Kind(0, 1, [1], (32, 1400), 0.004),
    "udp-burst": Kind(0, 1, [4, 8, 16, 24], (32, 1400), 0.012),
    "tcp-small": Kind(1, 0, [1, 1, 1, 2, 3, 8], (16, 200), 0.004),
    "tcp-bulk": Kind(1, 0, [6, 12, 20], (16_000, 48_000), 0.01),
    "epoll": Kind(24, 8, [1, 4, 12, 24], (16, 1200), 0.01),
    "flows": Kind(3, 3, [1, 2, 6], (16, 1400), 0.006, True),
}
FIRST_PORT = {"tcp": 7100, "udp": 7200}


def flows(kind):
    """The server's sockets of a kind, as (protocol, port), in the order of their connections."""
    return [(protocol, FIRST_PORT[protocol] + number) for protocol, count in (("tcp", kind.tcp), ("udp", kind.udp))
            for number in range(count)]


class Flow:
    """One socket of the server and what it has received."""

    def __init__(self, protocol, port, sock):
        self.protocol, self.port, self.socket = protocol, port, sock
        self.stream, self.start, self.source, self.calls, self.open = bytearray(), 0, None, 0, True
        self.messages = 0

    def took(self, before, after, data, stamp, source):
        """The log's row of one receive call."""
        self.source = source or self.source
        row = {"type": "recv", "flow": f"{self.protocol}:{self.source[1]}>{self.port}", "call": self.calls, "pid": os.getpid(),
               "before": before, "after": after, "bytes": len(data), "from": self.start, "to": self.start + len(data),
               "numbers": self.parse(data), "stamp": stamp}
        self.calls += 1
        self.open = bool(data) or self.protocol == "udp"
        self.messages += len(row["numbers"])
        return row

    def parse(self, data):
        if self.protocol == "udp":
            return [TCP_HEADER.unpack_from(data)[1]]
        self.start += len(data)
        self.stream += data
        numbers = []
        while len(self.stream) >= TCP_HEADER.size:
            length, number = TCP_HEADER.unpack_from(self.stream)
            if len(self.stream) < TCP_HEADER.size + length:
                break
            numbers.append(number)
            del self.stream[:TCP_HEADER.size + length]
        return numbers


def prepare(sock, how):
    sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, TIMESPEC.pack(SILENCE, 0))
    if how == "busy":
        sock.setsockopt(socket.SOL_SOCKET, SO_BUSY_POLL, BUSY_POLL)
        sock.setsockopt(socket.SOL_SOCKET, SO_PREFER_BUSY_POLL, 1)


def listen(protocol, address, port, how):
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM)
    prepare(sock, how)
    if protocol == "tcp":
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    else:
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 4 << 20)
    sock.bind((address, port))
    if protocol == "tcp":
        sock.listen(1)
    return sock


def opened(protocol, port, sock, how):
    """The flow of a bound socket: TCP waits for its connection."""
    if protocol == "udp":
        return Flow(protocol, port, sock)
    connection, source = sock.accept()
    sock.close()
    prepare(connection, how)
    flow = Flow(protocol, port, connection)
    flow.source = source
    return flow


def receive_once(flow, how, ring):
    """One receive call that blocks."""
    before = monotonic()
    if how == "uring" and flow.source:
        data, stamp, source = ring.receive(flow.socket.fileno(), 65536), None, None
    else:
        size, flags = (262_144, socket.MSG_WAITALL) if how == "wait-all" else (65536, 0)
        data, ancillary, _, source = flow.socket.recvmsg(size, 128, flags)
        stamp = kernel_stamp(ancillary)
    return flow.took(before, monotonic(), data, stamp, source)


def serve_one(flow, messages, how):
    """Rows of a process with one socket, until its messages are there or the other end has closed."""
    ring = uring.Ring() if how == "uring" else None
    try:
        while flow.open and (flow.protocol == "tcp" or flow.messages < messages):
            yield receive_once(flow, how, ring)
    except BlockingIOError:
        yield {"type": "silence", "flow": f"{flow.protocol}:{flow.port}", "after": monotonic()}


def serve_all(served, expected):
    """Rows of one process with one epoll for all its sockets, `expected` messages in each of the datagram sockets."""
    poll = select.epoll()
    by_number = {flow.socket.fileno(): flow for flow in served}
    for number in by_number:
        poll.register(number, select.EPOLLIN)
    while by_number:
        before = monotonic()
        ready = poll.poll(SILENCE)
        yield {"type": "epoll", "before": before, "after": monotonic(), "ready": len(ready)}
        if not ready:
            yield {"type": "silence", "after": monotonic()}
            return
        for number, _ in ready:
            flow = by_number[number]
            yield receive_once(flow, "recv", None)
            if not flow.open or flow.protocol == "udp" and flow.messages == expected[flow.port]:
                poll.unregister(number)
                del by_number[number]


def messages_of(kind, count):
    """The flow of each message, by its place in `flows`, in bursts with the pause after each."""
    chance = random.Random(PAUSES)
    sockets, done = kind.tcp + kind.udp, 0
    while done < count:
        size = min(chance.choice(kind.bursts), count - done)
        yield [chance.randrange(sockets) for _ in range(size)], chance.uniform(0.5, 1.5) * kind.pause
        done += size


def expected_of(kind, count):
    """How many messages each port of the server gets."""
    total = collections.Counter(place for burst, _ in messages_of(kind, count) for place in burst)
    return {port: total[place] for place, (_, port) in enumerate(flows(kind))}


def in_children(jobs):
    """Runs each job in a process of its own; the rows of all, ordered by process."""
    children = []
    for job in jobs:
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            try:
                with os.fdopen(writing, "w") as pipe:
                    json.dump(list(job()), pipe)
                os._exit(0)
            except BaseException as error:  # the child must not go on as a second parent
                print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
                os._exit(1)
        os.close(writing)
        children.append((child, reading))
    for child, reading in children:
        with os.fdopen(reading) as pipe:
            yield from json.loads(pipe.read() or '[{"type":"silence"}]')
        os.waitpid(child, 0)


def receive(options, ready):
    kind, how = KINDS[options.kind], options.how
    expected = expected_of(kind, options.count)
    bound = [(protocol, port, listen(protocol, options.at, port, how)) for protocol, port in flows(kind)]
    ready()
    served = [opened(*triple, how) for triple in bound]
    if kind.split:
        return in_children([lambda flow=flow: serve_one(flow, expected[flow.port], how) for flow in served])
    if len(served) > 1 or how == "epoll":
        return serve_all(served, expected)
    return serve_one(served[0], expected[served[0].port], how)


def connect(protocol, address, port):
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM)
    if protocol == "tcp":
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.connect((address, port))
    return sock


def send_some(sockets, schedule, sizes):
    """Sends what `schedule` says: bursts of places in `sockets`, which are (protocol, port, socket)."""
    chance = random.Random(SIZES)
    numbers, starts = collections.Counter(), collections.Counter()
    for burst, pause in schedule:
        for place in burst:
            protocol, port, sock = sockets[place]
            number, length = numbers[place], chance.randint(*sizes)
            data = TCP_HEADER.pack(length - TCP_HEADER.size, number).ljust(length, b"u")
            before = monotonic()
            sock.sendall(data)
            yield {"type": "send", "flow": f"{protocol}:{sock.getsockname()[1]}>{port}", "number": number, "before": before,
                   "after": monotonic(), "bytes": length, "from": starts[place], "to": starts[place] + length}
            numbers[place] += 1
            starts[place] += length if protocol == "tcp" else 0
        time.sleep(pause)
    for protocol, _, sock in sockets:
        if protocol == "tcp":
            sock.shutdown(socket.SHUT_WR)


def send(options, ready):
    kind = KINDS[options.kind]
    ready()
    with open(options.go) as go:
        go.readline()
    sockets = [(protocol, port, connect(protocol, options.at, port)) for protocol, port in flows(kind)]
    schedule = list(messages_of(kind, options.count))
    if kind.split:
        jobs = [lambda place=place: send_some(sockets[place:place + 1], [([0] * burst.count(place), pause) for burst, pause in schedule],
                                              kind.sizes) for place in range(len(sockets))]
        yield from in_children(jobs)
    else:
        yield from send_some(sockets, schedule, kind.sizes)
    for protocol, _, sock in sockets:
        if protocol == "tcp":
            sock.settimeout(SILENCE)
            sock.recv(1)  # returns when the server has read everything and closed


def main():
    parser = argparse.ArgumentParser(description="one side of the lab's traffic of several flows")
    parser.add_argument("role", choices=["receive", "send"])
    parser.add_argument("kind", choices=list(KINDS))
    parser.add_argument("--at", required=True, help="the server's address")
    parser.add_argument("--log", required=True)
    parser.add_argument("--count", type=int, default=200, help="messages in all flows together")
    parser.add_argument("--how", choices=["recv", "epoll", "uring", "busy", "wait-all"], default="recv")
    parser.add_argument("--go", help="FIFO whose first line starts the sender")
    options = parser.parse_args()
    set_comm("wp-" + options.role)
    rows = [about(options.role, options.kind)]
    rows += {"receive": receive, "send": send}[options.role](options, lambda: print("ready", flush=True))
    with open(options.log, "w") as log:
        for row in rows:
            log.write(json.dumps(row, separators=(",", ":")) + "\n")
    return 0 if not any(row["type"] == "silence" for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
