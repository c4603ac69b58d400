/// An event of the kernel that journeys are made of.
public struct RecordedEvent: Sendable, Equatable {
  public let system: String
  public let name: String
  /// What Wakepath learns from it.
  public let need: String
  /// What cannot be said without it.
  public let cost: String
  /// Its field that holds the device's name, if it has one.
  let deviceField: String?
  /// Without it there is nothing to record.
  let isEssential: Bool
  /// What the kernel is to keep of it, in its own words; nil for all.
  let condition: String?

  init(
    _ system: String, _ name: String, for need: String, without cost: String, device: String? = nil, essential: Bool = false,
    keeping condition: String? = nil
  ) {
    self.system = system
    self.name = name
    self.need = need
    self.cost = cost
    deviceField = device
    isEssential = essential
    self.condition = condition
  }

  /// The same event, of which the kernel is to keep what `condition` says.
  func keeping(_ condition: String) -> RecordedEvent {
    RecordedEvent(system, name, for: need, without: cost, device: deviceField, essential: isEssential, keeping: condition)
  }

  /// The same event under the system `group`.
  func inGroup(_ group: String) -> RecordedEvent {
    RecordedEvent(group, name, for: need, without: cost, device: deviceField, essential: isEssential, keeping: condition)
  }

  /// What the kernel is to keep of it where `filter` keeps devices in a field; nil for all.
  func condition(keeping filter: ((String) -> String)?) -> String? { deviceField.flatMap { filter?($0) } ?? condition }

  /// The name as `trace-cmd record -e` takes it.
  public var fullName: String { "\(system):\(name)" }
}

extension RecordedEvent {
  /// The events to ask the kernel for, besides probes. Of the hard interrupts those of the devices are kept, where their lines are known, and of
  /// scheduling that of the tasks that were named.
  static func wanted(_ options: RecordingOptions) -> [RecordedEvent] {
    let lines = InterruptLines(of: options.devices)?.condition
    let tasks = TaskFilter(options.tasks)
    return all.map { event in
      let condition: String? =
        switch event.name {
        case "irq_handler_entry", "irq_handler_exit": lines
        case "sched_waking": tasks?.condition("comm")
        case "sched_switch": tasks?.condition("prev_comm", "next_comm")
        default: nil
        }
      return condition.map { event.keeping($0) } ?? event
    } + (options.recordsDMA ? dma(options.devices) : [])
  }

