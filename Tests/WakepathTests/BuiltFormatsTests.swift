import Foundation
import Support
import Testing

/// Recordings that other machines would have made of the same traffic, held against trace-cmd and against each other.
@Suite("The same traffic")
struct BuiltFormatsTests {
  static let hasTraceCmd = Tool.isInstalled("trace-cmd")

  struct Machine: Sendable, CustomTestStringConvertible {
    var longSize: Int
    var isBigEndian: Bool
    var version: Int
    var isCompressed = false
    var testDescription: String {
      "\(longSize * 8) bits, \(isBigEndian ? "big" : "little")-endian, version \(version)\(isCompressed ? " packed" : "")"
    }
  }

  private static let machines: [Machine] = [4, 8].flatMap { size in
    [false, true].flatMap { isBig in
      [
        Machine(longSize: size, isBigEndian: isBig, version: 6), Machine(longSize: size, isBigEndian: isBig, version: 7),
        Machine(longSize: size, isBigEndian: isBig, version: 7, isCompressed: true)
      ]
    }
  }

  private func inFolder(_ body: (URL) throws -> Void) throws {
    let folder = try Repository.temporaryDirectory()
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder)
  }

  /// What `packets --json` says of each packet, addresses of `bits` bits.
  static func packets(_ arguments: [String], bits: Int = 64) throws -> [NSDictionary] {
    let result = try Tool.run(Repository.wakepath, ["packets", "--json"] + arguments)
    #expect(result.status == 0, "\(result.errors)")
    return try result.lines.filter { !$0.isEmpty }.map { line in
      var packet = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      for key in ["skb", "socket"] {
        guard bits == 32, let address = packet[key] as? String, let value = UInt64(address.dropFirst(2), radix: 16) else { continue }
        packet[key] = "0x" + String(value & 0xffff_ffff, radix: 16)
      }
      return packet as NSDictionary
    }
  }

  @Test("has the same journeys, and the events that trace-cmd prints, whatever machine recorded it", arguments: machines)
  func whateverMachine(machine: Machine) throws {
    try inFolder { folder in
      let small = try SmallRecording()
      var builder = Transcoder.traceDat(small, longSize: machine.longSize, isBigEndian: machine.isBigEndian)
      builder.version = machine.version
      builder.isCompressed = machine.isCompressed
      let (path, original) = (folder.appendingPathComponent("other.dat"), folder.appendingPathComponent("original.dat"))
      try builder.build().write(to: path)
      try small.traceDat.build().write(to: original)
      let bits = machine.longSize * 8
      let packets = try Self.packets([path.path], bits: bits)
      #expect(packets.count > 20)
      #expect(packets == (try Self.packets([original.path], bits: bits)))
      #expect(try Self.addresses(path.path) == Self.addresses(original.path))
      if Self.hasTraceCmd { try Self.expectSameEvents(path.path, isBigEndian: machine.isBigEndian) }
    }
  }

  /// Addresses and ports in a line of tcp_probe.
  private static var endpoints: Regex<Substring> { /src=\S* dest=\S*/ }

  /// The addresses and ports that `wakepath events` prints.
  private static func addresses(_ path: String) throws -> [Substring] {
    let found = try Tool.wakepath("events", path).lines.compactMap { $0.firstMatch(of: endpoints)?.output }
    #expect(found.contains { $0.contains("10.9.0.") })
    return found
  }

  /// `wakepath events` against `trace-cmd report`.
  ///
  /// Of a big-endian machine the addresses of tcp_probe are left out: libtraceevent 1.7 reads their family in the order of the machine it runs on
  /// (`print_ipsa_arg` in event-parse.c), and prints none.
  static func expectSameEvents(_ path: String, isBigEndian: Bool = false) throws {
    let printed = try Tool.wakepath("events", path)
    let reported = try Tool.run("trace-cmd", ["report", path])
    #expect(printed.status == 0 && reported.status == 0, "\(printed.errors)\(reported.errors)")
    func lines(_ result: ToolResult) -> [String] {
      result.lines.map { isBigEndian ? String($0.replacing(endpoints, with: "")) : String($0) }
    }
    let (ours, theirs) = (lines(printed), lines(reported))
    #expect(ours.count > 100)
    guard ours != theirs else { return }
    let difference = zip(ours, theirs).first { $0 != $1 }
    Issue.record("'\(difference?.0 ?? "")' is not '\(difference?.1 ?? "")'; \(ours.count) and \(theirs.count) lines")
  }

  @Test("is whole if several ring buffers hold parts of it", arguments: [6, 7])
  func instances(version: Int) throws {
    try inFolder { folder in
      let small = try SmallRecording()
      // The scheduler's events in an instance of their own.
      let isSched = { (entry: KernelRecording.Entry) in
        small.formats.first { $0.system == "sched" }?.texts.contains { KernelRecording.id($0) == entry.type } ?? false
      }
      func pages(_ entries: [KernelRecording.Entry], _ builder: TraceDatBuilder) -> [[Data]] {
        small.cpus.indices.map { cpu in TraceDatBuilder.pages(entries.filter { $0.cpu == cpu }.map { ($0.time, $0.payload) }, builder) }
      }
      var builder = small.traceDat
      builder.version = version
      builder.cpus = pages(small.entries.filter { !isSched($0) }, builder)
      builder.instances = [.init(name: "tasks", clock: "mono", cpus: pages(small.entries.filter(isSched), builder))]
      let (path, original) = (folder.appendingPathComponent("two.dat"), folder.appendingPathComponent("one.dat"))
      try builder.build().write(to: path)
      try small.traceDat.build().write(to: original)
      #expect(try Self.packets([path.path]) == Self.packets([original.path]))
      if Self.hasTraceCmd { try Self.expectSameEvents(path.path) }
      // Which are read is said, and one can be read alone.
      let counts = try [["top", "tasks"], ["top"], ["tasks"]].map { names in
        let choice = names.count == 1 ? ["--instance", names[0]] : []
        let report = try JSONSerialization.jsonObject(with: Tool.run(Repository.wakepath, ["report", "--json"] + choice + [path.path]).output)
        let trace = try #require((report as? [String: Any])?["trace"] as? [String: Any])
        #expect(trace["instances"] as? [String] == names)
        return try #require(trace["events"] as? Int)
      }
      #expect(counts[0] == counts[1] + counts[2] && counts[1] > 0 && counts[2] > 0)
      // So does verify: only the top one has packets.
      let journeys = try [["top"], ["tasks"]].map { names in
        let result = try Tool.wakepath("verify", "--json", "--instance", names[0], path.path)
        let document = try #require(try JSONSerialization.jsonObject(with: result.output) as? [String: Any])
        return try #require(document["journeys"] as? [String: Int]).values.reduce(0, +)
      }
      #expect(journeys[0] > 0 && journeys[1] == 0)
      #expect(try Tool.wakepath("verify", "--instance", "none", path.path).status == 3)
      #expect(String(decoding: try Tool.wakepath("report", path.path).output, as: UTF8.self).contains("Instances top, tasks together"))
      let other = try Tool.wakepath("report", "--instance", "none", path.path)
      #expect(other.status == 3 && other.errors.contains("has no ring buffer called none; those it has are top, tasks"))
    }
  }

  @Test("is passed over where a ring buffer has a clock of its own", arguments: [6, 7])
  func otherClock(version: Int) throws {
    try inFolder { folder in
      let small = try SmallRecording()
      var builder = small.traceDat
      builder.version = version
      builder.instances = [.init(name: "boot", clock: "boot", cpus: small.cpus)]
      let (path, original) = (folder.appendingPathComponent("two.dat"), folder.appendingPathComponent("one.dat"))
      try builder.build().write(to: path)
      try small.traceDat.build().write(to: original)
      #expect(try Self.packets([path.path]) == Self.packets([original.path]))
      let result = try Tool.wakepath("report", "--json", path.path)
      #expect(result.status == 0 && result.errors.contains("another clock"), "\(result.errors)")
    }
  }

  @Test(
    "is printed with the times of its clock", .enabled(if: hasTraceCmd, "trace-cmd is not installed"),
    arguments: ["local", "global", "mono", "mono_raw", "boot", "tai", "x86-tsc", "counter", "uptime", "perf"], [6, 7])
  func clocks(clock: String, version: Int) throws {
    try inFolder { folder in
      var builder = try SmallRecording().traceDat
      builder.version = version
      builder.clock = clock
      let path = folder.appendingPathComponent("clock.dat")
      try builder.build().write(to: path)
      try Self.expectSameEvents(path.path)
      let report = try JSONSerialization.jsonObject(with: Tool.wakepath("report", "--json", path.path).output) as? [String: Any]
      #expect((report?["trace"] as? [String: Any])?["clock"] as? String == clock)
    }
  }

  @Test("is in nanoseconds where the file says how its counter runs", .enabled(if: hasTraceCmd, "trace-cmd is not installed"), arguments: [6, 7])
  func scaledClock(version: Int) throws {
    try inFolder { folder in
      var builder = try SmallRecording().traceDat
      builder.version = version
      builder.clock = "tsc2nsec"
      // A counter of 2.5 GHz: ns = count * mult >> shift.
      let (mult, shift) = (UInt32(0.4 * Double(1 << 24)), UInt32(24))
      builder.options = [(14, builder.bytes(mult) + builder.bytes(shift) + builder.bytes(UInt64(12345)))]
      let path = folder.appendingPathComponent("tsc.dat")
      try builder.build().write(to: path)
      try Self.expectSameEvents(path.path)
      builder.options += [(7, Data("1000000007\0".utf8)), (1, Data("0x10\0".utf8))]
      try builder.build().write(to: path)
      try Self.expectSameEvents(path.path)
    }
  }
}
