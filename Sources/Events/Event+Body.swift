extension Event {
  /// What happened, named after the tracepoints.
  public enum Body: Sendable {
    case irqHandlerEntry(irq: Int32, name: NameID)
    case irqHandlerExit(irq: Int32)
    case softirqRaise(vector: Int32)
    case softirqEntry(vector: Int32)
    case softirqExit(vector: Int32)
    case napiPoll(napi: UInt64, device: NameID, work: Int32, budget: Int32)
    /// napi_gro_receive_entry or napi_gro_frags_entry: a driver hands over a packet.
    case groEntry(Arrival)
    /// The verdict of GRO (`enum gro_result`, include/linux/netdevice.h).
    case groExit(result: Int32)
    /// netif_rx_entry: a packet goes to the per-CPU backlog.
    case netifRxEntry(Arrival)
    /// netif_receive_skb_entry: a driver without GRO, or a bridge, hands over a packet.
    case receiveEntry(Arrival)
    /// netif_receive_skb_list_entry: a driver hands over several packets, one such event for each, before the first of them is delivered.
    case receiveListEntry(Arrival)
    case netifReceiveSkb(skb: UInt64, length: UInt32, device: NameID)
    case netDevQueue(skb: UInt64, length: UInt32, device: NameID)
    case netDevStartXmit(skb: UInt64, length: UInt32, device: NameID)
    case netDevXmit(skb: UInt64, length: UInt32, rc: Int32, device: NameID)
    /// `reason` is -1 where the kernel does not say.
    case kfreeSkb(skb: UInt64, location: UInt64, reason: Int32)
    case consumeSkb(skb: UInt64, location: UInt64)
    case skbCopyDatagram(skb: UInt64, length: Int32)
    /// `socket` is 0 in text, which does not print it.
    case skDataReady(socket: UInt64, family: UInt16, protocol: UInt16)
    /// sock_def_readable was entered, which announces data (also where there is no sk_data_ready). A probe may name the socket; the function
    /// tracer does not (0). It is of any family, AF_UNIX too, and it is not said of which.
    case sockDefReadable(socket: UInt64)
    /// sock_def_readable announced data to the task that is woken next, as the stack behind that wakeup tells. Announcements that wake nobody
    /// leave no such event.
    case announcedByStack
    case sockRecvLength(socket: UInt64, family: UInt16, protocol: UInt16, result: Int32, flags: Int32)
    case sockSendLength(socket: UInt64, family: UInt16, protocol: UInt16, result: Int32)
    case inetSockSetState(socket: UInt64, old: Int32, new: Int32, protocol: UInt16, flow: FlowID)
    /// `skb` and `socket` are 0 before kernel 6.12.
    case tcpProbe(skb: UInt64, socket: UInt64, cookie: UInt64, flow: FlowID, dataLength: UInt32)
    case tcpRcvSpaceAdjust(socket: UInt64, cookie: UInt64, flow: FlowID)
    case tcpDestroySock(socket: UInt64, cookie: UInt64)
    case schedWaking(pid: Int32, comm: NameID)
    /// `previousState` is 0 where the task could have gone on.
    case schedSwitch(previous: Int32, previousState: Int64, next: Int32, nextComm: NameID)
    /// dma_map_page or dma_map_phys: a driver hands memory to its device.
    case dmaMap(DMABuffer)
    /// dma_unmap_page or dma_unmap_phys: it takes the memory back.
    case dmaUnmap(DMABuffer)
    /// dma_sync_single_for_cpu: it looks into memory that it keeps for the device.
    case dmaSyncForCPU(DMABuffer)
    /// What a packet carries, right behind its netif_receive_skb.
    case flow(PacketHeader)
    /// The same once a header that a driver left in a page is among the packet's own bytes.
    case flowPulled(PacketHeader)
    /// The same of a packet that is sent, right behind its net_dev_start_xmit.
    case flowSent(PacketHeader)
    /// A recording in windows goes on, or pauses: what is under way is cut.
    case windowBegins, windowEnds
    /// Of the hard interrupts only those of the recorded devices are in the recording.
    case interruptsChosen
    /// Of scheduling only that of tasks of this name, and of others told so, is in the recording.
    case taskChosen(comm: NameID)
    /// Events of `cpu` were lost until `before`, in nanoseconds.
    case gap(before: UInt64, events: UInt64?)
  }

  /// Which of `Body`'s cases an event is.
  public enum Kind: UInt8, Sendable {
    case irqHandlerEntry, irqHandlerExit, softirqRaise, softirqEntry, softirqExit
    case napiPoll
    case groEntry, groExit, netifRxEntry, receiveEntry, receiveListEntry, netifReceiveSkb
    case netDevQueue, netDevStartXmit, netDevXmit
    case kfreeSkb, consumeSkb, skbCopyDatagram
    case skDataReady, sockDefReadable, announcedByStack, sockRecvLength, sockSendLength, inetSockSetState
    case tcpProbe, tcpRcvSpaceAdjust, tcpDestroySock
    case schedWaking, schedSwitch
    case dmaMap, dmaUnmap, dmaSyncForCPU
    case flow, flowPulled, flowSent
    case windowBegins, windowEnds, interruptsChosen, taskChosen, gap
  }

  /// What happened, in words of the kernel.
  public var body: Body {
    get {
      switch kind {
      case .irqHandlerEntry: .irqHandlerEntry(irq: int32(numbers.0), name: name)
      case .irqHandlerExit: .irqHandlerExit(irq: int32(numbers.0))
      case .softirqRaise: .softirqRaise(vector: int32(numbers.0))
      case .softirqEntry: .softirqEntry(vector: int32(numbers.0))
      case .softirqExit: .softirqExit(vector: int32(numbers.0))
      case .napiPoll: .napiPoll(napi: numbers.0, device: name, work: int32(numbers.1), budget: int32(numbers.2))
      case .groEntry: .groEntry(arrival)
      case .groExit: .groExit(result: int32(numbers.0))
      case .netifRxEntry: .netifRxEntry(arrival)
      case .receiveEntry: .receiveEntry(arrival)
      case .receiveListEntry: .receiveListEntry(arrival)
      case .netifReceiveSkb: .netifReceiveSkb(skb: numbers.0, length: uint32(numbers.1), device: name)
      case .netDevQueue: .netDevQueue(skb: numbers.0, length: uint32(numbers.1), device: name)
      case .netDevStartXmit: .netDevStartXmit(skb: numbers.0, length: uint32(numbers.1), device: name)
      case .netDevXmit: .netDevXmit(skb: numbers.0, length: uint32(numbers.1), rc: int32(numbers.2), device: name)
      case .kfreeSkb: .kfreeSkb(skb: numbers.0, location: numbers.1, reason: int32(numbers.2))
      case .consumeSkb: .consumeSkb(skb: numbers.0, location: numbers.1)
      case .skbCopyDatagram: .skbCopyDatagram(skb: numbers.0, length: int32(numbers.1))
      case .skDataReady: .skDataReady(socket: numbers.0, family: uint16(numbers.1), protocol: uint16(numbers.2))
      case .sockDefReadable: .sockDefReadable(socket: numbers.0)
      case .announcedByStack: .announcedByStack
      case .sockRecvLength:
        .sockRecvLength(
          socket: numbers.0, family: uint16(numbers.1), protocol: uint16(numbers.2), result: int32(numbers.3), flags: int32(numbers.4))
      case .sockSendLength:
        .sockSendLength(socket: numbers.0, family: uint16(numbers.1), protocol: uint16(numbers.2), result: int32(numbers.3))
      case .inetSockSetState:
        .inetSockSetState(
          socket: numbers.0, old: int32(numbers.1), new: int32(numbers.2), protocol: uint16(numbers.3), flow: FlowID(index: int32(numbers.4)))
      case .tcpProbe:
        .tcpProbe(
          skb: numbers.0, socket: numbers.1, cookie: numbers.2, flow: probedFlow, dataLength: uint32(numbers.4))
      case .tcpRcvSpaceAdjust: .tcpRcvSpaceAdjust(socket: numbers.0, cookie: numbers.1, flow: FlowID(index: int32(numbers.2)))
      case .tcpDestroySock: .tcpDestroySock(socket: numbers.0, cookie: numbers.1)
      case .schedWaking: .schedWaking(pid: int32(numbers.0), comm: name)
      case .schedSwitch:
        .schedSwitch(previous: int32(numbers.0), previousState: Int64(bitPattern: numbers.1), next: int32(numbers.2), nextComm: name)
      case .dmaMap: .dmaMap(buffer)
      case .dmaUnmap: .dmaUnmap(buffer)
      case .dmaSyncForCPU: .dmaSyncForCPU(buffer)
      case .flow: .flow(header)
      case .flowPulled: .flowPulled(header)
      case .flowSent: .flowSent(header)
      case .windowBegins: .windowBegins
      case .windowEnds: .windowEnds
      case .interruptsChosen: .interruptsChosen
      case .taskChosen: .taskChosen(comm: name)
      case .gap: .gap(before: numbers.0, events: detail == 0 ? nil : numbers.1)
      }
    }
    set {
      switch newValue {
      case .irqHandlerEntry(let irq, let name): set(.irqHandlerEntry, name, bits(irq))
      case .irqHandlerExit(let irq): set(.irqHandlerExit, bits(irq))
      case .softirqRaise(let vector): set(.softirqRaise, bits(vector))
      case .softirqEntry(let vector): set(.softirqEntry, bits(vector))
      case .softirqExit(let vector): set(.softirqExit, bits(vector))
      case .napiPoll(let napi, let device, let work, let budget): set(.napiPoll, device, napi, bits(work), bits(budget))
      case .groEntry(let arrival): set(.groEntry, arrival)
      case .groExit(let result): set(.groExit, bits(result))
      case .netifRxEntry(let arrival): set(.netifRxEntry, arrival)
      case .receiveEntry(let arrival): set(.receiveEntry, arrival)
      case .receiveListEntry(let arrival): set(.receiveListEntry, arrival)
      case .netifReceiveSkb(let skb, let length, let device): set(.netifReceiveSkb, device, skb, UInt64(length))
      case .netDevQueue(let skb, let length, let device): set(.netDevQueue, device, skb, UInt64(length))
      case .netDevStartXmit(let skb, let length, let device): set(.netDevStartXmit, device, skb, UInt64(length))
      case .netDevXmit(let skb, let length, let rc, let device): set(.netDevXmit, device, skb, UInt64(length), bits(rc))
      case .kfreeSkb(let skb, let location, let reason): set(.kfreeSkb, skb, location, bits(reason))
      case .consumeSkb(let skb, let location): set(.consumeSkb, skb, location)
      case .skbCopyDatagram(let skb, let length): set(.skbCopyDatagram, skb, bits(length))
      case .skDataReady(let socket, let family, let proto): set(.skDataReady, socket, UInt64(family), UInt64(proto))
      case .sockDefReadable(let socket): set(.sockDefReadable, socket)
      case .announcedByStack: set(.announcedByStack)
      case .sockRecvLength(let socket, let family, let proto, let result, let flags):
        set(.sockRecvLength, socket, UInt64(family), UInt64(proto), bits(result), bits(flags))
      case .sockSendLength(let socket, let family, let proto, let result):
        set(.sockSendLength, socket, UInt64(family), UInt64(proto), bits(result))
      case .inetSockSetState(let socket, let old, let new, let proto, let flow):
        set(.inetSockSetState, socket, bits(old), bits(new), UInt64(proto), bits(flow.index))
      case .tcpProbe(let skb, let socket, let cookie, let flow, let length):
        set(.tcpProbe, skb, socket, cookie, bits(flow.index), UInt64(length))
      case .tcpRcvSpaceAdjust(let socket, let cookie, let flow): set(.tcpRcvSpaceAdjust, socket, cookie, bits(flow.index))
      case .tcpDestroySock(let socket, let cookie): set(.tcpDestroySock, socket, cookie)
      case .schedWaking(let pid, let comm): set(.schedWaking, comm, bits(pid))
      case .schedSwitch(let previous, let state, let next, let comm):
        set(.schedSwitch, comm, bits(previous), UInt64(bitPattern: state), bits(next))
      case .dmaMap(let buffer): set(.dmaMap, buffer)
      case .dmaUnmap(let buffer): set(.dmaUnmap, buffer)
      case .dmaSyncForCPU(let buffer): set(.dmaSyncForCPU, buffer)
      case .flow(let header): set(.flow, header)
      case .flowPulled(let header): set(.flowPulled, header)
      case .flowSent(let header): set(.flowSent, header)
      case .windowBegins: set(.windowBegins)
      case .windowEnds: set(.windowEnds)
      case .interruptsChosen: set(.interruptsChosen)
      case .taskChosen(let comm): set(.taskChosen, comm)
      case .gap(let before, let events):
        set(.gap, before, events ?? 0)
        detail = events == nil ? 0 : 1
      }
    }
  }

  /// What a driver or the backlog hands over, of an event that says so.
  @inlinable @inline(__always)
  public var arrival: Arrival {
    Arrival(
      skb: numbers.0, device: name, napi: UInt32(truncatingIfNeeded: numbers.1), length: UInt32(truncatingIfNeeded: numbers.2))
  }

  /// The connection that tcp_probe names.
  public var probedFlow: FlowID { FlowID(index: int32(numbers.3)) }

  /// The memory that a DMA event is about.
  public var buffer: DMABuffer {
    DMABuffer(
      device: name, address: numbers.0, size: uint32(numbers.1),
      direction: DMABuffer.Direction(rawValue: UInt8(truncatingIfNeeded: numbers.2)) ?? .none)
  }

  private mutating func set(
    _ kind: Kind, _ name: NameID = .none, _ first: UInt64 = 0, _ second: UInt64 = 0, _ third: UInt64 = 0, _ fourth: UInt64 = 0, _ fifth: UInt64 = 0
  ) {
    (self.kind, self.name, detail) = (kind, name, 0)
    numbers = (first, second, third, fourth, fifth)
  }

  private mutating func set(
    _ kind: Kind, _ first: UInt64, _ second: UInt64 = 0, _ third: UInt64 = 0, _ fourth: UInt64 = 0, _ fifth: UInt64 = 0
  ) {
    set(kind, .none, first, second, third, fourth, fifth)
  }

  private mutating func set(_ kind: Kind, _ arrival: Arrival) {
    set(kind, arrival.device, arrival.skb, UInt64(arrival.napi), UInt64(arrival.length))
  }

  private mutating func set(_ kind: Kind, _ buffer: DMABuffer) {
    set(kind, buffer.device, buffer.address, UInt64(buffer.size), UInt64(buffer.direction.rawValue))
  }

  private func bits(_ number: Int32) -> UInt64 { UInt64(bitPattern: Int64(number)) }
  private func int32(_ number: UInt64) -> Int32 { Int32(truncatingIfNeeded: number) }
  private func uint32(_ number: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: number) }
  private func uint16(_ number: UInt64) -> UInt16 { UInt16(truncatingIfNeeded: number) }
}

