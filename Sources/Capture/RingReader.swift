internal import Linux
internal import Synchronization
internal import SystemPackage

/// Moves one CPU's ring-buffer pages from the kernel to a temporary file, on a thread of its own.
///
/// It sleeps until the kernel's buffer is a quarter full, so that its own wakeups and context switches, which are recorded like all
/// others, stay rare and cannot feed themselves. Every second it also takes the page that is being written, as those of all other CPUs do then: what
/// there is of the recording if it is killed ends about there.
final class RingReader: Sendable {
  private let cpu: Int
  private let spool: Spool
  private let budget: DiskBudget
  private let pageSize: Int
  /// Takes pages before they are full, for somebody looks at them while they are recorded.
  private let isPrompt: Bool
  /// Whether splice(2) goes on behind a page that was read in part (ring_buffer_read_page in kernel/trace/ring_buffer.c): tried on 6.1, 6.12 and 6.18;
  /// kernels before are believed not to.
  private static let takesParts = Kernel.version >= (6, 1)
  private let pipe: Pipe
  private let pages: FileDescriptor
  private let whenComplete: @Sendable () -> Void
  private let failure = Mutex<CaptureError?>(nil)

  /// A reader of the `trace_pipe_raw` in `directory` (`per_cpu/cpuN`). While it lives, the instance cannot be removed. It calls `whenComplete` when
  /// all that was written up to a moment is in `spool`, which says up to which.
  init(
    directory: String, pageSize: Int, spool: Spool, _ budget: DiskBudget, isPrompt: Bool, whenComplete: @escaping @Sendable () -> Void
  ) throws(CaptureError) {
    self.isPrompt = isPrompt
    self.whenComplete = whenComplete
    cpu = spool.cpu
    self.spool = spool
    self.budget = budget
    self.pageSize = pageSize
    let path = "\(directory)/trace_pipe_raw"
    do {
      pipe = try Pipe()
      pages = try FileDescriptor.open(FilePath(path), .readOnly, options: [.nonBlocking, .closeOnExec])
    } catch {
      throw CaptureError("\(path) cannot be read", error as? Errno ?? .ioError)
    }
    pipe.enlarge(to: Self.stride)
  }

  deinit {
    try? pages.close()
    pipe.close()
  }

  /// How many bytes are moved at once.
  private static let stride: Int32 = 1 << 20

  /// What went wrong on the thread.
  var error: CaptureError? { failure.withLock { $0 } }

  /// Runs until `stop` is at its end, then takes what is left; tells `inbox` if that fails before.
  func start(stop: FileDescriptor, inbox: Inbox) throws(CaptureError) -> RunningThread {
    do {
      return try RunningThread { [self] in
        do throws(CaptureError) {
          try run(until: stop, inbox)
        } catch {
          failure.withLock { $0 = error }
          inbox.post(.readerFailed)
        }
      }
    } catch {
      throw CaptureError("no thread can be started for CPU \(cpu)", error)
    }
  }

  private func run(until stop: FileDescriptor, _ inbox: Inbox) throws(CaptureError) {
    var isStopped = false
    // The same moments on all CPUs.
    var next = KernelClock.now / Self.second + 1
    var page = [UInt8](repeating: 0, count: pageSize)
    while !isStopped {
      let now = KernelClock.now
      let patience = next * Self.second > now ? Int32(truncatingIfNeeded: (next * Self.second - now) / 1_000_000) + 1 : 0
      let ready = FileDescriptor.wait(for: isPrompt ? [stop] : [stop, pages], timeout: min(Self.longestSleep, patience))
      isStopped = ready[0]
      let time = KernelClock.now
      let isDue = time >= next * Self.second
      // Kernels that may not keep their word about the watermark are looked after whenever we wake; others are asked again then.
      let isWanted = ready.last == true || isDue || !Self.takesParts
      var moved = isPrompt ? try readPages() : isWanted ? try moveFullPages() : 0
      if isDue {
        next = time / Self.second + 1
        if Self.takesParts, !isPrompt { moved += try readPart(&page) }
        if Self.takesParts || isPrompt {
          spool.completeUntil = time
          whenComplete()
        }
      }
      if budget.spend(moved) { inbox.post(.spaceEnded) }
      // A kernel that knows no watermark wakes us for every event, although no page is full yet.
      if moved == 0, ready.last == true, !isStopped { isStopped = FileDescriptor.wait(for: [stop], timeout: Self.pause)[0] }
    }
    _ = try readPages()
  }

  /// In nanoseconds.
  private static let second: UInt64 = 1_000_000_000

  /// In milliseconds; not all kernels wake us at the watermark.
  private static let longestSleep: Int32 = 250
  private static let pause: Int32 = 20

  /// Moves the pages that are complete, without copying them through this process where that can be; answers how many bytes.
  private func moveFullPages() throws(CaptureError) -> Int {
    var total = 0
    while true {
      let moved: Int
      do {
        moved = try pages.splice(to: pipe.writeEnd, count: Int(Self.stride), waiting: false)
      } catch {
        // To move a page the kernel needs another one; what is read goes through one that it keeps for it.
        if error == .invalidArgument || error == .noFunction || error == .noMemory { return try readPages() }
        throw CaptureError("the pages of CPU \(cpu) cannot be read", error)
      }
      if moved == 0 { return total }
      total += moved
      try keep { () throws(Errno) in try pipe.readEnd.drain(count: moved, to: spool.file) }
      spool.grow(by: moved)
    }
  }

  /// Reads all pages there are, also the last one, which splice(2) leaves in the kernel until it is full; answers how many bytes.
  private func readPages() throws(CaptureError) -> Int {
    var total = 0
    var page = [UInt8](repeating: 0, count: pageSize)
    while try readPage(into: &page) {
      try keep { () throws(Errno) in try spool.append(page) }
      total += pageSize
    }
    return total
  }

  /// Reads the page that is being written as far as it is; answers how many bytes. A CPU that has little to say would fill the disk with pages that
  /// have little in them: what it writes until the next second joins them.
  private func readPart(_ page: inout [UInt8]) throws(CaptureError) -> Int {
    guard try readPage(into: &page) else { return 0 }
    try keep { () throws(Errno) in if try !spool.join(page) { try spool.append(page) } }
    return pageSize
  }

  private func keep(_ write: () throws(Errno) -> Void) throws(CaptureError) {
    do throws(Errno) {
      try write()
    } catch {
      throw CaptureError("the recording cannot be kept on disk", error, .output)
    }
  }

  /// Reads the next page as far as it is written, with room for it in `page`; answers whether there is one.
  private func readPage(into page: inout [UInt8]) throws(CaptureError) -> Bool {
    var patience = 50
    while true {
      do throws(Errno) {
        let count = try pages.fill(&page)
        page.replaceSubrange(count..., with: repeatElement(0, count: pageSize - count))
        return count > 0
      } catch {
        if error == .resourceTemporarilyUnavailable { return false }
        // The first time the kernel needs memory for it, too.
        guard error == .noMemory, patience > 0 else { throw CaptureError("the pages of CPU \(cpu) cannot be read", error) }
        patience -= 1
        KernelClock.sleep(milliseconds: 20)
      }
    }
  }
}
