import Testing

@testable import Events

/// An event keeps what it says as numbers; what is put in comes out of its views.
@Suite struct EventBodyTests {
  private static let name = NameID(index: 7, kernelThread: .napi)
  private static let flow = FlowID(index: 12)
  private static let arrival = Arrival(skb: .max, device: name, napi: .max, length: .max)
  private static let buffer = DMABuffer(device: name, address: .max, size: .max, direction: .fromDevice)
  private static let arrived: [String: Int64] = ["skbaddr": -1, "name": 7, "napi_id": 0xffff_ffff, "len": 0xffff_ffff]
  private static let shared: [String: Int64] = ["device": 7, "size": 0xffff_ffff, "dir": 2]

  /// Each way to make an event, and its values by the names of the kernel's fields.
  private static let made: [(EventBody, [String: Int64])] = [
    (.irqHandlerEntry(irq: -1, name: name), ["irq": -1, "name": 7]), (.irqHandlerExit(irq: .max), ["irq": 0x7fff_ffff]),
    (.softirqRaise(vector: 3), ["vec": 3]), (.softirqEntry(vector: .min), ["vec": -0x8000_0000]), (.softirqExit(vector: 9), ["vec": 9]),
    (.napiPoll(napi: .max, device: name, work: -1, budget: 64), ["napi": -1, "dev_name": 7, "work": -1, "budget": 64]),
    (.groEntry(arrival), arrived), (.groExit(result: -5), ["ret": -5]), (.netifRxEntry(arrival), arrived), (.receiveEntry(arrival), arrived),
    (.receiveListEntry(arrival), arrived),
    (.netifReceiveSkb(skb: .max, length: .max, device: name), ["skbaddr": -1, "len": 0xffff_ffff, "name": 7]),
    (.netDevQueue(skb: 1, length: 2, device: name), ["skbaddr": 1, "len": 2, "name": 7]),
    (.netDevStartXmit(skb: 1, length: 2, device: name), ["skbaddr": 1, "len": 2, "name": 7]),
    (.netDevXmit(skb: 1, length: 2, rc: -16, device: name), ["skbaddr": 1, "len": 2, "rc": -16, "name": 7]),
    (.kfreeSkb(skb: 1, location: .max, reason: -1), ["skbaddr": 1, "location": -1, "reason": -1]),
    (.consumeSkb(skb: 1, location: 2), ["skbaddr": 1, "location": 2]),
    (.skbCopyDatagram(skb: 1, length: .min), ["skbaddr": 1, "len": -0x8000_0000]),
    (.skDataReady(socket: 1, family: .max, protocol: 6), ["skaddr": 1, "family": 0xffff, "protocol": 6]),
    (.sockDefReadable(socket: .max), ["sk": -1]), (.announcedByStack, [:]),
    (
      .sockRecvLength(socket: 1, family: 2, protocol: .max, result: -11, flags: .min),
      ["sk": 1, "family": 2, "protocol": 0xffff, "ret": -11, "flags": -0x8000_0000]
    ),
    (.sockSendLength(socket: 1, family: 2, protocol: 6, result: -32), ["sk": 1, "family": 2, "protocol": 6, "ret": -32]),
    (
      .inetSockSetState(socket: 1, old: -1, new: 12, protocol: 6, flow: flow),
      ["skaddr": 1, "oldstate": -1, "newstate": 12, "protocol": 6, "flow": 12]
    ),
    (
      .tcpProbe(skb: 1, socket: 2, cookie: .max, flow: flow, dataLength: .max),
      ["skbaddr": 1, "skaddr": 2, "sock_cookie": -1, "flow": 12, "data_len": 0xffff_ffff]
    ),
    (.tcpRcvSpaceAdjust(socket: 1, cookie: .max, flow: .none), ["skaddr": 1, "sock_cookie": -1, "flow": 0]),
    (.tcpDestroySock(socket: 1, cookie: 2), ["skaddr": 1, "sock_cookie": 2]), (.schedWaking(pid: -1, comm: name), ["pid": -1, "comm": 7]),
    (
      .schedSwitch(previous: .max, previousState: .min, next: -1, nextComm: name),
      ["prev_pid": 0x7fff_ffff, "prev_state": .min, "next_pid": -1, "next_comm": 7]
    ),
    (.sockRcvqueueFull(allocated: -1, truesize: .max, limit: 212_992), ["rmem_alloc": -1, "truesize": 0xffff_ffff, "sk_rcvbuf": 212_992]),
    (.dmaMap(buffer), shared.merging(["dma_addr": -1]) { $1 }), (.dmaUnmap(buffer), shared.merging(["addr": -1]) { $1 }),
    (.dmaSyncForCPU(buffer), shared.merging(["dma_addr": -1]) { $1 }), (.windowBegins, [:]), (.windowEnds, [:]), (.interruptsChosen, [:]),
    (.taskChosen(comm: name), ["comm": 7]), (.gap(before: .max, events: nil), ["before": -1, "events": 0]),
    (.gap(before: 5, events: .max), ["before": 5, "events": -1])
  ]

  @Test("is what it was made of, whatever the event was before")
  func bodyIsKept() {
    var event = Event(time: 1, cpu: 2, pid: 3, flags: .softirq, body: .windowEnds)
    for (body, values) in Self.made + Self.made.reversed() {
      event.body = body
      #expect(EventValues.values(of: event) == values, "\(body)")
      #expect(event.time == 1 && event.cpu == 2 && event.pid == 3 && event.flags == .softirq)
    }
  }

  @Test("can be made of every kind but a line that says nothing, and of packets' headers")
  func kinds() {
    let kinds = Set(Self.made.map(\.0.kind))
    #expect(Set(Event.Kind.allCases).subtracting(kinds) == [.flow, .flowPulled, .flowSent, .recorderLine])
  }

  @Test("knows whether a gap counts its events")
  func gaps() {
    func gap(_ events: UInt64?) -> UInt64? { Event(time: 0, cpu: 0, pid: 0, flags: [], body: .gap(before: 5, events: events)).gap.events }
    #expect(gap(nil) == nil && gap(0) == 0 && gap(.max) == .max)
  }

  private static func header(_ change: (inout PacketHeader) -> Void) -> PacketHeader {
    var header = PacketHeader(skb: 0xff2b_091e_e639_8700)
    header.flow = flow
    (header.protocolNumber, header.sequence, header.acknowledgement, header.namespace) = (.max, .max, .max, .max)
    header.flags = [.syn, .ack, .urg]
    change(&header)
    return header
  }

  @Test("has a packet's header as it was", arguments: 0..<5)
  func headers(number: Int) {
    let header = Self.header {
      switch number {
      case 0: $0.payload = nil
      case 1: $0.payload = 0
      case 2: $0.fragment = .init(identification: .max, offset: 8, count: .max, isFollowed: true)
      case 3: $0.isCut = true
      default: ($0.payload, $0.fragment) = (.max, .init(identification: 0, offset: .max, count: 0, isFollowed: false))
      }
    }
    for body in [EventBody.flow(header), .flowPulled(header), .flowSent(header)] {
      #expect("\(Event(time: 0, cpu: 0, pid: 0, flags: [], body: body).header)" == "\(header)")
    }
  }
}
