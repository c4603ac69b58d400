import Events

/// What the views of an event say, by the names of the kernel's fields: written by hand, so that a view that reads the wrong slot, or a
/// declaration that names the wrong field, is found. A new tracepoint needs its line here.
enum EventValues {
  static func values(of event: Event) -> [String: Int64] {
    func bits(_ number: UInt64) -> Int64 { Int64(bitPattern: number) }
    func wide(_ number: some BinaryInteger) -> Int64 { Int64(truncatingIfNeeded: number) }
    switch event.kind {
    case .irqHandlerEntry: return ["irq": wide(event.irqHandlerEntry.irq), "name": wide(event.irqHandlerEntry.name.index)]
    case .irqHandlerExit: return ["irq": wide(event.irqHandlerExit.irq)]
    case .softirqRaise: return ["vec": wide(event.softirqRaise.vector)]
    case .softirqEntry: return ["vec": wide(event.softirqEntry.vector)]
    case .softirqExit: return ["vec": wide(event.softirqExit.vector)]
    case .napiPoll:
      let poll = event.napiPoll
      return ["napi": bits(poll.napi), "dev_name": wide(poll.device.index), "work": wide(poll.work), "budget": wide(poll.budget)]
    case .groEntry: return values(event.groEntry)
    case .groExit: return ["ret": wide(event.groExit.result)]
    case .netifRxEntry: return values(event.netifRxEntry)
    case .receiveEntry: return values(event.receiveEntry)
    case .receiveListEntry: return values(event.receiveListEntry)
    case .netifReceiveSkb: return values(event.netifReceiveSkb)
    case .netDevQueue: return values(event.netDevQueue)
    case .netDevStartXmit: return values(event.netDevStartXmit)
    case .netDevXmit:
      let packet = event.netDevXmit
      return ["skbaddr": bits(packet.skb), "len": wide(packet.length), "name": wide(packet.device.index), "rc": wide(packet.rc)]
    case .kfreeSkb: return ["skbaddr": bits(event.kfreeSkb.skb), "location": bits(event.kfreeSkb.location), "reason": wide(event.kfreeSkb.reason)]
    case .consumeSkb: return ["skbaddr": bits(event.consumeSkb.skb), "location": bits(event.consumeSkb.location)]
    case .skbCopyDatagram: return ["skbaddr": bits(event.skbCopyDatagram.skb), "len": wide(event.skbCopyDatagram.length)]
    case .schedWaking: return ["pid": wide(event.schedWaking.pid), "comm": wide(event.schedWaking.comm.index)]
    case .schedSwitch:
      let change = event.schedSwitch
      return [
        "prev_pid": wide(change.previous), "prev_state": change.previousState, "next_pid": wide(change.next),
        "next_comm": wide(change.nextComm.index)
      ]
    case .dmaMap: return values(event.dmaMap, "dma_addr")
    case .dmaUnmap: return values(event.dmaUnmap, "addr")
    case .dmaSyncForCPU: return values(event.dmaSyncForCPU, "dma_addr")
    case .gap: return ["before": bits(event.gap.before), "events": bits(event.gap.events ?? 0)]
    case .taskChosen: return ["comm": wide(event.name.index)]
    case .flow, .flowPulled, .flowSent: return ["header": bits(event.header.skb)]
    case .announcedByStack, .windowBegins, .windowEnds, .interruptsChosen, .recorderLine: return [:]
    default: return socketValues(of: event)
    }
  }

  private static func socketValues(of event: Event) -> [String: Int64] {
    func bits(_ number: UInt64) -> Int64 { Int64(bitPattern: number) }
    func wide(_ number: some BinaryInteger) -> Int64 { Int64(truncatingIfNeeded: number) }
    switch event.kind {
    case .skDataReady:
      return [
        "skaddr": bits(event.skDataReady.socket), "family": wide(event.skDataReady.family), "protocol": wide(event.skDataReady.protocolNumber)
      ]
    case .sockDefReadable: return ["sk": bits(event.sockDefReadable.socket)]
    case .sockSendLength: return values(event.sockSendLength)
    case .sockRecvLength: return values(event.sockRecvLength).merging(["flags": wide(event.sockRecvLength.flags)]) { $1 }
    case .inetSockSetState:
      let change = event.inetSockSetState
      return [
        "skaddr": bits(change.socket), "oldstate": wide(change.old), "newstate": wide(change.new), "protocol": wide(change.protocolNumber),
        "flow": wide(change.flow.index)
      ]
    case .tcpProbe:
      let segment = event.tcpProbe
      return [
        "skbaddr": bits(segment.skb), "skaddr": bits(segment.socket), "sock_cookie": bits(segment.cookie), "flow": wide(segment.flow.index),
        "data_len": wide(segment.dataLength)
      ]
    case .tcpRcvSpaceAdjust:
      let end = event.tcpRcvSpaceAdjust
      return ["skaddr": bits(end.socket), "sock_cookie": bits(end.cookie), "flow": wide(end.flow.index)]
    case .sockRcvqueueFull:
      let full = event.sockRcvqueueFull
      return ["rmem_alloc": wide(full.allocated), "truesize": wide(full.truesize), "sk_rcvbuf": wide(full.limit)]
    case .tcpDestroySock: return ["skaddr": bits(event.tcpDestroySock.socket), "sock_cookie": bits(event.tcpDestroySock.cookie)]
    default: return ["\(event.kind) has no line here": 0]
    }
  }

  private static func values(_ arrival: Arrival) -> [String: Int64] {
    [
      "skbaddr": Int64(bitPattern: arrival.skb), "name": Int64(arrival.device.index), "napi_id": Int64(arrival.napi),
      "len": Int64(arrival.length)
    ]
  }

  private static func values(_ packet: DevicePacket) -> [String: Int64] {
    ["skbaddr": Int64(bitPattern: packet.skb), "len": Int64(packet.length), "name": Int64(packet.device.index)]
  }

  private static func values(_ call: SocketCall) -> [String: Int64] {
    [
      "sk": Int64(bitPattern: call.socket), "family": Int64(call.family), "protocol": Int64(call.protocolNumber), "ret": Int64(call.result)
    ]
  }

  private static func values(_ buffer: DMABuffer, _ address: String) -> [String: Int64] {
    [
      "device": Int64(buffer.device.index), address: Int64(bitPattern: buffer.address), "size": Int64(buffer.size),
      "dir": Int64(buffer.direction.rawValue)
    ]
  }
}
