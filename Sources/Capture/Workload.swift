internal import Linux
internal import Synchronization
internal import SystemPackage

/// The command that runs while events are recorded.
final class Workload: Sendable {
  private let process: ChildProcess
  /// How it ended, once it has.
  private let ended = Mutex<ChildProcess.Ending?>(nil)

  /// Starts `command`, which is not empty, and tells `inbox` when it ends. It may have `openFiles` open, or as many as this process.
  init(
    _ command: [String], inbox: Inbox, openFiles: UInt? = nil, _ setting: ChildProcess.Setting = .init()
  ) throws(CaptureError) {
    let own = ThisProcess.openFiles.chosen
    if let openFiles { try? ThisProcess.setOpenFiles(openFiles) }
    defer { if openFiles != nil { try? ThisProcess.setOpenFiles(own) } }
    do throws(Errno) {
      process = try ChildProcess(command, setting)
    } catch {
      throw CaptureError("cannot run `\(command[0])`", error, .command(status: error == .noSuchFileOrDirectory ? 127 : 126))
    }
    do throws(Errno) {
      _ = try RunningThread { [self] in
        process.waitForEnd()
        ended.withLock { $0 = process.reap() }
        inbox.post(.commandEnded)
      }
    } catch {
      process.terminate()
      throw CaptureError("no thread can be started", error)
    }
  }

  /// The command of `options`, run as who called sudo unless they ask for root.
  static func recorded(_ options: RecordingOptions, inbox: Inbox, openFiles: UInt) throws(CaptureError) -> Workload {
    var setting = ChildProcess.Setting()
    setting.user = options.runsAsRoot ? nil : User.whoCalledSudo
    return try Workload(options.command, inbox: inbox, openFiles: openFiles, setting)
  }

  /// How it fared so far.
  var status: RecordingSummary.CommandStatus {
    switch ended.withLock({ $0 }) {
    case nil: .running
    case .exited(let status): .exited(status)
    case .killed(let signal): .killed(signal)
    }
  }

  /// Asks it to end, and gives it `grace` to do so. Under the lock, so that the signal cannot go to a later process of the same number.
  func finish(inbox: Inbox, grace: Duration) {
    ended.withLock { if $0 == nil { process.terminate() } }
    let deadline = ContinuousClock.now + grace
    while status == .running, inbox.next(until: deadline) != nil {}
  }
}
