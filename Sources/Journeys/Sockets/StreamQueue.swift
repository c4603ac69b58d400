internal import DequeModule

/// The receive queue of a TCP connection: which bytes of the stream each packet carries, and how far the stream is accepted and read. Arithmetic
/// of positions, which count from the first byte that was seen; what becomes of the packets is others' business.
struct StreamQueue {
  /// A packet in the queue.
  struct Entry: Equatable {
    var packet: PacketRef
    /// Where its data stand in the stream.
    var bytes: Range<Int64>
    /// Whether that was guessed from lengths.
    var isGuessed = false
    /// Whether its own sequence number, or a copy that names it, tells its place.
    var isPlaced = false
  }

  /// A segment that came before bytes that precede it.
  struct EarlySegment: Equatable {
    var packet: PacketRef
    var bytes: Range<Int64>
    /// Whether TCP put it into one with others.
    var isCoalesced = false
  }

  /// Where a segment's number puts it.
  enum Placement: Equatable {
    /// All its bytes came before; TCP drops it.
    case duplicate
    /// Behind bytes that are still to come (`tcp_data_queue_ofo`).
    case outOfOrder(Range<Int64>)
    /// Behind what is accepted.
    case inOrder(Range<Int64>)
  }

  /// What becomes of a segment that waited for bytes before it.
  enum Release: Equatable {
    /// It joins the queue.
    case joins(PacketRef, Range<Int64>)
    /// Others have brought all its bytes, but it is one with some that are new.
    case isCovered(PacketRef)
  }

  /// The packets whose data have not been read, in order.
  private(set) var entries = Deque<Entry>()
  /// Bytes that TCP has accepted.
  private(set) var accepted: Int64 = 0
  /// Bytes that were read.
  private(set) var readPosition: Int64 = 0
  /// Segments that wait for bytes before them, by position.
  private(set) var outOfOrder: [EarlySegment] = []
  /// Whether the queue was known to be empty at some time since, so that positions are certain.
  private(set) var isSynchronised = false
  /// Whether events were lost since positions were certain: data may have come and gone unseen.
  private(set) var hasLost = false
  /// The packet whose data came last.
  private(set) var latest = PacketRef.none
  /// Whether data came behind such as were not announced: which of them stand first in the stream is open until all are read.
  private(set) var isOrderOpen = false
  /// Headers of the last data segment, in bytes: IP and TCP with options.
  var headerLength: UInt32?
  /// TCP's number of one byte of the stream and the byte's position, where packets say their numbers.
  private var anchor: (sequence: UInt32, position: Int64)?

  /// A queue of which nothing is known, or (`isSynchronised`) one that is known to be empty.
  init(isSynchronised: Bool = false) { self.isSynchronised = isSynchronised }

  /// The place of `packet` in the queue, or nil.
  func place(of packet: PacketRef) -> Int? { entries.firstIndex { $0.packet == packet } }

  /// Whether the place of `packet` in the queue is certain.
  func isPlaced(_ packet: PacketRef) -> Bool { place(of: packet).map { entries[$0].isPlaced } ?? false }

  /// Whether `packet` waits for bytes before it.
  func isOutOfOrder(_ packet: PacketRef) -> Bool { outOfOrder.contains { $0.packet == packet } }

  // MARK: what TCP accepts

  /// `packet` brings `length` bytes behind all that came before.
  mutating func append(_ packet: PacketRef, length: UInt32, isGuessed: Bool = false) -> Range<Int64> {
    let bytes = accepted..<accepted + Int64(length)
    accepted = bytes.upperBound
    entries.append(Entry(packet: packet, bytes: bytes, isGuessed: isGuessed))
    return bytes
  }

  /// TCP accepts `length` bytes of packets that nobody saw.
  mutating func skip(_ length: UInt32) { accepted += Int64(length) }

  /// `packet` brings data, behind such as were not announced or not. TCP announces data neither out of order nor below SO_RCVLOWAT.
  mutating func noteArrival(_ packet: PacketRef, isBehindUnannounced: Bool) {
    if isBehindUnannounced { isOrderOpen = true }
    latest = packet
  }

  /// The stream begins with the byte `sequence`, if nothing is known of it yet.
  mutating func begin(at sequence: UInt32) { if canBegin { anchor = (sequence, 0) } }

  /// Whether nothing is known of where the stream begins.
  var canBegin: Bool { anchor == nil && accepted == 0 }

  /// Puts the segment of `length` bytes from `sequence` on where its number says, in one with others or not.
  mutating func place(_ packet: PacketRef, sequence: UInt32, length: UInt32, isCoalesced: Bool = false) -> Placement {
    let known = anchor ?? (sequence, accepted)
    let from = known.position + Int64(Int32(bitPattern: sequence &- known.sequence))
    // Kept close, for numbers wrap after 4 GiB.
    anchor = (sequence, from)
    let bytes = from..<from + Int64(length)
    if bytes.upperBound <= accepted || from > accepted && isWaiting(bytes) { return .duplicate }
    guard from <= accepted else {
      let early = EarlySegment(packet: packet, bytes: bytes, isCoalesced: isCoalesced)
      outOfOrder.insert(early, at: outOfOrder.firstIndex { $0.bytes.lowerBound > from } ?? outOfOrder.count)
      return .outOfOrder(bytes)
    }
    join(packet, bytes)
    return .inOrder(bytes)
  }

