internal import DequeModule
internal import Events

/// The receive queue of a socket that takes datagrams, each read whole.
struct DatagramQueue {
  /// A datagram in the queue.
  struct Entry: Equatable {
    var packet: PacketRef
    /// Bytes that a reader gets.
    var size: Int64
    /// The least bytes that it may have where its headers are not known: it has `least` to `size` of them. Nil where `size` is exact.
    var least: Int64?

    /// Whether a call that got `bytes` may have read it whole.
    @inline(__always)
    func fits(_ bytes: Int64) -> Bool { size == bytes || (least.map { $0 <= bytes && bytes < size } ?? false) }
  }

  /// A call that read a datagram which had not been announced, and by no event named.
  struct EarlyRead {
    var reader: Journey.Task
    var mark: StageMark
    /// Bytes that it read.
    var bytes: Int64
  }

  /// The datagrams, in the order in which they were announced.
  private(set) var entries = Deque<Entry>()
  /// An announcement whose datagram is not known yet.
  var unassigned: SocketAnnouncement?
  private var earlyRead: EarlyRead?

  /// Whether there is none.
  var isEmpty: Bool { entries.isEmpty }

  /// The place of `packet` in the queue, or nil.
  func place(of packet: PacketRef) -> Int? { entries.firstIndex { $0.packet == packet } }

  /// A datagram of `size` bytes, or of `least` to `size` of them, is announced.
  mutating func append(_ packet: PacketRef, size: Int64, least: Int64? = nil) {
    entries.append(Entry(packet: packet, size: size, least: least))
  }

  /// Takes out the entry at `place`.
  mutating func remove(at place: Int) { entries.remove(at: place) }

  /// Takes `packet` out, if it is there.
  mutating func remove(_ packet: PacketRef) { if let place = place(of: packet) { entries.remove(at: place) } }

  /// The same for the last entry of `packet`.
  mutating func removeLast(_ packet: PacketRef) {
    if let place = entries.lastIndex(where: { $0.packet == packet }) { entries.remove(at: place) }
  }

  /// Takes out the first one.
  mutating func popFirst() -> Entry? { entries.popFirst() }

  /// Takes out the one that a call may have read which got `bytes`, and whether it was not the first: two CPUs that put datagrams into one queue
  /// may announce them in the other order, so the first one close by that has exactly as many bytes counts.
  mutating func pop(reading bytes: Int64) -> (entry: Entry, isOvertaking: Bool)? {
    guard let first = entries.first else { return nil }
    let place = first.fits(bytes) ? nil : entries.prefix(Self.overtakingLimit).firstIndex { $0.size == bytes }
    return (entries.remove(at: place ?? 0), place != nil)
  }

  private static let overtakingLimit = 16

  /// The entry of `packet` is that of `other`; false if there is none.
  mutating func replace(_ packet: PacketRef, by other: PacketRef) -> Bool {
    guard let place = place(of: packet) else { return false }
    entries[place].packet = other
    return true
  }

  /// A call on the socket found no datagram, and read all the same.
  mutating func noteEarlyRead(_ read: EarlyRead) { earlyRead = read }

  /// That call, for the datagram that is announced now; it is asked for once.
  mutating func removeEarlyRead() -> EarlyRead? {
    guard let read = earlyRead else { return nil }
    earlyRead = nil
    return read
  }

  /// Takes out the last one if it is `packet` and has `bytes` at least.
  mutating func popLast(_ packet: PacketRef, atLeast bytes: Int64) -> Bool {
    guard let last = entries.last, last.packet == packet, last.size >= bytes else { return false }
    entries.removeLast()
    return true
  }

  /// Whatever is queued may be read unseen from here.
  mutating func forgetAll() { entries.removeAll(keepingCapacity: true) }
}
