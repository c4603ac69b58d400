internal import Layouts
internal import SystemPackage

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

  /// What a received packet carries.
  static let flow = RecordedEvent(
    system, "flow", for: "addresses, ports, sequence number and TCP flags of each received packet",
    without: "a packet's flow is known only where an event of its socket shows it")
  /// What a sent packet carries.
  static let flowSent = RecordedEvent(
    system, "flow_sent", for: "addresses, ports, sequence number and TCP flags of each sent packet",
    without: "sent packets have no flow")
  /// A datagram whose UDP header the driver left in a page; it is in sk_buff's own memory once UDP has looked at it.
  static let flowUDP = RecordedEvent(
    system, "flow_udp", for: "ports of datagrams that a driver received into pages",
    without: "datagrams that a driver received into pages have no ports")
  /// The socket's announcement of data, on kernels that have no event for it (before 6.3).
  static let readable = RecordedEvent(
    system, "sock_def_readable", for: "the socket announces data (kernels before 6.3, by kprobe)",
    without: "the step from a packet to the wakeup it causes is inferred")

  /// The system that recordings give for events of these probes; in the kernel, the number of the process is part of the name.
  static let system = "wakepath"

  /// Makes the probes that `options` ask for and the kernel allows.
  init(_ options: RecordingOptions, _ tracing: TraceDirectory) {
    dynamic = DynamicEvents(tracing)
    if options.recordsFlows { makeFlows(options.devices) }
    if !SystemCalls.kind(of: "\(tracing.path)/events/sock/sk_data_ready/enable").exists {
      make(Self.readable, "p", ["sock_def_readable sk=$arg1:x64"])
    }
  }

  private mutating func makeFlows(_ devices: [String]) {
    guard let types = try? BTF.ofRunningKernel(), let fields = PacketFields(types) else {
      refused += [Self.flow, Self.flowSent, Self.flowUDP]
      return
    }
    make(Self.flowUDP.keeping("nonlinear > 0"), "p", [fields.datagram])
    let takesDatagrams = events.contains { $0.name == Self.flowUDP.name }
    // Kernels before 6.0 know no condition; the other events of the packet are kept to the devices all the same.
    let condition = devices.map { "name == \"\($0)\"" }.joined(separator: " || ")
    let endings = devices.isEmpty ? [""] : [" if \(condition)", ""]
    make(
      takesDatagrams ? Self.flow.keeping(PacketFields.isNoDatagramInPages) : Self.flow, "e",
      endings.map { fields.received(withProtocol: takesDatagrams) + $0 })
    make(Self.flowSent, "e", endings.map { fields.sent + $0 })
  }

  /// Makes `event` by the first of `definitions` that the kernel takes.
  private mutating func make(_ event: RecordedEvent, _ kind: String, _ definitions: [String]) {
    for definition in definitions where (try? dynamic.make(kind, event.name, definition)) != nil {
      events.append(event.inGroup(dynamic.group))
      return
    }
    refused.append(event)
  }

  /// Removes the probes; answers a sentence if one is still there. The instance they are enabled in must be gone.
  mutating func remove() -> String? { dynamic.remove() }
}

/// What the probes on packets copy, in the kernel's words, with offsets from the running kernel's types.
private struct PacketFields {
  private let data: Int
  private let ethertype: Int
  private let nonlinear: Int
  /// From an sk_buff by its device to the number of the device's network namespace, as places to follow; nil where the types do not tell.
  private let namespace: (device: Int, net: Int, number: Int)?

  init?(_ types: BTF) {
    func offset(_ member: String, of structure: String = "sk_buff") -> Int? {
      guard let place = try? types.member(member, of: structure), place.bitWidth == nil else { return nil }
      return place.offset
    }
    guard let data = offset("data"), let ethertype = offset("protocol"), let nonlinear = offset("data_len") else { return nil }
    (self.data, self.ethertype, self.nonlinear) = (data, ethertype, nonlinear)
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

  /// IPv6 (40) and TCP up to its flags (14) in 64 bytes; arrays have at most 64 elements, each of which costs a read. The filter that leaves
  /// datagrams to another probe needs IP's version and protocol by themselves: those of IPv4 at 0 and 9, of IPv6 at 0 and 6.
  func received(withProtocol: Bool) -> String {
    let start = "+\(data)($skbaddr)"
    let bytes = withProtocol ? " version=+0(\(start)):u8 number4=+9(\(start)):u8 number6=+6(\(start)):u8" : ""
    return "net.netif_receive_skb skb=$skbaddr:x64 protocol=+\(ethertype)($skbaddr):x16 len=$len:u32 nonlinear=+\(nonlinear)($skbaddr):u32"
      + "\(bytes)\(namespace(of: "$skbaddr")) head=+0(\(start)):x64[8]"
  }

  /// What `flow` is to keep where there is `flow_udp`: all but UDP behind IPv4 without options, or right behind IPv6, in pages.
  static let isNoDatagramInPages =
    "nonlinear == 0 || !((version == 69 && number4 == 17) || (version >= 96 && version < 112 && number6 == 17))"

  /// A link header of up to 18 bytes before the same.
  var sent: String {
    "net.net_dev_start_xmit skb=$skbaddr:x64 protocol=+\(ethertype)($skbaddr):x16 len=$len:u32 nonlinear=$data_len:u32"
      + " offset=$network_offset:s32\(namespace(of: "$skbaddr")) head=+0(+\(data)($skbaddr)):x64[10]"
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
