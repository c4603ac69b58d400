internal import Events

/// How much of each window was spent in NET_RX, over all CPUs.
struct SoftirqShare {
  private let windows: [Account.Window]
  /// When NET_RX began, on the CPUs that are in it.
  private var begun: [Int32: UInt64] = [:]
  private var cpus: Set<Int32> = []
  /// Nanoseconds in NET_RX, window by window.
  private(set) var inSoftirq: [UInt64]
  /// Windows in which events were lost.
  private(set) var damaged: Set<Int> = []

  init(_ windows: [Account.Window]) {
    self.windows = windows
    inSoftirq = windows.map { _ in 0 }
  }

  mutating func observe(_ event: Event) {
    cpus.insert(event.cpu)
    switch event.kind {
    case .softirqEntry where event.softirqEntry.vector == SoftIRQ.netRX: begun[event.cpu] = event.time
    case .softirqExit where event.softirqExit.vector == SoftIRQ.netRX:
      guard let from = begun.removeValue(forKey: event.cpu) else { return }
      for (index, window) in windows.enumerated() {
        let (low, high) = (max(from, window.from), min(event.time, window.to))
        if low < high { inSoftirq[index] += high - low }
      }
    case .gap:
      let before = event.gap.before
      begun[event.cpu] = nil
      for (index, window) in windows.enumerated() where event.time < window.to && before > window.from { damaged.insert(index) }
    default: break
    }
  }

  /// The share of window `index`, from 0 to 1.
  func share(_ index: Int) -> Double {
    let all = (windows[index].to - windows[index].from) * UInt64(max(cpus.count, 1))
    return all > 0 ? Double(inSoftirq[index]) / Double(all) : 0
  }
}
