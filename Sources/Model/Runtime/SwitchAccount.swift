/// Which task runs on each CPU, and where one runs that was not switched to.
///
/// It keeps its own account of who holds a CPU on purpose: it doubts what the others take for granted.
struct SwitchAccount: Sendable {
  /// For each CPU the task that runs there, or -1.
  private(set) var running: [Int32] = []
  /// For each CPU the sched_switches, and the changes of the running task without one.
  private var switches: [(seen: Int, unseen: Int)] = []

  /// A task other than the one that runs on `cpu` as far as known is at work there: the task that had the CPU before, or nil where none is known.
  mutating func change(to task: Int32, on cpu: Int) -> Int32? {
    let before = running[cpu]
    running[cpu] = task
    guard before >= 0 else { return nil }
    switches[cpu].unseen += 1
    return before
  }

  /// A sched_switch on `cpu` led to a task.
  mutating func switched(to task: Int32, on cpu: Int) {
    switches[cpu].seen += 1
    running[cpu] = task
  }

  mutating func forget() { for cpu in running.indices { running[cpu] = -1 } }

  /// Makes room for `cpu` and those before it.
  mutating func makeRoom(_ cpu: Int) {
    while running.count <= cpu {
      running.append(-1)
      switches.append((0, 0))
    }
  }

  /// Whether the recording misses switches, as one of some tasks only does, or one of a kernel that does not tell them on some CPU: then it
  /// says nothing about who ran. One in `oneIn` is taken for a habit, of a single CPU from `least` on; and so are `others` that miss beside the
  /// `broken` ones that are in question.
  func missesSwitches(oneIn: Int, least: Int, others: Int, besides broken: Int) -> Bool {
    let all = switches.reduce(into: (seen: 0, unseen: 0)) { $0 = ($0.seen + $1.seen, $0.unseen + $1.unseen) }
    return all.unseen * oneIn > all.seen || broken > 0 && all.unseen - broken >= others
      || switches.contains { $0.unseen >= least && $0.unseen * oneIn > $0.seen }
  }
}
