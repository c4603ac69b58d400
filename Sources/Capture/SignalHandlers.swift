#if canImport(Glibc)
  internal import Glibc
#endif

/// While it is in use, the signals that end a process come to an inbox instead.
struct SignalHandlers {
  private let old: SystemCalls.Handlers
  /// Kept, for a signal may come until the old handlers are back.
  private let inbox: Inbox

  init(inbox: Inbox) {
    self.inbox = inbox
    old = SystemCalls.catchSignals([SIGINT, SIGTERM, SIGHUP], to: inbox.writeEnd)
  }

  func restore() { old.restore() }
}
