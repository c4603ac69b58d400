internal import BasicContainers
internal import DequeModule
internal import Events

/// TCP segments by their own headers, where the recording has them: which fragments IP put together, and which segments follow one another
/// in the stream, is then read and not guessed.
extension JourneyEngine {
  /// A TCP segment as IP handed it over.
  struct Segment {
    /// The packet that carries it on: of several fragments the one that came last.
    var packet: Int
    /// The other fragments.
    var fragments: [Int] = []
    /// TCP's number of the first byte.
    var sequence: UInt32
    /// Bytes of the stream.
    var dataLength: UInt32
    var flow: FlowID
  }

  /// The segments in `candidates`, which are in the order of their arrival; fragments of which some are missing make none.
  func segments(of candidates: [Int]) -> [Segment] {
    var found: [Segment] = []
    var open: [PartialPacket] = []
    var last = -1
    for slot in candidates {
      // A packet that was parked and then consumed stands in the queue twice.
      guard slot != last else { continue }
      last = slot
      guard let header = packets.slots[slot].journey.header, header.protocolNumber == Event.IPProtocol.tcp else { continue }
      guard let fragment = header.fragment else {
        guard let payload = header.payload else { continue }
        found.append(Segment(packet: slot, sequence: header.sequence, dataLength: payload, flow: header.flow))
        continue
      }
      let device = packets.slots[slot].journey.device
      let place =
        open.firstIndex { $0.identification == fragment.identification && $0.device == device }
        ?? {
          open.append(PartialPacket(identification: fragment.identification, device: device))
          return open.count - 1
        }()
      open[place].slots.append(slot)
      open[place].count += fragment.count
      if !fragment.isFollowed { open[place].whole = fragment.offset + fragment.count }
      if fragment.offset == 0 { open[place].first = header }
      guard open[place].whole == open[place].count, let first = open[place].first, let own = first.payload, let part = first.fragment else {
        continue
      }
      let done = open.remove(at: place)
      found.append(
        Segment(
          packet: slot, fragments: Array(done.slots.dropLast()), sequence: first.sequence, dataLength: done.count - (part.count - own),
          flow: first.flow))
    }
    return found
  }

  /// Fragments of one IP packet.
  private struct PartialPacket {
    var identification: UInt32
    var device: NameID
    var slots: [Int] = []
    /// Bytes behind IP's header that the fragments have, and that the packet has.
    var count: UInt32 = 0
    var whole: UInt32?
    var first: PacketHeader?
  }

  /// The segment that the packet in `slot` carries, and those that TCP put behind it in the socket's backlog to make up `dataLength` bytes;
  /// nil where headers do not tell.
  func run(from slot: Int, _ nearby: (before: [Int], after: [Int]), _ dataLength: UInt32) -> [Segment]? {
    guard packets.slots[slot].journey.header != nil else { return nil }
    let segments = segments(of: nearby.before.reversed() + [slot] + nearby.after)
    guard let own = segments.first(where: { $0.packet == slot }) else { return nil }
    var run = [own]
    var sum = own.dataLength
    while sum < dataLength {
      let next = own.sequence &+ sum
      guard let following = segments.first(where: { $0.flow == own.flow && $0.sequence == next && $0.dataLength > 0 }) else { break }
      run.append(following)
      sum += following.dataLength
    }
    return sum == dataLength ? run : nil
  }

  /// The packet of `flow` that TCP takes in with `reported` bytes: the first in `waiting` whose segment has as many, or begins a run of segments
  /// merged in a backlog that has; else the first such in `silent`.
  func headed(_ waiting: [Int], _ silent: [Int], _ flow: FlowID, _ reported: UInt32) -> Int? {
    let known = (waiting + silent).sorted { packets.slots[$0].journey.id < packets.slots[$1].journey.id }
    guard known.contains(where: { packets.slots[$0].journey.header != nil }) else { return nil }
    let segments = segments(of: known).filter { $0.flow == flow }
    // A backlog hands over what came first; tcp_probe counts in 16 bits.
    func isWhole(_ first: Segment) -> Bool {
      var sum = first.dataLength
      while sum & 0xffff != reported, sum > 0, sum < 4 << 16 {
        guard let next = segments.first(where: { $0.sequence == first.sequence &+ sum && $0.dataLength > 0 }) else { return false }
        sum += next.dataLength
      }
      return sum & 0xffff == reported
    }
    for candidates in [waiting, silent] {
      if let first = segments.first(where: { candidates.contains($0.packet) && isWhole($0) }) { return first.packet }
    }
    return nil
  }

  /// Whether the packet in `slot` may be one of `flow`, as far as its own header tells.
  func mayBe(_ slot: Int, of flow: FlowID) -> Bool {
    guard flow != .none, let header = packets.slots[slot].journey.header, header.protocolNumber != 0 else { return true }
    if let fragment = header.fragment, fragment.offset > 0 { return header.protocolNumber == Event.IPProtocol.tcp }
    return header.flow == flow
  }
}
