internal import BasicContainers
internal import DequeModule
internal import Events

/// A packet that reached TCP, with the fragments that IP made it of.
struct ReassembledPacket {
  /// The slot of the packet that carries it on: that of the last fragment.
  var packet: Int
  /// The slots of the other fragments.
  var fragments: [Int] = []
  /// Bytes of the stream.
  var dataLength: UInt32
}

/// Packets that showed nothing, and what they may be, by their lengths. Nothing is changed here.
extension ReceivePath {
  /// Packets of the same device that showed nothing yet but, at most, that IP consumed them: those before `slot`, latest first,
  /// and those after it, earliest first.
  func silentPackets(around slot: Int, in context: Int) -> (before: [Int], after: [Int]) {
    let id = packets[slot].journey.id
    let device = packets[slot].journey.device
    // Headers tell whose they are, however many came since; lengths would mislead.
    let limit = packets[slot].journey.header == nil ? Self.silentLimit : Self.headedLimit
    var refs = parked.suffix(limit).map(\.packet)
    // Another CPU may be in the middle of the batch whose packets the backlog already holds.
    for other in softContexts.lazy.map(Int.init) where other != context { refs += contexts[other].pending }
    var found: [Int] = []
    for ref in refs {
      guard let candidate = packets.slot(ref), candidate != slot, packets[candidate].journey.device == device,
        Self.possibleLengths.contains(packets[candidate].journey.length)
      else { continue }
      switch packets[candidate].state {
      case .parked, .consumed, .delivered: found.append(candidate)
      default: break
      }
    }
    found.sort { packets[$0].journey.id < packets[$1].journey.id }
    // A packet that was parked and then consumed stands in the queue twice.
    found = zip(found, found.dropFirst() + [-1]).filter { $0 != $1 }.map(\.0)
    let split = found.firstIndex { packets[$0].journey.id > id } ?? found.count
    return (found[..<split].reversed(), Array(found[split...]))
  }

  /// Lengths of IP packets with something in them, BIG TCP's, too; damaged events have others.
  static let possibleLengths: ClosedRange<UInt32> = 21...(1 << 20)

  /// A packet of 64 KiB has 45 fragments at the usual MTU, and a backlog holds some of them.
  private static let silentLimit = 256
  /// A backlog of some megabytes in fragments.
  private static let headedLimit = 4096

  /// By how many bytes a packet may be shorter than its frame: IP trims the padding of the shortest later.
  @inline(__always)
  func padding(_ slot: Int) -> UInt32 {
    packets[slot].journey.length == Self.shortestPacket ? Self.shortestPacket - 21 : 0
  }

  /// `slot` with the fragments before it, if the first of them was consumed: IP keeps the address of the last fragment and consumes the
  /// first one (`inet_frag_reasm_prepare`, net/ipv4/inet_fragment.c); of those between there is no event.
  func reassembled(_ slot: Int, _ before: [Int], _ headers: UInt32) -> ReassembledPacket? {
    guard let first = before.firstIndex(where: { packets[$0].state == .consumed }) else { return nil }
    return whole(Array(before[...first]), slot, headers)
  }

  /// The packets in `silent` as TCP saw them, with `headers` bytes of headers each: a consumed one begins a run of fragments, all of one size but
  /// the last.
  func reassembled(_ silent: [Int], _ headers: UInt32) -> [ReassembledPacket] {
    var found: [ReassembledPacket] = []
    var fragments: [Int] = []
    for candidate in silent {
      let length = packets[candidate].journey.length
      if packets[candidate].state == .consumed {
        fragments = [candidate]
      } else if let first = fragments.first {
        if length < packets[first].journey.length || (length &- 20) % 8 != 0 {
          found.append(whole(fragments, candidate, headers))
          fragments = []
        } else {
          fragments.append(candidate)
        }
      } else if length > headers {
        found.append(ReassembledPacket(packet: candidate, dataLength: length - headers))
      }
    }
    return found
  }

  private func whole(_ fragments: [Int], _ last: Int, _ headers: UInt32) -> ReassembledPacket {
    let ip = 20
    let sum = (fragments + [last]).reduce(0) { $0 + max(Int(packets[$1].journey.length) - ip, 0) }
    let data = max(sum - max(Int(headers) - ip, 0), 0)
    return ReassembledPacket(packet: last, fragments: fragments, dataLength: min(UInt32(clamping: data), JourneyNumbering.longestPacket))
  }

  /// Whether the packet in `slot` may be a fragment that others follow: all but the last carry a multiple of 8 bytes, and the smallest MTU of IPv4
  /// is 68.
  func mayBeFragment(_ slot: Int) -> Bool {
    if let header = packets[slot].journey.header, header.protocolNumber != 0 { return header.fragment != nil }
    let length = packets[slot].journey.length
    // IPv6 and its fragment header take 48 bytes.
    return length >= 68 && ((length - 20) % 8 == 0 || (length - 48) % 8 == 0)
  }

  /// Whether the stack takes a packet like the one in `slot` without an event: pure ACKs that are coalesced into a backlog (`tcp_add_backlog`), RSTs to
  /// a connecting socket, ACKs in FIN_WAIT and TIME_WAIT, a neighbour's question in a tunnel. What carries data for a socket would have been announced.
  func isTakenInSilence(_ slot: Int) -> Bool {
    guard visible.hasDataReady else { return false }
    if let header = packets[slot].journey.header, header.protocolNumber != 0 {
      return header.protocolNumber == Event.IPProtocol.tcp ? header.payload == 0 : header.protocolNumber != Event.IPProtocol.udp
    }
    return packets[slot].journey.length <= Self.longestEmptySegment
  }

  /// IPv6 and TCP headers with 40 bytes of options.
  private static let longestEmptySegment: UInt32 = 40 + 20 + 40
}
