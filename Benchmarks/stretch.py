#!/usr/bin/env python3
"""Makes a long trace.dat from a short one: every CPU's pages are repeated, each time later by the length of the recording.

    stretch.py INPUT TIMES OUTPUT

The pages are those the kernel wrote; only the time at the head of each page is moved. Reads version 6 without options behind the CPU list.
"""
import struct
import sys

PAGE = 4096


def word(data, offset):
    return struct.unpack_from("<Q", data, offset)[0]


def cpus(data):
    """Where the list of CPUs begins, and the first and last byte of each CPU's pages."""
    start = data.index(b"flyrecord\0") + 10
    found = []
    while start + 16 * len(found) + 16 <= (found[0][0] if found else len(data)):
        offset, size = word(data, start + 16 * len(found)), word(data, start + 16 * len(found) + 8)
        if offset < start or offset > len(data) or size > len(data) - offset:
            break
        found.append((offset, offset + size))
    return start, found


def stretch(source, times, target):
    with open(source, "rb") as file:
        data = file.read()
    start, parts = cpus(data)
    stamps = [word(data, page) for first, end in parts if end > first for page in (first, end - PAGE)]
    span = max(stamps) - min(stamps) + 10**9
    head = bytearray(data[:start])
    offset = -(-(start + 16 * len(parts)) // PAGE) * PAGE
    for first, end in parts:
        head += struct.pack("<QQ", offset, (end - first) * times)
        offset += (end - first) * times
    head += bytes(-len(head) % PAGE)
    with open(target, "wb") as file:
        file.write(head)
        for first, end in parts:
            for time in range(times):
                for page in range(first, end, PAGE):
                    file.write(struct.pack("<Q", word(data, page) + time * span) + data[page + 8:page + PAGE])


if __name__ == "__main__":
    stretch(sys.argv[1], int(sys.argv[2]), sys.argv[3])
