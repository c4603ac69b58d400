internal import Linux
internal import SystemPackage

/// The readers of all CPUs, one thread each.
final class RingReaders {
  private let readers: [RingReader]
  private var threads: [RunningThread] = []
  /// At its end once `finish` closes the other end: this tells all threads to take what is left and end.
  private let stop: OwnedDescriptor
  private var stopper: FileDescriptor?

  /// Starts the threads, before anything is recorded.
  init(
    _ instance: String, spools: [Spool], in folder: RecordingFolder, _ budget: DiskBudget, pageSize: Int, inbox: Inbox, isPrompt: Bool = false
  ) throws(CaptureError) {
    readers = try spools.map { spool throws(CaptureError) in
      try RingReader(directory: "\(instance)/per_cpu/cpu\(spool.cpu)", pageSize: pageSize, spool: spool, budget, isPrompt: isPrompt) {
        folder.note(spools)
      }
    }
    let pipe: Pipe
    do throws(Errno) {
      pipe = try Pipe()
    } catch {
      throw CaptureError("no pipe can be made", error)
    }
    stop = OwnedDescriptor(pipe.readEnd)
    stopper = pipe.writeEnd
    for reader in readers { threads.append(try reader.start(stop: stop.file, inbox: inbox)) }
  }

  deinit { join() }

  /// Lets the threads take what is left, waits for them, and says what went wrong.
  func finish() throws(CaptureError) {
    join()
    for reader in readers { if let error = reader.error { throw error } }
  }

  private func join() {
    if let stopper { try? stopper.close() }
    stopper = nil
    for thread in threads { thread.join() }
    threads = []
  }
}
