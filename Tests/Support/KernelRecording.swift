public import Foundation

/// What a trace.dat of version 6 of a real kernel holds, taken apart without the readers under test: formats, and the entries of each CPU.
public struct KernelRecording: Sendable {
  /// An entry of a ring buffer.
  public struct Entry: Sendable {
    public var time: UInt64
    public var cpu: Int
    public var payload: Data

    public var type: Int { Int(payload[payload.startIndex]) | Int(payload[payload.startIndex + 1]) << 8 }
    public var pid: Int32 { payload.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 4, as: Int32.self) } }
  }

  public private(set) var formats: [(system: String, text: String)] = []
  public private(set) var commandLines = ""
  /// Pages of each CPU.
  public private(set) var cpus: [[Data]] = []

  /// The recording `Traces/<name>/trace.dat`, of a little-endian machine of 64 bits.
  public init(_ name: String) throws {
    let data = try Data(contentsOf: Repository.root.appendingPathComponent("Traces/\(name)/trace.dat"))
    var at = 0
    func number(_ size: Int) -> Int {
      defer { at += size }
      return data[at..<at + size].reversed().reduce(0) { $0 << 8 | Int($1) }
    }
    func string() -> String {
      let end = data[at...].firstIndex(of: 0) ?? data.endIndex
      defer { at = end + 1 }
      return String(decoding: data[at..<end], as: UTF8.self)
    }
    func counted(_ size: Int) -> String {
      let count = number(size)
      defer { at += count }
      return String(decoding: data[at..<at + count], as: UTF8.self)
    }
    at = 10
    precondition(string() == "6")
    at += 6
    for _ in 0..<2 { _ = (string(), counted(8)) }
    for _ in 0..<number(4) { _ = counted(8) }
    for _ in 0..<number(4) {
      let system = string()
      for _ in 0..<number(4) { formats.append((system, counted(8))) }
    }
    _ = (counted(4), counted(4))
    commandLines = counted(8)
    let count = number(4)
    guard let table = data.range(of: Data("flyrecord\0".utf8), in: at..<data.count)?.upperBound else { return }
    at = table
    for _ in 0..<count {
      let (offset, size) = (number(8), number(8))
      cpus.append(stride(from: offset, to: offset + size, by: 4096).map { Data(data[$0..<$0 + 4096]) })
    }
  }

  /// The event's id in a `format` text.
  public static func id(_ format: String) -> Int { Int(value("ID:", format)) ?? 0 }
  /// The event's name in a `format` text.
  public static func name(_ format: String) -> String { value("name:", format) }

  private static func value(_ key: String, _ format: String) -> String {
    format.split(separator: "\n").first { $0.hasPrefix(key) }.map { $0.dropFirst(key.count).trimmingCharacters(in: .whitespaces) } ?? ""
  }

  /// The time of a page's first entry.
  public static func time(of page: Data) -> UInt64 { page.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) } }

  /// The entries in `page`, of `cpu`.
  public static func entries(of page: Data, cpu: Int) -> [Entry] {
    page.withUnsafeBytes { bytes in
      var entries: [Entry] = []
      var time = bytes.loadUnaligned(as: UInt64.self)
      let end = 16 + Int(bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self) & 0x7ff_ffff)
      var at = 16
      while at < end {
        let word = bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self)
        let type = word & 31
        let next = type == 0 || type > 28 ? UInt64(bytes.loadUnaligned(fromByteOffset: at + 4, as: UInt32.self)) : 0
        switch type {
        case 29:
          if word >> 5 == 0 { return entries }
          time += UInt64(word >> 5)
          at += 4 + Int(next)
        case 30:
          time += next << 27 + UInt64(word >> 5)
          at += 8
        case 31:
          time = time & 0xf8 << 56 | (next << 27 + UInt64(word >> 5))
          at += 8
        default:
          let (start, length) = type == 0 ? (at + 8, (Int(next) - 4 + 3) & ~3) : (at + 4, Int(type) * 4)
          time += UInt64(word >> 5)
          entries.append(Entry(time: time, cpu: cpu, payload: Data(bytes[start..<start + length])))
          at = start + length
        }
      }
      return entries
    }
  }
}
