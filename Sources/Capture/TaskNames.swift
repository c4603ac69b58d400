internal import Linux
internal import Bytes

/// The names of tasks, of which a recording needs only those whose numbers are in it.
///
/// The kernel can note names itself (`saved_cmdlines`), at the price of two more calls for every switch and wakeup it records, and for the last few
/// tasks only. What `/proc` says before and after the recording, and what the switches in it say of the tasks in between, costs it nothing.
struct TaskNames {
  /// The name of each task by its number.
  private var names: [Int: [UInt8]] = [:]
  /// The names by which tasks were switched away from, and whether they had ended then.
  private var switched: [Int: (name: [UInt8], hasEnded: Bool)] = [:]
  private var isNeeded: [Bool] = []
  /// The number of sched_switch among the kernel's events.
  private let switchID: UInt16?

  /// No names yet; those of switches are taken where `formats` has sched_switch.
  init(_ formats: [[UInt8]] = []) {
    let format = formats.lazy.map { String(decoding: $0, as: UTF8.self) }.first { $0.hasPrefix("name: sched_switch\n") }
    switchID = format?.split(separator: "\n").first { $0.hasPrefix("ID: ") }.flatMap { UInt16($0.dropFirst(4)) }
  }

  /// Takes the names of the tasks that run now; a name known before may have changed.
  mutating func addRunning() { Self.eachRunning { add($1, $0) } }

  /// The names of the tasks that run now.
  static var running: [[UInt8]] {
    var names: [[UInt8]] = []
    eachRunning { names.append($1) }
    return names
  }

  private static func eachRunning(_ body: (Int, [UInt8]) -> Void) {
    for process in (try? Files.names(in: "/proc")) ?? [] where Int(process) != nil {
      for task in (try? Files.names(in: "/proc/\(process)/task")) ?? [] {
        let name = (try? Files.contents(of: "/proc/\(process)/task/\(task)/comm")) ?? []
        if let number = Int(task), name.count > 1 { body(number, Array(name.dropLast())) }
      }
    }
  }

  /// Takes from `saved`, the content of `saved_cmdlines`, the names of tasks that are not known: it also has those of earlier recordings.
  mutating func add(saved: [UInt8]) {
    for line in saved.split(separator: UInt8(ascii: "\n")) {
      let parts = line.split(separator: UInt8(ascii: " "), maxSplits: 1)
      if parts.count == 2, let number = Int(String(decoding: parts[0], as: UTF8.self)), names[number] == nil { add(Array(parts[1]), number) }
    }
  }

  private mutating func add(_ name: [UInt8], _ number: Int) {
    names[number] = name
    if number >= isNeeded.count { isNeeded += repeatElement(false, count: number + 1 - isNeeded.count) }
  }

  /// Marks the tasks whose numbers may be in `pages`, where any four bytes may be one, and takes the names that switches give.
  mutating func need(_ pages: RawSpan) {
    for offset in stride(from: 0, to: pages.byteCount, by: 4) {
      guard let number = pages.integer(UInt32.self, at: offset), number < Self.limit else { continue }
      if number < isNeeded.count { isNeeded[Int(number)] = true }
      if number > 0, let switchID, pages.integer(UInt32.self, at: offset + Switch.number) == number,
        pages.integer(UInt16.self, at: offset + Switch.type) == switchID
      {
        noteSwitch(Int(number), pages, offset)
      }
    }
  }

  /// `PID_MAX_LIMIT` of the kernel (include/linux/threads.h).
  private static let limit: UInt32 = 4 << 20

  /// Where sched_switch (include/trace/events/sched.h) has what belongs to the task that is switched away from, in bytes from `common_pid`, which
  /// is the same task.
  private enum Switch {
    static let type = -4
    static let name = 4
    static let nameSize = 16
    static let number = 20
    static let state = 28
    /// `EXIT_DEAD` and `EXIT_ZOMBIE` (include/linux/sched.h).
    static let ended: UInt = 0x30
  }

  /// Takes the name that stands between two equal numbers at `offset` of `pages`, if it is one. The last name of a task is the one it ends with.
  private mutating func noteSwitch(_ number: Int, _ pages: RawSpan, _ offset: Int) {
    var name: [UInt8] = []
    while name.count < Switch.nameSize, let byte = pages.byte(at: offset + Switch.name + name.count), byte != 0 {
      guard byte >= UInt8(ascii: " ") else { return }
      name.append(byte)
    }
    guard !name.isEmpty, name.count < Switch.nameSize, String(validating: name, as: UTF8.self) != nil,
      let state = pages.integer(UInt.self, at: offset + Switch.state)
    else { return }
    let hasEnded = state & Switch.ended != 0
    if hasEnded || switched[number]?.hasEnded != true { switched[number] = (name, hasEnded) }
  }

  /// The lines of all tasks that are known.
  var all: [UInt8] {
    var names = self
    names.needAll()
    return names.needed
  }

  /// Marks all.
  mutating func needAll() { isNeeded = Array(repeating: true, count: isNeeded.count) }

  /// Lines of a number and a name, in the order of numbers, as `saved_cmdlines` has them.
  var needed: [UInt8] {
    let known = names.filter { isNeeded[$0.key] && switched[$0.key]?.hasEnded != true }
    return known.merging(switched.mapValues(\.name)) { known, _ in known }.sorted { $0.key < $1.key }.flatMap { number, name in
      Array("\(number) ".utf8) + name + [UInt8(ascii: "\n")]
    }
  }
}
