/// A small integer that stands for a string of one recording: a device, an interrupt, a task.
public struct NameID: Hashable, Sendable {
  public let index: Int32
  /// The kernel thread that a task of this name is, which decides whose work it does.
  public let kernelThread: KernelThread

  @inlinable public init(index: Int32, kernelThread: KernelThread) {
    self.index = index
    self.kernelThread = kernelThread
  }

  /// The empty string.
  @inlinable public static var none: NameID { NameID(index: 0, kernelThread: .none) }
}

/// The kernel threads that process packets, told by their names.
public enum KernelThread: UInt8, Sendable {
  /// A task of another kind.
  case none
  /// `ksoftirqd/N` (kernel/softirq.c).
  case ksoftirqd
  /// `napi/DEVICE-ID`: threaded NAPI (`napi_kthread_create` in net/core/dev.c).
  case napi
  /// `backlog_napi/N`: the backlog of PREEMPT_RT and thread_backlog_napi (net/core/dev.c).
  case backlog
  /// `irq/N-NAME`: a threaded interrupt handler (kernel/irq/manage.c).
  case interrupt

  /// The thread that a task called `name` is.
  public init(_ name: String) {
    self =
      name.hasPrefix("ksoftirqd/")
      ? .ksoftirqd
      : name.hasPrefix("napi/")
        ? .napi
        : name.hasPrefix("backlog_napi/") ? .backlog : name.hasPrefix("irq/") ? .interrupt : .none
  }
}

/// A small integer that stands for a flow of one recording.
public struct FlowID: Hashable, Sendable {
  public let index: Int32

  @inlinable public init(index: Int32) { self.index = index }

  /// No flow is known.
  @inlinable public static var none: FlowID { FlowID(index: 0) }
}
