/// The tracepoints that journeys are made of, in the order of a packet's way. A new one is a case, a declaration (`Declarations/`) and, if it tells
/// something new, a case of `EventBody.Kind`.
public enum EventKind: UInt8, CaseIterable, Sendable {
  // The interrupt and its soft half.
  case irqHandlerEntry, irqHandlerExit, softirqRaise, softirqEntry, softirqExit
  case napiPoll
  // From the driver to the transport.
  case groReceiveEntry, groReceiveExit, groFragsEntry, groFragsExit
  case netifRxEntry, receiveEntry, receiveListEntry, netifReceiveSkb
  case tcpProbe
  // From the socket to the application.
  case skDataReady, schedWaking, schedSwitch
  case skbCopyDatagram, tcpRcvSpaceAdjust, sockRecvLength, inetSockSetState, tcpDestroySock, sockRcvqueueFull
  // The end of a packet.
  case consumeSkb, kfreeSkb
  // The way out.
  case sockSendLength, netDevQueue, netDevStartXmit, netDevXmit
  // Memory that drivers share with their devices.
  case dmaMapPage, dmaMapPhys, dmaUnmapPage, dmaUnmapPhys, dmaSyncForCPU
  /// Probes that `wakepath record` makes.
  case flow, flowSent, flowUDP, flowPulled
  /// A line written into the recording (`trace_marker`).
  case print

  /// Everything that is known of it.
  public var tracepoint: Tracepoint {
    switch self {
    case .irqHandlerEntry: .irqHandlerEntry
    case .irqHandlerExit: .irqHandlerExit
    case .softirqRaise: .softirqRaise
    case .softirqEntry: .softirqEntry
    case .softirqExit: .softirqExit
    case .napiPoll: .napiPoll
    case .groReceiveEntry: .groReceiveEntry
    case .groReceiveExit: .groReceiveExit
    case .groFragsEntry: .groFragsEntry
    case .groFragsExit: .groFragsExit
    case .netifRxEntry: .netifRxEntry
    case .receiveEntry: .receiveEntry
    case .receiveListEntry: .receiveListEntry
    case .netifReceiveSkb: .netifReceiveSkb
    case .tcpProbe: .tcpProbe
    case .skDataReady: .skDataReady
    case .schedWaking: .schedWaking
    case .schedSwitch: .schedSwitch
    case .skbCopyDatagram: .skbCopyDatagram
    case .tcpRcvSpaceAdjust: .tcpRcvSpaceAdjust
    case .sockRecvLength: .sockRecvLength
    case .inetSockSetState: .inetSockSetState
    case .tcpDestroySock: .tcpDestroySock
    case .sockRcvqueueFull: .sockRcvqueueFull
    case .consumeSkb: .consumeSkb
    case .kfreeSkb: .kfreeSkb
    case .sockSendLength: .sockSendLength
    case .netDevQueue: .netDevQueue
    case .netDevStartXmit: .netDevStartXmit
    case .netDevXmit: .netDevXmit
    case .dmaMapPage: .dmaMapPage
    case .dmaMapPhys: .dmaMapPhys
    case .dmaUnmapPage: .dmaUnmapPage
    case .dmaUnmapPhys: .dmaUnmapPhys
    case .dmaSyncForCPU: .dmaSyncForCPU
    case .flow: .flow
    case .flowSent: .flowSent
    case .flowUDP: .flowUDP
    case .flowPulled: .flowPulled
    case .print: .print
    }
  }

  /// The event's name, without its system.
  public var name: String { tracepoint.name }
}

extension EventBody {
  /// What happened. Each tracepoint tells one of these, but for the kinds in the last lines: those stand for something else than an event of
  /// the kernel.
  public enum Kind: UInt8, CaseIterable, Sendable {
    case irqHandlerEntry, irqHandlerExit, softirqRaise, softirqEntry, softirqExit
    case napiPoll
    case groEntry, groExit, netifRxEntry, receiveEntry, receiveListEntry, netifReceiveSkb
    case netDevQueue, netDevStartXmit, netDevXmit
    case kfreeSkb, consumeSkb, skbCopyDatagram
    case skDataReady, sockRecvLength, sockSendLength, inetSockSetState, sockRcvqueueFull
    case tcpProbe, tcpRcvSpaceAdjust, tcpDestroySock
    case schedWaking, schedSwitch
    case dmaMap, dmaUnmap, dmaSyncForCPU
    case flow, flowPulled, flowSent
    // Functions that probes, tracers and stacks tell of.
    case sockDefReadable, announcedByStack
    // What the recording says of itself.
    case windowBegins, windowEnds, interruptsChosen, taskChosen, gap
    /// A line in the recording; decoders make one of the four before of it, or nothing.
    case recorderLine

    /// The tracepoint that tells it, or the first of several; nil for what is no event of the kernel.
    public var tracepoint: EventKind? { Self.tracepoints[Int(rawValue)] }

    private static let tracepoints: [EventKind?] = allCases.map { kind in EventKind.allCases.first { $0.tracepoint.kind == kind } }
  }
}
