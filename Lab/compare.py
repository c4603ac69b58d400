#!/usr/bin/env python3
"""Holds the journeys that wakepath reconstructs against what the application logged.

    compare.py DIRECTORY… (--wakepath PROGRAM | --packets FILE)

DIRECTORY is one run of the lab. --packets takes the output of `wakepath packets --json` from a file instead of
running the program. One line a check; exit status 1 when any fails.
"""
import argparse
import collections
import json
import os
import re
import subprocess
import sys

TIMEOUT = 120
PING_LENGTH = 84  # ping's 56 bytes, the ICMP and the IP header
EXAMPLES = 3  # how many counterexamples a failed check shows


class Check(collections.namedtuple("Check", "what good total problems")):
    """`good` of `total` things are as they should be; `problems` describes the others."""

    @property
    def passed(self):
        return self.good == self.total and not self.problems

    def __str__(self):
        mark = "ok  " if self.passed else "FAIL"
        shown = "".join(f"\n       {problem}" for problem in self.problems[:EXAMPLES])
        more = f"\n       and {len(self.problems) - EXAMPLES} more" if len(self.problems) > EXAMPLES else ""
        return f"{mark}   {self.what}: {self.good} of {self.total}{shown}{more}"


def each(what, items, problem_of):
    """A check that wants no problem from any item, and at least one item."""
    problems = [problem for problem in map(problem_of, items) if problem]
    if not items:
        return Check(what, 0, 0, ["there was nothing to check"])
    return Check(what, len(items) - len(problems), len(items), problems)


def count(what, found, expected):
    problems = [] if found == expected else [f"expected {expected}, found {found}"]
    return Check(what, found, expected, problems)


def read_lines(path):
    with open(path) as file:
        return [json.loads(line) for line in file if line.strip()]


