internal import Events
internal import Journeys

/// Runs a model's state machines over the events of a recording: for each event the instances it concerns, for each instance one lookup.
struct MachineRunner: Sendable {
  /// What one instance knows besides its stack.
  struct Instance: Sendable {
    var state: UInt8
    /// How many numbers its stack has.
    var depth: UInt8 = 0
    /// What it keeps: a packet or a number, and when and where.
    var cpu: Int32 = 0
    var number: Int32 = -1
    var packet = 0
    var time: UInt64 = 0
  }

  let tables: MachineTables
  /// The instances of CPUs, and their stacks, innermost last: for each CPU one of every machine.
  private var ofCPUs: [Instance] = []
  var stacks: [[Int32]] = []
  /// By machine, those of tasks and contexts that are not as they begin.
  var keyed: [[UInt64: Instance]]
  /// By rule.
  var counts: [RuleCount]
  var account = SwitchAccount()
  let isRealTime: Bool

  private static let limit = 65_536
  static let stackLimit = 16

  init(_ model: ReferenceModel, isRealTime: Bool) {
    tables = model.machines
    keyed = Array(repeating: [:], count: tables.machines.count)
    counts = Array(repeating: RuleCount(), count: model.rules.count)
    self.isRealTime = isRealTime
  }

  /// Takes in an event that `engine` has just consumed.
  mutating func observe(_ e: Event, _ engine: borrowing JourneyEngine, _ flagged: inout FlaggedPackets, _ log: inout DeviationLog) {
    guard e.cpu >= 0 else { return }
    let cpu = Int(e.cpu)
    let first = cpu &* tables.machines.count
    if cpu >= account.running.count { makeRoom(cpu) }
    let namesTasks = e.kind == .schedSwitch || e.kind == .schedWaking
    let tasks = namesTasks ? e.scheduledTasks : NamedTasks(current: e.pid)
    // What a CPU did whose events are missing is not known: a task may have run there.
    let isBlind = e.kind == .gap || engine.isBlind(at: e.time)
    if isBlind {
      forget(first, isGap: e.kind == .gap)
      if e.kind == .gap { return }
    } else if account.running[cpu] != tasks.previous, let before = account.change(to: tasks.previous, on: cpu) {
      for feed in tables.displaced { step(feed, UInt64(UInt32(bitPattern: before)), e, engine, &flagged, &log) }
      for feed in tables.works { step(feed, UInt64(UInt32(bitPattern: tasks.previous)), e, engine, &flagged, &log) }
    }
    let place = e.feedPlace
    var index = Int(tables.firstFeed[place])
    let end = Int(tables.firstFeed[place &+ 1])
    while index < end {
      let feed = tables.feeds[index]
      index &+= 1
      if isBlind, feed.forgetsAll { continue }
      switch feed.subject {
      case .cpu: stepCPU(feed, first &+ feed.machine, e, engine, &flagged, &log)
      case .task: step(feed, UInt64(UInt32(bitPattern: tasks[feed.entity])), e, engine, &flagged, &log)
      case .context:
        // Most contexts are as they begin, where most events change nothing.
        if keyed[feed.machine].isEmpty, tables.cells[feed.cell(feed.start)] < 0 { continue }
        step(feed, e.contextKey, e, engine, &flagged, &log)
      }
    }
    if e.kind == .schedSwitch, !isBlind { account.switched(to: tasks.next, on: cpu) }
  }

  private mutating func makeRoom(_ cpu: Int) {
    account.makeRoom(cpu)
    while ofCPUs.count < (cpu + 1) * tables.machines.count {
      for machine in tables.machines {
        ofCPUs.append(Instance(state: machine.start))
        stacks.append([])
      }
    }
  }

  private mutating func forget(_ first: Int, isGap: Bool) {
    account.forget()
    for (machine, layout) in tables.machines.enumerated() {
      switch layout.loss {
      case .forgetsAll:
        if !keyed[machine].isEmpty { keyed[machine].removeAll(keepingCapacity: true) }
        guard layout.subject == .cpu else { continue }
        for place in stride(from: machine, to: ofCPUs.count, by: tables.machines.count) { restart(place, layout) }
      case .forgetsItsCPU: if isGap { restart(first &+ machine, layout) }
      case .forgetsNothing: break
      }
    }
  }

  private mutating func restart(_ place: Int, _ layout: MachineTables.Layout) {
    ofCPUs[place] = Instance(state: layout.start)
    stacks[place].removeAll(keepingCapacity: true)
  }

