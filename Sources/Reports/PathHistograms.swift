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
  /// The paths of `rows` as numbers, to be looked through without touching the histograms.
  private var keys: [UInt64] = []
  /// Packets of further paths, which are not told apart.
  private(set) var beyond = 0
  private var last = 0

  /// More paths than this no reader looks at; a machine of containers may have thousands.
  private static let limit = 64

  /// Takes in a journey that took `time` nanoseconds.
  mutating func add(_ journey: Journey, _ time: UInt64) {
    let key = Self.key(journey)
    if last >= keys.count || keys[last] != key {
      if let known = keys.firstIndex(of: key) {
        last = known
      } else if rows.count < Self.limit {
        let path = Path(direction: journey.direction, device: journey.device, protocolNumber: journey.protocolNumber)
        rows.append((path, DurationHistogram()))
        keys.append(key)
        last = rows.count - 1
      } else {
        beyond += 1
        return
      }
    }
    rows[last].histogram.add(time)
  }

  @inline(__always)
  private static func key(_ journey: Journey) -> UInt64 {
    let proto = journey.protocolNumber.map { UInt64($0) + 1 } ?? 0
    return UInt64(UInt32(bitPattern: journey.device.index)) << 32 | proto << 1 | (journey.direction == .tx ? 1 : 0)
  }

  /// Received before sent, those with most packets first.
  var inOrder: [(path: Path, histogram: DurationHistogram)] {
    rows.filter { $0.path.direction == .rx }.sorted { $0.histogram.count > $1.histogram.count }
      + rows.filter { $0.path.direction == .tx }.sorted { $0.histogram.count > $1.histogram.count }
  }
}
