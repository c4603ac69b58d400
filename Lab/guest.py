#!/usr/bin/env python3
"""Runs inside the guest: lays out the two namespaces, then records each workload of the plan.

    guest.py DIRECTORY

DIRECTORY is shared with the host. It holds plan.json, written by Lab/run; each run's files go to a directory of its
name there, and what failed goes to failures.json.
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import paths
import truth

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import matrix  # noqa: E402  the module next to this file

TRACING = "/sys/kernel/tracing"
EVENTS = """
irq:irq_handler_entry irq:irq_handler_exit irq:softirq_raise irq:softirq_entry irq:softirq_exit napi:napi_poll
net:napi_gro_receive_entry net:napi_gro_receive_exit net:napi_gro_frags_entry net:napi_gro_frags_exit
net:netif_receive_skb net:netif_receive_skb_entry net:netif_rx_entry net:netif_rx
net:net_dev_queue net:net_dev_start_xmit net:net_dev_xmit
skb:kfree_skb skb:consume_skb skb:skb_copy_datagram_iovec
sock:sk_data_ready sock:sock_recv_length sock:sock_send_length sock:inet_sock_set_state
tcp:tcp_probe tcp:tcp_rcv_space_adjust tcp:tcp_destroy_sock udp:udp_fail_queue_rcv_skb
sched:sched_waking sched:sched_switch
""".split()
DMA_EVENTS = ["dma:dma_map_page", "dma:dma_unmap_page"]  # drivers that use the DMA API, kernels from 6.12 on
# Symbols from the first, the middle and the end of what net/ contributes to the kernel's text, in link order.
NETWORK_SYMBOLS = ["devm_alloc_etherdev_mqs", "alloc_etherdev_mqs", "sock_recvmsg", "consume_skb", "netlink_rcv_skb",
                   "udp_recvmsg", "unix_stream_recvmsg", "mptcp_recvmsg"]
KERNEL_START = ["_text", "_stext"]  # where perf writes that the kernel lies
NETWORK_MODULES = ["[virtio_net]", "[net_failover]", "[failover]", "[e1000e]", "[af_packet]"]
READY_TIMEOUT, RUN_TIMEOUT, MATRIX_TIMEOUT = 40, 60, 120  # seconds; together less than the silence Lab/run allows


def run(*command, check=True, timeout=60):
    return subprocess.run(command, check=check, timeout=timeout, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout


def read(path):
    with open(path) as file:
        return file.read()


def in_namespace(name, *command):
    return ["ip", "netns", "exec", name, *command]


def shorten_kallsyms():
    """Puts a table of the network functions alone in the place of /proc/kallsyms.

    Recorders copy the whole table, 8 MB of it, into every recording; only skb:kfree_skb, skb:consume_skb and
    sock:sk_data_ready name functions, and those are all in net/ or the driver. Lab/run checks that they resolve.
    """
    with open("/proc/sys/kernel/kptr_restrict", "w") as restrict:
        restrict.write("0")
    symbols = [line.split() for line in read("/proc/kallsyms").splitlines()]
    text = sorted((symbol for symbol in symbols if symbol[1] in "tTwW"), key=lambda symbol: int(symbol[0], 16))
    # With the function behind each, where it ends.
    entries = {index for number, symbol in enumerate(text) if symbol[2].startswith(matrix.INTERRUPTIONS) for index in (number, number + 1)}
    network = [int(symbol[0], 16) for symbol in text if len(symbol) == 3 and symbol[2] in NETWORK_SYMBOLS]
    first, last = min(network), max(network) + 0x10000
    kept = [symbol for number, symbol in enumerate(text)
            if (first <= int(symbol[0], 16) <= last or symbol[2] in KERNEL_START or number in entries if len(symbol) == 3
                else symbol[3] in NETWORK_MODULES)]
    with open("/dev/shm/kallsyms", "w") as table:
        for symbol in kept:
            table.write(" ".join(symbol[:3]) + ("\t" + symbol[3] if len(symbol) > 3 else "") + "\n")
    run("mount", "--bind", "/dev/shm/kallsyms", "/proc/kallsyms")


def network():
    """Moves the two NICs, renamed eth0 and eth1, into the namespaces tx and rx, and waits for the link."""
    found = paths.cards()
    if len(found) not in (2, 4):  # with four, two more are on a wire of their own
        raise RuntimeError(f"the guest has {len(found)} network cards, the lab needs 2 or 4: {' '.join(found)}")
    driver = os.path.basename(os.path.realpath(f"/sys/class/net/{found[0]}/device/driver"))
    for number, (name, namespace) in enumerate(zip(found, ["tx", "rx"])):
        device = f"eth{number}"
        run("ip", "link", "set", name, "down")
        if name != device:
            run("ip", "link", "set", name, "name", device)
        run("ip", "netns", "add", namespace)
        run("ip", "link", "set", device, "netns", namespace)
        for scope in ["all", "default"]:  # neighbour discovery would only be noise in the recordings
            run(*in_namespace(namespace, "sysctl", "-qw", f"net.ipv6.conf.{scope}.disable_ipv6=1"), check=False)
        run(*in_namespace(namespace, "ip", "address", "add", f"10.9.0.{number + 1}/24", "dev", device))
        run(*in_namespace(namespace, "ip", "link", "set", "lo", "up"))
        run(*in_namespace(namespace, "ip", "link", "set", device, "up"))
    deadline = time.monotonic() + 30
    for number, namespace in enumerate(["tx", "rx"]):
        while "state UP" not in run(*in_namespace(namespace, "ip", "link", "show", f"eth{number}")):
            if time.monotonic() > deadline:
                raise RuntimeError(f"eth{number} has no link after 30 s")
            time.sleep(0.2)
    return driver


def wait_ready(process):
    line = []
    reader = threading.Thread(target=lambda: line.append(process.stdout.readline()), daemon=True)
    reader.start()
    reader.join(READY_TIMEOUT)
    if not line or line[0].strip() != "ready":
        state = f"was not ready within {READY_TIMEOUT} s" if process.poll() is None else "ended before it was ready"
        raise RuntimeError(f"{' '.join(process.args[:7])} {state}")


def start_workload(step, directory, go):
    """The workload's processes, ready and waiting for the FIFO."""
    workload, count = step["workload"], step["count"]
    if workload == "icmp":
        script = f'read line <"{go}"; exec ping -n -c {count} -i 0.05 10.9.0.2'
        with open(f"{directory}/ping.log", "w") as log:
            return {"ping": subprocess.Popen(in_namespace("tx", "sh", "-c", script), stdout=log, stderr=log)}
    program = ["python3", f"{HERE}/workload.py"]
    options = [workload, "--count", str(count)]
    server = in_namespace("rx", *program, "receive", *options, "--log", f"{directory}/recv.jsonl")
    client = in_namespace("tx", *program, "send", *options, "--log", f"{directory}/send.jsonl", "--go", go)
    if "way" in step:
        server, client = paths.programs(step, directory, go)
    receiver = subprocess.Popen(server, stdout=subprocess.PIPE, text=True)
    sender = subprocess.Popen(client, stdout=subprocess.PIPE, text=True)
    processes = {"receiver": receiver, "sender": sender}
    try:
        wait_ready(receiver)
        wait_ready(sender)
    except RuntimeError:
        stop(processes)
        raise
    return processes


