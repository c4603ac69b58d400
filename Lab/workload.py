#!/usr/bin/env python3
"""The lab's traffic: one process of a sender and receiver pair, and the log it keeps.

    workload.py receive udp|tcp --log FILE --count N     in the namespace rx
    workload.py send    udp|tcp --log FILE --count N --go FIFO     in the namespace tx

Each process prints "ready" when it can start. The sender then waits for a line in FIFO, so that a recorder can be
started in between and the recording holds the traffic, not the start of two Python interpreters. Logs are kept in
memory and written at the end: no file input or output happens while packets are under way.
"""
import argparse
import json
import os
import random
import socket
import struct
import sys
import time

RECEIVER, UDP_PORT, TCP_PORT = "10.9.0.2", 7001, 7002
SENDER, UDP_SOURCE, TCP_SOURCE = "10.9.0.1", 40000, 40001
UDP_HEADER = struct.Struct("!I")  # number
TCP_HEADER = struct.Struct("!II")  # bytes after this header, number
SO_TIMESTAMPNS = 35  # asm-generic/socket.h; the socket module has no name for it
SO_RCVBUFFORCE = 33
TIMESPEC = struct.Struct("qq")
SILENCE = 60  # seconds without a packet after which the receiver stops waiting
SIZES, PAUSES = 20261122, 20261123  # seeds: every run sends the same messages in the same rhythm


def monotonic():
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)


def realtime_offset():
    """CLOCK_REALTIME minus CLOCK_MONOTONIC, from the closest of several readings, and how far off it may be."""
    best = None
    for _ in range(50):
        before = monotonic()
        real = time.clock_gettime_ns(time.CLOCK_REALTIME)
        after = monotonic()
        if best is None or after - before < best[1]:
            best = (real - (before + after) // 2, after - before)
    return best


def set_comm(name):
    with open("/proc/self/comm", "w") as comm:
        comm.write(name)


def about(role, workload):
    offset, uncertainty = realtime_offset()
    with open("/proc/self/comm") as comm:
        return {"type": "process", "role": role, "workload": workload, "pid": os.getpid(), "comm": comm.read().strip(),
                "realtime_minus_monotonic": offset, "uncertainty": uncertainty}


def kernel_stamp(ancillary):
    """The SCM_TIMESTAMPNS of one recvmsg, in ns of CLOCK_REALTIME."""
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
            seconds, nanoseconds = TIMESPEC.unpack(data[:TIMESPEC.size])
            return seconds * 1_000_000_000 + nanoseconds
    return None


def prepare_receiver(sock):
    sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    # SO_RCVTIMEO keeps recv a plain blocking call; settimeout would put a poll before it.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, TIMESPEC.pack(SILENCE, 0))


def receive_udp(count, ready):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        prepare_receiver(sock)
        # Room for all datagrams at once: what the workload loses, the network lost.
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 4 << 20)
        sock.bind((RECEIVER, UDP_PORT))
        ready()
        for index in range(count):
            before = monotonic()
            try:
                data, ancillary, _, source = sock.recvmsg(65536, 128)
            except BlockingIOError:
                yield {"type": "silence", "call": index, "before": before, "after": monotonic()}
                return
            after = monotonic()
            yield {"type": "recv", "call": index, "before": before, "after": after, "bytes": len(data),
                   "numbers": [UDP_HEADER.unpack_from(data)[0]], "stamp": kernel_stamp(ancillary),
                   "from": "%s:%d" % source}


def receive_tcp(count, ready):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        prepare_receiver(listener)
        listener.bind((RECEIVER, TCP_PORT))
        listener.listen(1)
        ready()
        before = monotonic()
        try:
            connection, source = listener.accept()
        except BlockingIOError:
            yield {"type": "silence", "call": -1, "before": before, "after": monotonic()}
            return
        yield {"type": "accept", "before": before, "after": monotonic(), "from": "%s:%d" % source}
    with connection:
        prepare_receiver(connection)
        stream, start, index = bytearray(), 0, 0
        while True:
            # Every fifth call asks for little, so that one packet is also read in parts.
            room = 700 if index % 5 == 4 else 65536
            before = monotonic()
            try:
                data, ancillary, _, _ = connection.recvmsg(room, 128)
            except BlockingIOError:
                yield {"type": "silence", "call": index, "before": before, "after": monotonic()}
                return
            after = monotonic()
            stream += data
            numbers = []
            while len(stream) >= TCP_HEADER.size:
                length, number = TCP_HEADER.unpack_from(stream)
                if len(stream) < TCP_HEADER.size + length:
                    break
                numbers.append(number)
                del stream[:TCP_HEADER.size + length]
            yield {"type": "recv", "call": index, "before": before, "after": after, "room": room, "bytes": len(data),
                   "from": start, "to": start + len(data), "numbers": numbers, "stamp": kernel_stamp(ancillary)}
            start += len(data)
            index += 1
            if not data:
                return


def bursts(count, longest):
    """The numbers 0..<count in bursts, each with the pause after it in seconds."""
    chance = random.Random(PAUSES)
    number = 0
    while number < count:
        size = min(chance.choice([1, 1, 1, 1, 2, 3, longest]), count - number)
        yield range(number, number + size), chance.uniform(0.001, 0.005)
        number += size


def send_udp(count, wait):
    chance = random.Random(SIZES)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((SENDER, UDP_SOURCE))
        sock.connect((RECEIVER, UDP_PORT))
        wait()
        for burst, pause in bursts(count, longest=6):
            for number in burst:
                data = UDP_HEADER.pack(number).ljust(chance.randint(32, 1400), b"u")
                before = monotonic()
                sock.send(data)
                yield {"type": "send", "number": number, "before": before, "after": monotonic(), "bytes": len(data)}
            time.sleep(pause)


def send_tcp(count, wait):
    chance = random.Random(SIZES)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(None)
        sock.bind((SENDER, TCP_SOURCE))
        wait()
        before = monotonic()
        sock.connect((RECEIVER, TCP_PORT))
        yield {"type": "connect", "before": before, "after": monotonic()}
        start = 0
        for burst, pause in bursts(count, longest=8):
            for number in burst:
                body = bytes([number % 256]) * (chance.randint(20, 4000) - TCP_HEADER.size)
                data = TCP_HEADER.pack(len(body), number) + body
                before = monotonic()
                sock.sendall(data)
                yield {"type": "send", "number": number, "before": before, "after": monotonic(), "bytes": len(data),
                       "from": start, "to": start + len(data)}
                start += len(data)
            time.sleep(pause)
        sock.shutdown(socket.SHUT_WR)
        sock.recv(1)  # returns when the receiver has read everything and closed


def main():
    parser = argparse.ArgumentParser(description="one process of the lab's traffic")
    parser.add_argument("role", choices=["receive", "send"])
    parser.add_argument("workload", choices=["udp", "tcp"])
    parser.add_argument("--log", required=True)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--go", help="FIFO whose first line starts the sender")
    options = parser.parse_args()
    set_comm("wp-" + options.role)

    def ready():
        print("ready", flush=True)

    def wait():
        ready()
        with open(options.go) as go:
            go.readline()

    work = {("receive", "udp"): receive_udp, ("receive", "tcp"): receive_tcp,
            ("send", "udp"): send_udp, ("send", "tcp"): send_tcp}[options.role, options.workload]
    rows = [about(options.role, options.workload)]
    rows += work(options.count, ready if options.role == "receive" else wait)
    with open(options.log, "w") as log:
        for row in rows:
            log.write(json.dumps(row, separators=(",", ":")) + "\n")
    return 0 if not any(row["type"] == "silence" for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
