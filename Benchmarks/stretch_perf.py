#!/usr/bin/env python3
"""Makes a long perf.data of the form that pipes have from a short one: its records are repeated, each time later by the length of the recording.

    stretch_perf.py INPUT TIMES OUTPUT

The records are those the kernel wrote; only their times are moved. Reads what a little-endian machine wrote, not packed, with one layout for
the samples of all events; what describes the recording, and what has no time, stays at the start and comes once.
"""
import struct
import sys

SAMPLE, ATTRIBUTE, TRACING_DATA, FINISHED_ROUND = 9, 64, 66, 68
# Parts of a sample in front of its time, and of other records' trailers behind it.
BEFORE, BEHIND = (1 << 16 | 1 << 0 | 1 << 1), (1 << 6 | 1 << 9 | 1 << 7 | 1 << 16)


def records(data):
    """Each record's kind, and its bytes with those that follow it."""
    place = 16
    while place + 8 <= len(data):
        kind, _, size = struct.unpack_from("<IHH", data, place)
        if kind == TRACING_DATA:
            size += (struct.unpack_from("<I", data, place + 8)[0] + 7) & ~7
        yield kind, data[place:place + size]
        place += size


def stretch(source, times, target):
    with open(source, "rb") as file:
        data = file.read()
    parts = next(struct.unpack_from("<Q", record, 32)[0] for kind, record in records(data) if kind == ATTRIBUTE)
    in_sample = 8 + 8 * (parts & BEFORE).bit_count()
    before_end = 8 + 8 * (parts & BEHIND).bit_count()

    def time_place(kind, record):
        return in_sample if kind == SAMPLE else len(record) - before_end

    head, rounds, stamps = [data[:16]], [], []
    for kind, record in records(data):
        time = struct.unpack_from("<Q", record, time_place(kind, record))[0] if kind < ATTRIBUTE else 0
        if time or kind == FINISHED_ROUND:
            rounds.append((kind, record))
            stamps += [time] if time else []
        else:
            head.append(record)
    span = max(stamps) - min(stamps) + 10**9
    with open(target, "wb") as file:
        file.write(b"".join(head))
        for turn in range(times):
            for kind, record in rounds:
                if kind < ATTRIBUTE:
                    place = time_place(kind, record)
                    time = struct.unpack_from("<Q", record, place)[0] + turn * span
                    record = record[:place] + struct.pack("<Q", time) + record[place + 8:]
                file.write(record)


if __name__ == "__main__":
    stretch(sys.argv[1], int(sys.argv[2]), sys.argv[3])
