internal import Bytes

/// What lines begin with, `            name-pid  `, kept for the tasks met last.
struct TaskHeads {
  private struct Slot: BitwiseCopyable {
    var pid: Int32 = 0
    var offset: Int32 = 0
    var count: Int32 = -1
  }

  private var slots = [Slot](repeating: Slot(), count: 1024)
  private var bytes: [UInt8] = []
  private static let mostBytes = 1 << 20

  /// Appends the begin of a line of task `pid`; false if it is not kept.
  @inline(__always)
  func append(_ pid: Int32, to line: inout TextBuffer) -> Bool {
    let slot = slots[Int(pid & 1023)]
    guard slot.pid == pid, slot.count >= 0 else { return false }
    line.append(bytes, from: Int(slot.offset), count: Int(slot.count))
    return true
  }

  /// Makes the begin of a line of task `pid` and appends it.
  @inline(never)
  mutating func make(_ pid: Int32, _ tasks: inout CommandLines, to line: inout TextBuffer) {
    let start = line.count
    let known = tasks.knownName(pid)
    let name = known ?? CommandLines.unknown
    line.append(32, times: 16 - name.count)
    line.appendEscaped(name.view, keepsLines: false)
    line.append(UInt8(ascii: "-"))
    let digits = line.count
    line.append(signed: UInt64(bitPattern: Int64(pid)))
    line.append(32, times: 5 - (line.count - digits))
    // A name that is not known may be told by an event.
    guard known != nil else { return }
    let count = line.count - start
    if bytes.count + count > Self.mostBytes {
      bytes.removeAll(keepingCapacity: true)
      for index in slots.indices { slots[index].count = -1 }
    }
    slots[Int(pid & 1023)] = Slot(pid: pid, offset: Int32(bytes.count), count: Int32(count))
    bytes += line.bytes.slice(start, count).array
  }
}
