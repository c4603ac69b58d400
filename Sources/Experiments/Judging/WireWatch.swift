internal import Events

/// What a recording shows of the segments that the wire let through: when each reached its host, and whom its processing woke.
///
/// The wire is alone in sending to the hosts' devices, so the n-th netif_receive_skb of a device is the n-th segment of the account.
/// What happens on that CPU until the next packet, or until the soft interrupt ends, is the segment's doing: veth hands over packets one by one.
struct WireWatch {
  /// A segment's arrival, in nanoseconds of the recording's clock.
  struct Arrival: Equatable {
    var receive: UInt64
    /// sk_data_ready, where the kernel has it.
    var ready: UInt64?
    /// Who was woken, by the names of the calls, and when.
    var woke: [Wakeup] = []
  }

  struct Wakeup: Equatable {
    var call: String
    var time: UInt64
  }

  private let devices: [String]
  private let suffix: String
  private(set) var arrivals: [String: [Arrival]] = [:]
  /// The segment that each CPU is at.
  private var open: [Int32: (device: String, index: Int)] = [:]

  /// Watches `devices`, and threads whose names end with `tag`.
  init(devices: [String], tag: String) {
    self.devices = devices
    suffix = "-\(tag)"
  }

  mutating func observe(_ event: Event, _ names: borrowing NameTable) {
    switch event.kind {
    case .netifReceiveSkb:
      open[event.cpu] = nil
      let name = names[event.netifReceiveSkb.device]
      guard devices.contains(name) else { return }
      open[event.cpu] = (name, arrivals[name, default: []].count)
      arrivals[name, default: []].append(Arrival(receive: event.time))
    case .softirqExit where event.softirqExit.vector == SoftIRQ.netRX: open[event.cpu] = nil
    case .gap: open[event.cpu] = nil
    case .skDataReady:
      if let (device, index) = open[event.cpu], arrivals[device]?[index].ready == nil { arrivals[device]?[index].ready = event.time }
    case .schedWaking:
      // A hard interrupt in between wakes for reasons of its own.
      guard let (device, index) = open[event.cpu], !event.flags.contains(.hardirq) else { return }
      let name = names[event.schedWaking.comm]
      if name.hasSuffix(suffix) { arrivals[device]?[index].woke.append(Wakeup(call: String(name.dropLast(suffix.count)), time: event.time)) }
    default: break
    }
  }

  /// The account's segments with their arrivals; nil if some are missing, as when events were lost.
  func join(_ passed: [Account.Passed]) -> [(Account.Passed, Arrival)]? {
    var next: [String: Int] = [:]
    var joined: [(Account.Passed, Arrival)] = []
    for segment in passed {
      let index = next[segment.device, default: 0]
      guard let arrivals = arrivals[segment.device], index < arrivals.count else { return nil }
      joined.append((segment, arrivals[index]))
      next[segment.device] = index + 1
    }
    return next.allSatisfy { arrivals[$0.key]?.count == $0.value } ? joined : nil
  }
}
