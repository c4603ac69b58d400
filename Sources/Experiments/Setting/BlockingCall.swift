internal import Linux
internal import Synchronization
internal import SystemPackage

/// A system call on a thread of its own, which sleeps in it until something wakes it.
final class BlockingCall: Sendable {
  /// What it returned.
  enum Result: Equatable, Sendable {
    case returned
    /// The bytes that a read got; 0 is the end.
    case read(Int)
    case failed(Errno)
    /// The connection that accept() got.
    case accepted(SharedDescriptor)
  }

  /// The call's name, which is the beginning of the thread's.
  let name: String
  private let thread = Atomic<Int32>(0)
  private let result = Mutex<Result?>(nil)

  /// Starts `call` on a thread called `name` with `tag` behind it, by which a recording knows it.
  init(_ name: String, tag: String, _ call: @escaping @Sendable () throws(Errno) -> Result) throws(Failure) {
    self.name = name
    try Failure.naming("no thread can be started") { () throws(Errno) in
      let running = try RunningThread("\(name)-\(tag)") { [self] in
        thread.store(RunningThread.currentID, ordering: .sequentiallyConsistent)
        var outcome: Result
        do throws(Errno) { outcome = try call() } catch { outcome = .failed(error) }
        result.withLock { $0 = outcome }
      }
      running.letGo()
    }
  }

  /// What it returned, once it has.
  var outcome: Result? { result.withLock { $0 } }

  /// Where it stands: how often it has gone to sleep so far, and whether it sleeps now.
  private func state() -> (sleeps: Int, isAsleep: Bool)? {
    let id = thread.load(ordering: .sequentiallyConsistent)
    guard id != 0, let text = try? Files.text(of: "/proc/self/task/\(id)/status") else { return nil }
    var state: (sleeps: Int, isAsleep: Bool) = (0, false)
    for line in text.split(separator: "\n") {
      if line.hasPrefix("State:") { state.isAsleep = line.contains("S (") }
      if line.hasPrefix("voluntary_ctxt_switches:") { state.sleeps = line.split(separator: "\t").last.flatMap { Int($0) } ?? 0 }
    }
    return state
  }

  /// How often it has gone to sleep, once it sleeps; nil if it returned instead, or does not sleep within `seconds`.
  func sleeps(within seconds: Int = 20) -> Int? {
    for _ in 0..<(seconds * 1000) {
      if outcome != nil { return nil }
      if let state = state(), state.isAsleep { return state.sleeps }
      KernelClock.sleep(milliseconds: 1)
    }
    return nil
  }

  /// Waits for it to return `expected`.
  func expect(_ expected: Result) throws(Failure) {
    let value = try value()
    guard value == expected else { throw Failure("\(name)() answered \(value) instead of \(expected)") }
  }

  /// What it returns within `seconds`.
  func value(within seconds: Int = 20) throws(Failure) -> Result {
    for _ in 0..<(seconds * 1000) {
      if let outcome { return outcome }
      KernelClock.sleep(milliseconds: 1)
    }
    throw Failure("\(name)() did not return within \(seconds) s")
  }
}