  /// Every event that `record` asks the kernel for, in the order of a packet's way.
  public static let all: [RecordedEvent] = [
    // The interrupt and its soft half.
    RecordedEvent(
      "irq", "irq_handler_entry", for: "the hard interrupt that announces a packet",
      without: "journeys begin at the soft interrupt"),
    RecordedEvent(
      "irq", "irq_handler_exit", for: "how long the hard interrupt held the CPU",
      without: "events inside an interrupt handler are told apart by their flags only"),
    RecordedEvent(
      "irq", "softirq_raise", for: "when the hard half asks for the soft half",
      without: "the wait for the soft interrupt counts as time in the hard one", keeping: "vec == 3"),
    RecordedEvent(
      "irq", "softirq_entry", for: "when the soft half starts, on which CPU and in whose time",
      without: "waiting for the soft interrupt cannot be told from polling in it"),
    RecordedEvent(
      "irq", "softirq_exit", for: "when the soft half ends",
      without: "what follows a soft interrupt may be counted as part of it"),
    RecordedEvent(
      "napi", "napi_poll", for: "how many packets one poll of a driver took, and from which device",
      without: "batches of packets cannot be shown, and threaded NAPI is not recognised"),

    // From the driver to the transport.
    RecordedEvent(
      "net", "napi_gro_receive_entry", for: "the driver hands a packet to the stack",
      without: "merging by GRO cannot be shown, and the driver's time is counted as the stack's", device: "name"),
    RecordedEvent(
      "net", "napi_gro_receive_exit", for: "whether GRO merged, held or passed the packet",
      without: "which frames were merged into a packet is unknown"),
    RecordedEvent(
      "net", "napi_gro_frags_entry", for: "the same for drivers that hand over fragments",
      without: "packets of drivers that use fragments begin at netif_receive_skb", device: "name"),
    RecordedEvent(
      "net", "napi_gro_frags_exit", for: "the same for drivers that hand over fragments",
      without: "which fragments were merged into a packet is unknown"),
    RecordedEvent(
      "net", "netif_rx_entry", for: "a packet of loopback or of a driver without NAPI enters the stack",
      without: "packets over loopback begin at netif_receive_skb", device: "name"),
    RecordedEvent(
      "net", "netif_receive_skb_entry", for: "a packet enters the stack past GRO",
      without: "packets handed over past GRO begin at netif_receive_skb", device: "name"),
    RecordedEvent(
      "net", "netif_receive_skb_list_entry", for: "a driver hands over a list of packets past GRO",
      without: "packets handed over in lists begin at netif_receive_skb", device: "name"),
    RecordedEvent(
      "net", "netif_receive_skb", for: "protocol processing of a packet begins",
      without: "no packet can be followed", device: "name", essential: true),
    RecordedEvent(
      "tcp", "tcp_probe", for: "TCP takes a segment for a socket: addresses, ports and length",
      without: "TCP segments have no flow and their time in the transport is unknown"),

    // From the socket to the application.
    RecordedEvent(
      "sock", "sk_data_ready", for: "the socket announces data",
      without: "the step from a packet to the wakeup it causes is inferred (kernels before 6.3 lack the event)"),
    RecordedEvent(
      "sched", "sched_waking", for: "which task the kernel wakes for the data",
      without: "the wait between wakeup and running cannot be measured"),
    RecordedEvent(
      "sched", "sched_switch", for: "when the application runs, and who held the CPU before",
      without: "scheduling delays and the names of tasks are unknown"),
    RecordedEvent(
      "skb", "skb_copy_datagram_iovec", for: "the application copies a TCP packet's bytes",
      without: "reads of TCP data are known by position in the stream only"),
    RecordedEvent(
      "tcp", "tcp_rcv_space_adjust", for: "a TCP read comes to its end",
      without: "the end of a TCP read is taken from the copies before it"),
    RecordedEvent(
      "sock", "sock_recv_length", for: "how many bytes a read returned, for which socket",
      without: "reads have no length, and TCP stream positions are unknown (kernels before 6.3 lack the event)"),
    RecordedEvent(
      "sock", "inet_sock_set_state", for: "connections come and go: a socket's address gets and loses its meaning",
      without: "a socket whose memory is used again may be taken for the old one"),
    RecordedEvent(
      "tcp", "tcp_destroy_sock", for: "a TCP socket ends",
      without: "the end of a socket is known from its state only"),

    // The end of a packet.
    RecordedEvent(
      "skb", "consume_skb", for: "a packet ends well: a datagram was read, a transmission is complete",
      without: "reads of datagrams and completions of transmissions are unknown"),
    RecordedEvent(
      "skb", "kfree_skb", for: "a packet is dropped, where and why",
      without: "drops and their reasons are unknown"),

    // The way out.
    RecordedEvent(
      "sock", "sock_send_length", for: "the application sends",
      without: "journeys of sent packets begin at the queue (kernels before 6.3 lack the event)"),
    RecordedEvent(
      "net", "net_dev_queue", for: "a packet is queued to a device",
      without: "time in the queue of a device is unknown", device: "name"),
    RecordedEvent(
      "net", "net_dev_start_xmit", for: "the driver begins to send a packet",
      without: "time in the queue cannot be told from time in the driver", device: "name"),
    RecordedEvent(
      "net", "net_dev_xmit", for: "the driver has taken a packet, or refused it",
      without: "refusals of the driver are unknown", device: "name")
  ]
}
