internal import Events
internal import Journeys

/// Durations of whole journeys by the way they took: direction, device and protocol.
struct PathHistograms {
  /// Received packets of one device and protocol, or sent ones.
  struct Path: Equatable {
    var direction: Journey.Direction
    var device: NameID
    var protocolNumber: UInt16?
  }

  private var paths: [Path] = []
  /// The same as numbers, to be looked through.
  private var keys: [UInt64] = []
  /// Their histograms.
  private var table = HistogramTable()
  /// Packets of further paths, which are not told apart.
  private(set) var beyond = 0
  /// The place of the last path of received packets, and of sent ones: packets come by turns.
  private var last = (received: 0, sent: 0)

  /// More paths than this no reader looks at; a machine of containers may have thousands.
  private static let limit = 64

  /// Takes in a journey that took `time` nanoseconds.
  mutating func add(_ journey: Journey, _ time: UInt64) {
    let key = Self.key(journey)
    var place = journey.direction == .tx ? last.sent : last.received
    if place >= keys.count || keys[place] != key {
      guard let known = keys.firstIndex(of: key) ?? add(journey, key) else {
        beyond += 1
        return
      }
      place = known
      if journey.direction == .tx { last.sent = place } else { last.received = place }
    }
    table.add(time, to: place)
  }

  /// Adds the path of `journey`; its place, or nil where there are too many.
  private mutating func add(_ journey: Journey, _ key: UInt64) -> Int? {
    guard paths.count < Self.limit else { return nil }
    paths.append(Path(direction: journey.direction, device: journey.device, protocolNumber: journey.protocolNumber))
    keys.append(key)
    table.append()
    return paths.count - 1
  }

  @inline(__always)
  private static func key(_ journey: Journey) -> UInt64 {
    let proto = journey.protocolNumber.map { UInt64($0) + 1 } ?? 0
    return UInt64(UInt32(bitPattern: journey.device.index)) << 32 | proto << 1 | (journey.direction == .tx ? 1 : 0)
  }

  /// Each path and its durations.
  var rows: [(path: Path, histogram: DurationHistogram)] { paths.indices.map { (paths[$0], table[$0]) } }

  /// Received before sent, those with most packets first.
  var inOrder: [(path: Path, histogram: DurationHistogram)] {
    rows.filter { $0.path.direction == .rx }.sorted { $0.histogram.count > $1.histogram.count }
      + rows.filter { $0.path.direction == .tx }.sorted { $0.histogram.count > $1.histogram.count }
  }
}