  /// Shows the event of `feed` to the instance at `place` of those of CPUs.
  @inline(__always)
  private mutating func stepCPU(
    _ feed: MachineTables.Feed, _ place: Int, _ e: Event, _ engine: borrowing JourneyEngine, _ flagged: inout FlaggedPackets,
    _ log: inout DeviationLog
  ) {
    let cell = Int(tables.cells[feed.cell(ofCPUs[place].state)])
    if cell < 0 || (ofCPUs[place].depth == 0 && tables.alternatives[cell].isInsideOnly) { return }
    if let after = react(feed, ofCPUs[place], UInt64(UInt(bitPattern: place)), e, engine, &flagged, &log) { ofCPUs[place] = after }
  }

  /// Shows the event of `feed` to the instance of `key`.
  private mutating func step(
    _ feed: MachineTables.Feed, _ key: UInt64, _ e: Event, _ engine: borrowing JourneyEngine, _ flagged: inout FlaggedPackets,
    _ log: inout DeviationLog
  ) {
    let before = keyed[feed.machine][key] ?? Instance(state: feed.start)
    guard let after = react(feed, before, key, e, engine, &flagged, &log) else { return }
    if after.state == feed.start {
      keyed[feed.machine][key] = nil
    } else {
      if keyed[feed.machine].count >= Self.limit { keyed[feed.machine].removeAll(keepingCapacity: true) }
      keyed[feed.machine][key] = after
    }
  }

  /// What becomes of an instance, or nil if nothing does. `key` is the task or context, or the place among those of CPUs.
  private mutating func react(
    _ feed: MachineTables.Feed, _ before: Instance, _ key: UInt64, _ e: Event, _ engine: borrowing JourneyEngine,
    _ flagged: inout FlaggedPackets, _ log: inout DeviationLog
  ) -> Instance? {
    var instance = before
    var hasChanged = false
    // An event is looked at again after a change of state only, and not for ever.
    for _ in 0..<8 {
      var index = Int(tables.cells[feed.cell(instance.state)])
      guard index >= 0 else { break }
      while !holds(tables.alternatives[index].condition, instance, key, e, engine) {
        if tables.alternatives[index].isLast { return hasChanged ? instance : nil }
        index &+= 1
      }
      let chosen = tables.alternatives[index]
      if chosen.checks >= 0 { counts[Int(chosen.checks)].checked += 1 }
      if chosen.excuses >= 0 { counts[Int(chosen.excuses)].excused += 1 }
      if chosen.breach >= 0 { note(tables.breaches[Int(chosen.breach)], feed.subject, instance, key, e, &flagged, &log) }
      if let keep = chosen.keep { self.keep(keep, &instance, key, e, engine) }
      if let stack = chosen.stack { change(stack, Int(key), e.interrupt, &instance) }
      if chosen.next >= 0 { instance.state = UInt8(truncatingIfNeeded: chosen.next) }
      hasChanged = hasChanged || chosen.next >= 0 || chosen.keep != nil || chosen.stack != nil
      if !chosen.isAgain { break }
    }
    return hasChanged ? instance : nil
  }
}

// What every event passes stands in this file, where it can be inlined.

/// The tasks that an event names; those that it does not are the current one.
struct NamedTasks {
  let current: Int32
  var woken: Int32
  var previous: Int32
  var next: Int32

  @inline(__always)
  init(current: Int32) { (self.current, woken, previous, next) = (current, current, current, current) }

  /// The one that a machine's `entity` means.
  @inline(__always)
  subscript(entity: Machine.Entity) -> Int32 {
    switch entity {
    case .woken: woken
    case .previous: previous
    case .next: next
    case .current: current
    }
  }
}

extension Event {
  /// Where its feeds stand in `MachineTables.firstFeed`: its kind, and in three bits the place where it was written (`EventPlace`).
  /// TRACE_FLAG_HARDIRQ and TRACE_FLAG_SOFTIRQ lie side by side, TRACE_FLAG_NMI above (include/linux/trace_events.h).
  @inline(__always)
  fileprivate var feedPlace: Int {
    let flags = flags.rawValue
    return Int(kind.rawValue) &<< 3 | Int(flags >> 3 & 3 | (flags & 0x40) >> 4)
  }
}

extension MachineTables.Feed {
  /// The cell of a state.
  @inline(__always)
  fileprivate func cell(_ state: UInt8) -> Int { base &+ Int(state) &* stride }
}