  /// tcp_ofo_queue: the next segment that does not wait any longer for bytes before it; nil when there is none. Segments that others have
  /// covered altogether are dropped without a word.
  mutating func releaseNext() -> Release? {
    while let early = outOfOrder.first, early.bytes.lowerBound <= accepted {
      outOfOrder.removeFirst()
      guard early.bytes.upperBound <= accepted else {
        join(early.packet, early.bytes)
        return .joins(early.packet, early.bytes)
      }
      // Of what is coalesced TCP drops nothing while there is something new in it.
      if early.isCoalesced, outOfOrder.contains(where: { $0.isCoalesced && $0.bytes.upperBound > accepted }) { return .isCovered(early.packet) }
    }
    return nil
  }

  private mutating func join(_ packet: PacketRef, _ bytes: Range<Int64>) {
    accepted = bytes.upperBound
    entries.append(Entry(packet: packet, bytes: bytes, isPlaced: true))
  }

  /// Whether a segment that waits for bytes before it has these already.
  private func isWaiting(_ bytes: Range<Int64>) -> Bool {
    outOfOrder.contains { $0.bytes.lowerBound <= bytes.lowerBound && bytes.upperBound <= $0.bytes.upperBound }
  }

  // MARK: what is dropped

  /// `packet` was dropped while TCP was at it, or later: its bytes are still to come. What was accepted behind them waits again.
  mutating func withdraw(_ packet: PacketRef, isInHand: Bool) {
    outOfOrder.removeAll { $0.packet == packet }
    guard let place = entries.lastIndex(where: { $0.packet == packet }) else { return }
    guard isInHand else {
      entries.remove(at: place)
      return
    }
    let begin = place > 0 ? entries[place - 1].bytes.upperBound : entries[place].bytes.lowerBound
    for entry in entries[(place + 1)...].reversed() { outOfOrder.insert(EarlySegment(packet: entry.packet, bytes: entry.bytes), at: 0) }
    entries.removeSubrange(place...)
    accepted = begin
  }

  /// `packet`, whose place order alone told, was dropped. While TCP was at it, its bytes were not accepted: all behind them move up. False if it
  /// is not in the queue.
  mutating func remove(_ packet: PacketRef, isInHand: Bool) -> Bool {
    guard let place = entries.lastIndex(where: { $0.packet == packet }) else { return false }
    let length = Int64(entries.remove(at: place).bytes.count)
    guard isInHand else { return true }
    accepted -= length
    for later in place..<entries.count {
      let bytes = entries[later].bytes
      entries[later].bytes = bytes.lowerBound - length..<bytes.upperBound - length
    }
    return true
  }

  /// The entry of `packet` is that of `other`; false if there is none.
  mutating func replace(_ packet: PacketRef, by other: PacketRef) -> Bool {
    guard let place = place(of: packet) else { return false }
    entries[place].packet = other
    return true
  }

  // MARK: what is read

  /// A call has read `bytes` more.
  mutating func read(_ bytes: Int64) { readPosition += bytes }

  /// The next packet all of whose data have been read; nil when there is none.
  mutating func popRead() -> Entry? {
    guard let first = entries.first, first.bytes.upperBound <= readPosition else { return nil }
    return entries.removeFirst()
  }

  /// All that a call has read is accounted for.
  mutating func endRead() {
    if readPosition == accepted { isOrderOpen = false }
    // More was read than we saw arrive: data from before the recording, or segments that no event names.
    accepted = max(accepted, readPosition)
  }

  /// The first packet, which a reader nobody saw has read.
  mutating func popFirst() -> Entry? { entries.popFirst() }

  /// Reading stands where the first packet begins, or at the end of all that was accepted.
  mutating func synchroniseAtFirst() {
    readPosition = entries.first?.bytes.lowerBound ?? accepted
    isSynchronised = true
    hasLost = false
  }

  /// A call that is over has read from the queue. Its copies name the packets that stood first, each where it begins: those are put there.
  /// False if the order was not open, and nothing is changed.
  mutating func reorder(by copies: [Copy]) -> Bool {
    if !isOrderOpen {
      guard let first = copies.first, let place = place(of: first.packet), place > 0 else { return false }
      isOrderOpen = true
    }
    var position = readPosition
    for copy in copies {
      moveUp(copy.packet, to: position)
      position += Int64(copy.length)
    }
    return true
  }

  /// Puts `packet` where the bytes from `position` on stand.
  private mutating func moveUp(_ packet: PacketRef, to position: Int64) {
    guard let place = place(of: packet), !entries[place].isPlaced else { return }
    let begin = entries[place].bytes.lowerBound
    if begin == position { entries[place].isPlaced = true }
    guard begin > position, let target = entries.firstIndex(where: { $0.bytes.lowerBound >= position }),
      entries[target].bytes.lowerBound == position
    else { return }
    var moved = entries.remove(at: place)
    moved.isPlaced = true
    entries.insert(moved, at: target)
    var end = position
    for index in target...place {
      let bytes = end..<end + Int64(entries[index].bytes.count)
      end = bytes.upperBound
      entries[index].bytes = bytes
    }
  }

  // MARK: losses

  /// Events were lost: data may have come and gone unseen.
  mutating func loseEvents() { (isSynchronised, hasLost) = (false, true) }

  /// Whatever is queued may be read unseen from here.
  mutating func forgetAll() {
    entries.removeAll(keepingCapacity: true)
    outOfOrder.removeAll()
    isSynchronised = false
  }

  /// The segments that wait for bytes before them will not be read.
  mutating func forgetOutOfOrder() { outOfOrder.removeAll() }
}
