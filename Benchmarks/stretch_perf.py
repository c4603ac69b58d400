#!/usr/bin/env python3
"""Makes a long perf.data from a short one of the form that pipes have: its records are repeated, each time later by the length of the recording.

    stretch_perf.py [--file] INPUT TIMES OUTPUT

The records are those the kernel wrote; only their times are moved. Reads what a little-endian machine wrote, not packed, with one layout for
the samples of all events; what describes the recording, and what has no time, comes once. Writes the form of pipes, or with --file that of files.
"""
import struct
import sys

SAMPLE, ATTRIBUTE, TRACING_DATA, FINISHED_ROUND, FEATURE = 9, 64, 66, 68, 80
# Parts of a sample in front of its time, and of other records' trailers behind it.
BEFORE, BEHIND = (1 << 16 | 1 << 0 | 1 << 1), (1 << 6 | 1 << 9 | 1 << 7 | 1 << 16)
# struct perf_file_header, and the number of the feature that holds the formats of events (tools/perf/util/header.h).
FILE_HEADER, FORMATS = 104, 1


def records(data):
    """Each record's kind, and its bytes with those that follow it."""
    place = 16
    while place + 8 <= len(data):
        kind, _, size = struct.unpack_from("<IHH", data, place)
        if kind == TRACING_DATA:
            size += (struct.unpack_from("<I", data, place + 8)[0] + 7) & ~7
        yield kind, data[place:place + size]
        place += size


class Recording:
    """What a pipe says once, and the records that are repeated."""

    def __init__(self, data):
        parts = next(struct.unpack_from("<Q", record, 32)[0] for kind, record in records(data) if kind == ATTRIBUTE)
        self.in_sample = 8 + 8 * (parts & BEFORE).bit_count()
        self.before_end = 8 + 8 * (parts & BEHIND).bit_count()
        self.head, self.once, self.rounds, stamps = data[:16], [], [], []
        for kind, record in records(data):
            time = struct.unpack_from("<Q", record, self.time_place(kind, record))[0] if kind < ATTRIBUTE else 0
            if time or kind == FINISHED_ROUND:
                self.rounds.append((kind, record))
                stamps += [time] if time else []
            else:
                self.once.append((kind, record))
        self.span = max(stamps) - min(stamps) + 10**9

    def time_place(self, kind, record):
        return self.in_sample if kind == SAMPLE else len(record) - self.before_end

    def write_rounds(self, times, file):
        """Writes the repeated records; how many bytes that were."""
        count = 0
        for turn in range(times):
            for kind, record in self.rounds:
                if kind < ATTRIBUTE:
                    place = self.time_place(kind, record)
                    time = struct.unpack_from("<Q", record, place)[0] + turn * self.span
                    record = record[:place] + struct.pack("<Q", time) + record[place + 8:]
                count += file.write(record)
        return count

    def write_pipe(self, times, file):
        file.write(self.head + b"".join(record for _, record in self.once))
        self.write_rounds(times, file)

    def write_file(self, times, file):
        """The header, ids, attributes, records, and the features behind a table of them."""
        ids, attributes, features, others = b"", b"", {}, b""
        for kind, record in self.once:
            if kind == ATTRIBUTE:
                size = struct.unpack_from("<I", record, 12)[0]
                own = record[8 + size:]
                attributes += record[8:8 + size] + struct.pack("<QQ", FILE_HEADER + len(ids), len(own))
                ids += own
            elif kind == TRACING_DATA:
                begin = struct.unpack_from("<H", record, 6)[0]
                features[FORMATS] = record[begin:begin + struct.unpack_from("<I", record, 8)[0]]
            elif kind == FEATURE:
                features[struct.unpack_from("<Q", record, 8)[0]] = record[16:]
            else:
                others += record
        first = next(record for kind, record in self.once if kind == ATTRIBUTE)
        entry = struct.unpack_from("<I", first, 12)[0] + 16
        begin = FILE_HEADER + len(ids)
        file.write(bytes(FILE_HEADER) + ids + attributes + others)
        size = len(others) + self.write_rounds(times, file)
        place = begin + len(attributes) + size + 16 * len(features)
        for number in sorted(features):
            file.write(struct.pack("<QQ", place, len(features[number])))
            place += len(features[number])
        file.write(b"".join(features[number] for number in sorted(features)))
        present = sum(1 << number for number in features).to_bytes(32, "little")
        file.seek(0)
        file.write(b"PERFILE2" + struct.pack(
            "<8Q", FILE_HEADER, entry, begin, len(attributes), begin + len(attributes), size, 0, 0) + present)


def stretch(source, times, target, as_file=False):
    with open(source, "rb") as file:
        recording = Recording(file.read())
    with open(target, "wb") as file:
        (recording.write_file if as_file else recording.write_pipe)(times, file)


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if word != "--file"]
    stretch(words[0], int(words[1]), words[2], as_file="--file" in sys.argv)
