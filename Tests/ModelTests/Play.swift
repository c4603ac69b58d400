import Events
import Journeys
import Model

/// A kernel that plays a script to the engine and the checker: each call emits one event, 1 µs after the one before.
final class Play {
  private var verifier: Verifier
  private var time: UInt64 = 1_000_000
  private var names = NameTable()
  private var flows = FlowTable()
  var cpu: Int32 = 0
  var pid: Int32 = 0
  var flags: ContextFlags = []

  init(_ model: ReferenceModel = .linux, kernel: String? = "6.12.0") {
    verifier = Verifier(Capabilities(kinds: Set(EventKind.allCases), probeNamesPacket: true), model: model, kernel: kernel)
  }

  func emit(_ body: Event.Body) {
    time += 1_000
    verifier.observe(Event(time: time, cpu: cpu, pid: pid, flags: flags, body: body))
  }

  /// Runs `body` in a context and returns to the one before.
  func on(cpu: Int32? = nil, pid: Int32? = nil, _ flags: ContextFlags, _ body: (Play) -> Void) {
    let before = (self.cpu, self.pid, self.flags)
    (self.cpu, self.pid, self.flags) = (cpu ?? self.cpu, pid ?? self.pid, flags)
    body(self)
    (self.cpu, self.pid, self.flags) = before
  }

  func finish() -> Verification {
    verifier.finish()
  }

  func softirq(_ body: (Play) -> Void) {
    on(.softirq) {
      $0.emit(.softirqRaise(vector: SoftIRQ.netRX))
      $0.emit(.softirqEntry(vector: SoftIRQ.netRX))
      body($0)
      $0.emit(.softirqExit(vector: SoftIRQ.netRX))
    }
  }

  func gro(_ skb: UInt64, _ length: UInt32 = 60, result: Int32 = 3) {
    let device = names.intern("eth0")
    emit(.groEntry(Arrival(skb: skb, device: device, napi: 1, length: length)))
    emit(.groExit(result: result))
  }

  func receive(_ skb: UInt64, _ length: UInt32 = 60) {
    let device = names.intern("eth0")
    emit(.netifReceiveSkb(skb: skb, length: length, device: device))
  }

  func poll(_ work: Int32, napi: UInt64 = 0x1000, budget: Int32 = 64) {
    let device = names.intern("eth0")
    emit(.napiPoll(napi: napi, device: device, work: work, budget: budget))
  }

  /// So many polls of one packet each that the driver's books are trusted.
  func ordinaryPolls(_ count: Int = 40) {
    for _ in 0..<count {
      softirq {
        $0.gro(0x1)
        $0.receive(0x1)
        $0.poll(1)
      }
    }
  }

  /// A connection begins at `socket`.
  func connect(_ socket: UInt64) {
    on(pid: 5, []) {
      $0.emit(.inetSockSetState(socket: socket, old: 2, new: 1, protocol: 6, flow: .none))
    }
  }

  /// A segment with `length` bytes, announced or not.
  func segment(_ skb: UInt64, _ socket: UInt64, _ length: UInt32, isAnnounced: Bool = true) {
    let flow = flows.intern(
      Flow(local: Endpoint(low: 1, port: 7001, isIPv6: false), remote: Endpoint(low: 2, port: 40000, isIPv6: false)))
    softirq {
      $0.gro(skb, length + 52)
      $0.receive(skb, length + 52)
      $0.emit(.tcpProbe(skb: skb, socket: socket, cookie: 1, flow: flow, dataLength: length))
      if isAnnounced { $0.emit(.skDataReady(socket: socket, family: 2, protocol: 6)) }
      $0.poll(1)
    }
  }

  func read(_ socket: UInt64, _ bytes: Int32, pid: Int32 = 7, flags: Int32 = 0) {
    on(pid: pid, []) { $0.emit(.sockRecvLength(socket: socket, family: 2, protocol: 6, result: bytes, flags: flags)) }
  }

  /// Task `next` gets the CPU from `previous`.
  func change(_ previous: Int32, _ next: Int32) {
    on(pid: previous, []) { $0.emit(.schedSwitch(previous: previous, previousState: 1, next: next, nextComm: .none)) }
    pid = next
  }
}
