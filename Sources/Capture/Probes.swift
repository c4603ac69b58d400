internal import Linux
internal import Layouts
internal import SystemPackage
internal import Tracepoints

/// The probes of one recording: what the kernel's own events leave out, where the kernel can be asked for it without eBPF.
///
/// The addresses, ports and TCP header of a packet stand at `sk_buff.data`: at netif_receive_skb that is the IP header, at net_dev_start_xmit the
/// link header. A probe cannot branch, so it takes the first bytes as they are, and IP's version is looked at when the recording is read.
struct Probes {
  private var dynamic: DynamicEvents
  /// What was made, to be enabled in the recording's instance.
  private(set) var events: [RecordedEvent] = []
  /// What this kernel does not allow.
  private(set) var refused: [RecordedEvent] = []

  static let flow = RecordedEvent(EventKind.flow.tracepoint)
  static let flowSent = RecordedEvent(EventKind.flowSent.tracepoint)
  static let flowPulled = RecordedEvent(EventKind.flowPulled.tracepoint)
  /// Instead of `flowPulled` on kernels whose probes do not know the arguments of a function that returns (before 6.9).
  static let flowUDP = RecordedEvent(EventKind.flowUDP.tracepoint)
  static let readable = RecordedEvent(Tracepoint.sockDefReadable)

  /// The system that recordings give for events of these probes; in the kernel, the number of the process is part of the name.
  static let system = Tracepoint.probeSystem

  /// Makes the probes that `options` ask for and the kernel allows.
  init(_ options: RecordingOptions, _ tracing: TraceDirectory, _ supervisor: Supervisor? = nil) {
    dynamic = DynamicEvents(tracing, supervisor)
    if options.recordsFlows { makeFlows(options.devices) }
    if !Files.exists("\(tracing.path)/events/sock/sk_data_ready/enable") {
      make(Self.readable, "p", ["sock_def_readable sk=$arg1:x64"])
    }
  }

  private mutating func makeFlows(_ devices: [String]) {
    guard let types = try? BTF.ofRunningKernel(), let fields = PacketFields(types) else {
      refused += [Self.flow, Self.flowSent, Self.flowPulled]
      return
    }
    // Kernels before 6.0 know no condition; the other events of the packet are kept to the devices all the same.
    func endings(_ condition: String) -> [String] { condition.isEmpty ? [""] : [" if \(condition)", ""] }
    let chosen = devices.map { "name == \"\($0)\"" }.joined(separator: " || ")
    make(Self.flowSent, "e", endings(chosen).map { fields.sent + $0 })
    // What loopback returns is what it was given.
    let other = "name != \"lo\"" + (chosen.isEmpty ? "" : " && (\(chosen))")
    let isSentKnown = events.contains { $0.name == Self.flowSent.name }
    make(Self.flow, "e", endings(isSentKnown ? other : chosen).map { fields.received + $0 })
    if !attempt(Self.flowPulled, "r", [fields.pulled]) { make(Self.flowUDP, "p", [fields.datagram]) }
  }

  /// Makes `event` by the first of `definitions` that the kernel takes.
  private mutating func make(_ event: RecordedEvent, _ kind: String, _ definitions: [String]) {
    if !attempt(event, kind, definitions) { refused.append(event) }
  }

  private mutating func attempt(_ event: RecordedEvent, _ kind: String, _ definitions: [String]) -> Bool {
    for definition in definitions where (try? dynamic.make(kind, event.name, definition)) != nil {
      events.append(event.inGroup(dynamic.group))
      return true
    }
    return false
  }

  /// Removes the probes; answers a sentence if one is still there. The instance they are enabled in must be gone.
  mutating func remove() -> String? { dynamic.remove() }
}

/// What the probes on packets copy, in the kernel's words, with offsets from the running kernel's types.
private struct PacketFields {
  private let data: Int
  private let ethertype: Int
  private let nonlinear: Int
  private let length: Int
  private let start: Int
  private let network: Int
  /// From an sk_buff by its device to the number of the device's network namespace, as places to follow; nil where the types do not tell.
  private let namespace: (device: Int, net: Int, number: Int)?

  init?(_ types: BTF) {
    func offset(_ member: String, of structure: String = "sk_buff") -> Int? {
      guard let place = try? types.member(member, of: structure), place.bitWidth == nil else { return nil }
      return place.offset
    }
    guard let data = offset("data"), let ethertype = offset("protocol"), let nonlinear = offset("data_len"), let length = offset("len"),
      let start = offset("head"), let network = offset("network_header")
    else { return nil }
    (self.data, self.ethertype, self.nonlinear, self.length, self.start, self.network) = (data, ethertype, nonlinear, length, start, network)
    if let device = offset("dev"), let net = offset("nd_net.net", of: "net_device"), let number = offset("ns.inum", of: "net") {
      namespace = (device, net, number)
    } else {
      namespace = nil
    }
  }

  /// `netns`, the number that `ls -i /run/netns` and `readlink /proc/PID/ns/net` give, of the device of the sk_buff `buffer`.
  private func namespace(of buffer: String) -> String {
    namespace.map { " netns=+\($0.number)(+\($0.net)(+\($0.device)(\(buffer)))):u32" } ?? ""
  }

  /// IPv6 (40) and TCP up to its flags (14), behind up to two VLAN tags (4 each), in 64 bytes. Every word costs a read.
  var received: String {
    "net.netif_receive_skb skb=$skbaddr:x64 protocol=+\(ethertype)($skbaddr):x16 len=$len:u32 nonlinear=+\(nonlinear)($skbaddr):u32"
      + "\(namespace(of: "$skbaddr")) head=+0(+\(data)($skbaddr)):x64[8]"
  }

  /// A link header of up to 18 bytes before the same, without tags.
  var sent: String {
    "net.net_dev_start_xmit skb=$skbaddr:x64 protocol=+\(ethertype)($skbaddr):x16 len=$len:u32 nonlinear=$data_len:u32"
      + " offset=$network_offset:s32\(namespace(of: "$skbaddr")) head=+0(+\(data)($skbaddr)):x64[9]"
  }

  /// This function is called where headers are in a page, or where a packet is to be one piece (`skb_linearize`), which is rare and tells no less. At
  /// its end they are not in the page; `sk_buff.data` is at IP's header or, if UDP
  /// asks, behind it, with IPv6 (40) or IPv4 (20) before it: 40 bytes before and 54 from there on.
  var pulled: String {
    "__pskb_pull_tail skb=$arg1:x64 protocol=+\(ethertype)($arg1):x16 len=+\(length)($arg1):u32 nonlinear=+\(nonlinear)($arg1):u32"
      + " start=+\(start)($arg1):x64 data=+\(data)($arg1):x64 network=+\(network)($arg1):u16\(namespace(of: "$arg1"))"
      + " head=-40(+\(data)($arg1)):x64[12]"
  }

  /// At this function `sk_buff.data` is behind UDP's header, with IPv4 (20) or IPv6 (40) before it.
  var datagram: String {
    "__udp_enqueue_schedule_skb skb=$arg2:x64 protocol=+\(ethertype)($arg2):x16 nonlinear=+\(nonlinear)($arg2):u32"
      + "\(namespace(of: "$arg2")) head=-48(+\(data)($arg2)):x64[6]"
  }
}

extension RecordedEvent {
  /// Whether this is one of our probes.
  var isProbe: Bool { system.hasPrefix(DynamicEvents.prefix) }

  /// The system that a recording gives.
  var recordedSystem: String { isProbe ? Probes.system : system }
}
