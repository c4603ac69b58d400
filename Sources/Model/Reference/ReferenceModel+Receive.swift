internal import Events

/// The receive side: from the NIC's memory to the application.
extension ReferenceModel {
  static let receiveStages: [StageModel] = [
    StageModel(
      .posted, seenBy: "dma_map_page, dma_map_phys (FROM_DEVICE)", means: "the driver hands the buffer to the NIC: DMA may write it from here",
      begins: "where the kernel has dma events (6.12) and the driver uses the DMA API", source: "dma_map_page_attrs (kernel/dma/mapping.c)"),
    StageModel(
      .irq, seenBy: "irq_handler_entry", means: "the hard interrupt that announces the packet; the DMA write ended before it",
      begins: "an idle device interrupts", source: "__handle_irq_event_percpu (kernel/irq/handle.c)"),
    StageModel(
      .raise, seenBy: "softirq_raise NET_RX, sched_waking of a NAPI thread", means: "the hard half asks for the soft half",
      begins: "NET_RX asks for itself again because its budget is used up", source: "____napi_schedule (net/core/dev.c)"),
    StageModel(
      .softirq, seenBy: "softirq_entry NET_RX, sched_switch to the NAPI thread", means: "the soft half starts",
      begins: "the packet came while its device was polled, without an interrupt of its own", source: "handle_softirqs (kernel/softirq.c)"),
    StageModel(
      .claimed, seenBy: "dma_unmap_*, dma_sync_* (FROM_DEVICE)", means: "the driver takes the filled buffer back: DMA ends at the latest here",
      source: "dma_unmap_page_attrs (kernel/dma/mapping.c)"),
    StageModel(
      .gro, seenBy: "napi_gro_receive_entry, napi_gro_frags_entry, netif_rx_entry", means: "the driver hands the packet to the stack",
      begins: "loopback and veth hand it over in the sender's context; a NAPI thread or a busy poller without a soft interrupt",
      source: "napi_gro_receive, netif_rx (net/core/gro.c, net/core/dev.c)"),
    StageModel(
      .receive, seenBy: "netif_receive_skb", means: "protocol processing is due: headers are parsed and validated from here",
      begins: "drivers and devices that use neither GRO nor netif_rx (tun, clones)", source: "__netif_receive_skb_core (net/core/dev.c)"),
    StageModel(
      .transport, seenBy: "tcp_probe, a probe on tcp_v4_rcv or udp_queue_rcv_one_skb", means: "the transport layer took it for a socket",
      source: "tcp_rcv_established (net/ipv4/tcp_input.c)"),
    StageModel(
      .ready, seenBy: "sk_data_ready, a probe on sock_def_readable", means: "the socket announces data",
      source: "sock_def_readable (net/core/sock.c), event from 6.3"),
    StageModel(
      .waking, seenBy: "sched_waking of the reader", means: "the kernel wakes the application", source: "try_to_wake_up (kernel/sched/core.c)"),
    StageModel(
      .running, seenBy: "sched_switch to the reader", means: "the application is on a CPU", source: "__schedule (kernel/sched/core.c)"),
    StageModel(
      .read, seenBy: "skb_copy_datagram_iovec, tcp_rcv_space_adjust, sock_recv_length, sys_exit_recv*, consume_skb in the reader",
      means: "the application has the bytes", source: "skb_copy_datagram_iter (net/core/datagram.c), sock_recvmsg (net/socket.c)")
  ]

  private static let poll: [StepContext] = [.softInterrupt, .napiThread, .process]
  private static let backlog = "RPS hands the packet to another CPU's backlog"
  private static let heldSocket = "the task that holds the socket works off its backlog where it runs"
  private static let anywhere = "the reader runs where the scheduler puts it"

