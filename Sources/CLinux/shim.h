// System calls and structures of Linux that Swift's Glibc module does not show.
#pragma once
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

// Leaves the namespaces in `flags` for new ones, or enters that of the descriptor `space`.
static inline int wakepath_unshare(int flags) { return (int)syscall(SYS_unshare, flags); }
static inline int wakepath_setns(int space, int flags) { return (int)syscall(SYS_setns, space, flags); }

// The kernel's number of the calling thread, in its own pid namespace.
static inline int wakepath_gettid(void) { return (int)syscall(SYS_gettid); }

// Names the calling thread, up to 15 bytes.
static inline void wakepath_name_thread(const char *name) { prctl(PR_SET_NAME, (unsigned long)name, 0, 0, 0); }

// Has the kernel kill this process when the thread that started it ends.
static inline void wakepath_die_with_parent(void) { prctl(PR_SET_PDEATHSIG, 9, 0, 0, 0); }