/// A packet's header as numbers of an event.
extension Event {
  /// What a packet carries, of an event that says so.
  public var header: PacketHeader {
    var header = PacketHeader(skb: numbers.0)
    header.flow = FlowID(index: Int32(truncatingIfNeeded: numbers.1))
    header.sequence = UInt32(truncatingIfNeeded: numbers.1 >> 32)
    header.acknowledgement = UInt32(truncatingIfNeeded: numbers.2)
    header.namespace = UInt32(truncatingIfNeeded: numbers.2 >> 32)
    header.protocolNumber = UInt16(truncatingIfNeeded: detail)
    header.flags = PacketHeader.TCPFlags(rawValue: UInt8(truncatingIfNeeded: detail >> 16))
    header.isCut = detail & Self.isCut != 0
    if detail & Self.hasPayload != 0 { header.payload = UInt32(truncatingIfNeeded: numbers.3) }
    if detail & Self.hasFragment != 0 {
      header.fragment = PacketHeader.Fragment(
        identification: UInt32(truncatingIfNeeded: numbers.3 >> 32), offset: UInt32(truncatingIfNeeded: numbers.4),
        count: UInt32(truncatingIfNeeded: numbers.4 >> 32), isFollowed: detail & Self.isFollowed != 0)
    }
    return header
  }

  mutating func set(_ kind: Kind, _ header: PacketHeader) {
    (self.kind, name) = (kind, .none)
    numbers.0 = header.skb
    numbers.1 = UInt64(UInt32(bitPattern: header.flow.index)) | UInt64(header.sequence) << 32
    numbers.2 = UInt64(header.acknowledgement) | UInt64(header.namespace) << 32
    numbers.3 = UInt64(header.payload ?? 0) | UInt64(header.fragment?.identification ?? 0) << 32
    numbers.4 = UInt64(header.fragment?.offset ?? 0) | UInt64(header.fragment?.count ?? 0) << 32
    detail = UInt32(header.protocolNumber) | UInt32(header.flags.rawValue) << 16
    if header.payload != nil { detail |= Self.hasPayload }
    if header.isCut { detail |= Self.isCut }
    if let fragment = header.fragment { detail |= Self.hasFragment | (fragment.isFollowed ? Self.isFollowed : 0) }
  }

  private static var hasPayload: UInt32 { 1 << 24 }
  private static var hasFragment: UInt32 { 1 << 25 }
  private static var isFollowed: UInt32 { 1 << 26 }
  private static var isCut: UInt32 { 1 << 27 }
}
