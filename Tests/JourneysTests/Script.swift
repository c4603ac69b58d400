import Events
@testable import Journeys

/// A kernel that plays a script: each call emits one event, 1 µs after the one before.
struct Script {
  private(set) var engine = JourneyEngine()
  private(set) var journeys: [Journey] = []
  var names = NameTable()
  var flows = FlowTable()
  private(set) var time: UInt64 = 1_000_000
  var cpu: Int32 = 0
  var pid: Int32 = 0
  var flags: ContextFlags = []

  static let eth = "eth0"

  mutating func name(_ text: String) -> NameID { names.intern(text) }

  mutating func emit(_ body: Event.Body) {
    time += 1_000
    engine.consume(Event(time: time, cpu: cpu, pid: pid, flags: flags, body: body))
    journeys += engine.finished
    engine.finished.removeAll()
  }

  mutating func wait(microseconds: UInt64) { time += microseconds * 1_000 }

  /// Runs `body` in a context and returns to the one before.
  mutating func on(cpu: Int32? = nil, pid: Int32? = nil, _ flags: ContextFlags, _ body: (inout Script) -> Void) {
    let before = (self.cpu, self.pid, self.flags)
    self.cpu = cpu ?? self.cpu
    self.pid = pid ?? self.pid
    self.flags = flags
    body(&self)
    (self.cpu, self.pid, self.flags) = before
  }

  /// A hard interrupt that asks for NET_RX.
  mutating func interrupt(_ irq: Int32 = 38) {
    let name = name("eth0-rx-0")
    on(.hardirq) {
      $0.emit(.irqHandlerEntry(irq: irq, name: name))
      $0.emit(.softirqRaise(vector: SoftIRQ.netRX))
      $0.emit(.irqHandlerExit(irq: irq))
    }
  }

  /// A soft interrupt NET_RX in which `body` happens.
  mutating func softirq(_ body: (inout Script) -> Void) {
    on(.softirq) {
      $0.emit(.softirqEntry(vector: SoftIRQ.netRX))
      body(&$0)
      $0.emit(.softirqExit(vector: SoftIRQ.netRX))
    }
  }

  mutating func gro(_ skb: UInt64, _ length: UInt32, result: Int32 = 3, napi: UInt32 = 1) {
    let device = name(Self.eth)
    emit(.groEntry(Arrival(skb: skb, device: device, napi: napi, length: length)))
    emit(.groExit(result: result))
  }

  mutating func receive(_ skb: UInt64, _ length: UInt32) {
    let device = name(Self.eth)
    emit(.netifReceiveSkb(skb: skb, length: length, device: device))
  }

  mutating func netifRx(_ skb: UInt64, _ length: UInt32) {
    let device = name("lo")
    emit(.netifRxEntry(Arrival(skb: skb, device: device, napi: 0, length: length)))
  }

  mutating func poll(work: Int32 = 1) {
    let device = name(Self.eth)
    emit(.napiPoll(napi: 0x1000, device: device, work: work, budget: 64))
  }

  mutating func probe(_ skb: UInt64, socket: UInt64, _ length: UInt32) {
    let flow = flows.intern(
      Flow(local: Endpoint(low: 0x0a09_0002, port: 7001, isIPv6: false), remote: Endpoint(low: 0x0a09_0001, port: 40000, isIPv6: false)))
    emit(.tcpProbe(skb: skb, socket: socket, cookie: 1, flow: flow, dataLength: length))
  }

  mutating func ready(_ socket: UInt64, _ proto: UInt16 = Event.IPProtocol.tcp, family: UInt16 = 2) {
    emit(.skDataReady(socket: socket, family: family, protocol: proto))
  }

  mutating func wake(_ pid: Int32) {
    let comm = name("task\(pid)")
    emit(.schedWaking(pid: pid, comm: comm))
  }

  /// Task `next` gets `cpu` from `previous`.
  mutating func run(_ next: Int32, cpu: Int32 = 0, after previous: Int32 = 0) {
    let comm = name("task\(next)")
    on(cpu: cpu, pid: previous, []) { $0.emit(.schedSwitch(previous: previous, previousState: 1, next: next, nextComm: comm)) }
  }

  mutating func copy(_ skb: UInt64, _ length: Int32) { emit(.skbCopyDatagram(skb: skb, length: length)) }

  mutating func received(_ socket: UInt64, _ result: Int32, _ proto: UInt16 = Event.IPProtocol.tcp, flags: Int32 = 0) {
    emit(.sockRecvLength(socket: socket, family: 2, protocol: proto, result: result, flags: flags))
  }

  mutating func queue(_ skb: UInt64) {
    let device = name(Self.eth)
    emit(.netDevQueue(skb: skb, length: 66, device: device))
  }

  mutating func setState(_ socket: UInt64, _ old: Int32, _ new: Int32) {
    emit(.inetSockSetState(socket: socket, old: old, new: new, protocol: Event.IPProtocol.tcp, flow: .none))
  }

  mutating func finish() {
    engine.finish()
    journeys += engine.finished
    engine.finished.removeAll()
  }

  /// The journey of the packet born at `skb`, the `nth` of them.
  func journey(_ skb: UInt64, nth: Int = 0) -> Journey? {
    let found = journeys.filter { $0.skb == skb }.sorted { $0.id < $1.id }
    return found.indices.contains(nth) ? found[nth] : nil
  }
}

extension Journey {
  /// The stages in order of time.
  var path: [Stage] { stages.inOrder.map(\.stage) }
}
