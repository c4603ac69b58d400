internal import Events

/// The event that a stage was seen by.
public enum Evidence: UInt8, CaseIterable, Sendable {
  case irqHandlerEntry, softirqRaise, softirqEntry
  case napiGroReceiveEntry, netifRxEntry, netifReceiveSkb
  case tcpProbe, skDataReady, schedWaking, schedSwitch
  case skbCopyDatagram, consumeSkb, sockRecvLength, tcpRcvSpaceAdjust
  case sockSendLength, netDevQueue, netDevStartXmit, netDevXmit, kfreeSkb
  case sockDefReadable
  case dmaMap, dmaUnmap, dmaSyncForCPU

  /// The name of the tracepoint, or of several that tell the same.
  public var name: String { Self.names[Int(rawValue)] }

  private static let names = allCases.map { ($0.kind.tracepoint?.tracepoint ?? .sockDefReadable).evidence }

  private var kind: Event.Kind {
    switch self {
    case .irqHandlerEntry: .irqHandlerEntry
    case .softirqRaise: .softirqRaise
    case .softirqEntry: .softirqEntry
    case .napiGroReceiveEntry: .groEntry
    case .netifRxEntry: .netifRxEntry
    case .netifReceiveSkb: .netifReceiveSkb
    case .tcpProbe: .tcpProbe
    case .skDataReady: .skDataReady
    case .schedWaking: .schedWaking
    case .schedSwitch: .schedSwitch
    case .skbCopyDatagram: .skbCopyDatagram
    case .consumeSkb: .consumeSkb
    case .sockRecvLength: .sockRecvLength
    case .tcpRcvSpaceAdjust: .tcpRcvSpaceAdjust
    case .sockSendLength: .sockSendLength
    case .netDevQueue: .netDevQueue
    case .netDevStartXmit: .netDevStartXmit
    case .netDevXmit: .netDevXmit
    case .kfreeSkb: .kfreeSkb
    case .sockDefReadable: .sockDefReadable
    case .dmaMap: .dmaMap
    case .dmaUnmap: .dmaUnmap
    case .dmaSyncForCPU: .dmaSyncForCPU
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
