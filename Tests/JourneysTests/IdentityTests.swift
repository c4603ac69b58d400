import Events
import Testing

@testable import Journeys

/// Flows that packets name themselves.
@Suite struct IdentityTests {
  private func header(_ skb: UInt64, _ script: Script, port: UInt16 = 1000) -> PacketHeader {
    let (local, remote) = (Endpoint(low: 1, port: port, isIPv6: false), Endpoint(low: 2, port: 9, isIPv6: false))
    var header = PacketHeader(skb: skb)
    header.flow = script.flows.intern(Flow(local: local, remote: remote))
    header.protocolNumber = Event.IPProtocol.tcp
    return header
  }

  @Test func aBatchKeepsItsPacketsApart() {
    let script = Script()
    let headers = (0..<3).map { header(0x100 + $0, script, port: 1000 + UInt16($0)) }
    let device = script.name(Script.eth)
    script.softirq { script in
      for header in headers { script.gro(header.skb, 60) }
      for header in headers {
        script.emit(.netifReceiveSkb(skb: header.skb, length: 60, device: device))
        script.emit(.flow(header))
      }
    }
    script.finish()
    #expect(script.journeys.map(\.flow) == headers.map(\.flow))
    #expect(script.journeys.map(\.protocolNumber) == [6, 6, 6])
  }

  @Test func theFlowOfAnEarlierLifeOfTheAddressIsNotTaken() {
    let script = Script()
    let (first, second) = (header(0x100, script, port: 1), header(0x100, script, port: 2))
    let device = script.name(Script.eth)
    for header in [first, second] {
      script.softirq { script in
        script.gro(header.skb, 60)
        script.emit(.netifReceiveSkb(skb: header.skb, length: 60, device: device))
        script.emit(.flow(header))
      }
    }
    // An address nobody knows, and bytes that are not IP's.
    script.softirq { $0.emit(.flow(PacketHeader(skb: 0x100))) }
    script.softirq { $0.emit(.flow(first)) }
    script.finish()
    #expect(script.journeys.map(\.flow) == [first.flow, second.flow])
  }

  @Test func whatIsInPagesSaysItOnceItIsOutOfThem() {
    let script = Script()
    var cut = header(0x100, script, port: 0)
    cut.isCut = true
    let (whole, changed) = (header(0x100, script), header(0x100, script, port: 99))
    let device = script.name(Script.eth)
    script.softirq { script in
      script.gro(0x100, 60)
      script.emit(.netifReceiveSkb(skb: 0x100, length: 60, device: device))
      script.emit(.flow(cut))
      script.emit(.flowPulled(whole))
      // NAT has given it another address, and IP looks at it again.
      script.emit(.flowPulled(changed))
    }
    script.finish()
    #expect(script.journeys.map(\.flow) == [whole.flow])
  }

  /// `wakepath record` reads what goes through loopback only where it is sent.
  @Test func loopbackReturnsWhatWasSent() {
    let script = Script()
    let lo = script.name("lo")
    func send(_ header: PacketHeader?, through device: NameID, as arrival: NameID) {
      script.on(pid: 5, .bottomHalvesOff) { script in
        script.emit(.netDevQueue(skb: 0x200, length: 74, device: device))
        script.emit(.netDevStartXmit(skb: 0x200, length: 74, device: device))
        if let header { script.emit(.flowSent(header)) }
        script.emit(.netifRxEntry(Arrival(skb: 0x200, device: arrival, napi: 0, length: 60)))
        script.emit(.netDevXmit(skb: 0x200, length: 74, rc: 0, device: device))
      }
      script.softirq { $0.emit(.netifReceiveSkb(skb: 0x200, length: 60, device: arrival)) }
    }
    let first = header(0x200, script)
    send(first, through: lo, as: lo)
    // The same address; its own header was not recorded.
    send(nil, through: lo, as: lo)
    // What the other end of a veth receives has a probe of its own.
    send(first, through: script.name("v0"), as: script.name("v1"))
    script.finish()
    let received = script.journeys.filter { $0.direction == .rx }.sorted { $0.id < $1.id }
    #expect(received.map(\.flow) == [first.flow.reversed, .none, .none])
    #expect(received.map(\.header?.protocolNumber) == [Event.IPProtocol.tcp, nil, nil])
  }

  @Test func sentPacketsHaveTheirs() {
    let script = Script()
    let sent = header(0x200, script)
    let device = script.name(Script.eth)
    script.on(pid: 5, .bottomHalvesOff) { script in
      script.emit(.netDevQueue(skb: 0x200, length: 74, device: device))
      script.emit(.netDevStartXmit(skb: 0x200, length: 74, device: device))
      script.emit(.flowSent(sent))
      script.emit(.netDevXmit(skb: 0x200, length: 74, rc: 0, device: device))
    }
    script.softirq { $0.emit(.consumeSkb(skb: 0x200, location: 0)) }
    script.finish()
    #expect(script.journeys.map(\.flow) == [sent.flow])
    #expect(script.journeys.first?.direction == .tx)
  }
}
