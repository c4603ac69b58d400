public import Events

/// What the engine noticed about a journey beyond its stages, from which causes of delay follow.
public struct Conditions: OptionSet, Sendable {
  public let rawValue: UInt16
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// GRO kept the packet to merge others into it (`napi_gro_receive_exit` with HELD).
  public static let held = Conditions(rawValue: 1 << 0)
  /// NET_RX ran in ksoftirqd.
  public static let ksoftirqd = Conditions(rawValue: 1 << 1)
  /// ksoftirqd was woken because soft interrupts had run for ten passes or too long, or a task was due (`MAX_SOFTIRQ_RESTART`,
  /// `MAX_SOFTIRQ_TIME`, need_resched in `handle_softirqs`).
  public static let timeLimit = Conditions(rawValue: 1 << 2)
  /// A poll had used up its budget, so that NET_RX asked for itself (`net_rx_action`).
  public static let budget = Conditions(rawValue: 1 << 3)
  /// When NET_RX was asked for, the CPU was serving a soft interrupt already.
  public static let softirqBusy = Conditions(rawValue: 1 << 4)
  /// TCP took the data without announcing it: SO_RCVLOWAT was not reached, or bytes before it were missing.
  public static let unannounced = Conditions(rawValue: 1 << 5)
  /// The driver refused the packet (`NETDEV_TX_BUSY`) before it took it.
  public static let driverBusy = Conditions(rawValue: 1 << 6)
  /// The scheduling of its reader is not in the recording, which has that of other tasks only.
  public static let unwatched = Conditions(rawValue: 1 << 7)
}

/// Why a packet waited.
public enum Cause: UInt8, CaseIterable, Sendable {
  case softirqBusy, napiBudget, softirqTimeLimit, ksoftirqd
  case groHold, rpsHop, socketLock, lowWaterMark
  case readerBusy, schedulingDelay
  case driverBusy

  /// The name that JSON uses.
  public var id: String {
    switch self {
    case .softirqBusy: "softirq-busy"
    case .napiBudget: "napi-budget"
    case .softirqTimeLimit: "softirq-time-limit"
    case .ksoftirqd: "ksoftirqd"
    case .groHold: "gro-hold"
    case .rpsHop: "rps-hop"
    case .socketLock: "socket-lock"
    case .lowWaterMark: "low-water-mark"
    case .readerBusy: "reader-busy"
    case .schedulingDelay: "scheduling-delay"
    case .driverBusy: "driver-busy"
    }
  }

  /// The cause in words.
  public var meaning: String {
    switch self {
    case .softirqBusy: "the CPU was serving another soft interrupt"
    case .napiBudget: "a poll had used up its budget, so NET_RX had to be asked for again"
    case .softirqTimeLimit: "soft interrupts went on too long or a task was due, so ksoftirqd had to be scheduled"
    case .ksoftirqd: "NET_RX had to wait until ksoftirqd was scheduled"
    case .groHold: "GRO held the packet to merge others into it"
    case .rpsHop: "RPS moved the packet to another CPU"
    case .socketLock: "a task held the socket, so the packet waited in its backlog"
    case .lowWaterMark: "TCP did not announce the data: SO_RCVLOWAT, or bytes before it were missing"
    case .readerBusy: "the reader was not waiting for data"
    case .schedulingDelay: "the reader was woken and waited for a CPU"
    case .driverBusy: "the driver refused the packet at first"
    }
  }
}

extension Journey {
  /// A wait and its cause.
  public struct Wait: Sendable, Equatable {
    public var cause: Cause
    public var from: Stage
    public var to: Stage
    /// Nanoseconds.
    public var time: UInt64
  }

  /// The waits of this journey whose cause the recording shows.
  public var waits: [Wait] {
    var waits: [Wait] = []
    forEachWait { waits.append($0) }
    return waits
  }

  /// Calls `body` with each of them.
  public func forEachWait(_ body: (Wait) -> Void) {
    func add(_ cause: Cause?, _ from: Stage, _ to: Stage) {
      guard let cause, let a = stages[from], let b = stages[to], b.time > a.time else { return }
      body(Wait(cause: cause, from: from, to: to, time: b.time - a.time))
    }
    if direction == .tx {
      if conditions.contains(.driverBusy) { add(.driverBusy, .queue, .start) }
      return
    }
    add(softirqCause, .raise, .softirq)
    let isHop = stages[.gro].flatMap { gro in stages[.receive].map { $0.cpu != gro.cpu } } ?? false
    add(isHop ? .rpsHop : conditions.contains(.held) ? .groHold : nil, .gro, .receive)
    addSocketWaits(add)
  }

  private var softirqCause: Cause? {
    // Woken for the thread, but an interrupt's exit may serve the soft interrupt first.
    if conditions.contains(.ksoftirqd) { return conditions.contains(.timeLimit) ? .softirqTimeLimit : .ksoftirqd }
    if conditions.contains(.budget) { return .napiBudget }
    return conditions.contains(.softirqBusy) ? .softirqBusy : nil
  }

  private func addSocketWaits(_ add: (Cause?, Stage, Stage) -> Void) {
    let taken: Stage = stages.has(.transport) ? .transport : .ready
    if stages[taken]?.context == .process, stages[.receive]?.context == .softirq { add(.socketLock, .receive, taken) }
    guard outcome == .delivered else { return }
    if conditions.contains(.unannounced) {
      add(.lowWaterMark, .transport, .read)
    } else if conditions.contains(.unwatched) {
      return
    } else if stages.has(.waking), stages[.waking]?.link != .inferred || woke?.pid == reader?.pid {
      add(.schedulingDelay, .waking, .running)
    } else {
      add(.readerBusy, stages.has(.ready) ? .ready : taken, stages.has(.running) ? .running : .read)
    }
  }
}
