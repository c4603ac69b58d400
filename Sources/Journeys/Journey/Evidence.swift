/// The event that a stage was seen by.
public enum Evidence: UInt8, Sendable {
  case irqHandlerEntry, softirqRaise, softirqEntry
  case napiGroReceiveEntry, netifRxEntry, netifReceiveSkb
  case tcpProbe, skDataReady, schedWaking, schedSwitch
  case skbCopyDatagram, consumeSkb, sockRecvLength
  case sockSendLength, netDevQueue, netDevStartXmit, netDevXmit, kfreeSkb
  case sockDefReadable
  case dmaMap, dmaUnmap, dmaSyncForCPU

  /// The name of the tracepoint.
  public var name: String {
    switch self {
    case .irqHandlerEntry: "irq_handler_entry"
    case .softirqRaise: "softirq_raise"
    case .softirqEntry: "softirq_entry"
    case .napiGroReceiveEntry: "napi_gro_receive_entry"
    case .netifRxEntry: "netif_rx_entry"
    case .netifReceiveSkb: "netif_receive_skb"
    case .tcpProbe: "tcp_probe"
    case .skDataReady: "sk_data_ready"
    case .schedWaking: "sched_waking"
    case .schedSwitch: "sched_switch"
    case .skbCopyDatagram: "skb_copy_datagram_iovec"
    case .consumeSkb: "consume_skb"
    case .sockRecvLength: "sock_recv_length"
    case .sockSendLength: "sock_send_length"
    case .netDevQueue: "net_dev_queue"
    case .netDevStartXmit: "net_dev_start_xmit"
    case .netDevXmit: "net_dev_xmit"
    case .kfreeSkb: "kfree_skb"
    case .sockDefReadable: "sock_def_readable"
    case .dmaMap: "dma_map"
    case .dmaUnmap: "dma_unmap"
    case .dmaSyncForCPU: "dma_sync_single_for_cpu"
    }
  }
}

/// How sure it is that an event belongs to a packet.
public enum Link: UInt8, Sendable, Comparable {
  /// The event names the packet or its socket.
  case exact
  /// It follows from order within one context.
  case ordered
  /// Anything weaker.
  case inferred

  public static func < (a: Link, b: Link) -> Bool { a.rawValue < b.rawValue }
}

/// What a CPU was doing when it wrote an event.
public enum ExecutionContext: UInt8, Sendable {
  case hardirq, softirq, process
}
