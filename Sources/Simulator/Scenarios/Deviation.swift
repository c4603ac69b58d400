internal import Events

/// A departure from the rules of a model, for the checker to find. The model's file says which of its rules each one breaks, by these names.
public enum Deviation: String, CaseIterable, Sendable {
  /// napi_poll counts a packet that nobody delivered.
  case pollWork = "poll-work"
  /// A packet leaves GRO without the bytes of the frames merged into it.
  case mergedBytes = "merged-bytes"
  /// TCP takes data in order and does not announce them.
  case dataReady = "data-ready"
  /// An announcement wakes a task that it has just woken.
  case wakings = "wakings"
  /// A reader is woken and is at work without a switch to it.
  case reader = "reader"
  /// More bytes are copied to a reader than TCP accepted.
  case copiedBytes = "copied-bytes"
  /// A hard interrupt's exit comes before that of the one inside it.
  case nesting = "nesting"
  /// A task is switched to inside a soft interrupt.
  case switching = "switching"
}

/// A deviation that is to happen once.
struct Injection {
  let deviation: Deviation
  /// Occasions to let pass.
  var passes: Int
  private(set) var hasHappened = false
  /// Whether the recording shows it, once the machine has come to its end: what follows may be what a kernel without the defect writes.
  var isShown: () -> Bool = { true }

  init(_ deviation: Deviation, passes: Int) {
    self.deviation = deviation
    self.passes = passes
  }

  /// Whether it is to happen on this occasion.
  mutating func happens() -> Bool {
    guard passes == 0 else {
      passes -= 1
      return false
    }
    hasHappened = true
    return true
  }
}

extension CPU {
  /// Whether `deviation` is to happen here and now, where `condition` makes it an occasion.
  func deviates(_ deviation: Deviation, if condition: @autoclosure () -> Bool) -> Bool {
    guard let injection = machine.injection, injection.deviation == deviation, !injection.hasHappened, condition() else { return false }
    return machine.injection?.happens() ?? false
  }

  /// Whether the poll of `napi` counts a packet too many. Of an instance that is polled seldom, that may be its driver's habit;
  /// a CPU's backlog has no driver.
  func countsOneMore(_ napi: NAPI) -> Bool {
    guard deviates(.pollWork, if: napi.work > 0 && napi.work < napi.weight) else { return false }
    let isBacklog = napi === backlog.napi
    machine.injection?.isShown = { napi.countedPolls > (isBacklog ? 5 : 20) }
    return true
  }

  /// Whether `task`, which packets woke, gets the CPU without an event. Among few switches that says that the recording lacks some.
  func switchesUnseen(to task: Task) -> Bool {
    guard deviates(.reader, if: hasWritten && !task.wakings.isEmpty) else { return false }
    machine.injection?.isShown = { [unowned machine] in machine.switches > 20 }
    return true
  }

  /// How many bytes too many a receive call copies that takes the last `bytes` there are.
  func excess(_ socket: StreamSocket, _ bytes: Int, copied: Int) -> Int {
    let isOccasion = !socket.hasSentFIN && socket.read + bytes == socket.accepted && socket.backlog.isEmpty && socket.outOfOrder.isEmpty
    guard deviates(.copiedBytes, if: isOccasion) else { return 0 }
    machine.injection?.isShown = { socket.account.isOverdrawn }
    return max(socket.account.waiting - copied - bytes, 0) + 1000
  }

  /// The length of `packet` as netif_receive_skb says it.
  func lengthOut(of packet: Packet) -> Int {
    guard let round = packet.round, let segment = packet.segment else { return packet.length }
    let first = segment.headers + packet.segmentSize
    let lost = packet.length - first
    // Headers may be that long: what is missing must be more.
    guard deviates(.mergedBytes, if: packet.frames > 1 && lost > 256 * round.merged) else { return packet.length }
    machine.injection?.isShown = { round.isOver && round.isWhole && lost > 256 * round.merged }
    return first
  }

  /// Whether `length` bytes that `socket` has just taken in are not announced. Who waits would not see them before those behind them come,
  /// and then nothing would tell them from bytes out of order; so it happens while nobody waits.
  func keepsSilent(_ socket: StreamSocket, _ length: Int) -> Bool {
    let isOccasion = length > 100 && socket.account.probed == socket.accepted && socket.account.isWorthAnnouncing && socket.waiters.toWake().isEmpty
    guard deviates(.dataReady, if: isOccasion) else { return false }
    socket.account.keepSilent(length)
    machine.injection?.isShown = { socket.account.hasReadSilence }
    return true
  }

  /// Another handler begins inside handler `number`, and ends behind its end.
  func leaveOutOfOrder(_ number: Int32) {
    emit(.irqHandlerEntry(irq: 99, name: name("nested")))
    run(
      { $0.emit(.irqHandlerExit(irq: number)) }, { $0.emit(.irqHandlerExit(irq: 99)) },
      {
        $0.emit(.irqHandlerEntry(irq: number, name: $0.name("again")))
      })
  }

  /// Another task gets the CPU for a moment.
  func switchAndBack() {
    let task = current
    let other = task === ksoftirqd ? idle : ksoftirqd
    emit(.schedSwitch(previous: task.pid, previousState: 0, next: other.pid, nextComm: name(other.name)), 0x01)
    current = other
    emit(.schedSwitch(previous: other.pid, previousState: 1, next: task.pid, nextComm: name(task.name)), 0x01)
    current = task
  }
}

extension Packet {
  /// It comes out of GRO, or is dropped on the way.
  func leaveRound(isWhole: Bool) {
    round?.open -= 1
    if !isWhole { round?.isWhole = false }
    round = nil
  }
}
