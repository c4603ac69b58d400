#!/usr/bin/env python3
"""Holds the journeys against the truth: kernel probes with raw addresses, and the application's own log.

    truth.py DIRECTORY… --wakepath PROGRAM [--table FILE]

A second tracing instance of the guest records, with the recording's clock, each packet as its transport function sees
it: its address, its socket's, its ports, and what it carries (the message's number, or its place in TCP's sequence
space). So it is known which packet carried which bytes, whatever the journeys say. The application's log says which call
of whom returned them. A journey is right if it names that socket and reader, and its read lies in that call.
"""
import argparse
import bisect
import collections
import contextlib
import json
import os
import re
import sys

from compare import packets, read_lines, time_of

TRACING = "/sys/kernel/tracing"
INSTANCE = f"{TRACING}/instances/truth"
DATA, SEQ, END = 208, 40, 44  # sk_buff.data, TCP_SKB_CB seq and end_seq, on x86-64 from 6.1 to 6.12
TCP = f"sk=$arg1 skb=$arg2 ports=+0(+{DATA}($arg2)):x32 seq=+{SEQ}($arg2):u32 end=+{END}($arg2):u32"
PROBES = {
    # The IP header ends where the UDP header begins; its identification counts the datagrams of a connected socket
    # (`__ip_select_ident` in net/ipv4/route.c).
    "udp_queue": f"udp_queue_rcv_one_skb sk=$arg1 skb=$arg2 ports=+0(+{DATA}($arg2)):x32 length=+4(+{DATA}($arg2)):x16 "
                 f"id=-16(+{DATA}($arg2)):x16",
    "tcp_rcv": f"tcp_v4_do_rcv {TCP}",
    "tcp_backlog": f"tcp_add_backlog {TCP}",
}
LINE = re.compile(r"-(\d+) +\[(\d+)\] \S+ +(\d+)\.(\d{6}): (\w+): \(.*?\) (.*)")
SLACK = 1000  # nanoseconds: text has microseconds


# MARK: in the guest

def write(path, text):
    file = os.open(path, os.O_WRONLY)  # opened to be cut short, dynamic_events forgets everything; to append, it cannot be
    try:
        os.write(file, text.encode())
    finally:
        os.close(file)


@contextlib.contextmanager
def recorded(step, shared):
    """Records the truth of a step into truth.txt beside its recording."""
    if "way" not in step:
        yield
        return
    os.mkdir(INSTANCE)
    try:
        write(f"{INSTANCE}/trace_clock", "mono")
        write(f"{INSTANCE}/buffer_size_kb", "8000")
        for name, probe in PROBES.items():
            write(f"{TRACING}/dynamic_events", f"p:truth/{name} {probe}\n")
            write(f"{INSTANCE}/events/truth/{name}/enable", "1")
        try:
            yield
        finally:
            with contextlib.suppress(OSError):  # there is no directory where the recording failed
                keep(f"{shared}/{step['name']}/truth.txt")
    finally:
        for name in PROBES:
            with contextlib.suppress(OSError):
                write(f"{INSTANCE}/events/truth/{name}/enable", "0")
        os.rmdir(INSTANCE)
        for name in PROBES:
            with contextlib.suppress(OSError):
                write(f"{TRACING}/dynamic_events", f"-:truth/{name}\n")


def keep(path):
    with open(f"{INSTANCE}/trace") as trace, open(f"{TRACING}/kprobe_profile") as profile, open(path, "w") as file:
        file.writelines(line for line in trace if not line.startswith("#") or "entries" in line)
        # A probe that hits while an interrupted one is being handled on the same CPU is only counted.
        file.write(f"# missed {sum(int(line.split()[2]) for line in profile if line.split()[0] in PROBES)}\n")


# MARK: on the host

# A packet as the transport saw it: its address, when, its socket, its flow as the application names it, the bytes [start, end) it
# carries in its stream, or the number and the bytes of its datagram.
Packet = collections.namedtuple("Packet", "skb time socket flow start end number")


def swapped(value):
    return value >> 8 & 0xff | (value & 0xff) << 8


