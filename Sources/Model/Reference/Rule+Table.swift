internal import Events

extension Rule {
  /// Every rule, in the order of `RuleID`.
  public static let all: [Rule] = [
    Rule(
      id: .r1, title: "polls and packets",
      says: "napi_poll.work is the number of packets that the poll handed to the stack.",
      exceptions: [
        "a poll of a transmit queue, and netpoll (budget 0), hand over nothing",
        "XDP takes frames before they are packets: work is larger",
        "a driver that hands over without GRO calls, or counts otherwise, does so as a habit: its books are not judged",
        "with work equal to budget GRO is flushed after the event, so deliveries follow it; what is handed over is counted on entry",
        "a packet that RPS sent to this CPU, or that a bridge receives a second time, is counted once"
      ],
      constants: ["NAPI_POLL_WEIGHT 64", "dev_weight 64 (backlog)", "BUSY_POLL_BUDGET 8", "netdev_budget 300"],
      source: "__napi_poll, process_backlog (net/core/dev.c), 4.14 to 6.18",
      advice: "Look at `ethtool -S` for bad frames the driver counted, at `ip link` for an XDP program, and at the driver's poll function.",
      needs: [.napiPoll, .netifReceiveSkb], isOfPacket: false),
    Rule(
      id: .r2, title: "GRO's books",
      says: "What GRO holds comes out, and as long as what went in, less the headers of the merged frames.",
      exceptions: [
        "frames merged into a packet held since before the recording or a loss",
        "packets still held at the end (gro_flush_timeout)",
        "a held packet that is freed with its device ends there"
      ],
      constants: ["GRO_HASH_BUCKETS 8", "MAX_GRO_SKBS 8", "gro_max_size 65536", "merged headers 20 to 256 bytes"],
      source: "dev_gro_receive, napi_gro_complete (net/core/gro.c; net/core/dev.c before 5.17)",
      advice:
        "A packet grew or vanished inside GRO: compare with `ethtool -K DEV gro off`; suspect the driver's use of napi_gro_frags or hardware GRO.",
      needs: [.netifReceiveSkb], isOfPacket: true),
    Rule(
      id: .r3, title: "data are announced",
      says: "In-order TCP data that an application can read were announced by sk_data_ready.",
      exceptions: [
        "fewer bytes wait than SO_RCVLOWAT asks for (fewer than were announced on that socket since the first were read)",
        "out of order or a duplicate: not readable, so nothing shows that it should have been announced",
        "the beginning of the connection was not recorded"
      ],
      constants: ["sk_rcvlowat 1"],
      source: "tcp_data_ready (net/ipv4/tcp_input.c), sk_data_ready event from 6.3",
      advice:
        "A reader asleep in poll or recv would hang here: look for a replaced sk_data_ready callback (kTLS, sockmap, a module) and for memory pressure.",
      needs: [.tcpProbe, .skDataReady, .sockRecvLength], isOfPacket: true),
    Rule(
      id: .r4, title: "an announcement wakes its waiters",
      says: "Behind sk_data_ready come at most the wakeups of tasks that wait: a task that is already woken is not woken again.",
      exceptions: [
        "nobody waits: no wakeup", "a task that is still on its CPU may have been woken and gone to wait again",
        "a callback that wakes later (kTLS, MPTCP, kernel consumers)"
      ],
      constants: [],
      source: "sock_def_readable, sk_wake_async (net/core/sock.c); try_to_wake_up (kernel/sched/core.c)",
      advice:
        "The same task was woken twice without running: look for events missing between the two, else for a wait queue entry that is not removed.",
      needs: [.skDataReady, .schedWaking, .schedSwitch], isOfPacket: true),
    Rule(
      id: .r5, title: "who is woken runs",
      says: "A reader that is woken is switched to before it does anything.",
      exceptions: [
        "woken while still on its CPU: it goes on without a switch", "the recording ends first",
        "a recording of some tasks only does not hold the switches of the others"
      ],
      constants: [],
      source: "try_to_wake_up, __schedule (kernel/sched/core.c)",
      advice: "A context switch is missing: check that sched_switch was recorded for all tasks and CPUs, and that no event was lost.",
      needs: [.schedWaking, .schedSwitch], isOfPacket: true),
    Rule(
      id: .r6, title: "no byte is read twice",
      says: "An application reads no more bytes from a connection than TCP took in for it.",
      exceptions: [
        "segments outside ESTABLISHED leave no tcp_probe: data with the handshake, or after shutdown()",
        "retransmitted and out-of-order segments are counted by tcp_probe, too: less may be read than came", "MSG_PEEK reads nothing",
        "the beginning of the connection was not recorded, or events were lost"
      ],
      constants: [],
      source: "tcp_recvmsg_locked (net/ipv4/tcp.c), tcp_rcv_established (net/ipv4/tcp_input.c)",
      advice: "More was read than came: segments passed without tcp_probe (a filter on the event?), or the socket was handed data in another way.",
      needs: [.tcpProbe, .sockRecvLength, .inetSockSetState], isOfPacket: true),
    Rule(
      id: .r7, title: "handlers nest",
      says: "Interrupt handlers end in the reverse order of their beginning, and nothing but interrupts happens before they end.",
      exceptions: [
        "a handler that ran when the recording began has no beginning", "a lost interrupt that is resent runs in a tasklet",
        "threaded handlers (threadirqs, PREEMPT_RT): only the stub that wakes the thread is seen", "NMIs interrupt everything"
      ],
      constants: [],
      source: "__handle_irq_event_percpu (kernel/irq/handle.c)",
      advice: "An irq_handler_exit is missing or out of place: look for a handler that enabled interrupts, or for events lost without a mark.",
      needs: [.irqHandlerEntry, .irqHandlerExit], isOfPacket: false),
    Rule(
      id: .r8, title: "a soft interrupt is not switched away",
      says: "No task is switched to while a soft interrupt runs.",
      exceptions: ["PREEMPT_RT: soft interrupts are preempted and sleep on locks"],
      constants: ["SOFTIRQ_OFFSET in preempt_count"],
      source: "handle_softirqs (kernel/softirq.c), schedule_debug (kernel/sched/core.c)",
      advice: "Scheduling while atomic: dmesg has the stack. Something in the receive path sleeps.",
      needs: [.schedSwitch], isOfPacket: false),
    Rule(
      id: .g1, title: "steps happen in their context",
      says: "Each step of a packet's way happens in a context that the model allows for it.",
      exceptions: ["stages that are joined by inference are not judged"],
      constants: [],
      source: "the steps of this model",
      advice: "The packet took a known step in an unusual place: see `wakepath show --packet`, and `wakepath model` for where it belongs.",
      needs: [], isOfPacket: true),
    Rule(
      id: .g2, title: "steps stay on their CPU",
      says: "A step changes the CPU only where the model says why it may.",
      exceptions: ["stages that are joined by inference are not judged"],
      constants: [],
      source: "the steps of this model",
      advice: "The packet changed its CPU inside a poll: see `wakepath show --packet`; unsynchronised trace clocks can look like this.",
      needs: [], isOfPacket: true)
  ]
}
