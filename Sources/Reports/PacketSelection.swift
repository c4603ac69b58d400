public import Events
public import Journeys

/// Which journeys are wanted.
public struct PacketSelection: Sendable {
  public var direction: Journey.Direction?
  public var outcome: Journey.Outcome?
  public var device: String?
  public var pid: Int32?
  public var port: UInt16?
  /// Part of a flow as it is printed: an address, or `10.9.0.1:40000`.
  public var flow: String?
  /// The number of a network namespace (`ls -i /run/netns`).
  public var namespace: UInt32?
  /// Nanoseconds.
  public var slowerThan: UInt64?

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