def probes(path):
    """The lines of truth.txt: time, pid, probe, fields."""
    with open(path) as file:
        for line in file:
            match = LINE.search(line)
            if match:
                pid, _, seconds, micros, name, rest = match.groups()
                fields = {key: int(value, 0) for key, value in (field.split("=") for field in rest.split())}
                yield int(seconds) * 10**9 + int(micros) * 1000, int(pid), name, fields


def missing(start, stop, covered):
    """The part of [start, stop) that no range in `covered` has, from its first byte to its last; nothing if they have all."""
    for begin, end in sorted(covered):
        if begin <= start < end:
            start = end
    for begin, end in sorted(covered, reverse=True):
        if begin < stop <= end:
            stop = begin
    return (start, stop) if start < stop else None


def packets_of(path):
    """Each packet that reached a server's socket with something new for the application, in order of time."""
    bases, waiting, covered, found = {}, {}, collections.defaultdict(list), []
    for time, _, name, fields in probes(path):
        ports = fields["ports"]
        source, target = swapped(ports & 0xffff), swapped(ports >> 16)
        if not 7100 <= target < 7300:
            continue
        flow = f"{'udp' if name == 'udp_queue' else 'tcp'}:{source}>{target}"
        if name == "udp_queue":
            identification = swapped(fields["id"])
            number = (identification - bases.setdefault(flow, identification)) % 2**16
            found.append(Packet(fields["skb"], time, fields["sk"], flow, 0, swapped(fields["length"]) - 8, number))
            continue
        skb, seq, end = fields["skb"], fields["seq"], fields["end"]
        if name == "tcp_backlog":
            waiting[skb] = seq
        elif waiting.get(skb) == seq:
            del waiting[skb]  # it comes out of the backlog, perhaps with others merged into it
            continue
        if flow not in bases:
            bases[flow] = end  # the SYN
            continue
        start, stop = (seq - bases[flow]) % 2**32, (end - bases[flow]) % 2**32
        new = missing(start, stop, covered[flow]) if start < 2**31 else None
        if not new:
            continue  # an acknowledgement, or sent again
        found.append(Packet(skb, time, fields["sk"], flow, *new, None))
        covered[flow].append(new)
    return found


def calls_of(log):
    """The log's receive calls by flow, in order."""
    calls = collections.defaultdict(list)
    for row in log:
        if row["type"] == "recv" and row["bytes"]:
            calls[row["flow"]].append(row)
    return calls


class Journeys:
    """The journeys by address and time."""

    def __init__(self, journeys):
        self.by_skb = collections.defaultdict(list)
        for journey in journeys:
            if journey["direction"] == "rx" and time_of(journey, "receive") is not None:
                self.by_skb[int(journey["skb"], 16)].append((time_of(journey, "receive"), journey["id"], journey))
        for entries in self.by_skb.values():
            entries.sort()

    def of(self, packet):
        """The journey of a packet: the last one delivered at its address before the transport saw it."""
        entries = self.by_skb.get(packet.skb, [])
        place = bisect.bisect_right(entries, packet.time + SLACK, key=lambda entry: entry[0])
        return entries[place - 1][2] if place else None


def fault(journey, packet, call):
    """Why a journey does not say what the truth says of its packet, or None."""
    if journey is None:
        return "missing", "there is no journey"
    if journey["outcome"] != "delivered" or journey["completeness"] == "ambiguous":
        return "missing", f"it is {journey['outcome']}, {journey['completeness']}"
    read = time_of(journey, "read")
    if journey["reader"]["pid"] != call["pid"]:
        return "wrong", f"its reader is {journey['reader']['pid']}, the truth's {call['pid']}"
    if not call["before"] <= read <= call["after"]:
        return "wrong", f"it is read at {read}, the call ran from {call['before']} to {call['after']}"
    if journey["socket"] and int(journey["socket"], 16) != packet.socket:
        return "wrong", f"its socket is {journey['socket']}, the truth's {packet.socket:#x}"
    stream = journey["stream"]
    if stream and packet.number is None and (stream["from"], stream["to"]) != (packet.start, min(packet.end, call["total"])):
        return "wrong", f"its bytes are {stream['from']} to {stream['to']}, the truth's {packet.start} to {packet.end}"
    if stream and packet.number is not None and stream["to"] != call["bytes"]:
        return "wrong", f"it has {stream['to']} bytes, the datagram {call['bytes']}"
    return None


