/// The tracepoints that journeys are made of: where each stands in the kernel's event tree and which fields are read.
/// The order of the field names is the order in which `EventDecoder` reads them.
public enum EventKind: UInt8, CaseIterable, Sendable {
  case irqHandlerEntry, irqHandlerExit, softirqRaise, softirqEntry, softirqExit
  case napiPoll
  case groReceiveEntry, groFragsEntry, groReceiveExit, groFragsExit
  case netifRxEntry, receiveEntry, receiveListEntry, netifReceiveSkb
  case netDevQueue, netDevStartXmit, netDevXmit
  case kfreeSkb, consumeSkb, skbCopyDatagram
  case skDataReady, sockRecvLength, sockSendLength, inetSockSetState
  case tcpProbe, tcpRcvSpaceAdjust, tcpDestroySock
  case schedWaking, schedSwitch
  case dmaMapPage, dmaMapPhys, dmaUnmapPage, dmaUnmapPhys, dmaSyncForCPU
  /// Probes that `wakepath record` makes.
  case flow, flowSent, flowUDP, flowPulled
  /// A line written into the recording (`trace_marker`).
  case print

  /// The event system and name, and the fields that are read.
  public var definition: (system: String, name: String, fields: [String]) {
    let arrival = ["skbaddr", "name", "napi_id", "len"]
    let addresses = ["family", "sport", "dport", "saddr", "daddr", "saddr_v6", "daddr_v6"]
    return switch self {
    case .irqHandlerEntry: ("irq", "irq_handler_entry", ["irq", "name"])
    case .irqHandlerExit: ("irq", "irq_handler_exit", ["irq"])
    case .softirqRaise: ("irq", "softirq_raise", ["vec"])
    case .softirqEntry: ("irq", "softirq_entry", ["vec"])
    case .softirqExit: ("irq", "softirq_exit", ["vec"])
    case .napiPoll: ("napi", "napi_poll", ["napi", "dev_name", "work", "budget"])
    case .groReceiveEntry: ("net", "napi_gro_receive_entry", arrival)
    case .groFragsEntry: ("net", "napi_gro_frags_entry", arrival)
    case .groReceiveExit: ("net", "napi_gro_receive_exit", ["ret"])
    case .groFragsExit: ("net", "napi_gro_frags_exit", ["ret"])
    case .netifRxEntry: ("net", "netif_rx_entry", arrival)
    case .receiveEntry: ("net", "netif_receive_skb_entry", arrival)
    case .receiveListEntry: ("net", "netif_receive_skb_list_entry", arrival)
    case .netifReceiveSkb: ("net", "netif_receive_skb", ["skbaddr", "len", "name"])
    case .netDevQueue: ("net", "net_dev_queue", ["skbaddr", "len", "name"])
    case .netDevStartXmit: ("net", "net_dev_start_xmit", ["skbaddr", "len", "name"])
    case .netDevXmit: ("net", "net_dev_xmit", ["skbaddr", "len", "name", "rc"])
    case .kfreeSkb: ("skb", "kfree_skb", ["skbaddr", "location", "reason"])
    case .consumeSkb: ("skb", "consume_skb", ["skbaddr", "location"])
    case .skbCopyDatagram: ("skb", "skb_copy_datagram_iovec", ["skbaddr", "len"])
    case .skDataReady: ("sock", "sk_data_ready", ["skaddr", "family", "protocol"])
    case .sockRecvLength: ("sock", "sock_recv_length", ["sk", "family", "protocol", "ret", "flags"])
    case .sockSendLength: ("sock", "sock_send_length", ["sk", "family", "protocol", "ret"])
    case .inetSockSetState:
      ("sock", "inet_sock_set_state", addresses + ["skaddr", "oldstate", "newstate", "protocol"])
    case .tcpProbe:
      ("tcp", "tcp_probe", ["family", "sport", "dport", "saddr", "daddr", "skbaddr", "skaddr", "sock_cookie", "data_len"])
    case .tcpRcvSpaceAdjust: ("tcp", "tcp_rcv_space_adjust", addresses + ["skaddr", "sock_cookie"])
    case .tcpDestroySock: ("tcp", "tcp_destroy_sock", ["skaddr", "sock_cookie"])
    case .schedWaking: ("sched", "sched_waking", ["pid", "comm"])
    case .schedSwitch: ("sched", "sched_switch", ["prev_pid", "prev_state", "next_pid", "next_comm"])
    case .dmaMapPage: ("dma", "dma_map_page", ["device", "dma_addr", "size", "dir"])
    case .dmaMapPhys: ("dma", "dma_map_phys", ["device", "dma_addr", "size", "dir"])
    case .dmaUnmapPage: ("dma", "dma_unmap_page", ["device", "addr", "size", "dir"])
    case .dmaUnmapPhys: ("dma", "dma_unmap_phys", ["device", "addr", "size", "dir"])
    case .dmaSyncForCPU: ("dma", "dma_sync_single_for_cpu", ["device", "dma_addr", "size", "dir"])
    case .print: ("ftrace", "print", ["ip", "buf"])
    case .flow: ("wakepath", "flow", ["skb", "protocol", "len", "nonlinear", "head", "netns"])
    case .flowSent: ("wakepath", "flow_sent", ["skb", "protocol", "len", "nonlinear", "head", "offset", "netns"])
    case .flowUDP: ("wakepath", "flow_udp", ["skb", "protocol", "head", "netns"])
    case .flowPulled:
      ("wakepath", "flow_pulled", ["skb", "protocol", "len", "nonlinear", "head", "start", "data", "network", "netns"])
    }
  }
  /// Whether the event is read from text, too.
  var isReadFromText: Bool {
    switch self {
    case .dmaMapPage, .dmaMapPhys, .dmaUnmapPage, .dmaUnmapPhys, .dmaSyncForCPU, .flow, .flowSent, .flowUDP, .flowPulled, .print: false
    default: true
    }
  }
}
