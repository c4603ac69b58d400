import Testing

@testable import Events

/// An event keeps its body as numbers; what is put in comes out.
@Suite struct EventBodyTests {
  private static let name = NameID(index: 7, kernelThread: .napi)
  private static let flow = FlowID(index: 12)
  private static let arrival = Arrival(skb: .max, device: name, napi: .max, length: .max)
  private static let buffer = DMABuffer(device: name, address: .max, size: .max, direction: .fromDevice)

  private static func header(_ change: (inout PacketHeader) -> Void) -> PacketHeader {
    var header = PacketHeader(skb: 0xff2b_091e_e639_8700)
    header.flow = flow
    (header.protocolNumber, header.sequence, header.acknowledgement, header.namespace) = (.max, .max, .max, .max)
    header.flags = [.syn, .ack, .urg]
    change(&header)
    return header
  }

  private static let bodies: [Event.Body] = [
    .irqHandlerEntry(irq: -1, name: name), .irqHandlerExit(irq: .max), .softirqRaise(vector: 3), .softirqEntry(vector: .min),
    .softirqExit(vector: 9), .napiPoll(napi: .max, device: name, work: -1, budget: 64), .groEntry(arrival), .groExit(result: -5),
    .netifRxEntry(arrival), .receiveEntry(arrival), .receiveListEntry(arrival), .netifReceiveSkb(skb: .max, length: .max, device: name),
    .netDevQueue(skb: 1, length: 2, device: name), .netDevStartXmit(skb: 1, length: 2, device: name),
    .netDevXmit(skb: 1, length: 2, rc: -16, device: name), .kfreeSkb(skb: 1, location: .max, reason: -1), .consumeSkb(skb: 1, location: 2),
    .skbCopyDatagram(skb: 1, length: .min), .skDataReady(socket: 1, family: .max, protocol: 6), .sockDefReadable(socket: .max), .announcedByStack,
    .sockRecvLength(socket: 1, family: 2, protocol: .max, result: -11, flags: .min), .sockSendLength(socket: 1, family: 2, protocol: 6, result: -32),
    .inetSockSetState(socket: 1, old: -1, new: 12, protocol: 6, flow: flow),
    .tcpProbe(skb: 1, socket: 2, cookie: .max, flow: flow, dataLength: .max), .tcpRcvSpaceAdjust(socket: 1, cookie: .max, flow: .none),
    .tcpDestroySock(socket: 1, cookie: 2), .schedWaking(pid: -1, comm: name),
    .schedSwitch(previous: .max, previousState: .min, next: -1, nextComm: name), .dmaMap(buffer), .dmaUnmap(buffer), .dmaSyncForCPU(buffer),
    .flow(header { $0.payload = nil }), .flow(header { $0.payload = 0 }),
    .flow(header { $0.fragment = .init(identification: .max, offset: 8, count: .max, isFollowed: true) }),
    .flowPulled(header { $0.isCut = true }),
    .flowSent(header { ($0.payload, $0.fragment) = (.max, .init(identification: 0, offset: .max, count: 0, isFollowed: false)) }),
    .windowBegins, .windowEnds, .interruptsChosen, .taskChosen(comm: name), .gap(before: .max, events: nil), .gap(before: 5, events: 0),
    .gap(before: 5, events: .max)
  ]

  @Test("is what it was made of, whatever the event was before")
  func bodyIsKept() {
    var event = Event(time: 1, cpu: 2, pid: 3, flags: .softirq, body: .windowEnds)
    for body in Self.bodies + Self.bodies.reversed() {
      event.body = body
      #expect("\(event.body)" == "\(body)")
      #expect(event.time == 1 && event.cpu == 2 && event.pid == 3 && event.flags == .softirq)
    }
  }

  @Test("has a kind of its own for each case")
  func kinds() {
    let kinds = Set(Self.bodies.map { Event(time: 0, cpu: 0, pid: 0, flags: [], body: $0).kind })
    #expect(kinds.count == Int(Event.Kind.gap.rawValue) + 1)
  }
}