def stamp_fault(journey, call, log):
    """Whether the kernel's own time stamp of a datagram lies outside the journey's arrival."""
    if not call["stamp"] or call["flow"][:3] != "udp" or journey["device"] == "lo":
        return None
    stamp = call["stamp"] - log[0]["realtime_minus_monotonic"]
    slack = log[0]["uncertainty"] + 2000
    first, last = time_of(journey, "gro") or time_of(journey, "receive"), time_of(journey, "receive")
    if not first - slack <= stamp <= last + slack:
        return "wrong", f"its arrival is {first} to {last}, the kernel's stamp {stamp}"
    return None


class Figures:
    """How many messages were joined to the right packets."""

    def __init__(self):
        self.messages = self.right = self.wrong = self.exact = self.missing = self.unseen = self.packets = self.extra = 0
        self.problems = []

    @property
    def passed(self):
        """Whether one run is as it should be. A run of some dozens of messages cannot show 99.9 %, nor that the probes see 99 %: `totals`
        holds all of a kernel to that."""
        return (self.right >= self.messages - max(2, 0.02 * self.messages) and not self.exact
                and self.extra <= max(1, 0.01 * self.packets) and self.unseen <= max(2, 0.02 * self.messages))

    def __str__(self):
        shown = "".join(f"\n       {problem}" for problem in self.problems[:4])
        return (f"{self.messages} messages in {self.packets} packets: {self.right} right, {self.wrong} wrong, of them {self.exact} "
                f"with link exact, {self.missing} not joined; {self.extra} other packets joined to the reader; "
                f"{self.unseen} messages not seen by the probes{shown}")

    def miss(self, row):
        """A message whose packet no probe saw."""
        self.unseen += 1
        self.problems.append(f"{row['flow']} message {row['number']}: the probes saw no packet")

    def count(self, faults):
        """One message, whose packets had these faults."""
        self.messages += 1
        worst = {kind for kind, _, _ in faults}
        if not faults:
            self.right += 1
        elif "wrong" in worst:
            self.wrong += 1
            self.exact += any(kind == "wrong" and link == "exact" for kind, link, _ in faults)
        else:
            self.missing += 1
        self.problems += [text for _, _, text in faults]


def call_of(packet, calls):
    """The receive call that returned a packet's last byte, or its datagram."""
    if packet.number is not None:
        call = next((call for call in calls if call["numbers"] == [packet.number]), None)
        if call and call["bytes"] != packet.end:
            raise ValueError(f"{packet.flow}: datagram {packet.number} has {packet.end} bytes on the wire and {call['bytes']} in the log")
        return call
    last = min(packet.end, calls[-1]["to"]) - 1
    return next((call for call in calls if call["from"] <= last < call["to"]), None)


def judged(packet, calls, journeys, log):
    """The faults of one packet's journey, as (kind, link, text)."""
    call = call_of(packet, calls)
    if call is None:
        return []
    journey = journeys.of(packet)
    found = fault(journey, packet, {**call, "total": calls[-1]["to"]}) or stamp_fault(journey, call, log)
    if not found:
        return []
    link = next((entry["link"] for entry in journey["stages"] if entry["stage"] == "read"), None) if journey else None
    name = f"packet {journey['id']}" if journey else f"skb {packet.skb:#x} at {packet.time}"
    return [(found[0], link, f"{packet.flow} {name}: {found[1]}")]


