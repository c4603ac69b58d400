internal import Synchronization
internal import SystemPackage

/// The command that runs while events are recorded.
final class Workload: Sendable {
  private let pid: Int32
  /// The status of wait(2), once it has ended.
  private let ended = Mutex<Int32?>(nil)

  /// Starts `command`, which is not empty, and tells `inbox` when it ends. It may have `openFiles` open, or as many as this process.
  init(_ command: [String], inbox: Inbox, openFiles: UInt? = nil) throws(CaptureError) {
    let own = SystemCalls.openFiles.chosen
    if let openFiles { SystemCalls.setOpenFiles(openFiles) }
    defer { if openFiles != nil { SystemCalls.setOpenFiles(own) } }
    do {
      pid = try SystemCalls.spawn(command)
    } catch {
      throw CaptureError("cannot run `\(command[0])`", error)
    }
    do {
      _ = try SystemCalls.startThread { [self] in
        SystemCalls.waitForEnd(of: pid)
        ended.withLock { $0 = SystemCalls.reap(pid) }
        inbox.post(.commandEnded)
      }
    } catch {
      SystemCalls.terminate(pid)
      throw CaptureError("no thread can be started", error)
    }
  }

  /// How it fared so far.
  var status: RecordingSummary.CommandStatus {
    guard let status = ended.withLock({ $0 }) else { return .running }
    let signal = status & 0x7f
    return signal == 0 ? .exited((status >> 8) & 0xff) : .killed(signal)
  }

  /// Asks it to end, and gives it `grace` to do so. Under the lock, so that the signal cannot go to a later process of the same number.
  func finish(inbox: Inbox, grace: Duration) {
    ended.withLock { if $0 == nil { SystemCalls.terminate(pid) } }
    let deadline = ContinuousClock.now + grace
    while status == .running, inbox.next(until: deadline) != nil {}
  }
}
