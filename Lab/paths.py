"""The ways a packet can take to its reader, one recording each: what is set up in the guest, and which traffic runs.

Shell commands, so that a recording's meta.json says how it was made. Namespaces tx (eth0, 10.9.0.1) and rx (eth1,
10.9.0.2) and the wire between them are there before; `up` changes them and `down` changes them back.
"""
import collections
import contextlib
import os
import re
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
SETTLE = 1.0  # seconds from the set-up to the recording, for neighbours and link states


def inside(namespace, command):
    return f"ip netns exec {namespace} sh -ec '{command}'"


# A way: the commands, the kind of traffic and its messages, the server's address, the namespaces of client and server,
# how the server reads, the device that hands the server its packets, and the recorder.
Way = collections.namedtuple("Way", "up down kind count at client server how device recorder")


def way(kind, count, up=(), down=(), at="10.9.0.2", client="tx", server="rx", how="recv", device="eth1", recorder="trace-cmd"):
    return Way(list(up), list(down), kind, count, at, client, server, how, device, recorder)


VETH_UP = ["ip netns add va", "ip netns add vb", "ip link add v0 netns va type veth peer name v1 netns vb",
           inside("va", "ip address add 10.9.2.1/24 dev v0; ip link set v0 up"),
           inside("vb", "ip address add 10.9.2.2/24 dev v1; ip link set v1 up"),
           "for n in va vb; do ip netns exec $n sysctl -qw net.ipv6.conf.all.disable_ipv6=1; done"]
VETH_DOWN = ["ip netns delete va", "ip netns delete vb"]
VETH = dict(at="10.9.2.2", client="va", server="vb", device="v1", down=VETH_DOWN)
# One CPU takes the card's interrupts and RPS hands its packets to the other.
RPS_UP = ["for n in $(sed -n \"s/^ *\\([0-9]*\\):.*virtio.*-input.*/\\1/p\" /proc/interrupts); do echo 1 >/proc/irq/$n/smp_affinity; done",
          inside("rx", "echo 2 >/sys/class/net/eth1/queues/rx-0/rps_cpus")]
RPS_DOWN = [inside("rx", "echo 0 >/sys/class/net/eth1/queues/rx-0/rps_cpus")]
THREADED_UP = [inside("rx", "echo 1 >/sys/class/net/eth1/threaded")]
THREADED_DOWN = [inside("rx", "echo 0 >/sys/class/net/eth1/threaded")]
BUSY_UP = [inside("rx", "echo 100 >/sys/class/net/eth1/napi_defer_hard_irqs; echo 20000000 >/sys/class/net/eth1/gro_flush_timeout")]
BUSY_DOWN = [inside("rx", "echo 0 >/sys/class/net/eth1/napi_defer_hard_irqs; echo 0 >/sys/class/net/eth1/gro_flush_timeout")]
BRIDGE_UP = [inside("rx", "ip link add br0 type bridge; ip address flush dev eth1; ip link set eth1 master br0; "
                          "ip address add 10.9.0.2/24 dev br0; ip link set br0 up")]
BRIDGE_DOWN = [inside("rx", "ip link delete br0; ip address add 10.9.0.2/24 dev eth1")]
VLAN_UP = [inside(name, f"ip link add link eth{n} name eth{n}.5 type vlan id 5; ip address add 10.9.5.{n + 1}/24 dev eth{n}.5; "
                        f"ip link set eth{n}.5 up") for n, name in enumerate(["tx", "rx"])]
VLAN_DOWN = [inside(name, f"ip link delete eth{n}.5") for n, name in enumerate(["tx", "rx"])]
# eth0 | eth1 eth2 | eth3: the namespace rx forwards.
FORWARD_UP = ["ip netns add far", "ip link set $CARD2 down; ip link set $CARD2 name eth2; ip link set eth2 netns rx",
              "ip link set $CARD3 down; ip link set $CARD3 name eth3; ip link set eth3 netns far",
              inside("rx", "ip address add 10.9.1.1/24 dev eth2; ip link set eth2 up; sysctl -qw net.ipv4.ip_forward=1"),
              inside("far", "sysctl -qw net.ipv6.conf.all.disable_ipv6=1; ip address add 10.9.1.2/24 dev eth3; "
                            "ip link set eth3 up; ip route add default via 10.9.1.1"),
              inside("tx", "ip route add 10.9.1.0/24 via 10.9.0.2")]
FORWARD_DOWN = [inside("tx", "ip route delete 10.9.1.0/24"), inside("rx", "sysctl -qw net.ipv4.ip_forward=0"),
                inside("rx", "ip link set eth2 down; ip link set eth2 netns 1"), "ip netns delete far",
                "for n in 1 2 3 4 5 6 7 8 9; do [ -e /sys/class/net/eth3 ] || sleep 0.5; done"]  # it comes back by itself

