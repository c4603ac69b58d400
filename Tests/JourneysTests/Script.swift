import Events
@testable import Journeys

/// A kernel that plays a script: each call emits one event, 1 µs after the one before.
final class Script {
  var engine: JourneyEngine
  private(set) var journeys: [Journey] = []
  var names = NameTable()
  var flows = FlowTable()
  private(set) var time: UInt64 = 1_000_000
  var cpu: Int32 = 0
  var pid: Int32 = 0
  var flags: ContextFlags = []

  static let eth = "eth0"

  /// A kernel from 6.6 on.
  init() { engine = JourneyEngine() }

  /// A kernel with these events.
  init(_ capabilities: Capabilities) { engine = JourneyEngine(capabilities) }

  func name(_ text: String) -> NameID { names.intern(text) }

  func emit(_ body: Event.Body) {
    time += 1_000
    engine.consume(Event(time: time, cpu: cpu, pid: pid, flags: flags, body: body))
    journeys += engine.finished
    engine.finished.removeAll()
  }

  func wait(microseconds: UInt64) { time += microseconds * 1_000 }

  /// Runs `body` in a context and returns to the one before.
  func on(cpu: Int32? = nil, pid: Int32? = nil, _ flags: ContextFlags, _ body: (Script) -> Void) {
    let before = (self.cpu, self.pid, self.flags)
    self.cpu = cpu ?? self.cpu
    self.pid = pid ?? self.pid
    self.flags = flags
    body(self)
    (self.cpu, self.pid, self.flags) = before
  }

  /// A hard interrupt that asks for NET_RX.
  func interrupt(_ irq: Int32 = 38) {
    let name = name("eth0-rx-0")
    on(.hardirq) {
      $0.emit(.irqHandlerEntry(irq: irq, name: name))
      $0.emit(.softirqRaise(vector: SoftIRQ.netRX))
      $0.emit(.irqHandlerExit(irq: irq))
    }
  }

  /// A soft interrupt NET_RX in which `body` happens.
  func softirq(_ body: (Script) -> Void) {
    on(.softirq) {
      $0.emit(.softirqEntry(vector: SoftIRQ.netRX))
      body($0)
      $0.emit(.softirqExit(vector: SoftIRQ.netRX))
    }
  }

  func gro(_ skb: UInt64, _ length: UInt32, result: Int32 = 3, napi: UInt32 = 1) {
    let device = name(Self.eth)
    emit(.groEntry(Arrival(skb: skb, device: device, napi: napi, length: length)))
    emit(.groExit(result: result))
  }

  func receive(_ skb: UInt64, _ length: UInt32) {
    let device = name(Self.eth)
    emit(.netifReceiveSkb(skb: skb, length: length, device: device))
  }

  func netifRx(_ skb: UInt64, _ length: UInt32) {
    let device = name("lo")
    emit(.netifRxEntry(Arrival(skb: skb, device: device, napi: 0, length: length)))
  }

  func poll(work: Int32 = 1) {
    let device = name(Self.eth)
    emit(.napiPoll(napi: 0x1000, device: device, work: work, budget: 64))
  }

  func probe(_ skb: UInt64, socket: UInt64, _ length: UInt32) {
    let flow = flows.intern(
      Flow(local: Endpoint(low: 0x0a09_0002, port: 7001, isIPv6: false), remote: Endpoint(low: 0x0a09_0001, port: 40000, isIPv6: false)))
    emit(.tcpProbe(skb: skb, socket: socket, cookie: 1, flow: flow, dataLength: length))
  }

  /// Makes the flow of `socket` known.
  func probeFlow(_ socket: UInt64) {
    softirq {
      $0.receive(0xfff0, 52)
      $0.probe(0xfff0, socket: socket, 0)
      $0.poll()
    }
    journeys.removeAll()
  }

  func ready(_ socket: UInt64, _ proto: UInt16 = Event.IPProtocol.tcp, family: UInt16 = 2) {
    emit(.skDataReady(socket: socket, family: family, protocol: proto))
  }

  func wake(_ pid: Int32, _ comm: String? = nil) {
    let comm = name(comm ?? "task\(pid)")
    emit(.schedWaking(pid: pid, comm: comm))
  }

  /// Task `next` gets `cpu` from `previous`.
  func run(_ next: Int32, _ comm: String? = nil, cpu: Int32 = 0, after previous: Int32 = 0) {
    let comm = name(comm ?? "task\(next)")
    on(cpu: cpu, pid: previous, []) { $0.emit(.schedSwitch(previous: previous, previousState: 1, next: next, nextComm: comm)) }
  }

  func copy(_ skb: UInt64, _ length: Int32) { emit(.skbCopyDatagram(skb: skb, length: length)) }

  func received(_ socket: UInt64, _ result: Int32, _ proto: UInt16 = Event.IPProtocol.tcp, flags: Int32 = 0) {
    emit(.sockRecvLength(socket: socket, family: 2, protocol: proto, result: result, flags: flags))
  }

  func queue(_ skb: UInt64, _ length: UInt32 = 66, on device: String = Script.eth) {
    let device = name(device)
    emit(.netDevQueue(skb: skb, length: length, device: device))
  }

  func start(_ skb: UInt64, _ length: UInt32 = 66, on device: String = Script.eth) {
    let device = name(device)
    emit(.netDevStartXmit(skb: skb, length: length, device: device))
  }

  func xmit(_ skb: UInt64, rc: Int32 = 0, on device: String = Script.eth) {
    let device = name(device)
    emit(.netDevXmit(skb: skb, length: 66, rc: rc, device: device))
  }

  func sent(_ socket: UInt64, _ result: Int32, _ proto: UInt16 = Event.IPProtocol.tcp) {
    emit(.sockSendLength(socket: socket, family: 2, protocol: proto, result: result))
  }

  func setState(_ socket: UInt64, _ old: Int32, _ new: Int32) {
    emit(.inetSockSetState(socket: socket, old: old, new: new, protocol: Event.IPProtocol.tcp, flow: .none))
  }

  func finish() {
    engine.finish()
    journeys += engine.finished
    engine.finished.removeAll()
  }

  func journey(_ skb: UInt64, _ direction: Journey.Direction) -> Journey? { journey(skb, nth: 0, direction) }

  /// The journey of the packet received at `skb`, or sent from there; the `nth` of them.
  func journey(_ skb: UInt64, nth: Int = 0, _ direction: Journey.Direction = .rx) -> Journey? {
    let found = journeys.filter { $0.skb == skb && $0.direction == direction }.sorted { $0.id < $1.id }
    return found.indices.contains(nth) ? found[nth] : nil
  }
}

extension Journey {
  /// The stages in order of time.
  var path: [Stage] { stages.inOrder.map(\.stage) }
}
