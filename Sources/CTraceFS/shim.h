// libtracefs: control of the kernel's tracing directory; and what Swift's Glibc module does not show.
#pragma once
#include <sys/syscall.h>
#include <tracefs.h>
#include <unistd.h>

// Moves up to `count` bytes between a pipe and a file; `flags` as in splice(2): 1 is SPLICE_F_MOVE, 2 is SPLICE_F_NONBLOCK.
static inline long wakepath_splice(int from, int to, unsigned long count, unsigned int flags) {
  return syscall(SYS_splice, from, 0L, to, 0L, count, flags);
}

// Gives a file's room on disk back where it holds nothing that is needed; `mode` as in fallocate(2), which <fcntl.h> hides from Swift.
static inline int wakepath_fallocate(int file, int mode, long offset, long length) {
  return (int)syscall(SYS_fallocate, file, mode, offset, length);
}

// The environment of this process; Swift does not let a global variable of C be read.
static inline char **wakepath_environment(void) {
  extern char **environ;
  return environ;
}
