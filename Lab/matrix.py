"""One run recorded by several recorders at once, for the tests that hold every format against every other.

The recorders are nested, the one with the longest records innermost: trace-cmd, perf to a packed file, perf to a pipe.
Each takes its own time of an event, some microseconds apart. The texts are made on the host, as by anyone who reads the
recording on another machine.
"""
import gzip
import os
import re
import shutil
import subprocess

RECORDER = "matrix"
COUNT = 60  # messages: three recordings of them fit into 1.5 MB
OPTIONS = ["record", "-q", "-a", "-N", "-k", "mono", "-m", "4M"]
LOCAL = "/dev/shm/perf"
# The stack behind each wakeup, by trace-cmd and by perf.
STACKS = ["-e", "sched:sched_waking", "-R", "stacktrace"]
CALLCHAINS = {"sched:sched_waking": "sched:sched_waking/call-graph=fp/"}
# Where interrupts and soft interrupts begin in a stack: what lies beyond was interrupted.
INTERRUPTIONS = ("asm_", "handle_irq_event", "handle_softirqs", "__handle_irq_event", "__do_softirq", "__softirqentry_text_start", "generic_handle_")
SYMBOLS_AROUND = 40  # as many on either side of sock_def_readable are kept of /proc/kallsyms
TEXTS = {  # made from which recording, and by what
    "report.txt": ["trace-cmd", "report", "trace.dat"],
    "report-t.txt": ["trace-cmd", "report", "-t", "trace.dat"],
    "script.txt": ["perf", "script", "--kallsyms", "/dev/null", "-i", "perf.data"],
    "script-ns.txt": ["perf", "script", "--ns", "--kallsyms", "/dev/null", "-i", "perf.data"],
    "script-pipe.txt": ["perf", "script", "--kallsyms", "/dev/null", "-i", "perf.pipe"],
}
TEXTS_WITH_SYMBOLS = {name: [word.replace("/dev/null", "kallsyms") for word in command] for name, command in TEXTS.items()}


def steps(boot):
    """What the guest of a boot records in this way."""
    return [dict(name=f"{boot}-{workload}-matrix", workload=workload, count=COUNT, recorder=RECORDER, options=[])
            for workload in ["udp", "tcp"]]


def stack_steps(boot):
    """The same with the stacks of wakeups, for kernels where no event says that a socket became readable."""
    return [dict(name=f"{boot}-udp-callchains", workload="udp", count=COUNT, recorder=RECORDER, options=STACKS)]


def local_perf():
    """The command that runs a copy of perf in the guest's memory, without /lib/modules, whose thousands of files perf looks
    up: from the host's disk that takes a minute, which it all records."""
    if not os.path.isdir(LOCAL):
        program = shutil.which("perf")
        needed = subprocess.run(["ldd", program], check=True, text=True, stdout=subprocess.PIPE).stdout
        os.mkdir(LOCAL)
        for path in [program, *re.findall(r"=> (/\S+)", needed)]:
            shutil.copy(path, LOCAL)
    return ["env", f"LD_LIBRARY_PATH={LOCAL}", f"{LOCAL}/perf"]


def recorder_command(perf, trace_cmd, events, directory):
    """The command that records to `directory` in all ways; `trace_cmd` is trace-cmd's own."""
    if "stacktrace" in trace_cmd:
        events = [CALLCHAINS.get(event, event) for event in events]
        keep_symbols(directory)
    chosen = [word for event in events for word in ["-e", event]]
    hidden = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs none /lib/modules; exec "$@"', "sh"]
    piped = ["sh", "-c", f'exec "$@" >{directory}/perf.pipe', "sh"]  # what perf starts prints to standard error instead
    return ([*hidden, *trace_cmd, *perf, *OPTIONS, "-z", "-o", f"{directory}/perf.data", *chosen, "--"]
            + [*piped, *perf, *OPTIONS, "-o", "-", *chosen, "--"])


def keep_symbols(directory):
    """Writes as much of /proc/kallsyms as says which addresses are in sock_def_readable, where interrupts begin, and where the kernel does;
    a perf.data names no functions."""
    with open("/proc/kallsyms") as table:
        lines = sorted((line for line in table if "[" not in line), key=lambda line: int(line.split()[0], 16))
    names = [line.split()[2] for line in lines]
    place = names.index("sock_def_readable")
    with open(os.path.join(directory, "kallsyms"), "w") as file:
        for number, line in enumerate(lines):
            if (abs(number - place) < SYMBOLS_AROUND or names[number] in ("_text", "_stext")
                    or any(name.startswith(INTERRUPTIONS) for name in names[max(number - 1, 0):number + 1])):
                file.write(line)


def write_texts(directory):
    """Writes the texts of the recordings in `directory`; what failed.

    perf names kernel code by the symbols of the machine it runs on, whatever kernel it recorded; it gets none, or those that were kept.
    """
    failures = []
    texts = TEXTS_WITH_SYMBOLS if os.path.exists(os.path.join(directory, "kallsyms")) else TEXTS
    for name, command in texts.items():
        done = subprocess.run(command, cwd=directory, timeout=120, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
        if done.returncode or not done.stdout:
            failures.append(f"{' '.join(command)} ended with status {done.returncode}: {done.stderr.decode()[-300:]}")
        with open(os.path.join(directory, name + ".gz"), "wb") as file:
            file.write(gzip.compress(done.stdout, mtime=0))
    return failures
