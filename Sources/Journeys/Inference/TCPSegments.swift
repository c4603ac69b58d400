internal import BasicContainers
internal import DequeModule
internal import Events

/// A TCP segment as IP handed it over, by its own headers.
struct TCPSegment {
  /// The slot of the packet that carries it on: of several fragments the one that came last.
  var packet: Int
  /// The slots of the other fragments.
  var fragments: [Int] = []
  /// TCP's number of the first byte.
  var sequence: UInt32
  /// Bytes of the stream.
  var dataLength: UInt32
  var flow: FlowID
}

/// Fragments of one IP packet, some of which may be missing.
private struct PartialPacket {
  var identification: UInt32
  var device: NameID
  var slots: [Int] = []
  /// Bytes behind IP's header that the fragments have, and that the packet has.
  var count: UInt32 = 0
  var whole: UInt32?
  var first: PacketHeader?

  mutating func add(_ slot: Int, _ header: PacketHeader, _ fragment: PacketHeader.Fragment) {
    slots.append(slot)
    count += fragment.count
    if !fragment.isFollowed { whole = fragment.offset + fragment.count }
    if fragment.offset == 0 { first = header }
  }

  /// The segment that the fragments make, if none is missing.
  var segment: TCPSegment? {
    guard whole == count, let first, let own = first.payload, let part = first.fragment, let last = slots.last else { return nil }
    return TCPSegment(
      packet: last, fragments: slots.dropLast(), sequence: first.sequence, dataLength: count - (part.count - own), flow: first.flow)
  }
}

/// TCP segments by their own headers, where the recording has them: which fragments IP put together, and which segments follow one another
/// in the stream, is then read and not guessed. Nothing is changed here.
extension ReceivePath {
  /// The segments in `candidates`, which are in the order of their arrival; fragments of which some are missing make none.
  private func tcpSegments(in candidates: [Int]) -> [TCPSegment] {
    var found: [TCPSegment] = []
    var open: [PartialPacket] = []
    var last = -1
    for slot in candidates {
      // A packet that was parked and then consumed stands in the queue twice.
      guard slot != last else { continue }
      last = slot
      guard let header = packets[slot].journey.header, header.protocolNumber == Event.IPProtocol.tcp else { continue }
      guard let fragment = header.fragment else {
        guard let payload = header.payload else { continue }
        found.append(TCPSegment(packet: slot, sequence: header.sequence, dataLength: payload, flow: header.flow))
        continue
      }
      let device = packets[slot].journey.device
      let known = open.firstIndex { $0.identification == fragment.identification && $0.device == device }
      let place = known ?? open.count
      if known == nil { open.append(PartialPacket(identification: fragment.identification, device: device)) }
      open[place].add(slot, header, fragment)
      guard let segment = open[place].segment else { continue }
      open.remove(at: place)
      found.append(segment)
    }
    return found
  }

  /// The segment that the packet in `slot` carries, and those that TCP put behind it in the socket's backlog to make up `reported` bytes, counted
  /// in 16 bits; nil where headers do not tell.
  func segmentRun(from slot: Int, _ nearby: (before: [Int], after: [Int]), reported: UInt32) -> [TCPSegment]? {
    guard packets[slot].journey.header != nil else { return nil }
    let segments = tcpSegments(in: nearby.before.reversed() + [slot] + nearby.after)
    guard let own = segments.first(where: { $0.packet == slot }) else { return nil }
    for more in 0...3 as ClosedRange<UInt32> {
      if let run = Self.run(from: own, segments, reported + more << 16) { return run }
    }
    return nil
  }

  private static func run(from own: TCPSegment, _ segments: [TCPSegment], _ dataLength: UInt32) -> [TCPSegment]? {
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

  /// The packet that TCP takes in as `reported`: the first in `waiting` whose segment has as many bytes, or begins a run of segments coalesced in a
  /// backlog that has; else the first such in `silent`.
  func headed(_ waiting: [Int], _ silent: [Int], _ reported: ProbedSegment) -> Int? {
    let known = (waiting + silent).sorted { packets[$0].journey.id < packets[$1].journey.id }
    guard known.contains(where: { packets[$0].journey.header != nil }) else { return nil }
    let segments = tcpSegments(in: known).filter { $0.flow == reported.flow }
    // A backlog hands over what came first; tcp_probe counts in 16 bits.
    func isWhole(_ first: TCPSegment) -> Bool {
      var sum = first.dataLength
      while sum & 0xffff != reported.length, sum > 0, sum < 4 << 16 {
        guard let next = segments.first(where: { $0.sequence == first.sequence &+ sum && $0.dataLength > 0 }) else { return false }
        sum += next.dataLength
      }
      return sum & 0xffff == reported.length
    }
    for candidates in [waiting, silent] {
      if let first = segments.first(where: { candidates.contains($0.packet) && isWhole($0) }) { return first.packet }
    }
    return nil
  }
}