def figures(directory, journeys):
    """Compares all messages of a run."""
    received, sent = read_lines(f"{directory}/recv.jsonl"), read_lines(f"{directory}/send.jsonl")
    result, known, calls = Figures(), Journeys(journeys), calls_of(received)
    carried, matched = collections.defaultdict(list), set()
    for packet in packets_of(f"{directory}/truth.txt"):
        if packet.flow in calls and (packet.number is not None or packet.start < calls[packet.flow][-1]["to"]):
            carried[packet.flow].append((packet, judged(packet, calls[packet.flow], known, received)))
            matched.add((known.of(packet) or {}).get("id"))
    result.packets = sum(map(len, carried.values()))
    arrived = {(flow, number) for flow, rows in calls.items() for row in rows for number in row["numbers"]}
    for row in sent:
        if row["type"] == "send" and (row["flow"], row["number"]) in arrived:
            mine = [faults for packet, faults in carried[row["flow"]] if carries(packet, row)]
            result.count([fault for faults in mine for fault in faults]) if mine else result.miss(row)
    with open(f"{directory}/truth.txt") as file:
        missed = int(re.findall(r"# missed (\d+)", file.read())[-1])
    readers = {row["pid"] for row in received if "pid" in row}
    result.extra = sum(journey["outcome"] == "delivered" and journey["reader"]["pid"] in readers and journey["id"] not in matched
                       for journey in journeys)
    if result.unseen <= missed:
        result.extra = max(result.extra - result.unseen, 0)
    return result


def carries(packet, row):
    """Whether a packet carried the message that `row` sent, or a part of it."""
    if packet.number is not None:
        return packet.number == row["number"]
    return packet.start < row["to"] and row["from"] < packet.end


# MARK: the table

ABOUT = """# Journeys against the truth

Written by `make kernels` (Lab/truth.py). A message is *right* if every packet that kernel probes saw carry it has a journey with
the same socket, the same bytes, the same reader, and a read within the call that returned it; *wrong* if a journey says
otherwise; *not joined* if there is no journey, or none that was delivered. *Unseen* messages are not counted: the kernel leaves
out a probe that hits while it handles another one on that CPU (`kprobe_profile` counts them). *Joined to none*: journeys delivered to the application of
which the probes know nothing. Recorded with `wakepath record`. The goal is 99.9 % right, and none wrong whose read has the link `exact`.

"""
HEAD = ["kernel", "card", "workload", "messages", "right", "wrong", "wrong and exact", "not joined", "unseen", "packets", "joined to none"]


def row_of(step, found):
    """The table's row of one run."""
    return [step["kernel"], step["nic"], step["workload"], found.messages, f"{found.right} ({100 * found.right / max(found.messages, 1):.2f} %)",
            found.wrong, found.exact, found.missing, found.unseen, found.packets, found.extra]


def totals(rows):
    """By kernel: the messages of all its rows that the probes saw, how many of them were joined to the right packets, and the unseen ones."""
    sums = collections.defaultdict(lambda: [0, 0, 0])
    for row in rows:
        sums[row[0]][0] += row[3]
        sums[row[0]][1] += int(str(row[4]).split()[0])
        sums[row[0]][2] += row[8]
    return {kernel: tuple(both) for kernel, both in sums.items()}


def write_table(path, rows):
    """Writes the rows into the table, in place of those of the same kernels, cards and workloads."""
    if not rows:
        return
    with contextlib.suppress(FileNotFoundError), open(path) as file:
        known = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in file if line.startswith("|")][2:]
        rows = rows + [row for row in known if row[:3] not in [new[:3] for new in rows]]
    rows.sort(key=lambda row: [str(cell) for cell in row[:3]])
    lines = [HEAD, ["---"] * 3 + ["---:"] * (len(HEAD) - 3)] + rows
    with open(path, "w") as file:
        file.write(ABOUT + "".join("| " + " | ".join(map(str, line)) + " |\n" for line in lines))


def main():
    parser = argparse.ArgumentParser(description="holds wakepath's journeys against kernel probes and the application's log")
    parser.add_argument("directory", nargs="+")
    parser.add_argument("--wakepath", metavar="PROGRAM", required=True)
    parser.add_argument("--table", metavar="FILE", help="also writes the rows of the runs named …-truth-… into this table")
    options = parser.parse_args()
    failed, rows = 0, []
    for directory in options.directory:
        found = figures(directory, packets(options.wakepath, f"{directory}/trace.dat"))
        failed += not found.passed
        name = os.path.basename(os.path.normpath(directory))
        print(f"{name}: {found}")
        boot, is_run, workload = name.partition("-truth-")
        if is_run:
            kernel, _, nic = boot.rpartition("-")
            rows.append(row_of({"kernel": kernel, "nic": nic, "workload": workload}, found))
    if options.table:
        write_table(options.table, rows)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
