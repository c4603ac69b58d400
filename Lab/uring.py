"""io_uring in as little as one receive needs: three system calls and two rings in shared memory, through ctypes.

Layouts and numbers are those of include/uapi/linux/io_uring.h and the x86-64 system call table.
"""
import ctypes
import mmap
import os
import struct

SETUP, ENTER = 425, 426  # system calls
OFF_SQ_RING, OFF_SQES = 0, 0x10000000  # what mmap of the ring's file maps
ENTER_GETEVENTS, OP_RECV = 1, 27
SQE_SIZE = 64
PARAMS = struct.Struct("10I10I10I")  # struct io_uring_params: 10 words, then offsets of the submission and completion rings

libc = ctypes.CDLL(None, use_errno=True)


def system_call(number, *arguments):
    result = libc.syscall(ctypes.c_long(number), *arguments)
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result


class Ring:
    """A ring of four entries that has one receive under way at a time."""

    def __init__(self):
        params = ctypes.create_string_buffer(PARAMS.size)
        self.file = system_call(SETUP, ctypes.c_uint(4), params)
        words = PARAMS.unpack(params.raw)
        self.sq_tail, self.sq_array = words[11], words[16]
        self.cq_head, self.cq_tail, self.cq_mask, self.cqes = words[20], words[21], words[22], words[25]
        entries, cq_entries = words[0], words[1]
        size = max(self.sq_array + 4 * entries, self.cqes + 16 * cq_entries)  # IORING_FEAT_SINGLE_MMAP: one area holds both
        self.rings = mmap.mmap(self.file, size, offset=OFF_SQ_RING)
        self.sqes = mmap.mmap(self.file, SQE_SIZE * entries, offset=OFF_SQES)

    def word(self, offset):
        return struct.unpack_from("<I", self.rings, offset)[0]

    def receive(self, descriptor, size):
        """Receives up to `size` bytes of a socket and waits until they are there."""
        buffer = ctypes.create_string_buffer(size)
        tail = self.word(self.sq_tail)
        struct.pack_into("<BBHiQQIIQ", self.sqes, 0, OP_RECV, 0, 0, descriptor, 0, ctypes.addressof(buffer), size, 0, 1)
        struct.pack_into("<I", self.rings, self.sq_array + 4 * (tail % 4), 0)
        struct.pack_into("<I", self.rings, self.sq_tail, tail + 1)
        system_call(ENTER, ctypes.c_uint(self.file), ctypes.c_uint(1), ctypes.c_uint(1), ctypes.c_uint(ENTER_GETEVENTS), None,
                    ctypes.c_size_t(0))
        head = self.word(self.cq_head)
        _, result, _ = struct.unpack_from("<QiI", self.rings, self.cqes + 16 * (head & self.word(self.cq_mask)))
        struct.pack_into("<I", self.rings, self.cq_head, head + 1)
        if result < 0:
            raise OSError(-result, os.strerror(-result))
        return buffer.raw[:result]
