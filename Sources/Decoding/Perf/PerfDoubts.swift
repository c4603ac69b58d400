/// What records that cannot be read make doubtful: each may have been a sample of any CPU. What a CPU wrote is in doubt from its last sample
/// before the damage to its first one behind it, or for CPUs that write no more until the damaged round and the one after it are over.
struct PerfDoubts {
  /// The time of each CPU's last sample before the damage, while it is in doubt.
  private var since: [UInt64?] = []
  private var open = 0
  private var roundsLeft = 0

  /// Whether any CPU is in doubt.
  var isOpen: Bool { open > 0 }

  /// Something could not be read; `last` has the time of each CPU's last sample.
  mutating func begin(_ last: [UInt64?]) {
    roundsLeft = 2
    while since.count < last.count { since.append(nil) }
    for cpu in last.indices where since[cpu] == nil && last[cpu] != nil {
      since[cpu] = last[cpu]
      open += 1
    }
  }

  /// A sample of `cpu` was read, of `time`; what was in doubt before it.
  mutating func end(_ cpu: Int32, at time: UInt64) -> Gap? {
    guard since.indices.contains(Int(cpu)), let after = since[Int(cpu)] else { return nil }
    since[Int(cpu)] = nil
    open -= 1
    return Gap(cpu: cpu, after: after, before: max(time, after), events: nil)
  }

  /// A round has ended; `time` is that of the newest sample.
  mutating func finishRound(at time: UInt64) -> [Gap] {
    guard isOpen else { return [] }
    roundsLeft -= 1
    return roundsLeft == 0 ? endAll(at: time) : []
  }

  /// Nothing more is in doubt behind `time`.
  mutating func endAll(at time: UInt64) -> [Gap] {
    isOpen ? since.indices.compactMap { end(Int32($0), at: time) } : []
  }
}
