internal import Bytes

/// The names of tasks, of which a recording needs only those whose numbers are in it: the kernel also remembers names from earlier
/// recordings, and does not note all of this one.
struct TaskNames {
  /// The name of each task by its number.
  private var names: [Int: [UInt8]] = [:]
  private var isNeeded: [Bool] = []

  /// Takes names from `saved`, the content of `saved_cmdlines`, and from the tasks that run now.
  init(saved: [UInt8]) {
    for line in saved.split(separator: UInt8(ascii: "\n")) {
      let parts = line.split(separator: UInt8(ascii: " "), maxSplits: 1)
      if parts.count == 2, let number = Int(String(decoding: parts[0], as: UTF8.self)) { names[number] = Array(parts[1]) }
    }
    for process in (try? SystemCalls.names(in: "/proc")) ?? [] where Int(process) != nil {
      for task in (try? SystemCalls.names(in: "/proc/\(process)/task")) ?? [] {
        guard let number = Int(task), names[number] == nil else { continue }
        let name = (try? SystemCalls.contents(of: "/proc/\(process)/task/\(task)/comm")) ?? []
        if name.count > 1 { names[number] = name.dropLast() }
      }
    }
    isNeeded = Array(repeating: false, count: (names.keys.max() ?? 0) + 1)
  }

  /// Marks the tasks whose numbers may be in `pages`, where any four bytes may be one.
  mutating func need(_ pages: RawSpan) {
    for offset in stride(from: 0, to: pages.byteCount, by: 4) {
      if let number = pages.integer(UInt32.self, at: offset), number < isNeeded.count { isNeeded[Int(number)] = true }
    }
  }

  /// Marks all.
  mutating func needAll() { isNeeded = Array(repeating: true, count: isNeeded.count) }

  /// Lines of a number and a name, in the order of numbers, as `saved_cmdlines` has them.
  var needed: [UInt8] {
    names.sorted { $0.key < $1.key }.flatMap { number, name -> [UInt8] in
      isNeeded[number] ? Array("\(number) ".utf8) + name + [UInt8(ascii: "\n")] : []
    }
  }
}
