internal import Events
internal import Journeys

/// What a user expects of some packets, besides what every kernel keeps.
public struct Expectation: Sendable {
  /// What must hold.
  enum Demand: Sendable {
    /// At least this share takes less than `under` nanoseconds from one stage to another; nil: from the first sign of the packet to the read.
    case time(from: Stage?, to: Stage?, share: Share, under: UInt64)
    /// No packet has this.
    case never(Trait)
    /// At least this share reaches its reader, of those that are delivered or dropped.
    case delivered(Share)
  }

  /// Something that a journey may have.
  enum Trait: Sendable {
    case cause(Cause)
    case condition(Conditions)
    /// A stage, in this context if one is named.
    case stage(Stage, ExecutionContext?)
    /// An outcome; dropped packets with this reason, as the kernel spells it, if one is named.
    case outcome(Journey.Outcome, reason: String?)
  }

  /// Its name, in the user's words.
  public let title: String
  /// What must hold, in words made from the file.
  public let says: String
  let packets: PacketFilter
  let demand: Demand
  let line: Int
}

/// A share of packets, in millionths.
struct Share: Sendable {
  let millionths: Int

  /// Whether `part` of `whole` is at least this share.
  func isReached(by part: Int, of whole: Int) -> Bool { part * 1_000_000 >= whole * millionths }
}

/// Which packets an expectation is about; what is nil does not matter.
struct PacketFilter: Sendable {
  var direction: Journey.Direction?
  var device: String?
  var port: UInt16?
  /// Part of a flow as it is printed: an address, or `10.9.0.1:40000`.
  var flow: String?
  /// The name of the task that reads, sends or is woken.
  var task: String?
  /// The number of the IP protocol.
  var protocolNumber: UInt16?
  /// In words.
  var says = "packets"
}