def packets(program, trace):
    done = subprocess.run([program, "packets", "--json", trace], timeout=TIMEOUT, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
    if done.returncode:
        raise RuntimeError(f"{program} packets ended with status {done.returncode}: {done.stderr.strip()}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def time_of(journey, stage):
    return next((entry["time"] for entry in journey["stages"] if entry["stage"] == stage), None)


def delivered(journeys, device, protocol):
    return [journey for journey in journeys
            if (journey["direction"], journey["outcome"], journey["device"], journey["protocol"])
            == ("rx", "delivered", device, protocol)]


def name(journey):
    return f"packet {journey['id']} ({journey['skb']})"


def reader_problem(pid):
    def problem(journey):
        reader = journey["reader"]
        if not reader or reader["pid"] != pid:
            return f"{name(journey)}: read by {reader}, the application is {pid}"
    return problem


def size(journey):
    return journey["stream"]["to"] - journey["stream"]["from"]


def identity_checks(journeys, pid):
    """Of the delivered journeys of one application: its reader, one socket, each journey once, each with a read."""
    def birth(journey):  # an address is used again within one poll, an address and a time are not
        return journey["skb"], time_of(journey, "receive")

    births = collections.Counter(map(birth, journeys))
    ids = collections.Counter(journey["id"] for journey in journeys)
    sockets = {journey["socket"] for journey in journeys}
    return [
        each("reader is the receiving process", journeys, reader_problem(pid)),
        each("no journey delivered twice", journeys, lambda journey:
             f"{name(journey)} stands there more than once"
             if ids[journey["id"]] > 1 or births[birth(journey)] > 1 else None),
        each("stages in order of time", journeys, lambda journey:
             f"{name(journey)}: {[(entry['stage'], entry['time']) for entry in journey['stages']]}"
             if [entry["time"] for entry in journey["stages"]] != sorted(entry["time"] for entry in journey["stages"])
             else None),
        each("has a read stage", journeys, lambda journey:
             f"{name(journey)} has none" if time_of(journey, "read") is None else None),
        Check("all on one socket", int(len(sockets) == 1 and None not in sockets), 1,
              [] if len(sockets) == 1 and None not in sockets else [f"sockets {sorted(map(str, sockets))}"]),
    ]


def udp_checks(journeys, meta, log):
    process, calls = log[0], [row for row in log if row["type"] == "recv"]
    mine = delivered(journeys, meta["devices"]["rx"], "udp")
    checks = [count("delivered journeys, one a datagram", len(mine), len(calls)),
              *identity_checks(mine, process["pid"])]
    mine = sorted((journey for journey in mine if time_of(journey, "read") is not None),
                  key=lambda journey: time_of(journey, "read"))
    pairs = list(zip(mine, calls))

    def outside_call(pair):
        journey, call = pair
        if not call["before"] <= time_of(journey, "read") <= call["after"]:
            return (f"{name(journey)}: read at {time_of(journey, 'read')}, recv {call['call']} ran from "
                    f"{call['before']} to {call['after']}")

    def wrong_size(pair):
        journey, call = pair
        if not journey["stream"] or size(journey) != call["bytes"]:
            return f"{name(journey)}: stream {journey['stream']}, recv {call['call']} returned {call['bytes']} bytes"

    def wrong_stamp(pair):
        # The kernel stamps a packet between the driver's hand-over and netif_receive_skb. This ties journey and
        # datagram together by something neither the reader's log nor the order of journeys decided.
        journey, call = pair
        stamp = call["stamp"] - process["realtime_minus_monotonic"]
        first, last = time_of(journey, "gro"), time_of(journey, "receive")
        if first is None or last is None:
            return f"{name(journey)}: gro {first}, receive {last}"
        slack = process["uncertainty"] + 1000
        if not first - slack <= stamp <= last + slack:
            return f"{name(journey)}: gro {first}, receive {last}, the kernel's stamp of recv {call['call']} is {stamp}"

    return checks + [each("read within the recv that returned it", pairs, outside_call),
                     each("stream is the datagram's size", pairs, wrong_size),
                     each("SO_TIMESTAMPNS between gro and receive", pairs, wrong_stamp)]


def tcp_checks(journeys, meta, log):
    process, calls = log[0], [row for row in log if row["type"] == "recv" and row["bytes"]]
    total = calls[-1]["to"] if calls else 0
    mine = [journey for journey in delivered(journeys, meta["devices"]["rx"], "tcp")
            if journey["stream"] and size(journey) > 0]
    checks = identity_checks(mine, process["pid"])
    mine.sort(key=lambda journey: (journey["stream"]["from"], journey["stream"]["to"]))
    covered, problems = 0, []
    for journey in mine:
        start, end = journey["stream"]["from"], journey["stream"]["to"]
        if start > covered:
            problems.append(f"bytes {covered} to {start} belong to no packet, the next is {name(journey)}")
        elif start < covered:
            problems.append(f"{name(journey)} holds bytes {start} to {end}, those before {covered} are taken")
        covered = max(covered, end)
    if covered != total:
        problems.append(f"the packets end at byte {covered}, the application received {total}")
    checks.append(Check("every byte covered once", covered if not problems else 0, total, problems))

    def outside_call(journey):
        last = journey["stream"]["to"] - 1
        call = next((call for call in calls if call["from"] <= last < call["to"]), None)
        read = time_of(journey, "read")
        if call is None or read is None or not call["before"] <= read <= call["after"]:
            window = f"from {call['before']} to {call['after']}" if call else "never"
            return f"{name(journey)}, bytes to {last + 1}: read at {read}, the recv that returned them ran {window}"

    return checks + [each("read within the recv that returned its last byte", mine, outside_call)]


def icmp_checks(journeys, meta, directory):
    with open(f"{directory}/ping.log") as file:
        replies = len(re.findall(r"bytes from", file.read()))
    mine = delivered(journeys, meta["devices"]["tx"], "icmp")
    # No event names the protocol of a request, which has no socket; ARP is shorter.
    requests = [journey for journey in journeys
                if (journey["direction"], journey["device"], journey["length"])
                == ("rx", meta["devices"]["rx"], PING_LENGTH)]
    return [count("delivered journeys, one a reply", len(mine), replies),
            each("reader is ping", mine, reader_problem(meta["pids"]["ping"])),
            count("requests", len(requests), meta["count"]),
            each("requests are absorbed by the stack", requests, lambda journey:
                 f"{name(journey)}: {journey['outcome']}" if journey["outcome"] != "absorbed" else None)]


def compare(directory, journeys):
    """All checks of one run's directory."""
    with open(f"{directory}/meta.json") as file:
        meta = json.load(file)
    if meta["workload"] == "icmp":
        return icmp_checks(journeys, meta, directory)
    log = read_lines(f"{directory}/recv.jsonl")
    return {"udp": udp_checks, "tcp": tcp_checks}[meta["workload"]](journeys, meta, log)


def main():
    parser = argparse.ArgumentParser(description="holds wakepath's journeys against the application's log")
    parser.add_argument("directory", nargs="+")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--wakepath", metavar="PROGRAM")
    source.add_argument("--packets", metavar="FILE", help="output of wakepath packets --json")
    options = parser.parse_args()
    failed = 0
    for directory in options.directory:
        print(os.path.basename(os.path.normpath(directory)))
        try:
            journeys = (read_lines(options.packets) if options.packets
                        else packets(options.wakepath, f"{directory}/trace.dat"))
            checks = compare(directory, journeys)
        except (RuntimeError, OSError, ValueError, KeyError, TypeError, subprocess.TimeoutExpired) as error:
            checks = [Check(f"{type(error).__name__}: {error}", 0, 1, [])]
        for check in checks:
            print(check)
        failed += sum(not check.passed for check in checks)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