def stop(processes):
    for process in processes.values():
        if process.poll() is None:
            process.kill()
        process.wait()


def what_runs():
    """Each process with a command line, its state and where in the kernel it sleeps: why a run hangs."""
    rows = []
    for pid in sorted(filter(str.isdigit, os.listdir("/proc")), key=int):
        try:
            command = read(f"/proc/{pid}/cmdline").replace("\0", " ").strip()
            state = read(f"/proc/{pid}/stat").rpartition(")")[2].split()[0]
            if command:
                rows.append(f"{pid} {state} {read(f'/proc/{pid}/wchan') or '-'} {command[:100]}")
        except OSError:
            pass  # it ended meanwhile
    return "\n".join(rows)


def recorder_command(step, output):
    if step["recorder"] == "wakepath":
        return [step["wakepath"], "record", "-o", output, *step["options"], "--"]
    events = EVENTS + DMA_EVENTS
    events = [event for event in events if os.path.exists(f"{TRACING}/events/{event.replace(':', '/')}")]
    if step["nic"] != "e1000e":
        events = [event for event in events if event not in DMA_EVENTS]
    # --no-filter: without it trace-cmd leaves out every event that hits while one of its own threads is current,
    # which includes interrupts and softirqs that have nothing to do with it.
    command = ["trace-cmd", "record", "--no-filter", "-C", "mono", "-b", "20000", *step["options"], "-o", output]
    for event in events:
        command += ["-e", event]
    if step["recorder"] == matrix.RECORDER:
        return matrix.recorder_command(matrix.local_perf(), command, events, os.path.dirname(output))
    return command


def run_recorder(command, directory, output, processes, seconds=RUN_TIMEOUT):
    """The recorder's exit status. A recorder that hangs is killed, and the error says what everything waits for."""
    with open(output, "w") as log:
        recorder = subprocess.Popen(command, cwd=directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                    start_new_session=True)
        try:
            return recorder.wait(seconds)
        except subprocess.TimeoutExpired:
            states = [f"{name} {'runs' if process.poll() is None else 'ended'}" for name, process in processes.items()]
            hung = f"{command[0]} did not end within {seconds} s ({', '.join(states)}):\n{what_runs()}"
            os.killpg(recorder.pid, signal.SIGKILL)
            recorder.wait()
            run("trace-cmd", "reset", check=False)  # what it could not do itself, or the next run is disturbed
            raise RuntimeError(hung)


