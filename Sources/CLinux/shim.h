// System calls and structures of Linux that Swift's Glibc module does not show.
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/if_addr.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

// <fcntl.h> shows these with _GNU_SOURCE only, which Swift's importer does not set.
#ifndef F_SETPIPE_SZ
#define F_SETPIPE_SZ 1031
#endif
#ifndef FALLOC_FL_KEEP_SIZE
#define FALLOC_FL_KEEP_SIZE 0x01
#define FALLOC_FL_PUNCH_HOLE 0x02
#endif
#ifndef SPLICE_F_MOVE
#define SPLICE_F_MOVE 1
#define SPLICE_F_NONBLOCK 2
#endif
#ifdef O_TMPFILE
static const int wakepath_unnamed_file = O_TMPFILE;
#else
static const int wakepath_unnamed_file = 020000000 | O_DIRECTORY;
#endif

// Leaves the namespaces in `flags` for new ones, or enters that of the descriptor `space`.
static inline int wakepath_unshare(int flags) { return (int)syscall(SYS_unshare, flags); }
static inline int wakepath_setns(int space, int flags) { return (int)syscall(SYS_setns, space, flags); }

// The kernel's number of the calling thread, in its own pid namespace.
static inline int wakepath_gettid(void) { return (int)syscall(SYS_gettid); }

// Names the calling thread, up to 15 bytes.
static inline void wakepath_name_thread(const char *name) { prctl(PR_SET_NAME, (unsigned long)name, 0, 0, 0); }

// Has the kernel kill this process when the thread that started it ends.
static inline void wakepath_die_with_parent(void) { prctl(PR_SET_PDEATHSIG, 9, 0, 0, 0); }

// Moves up to `count` bytes between a pipe and a file; `flags` as in splice(2).
static inline long wakepath_splice(int from, int to, unsigned long count, unsigned int flags) {
  return syscall(SYS_splice, from, 0L, to, 0L, count, flags);
}

// Gives a file's room on disk back where it holds nothing that is needed; `mode` as in fallocate(2).
static inline int wakepath_fallocate(int file, int mode, long offset, long length) {
  return (int)syscall(SYS_fallocate, file, mode, offset, length);
}

// The environment of this process; Swift does not let a global variable of C be read.
static inline char **wakepath_environment(void) {
  extern char **environ;
  return environ;
}

// A pipe whose ends no command inherits; with `flags` O_NONBLOCK, nobody waits at them.
static inline int wakepath_pipe(int *ends, int flags) { return (int)syscall(SYS_pipe2, ends, flags | O_CLOEXEC); }

// A process to start. Between fork and execve only what signal-safety(7) lists may be called, and no code of Swift, so this is here.
struct wakepath_start {
  const char *path;
  char *const *arguments, *const *environment;
  int input, output;  // its standard input and output; -1 leaves them as they are
  int directory;      // an open directory to run in, or -1
  int death_signal;   // the signal it gets when the thread that starts it ends, or 0
  int is_other_user;  // whether it runs as user and group and with the groups below
  unsigned int user, group;
  const unsigned int *groups;
  unsigned long group_count;
};

// In the child: becomes what `start` says, or answers errno.
static inline int wakepath_become(const struct wakepath_start *start) {
  struct sigaction usual = {.sa_handler = SIG_DFL}, now;
  sigset_t none;
  // No handler of ours must run here. What is ignored stays so in the new program; of that only these two are ours.
  for (int number = 1; number <= 64; number++) {
    if (sigaction(number, 0, &now) < 0 || now.sa_handler == SIG_DFL) continue;
    if (now.sa_handler != SIG_IGN || number == SIGXFSZ || number == SIGPIPE) sigaction(number, &usual, 0);
  }
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, 0);
  if (start->input >= 0 && dup2(start->input, 0) < 0) return errno;
  if (start->output >= 0 && dup2(start->output, 1) < 0) return errno;
  if (start->directory >= 0 && fchdir(start->directory) < 0) return errno;
  if (start->is_other_user) {
    if (setgroups(start->group_count, start->groups) < 0 || setgid(start->group) < 0 || setuid(start->user) < 0) return errno;
  }
  if (start->death_signal) prctl(PR_SET_PDEATHSIG, (unsigned long)start->death_signal, 0, 0, 0);
  execve(start->path, start->arguments, start->environment);
  return errno;
}

// Starts it; answers its number, or the negative errno of the step that failed.
static inline int wakepath_spawn(const struct wakepath_start *start) {
  int report[2], failure = 0;
  if (wakepath_pipe(report, 0) < 0) return -errno;
  // No signal must run a handler of ours in the child.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int child = fork();
  if (child == 0) {
    failure = wakepath_become(start);
    if (write(report[1], &failure, sizeof failure) < 0) _exit(126);
    _exit(127);
  }
  if (child < 0) failure = errno;
  pthread_sigmask(SIG_SETMASK, &before, 0);
  close(report[1]);
  if (child > 0) {
    long got;
    do got = read(report[0], &failure, sizeof failure); while (got < 0 && errno == EINTR);
    if (got == sizeof failure) {
      int status;
      while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    }
  }
  close(report[0]);
  return failure ? -failure : child;
}
