/// A task.
final class Task {
  enum State {
    case running
    /// Waits, or is about to (`TASK_INTERRUPTIBLE`).
    case sleeping
    case dead
  }

  let pid: Int32
  let name: String
  var state = State.running
  /// Whether it is on a CPU or in its queue.
  var isQueued = false
  /// Whether it has given its CPU away until woken.
  var isBlocked = false
  /// Whether it may run on its CPU only.
  var isBound = false
  /// The CPU it runs on or ran on last.
  unowned var cpu: CPU!
  /// What it still has to do in the call that runs, the next step last.
  var stack: [Step] = []
  /// Begins the next call, when the one before is done.
  var round: (CPU) -> Void = { $0.exit() }
  /// `local_bh_disable` depth.
  var bottomHalvesOff = 0
  /// Packets that woke it and have not seen it run.
  var wakings: [Waking] = []

  init(pid: Int32, name: String) {
    self.pid = pid
    self.name = name
  }

  var mayBeDisplaced: Bool { bottomHalvesOff == 0 }
}