def record(step, shared):
    """One recorded workload. Works in memory and copies to the shared directory at the end, off the record."""
    scratch = tempfile.mkdtemp(prefix="lab-", dir="/dev/shm")
    try:
        go, done = f"{scratch}/go", f"{scratch}/done"
        os.mkfifo(go)
        os.mkfifo(done)
        results = f"{scratch}/results"
        os.mkdir(results)
        recorder = recorder_command(step, f"{results}/trace.dat")
        before = read("/proc/interrupts")
        instances = sorted(os.listdir(f"{TRACING}/instances"))
        processes = start_workload(step, results, go)
        pids = {name: process.pid for name, process in processes.items()}
        statuses = {}

        def finish():
            for name, process in processes.items():
                statuses[name] = process.wait()
            time.sleep(0.1)  # the last acknowledgements and transmit completions
            with open(done, "w"):
                pass

        threading.Thread(target=finish, daemon=True).start()
        # The recorder runs a command that opens the gate and returns when the workload has ended.
        gate = ["sh", "-c", 'echo go >"$0"; cat "$1"', go, done]
        command = recorder + gate
        started = time.monotonic()
        try:
            status = run_recorder(command, scratch, f"{results}/record.log", processes,
                                  MATRIX_TIMEOUT if step["recorder"] == matrix.RECORDER else RUN_TIMEOUT)
        finally:
            stop(processes)
        seconds = round(time.monotonic() - started, 1)
        with open(f"{results}/interrupts.txt", "w") as file:
            file.write("# before\n" + before + "# after\n" + read("/proc/interrupts"))
        with open(f"{results}/links.txt", "w") as file:
            for namespace in ["tx", "rx"]:
                file.write(run(*in_namespace(namespace, "ip", "-s", "link")))
        command[0] = os.path.basename(command[0])
        meta = {"kernel": os.uname().release, "kernelVersion": os.uname().version, "machine": os.uname().machine,
                "nic": step["nic"], "driver": step["driver"], "workload": step["workload"], "count": step["count"],
                "devices": {"tx": "eth0", "rx": "eth1"}, "addresses": {"tx": "10.9.0.1", "rx": "10.9.0.2"},
                "namespaces": {name: os.stat(f"/run/netns/{name}").st_ino for name in ["tx", "rx"]},
                "recorder": step["recorder"], "command": [part.replace(scratch, "DIR") for part in command],
                "pids": pids, "exitStatus": {"recorder": status, **statuses},
                "versions": {"python": sys.version.split()[0], **step["versions"]}, "seconds": seconds,
                "instances": {"before": instances, "after": sorted(os.listdir(f"{TRACING}/instances"))},
                **paths.about(step), "clocksource": read("/sys/devices/system/clocksource/clocksource0/current_clocksource").strip()}
        with open(f"{results}/meta.json", "w") as file:
            json.dump(meta, file, indent=1)
            file.write("\n")
        shutil.copytree(results, f"{shared}/{step['name']}", dirs_exist_ok=True)
        if status:
            raise RuntimeError(f"{step['recorder']} ended with status {status}: "
                               + read(f"{results}/record.log")[-500:])
        if any(statuses.values()):
            raise RuntimeError(f"the workload ended with {statuses}")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def main():
    shared = sys.argv[1]
    with open(f"{shared}/plan.json") as file:
        plan = json.load(file)
    failures = {}
    try:
        if not os.path.exists(f"{TRACING}/events"):
            run("mount", "-t", "tracefs", "none", TRACING)
        with open("/proc/sys/kernel/hung_task_timeout_secs", "w") as hung:
            hung.write("40")  # a stuck task is named on the console before Lab/run gives the guest up
        driver = network()
        shorten_kallsyms()
        for step in plan:
            print(f"guest: {step['name']}", flush=True)
            try:
                with paths.laid_out(step), truth.recorded(step, shared):
                    record({**step, "driver": driver}, shared)
            except (RuntimeError, OSError, subprocess.SubprocessError) as error:
                failures[step["name"]] = str(error)
                print(f"guest: {step['name']}: {error}", flush=True)
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        failures[""] = str(error) + (getattr(error, "output", None) or "")
        print(f"guest: {failures['']}", flush=True)
    with open(f"{shared}/failures.json", "w") as file:
        json.dump(failures, file)


if __name__ == "__main__":
    main()
