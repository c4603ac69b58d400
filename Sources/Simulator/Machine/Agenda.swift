/// What happens outside of the CPUs at its time: frames on the wire, timers, interrupts between processors.
struct Agenda {
  private var items: [(time: UInt64, number: UInt64, action: () -> Void)] = []
  private var number: UInt64 = 0

  /// When the next of them happens, in nanoseconds.
  var nextTime: UInt64? { items.last?.time }

  mutating func add(_ time: UInt64, _ action: @escaping () -> Void) {
    number += 1
    var low = 0
    var high = items.count
    // Latest first, so that the next one is the last; of equal times the one added first comes first.
    while low < high {
      let middle = (low + high) / 2
      if items[middle].time > time { low = middle + 1 } else { high = middle }
    }
    items.insert((time, number, action), at: low)
  }

  mutating func popNext() -> (() -> Void)? { items.popLast()?.action }
}
