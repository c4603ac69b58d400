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

  private(set) var rows: [(path: Path, histogram: DurationHistogram)] = []
  /// Packets of further paths, which are not told apart.
  private(set) var beyond = 0
  private var last = 0

  /// More paths than this no reader looks at; a machine of containers may have thousands.
  private static let limit = 64

  /// Takes in a journey that took `time` nanoseconds.
  mutating func add(_ journey: Journey, _ time: UInt64) {
    let path = Path(direction: journey.direction, device: journey.device, protocolNumber: journey.protocolNumber)
    if !rows.indices.contains(last) || rows[last].path != path {
      if let known = rows.firstIndex(where: { $0.path == path }) {
        last = known
      } else if rows.count < Self.limit {
        rows.append((path, DurationHistogram()))
        last = rows.count - 1
      } else {
        beyond += 1
        return
      }
    }
    rows[last].histogram.add(time)
  }

  /// Received before sent, those with most packets first.
  var inOrder: [(path: Path, histogram: DurationHistogram)] {
    rows.filter { $0.path.direction == .rx }.sorted { $0.histogram.count > $1.histogram.count }
      + rows.filter { $0.path.direction == .tx }.sorted { $0.histogram.count > $1.histogram.count }
  }
}