  static let receiveSteps: [Step] = [
    // The NIC's buffer.
    Step(
      .posted, .irq, in: [.hardInterrupt], cpu: .mayChange("buffers are refilled wherever the last poll ran"), ordinary: true,
      "the NIC has written the packet and interrupts"),
    Step(
      .posted, .softirq, in: poll, cpu: .mayChange("buffers are refilled wherever the last poll ran"),
      "the device was being polled: no interrupt"),
    Step(
      .posted, .claimed, in: poll, cpu: .mayChange("buffers are refilled wherever the last poll ran"),
      "the poll that runs takes it"),
    Step(.softirq, .claimed, in: poll, "the driver's poll function walks its ring"),
    Step(.irq, .claimed, in: poll, "the poll that the interrupt broke into goes on"),
    Step(.raise, .claimed, in: poll, "the poll that the interrupt broke into goes on"),
    Step(.claimed, .gro, in: poll, "the driver builds an sk_buff and hands it over"),
    Step(.claimed, .receive, in: poll, "a driver without GRO"),

    // From hard to soft interrupt.
    Step(
      .irq, .raise, in: [.hardInterrupt, .process], ordinary: true,
      "the handler masks the device and calls napi_schedule (in a thread with threadirqs)"),
    Step(
      .raise, .softirq, in: [.softInterrupt, .napiThread],
      cpu: .mayChange("a NAPI thread runs where the scheduler puts it; a soft interrupt where it was raised"), ordinary: true,
      "at the interrupt's end, where bottom halves are enabled again, in ksoftirqd or in a NAPI thread"),
    Step(.irq, .softirq, in: [.softInterrupt, .napiThread], "asking again while NET_RX is already asked for leaves no event"),
    Step(
      .irq, .gro, in: poll,
      "the interrupt broke into NET_RX, which takes the instance on its list without a raise (from 6.4)"),
    Step(.raise, .gro, in: poll, "the interrupt broke into NET_RX, whose run polls the instance, too"),
    Step(.irq, .receive, in: poll, "the same, for a driver without GRO"),
    Step(
      .raise, .receive, in: poll, cpu: .mayChange(backlog),
      "the same, for a driver without GRO, and for the backlog while it is worked off"),
    Step(.softirq, .gro, in: poll, ordinary: true, "the driver's poll function hands its frames over one by one"),
    Step(.softirq, .receive, in: poll, "the backlog's poll function delivers what netif_rx put there; drivers without GRO"),

    // Into the stack.
    Step(
      .gro, .receive, in: poll, cpu: .mayChange(backlog), ordinary: true,
      "GRO lets it go, alone or merged, in batches of up to eight"),
    Step(
      .gro, .raise, in: [.softInterrupt, .napiThread, .process, .hardInterrupt],
      "netif_rx asks for NET_RX if the backlog was idle"),
    Step(
      .gro, .softirq, in: [.softInterrupt, .napiThread], cpu: .mayChange(backlog),
      "the backlog was not idle: NET_RX was asked for before"),

    // To the socket.
    Step(
      .receive, .transport, in: poll, cpu: .mayChange(heldSocket), ordinary: true,
      "IP finds the socket; an established TCP connection takes the segment"),
    Step(
      .receive, .ready, in: poll, cpu: .mayChange(heldSocket + "; from 6.18 one CPU announces datagrams that others queued"),
      "a datagram, or a segment of a handshake, for which there is no transport event"),
    Step(.transport, .ready, in: poll, ordinary: true, "in-order data, once SO_RCVLOWAT is met"),
    Step(
      .receive, .waking, in: poll, cpu: .mayChange(heldSocket),
      "a change of state wakes (SYN-ACK, FIN); kernels before 6.3 do not show the announcement"),
    Step(
      .transport, .waking, in: poll,
      "an ACK frees send buffer, or a change of state wakes; kernels before 6.3 do not show the announcement"),
    Step(.waking, .ready, in: poll, "a FIN wakes by its change of state first and announces the end of data after"),
    Step(
      .receive, .read, in: [.process], cpu: .mayChange(anywhere),
      "kernels before 6.3 do not show the announcement; the reader did not sleep"),
    Step(
      .transport, .read, in: [.process], cpu: .mayChange(anywhere),
      "not announced, because SO_RCVLOWAT is not met or the kernel shows no announcement, and read nevertheless"),

    // To the application.
    Step(.ready, .waking, in: poll, ordinary: true, "somebody sleeps on the socket, or on an epoll that watches it"),
    Step(
      .waking, .running, in: [.process], cpu: .mayChange("select_task_rq chooses the CPU of the woken task"), ordinary: true,
      "the scheduler gives the reader a CPU"),
    Step(
      .running, .read, in: [.process], cpu: .mayChange("the reader was moved before it came to read"), ordinary: true,
      "the reader's receive call copies the data"),
    Step(
      .ready, .running, in: [.process], cpu: .mayChange(anywhere),
      "nobody slept on the socket: the reader was runnable and gets its turn"),
    Step(.ready, .read, in: [.process], cpu: .mayChange(anywhere), "the reader was running"),
    Step(.waking, .read, in: [.process], cpu: .mayChange(anywhere), "the reader was woken before it had left its CPU"),

    // Two CPUs at once.
    Step(
      .running, .ready, in: poll, cpu: .mayChange(anywhere),
      "the task a FIN woke runs elsewhere before the announcement is written"),
    Step(
      .read, .ready, in: poll, cpu: .mayChange(anywhere),
      "a running reader takes a queued datagram before its announcement is written"),
    Step(
      .read, .running, in: [.process], cpu: .mayChange(anywhere),
      "one task was woken and another, already running, read first"),
    Step(
      .read, .waking, in: poll, cpu: .mayChange(anywhere),
      "a running reader takes it first; then the announcement wakes another")
  ]
}
