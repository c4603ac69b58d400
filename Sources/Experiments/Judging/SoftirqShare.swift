internal import Events
internal import Journeys

/// How much of each window was spent in NET_RX, over all CPUs.
struct SoftirqShare {
  private let windows: [Account.Window]
  /// Who holds each CPU.
  private var cpus: [Int32: CPUAccount] = [:]
  /// Nanoseconds in NET_RX, window by window.
  private(set) var inSoftirq: [UInt64]
  /// Windows in which events were lost.
  private(set) var damaged: Set<Int> = []

  init(_ windows: [Account.Window]) {
    self.windows = windows
    inSoftirq = windows.map { _ in 0 }
  }

  mutating func observe(_ event: Event) {
    let ended = cpus[event.cpu, default: CPUAccount()].observe(event)
    switch event.kind {
    case .softirqExit:
      guard case .softInterrupt(SoftIRQ.netRX, let from, _) = ended else { return }
      for (index, window) in windows.enumerated() {
        let (low, high) = (max(from, window.from), min(event.time, window.to))
        if low < high { inSoftirq[index] += high - low }
      }
    case .gap:
      let before = event.gap.before
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
