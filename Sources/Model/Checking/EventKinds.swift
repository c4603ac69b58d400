internal import Events

extension Event.Body {
  /// The tracepoint it was decoded from, or nil for what is no event of the kernel. Those of frags and of DMA stand for their like.
  var kind: EventKind? {
    switch self {
    case .irqHandlerEntry: .irqHandlerEntry
    case .irqHandlerExit: .irqHandlerExit
    case .softirqRaise: .softirqRaise
    case .softirqEntry: .softirqEntry
    case .softirqExit: .softirqExit
    case .napiPoll: .napiPoll
    case .groEntry: .groReceiveEntry
    case .groExit: .groReceiveExit
    case .netifRxEntry: .netifRxEntry
    case .receiveEntry: .receiveEntry
    case .receiveListEntry: .receiveListEntry
    case .netifReceiveSkb: .netifReceiveSkb
    case .netDevQueue: .netDevQueue
    case .netDevStartXmit: .netDevStartXmit
    case .netDevXmit: .netDevXmit
    case .kfreeSkb: .kfreeSkb
    case .consumeSkb: .consumeSkb
    case .skbCopyDatagram: .skbCopyDatagram
    case .skDataReady: .skDataReady
    case .sockRecvLength: .sockRecvLength
    case .sockSendLength: .sockSendLength
    case .inetSockSetState: .inetSockSetState
    case .tcpProbe: .tcpProbe
    case .tcpRcvSpaceAdjust: .tcpRcvSpaceAdjust
    case .tcpDestroySock: .tcpDestroySock
    case .schedWaking: .schedWaking
    case .schedSwitch: .schedSwitch
    case .dmaMap: .dmaMapPage
    case .dmaUnmap: .dmaUnmapPage
    case .dmaSyncForCPU: .dmaSyncForCPU
    case .flow: .flow
    case .flowSent: .flowSent
    // A probe, or a record of the function tracer; marks and gaps in the recording itself.
    case .sockDefReadable, .announcedByStack, .windowBegins, .windowEnds, .gap: nil
    }
  }
}

extension ReferenceModel {
  /// The contexts that a step may be taken in, in words.
  static func contexts(_ from: Stage, _ to: Stage) -> String {
    steps.first { $0.from == from && $0.to == to }?.contexts.map(\.rawValue).joined(separator: " or ") ?? "no such step"
  }
}