WAYS = {
    "loopback-tcp": way("tcp-small", 120, at="127.0.0.1", client="rx", device="lo"),
    "loopback-udp": way("udp-burst", 120, at="127.0.0.1", client="rx", device="lo"),
    "veth-udp": way("udp-burst", 120, VETH_UP, **VETH),
    "veth-tcp": way("tcp-small", 120, VETH_UP, **VETH),
    "veth-gro-tcp": way("tcp-bulk", 8, [*VETH_UP, inside("va", "ethtool -K v0 tso off"), inside("vb", "ethtool -K v1 gro on")],
                        **VETH),
    "rps-udp": way("udp-burst", 120, RPS_UP, RPS_DOWN),
    "rps-tcp": way("tcp-small", 120, RPS_UP, RPS_DOWN),
    "threaded-udp": way("udp-burst", 120, THREADED_UP, THREADED_DOWN),
    "threaded-tcp": way("tcp-small", 120, THREADED_UP, THREADED_DOWN),
    "busy-udp": way("udp-single", 40, BUSY_UP, BUSY_DOWN, how="busy"),
    "uring-udp": way("udp-single", 80, how="uring"),
    "uring-tcp": way("tcp-small", 100, how="uring"),
    "backlog-tcp": way("tcp-bulk", 10, at="127.0.0.1", client="rx", device="lo", how="wait-all",
                       recorder="wakepath"),  # segments merged in the backlog are told apart by their headers only
    "bridge-udp": way("udp-burst", 100, BRIDGE_UP, BRIDGE_DOWN),
    "bridge-tcp": way("tcp-small", 100, BRIDGE_UP, BRIDGE_DOWN),
    "vlan-tcp": way("tcp-small", 100, VLAN_UP, VLAN_DOWN, at="10.9.5.2"),
    "forward-udp": way("udp-burst", 80, FORWARD_UP, FORWARD_DOWN, at="10.9.1.2", server="far", device="eth3"),
    "forward-tcp": way("tcp-small", 80, FORWARD_UP, FORWARD_DOWN, at="10.9.1.2", server="far", device="eth3"),
    "wire-udp": way("udp-burst", 100),
    "wire-tcp": way("tcp-small", 100),
    "wire-epoll": way("epoll", 120),
    "wire-flows": way("flows", 120),
}
# The workloads of the truth table, over the wire: kind and messages.
WORKLOADS = {"udp-single": 300, "udp-burst": 600, "tcp-small": 600, "tcp-bulk": 80, "epoll": 600, "flows": 600}
WAYS.update({f"truth-{kind}": way(kind, count, recorder="wakepath") for kind, count in WORKLOADS.items()})

# What each guest records besides what Lab/run plans for all: kernel and card, then ways.
RECORDED = {
    "6.12-virtio": [name for name in WAYS if name.split("-")[0] not in ("wire", "truth")] + ["wire-epoll", "wire-flows"],
    "6.12-e1000e": ["wire-udp", "wire-tcp"],
    "6.12-rt-virtio": ["wire-udp", "wire-tcp", "loopback-tcp", "wire-flows"],
    "6.1-virtio": ["loopback-tcp", "threaded-udp", "rps-udp", "wire-epoll"],
}


def steps(boot, wakepath):
    """The steps of a boot: its ways and the workloads of the table. Without `wakepath`, those that trace-cmd can record."""
    names = RECORDED.get(boot, []) + [f"truth-{kind}" for kind in WORKLOADS]
    return [dict(name=f"{boot}-{name}", way=name, workload=WAYS[name].kind, count=WAYS[name].count, recorder=WAYS[name].recorder,
                 options=[], **({"wakepath": wakepath} if WAYS[name].recorder == "wakepath" else {}))
            for name in names if wakepath or WAYS[name].recorder != "wakepath"]


def cards():
    """The network cards of this namespace, in the order of their slots."""
    names = [name for name in os.listdir("/sys/class/net") if os.path.exists(f"/sys/class/net/{name}/device")]
    return sorted(names, key=lambda name: [int(number) for number in re.findall(r"\d+", name)])


def shell(command, environment):
    done = subprocess.run(["sh", "-ec", command], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
                          env={**os.environ, **environment})
    if done.returncode:
        raise RuntimeError(f"{command}: {done.stdout.strip()}")


@contextlib.contextmanager
def laid_out(step):
    """Sets a step's way up, in the guest, and takes it down again."""
    if "way" not in step:
        yield
        return
    chosen = WAYS[step["way"]]
    spare = cards()
    environment = {f"CARD{number}": name for number, name in enumerate(spare, 2)}
    try:
        for command in chosen.up:
            shell(command, environment)
        subprocess.run(["ip", "netns", "exec", chosen.client, "ping", "-q", "-c", "2", "-i", "0.2", "-W", "3", chosen.at], timeout=30,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # neighbours are known before the recording
        subprocess.run(["sleep", str(SETTLE)])
        yield
    finally:
        for command in chosen.down:
            with contextlib.suppress(RuntimeError):  # what was not set up cannot be taken down
                shell(command, environment)


def programs(step, directory, go):
    """The command lines of server and client."""
    chosen = WAYS[step["way"]]
    common = [chosen.kind, "--at", chosen.at, "--count", str(chosen.count)]
    program = ["python3", f"{HERE}/traffic.py"]
    return (["ip", "netns", "exec", chosen.server, *program, "receive", *common, "--how", chosen.how, "--log", f"{directory}/recv.jsonl"],
            ["ip", "netns", "exec", chosen.client, *program, "send", *common, "--log", f"{directory}/send.jsonl", "--go", go])


def about(step):
    """What meta.json says of a step's way."""
    if "way" not in step:
        return {}
    chosen = WAYS[step["way"]]
    return {"way": step["way"], "how": chosen.how, "setUp": chosen.up, "devices": {"rx": chosen.device},
            "addresses": {"rx": chosen.at}}
