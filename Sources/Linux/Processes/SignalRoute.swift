internal import CLinux
#if canImport(Glibc)
  internal import Glibc
#endif
internal import Synchronization
public import SystemPackage

/// While it is in use, signals come as bytes to a pipe instead of doing what they would.
public struct SignalRoute: Sendable {
  private var old: [(signal: Int32, action: sigaction)] = []

  /// Those that end a process and can be caught, but for those that say it is broken; a file that is too large (SIGXFSZ) and a reader that is gone
  /// (SIGPIPE) are errors of the call then.
  public static let ending: [Int32] = [
    SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGXCPU, SIGIO, SIGPWR, SIGSTKFLT
  ]

  /// Where the handler writes.
  private static let target = Atomic<Int32>(-1)

  /// From now on writes each of `signals` that comes, as one byte, to `pipe`.
  public init(_ signals: [Int32], to pipe: FileDescriptor) {
    Self.target.store(pipe.rawValue, ordering: .sequentiallyConsistent)
    for signal in signals { route(signal) }
    for signal in Self.errors { ignore(signal) }
  }

  private static let errors: [Int32] = [SIGXFSZ, SIGPIPE]

  private mutating func route(_ signal: Int32) {
    let before = Self.action(of: signal)
    // `nohup` has the hang-up ignored, and means it.
    if signal == SIGHUP, unsafe unsafeBitCast(before.__sigaction_handler.sa_handler, to: Int.self) == Self.ignored { return }
    var action = sigaction()
    unsafe action.__sigaction_handler.sa_handler = { number in
      let saved = errno
      var byte = UInt8(truncatingIfNeeded: number)
      _ = unsafe write(SignalRoute.target.load(ordering: .sequentiallyConsistent), &byte, 1)
      errno = saved
    }
    action.sa_flags = SA_RESTART
    replace(signal, by: action, before)
    // Whoever started us may have had it blocked, as the workers of libdispatch have.
    var mask = sigset_t()
    unsafe sigemptyset(&mask)
    unsafe sigaddset(&mask, signal)
    unsafe pthread_sigmask(SIG_UNBLOCK, &mask, nil)
  }

  private mutating func ignore(_ signal: Int32) {
    var action = sigaction()
    unsafe action.__sigaction_handler.sa_handler = unsafe unsafeBitCast(Self.ignored, to: sighandler_t.self)
    replace(signal, by: action, Self.action(of: signal))
  }

  private static func action(of signal: Int32) -> sigaction {
    var action = sigaction()
    unsafe sigaction(signal, nil, &action)
    return action
  }

  private mutating func replace(_ signal: Int32, by action: sigaction, _ before: sigaction) {
    var action = action
    unsafe sigaction(signal, &action, nil)
    old.append((signal, before))
  }

  /// `SIG_IGN`, a pointer of this value.
  private static let ignored = 1

  /// Puts back what was before.
  public func restore() {
    for (signal, action) in old {
      var action = action
      unsafe sigaction(signal, &action, nil)
    }
  }

  /// Has this process pass by every signal that can be: for one that others end by its input.
  public static func passAll() {
    for signal in 1...64 where signal != SIGKILL && signal != SIGSTOP && signal != SIGCHLD {
      var action = sigaction()
      unsafe action.__sigaction_handler.sa_handler = unsafe unsafeBitCast(ignored, to: sighandler_t.self)
      unsafe sigaction(Int32(signal), &action, nil)
    }
  }
}
