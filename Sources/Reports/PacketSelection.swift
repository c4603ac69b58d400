public import Events
public import Journeys

/// Which journeys are wanted.
public struct PacketSelection: Sendable {
  /// Received packets, or sent ones.
  public var direction: Journey.Direction?
  /// What became of the packet.
  public var outcome: Journey.Outcome?
  /// The name of the device that it came in or left by.
  public var device: String?
  /// The task that read it, was woken by it or sent it.
  public var pid: Int32?
  /// The port of either end.
  public var port: UInt16?
  /// Part of a flow as it is printed: an address, or `10.9.0.1:40000`.
  public var flow: String?
  /// The number of a network namespace (`ls -i /run/netns`).
  public var namespace: UInt32?
  /// The journeys that took more nanoseconds than this from first sign to read.
  public var slowerThan: UInt64?

  /// Every journey.
  public init() {}

  /// Whether every journey is wanted.
  public var isEverything: Bool {
    direction == nil && outcome == nil && device == nil && pid == nil && port == nil && flow == nil && namespace == nil && slowerThan == nil
  }

  /// Whether `journey` is wanted; names come from `stream`.
  public func accepts(_ journey: Journey, _ stream: borrowing EventStream) -> Bool {
    if let direction, journey.direction != direction { return false }
    if let outcome, journey.outcome != outcome { return false }
    if let device, stream.names[journey.device] != device { return false }
    if let pid, journey.reader?.pid != pid, journey.woke?.pid != pid, journey.sender?.pid != pid { return false }
    if let slowerThan, (journey.total.map { $0 < 0 || UInt64($0) <= slowerThan } ?? true) { return false }
    if let namespace, journey.header?.namespace != namespace { return false }
    guard port != nil || flow != nil else { return true }
    guard let ends = stream.flows[journey.flow] else { return false }
    if let port, ends.local.port != port, ends.remote.port != port { return false }
    if let flow, !"\(ends.remote) \(ends.local)".contains(flow) { return false }
    return true
  }
}

/// A selection at work: what it was shown and what it took, so that it can say why there is nothing.
public struct PacketSieve: Sendable {
  private let selection: PacketSelection
  private let isEverything: Bool
  private var seen = 0
  private var taken = 0
  private var devices: Set<NameID> = []
  private static let limit = 1024

  /// A sieve of `selection`.
  public init(_ selection: PacketSelection) {
    self.selection = selection
    isEverything = selection.isEverything
  }

  /// Whether `journey` is wanted; it is counted. Frames that became part of another packet are not packets.
  public mutating func accepts(_ journey: Journey, _ stream: borrowing EventStream) -> Bool {
    if isEverything { return true }
    if journey.outcome != .merged { seen += 1 }
    if devices.count < Self.limit { devices.insert(journey.device) }
    guard selection.accepts(journey, stream) else { return false }
    taken += 1
    return true
  }

  /// A sentence where there were packets and none was wanted, else nil. `options` is the selection as it stands on the command line.
  public func complaint(_ options: String, _ stream: borrowing EventStream) -> String? {
    guard seen > 0, taken == 0 else { return nil }
    let sentence = seen == 1 ? "the one packet does not match \(options)" : "none of \(Durations.count(seen)) packets matches \(options)"
    guard let device = selection.device else { return sentence }
    var names: [String] = []
    for id in devices { names.append(stream.names[id]) }
    guard !names.contains(device) else { return sentence }
    let known = names.filter { !$0.isEmpty }.sorted()
    return "\(sentence); the recording has \(known.prefix(12).joined(separator: ", "))" + (known.count > 12 ? ", …" : "")
  }
}
