import Foundation
import Support
import Testing

/// Every event a kernel has, with entries made up, as `wakepath events` and `trace-cmd report` print it.
@Suite("Events of every format", .enabled(if: Tool.isInstalled("trace-cmd"), "trace-cmd is not installed"))
struct PrintingOracleTests {
  private static let events = "/sys/kernel/tracing/events"
  /// The formats of the running kernel, some 2,300 where its tracefs is readable.
  private static let running: [(system: String, text: String)] = {
    let systems = (try? FileManager.default.contentsOfDirectory(atPath: events)) ?? []
    return systems.sorted().flatMap { system in
      ((try? FileManager.default.contentsOfDirectory(atPath: "\(events)/\(system)")) ?? []).sorted().compactMap { event in
        (try? String(contentsOfFile: "\(events)/\(system)/\(event)/format", encoding: .utf8)).map { (system, $0) }
      }
    }
  }()

  @Test("are printed alike", arguments: ["6.12-virtio-udp-v6", "6.1-virtio-udp-v6"], [1, 2, 3] as [UInt64])
  func recorded(name: String, seed: UInt64) throws { try Self.compare(KernelRecording(name).formats, seed: seed) }

  @Test("of the running kernel are printed alike", .enabled(if: !running.isEmpty, "tracefs is not readable"), arguments: [1] as [UInt64])
  func runningKernel(seed: UInt64) throws {
    // Numbers made up make no calls of functions, and no memory of devices.
    let formats = Self.running.filter { format in !["mmiotrace", "funcgraph"].contains { format.text.hasPrefix("name: \($0)") } }
    try Self.compare(formats, seed: seed)
  }

  private static func compare(_ formats: [(system: String, text: String)], seed: UInt64) throws {
    var entries = MadeEntries(seed: seed)
    var builder = TraceDatBuilder()
    for (system, texts) in Dictionary(grouping: formats, by: \.system).sorted(by: { $0.key < $1.key }) {
      if system == "ftrace" { builder.ftraceFormats = texts.map(\.text) } else { builder.formats.append((system, texts.map(\.text))) }
    }
    let payloads = formats.flatMap { format in (0..<3).map { _ in entries.entry(of: format.text) } }.filter { $0.count < 3500 }
    builder.cpus = [TraceDatBuilder.pages(payloads.enumerated().map { (1_000_000_000 + UInt64($0.offset) * 10_000, $0.element) }, builder)]
    builder.kallsyms = MadeEntries.symbols.map { "\(String($0.address, radix: 16)) T \($0.name)\n" }.joined()
    let folder = try Repository.temporaryDirectory()
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appendingPathComponent("made.dat").path
    try builder.build().write(to: URL(fileURLWithPath: path))
    let ours = try Tool.wakepath("events", path)
    let theirs = try Tool.run("trace-cmd", ["report", path])
    #expect(ours.status == 0 && ours.lines.count > payloads.count)
    #expect(ours.lines.count == theirs.lines.count)
    let compared = zip(ours.lines, theirs.lines).filter { !isMisprinted($1) }
    #expect(compared.count > payloads.count * 9 / 10)
    let different = compared.filter { $0 != $1 }
    #expect(different.isEmpty, "\(different.count): '\(different.first?.0 ?? "")' is not '\(different.first?.1 ?? "")'")
  }

  /// What libtraceevent does not print, or not as the kernel does, and an instruction that its plugin takes apart and we do not.
  private static func isMisprinted(_ line: Substring) -> Bool {
    ["[FAILED TO PARSE]", ">c<", "<CANT FIND FIELD", "kvm_emulate_insn:"].contains { line.contains($0) }
  }
}

/// Entries with numbers, strings and arrays made up, as a format says they lie.
private struct MadeEntries {
  private var random: SplitMix
  static let symbols = (0..<300).map { (address: 0xffff_ffff_8100_0000 + UInt64($0) * 64, name: "function_\($0)") }

  init(seed: UInt64) { random = SplitMix(state: seed) }

  private mutating func number(_ limit: UInt64) -> UInt64 { random.next() % limit }

  /// An entry of the event that `format` describes, of a little-endian machine.
  mutating func entry(of format: String) -> Data {
    let fields = format.matches(of: #/\tfield:([^;]*);\toffset:(\d+);\tsize:(\d+);/#).map {
      (declaration: $0.1, offset: Int($0.2) ?? 0, size: Int($0.3) ?? 0)
    }
    var entry = Data(count: fields.map { $0.offset + $0.size }.max() ?? 8)
    // Lengths that stand in an entry are small.
    let isSmall = ["__print_hex", "__print_array", "%*p", ".*"].contains { format.contains($0) }
    let size = entry.count
    for (declaration, offset, length) in fields where !declaration.contains("common_") {
      if declaration.hasPrefix("__data_loc") || declaration.hasPrefix("__rel_loc") {
        let data = declaration.contains("char") ? text(1 + Int(number(14))) + Data([0]) : bytes(8 << Int(number(2)))
        let padded = data + Data(count: (4 - data.count % 4) % 4)
        let place = entry.count - (declaration.hasPrefix("__rel_loc") ? offset + 4 : 0)
        entry.replaceSubrange(offset..<offset + 4, with: withUnsafeBytes(of: UInt32(place | padded.count << 16)) { Data($0) })
        entry += padded
      } else if [1, 2, 4, 8].contains(length), !declaration.contains("[") {
        let value = withUnsafeBytes(of: value(isSmall ? 6 : 0)) { Data($0.prefix(length)) }
        entry.replaceSubrange(offset..<offset + length, with: value)
      } else if declaration.contains("char"), !declaration.contains("unsigned"), length > 0 {
        let text = text(Int(number(UInt64(length))))
        entry.replaceSubrange(offset..<offset + text.count, with: text)
      } else {
        entry.replaceSubrange(offset..<offset + length, with: bytes(length))
      }
    }
    if fields.contains(where: { $0.size == 0 && $0.declaration.contains("char") }), entry.count == size { entry += Data("hello world\0".utf8) }
    entry.replaceSubrange(0..<2, with: withUnsafeBytes(of: UInt16(KernelRecording.id(format))) { Data($0) })
    entry.replaceSubrange(4..<8, with: withUnsafeBytes(of: UInt32(1 + number(300_000))) { Data($0) })
    return entry
  }

  private mutating func text(_ count: Int) -> Data { Data((0..<count).map { _ in UInt8(97 + number(26)) }) }
  private mutating func bytes(_ count: Int) -> Data { Data((0..<count).map { _ in number(2) == 0 ? 0 : UInt8(number(256)) }) }

  private mutating func value(_ limit: UInt64) -> UInt64 {
    if limit > 0 { return number(limit) }
    switch number(5) {
    case 0: return number(9)
    case 1: return 1 << number(64)
    case 2: return Self.symbols[Int(number(300))].address + number(3) * 7
    case 3: return 0 &- number(4)
    default: return random.next()
    }
  }
}
