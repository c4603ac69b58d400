internal import Events

/// The other end of a connection, beyond the wire: it has no events, only frames.
final class Peer {
  unowned let machine: Machine
  let connection: Connection
  let side: Int
  let nic: NIC
  /// Messages it sends, in bytes, and the pause before each in nanoseconds.
  var messages: [(bytes: Int, pause: Int)] = []
  var faults = Faults()
  private var sent = 0
  private var accepted = 0
  private var isAcknowledging = false
  private var hasSentFIN = false
  private var hasReceivedFIN = false
  private var isStarted = false

  /// What goes wrong on the wire.
  struct Faults {
    /// How likely a frame is lost and sent again later, comes after its successors, or comes twice.
    var loss = 0.0
    var reordering = 0.0
    var duplication = 0.0
  }

  init(_ machine: Machine, _ connection: Connection, side: Int, nic: NIC) {
    self.machine = machine
    self.connection = connection
    self.side = side
    self.nic = nic
  }

  private var total: Int { messages.reduce(0) { $0 + $1.bytes } }

  /// connect() of the other machine.
  func connect() { emit(segment(0, 0, isSYN: true)) }

  /// A frame reaches the other machine.
  func receive(_ segment: Segment) {
    if segment.isSYN, segment.acknowledges == nil {
      var answer = self.segment(0, 0, isSYN: true)
      answer.acknowledges = 0
      return emit(answer)
    }
    accepted = max(accepted, segment.to)
    if segment.isFIN { hasReceivedFIN = true }
    if segment.isSYN || segment.isFIN { emit(self.segment(sent, sent)) }
    if segment.length > 0 { acknowledgeSoon() }
    if !isStarted {
      isStarted = true
      sendMessage(0)
    }
    endIfDone(segment)
  }

  private func acknowledgeSoon() {
    guard !isAcknowledging else { return }
    isAcknowledging = true
    machine.after(machine.random.number(1_000...60_000)) { [self] in
      isAcknowledging = false
      emit(segment(sent, sent))
    }
  }

  private func sendMessage(_ index: Int) {
    guard index < messages.count else { return }
    machine.after(messages[index].pause) { [self] in
      let end = sent + messages[index].bytes
      while sent < end {
        let to = min(sent + CPU.segmentSize, end)
        var part = segment(sent, to)
        part.isPushed = to == end
        sent = to
        emitFaulty(part)
      }
      sendMessage(index + 1)
    }
  }

  /// Closes when everything has been acknowledged; also when the other end has closed.
  private func endIfDone(_ segment: Segment) {
    guard !hasSentFIN, sent == total, (segment.acknowledges ?? -1) >= total, total > 0 || hasReceivedFIN else { return }
    hasSentFIN = true
    machine.after(machine.random.number(50_000...300_000)) { [self] in
      var fin = self.segment(sent, sent)
      fin.isFIN = true
      emit(fin)
    }
  }

  private func segment(_ from: Int, _ to: Int, isSYN: Bool = false) -> Segment {
    var segment = Segment(connection: connection, side: 1 - side, from: from, to: to, isSYN: isSYN)
    if !isSYN {
      segment.acknowledges = accepted
      segment.acknowledgesFIN = hasReceivedFIN
    }
    return segment
  }

  private func emitFaulty(_ segment: Segment) {
    if machine.random.chance(faults.loss) {
      machine.after(machine.random.number(200_000...500_000)) { [self] in emit(segment) }
    } else if machine.random.chance(faults.reordering) {
      emit(segment, delay: machine.random.number(3_000...60_000))
    } else {
      emit(segment)
      if machine.random.chance(faults.duplication) { emit(segment, delay: machine.random.number(10_000...200_000)) }
    }
  }

  /// Frames leave one behind the other.
  private var wireIsFreeAt: UInt64 = 0

  private func emit(_ segment: Segment, delay: Int = 0) {
    let start = max(wireIsFreeAt, machine.now + UInt64(nic.wireTime))
    let time = start + UInt64(machine.random.number(600...1500))
    if delay == 0 { wireIsFreeAt = time }
    // The shortest frame carries 46 bytes.
    let length = max(segment.headers + segment.length, 46)
    machine.agenda.add(time + UInt64(delay)) { [nic] in nic.arrive(length, .tcp(segment)) }
  }
}
